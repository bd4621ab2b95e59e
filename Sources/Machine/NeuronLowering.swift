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
  /// Names for values of this step that stand right before or among the derivatives of a system.
  var locals: [Local] = []
  private var localNames: Set<String> = []
  /// All of them, in order.
  private var allLocals: [Local] = []
  /// The draws of the step, by the calls that make them.
  var draws: [NodeID: Int] = [:]
  /// Whether the neuron may fire and move in this step, and the time without spikes that is left and that a spike brings.
  private var rest: (isActive: Int, left: Int, whole: Int, holds: [(name: String, span: Span)])?
  private var refractorySpan: Span?
  private var outputPlace: Int?
  private var outputSpan: Span?
  /// For states that begin with a parameter, its place.
  private var starts: [Int: Int] = [:]

  /// States that the block does not name, by the numbers that stand for them until all others are known: steps that are
  /// done, and the time without spikes that is left.
  static let elapsed = -1
  static let resting = -2

  struct Local {
    var name: String
    var value: NodeID
  }

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
    if let arrivals = neuron.onInput {
      for statement in neuron.statements { if case .state = statement { lower(statement, isOnSpike: false) } }
      lowerArrivals(arrivals)
    }
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
    holdStates()
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
    if let span = outputSpan, !neverFires {
      report(
        "`output` is for neurons that never fire", span, label: "what leaves this neuron is spikes", help: "write `spike never`",
        kind: .type)
    }
    if let span = refractorySpan, neverFires {
      report("`refractory` rests from spikes", span, label: "the neuron has `spike never`", help: "take one away", kind: .type)
    }
    guard diagnostics.isEmpty else { return nil }
    addHiddenStates()
    return definition
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
    for case .refractory(let value, let span, let holds) in neuron.statements {
      attempt { (lowering) throws(Failed) in try lowering.declareRest(value, span, holds) }
    }
    var system: [Derivative] = []
    for statement in neuron.statements {
      if case .local(let name, let span, let value) = statement {
        attempt { (lowering) throws(Failed) in
          try lowering.declareLocal(name, span)
          try lowering.define(Local(name: name, value: value))
          lowering.locals.append(Local(name: name, value: value))
          lowering.allLocals.append(Local(name: name, value: value))
        }
        continue
      }
      if case .refractory = statement { continue }
      if neuron.onInput != nil, case .state = statement { continue }
      if case .derivative(let name, let span, let value) = statement {
        assigned.insert(name)
        system.append(Derivative(name: name, span: span, value: value))
        continue
      }
      if case .integrator = statement { continue }
      attempt { (lowering) throws(Failed) in try lowering.integrate(system) }
      (system, locals) = ([], [])
      lower(statement, isOnSpike: false)
    }
    attempt { (lowering) throws(Failed) in try lowering.integrate(system) }
  }

  private mutating func attempt(_ body: (inout NeuronLowering) throws(Failed) -> Void) {
    do throws(Failed) { try body(&self) } catch {}
  }

  mutating func lower(_ statement: NeuronStatement, isOnSpike: Bool) {
    attempt { (lowering) throws(Failed) in
      switch statement {
      case .state(let states):
        for state in states { try lowering.declare(state.name, state.span, state.initial, isOnSpike: isOnSpike) }
      case .assign(let name, let span, let operation, let value): try lowering.assign(name, span, operation, value)
      case .derivative(_, let span, _), .integrator(_, let span):
        lowering.report(
          "`on spike` holds assignments alone", span, label: "this belongs among the equations",
          help: "a spike changes states at once: `v -= theta`")
      case .local(_, let span, _) where isOnSpike, .refractory(_, let span, _) where isOnSpike, .output(_, let span) where isOnSpike:
        lowering.report(
          "an event changes states alone", span, label: "this belongs among the equations", help: "a spike changes states at once: `v -= theta`")
      case .local, .refractory: break
      case .output(let value, let span):
        if lowering.outputSpan != nil { lowering.report("a neuron has one output", span, label: "the second") }
        lowering.outputSpan = span
        lowering.outputPlace = try lowering.expression(value).place
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
      .spikeNever(let span), .local(_, let span, _), .refractory(_, let span, _), .output(_, let span):
      span
    }
  }

  private mutating func declare(_ name: String, _ span: Span, _ initial: NodeID, isOnSpike: Bool) throws(Failed) {
    if isOnSpike || values[name] != nil {
      report(
        isOnSpike ? "a state is declared outside `on spike`" : "`\(name)` is defined twice", span, label: "here")
      throw Failed()
    }
    if case .name(let parameter) = tree[initial], definition.parameterNames.contains(parameter), let start = values[parameter] {
      definition.stateNames.append(name)
      definition.stateDimensions.append(start.dimension)
      definition.initialValues.append(0)
      stateSpans.append(span)
      let number = definition.stateNames.count - 1
      starts[number] = start.place
      // In the first step the parameter stands for the state, so that a learnt one gets its gradient there.
      let place = add(.select(add(.state(Self.elapsed)), add(.state(number)), start.place))
      values[name] = Typed(place: place, dimension: start.dimension)
      return
    }
    let given = constant(initial)
    if given == nil {
      report(
        "a state starts from a number or a parameter", tree.span(initial), label: "neither",
        help: "write `state \(name) = 0`, or `state \(name) = start` with a parameter `start = learn(0)`")
    }
    // A state whose start is wrong is known all the same, so that this one mistake is told once.
    let value = given ?? (number: 0, dimension: .none)
    definition.stateNames.append(name)
    definition.stateDimensions.append(value.dimension)
    definition.initialValues.append(value.number)
    stateSpans.append(span)
    values[name] = Typed(place: add(.state(definition.stateNames.count - 1)), dimension: value.dimension)
  }

  mutating func unknownState(_ name: String, _ span: Span) -> Failed {
    hasUnknownState = true
    if localNames.contains(name) {
      report(
        "`\(name)` is not a state", span, label: "`let` gives a value of this step a name, and it stays",
        help: "declare it as `state \(name) = …` to change it")
    } else if definition.parameterNames.contains(name) || name == "input" {
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
        help: "a neuron that fires for several reasons joins them: `spike when a >= 1 or b >= 1`")
      throw Failed()
    }
    conditionSpan = span
  }

  private mutating func spike(_ condition: NodeID, _ span: Span, isOnSpike: Bool) throws(Failed) {
    try noteCondition(span, isOnSpike: isOnSpike)
    let isMixed = strictness(condition, negated: false).count > 1
    let (distance, isStrict) = try distance(condition, negated: false, isMixed: isMixed)
    definition.distance = rest.map { add(.select($0.isActive, distance, add(.constant(-1)))) } ?? distance
    definition.isStrict = isStrict
  }

  /// Whether the comparisons of a condition fire at a distance of exactly 0.
  private func strictness(_ condition: NodeID, negated: Bool) -> Set<Bool> {
    switch tree[condition] {
    case .and(let a, let b), .or(let a, let b): strictness(a, negated: negated).union(strictness(b, negated: negated))
    case .unary(.not, let a): strictness(a, negated: !negated)
    case .comparison(_, let operators): [(operators.first == .greater || operators.first == .less) != negated]
    default: []
    }
  }

  /// The value that is at least 0, or above 0 where it is strict, where a condition holds: of `a and b` the smaller, of
  /// `a or b` the larger.
  private mutating func distance(
    _ condition: NodeID, negated: Bool, isMixed: Bool
  ) throws(Failed) -> (place: Int, isStrict: Bool) {
    switch tree[condition] {
    case .unary(.not, let operand): return try distance(operand, negated: !negated, isMixed: isMixed)
    case .and(let left, let right), .or(let left, let right):
      let (a, b) = (
        try distance(left, negated: negated, isMixed: isMixed), try distance(right, negated: negated, isMixed: isMixed))
      let isAnd = if case .and = tree[condition] { !negated } else { negated }
      return (add(isAnd ? .minimum(a.place, b.place) : .maximum(a.place, b.place)), a.isStrict)
    default:
      let one = try comparison(condition)
      let place = negated ? add(.negate(one.place)) : one.place
      let isStrict = one.isStrict != negated
      guard isMixed, isStrict else { return (place, isStrict) }
      // Among others that fire at 0, a strict one is moved below it there.
      let below = add(.binary(.subtract, place, add(.constant(1e-30))))
      return (add(.select(add(.compare(.greater, place, add(.constant(0)))), place, below)), false)
    }
  }

  private mutating func comparison(_ condition: NodeID) throws(Failed) -> (place: Int, isStrict: Bool) {
    guard case .comparison(let operands, let operators) = tree[condition], operands.count == 2 else {
      report(
        "a spike condition is made of comparisons", tree.span(condition), label: "not a comparison",
        help: "write `spike when v >= theta`, or several with `and`, `or` and `not`", kind: .type)
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
    return (distance, operators[0] == .greater || operators[0] == .less)
  }

  // MARK: rest, output and hidden states

  mutating func declareLocal(_ name: String, _ span: Span) throws(Failed) {
    if values[name] != nil || name == "input" {
      report("`\(name)` is defined twice", span, label: "here")
      throw Failed()
    }
    localNames.insert(name)
  }

  /// `refractory 2ms holds v`: counted down from the spike on, in steps or in the unit of `dt`.
  private mutating func declareRest(_ value: NodeID, _ span: Span, _ holds: [(name: String, span: Span)]) throws(Failed) {
    if refractorySpan != nil {
      report("a neuron has one refractory time", span, label: "the second")
      throw Failed()
    }
    refractorySpan = span
    let whole = try expression(value)
    let step = values["dt"]
    guard whole.dimension == step?.dimension ?? .none || whole.isZero else {
      let help = whole.dimension == .time ? "add a parameter `dt = 1ms` to `\(neuron.name)`, the length of a step"
        : step?.dimension == .time ? "write a time, such as `refractory 2ms`" : "without `dt`, it is a number of steps: `refractory 2`"
      report("a refractory time is counted in steps", tree.span(value), label: "this is \(phrase(whole.dimension))", help: help, kind: .unit)
      throw Failed()
    }
    let length = step?.place ?? add(.constant(1))
    let left = add(.maximum(add(.binary(.subtract, add(.state(Self.resting)), length)), add(.constant(0))))
    // Half a step: what is left is a whole number of steps, up to rounding.
    let half = add(.binary(.multiply, length, add(.constant(0.5))))
    rest = (add(.compare(.less, left, half)), left, whole.place, holds)
  }

  /// While it rests, states that are held keep the values that the step began with.
  private mutating func holdStates() {
    guard let rest else { return }
    for (name, span) in rest.holds {
      guard let number = definition.stateNames.firstIndex(of: name), let now = values[name] else {
        _ = unknownState(name, span)
        continue
      }
      var before = add(.state(number))
      if let start = starts[number] { before = add(.select(add(.state(Self.elapsed)), before, start)) }
      let place = add(.select(rest.isActive, now.place, before))
      values[name]?.place = place
    }
  }

  /// Gives the states that the block does not name their numbers, behind the others; an output comes first.
  private mutating func addHiddenStates() {
    func free(_ name: String) -> String {
      definition.stateNames.contains(name) || definition.parameterNames.contains(name) ? free(name + "_") : name
    }
    let usesTime = definition.operations.contains(.state(Self.elapsed))
    var numbers: [Int: Int] = [:]
    if usesTime {
      numbers[Self.elapsed] = definition.stateNames.count
      definition.stateNames.append(free("elapsed"))
      definition.stateDimensions.append(.none)
      definition.initialValues.append(0)
      let now = add(.state(Self.elapsed))
      // Whole numbers of 32-bit floats end at 2^24: the count begins again well before, and never at 0.
      let isFull = add(.compare(.greaterOrEqual, now, add(.constant(0x1p23))))
      let one = add(.constant(1))
      let next = add(.select(isFull, one, add(.binary(.add, now, one))))
      definition.updates.append(next)
      definition.resets.append(next)
    }
    if let rest {
      numbers[Self.resting] = definition.stateNames.count
      definition.stateNames.append(free("resting"))
      definition.stateDimensions.append(values["dt"]?.dimension ?? .none)
      definition.initialValues.append(0)
      definition.updates.append(rest.left)
      definition.resets.append(rest.whole)
    }
    let shift = outputPlace == nil ? 0 : 1
    definition.operations = definition.operations.map { operation in
      if case .state(let number) = operation { .state((numbers[number] ?? number) + shift) } else { operation }
    }
    if let outputPlace {
      definition.stateNames.insert(free("output"), at: 0)
      definition.stateDimensions.insert(.none, at: 0)
      definition.initialValues.insert(0, at: 0)
      definition.updates.insert(outputPlace, at: 0)
      definition.resets.insert(outputPlace, at: 0)
    }
  }

  /// Runs `body` with every state at its first value and no input.
  private mutating func initially(_ body: (inout NeuronLowering) throws(Failed) -> Int) throws(Failed) -> Int {
    let saved = values
    defer { values = saved }
    for (index, name) in definition.stateNames.enumerated() {
      values[name] = Typed(
        place: starts[index] ?? add(.constant(definition.initialValues[index])),
        dimension: definition.stateDimensions[index])
    }
    values["input"] = Typed(place: add(.constant(0)), dimension: .none)
    for local in allLocals { try define(local) }
    return try body(&self)
  }
}
