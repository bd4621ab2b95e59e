// Which synapses a layer of weights has, where it has not all.

import Faults
import Tensors

/// How sparse connections are found.
public enum Connectivity: Sendable {
  /// Each synapse is there with a probability.
  case probability(Double)
  /// Each output has so many inputs, drawn without repetition.
  case fanIn(Int)
  /// 1 for each synapse that is there, else 0, `[inputs, outputs]`.
  case mask(Tensor)

  public static let settingName = "connect"

  var setting: Setting {
    switch self {
    case .probability(let share): .number(share)
    case .fanIn(let count): .integer(count)
    case .mask: .text("given")
    }
  }

  init?(_ setting: Setting?, mask: Tensor?) throws(Fault) {
    switch setting {
    case nil: return nil
    case .number(let share): self = .probability(share)
    case .integer(let count): self = .fanIn(count)
    default:
      guard let mask else { throw Fault(.value, "the description of a layer has no usable `connect`") }
      self = .mask(mask)
    }
  }

  /// A `.value` fault for connections that cannot be.
  public func check(inputs: Int? = nil) throws(Fault) {
    switch self {
    case .probability(let share):
      guard share > 0, share <= 1 else {
        throw Fault(
          .value, "`connect` is a probability above 0 and up to 1", label: "found \(NumberText.whole(share))",
          help: "a whole number of 1 or more is how many inputs each output has")
      }
    case .fanIn(let count):
      guard count >= 1, count <= inputs ?? Int.max else {
        throw Fault(
          .value, "an output cannot have \(counted(count, "input"))",
          label: inputs.map { "the layer has \($0)" } ?? "connect is \(count)", help: "a probability is written 0.1")
      }
    case .mask(let mask):
      guard mask.rank == 2, mask.scalars.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw Fault(
          .value, "a mask of connections is a matrix of 0 and 1, [inputs, outputs]", label: "its shape is \(Shape.text(mask.shape))")
      }
    }
  }

  /// 1 for each synapse that is there, else 0.
  func mask(_ shape: [Int], stream: RandomStream) throws(Fault) -> Tensor {
    let (inputs, outputs) = (shape[0], shape[1])
    try check(inputs: inputs)
    var draws = stream
    switch self {
    case .mask(let mask):
      guard mask.shape == shape else {
        throw Fault(
          .shape, "the mask of connections does not fit",
          label: "it is \(Shape.text(mask.shape)), the weights are \(Shape.text(shape))")
      }
      return mask
    case .probability(let share):
      let chances = try draws.uniformTensor(shape).scalars
      return try Tensor(chances.map { $0 < Float(share) ? 1 : 0 }, shape: shape)
    case .fanIn(let count):
      var mask = [Float](repeating: 0, count: try Shape.count(shape))
      for output in 0..<outputs {
        if output % 64 == 0 { try Interrupt.check() }
        // The first places of a permutation, of which no more are made than are needed.
        var moved: [Int: Int] = [:]
        for place in 0..<count {
          let other = place + draws.integer(below: inputs - place)
          mask[(moved[other] ?? other) * outputs + output] = 1
          moved[other] = moved[place] ?? place
        }
      }
      return try Tensor(mask, shape: shape)
    }
  }
}
