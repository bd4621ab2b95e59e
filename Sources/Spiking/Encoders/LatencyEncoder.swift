// The latency code: one spike per feature, and its time is the message.

import Faults
import Tensors

/// Each `x > 0` fires exactly once, at step `round((1 - x) (steps - 1))`: 1 fires first, small values last,
/// and 0 not at all.
public struct LatencyEncoder: Encoder {
  public let name = "latency"
  public var steps: Int

  public init(steps: Int) {
    self.steps = steps
  }

  public var settings: [(name: String, value: Setting)] { [("steps", .integer(steps))] }

  public func check() throws(Fault) { try checkSteps() }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let last = Float(steps - 1)
    return .spikes(
      try spikeTrains(of: values, steps: steps, state: { _ in () }) { value, _, fire in
        fire(Int(((1 - value) * last).rounded()))
      })
  }
}
