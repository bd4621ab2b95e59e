// The direct code: no spikes; the first layer's neurons make them.

import Faults
import Tensors

/// The value itself, as a constant current at each step.
public struct DirectEncoder: Encoder {
  public let name = "direct"
  public var steps: Int

  public init(steps: Int) {
    self.steps = steps
  }

  public var settings: [(name: String, value: Setting)] { [("steps", .integer(steps))] }

  public var chance: CodeChance { .none }
  public var carriesGradient: Bool { true }

  public func check() throws(Fault) { try checkSteps() }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let once = try values.expandedDimension(at: 0)
    return values.isTracked ? .tensor(try once.broadcast(to: [steps] + values.shape)) : .steady(once, steps: steps)
  }
}
