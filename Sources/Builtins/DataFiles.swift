// The module `data`: tables and arrays that come from other programs and go to them.

import Faults
import Formats
import Language
import Machine
import Spiking
import Tensors

let roundedParameter = BuiltinParameter.optional(
  "rounded", .bool, default: "false", "whether numbers beyond 32-bit floats are rounded, so that a tensor holds them")

let dataCSV = Builtin(
  "data.csv",
  [
    .required("path", .string, "a CSV file; the separator may be a comma, a semicolon or a tab"),
    .optional("label", .string, default: "nil", "the column with the class of each row"),
    roundedParameter,
  ],
  returns: "map or dataset", subject: "data",
  """
  A table from a CSV file: a map from each column's name to a tensor of its numbers, or to a list of its texts.

  The first line gives the names when it isn't all numbers; otherwise the columns are called c0, c1 and so on. Empty \
  cells are NaN. With `label`, a data set: that column holds the classes, as whole numbers or as names, and all other \
  columns are the features. Two columns of one name are an error.

  Decimals are rounded to 32-bit floats, some seven digits. Digits before the decimal point are never lost: a column \
  with a number from 16777216 on that a 32-bit float would change, such as times in microseconds, is a list of ints, or \
  of floats of 64 bits. In a data set it is an error. `rounded=true` gives the nearest 32-bit floats all the same. \
  Whole numbers that no int of 64 bits holds stay texts.
  """,
  example: """
    data.save_csv({time: [1700000000000001, 1700000000000002], v: [0.1, 0.5]}, "/tmp/trace.csv")
    let trace = data.csv("/tmp/trace.csv")
    print(trace.time, trace.v)   # expect: [1700000000000001, 1700000000000002] tensor[2] [0.1, 0.5]
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  let table = try readCSV(path)
  let isRounded = try call.bool(2, default: false)
  if call.has(1), !call[1].isNil {
    return .dataset(try dataset(table, label: try call.string(1), path: path, rounded: isRounded))
  }
  var entries: [(String, Value)] = []
  for (name, column) in zip(table.names, table.columns) {
    if case .text(let texts) = column {
      entries.append((name, .list(texts.map { .string($0) })))
    } else if let numbers = isRounded || column.firstBeyondFloat32 == nil ? column.numbers : nil {
      entries.append((name, .tensor(try Tensor(numbers.map { Float($0) }, shape: [numbers.count]))))
    } else {
      entries.append((name, exactList(column)))
    }
  }
  return .map(entries)
}

extension CSVColumn {
  /// All cells as 64-bit floats; nil for texts.
  fileprivate var numbers: [Double]? {
    switch self {
    case .numbers(let values): values
    case .integers(let values): values.map { $0.map { Double($0) } ?? .nan }
    case .text: nil
    }
  }

  /// The first row with a number whose digits before the decimal point a 32-bit float would change.
  fileprivate var firstBeyondFloat32: Int? {
    switch self {
    case .numbers(let values): values.firstIndex { $0.isBeyondFloat32 }
    case .integers(let values): values.firstIndex { $0.map { Float(exactly: $0) == nil } ?? false }
    case .text: nil
    }
  }
}

/// A column's numbers in 64 bits: ints where all are whole, else floats; an empty cell is nan.
private func exactList(_ column: CSVColumn) -> Value {
  switch column {
  case .integers(let values): return .list(values.map { $0.map { .int($0) } ?? .float(.nan) })
  case .numbers(let values):
    let areWhole = values.allSatisfy { $0.isNaN || Int(exactly: $0) != nil }
    return .list(values.map { value in areWhole ? Int(exactly: value).map { .int($0) } ?? .float(value) : .float(value) })
  case .text(let texts): return .list(texts.map { .string($0) })
  }
}

/// A data set from a table, one column of which holds the classes.
private func dataset(_ table: CSVTable, label: String, path: String, rounded: Bool) throws(Fault) -> Dataset {
  guard let place = table.names.firstIndex(of: label) else {
    throw Fault(
      .name, "the table has no column `\(label)`", label: "it has \(table.names.prefix(20).joined(separator: ", "))",
      help: didYouMean(label, among: table.names))
  }
  var features: [[Double]] = []
  for (index, column) in table.columns.enumerated() where index != place {
    guard let values = column.numbers else {
      throw Fault(
        .value, "the column `\(table.names[index])` is not numbers", label: "all columns but the label are features",
        help: "leave it out of the file, or read the table without label=")
    }
    if !rounded, let row = column.firstBeyondFloat32, let shown = exactList(column).elements?[row] {
      throw Fault(
        .value, "the column `\(table.names[index])` holds numbers that no 32-bit float holds",
        label: "the first is \(shown.description(of: .plain)), in row \(row)",
        help: "leave it out, subtract its first value and build the set with data.from, or give rounded=true")
    }
    features.append(values)
  }
  let (labels, names) = try classes(table.columns[place], label)
  let count = labels.count
  var scalars: [Float] = []
  scalars.reserveCapacity(count * features.count)
  for row in 0..<count { for column in features { scalars.append(Float(column[row])) } }
  return try Dataset(
    name: path.split(separator: "/").last.map(String.init) ?? path,
    features: try Tensor(scalars, shape: [count, features.count]), labels: labels, classNames: names, source: path)
}

/// The classes of a column: whole numbers as they are, texts in the order in which they first appear.
private func classes(_ column: CSVColumn, _ name: String) throws(Fault) -> (labels: [Int], names: [String]) {
  switch column {
  case .numbers, .integers:
    let values = column.numbers ?? []
    let labels = values.compactMap { Int(exactly: $0) }
    guard labels.count == values.count else {
      throw Fault(.value, "the column `\(name)` holds no classes", label: "classes are whole numbers or names")
    }
    return (labels, [])
  case .text(let texts):
    var numbers: [String: Int] = [:]
    var names: [String] = []
    let labels = texts.map { text -> Int in
      if let known = numbers[text] { return known }
      numbers[text] = names.count
      names.append(text)
      return names.count - 1
    }
    return (labels, names)
  }
}

let dataSaveCSV = Builtin(
  "data.save_csv",
  [
    .required("table", .map | .list, "a map from names to columns, or a list of maps, one a row"),
    .required("path", .string, "where to"),
  ],
  returns: "nil", subject: "data",
  """
  Writes a table as CSV with its names on the first line. An existing file is replaced, whole or not at all.

  A column of quantities is written in one unit, which stands in its name: `latency (ms)`. Empty columns of a map are left
  out, and what is a single value stands on every line: so `trained.history` is a table, without its warnings.
  """,
  example: """
    data.save_csv([{neuron: "lif", accuracy: 0.97}, {neuron: "alif", accuracy: 0.98}], "/tmp/runs.csv")
    """
) { (call) throws(Fault) in
  try call.checkPlain(0)
  try writeCSV(call[0].asMap == nil ? try rowTable(call) : try columnTable(call), to: try call.string(1))
  return .nil
}

/// The table of a map from names to columns.
private func columnTable(_ call: Call) throws(Fault) -> CSVTable {
  var table = CSVTable(names: [], columns: [])
  var singles: [(place: Int, pair: (key: Value, value: Value))] = []
  let isHistory = ["loss", "warnings", "interrupted"].allSatisfy { name in
    call[0].asMap?.pairs.contains { $0.key.asString == name } == true
  }
  for pair in call[0].asMap?.pairs ?? [] {
    // What a history without validation, say, has no values of is no column.
    if pair.value.elements?.isEmpty == true || isHistory && pair.key.asString == "warnings" { continue }
    if pair.value.asBool != nil || pair.value.amount != nil || pair.value.asString != nil {
      singles.append((table.names.count, pair))
      continue
    }
    let (unit, column) = try csvColumn(pair.value, call)
    let name = csvName(pair.key.description(of: .plain), unit)
    let count = CSVTable(names: [name], columns: [column]).rowCount
    if !table.columns.isEmpty, count != table.rowCount {
      throw call.wrong(
        0, "has columns of different lengths", kind: .shape,
        help: "`\(table.names[0])` has \(counted(table.rowCount, "row")), `\(name)` has \(count); remove(table, \"\(name)\") leaves it out")
    }
    table.names.append(name)
    table.columns.append(column)
  }
  let rows = table.columns.isEmpty ? 1 : table.rowCount
  for (place, pair) in singles.reversed() {
    let (unit, column) = csvColumn([Value](repeating: pair.value, count: rows))
    table.names.insert(csvName(pair.key.description(of: .plain), unit), at: place)
    table.columns.insert(column, at: place)
  }
  return table
}

private func csvName(_ name: String, _ unit: String?) -> String { unit.map { "\(name) (\($0))" } ?? name }

private func csvColumn(_ value: Value, _ call: Call) throws(Fault) -> (unit: String?, column: CSVColumn) {
  if let elements = value.elements { return csvColumn(Array(elements)) }
  guard let numbers = try call.plotNumbers(of: value, 0) else {
    throw call.wrong(0, "has a column that is \(value.description(of: .kind))", kind: .type)
  }
  return (nil, .numbers(numbers.values))
}

/// A column of values: quantities of one dimension in one unit, which is given too; ints exactly, numbers, or the texts
/// of anything else.
private func csvColumn(_ values: [Value]) -> (unit: String?, column: CSVColumn) {
  let quantities = values.compactMap(\.asQuantity)
  if let first = quantities.first, quantities.count == values.count, quantities.allSatisfy({ $0.dimension == first.dimension }) {
    let given = Set(values.map { $0.unitName ?? "" })
    let known = given.count == 1 ? given.first.flatMap { units[$0] } : nil
    // Where each has a unit of its own, that of the smallest: it keeps all digits that matter before the point.
    let smallest = quantities.map { abs($0.amount) }.filter { $0 > 0 && $0.isFinite }.min() ?? 1
    let unit = known.map { (name: $0.name, scale: $0.scale) } ?? QuantityText.usualUnit(smallest, first.dimension)
    return (unit.name, .numbers(quantities.map { QuantityText.exactCount($0.amount, of: unit.scale) }))
  }
  return (nil, plainColumn(values))
}

private func plainColumn(_ values: [Value]) -> CSVColumn {
  let numbers = values.compactMap(\.asNumber)
  guard numbers.count == values.count else { return .text(values.map { $0.description(of: .plain) }) }
  let integers = values.map(\.asInt)
  let areExact = zip(integers, numbers).allSatisfy { $0 == nil || Int(exactly: $1) == $0 }
  if areExact { return .numbers(numbers) }
  // Ints that no float holds, beside floats: their digits are written, as texts are.
  let areInts = integers.allSatisfy { $0 != nil }
  return areInts ? .integers(integers) : .text(values.map { $0.description(of: .plain) })
}

/// The table of a list of maps; the first one names the columns.
private func rowTable(_ call: Call) throws(Fault) -> CSVTable {
  let rows = try call.elements(0).compactMap(\.asMap)
  guard rows.count == (try call.elements(0).count) else { throw call.mismatch(0, "a list of maps") }
  let names = rows.first?.pairs.map { $0.key.description(of: .plain) } ?? []
  var table = CSVTable(names: [], columns: [])
  for name in names {
    var values: [Value] = []
    for row in rows {
      guard let value = row.get(name) else { throw call.wrong(0, "has a row without `\(name)`") }
      values.append(value)
    }
    let (unit, column) = csvColumn(values)
    table.names.append(csvName(name, unit))
    table.columns.append(column)
  }
  return table
}

let dataNPY = Builtin(
  "data.npy", [.required("path", .string, "a file that `numpy.save` wrote"), roundedParameter],
  returns: "tensor or list", subject: "data",
  """
  An array from NumPy's .npy format: booleans, integers of 8 to 64 bits with or without sign, or floats of 16 to 64 bits.

  It is a tensor, to whose 32-bit floats decimals are rounded; booleans are a mask. Digits before the decimal point are \
  never lost: an array with a number from 16777216 on that a 32-bit float would change comes as nested lists of ints, or \
  of floats of 64 bits. `rounded=true` gives a tensor of the nearest floats all the same.
  """,
  example: """
    data.save_npy([[1, 2], [3, 4]], "/tmp/a.npy")
    print(data.npy("/tmp/a.npy").shape)   # expect: [2, 2]
    data.save_npy([1700000000000001], "/tmp/a.npy")
    print(data.npy("/tmp/a.npy"))   # expect: [1700000000000001]
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  return try arrayValue(try readNPY(path), rounded: try call.bool(1, default: false), path)
}

/// An array of a file: a tensor where its 32-bit floats hold the numbers or rounding is asked for, else nested lists.
func arrayValue(_ array: NumericArray, rounded: Bool, _ path: String) throws(Fault) -> Value {
  if rounded || array.values.firstBeyondFloat32 == nil {
    var tensor = try Tensor(array.values.floats, shape: array.shape)
    if case .bool = array.values { tensor.isMask = true }
    return .tensor(tensor)
  }
  if case .float64(let values) = array.values {
    return nestedLists(of: values.map { .float($0) }, array.shape)
  }
  if let values = array.values.integers { return nestedLists(of: values.map { .int($0) }, array.shape) }
  var found = ""
  if case .uint64(let values) = array.values, let place = values.firstIndex(where: { Int(exactly: $0) == nil }) {
    found = "\(values[place]) at \(Shape.text(Shape.index(of: place, in: array.shape)))"
  }
  throw Fault(
    .value, "no int of 64 bits holds a number of `\(path)`", label: found,
    help: "the largest int is \(Int.max); rounded=true gives the nearest 32-bit floats")
}

/// Values in row-major order as lists of lists; of a shape without axes it is the one value.
func nestedLists(of values: [Value], _ shape: [Int]) -> Value {
  func part(_ start: Int, _ size: Int, _ axis: Int) -> Value {
    if axis == shape.count { return start < values.count ? values[start] : .nil }
    let inner = shape[axis] == 0 ? 0 : size / shape[axis]
    return .list((0..<shape[axis]).map { part(start + $0 * inner, inner, axis + 1) })
  }
  return part(0, values.count, 0)
}

let dataSaveNPY = Builtin(
  "data.save_npy",
  [.required("values", .array | .tuple, "a tensor, spikes or numbers"), .required("path", .string, "where to")],
  returns: "nil", subject: "data",
  """
  Writes an array in the format that `numpy.load` reads, every number exactly: a tensor as float32, a mask as bool, \
  spikes as uint8, lists of ints as int64, of bools as bool, and of floats as float64.
  """,
  example: """
    data.save_npy([1, 2, 3], "/tmp/a.npy")
    """
) { (call) throws(Fault) in
  try call.checkPlain(0)
  guard let array = try numericArray(of: call[0]) else { throw call.mismatch(0, "numbers") }
  try writeNPY(array, to: try call.string(1))
  return .nil
}

/// A value as an array file holds it, every number exactly; nil for what is no numbers.
func numericArray(of value: Value) throws(Fault) -> NumericArray? {
  if let spikes = value.asSpikes {
    let tensor = try spikes.tensor()
    return NumericArray(shape: tensor.shape, values: .uint8(tensor.scalars.map { $0 == 0 ? 0 : 1 }))
  }
  guard let tensor = try value.convertedToTensor(rounded: true) else { return nil }
  return NumericArray(shape: tensor.shape, values: try exactValues(value, tensor))
}

/// The numbers of a value in the type that holds them all; those of the tensor that it makes where it holds tensors.
private func exactValues(_ value: Value, _ tensor: Tensor) throws(Fault) -> NumericValues {
  var leaves: [Value] = []
  func collect(_ value: Value) {
    if let elements = value.elements { elements.forEach(collect) } else { leaves.append(value) }
  }
  if let range = value.asRange {
    return .int64((0..<tensor.count).map { Int64(range.number(at: $0)) })
  }
  collect(value)
  let ints = leaves.compactMap(\.asInt)
  if ints.count == tensor.count { return .int64(ints.map { Int64($0) }) }
  let numbers = leaves.compactMap(\.asNumber)
  if leaves.count == tensor.count, numbers.count == tensor.count {
    for (place, leaf) in leaves.enumerated() {
      guard let int = leaf.asInt, Int(exactly: Double(int)) != int else { continue }
      throw Fault(
        .value, "no float of 64 bits holds an int among these floats",
        label: "\(int) at \(Shape.text(Shape.index(of: place, in: tensor.shape)))",
        help: "write ints and floats to files of their own")
    }
    return .float64(numbers)
  }
  let areBools = tensor.isMask || (leaves.count == tensor.count && leaves.allSatisfy { $0.asBool != nil })
  return areBools ? .bool(tensor.scalars.map { $0 != 0 }) : .float32(tensor.scalars)
}
