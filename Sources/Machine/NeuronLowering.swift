import Faults
import Language

/// Checks a `neuron` block, units included, and flattens its equations. Every message points into the block.
struct NeuronLowering {
  let tree: Tree
  let neuron: NeuronTree
  private(set) var diagnostics: [Diagnostic] = []
  var definition: NeuronDefinition
  /// The value of each name at this point of the block.
  var values: [String: Typed] = [:]
  private var assigned: Set<String> = []
  private var stateSpans: [Span] = []
  private var conditionSpan: Span?
  private var neverFires = false
  var integrator = Integrator.euler
  private var integratorSpan: Span?
  private var hasUnknownState = false

  struct Failed: Error {}
  typealias Operation = NeuronDefinition.Operation

  /// A value of the block: its place, and what it measures.
  struct Typed {
    var place: Int
    var dimension: Dimension
    /// A written 0, which fits any dimension.
    var isZero = false
  }

  init(_ neuron: NeuronTree, in tree: Tree) {
    self.neuron = neuron
    self.tree = tree
    definition = NeuronDefinition(
      name: neuron.name, documentation: neuron.documentation, parameterNames: neuron.parameters.map(\.name),
      parameterDimensions: [], stateNames: [], stateDimensions: [], initialValues: [], operations: [], updates: [],
      distance: nil, isStrict: false, resets: [])
  }

  /// The checked definition; nil when there are diagnostics.
  mutating func run() -> NeuronDefinition? {
    values["input"] = Typed(place: add(.input), dimension: .none)
    for (index, parameter) in neuron.parameters.enumerated() { declare(parameter, index) }
    for case .integrator(let name, let span) in neuron.statements { chooseIntegrator(name, span) }
    lowerEquations()
    if conditionSpan == nil {
      report(
        "neuron `\(neuron.name)` has no spike condition", neuron.nameSpan, label: "it would never fire",
        help: "add `spike when v >= 1.0`, or `spike never` for neurons whose first state is the output")
    }
    if definition.stateNames.isEmpty {
      report(
        "neuron `\(neuron.name)` has no state", neuron.nameSpan, label: "nothing to integrate",
        help: "add `state v = 0`")
    }
    definition.updates = definition.stateNames.map { values[$0]?.place ?? 0 }
    if neverFires, let first = neuron.onSpike.first {
      report("`on spike` never happens", span(of: first), label: "the neuron has `spike never`", help: "take one away")
    }
    for statement in neuron.onSpike { lower(statement, isOnSpike: true) }
    definition.resets = definition.stateNames.map { values[$0]?.place ?? 0 }
    // After an equation for a name that isn't there, it is likely that this state was meant.
    for (name, span) in zip(definition.stateNames, stateSpans) where !assigned.contains(name) && !hasUnknownState {
      report(
        "state `\(name)` is never set", span, label: "it stays as it starts",
        help: "write an equation for it, `\(name) = …`, or make it a parameter")
    }
    return diagnostics.isEmpty ? definition : nil
  }

  mutating func report(
    _ title: String, _ span: Span, label: String? = nil, help: String? = nil, kind: Fault.Kind = .name
  ) {
    diagnostics.append(Diagnostic(Fault(kind, title, label: label, help: help), in: tree.source, at: span))
  }

  mutating func add(_ operation: Operation) -> Int {
    // The same operation on the same values is computed once.
    if let known = definition.operations.firstIndex(of: operation) { return known }
    definition.operations.append(operation)
    return definition.operations.count - 1
  }

  // MARK: parameters

  private mutating func declare(_ parameter: Parameter, _ index: Int) {
    var dimension = Dimension.none
    if parameter.name == "input" {
      report("`input` is the neuron's drive", parameter.span, label: "cannot be a parameter")
    }
    if let value = parameter.defaultValue {
      if let known = constant(learnt(value) ?? value) {
        dimension = known.dimension
      } else {
        report(
          "the default of `\(parameter.name)` is not a constant", tree.span(value),
          label: "neurons are checked before anything runs",
          help: "write a number, and give other values in the call: `\(neuron.name)(\(parameter.name)=\(shortText(value)))`",
          kind: .type)
      }
    } else {
      report(
        "`\(parameter.name)` needs a default", parameter.span, label: "a neuron's parameters have values to start from",
        help: "write `\(parameter.name) = 0.9`")
    }
    if parameter.name == "dt", dimension != .none, dimension != .time {
      report(
        "`dt` is the length of a step", parameter.defaultValue.map { tree.span($0) } ?? parameter.span,
        label: "this is \(phrase(dimension))", help: "write `dt = 1ms`", kind: .unit)
      dimension = .time
    }
    definition.parameterDimensions.append(dimension)
    values[parameter.name] = Typed(place: add(.parameter(index)), dimension: dimension)
  }

  /// The number inside `learn(…)`.
  private func learnt(_ id: NodeID) -> NodeID? {
    guard case .call(let callee, let arguments) = tree[id], case .name("learn") = tree[callee] else { return nil }
    return arguments.first?.value
  }

  private func shortText(_ id: NodeID) -> String {
    let text = tree.text(id)
    return text.count <= 30 && !text.contains("\n") ? text : "…"
  }

  private mutating func chooseIntegrator(_ name: String, _ span: Span) {
    if integratorSpan != nil {
      report("a neuron has one integrator", span, label: "the second")
      return
    }
    integratorSpan = span
    guard let known = Integrator(rawValue: name) else {
      report(
        "unknown integrator `\(name)`", span, label: "not one of them",
        help: didYouMean(name, among: Integrator.allCases.map(\.rawValue)) ?? Integrator.list)
      return
    }
    integrator = known
    let hasDerivatives = neuron.statements.contains { if case .derivative = $0 { true } else { false } }
    if !hasDerivatives {
      report(
        "there is nothing to integrate", span, label: "no equation is of the form `dv/dt = …`",
        help: "assignments such as `v = beta * v + input` give the next step themselves")
    }
  }

  // MARK: statements

  /// Equations in order; neighbouring derivatives are one system, whose right sides all see the states before it.
  private mutating func lowerEquations() {
    var system: [Derivative] = []
    for statement in neuron.statements {
      if case .derivative(let name, let span, let value) = statement {
        assigned.insert(name)
        system.append(Derivative(name: name, span: span, value: value))
        continue
      }
      if case .integrator = statement { continue }
      attempt { (lowering) throws(Failed) in try lowering.integrate(system) }
      system = []
      lower(statement, isOnSpike: false)
    }
    attempt { (lowering) throws(Failed) in try lowering.integrate(system) }
  }

  private mutating func attempt(_ body: (inout NeuronLowering) throws(Failed) -> Void) {
    do throws(Failed) { try body(&self) } catch {}
  }

  private mutating func lower(_ statement: NeuronStatement, isOnSpike: Bool) {
    attempt { (lowering) throws(Failed) in
      switch statement {
      case .state(let states):
        for state in states { try lowering.declare(state.name, state.span, state.initial, isOnSpike: isOnSpike) }
      case .assign(let name, let span, let operation, let value): try lowering.assign(name, span, operation, value)
      case .derivative(_, let span, _), .integrator(_, let span):
        lowering.report(
          "`on spike` holds assignments alone", span, label: "this belongs among the equations",
          help: "a spike changes states at once: `v -= theta`")
      case .spikeWhen(let condition, let span): try lowering.spike(condition, span, isOnSpike: isOnSpike)
      case .spikeNever(let span):
        try lowering.noteCondition(span, isOnSpike: isOnSpike)
        lowering.neverFires = true
      }
    }
  }

  private func span(of statement: NeuronStatement) -> Span {
    switch statement {
    case .state(let states): states.first?.span ?? neuron.nameSpan
    case .assign(_, let span, _, _), .derivative(_, let span, _), .integrator(_, let span), .spikeWhen(_, let span),
      .spikeNever(let span):
      span
    }
  }

  private mutating func declare(_ name: String, _ span: Span, _ initial: NodeID, isOnSpike: Bool) throws(Failed) {
    if isOnSpike || values[name] != nil {
      report(
        isOnSpike ? "a state is declared outside `on spike`" : "`\(name)` is defined twice", span, label: "here")
      throw Failed()
    }
    guard let value = constant(initial) else {
      report(
        "a state starts from a number", tree.span(initial), label: "not a number", help: "write `state \(name) = 0`")
      throw Failed()
    }
    definition.stateNames.append(name)
    definition.stateDimensions.append(value.dimension)
    definition.initialValues.append(value.number)
    stateSpans.append(span)
    values[name] = Typed(place: add(.state(definition.stateNames.count - 1)), dimension: value.dimension)
  }

  mutating func unknownState(_ name: String, _ span: Span) -> Failed {
    hasUnknownState = true
    if definition.parameterNames.contains(name) || name == "input" {
      report(
        "`\(name)` is not a state", span, label: "parameters and the input do not change",
        help: name == "input" ? "give what you compute from it a state of its own"
          : "declare it as `state \(name) = …` to change it")
    } else if name == "integrator" {
      report(
        "unknown state `integrator`", span, label: "not declared", help: "an integrator is declared so: `integrator exact`")
    } else {
      report(
        "unknown state `\(name)`", span, label: "not declared",
        help: didYouMean(name, among: definition.stateNames) ?? "declare it first: `state \(name) = 0`")
    }
    return Failed()
  }

  func dimension(ofState name: String) -> Dimension? {
    definition.stateNames.firstIndex(of: name).map { definition.stateDimensions[$0] }
  }

  private mutating func assign(
    _ name: String, _ span: Span, _ operation: BinaryOperator?, _ value: NodeID
  ) throws(Failed) {
    guard let dimension = dimension(ofState: name), let before = values[name] else { throw unknownState(name, span) }
    assigned.insert(name)
    var result = try expression(value)
    if let operation { result = try binary(operation, before, result, value, at: tree.span(value), leftName: name) }
    guard result.dimension == dimension || result.isZero else {
      report(
        "`\(name)` is \(phrase(dimension)), and its equation \(phrase(result.dimension))", tree.span(value),
        label: "\(phrase(result.dimension))",
        help: unitHelp(dimension, result.dimension), kind: .unit)
      throw Failed()
    }
    values[name] = Typed(place: result.place, dimension: dimension)
  }

  private mutating func noteCondition(_ span: Span, isOnSpike: Bool) throws(Failed) {
    if conditionSpan != nil || isOnSpike {
      report(
        "a neuron has one spike condition", span, label: isOnSpike ? "inside `on spike`" : "the second",
        help: "a neuron that fires for several reasons has the largest of them: `spike when max(a, b) >= 0`")
      throw Failed()
    }
    conditionSpan = span
  }

  private mutating func spike(_ condition: NodeID, _ span: Span, isOnSpike: Bool) throws(Failed) {
    try noteCondition(span, isOnSpike: isOnSpike)
    guard case .comparison(let operands, let operators) = tree[condition], operands.count == 2 else {
      report(
        "a spike condition is one comparison", tree.span(condition), label: "not a comparison",
        help: "write `spike when v >= theta`", kind: .type)
      throw Failed()
    }
    let (left, right) = (try expression(operands[0]), try expression(operands[1]))
    let dimension = try common(left, right, operators[0].rawValue, tree.span(condition))
    var distance: Int
    switch operators[0] {
    case .greaterOrEqual, .greater: distance = add(.binary(.subtract, left.place, right.place))
    case .lessOrEqual, .less: distance = add(.binary(.subtract, right.place, left.place))
    default:
      report(
        "a spike condition compares by >=, >, <= or <", tree.span(condition),
        label: "`\(operators[0].rawValue)` has no threshold", kind: .type)
      throw Failed()
    }
    if dimension != .none {
      // Surrogates count in thresholds: a distance of 1 is that of the initial state, whatever the unit.
      let scale = try initially { (lowering) throws(Failed) in
        let (a, b) = (try lowering.expression(operands[0]), try lowering.expression(operands[1]))
        return lowering.add(.function("abs", lowering.add(.binary(.subtract, a.place, b.place))))
      }
      let safe = add(.select(scale, scale, add(.constant(1))))
      distance = add(.binary(.divide, distance, safe))
    }
    definition.distance = distance
    definition.isStrict = operators[0] == .greater || operators[0] == .less
  }

  /// Runs `body` with every state at its first value and no input.
  private mutating func initially(_ body: (inout NeuronLowering) throws(Failed) -> Int) throws(Failed) -> Int {
    let saved = values
    defer { values = saved }
    for (index, name) in definition.stateNames.enumerated() {
      values[name] = Typed(
        place: add(.constant(definition.initialValues[index])), dimension: definition.stateDimensions[index])
    }
    values["input"] = Typed(place: add(.constant(0)), dimension: .none)
    return try body(&self)
  }
}
