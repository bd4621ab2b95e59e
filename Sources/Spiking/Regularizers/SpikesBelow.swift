import Faults
import Tensors

/// `weight mean (max(0, limit - n))^2` over the spikes n of a sample: what keeps neurons from falling silent.
public struct SpikesBelow: Regularizer {
  public var limit = 0.5
  public var weight = 0.01
  public var eachNeuron = true

  public init() {}

  public static let declaration = Declaration<SpikesBelow>(
    "spikes_below",
    """
    A price on silence, for `fit`: `weight mean (max(0, limit - n))^2`, with n each neuron's spikes a sample, or with
    `each_neuron=false` the population's mean; summed over the populations (Zenke and Vogels 2021).
    """,
    [
      .number("limit", \.limit, .notNegative, "spikes a sample below which a neuron costs"),
      .number("weight", \.weight, .notNegative, "how much what is missing counts"),
      .flag("each_neuron", \.eachNeuron, "whether each neuron is looked at by itself, not the population's mean"),
    ],
    example: "print(spikes_below(limit=1.0).limit)   # expect: 1.0")

  public func price(_ spikes: [Tensor]) throws(Fault) -> Tensor {
    try spikes.squaredDistances(eachNeuron: eachNeuron) { (counts) throws(Fault) in try Float(limit) - counts } * Float(weight)
  }
}
