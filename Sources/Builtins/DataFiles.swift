// The module `data`: tables and arrays that come from other programs and go to them.

import Faults
import Formats
import Machine
import Spiking
import Tensors

let dataCSV = Builtin(
  "data.csv",
  [
    .required("path", .string, "a CSV file; the separator may be a comma, a semicolon or a tab"),
    .optional("label", .string, default: "nil", "the column with the class of each row"),
  ],
  returns: "map or dataset", subject: "data",
  """
  A table from a CSV file: a map from each column's name to a tensor of its numbers, or to a list of its texts.

  The first line gives the names when it isn't all numbers; otherwise the columns are called c0, c1 and so on. Empty \
  cells are NaN. With `label`, a data set: that column holds the classes, as whole numbers or as names, and all other \
  columns are the features.
  """,
  example: """
    data.save_csv({time: [0, 1, 2], v: [0.1, 0.5, 0.9]}, "/tmp/trace.csv")
    print(data.csv("/tmp/trace.csv").time.shape)   # expect: [3]
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  let table = try readCSV(path)
  if call.has(1), !call[1].isNil { return .dataset(try dataset(table, label: try call.string(1), path: path)) }
  var entries: [(String, Value)] = []
  for (name, column) in zip(table.names, table.columns) {
    switch column {
    case .numbers(let values):
      entries.append((name, .tensor(try Tensor(values.map { Float($0) }, shape: [values.count]))))
    case .text(let texts): entries.append((name, .list(texts.map { .string($0) })))
    }
  }
  return .map(entries)
}

/// A data set from a table, one column of which holds the classes.
private func dataset(_ table: CSVTable, label: String, path: String) throws(Fault) -> Dataset {
  guard let place = table.names.firstIndex(of: label) else {
    throw Fault(
      .name, "the table has no column `\(label)`", label: "it has \(table.names.prefix(20).joined(separator: ", "))",
      help: didYouMean(label, among: table.names))
  }
  var features: [[Double]] = []
  for (index, column) in table.columns.enumerated() where index != place {
    guard case .numbers(let values) = column else {
      throw Fault(
        .value, "the column `\(table.names[index])` is not numbers", label: "all columns but the label are features",
        help: "leave it out of the file, or read the table without label=")
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
  case .numbers(let values):
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
  "Writes a table as CSV with its names on the first line. An existing file is replaced, whole or not at all.",
  example: """
    data.save_csv([{neuron: "lif", accuracy: 0.97}, {neuron: "alif", accuracy: 0.98}], "/tmp/runs.csv")
    """
) { (call) throws(Fault) in
  try writeCSV(call[0].asMap == nil ? try rowTable(call) : try columnTable(call), to: try call.string(1))
  return .nil
}

/// The table of a map from names to columns.
private func columnTable(_ call: Call) throws(Fault) -> CSVTable {
  var table = CSVTable(names: [], columns: [])
  for pair in call[0].asMap?.pairs ?? [] {
    let name = pair.key.description(of: .plain)
    let column = try csvColumn(pair.value, call)
    let count = CSVTable(names: [name], columns: [column]).rowCount
    if !table.columns.isEmpty, count != table.rowCount {
      throw call.wrong(
        0, "has columns of different lengths", kind: .shape,
        help: "`\(table.names[0])` has \(table.rowCount) rows, `\(name)` has \(count)")
    }
    table.names.append(name)
    table.columns.append(column)
  }
  return table
}

private func csvColumn(_ value: Value, _ call: Call) throws(Fault) -> CSVColumn {
  if let elements = value.elements {
    let numbers = elements.compactMap(\.asNumber)
    return numbers.count == elements.count ? .numbers(numbers) : .text(elements.map { $0.description(of: .plain) })
  }
  guard let numbers = try call.plotNumbers(of: value, 0) else {
    throw call.wrong(0, "has a column that is \(value.description(of: .kind))", kind: .type)
  }
  return .numbers(numbers.values)
}

/// The table of a list of maps; the first one names the columns.
private func rowTable(_ call: Call) throws(Fault) -> CSVTable {
  let rows = try call.elements(0).compactMap(\.asMap)
  guard rows.count == (try call.elements(0).count) else { throw call.mismatch(0, "a list of maps") }
  let names = rows.first?.pairs.map { $0.key.description(of: .plain) } ?? []
  var columns: [CSVColumn] = []
  for name in names {
    var values: [Value] = []
    for row in rows {
      guard let value = row.get(name) else { throw call.wrong(0, "has a row without `\(name)`") }
      values.append(value)
    }
    let numbers = values.compactMap(\.asNumber)
    columns.append(
      numbers.count == values.count ? .numbers(numbers) : .text(values.map { $0.description(of: .plain) }))
  }
  return CSVTable(names: names, columns: columns)
}

let dataNPY = Builtin(
  "data.npy", [.required("path", .string, "a file that `numpy.save` wrote")], returns: "tensor", subject: "data",
  "An array from NumPy's .npy format: booleans, integers or floats of any width, rounded to float32.",
  example: """
    data.save_npy([[1, 2], [3, 4]], "/tmp/a.npy")
    print(data.npy("/tmp/a.npy").shape)   # expect: [2, 2]
    """
) { (call) throws(Fault) in
  let array = try readNPY(try call.string(0))
  return .tensor(try Tensor(array.values.floats, shape: array.shape))
}

let dataSaveNPY = Builtin(
  "data.save_npy",
  [.required("values", .array | .tuple, "a tensor, spikes or numbers"), .required("path", .string, "where to")],
  returns: "nil", subject: "data",
  "Writes a tensor as float32, or spikes as bytes, in the format that `numpy.load` reads.",
  example: """
    data.save_npy([1, 2, 3], "/tmp/a.npy")
    """
) { (call) throws(Fault) in
  let tensor = try call.tensor(0)
  let isBinary = call[0].asSpikes != nil
  let values: NumericValues =
    isBinary ? .uint8(tensor.scalars.map { $0 == 0 ? 0 : 1 }) : .float32(tensor.scalars)
  try writeNPY(NumericArray(shape: tensor.shape, values: values), to: try call.string(1))
  return .nil
}
