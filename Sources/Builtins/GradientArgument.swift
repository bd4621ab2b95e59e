// What a gradient is taken by: the numbers, tensors and networks in a value, each a leaf of a tape.

import Faults
import Language
import Machine
import Spiking
import Tensors

/// An argument on its way to a function that is differentiated, and the gradient in its form.
final class GradientArgument {
  private enum Leaf {
    case number(NumberTrace, Dimension)
    case tensor(Tensor)
  }

  private let argument: Value
  private var leaves: [Leaf] = []

  /// Borrows the argument for as long as it lives.
  init(_ argument: Value) { self.argument = argument }

  /// The argument with each number and tensor in it watched, owned.
  func watched(by tape: Tape) throws(Fault) -> Value {
    leaves = []
    return try Self.rebuild(argument, depth: 0) { (part) throws(Fault) in
      if part.tape != nil { throw Tape.nested }
      if let (spikes, _) = part.asSignal {
        let tensor = try watch(try spikes.tensor(), tape)
        return .spikes(spikes, tracked: tensor)
      }
      if let tensor = part.asTensor { return .tensor(try watch(tensor, tape)) }
      if let network = part.asForeign(NetworkValue.self)?.network {
        let watched = try network.watched(by: tape)
        leaves += watched.leaves.map { .tensor($0) }
        return .foreign(NetworkValue(watched.network))
      }
      if let layer = part.asForeign(LayerValue.self)?.layer {
        let watched = try layer.watched(by: tape)
        leaves += watched.leaves.map { .tensor($0) }
        return .foreign(LayerValue(watched.layer))
      }
      let number = tape.watchNumber()
      leaves.append(.number(number, part.asQuantity?.dimension ?? .none))
      return .tracked(part.retained(), number)
    }
  }

  private func watch(_ tensor: Tensor, _ tape: Tape) throws(Fault) -> Tensor {
    let tracked = try tape.watch(tensor)
    leaves.append(.tensor(tracked))
    return tracked
  }

  /// The argument's form with the slope in the place of each number, owned.
  ///
  /// - Parameter dimension: of what was differentiated; that by a quantity is divided by the quantity's.
  func gradient(_ gradients: Tape.Gradients, of dimension: Dimension) throws(Fault) -> Value {
    var slopes: [Tensor] = []
    var numbers: [Value] = []
    defer { numbers.forEach { $0.release() } }
    for leaf in leaves {
      switch leaf {
      case .tensor(let tensor): slopes.append(try gradients.by(tensor))
      case .number(let number, let unit):
        guard let quotient = dimension.multiplied(by: unit, sign: -1) else {
          throw Fault(.unit, "the power of a unit is too large")
        }
        numbers.append(.quantity(try gradients.by(number), quotient))
      }
    }
    var (restOfSlopes, restOfNumbers) = (slopes[...], numbers[...])
    return try Self.rebuild(argument, depth: 0) { (part) throws(Fault) in
      if let network = part.asForeign(NetworkValue.self)?.network {
        let carried = try network.carrying(&restOfSlopes)
        return .foreign(
          NetworkValue(try carried.replacingLayers(carried.layers.map { $0.measuringSlopes { Self.unit($0, $1, dimension) } })))
      }
      if let layer = part.asForeign(LayerValue.self)?.layer {
        return .foreign(LayerValue(try layer.carrying(&restOfSlopes).measuringSlopes { Self.unit($0, $1, dimension) }))
      }
      if part.tag == .tensor || part.tag == .spikes {
        return restOfSlopes.popFirst().map { Machine.scalarOrTensor($0) } ?? .nil
      }
      return restOfNumbers.popFirst()?.retained() ?? .nil
    }
  }

  /// The unit of a slope by a parameter: that of what was differentiated over that of the parameter.
  private static func unit(_ slope: Double, _ unit: ParameterUnit, _ dimension: Dimension) -> ParameterUnit {
    guard let own = unit.dimension, let quotient = dimension.multiplied(by: own, sign: -1) else { return unit }
    return ParameterUnit(slope, quotient)
  }

  /// Visits the parts of a value that have gradients, in order, and puts others in their place.
  static func rebuilt(_ value: Value, _ body: (Value) throws(Fault) -> Value) throws(Fault) -> Value {
    try rebuild(value, depth: 0, body)
  }

  private static func rebuild(
    _ value: Value, depth: Int, _ body: (Value) throws(Fault) -> Value
  ) throws(Fault) -> Value {
    if depth > 32 {
      throw Fault(.limit, "an argument nested too deeply for a gradient", label: "more than 32 levels")
    }
    if value.amount != nil || value.tag == .tensor || value.tag == .spikes || value.asForeign(NetworkValue.self) != nil
      || value.asForeign(LayerValue.self) != nil
    {
      return try body(value)
    }
    if let elements = value.elements {
      let parts = try Machine.gathered { (parts) throws(Fault) in
        for element in elements { parts.append(try rebuild(element, depth: depth + 1, body)) }
      }
      return value.tag == .tuple ? .tuple(parts) : .list(parts)
    }
    if let map = value.asMap {
      var keys: [String] = []
      for pair in map.pairs {
        guard let key = pair.key.asString else {
          throw Fault(.type, "a map of parameters has names as keys", label: "found \(pair.key.description(of: .kind))")
        }
        keys.append(key)
      }
      let parts = try Machine.gathered { (parts) throws(Fault) in
        for pair in map.pairs { parts.append(try rebuild(pair.value, depth: depth + 1, body)) }
      }
      return .map(Array(zip(keys, parts)))
    }
    throw Fault(
      .type, "a gradient is with respect to numbers, tensors and networks", label: "found \(value.description(of: .kind))",
      help: "give what is not differentiated as a further argument")
  }
}
