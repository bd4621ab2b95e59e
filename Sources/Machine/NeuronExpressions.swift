import Faults
import Language

/// The arithmetic inside a neuron's equations: each expression becomes a place with a dimension.
extension NeuronLowering {
  private static let functions = ["exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu", "sin", "cos"]

  mutating func expression(_ id: NodeID) throws(Failed) -> Typed {
    switch tree[id] {
    case .int(let value): return Typed(place: add(.constant(Double(value))), dimension: .none, isZero: value == 0)
    case .float(let value): return Typed(place: add(.constant(value)), dimension: .none, isZero: value == 0)
    case .quantity(let value, let name):
      guard let unit = units[name] else { break }
      return Typed(place: add(.constant(value * unit.scale)), dimension: unit.dimension)
    case .name(let name):
      if let value = values[name] { return value }
      if name == "input", neuron.onInput != nil {
        report(
          "`input` stands in `on input` alone", tree.span(id), label: "what arrives was taken there",
          help: "let it change a state there, and read the state here", kind: .type)
        throw Failed()
      }
      report(
        "unknown name `\(name)` in neuron `\(neuron.name)`", tree.span(id),
        label: "neither a state, a parameter nor `input`", help: didYouMean(name, among: values.keys))
      throw Failed()
    case .unary(.negate, let operand):
      let value = try expression(operand)
      return Typed(place: add(.negate(value.place)), dimension: value.dimension, isZero: value.isZero)
    case .binary(let operation, let left, let right) where operation != .matrixProduct:
      let (a, b) = (try expression(left), try expression(right))
      return try binary(operation, a, b, right, at: tree.span(id))
    case .comparison(let operands, let operators) where operands.count == 2:
      let (a, b) = (try expression(operands[0]), try expression(operands[1]))
      _ = try common(a, b, operators[0].rawValue, tree.span(id))
      return Typed(place: add(.compare(operators[0], a.place, b.place)), dimension: .none)
    case .and(let left, let right):
      let (a, b) = (try expression(left), try truth(right))
      return Typed(place: add(.select(a.place, b, add(.constant(0)))), dimension: .none)
    case .or(let left, let right):
      let (a, b) = (try expression(left), try truth(right))
      return Typed(place: add(.select(a.place, add(.constant(1)), b)), dimension: .none)
    case .unary(.not, let operand):
      let value = try expression(operand)
      return Typed(place: add(.select(value.place, add(.constant(0)), add(.constant(1)))), dimension: .none)
    case .conditional(let condition, let then, let otherwise?):
      let test = try expression(condition)
      let (a, b) = (try branch(then), try branch(otherwise))
      let dimension = try common(a, b, "if", tree.span(id))
      return Typed(
        place: add(.select(test.place, a.place, b.place)), dimension: dimension, isZero: a.isZero && b.isZero)
    case .call(let callee, let arguments): return try call(callee, arguments, id)
    default: break
    }
    report(
      "this cannot stand in an equation", tree.span(id), label: "equations are straight-line arithmetic",
      help:
        "use + - * / ^, comparisons, and, or, not, `if a { b } else { c }`, \(Self.functions.joined(separator: ", ")), min, max, "
        + "normal(), uniform()",
      kind: .type)
    throw Failed()
  }

  /// - Parameters:
  ///   - divisor: the node of the right side, for a message about it.
  ///   - leftName: what the left is called where it isn't written: `v += …`.
  mutating func binary(
    _ operation: BinaryOperator, _ a: Typed, _ b: Typed, _ divisor: NodeID, at span: Span, leftName: String? = nil
  ) throws(Failed) -> Typed {
    if operation == .divide || operation == .floorDivide || operation == .remainder, isZero(b.place) {
      report("an equation divides by zero", tree.span(divisor), label: "this is 0", kind: .value)
      throw Failed()
    }
    let place = add(.binary(operation, a.place, b.place))
    switch operation {
    case .add, .subtract, .remainder:
      return Typed(place: place, dimension: try common(a, b, operation.rawValue, span, leftName: leftName))
    case .floorDivide:
      _ = try common(a, b, operation.rawValue, span, leftName: leftName)
      return Typed(place: place, dimension: .none)
    case .multiply, .divide, .matrixProduct:
      guard let dimension = a.dimension.multiplied(by: b.dimension, sign: operation == .divide ? -1 : 1) else {
        report("the power of a unit is too large", span, kind: .unit)
        throw Failed()
      }
      return Typed(place: place, dimension: dimension, isZero: a.isZero || operation == .multiply && b.isZero)
    case .power:
      if a.dimension == .none, b.dimension == .none { return Typed(place: place, dimension: .none) }
      guard b.dimension == .none, let power = constant(divisor).flatMap({ Int(exactly: $0.number) }),
        let dimension = a.dimension.raised(to: power)
      else {
        report(
          "a power is a plain number, and a whole one for a quantity", tree.span(divisor),
          label: "the base is \(phrase(a.dimension)), the exponent \(phrase(b.dimension))", kind: .unit)
        throw Failed()
      }
      return Typed(place: place, dimension: dimension)
    }
  }

  /// 1 where an expression is not 0, else 0.
  private mutating func truth(_ id: NodeID) throws(Failed) -> Int {
    let value = try expression(id)
    if case .compare = definition.operations[value.place] { return value.place }
    return add(.select(value.place, add(.constant(1)), add(.constant(0))))
  }

  private func isZero(_ place: Int) -> Bool { definition.operations[place] == .constant(0) }

  private mutating func branch(_ id: NodeID) throws(Failed) -> Typed {
    if case .block(let statements) = tree[id], statements.count == 1 { return try expression(statements[0]) }
    return try expression(id)
  }

  private mutating func call(_ callee: NodeID, _ arguments: [Argument], _ id: NodeID) throws(Failed) -> Typed {
    guard case .name(let name) = tree[callee], arguments.allSatisfy({ $0.name == nil }) else {
      report("only functions of the library can stand in an equation", tree.span(id), label: "not one", kind: .type)
      throw Failed()
    }
    if name == "normal" || name == "uniform", arguments.isEmpty {
      // One draw for each place in the text, also where an integrator works an equation out several times.
      let known = draws[id] ?? add(.noise(name, draw: draws.count, time: add(.state(Self.elapsed))))
      draws[id] = known
      return Typed(place: known, dimension: .none)
    }
    if Self.functions.contains(name), arguments.count == 1 {
      let value = try expression(arguments[0].value)
      return Typed(
        place: add(.function(name, value.place)), dimension: try result(of: name, value.dimension, arguments[0].value))
    }
    if name == "min" || name == "max", arguments.count == 2 {
      let (a, b) = (try expression(arguments[0].value), try expression(arguments[1].value))
      let dimension = try common(a, b, name, tree.span(id))
      return Typed(
        place: add(name == "min" ? .minimum(a.place, b.place) : .maximum(a.place, b.place)), dimension: dimension)
    }
    report(
      "`\(name)` cannot stand in an equation", tree.span(id), label: "not an element-wise function",
      help: didYouMean(name, among: Self.functions)
        ?? "there are \(Self.functions.joined(separator: ", ")), min, max, normal(), uniform()", kind: .name)
    throw Failed()
  }

  /// What a function of one argument measures.
  private mutating func result(of name: String, _ dimension: Dimension, _ argument: NodeID) throws(Failed) -> Dimension {
    if dimension == .none || name == "abs" || name == "relu" { return dimension }
    if name == "sqrt", let root = dimension.root { return root }
    report(
      "`\(name)` takes a plain number", tree.span(argument), label: "this is \(phrase(dimension))",
      help: "divide by a quantity of the same kind, as in `(v - v_th) / 2mV`", kind: .unit)
    throw Failed()
  }

  // MARK: dimensions

  /// The dimension that two sides share; a written 0 fits any.
  mutating func common(
    _ a: Typed, _ b: Typed, _ symbol: String, _ span: Span, leftName: String? = nil
  ) throws(Failed) -> Dimension {
    if a.dimension == b.dimension || b.isZero { return a.dimension }
    if a.isZero { return b.dimension }
    let left = leftName.map { "`\($0)`" } ?? "the left"
    report(
      "units do not match in `\(symbol)`", span,
      label: "\(left) is \(phrase(a.dimension)), the right is \(phrase(b.dimension))",
      help: unitHelp(a.dimension, b.dimension), kind: .unit)
    throw Failed()
  }

  func unitHelp(_ a: Dimension, _ b: Dimension) -> String? {
    let other = a == .none ? b : a
    guard a == .none || b == .none else { return nil }
    let example = [Dimension.voltage: "15mV", .current: "1nA", .time: "1ms", .frequency: "10Hz"][other] ?? "1nA"
    return "`input` and bare numbers have no unit: multiply them by a quantity, as in `\(example) * input`"
  }

  /// "a voltage", "a voltage per time", "a plain number".
  func phrase(_ dimension: Dimension) -> String {
    func article(_ name: String) -> String { ("aeiou".contains(name.first ?? "x") ? "an " : "a ") + name }
    if dimension.hasName { return dimension == .none ? dimension.name : article(dimension.name) }
    if let whole = dimension.multiplied(by: .time), whole.hasName { return "\(article(whole.name)) per time" }
    return "a quantity in \(dimension.baseUnits)"
  }

  /// A number or quantity that is written out, with arithmetic on such.
  func constant(_ id: NodeID) -> (number: Double, dimension: Dimension)? {
    switch tree[id] {
    case .int(let value): return (Double(value), .none)
    case .float(let value): return (value, .none)
    case .quantity(let value, let name): return units[name].map { (value * $0.scale, $0.dimension) }
    case .unary(.negate, let operand): return constant(operand).map { (-$0.number, $0.dimension) }
    case .binary(let operation, let left, let right):
      guard let a = constant(left), let b = constant(right) else { return nil }
      switch operation {
      case .add where a.dimension == b.dimension: return (a.number + b.number, a.dimension)
      case .subtract where a.dimension == b.dimension: return (a.number - b.number, a.dimension)
      case .multiply: return a.dimension.multiplied(by: b.dimension).map { (a.number * b.number, $0) }
      case .divide where b.number != 0:
        return a.dimension.multiplied(by: b.dimension, sign: -1).map { (a.number / b.number, $0) }
      default: return nil
      }
    default: return nil
    }
  }
}

extension Dimension {
  /// Whether it has a word of its own.
  fileprivate var hasName: Bool { self == .none || name != baseUnits }

  /// The dimension whose square this is.
  fileprivate var root: Dimension? {
    let powers = [metre, kilogram, second, ampere, byte]
    guard powers.allSatisfy({ $0 % 2 == 0 }) else { return nil }
    return Dimension(
      metre: metre / 2, kilogram: kilogram / 2, second: second / 2, ampere: ampere / 2, byte: byte / 2)
  }
}
