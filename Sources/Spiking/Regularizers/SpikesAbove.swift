import Faults
import Tensors

/// `weight mean (max(0, n - limit))^2` over the spikes n of a sample (Zenke and Vogels 2021).
public struct SpikesAbove: Regularizer {
  public var limit = 10.0
  public var weight = 0.01
  public var eachNeuron = false

  public init() {}

  public static let declaration = Declaration<SpikesAbove>(
    "spikes_above",
    """
    A price on activity, for `fit`: `weight mean (max(0, n - limit))^2`, with n a population's mean spikes a neuron and
    sample, or with `each_neuron=true` those of each neuron; summed over the populations (Zenke and Vogels 2021).
    """,
    [
      .number("limit", \.limit, .notNegative, "spikes a sample that cost nothing"),
      .number("weight", \.weight, .notNegative, "how much what is above counts"),
      .flag("each_neuron", \.eachNeuron, "whether each neuron is looked at by itself, not the population's mean"),
    ],
    example: "print(spikes_above(limit=2.0).limit)   # expect: 2.0")

  public func price(_ spikes: [Tensor]) throws(Fault) -> Tensor {
    try spikes.squaredDistances(eachNeuron: eachNeuron) { (counts) throws(Fault) in try counts - Float(limit) } * Float(weight)
  }
}
