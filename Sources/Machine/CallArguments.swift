import Faults
import Language
import Tensors

/// Typed access to a builtin's arguments. Kinds have been checked before the body runs; what is checked here is what
/// a kind cannot say: ranges, whole numbers, convertibility to a tensor.
extension Call {
  /// The place of a parameter by its name; a place behind all of them for a name that there is not.
  public func place(_ name: String) -> Int { builtin.parameters.firstIndex { $0.name == name } ?? .max }

  /// Whether a parameter is given, and not as nil.
  public func isGiven(_ name: String) -> Bool { has(place(name)) && !self[place(name)].isNil }

  /// The parameter's name in a message.
  public func parameterName(_ index: Int) -> String {
    builtin.parameters[min(index, builtin.parameters.count - 1)].name
  }

  /// A fault about one argument.
  public func wrong(_ index: Int, _ problem: String, kind: Fault.Kind = .value, help: String? = nil) -> Fault {
    Fault(kind, "`\(parameterName(index))` of `\(builtin.name)` \(problem)", help: help)
  }

  public func mismatch(_ index: Int, _ expected: String) -> Fault {
    Fault(
      .type, "`\(parameterName(index))` of `\(builtin.name)` must be \(expected)",
      label: "found \(self[index].description(of: .kind))", help: "see ?\(builtin.name)")
  }

  public func int(_ index: Int, default value: Int? = nil) throws(Fault) -> Int {
    if let value, !has(index) { return value }
    if let int = self[index].asInt { return int }
    if let number = self[index].asNumber, let whole = Int(exactly: number) { return whole }
    try checkPlain(index)
    throw mismatch(index, "an int")
  }

  /// An int of at least `low`.
  public func int(_ index: Int, default value: Int? = nil, atLeast low: Int) throws(Fault) -> Int {
    let int = try int(index, default: value)
    if int < low { throw wrong(index, "must be at least \(low), found \(int)") }
    return int
  }

  public func number(_ index: Int, default value: Double? = nil) throws(Fault) -> Double {
    if let value, !has(index) { return value }
    // The processor's nan has a sign, which would show in messages.
    if let number = self[index].asNumber { return number.isNaN ? .nan : number }
    try checkPlain(index)
    if let item = self[index].asTensor?.item { return Double(item) }
    throw mismatch(index, "a number")
  }

  public func bool(_ index: Int, default value: Bool? = nil) throws(Fault) -> Bool {
    if let value, !has(index) { return value }
    if let bool = self[index].asBool { return bool }
    throw mismatch(index, "a bool")
  }

  public func string(_ index: Int, default value: String? = nil) throws(Fault) -> String {
    if let value, !has(index) { return value }
    if let string = self[index].asString { return string }
    throw mismatch(index, "a string")
  }

  /// A number as a 32-bit float: floats are rounded, whole numbers that would change are refused.
  public func single(_ index: Int, default value: Double? = nil) throws(Fault) -> Float {
    if has(index), let int = self[index].asInt {
      guard let single = Float(exactly: int) else { throw Tensor.notExact(int, as: parameterName(index)) }
      return single
    }
    return Float(try number(index, default: value))
  }

  /// A number, list, range, spikes or tensor as a tensor.
  public func tensor(_ index: Int) throws(Fault) -> Tensor {
    if let tensor = try self[index].convertedToTensor() { return tensor }
    throw mismatch(index, "a tensor, or a list of numbers")
  }

  public func spikes(_ index: Int) throws(Fault) -> Spikes {
    if let spikes = self[index].asSpikes { return spikes }
    try checkPlain(index)
    return try Spikes(tensor(index))
  }

  /// The elements of a list or tuple, borrowed.
  public func elements(_ index: Int) throws(Fault) -> [Value] {
    if let elements = self[index].elements { return Array(elements) }
    throw mismatch(index, "a list")
  }

  public func strings(_ index: Int) throws(Fault) -> [String] {
    var texts: [String] = []
    for element in try elements(index) {
      guard let text = element.asString else { throw mismatch(index, "a list of strings") }
      texts.append(text)
    }
    return texts
  }

  public func ints(_ index: Int) throws(Fault) -> [Int] {
    if self[index].tag == .tracked { throw leaving(index) }
    if let int = self[index].asInt { return [int] }
    if let range = self[index].asRange {
      try machine.checkSize(range.count, of: .list)
      return (0..<range.count).map { range.number(at: $0) }
    }
    if let tensor = self[index].asTensor {
      try checkPlain(index)
      guard let ints = tensor.wholeNumbers else { throw mismatch(index, "a list of ints") }
      return ints
    }
    var ints: [Int] = []
    for element in try elements(index) {
      guard let int = element.asInt else {
        try checkPlain(index)
        throw wrong(
          index, "must be a list of ints, found \(element.description(of: .brief)) at place \(ints.count)", kind: .type,
          help: element.asNumber == nil ? "see ?\(builtin.name)" : "int(x) makes a float an int: [int(x) for x in xs]")
      }
      ints.append(int)
    }
    return ints
  }

  /// A quantity in base units, or a plain number taken as base units where the parameter allows numbers.
  public func amount(_ index: Int, _ dimension: Dimension, default value: Double? = nil) throws(Fault) -> Double {
    if let value, !has(index) { return value }
    if let quantity = self[index].asQuantity {
      if quantity.dimension == dimension { return quantity.amount }
      throw Fault(
        .unit, "`\(parameterName(index))` of `\(builtin.name)` is of another dimension",
        label: "found \(quantity.dimension.name), expected \(dimension.name)")
    }
    return try number(index)
  }

  /// The foreign value of an argument, which no gradient flows through.
  public func foreign<T: ForeignValue>(_ index: Int, as type: T.Type) throws(Fault) -> T {
    let value = try recordable(index, as: type)
    if value.tape != nil { throw leaving(index) }
    return value
  }

  /// The foreign value of an argument, for a builtin that carries its gradient on.
  public func recordable<T: ForeignValue>(_ index: Int, as type: T.Type) throws(Fault) -> T {
    if let value = self[index].asForeign(T.self) { return value }
    throw mismatch(index, Kind.foreign(T.typeName).name)
  }

  /// Calls a function argument; the arguments are borrowed, the result is owned.
  public func invoke(_ function: Value, _ arguments: [Value]) throws(Fault) -> Value {
    try machine.invoke(function, arguments)
  }
}

extension Value {
  /// A number, a bool, a range, spikes, a tensor, or nested lists of these as a tensor; nil for anything else.
  ///
  /// Floats are rounded to 32 bits. An int is a count or a name and no measurement: one that would change is refused,
  /// unless `rounded` asks for the nearest.
  public func convertedToTensor(rounded: Bool = false) throws(Fault) -> Tensor? {
    switch tag {
    case .tensor: return object(as: TensorObject.self).tensor
    case .tracked:
      guard plain.asNumber != nil, let tracked = try trackedAmount() else { return try plain.convertedToTensor() }
      return tracked.tensor
    case .int:
      guard let single = rounded ? Float(rawInt) : Float(exactly: rawInt) else { throw Tensor.notExact(rawInt) }
      return try Tensor.scalar(single)
    case .float: return try Tensor.scalar(Float(rawFloat))
    case .bool: return try Tensor.scalar(rawBool ? 1 : 0)
    case .spikes:
      let object = object(as: SpikesObject.self)
      if let tracked = object.tracked { return tracked }
      return try object.spikes.tensor()
    case .range:
      let range = object(as: RangeObject.self)
      if range.isOpen { return nil }
      return try Tensor(shape: [range.count]) { (out) throws(Fault) in
        for index in out.indices {
          let number = range.number(at: index)
          guard let single = rounded ? Float(number) : Float(exactly: number) else {
            throw Tensor.notExact(number, at: [index])
          }
          out[index] = single
        }
      }
    case .list, .tuple: return try tensorFromList(rounded: rounded)
    default: return nil
    }
  }

  private func tensorFromList(rounded: Bool) throws(Fault) -> Tensor? {
    var scalars: [Float] = []
    var shape: [Int] = []
    var isTracked = false
    guard try collect(into: &scalars, shape: &shape, depth: 0, isTracked: &isTracked, rounded: rounded) else { return nil }
    if !isTracked { return try Tensor(scalars, shape: shape) }
    if let elements, elements.allSatisfy({ $0.plain.asNumber != nil }), let tape {
      return try tape.pack(elements.map(\.numberTrace), as: try Tensor(scalars, shape: shape))
    }
    // Lists that hold tracked tensors are stacked, so that gradients flow through them.
    guard let elements else { return nil }
    var parts: [Tensor] = []
    for element in elements {
      guard let part = try element.convertedToTensor(rounded: rounded) else { return nil }
      parts.append(part)
    }
    return try Tensor.stack(parts)
  }

  private func collect(
    into scalars: inout [Float], shape: inout [Int], depth: Int, isTracked: inout Bool, rounded: Bool
  ) throws(Fault) -> Bool {
    guard let elements else {
      if plain.tag == .int, !rounded, Float(exactly: plain.rawInt) == nil {
        // All rows before this one are full, so its place follows from how many numbers came before.
        throw Tensor.notExact(plain.rawInt, at: Shape.index(of: scalars.count, in: Array(shape.prefix(depth))))
      }
      if tag == .tracked {
        guard let number = plain.asNumber else { return false }
        if numberTrace != nil { isTracked = true }
        scalars.append(Float(number))
        if shape.count != depth { try Self.checkSame(Array(shape[depth...]), []) }
        return true
      }
      if tape != nil { isTracked = true }
      guard let tensor = try convertedToTensor(rounded: rounded) else { return false }
      scalars += tensor.scalars
      if shape.count == depth { shape += tensor.shape } else { try Self.checkSame(Array(shape[depth...]), tensor.shape) }
      return true
    }
    if depth > 32 { throw Fault(.limit, "a list nested too deeply for a tensor", label: "more than 32 levels") }
    let isFirst = shape.count == depth
    if isFirst { shape.append(elements.count) }
    guard depth < shape.count, shape[depth] == elements.count else {
      throw Fault(
        .shape, "rows of different lengths do not make a tensor",
        label: "one has \(depth < shape.count ? shape[depth] : 1), another \(elements.count)")
    }
    for element in elements {
      let isNumbers = try element.collect(
        into: &scalars, shape: &shape, depth: depth + 1, isTracked: &isTracked, rounded: rounded)
      if !isNumbers { return false }
      try Interrupt.check()
      // Lists that share their rows can hold more elements than any memory.
      if scalars.count > Limits.largestTensor {
        throw Fault(.limit, "a list too large for a tensor", label: "more than \(Limits.largestTensor) elements")
      }
    }
    return true
  }

  private static func checkSame(_ a: [Int], _ b: [Int]) throws(Fault) {
    if a != b {
      throw Fault(
        .shape, "elements of different shapes do not make a tensor", label: "one is \(Shape.text(a)), another \(Shape.text(b))")
    }
  }
}
