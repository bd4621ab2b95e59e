// Prices on activity, added to a loss: neurons that fire too much or not at all.

import Faults
import Tensors

/// A price on the spikes of hidden neurons.
public protocol Regularizer: Component {
  /// The price of a batch, from each population's spikes `[time, batch, ...features]`.
  func price(_ spikes: [Tensor]) throws(Fault) -> Tensor
}

/// All regularisers, in the order in which help lists them; a new one is a file in this folder and its name here.
public let regularizers: [any Regularizer.Type] = [SpikesAbove.self, SpikesBelow.self]

/// A loss with prices on activity added.
public struct RegularizedLoss: Loss {
  public let loss: any Loss
  public let regularizers: [any Regularizer]

  public init(_ loss: any Loss, _ regularizers: [any Regularizer]) {
    self.loss = loss
    self.regularizers = regularizers
  }

  public var name: String { loss.name }
  public var settings: [(name: String, value: Setting)] { loss.settings }
  public var callText: String { ([loss.callText] + regularizers.map(\.callText)).joined(separator: " + ") }
  public var targets: TargetKind { loss.targets }
  public var needs: LossNeeds { regularizers.isEmpty ? loss.needs : loss.needs.union(.spikes) }
  public var decoder: Decoder? { loss.decoder }
  public var readout: Readout? { loss.readout }
  public var isSerial: Bool { loss.isSerial }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    var sum = try loss.value(given)
    for regularizer in regularizers { sum = try sum + regularizer.price(given.spikes) }
    return sum
  }
}

extension [Tensor] {
  /// The sum over populations of the mean of squares of what `distance` makes of spikes a sample.
  ///
  /// - Parameter eachNeuron: whether each neuron's count is looked at, or the mean over the population's.
  func squaredDistances(
    eachNeuron: Bool, _ distance: (Tensor) throws(Fault) -> Tensor
  ) throws(Fault) -> Tensor {
    var sum = try Tensor.scalar(0)
    for spikes in self {
      let batch = spikes.shape[1]
      var counts = try spikes.reshaped([spikes.shape[0], batch, spikes.count / Swift.max(1, spikes.shape[0] * batch)]).sum(over: [0])
      if !eachNeuron { counts = try counts.mean(over: [1]) }
      sum = try sum + distance(counts).unary(.relu).unary(.square).mean()
    }
    return sum
  }
}
