import Faults
import Language

/// What a block says beside its equations: names for values of a step, arrivals as events, rest after spikes, and the
/// states that these need.
extension NeuronLowering {
  /// Sets a local name to its value now.
  mutating func define(_ local: Local) throws(Failed) { values[local.name] = try expression(local.value) }

  /// Arrivals come first in a step: states change as `on input` says where something arrives.
  mutating func lowerArrivals(_ statements: [NeuronStatement]) {
    let before = values
    for statement in statements { lower(statement, isOnSpike: true) }
    let hasArrived = add(.compare(.notEqual, add(.input), add(.constant(0))))
    for name in definition.stateNames {
      guard let old = before[name]?.place, let new = values[name]?.place, new != old, !jumps(new, from: old) else { continue }
      let place = add(.select(hasArrived, new, old))
      values[name]?.place = place
    }
    values["input"] = nil
  }

  /// Whether a value is another plus something that is 0 where nothing arrives, so that it needs no case of its own.
  private func jumps(_ place: Int, from old: Int) -> Bool {
    if place == old { return true }
    return switch definition.operations[place] {
    case .binary(.add, let a, let b): jumps(a, from: old) && vanishes(b) || jumps(b, from: old) && vanishes(a)
    case .binary(.subtract, let a, let b): jumps(a, from: old) && vanishes(b)
    default: false
    }
  }

  private func vanishes(_ place: Int) -> Bool {
    switch definition.operations[place] {
    case .input: true
    case .constant(let value): value == 0
    case .negate(let a), .binary(.divide, let a, _): vanishes(a)
    case .function(let name, let a): ["abs", "relu", "tanh", "sin"].contains(name) && vanishes(a)
    case .binary(.multiply, let a, let b): vanishes(a) || vanishes(b)
    case .binary(.add, let a, let b), .binary(.subtract, let a, let b): vanishes(a) && vanishes(b)
    default: false
    }
  }
}
