// Neurons of Speck: no leak, and as many spikes in a step as thresholds fit into the potential.

/// Integrate-and-fire neurons (sinabs 3.1.3 for DYNAP-CNN):
///
///     v = v + sum + bias      n = v / threshold      v = max(v - n·threshold, least)
public struct IntegrateCell: FixedPointCell {
  public struct Parameters: Sendable, Equatable {
    public var threshold: Int64
    public var bias: Int64
    /// No potential goes below it.
    public var least: Int64

    public init(threshold: Int64, bias: Int64 = 0, least: Int64 = -largestState) {
      self.threshold = threshold
      self.bias = bias
      self.least = least
    }
  }

  public let parameters: [Parameters]
  public private(set) var potentials: [Int64]

  public init(_ parameters: [Parameters]) {
    self.parameters = parameters
    potentials = [Int64](repeating: 0, count: parameters.count)
  }

  public var count: Int { parameters.count }

  public mutating func step(_ sums: [Int64], _ spikes: inout [Int32]) {
    for neuron in parameters.indices {
      let own = parameters[neuron]
      var potential = (potentials[neuron] &+ sums[neuron] &+ own.bias).clamped(-largestState, largestState)
      var fired: Int64 = 0
      if potential >= own.threshold, own.threshold > 0 {
        // What would not fit 32 bits is never reached by sums of 8-bit weights.
        fired = min(potential / own.threshold, Int64(Int32.max))
        potential -= fired * own.threshold
      }
      potentials[neuron] = max(potential, own.least)
      spikes[neuron] = Int32(truncatingIfNeeded: fired)
    }
  }
}
