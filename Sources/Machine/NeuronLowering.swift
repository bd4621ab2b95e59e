import Faults
import Language

/// Checks a `neuron` block and flattens its equations. Every message points into the block.
struct NeuronLowering {
  private let tree: Tree
  private let neuron: NeuronTree
  private(set) var diagnostics: [Diagnostic] = []
  private var definition: NeuronDefinition
  /// The place of each name's value at this point of the block.
  private var places: [String: Int] = [:]
  private var assigned: Set<String> = []
  private var stateSpans: [Span] = []
  private var spikeSpan: Span?

  private struct Failed: Error {}
  private typealias Operation = NeuronDefinition.Operation

  init(_ neuron: NeuronTree, in tree: Tree) {
    self.neuron = neuron
    self.tree = tree
    definition = NeuronDefinition(
      name: neuron.name, documentation: neuron.documentation, parameterNames: neuron.parameters.map(\.name), stateNames: [],
      initialValues: [], operations: [], updates: [], distance: 0, isStrict: false, resets: [])
  }

  /// The checked definition; nil when there are diagnostics.
  mutating func run() -> NeuronDefinition? {
    places["input"] = add(.input)
    for (index, parameter) in neuron.parameters.enumerated() {
      if parameter.name == "input" { report("`input` is the neuron's drive", parameter.span, label: "cannot be a parameter") }
      if parameter.defaultValue == nil {
        report("`\(parameter.name)` needs a default", parameter.span, label: "a neuron's parameters have values to start from", help: "write `\(parameter.name) = 0.9`")
      }
      places[parameter.name] = add(.parameter(index))
    }
    for statement in neuron.statements { lower(statement, isOnSpike: false) }
    if spikeSpan == nil {
      report("neuron `\(neuron.name)` has no spike condition", neuron.nameSpan, label: "it would never fire", help: "add `spike when v >= 1.0`")
    }
    if definition.stateNames.isEmpty {
      report("neuron `\(neuron.name)` has no state", neuron.nameSpan, label: "nothing to integrate", help: "add `state v = 0`")
    }
    for (name, span) in zip(definition.stateNames, stateSpans) where !assigned.contains(name) {
      report("state `\(name)` is never set", span, label: "it stays as it starts", help: "write an equation for it, `\(name) = …`, or make it a parameter")
    }
    definition.updates = definition.stateNames.map { places[$0] ?? 0 }
    for statement in neuron.onSpike { lower(statement, isOnSpike: true) }
    definition.resets = definition.stateNames.map { places[$0] ?? 0 }
    return diagnostics.isEmpty ? definition : nil
  }

  private mutating func report(_ title: String, _ span: Span, label: String? = nil, help: String? = nil, kind: Fault.Kind = .name) {
    diagnostics.append(Diagnostic(Fault(kind, title, label: label, help: help), in: tree.source, at: span))
  }

  private mutating func add(_ operation: Operation) -> Int {
    // The same operation on the same values is computed once.
    if let known = definition.operations.firstIndex(of: operation) { return known }
    definition.operations.append(operation)
    return definition.operations.count - 1
  }

  // MARK: statements

  private mutating func lower(_ statement: NeuronStatement, isOnSpike: Bool) {
    do throws(Failed) {
      switch statement {
      case .state(let states):
        for state in states { try declare(state.name, state.span, state.initial, isOnSpike: isOnSpike) }
      case .assign(let name, let span, let operation, let value): try assign(name, span, operation, value)
      case .derivative(let name, let span, let value):
        guard definition.stateNames.contains(name) else { throw unknownState(name, span) }
        // Forward Euler over one step, or over the parameter `dt` where the neuron has one.
        var change = try expression(value)
        if let step = places["dt"] { change = add(.binary(.multiply, change, step)) }
        places[name] = add(.binary(.add, places[name] ?? 0, change))
        assigned.insert(name)
      case .spikeWhen(let condition, let span): try spike(condition, span, isOnSpike: isOnSpike)
      }
    } catch {}
  }

  private mutating func declare(_ name: String, _ span: Span, _ initial: NodeID, isOnSpike: Bool) throws(Failed) {
    if isOnSpike || places[name] != nil {
      report(isOnSpike ? "a state is declared outside `on spike`" : "`\(name)` is defined twice", span, label: "here")
      throw Failed()
    }
    guard let value = number(initial) else {
      report("a state starts from a number", tree.span(initial), label: "not a number", help: "write `state \(name) = 0`")
      throw Failed()
    }
    definition.stateNames.append(name)
    definition.initialValues.append(value)
    stateSpans.append(span)
    places[name] = add(.state(definition.stateNames.count - 1))
  }

  private func number(_ id: NodeID) -> Double? {
    switch tree[id] {
    case .int(let value): Double(value)
    case .float(let value): value
    case .unary(.negate, let operand): number(operand).map { -$0 }
    default: nil
    }
  }

  private mutating func unknownState(_ name: String, _ span: Span) -> Failed {
    if definition.parameterNames.contains(name) || name == "input" {
      report("`\(name)` is not a state", span, label: "parameters and the input do not change", help: "declare it as `state \(name) = …` to change it")
    } else {
      report("unknown state `\(name)`", span, label: "not declared", help: didYouMean(name, among: definition.stateNames) ?? "declare it first: `state \(name) = 0`")
    }
    return Failed()
  }

  private mutating func assign(_ name: String, _ span: Span, _ operation: BinaryOperator?, _ value: NodeID) throws(Failed) {
    guard definition.stateNames.contains(name) else { throw unknownState(name, span) }
    assigned.insert(name)
    var place = try expression(value)
    if let operation { place = add(.binary(operation, places[name] ?? 0, place)) }
    places[name] = place
  }

  private mutating func spike(_ condition: NodeID, _ span: Span, isOnSpike: Bool) throws(Failed) {
    if spikeSpan != nil || isOnSpike {
      report("a neuron has one spike condition", span, label: "the second")
      throw Failed()
    }
    spikeSpan = span
    guard case .comparison(let operands, let operators) = tree[condition], operands.count == 2 else {
      report("a spike condition is one comparison", tree.span(condition), label: "not a comparison", help: "write `spike when v >= theta`", kind: .type)
      throw Failed()
    }
    let left = try expression(operands[0])
    let right = try expression(operands[1])
    switch operators[0] {
    case .greaterOrEqual, .greater: definition.distance = add(.binary(.subtract, left, right))
    case .lessOrEqual, .less: definition.distance = add(.binary(.subtract, right, left))
    default:
      report("a spike condition compares by >=, >, <= or <", tree.span(condition), label: "`\(operators[0].rawValue)` has no threshold", kind: .type)
      throw Failed()
    }
    definition.isStrict = operators[0] == .greater || operators[0] == .less
  }

  // MARK: expressions

  private static let functions = ["exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu", "sin", "cos"]

  private mutating func expression(_ id: NodeID) throws(Failed) -> Int {
    switch tree[id] {
    case .int(let value): return add(.constant(Double(value)))
    case .float(let value): return add(.constant(value))
    case .name(let name):
      if let place = places[name] { return place }
      report("unknown name `\(name)` in neuron `\(neuron.name)`", tree.span(id), label: "neither a state, a parameter nor `input`",
        help: didYouMean(name, among: places.keys))
      throw Failed()
    case .unary(.negate, let operand): return add(.negate(try expression(operand)))
    case .binary(let operation, let left, let right) where operation != .matrixProduct:
      return add(.binary(operation, try expression(left), try expression(right)))
    case .comparison(let operands, let operators) where operands.count == 2:
      return add(.compare(operators[0], try expression(operands[0]), try expression(operands[1])))
    case .conditional(let condition, let then, let otherwise?):
      let test = try expression(condition)
      return add(.select(test, try branch(then), try branch(otherwise)))
    case .call(let callee, let arguments): return try call(callee, arguments, id)
    case .quantity(_, let unit):
      report("an equation counts in steps and plain numbers", tree.span(id), label: "a quantity in \(unit)", help: "divide by the step's length outside, and pass the number as a parameter", kind: .unit)
    default:
      report("this cannot stand in an equation", tree.span(id), label: "equations are straight-line arithmetic", help: "use + - * / ^, comparisons, `if a { b } else { c }`, \(Self.functions.joined(separator: ", ")), min, max", kind: .type)
    }
    throw Failed()
  }

  private mutating func branch(_ id: NodeID) throws(Failed) -> Int {
    if case .block(let statements) = tree[id], statements.count == 1 { return try expression(statements[0]) }
    return try expression(id)
  }

  private mutating func call(_ callee: NodeID, _ arguments: [Argument], _ id: NodeID) throws(Failed) -> Int {
    guard case .name(let name) = tree[callee], arguments.allSatisfy({ $0.name == nil }) else {
      report("only functions of the library can stand in an equation", tree.span(id), label: "not one", kind: .type)
      throw Failed()
    }
    if Self.functions.contains(name), arguments.count == 1 { return add(.function(name, try expression(arguments[0].value))) }
    if name == "min" || name == "max", arguments.count == 2 {
      let (a, b) = (try expression(arguments[0].value), try expression(arguments[1].value))
      return add(name == "min" ? .minimum(a, b) : .maximum(a, b))
    }
    report("`\(name)` cannot stand in an equation", tree.span(id), label: "not an element-wise function",
      help: didYouMean(name, among: Self.functions) ?? "there are \(Self.functions.joined(separator: ", ")), min, max", kind: .name)
    throw Failed()
  }
}
