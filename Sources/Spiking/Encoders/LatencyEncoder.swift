// The latency code: one spike per feature, and its time is the message.

import Faults
import Tensors

/// Each `x > 0` fires exactly once, at step `round((1 - x) (steps - 1))`: 1 fires first, small values last,
/// and 0 not at all. A half is rounded up, to the later step, also for decimals such as 0.3 whose 32-bit float is a
/// little more.
public struct LatencyEncoder: Encoder {
  public let name = "latency"
  public var steps: Int

  public init(steps: Int) {
    self.steps = steps
  }

  public var settings: [(name: String, value: Setting)] { [("steps", .integer(steps))] }

  public var chance: CodeChance { .none }

  public func check() throws(Fault) { try checkSteps() }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let last = Double(steps - 1)
    return .spikes(
      try spikeTrains(of: values, steps: steps, state: { _ in () }) { value, _, fire in
        let lowest = max(0, Double(value) - value.roundingReach)
        fire(Int(((1 - lowest) * last + 0.5).rounded(.down)))
      })
  }
}
