import Faults
import Language

/// How a step of length `dt` is taken along `dv/dt = f(v)`.
enum Integrator: String, CaseIterable {
  /// `v + dt f(v)`.
  case euler
  /// `v + f(v) (e^(a dt) - 1) / a` with `a = df/dv` (and `v + dt f(v)` where a is 0): each equation as if it were linear in its own state, and the
  /// other states and the input stood still during the step (exponential Euler, Rosenbrock's form).
  case exponential
  /// The same, only where it is the exact solution: one linear equation that no other one moves.
  case exact
  /// The midpoint rule, of second order.
  case rk2
  /// The classical Runge-Kutta rule, of fourth order.
  case rk4

  static let list = "there are \(allCases.map(\.rawValue).joined(separator: ", "))"
}

struct Derivative {
  var name: String
  var span: Span
  var value: NodeID
}

/// Turns `dv/dt = …` into the values after a step.
extension NeuronLowering {
  /// Replaces the states of a system by their values a step later. All right sides see the states before the system.
  mutating func integrate(_ system: [Derivative]) throws(Failed) {
    guard !system.isEmpty else { return }
    for (index, equation) in system.enumerated() {
      guard dimension(ofState: equation.name) != nil else { throw unknownState(equation.name, equation.span) }
      if system[..<index].contains(where: { $0.name == equation.name }) {
        report("`\(equation.name)` has two derivatives", equation.span, label: "the second")
        throw Failed()
      }
    }
    let start = values
    let slopes = try rightSides(system)
    for (equation, slope) in zip(system, slopes) { try checkRate(equation, slope) }
    let step = values["dt"]?.place
    var results: [Int] = []
    switch integrator {
    case .euler:
      for (equation, slope) in zip(system, slopes) {
        results.append(moved(start[equation.name], scaled(slope.place, step)))
      }
    case .exponential, .exact:
      for (equation, slope) in zip(system, slopes) { results.append(try exponential(equation, slope, system, step)) }
    case .rk2:
      let middle = try slopesAfter(system, start, slopes.map(\.place), step, 0.5)
      for (equation, slope) in zip(system, middle) { results.append(moved(start[equation.name], scaled(slope, step))) }
    case .rk4:
      let second = try slopesAfter(system, start, slopes.map(\.place), step, 0.5)
      let third = try slopesAfter(system, start, second, step, 0.5)
      let fourth = try slopesAfter(system, start, third, step, 1)
      for (index, equation) in system.enumerated() {
        let inner = add(.binary(.add, second[index], third[index]))
        let outer = add(.binary(.add, slopes[index].place, fourth[index]))
        let sum = add(.binary(.add, outer, add(.binary(.multiply, add(.constant(2)), inner))))
        let mean = add(.binary(.divide, sum, add(.constant(6))))
        results.append(moved(start[equation.name], scaled(mean, step)))
      }
    }
    values = start
    for (equation, place) in zip(system, results) { values[equation.name]?.place = place }
  }

  private mutating func rightSides(_ system: [Derivative]) throws(Failed) -> [Typed] {
    for local in locals { try define(local) }
    var slopes: [Typed] = []
    for equation in system { slopes.append(try expression(equation.value)) }
    return slopes
  }

  private mutating func scaled(_ slope: Int, _ step: Int?) -> Int {
    step.map { add(.binary(.multiply, slope, $0)) } ?? slope
  }

  private mutating func moved(_ state: Typed?, _ change: Int) -> Int {
    add(.binary(.add, state?.place ?? 0, change))
  }

  /// The right sides at the states that a part of a step along `slopes` leads to.
  private mutating func slopesAfter(
    _ system: [Derivative], _ start: [String: Typed], _ slopes: [Int], _ step: Int?, _ part: Double
  ) throws(Failed) -> [Int] {
    values = start
    for (equation, slope) in zip(system, slopes) {
      var change = scaled(slope, step)
      if part != 1 { change = add(.binary(.multiply, add(.constant(part)), change)) }
      let place = moved(start[equation.name], change)
      values[equation.name]?.place = place
    }
    let places = try rightSides(system).map(\.place)
    values = start
    return places
  }

  /// A rate has the dimension of its state a time.
  private mutating func checkRate(_ equation: Derivative, _ slope: Typed) throws(Failed) {
    guard let state = dimension(ofState: equation.name) else { return }
    if slope.isZero { return }
    let step = values["dt"]
    let length = step?.dimension ?? .none
    if slope.dimension.multiplied(by: length) == state { return }
    let label = "this is \(phrase(slope.dimension))"
    if step == nil, slope.dimension.multiplied(by: .time) == state {
      report(
        "`d\(equation.name)/dt` needs the length of a step", tree.span(equation.value), label: label,
        help: "add a parameter `dt = 1ms` to `\(neuron.name)`", kind: .unit)
    } else {
      let wanted = state.multiplied(by: length, sign: -1) ?? state
      report(
        "units do not match in `d\(equation.name)/dt`", tree.span(equation.value), label: label,
        help: "`\(equation.name)` is \(phrase(state)), so its rate is \(phrase(wanted))"
          + (slope.dimension == state ? ": divide by a time, as in `(…) / tau`" : ""), kind: .unit)
    }
    throw Failed()
  }

  // MARK: exponential steps

  private mutating func exponential(
    _ equation: Derivative, _ slope: Typed, _ system: [Derivative], _ step: Int?
  ) throws(Failed) -> Int {
    let state = values[equation.name]?.place ?? 0
    if integrator == .exact {
      for other in system where other.name != equation.name {
        if let place = values[other.name]?.place, depends(slope.place, on: place) {
          report(
            "`exact` cannot integrate `d\(equation.name)/dt`", tree.span(equation.value),
            label: "`\(other.name)` moves during the step",
            help: "`integrator exponential` holds the other states still for a step", kind: .value)
          throw Failed()
        }
      }
    }
    var known: [Int: Int?] = [:]
    guard let factor = try slopeDerivative(slope.place, by: state, equation, &known) else {
      return add(.binary(.add, state, scaled(slope.place, step)))
    }
    if integrator == .exact, depends(factor, on: state) {
      report(
        "`exact` needs an equation that is linear in its state", tree.span(equation.value),
        label: "not linear in `\(equation.name)`",
        help: "use `integrator exponential`, `rk2` or `rk4`", kind: .value)
      throw Failed()
    }
    // Not (e^(a dt) - 1) / a: it has no value at a = 0, where the step is dt, and few digits near it.
    let part = add(.function(NeuronDefinition.growth, scaled(factor, step)))
    return add(.binary(.add, state, add(.binary(.multiply, slope.place, scaled(part, step)))))
  }

  private func depends(_ place: Int, on other: Int) -> Bool {
    if place <= other { return place == other }
    var found = [Bool](repeating: false, count: place - other + 1)
    found[0] = true
    for index in other + 1...place {
      found[index - other] = definition.operations[index].operands.contains { $0 >= other && found[$0 - other] }
    }
    return found[place - other]
  }

  /// The derivative of an operation by a state, as a place; nil where it is 0.
  private mutating func slopeDerivative(
    _ place: Int, by state: Int, _ equation: Derivative, _ known: inout [Int: Int?]
  ) throws(Failed) -> Int? {
    if place == state { return add(.constant(1)) }
    if let answer = known[place] { return answer }
    let answer = depends(place, on: state) ? try newDerivative(place, by: state, equation, &known) : nil
    known[place] = .some(answer)
    return answer
  }

  private mutating func newDerivative(
    _ place: Int, by state: Int, _ equation: Derivative, _ known: inout [Int: Int?]
  ) throws(Failed) -> Int? {
    func slope(_ lowering: inout NeuronLowering, _ operand: Int) throws(Failed) -> Int? {
      try lowering.slopeDerivative(operand, by: state, equation, &known)
    }
    switch definition.operations[place] {
    case .input, .state, .parameter, .constant, .compare, .noise: return nil
    case .negate(let a):
      guard let da = try slope(&self, a) else { return nil }
      return add(.negate(da))
    case .binary(.add, let a, let b):
      guard let da = try slope(&self, a) else { return try slope(&self, b) }
      guard let db = try slope(&self, b) else { return da }
      return add(.binary(.add, da, db))
    case .binary(.subtract, let a, let b):
      guard let db = try slope(&self, b) else { return try slope(&self, a) }
      guard let da = try slope(&self, a) else { return add(.negate(db)) }
      return add(.binary(.subtract, da, db))
    case .binary(.multiply, let a, let b):
      let left = try slope(&self, a).map { add(.binary(.multiply, $0, b)) }
      let right = try slope(&self, b).map { add(.binary(.multiply, a, $0)) }
      guard let left, let right else { return left ?? right }
      return add(.binary(.add, left, right))
    case .binary(.divide, let a, let b):
      let left = try slope(&self, a).map { add(.binary(.divide, $0, b)) }
      guard let db = try slope(&self, b) else { return left }
      let right = add(.binary(.multiply, add(.binary(.divide, place, b)), db))
      return left.map { add(.binary(.subtract, $0, right)) } ?? add(.negate(right))
    case .binary(.power, let a, let b) where !depends(b, on: state):
      guard let da = try slope(&self, a) else { return nil }
      let lower = add(.binary(.power, a, add(.binary(.subtract, b, add(.constant(1))))))
      return add(.binary(.multiply, add(.binary(.multiply, b, lower)), da))
    case .function(let name, let a):
      guard let da = try slope(&self, a), let factor = functionSlope(name, a, place) else { break }
      return add(.binary(.multiply, factor, da))
    case .select(let test, let a, let b):
      let zero = add(.constant(0))
      return add(.select(test, try slope(&self, a) ?? zero, try slope(&self, b) ?? zero))
    default: break
    }
    report(
      "`\(integrator.rawValue)` cannot integrate this equation", tree.span(equation.value),
      label: "its slope in `\(equation.name)` is not known", help: "use `integrator rk2` or `rk4`", kind: .value)
    throw Failed()
  }

  /// The derivative of a function at its argument `a`, of which `result` is the value.
  private mutating func functionSlope(_ name: String, _ a: Int, _ result: Int) -> Int? {
    let one = add(.constant(1))
    switch name {
    case "exp": return result
    case "log": return add(.binary(.divide, one, a))
    case "sqrt": return add(.binary(.divide, add(.constant(0.5)), result))
    case "tanh": return add(.binary(.subtract, one, add(.binary(.multiply, result, result))))
    case "sigmoid": return add(.binary(.multiply, result, add(.binary(.subtract, one, result))))
    case "sin": return add(.function("cos", a))
    case "cos": return add(.negate(add(.function("sin", a))))
    default: return nil
    }
  }
}

extension NeuronDefinition.Operation {
  /// The places of the operations that it reads.
  var operands: [Int] {
    switch self {
    case .input, .state, .parameter, .constant: []
    case .noise(_, _, let time): [time]
    case .negate(let a), .function(_, let a): [a]
    case .binary(_, let a, let b), .minimum(let a, let b), .maximum(let a, let b), .compare(_, let a, let b): [a, b]
    case .select(let a, let b, let c): [a, b, c]
    }
  }
}
