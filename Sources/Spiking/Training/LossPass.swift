// The step from a network's activity to the loss and back: the only place where training meets the tape.

import Faults
import Tensors

/// The value of a loss, and its gradients by the place of the neurons or the layer into whose output they flow.
struct LossPass {
  var value: Double
  var gradients: [[Int]: Tensor]

  /// - Parameter wantsGradients: false when only the value is of use.
  init(
    _ loss: Loss, _ trace: NetworkTrace, labels: Tensor, layers: Int, wantsGradients: Bool
  ) throws(Fault) {
    let tape = Tape()
    defer { tape.close() }
    let output = trace.output
    let last = [layers - 1]
    let flat = try output.tensor().reshaped([output.steps, output.batch, output.features])
    let tracked = try tape.watch(flat)
    var watched: [(place: [Int], tensor: Tensor, shape: [Int])] = [(last, tracked, output.shape)]
    var spikes: [Tensor] = []
    if loss.usesSpikes {
      for (place, signal) in trace.activity {
        if place == last {
          spikes.append(try tracked.reshaped(output.shape))
        } else {
          let tensor = try tape.watch(try signal.tensor())
          spikes.append(tensor)
          watched.append((place, tensor, tensor.shape))
        }
      }
    }
    let result = try loss.function(tracked, labels, spikes)
    guard let number = result.item else {
      throw Fault(
        .shape, "a loss must be a single number",
        label: "`\(loss.name)` gave shape \(Shape.text(result.shape))", help: "reduce it, with sum or mean")
    }
    value = Double(number)
    gradients = [:]
    guard wantsGradients else { return }
    guard result.isTracked else {
      throw Fault(
        .value, "the loss does not depend on the output of the network",
        label: "`\(loss.name)` gave \(number) without using it",
        help: "compute it from `output` (or `spikes`) with arithmetic on tensors")
    }
    let flows = try tape.gradients(of: result, withRespectTo: watched.map(\.tensor))
    for (entry, flow) in zip(watched, flows) {
      gradients[entry.place] = try flow.reshaped(entry.shape)
    }
  }

  /// Adds gradients that flow into layers' outputs from elsewhere.
  mutating func add(_ more: [Int: Tensor]) throws(Fault) {
    for (layer, gradient) in more {
      if let before = gradients[[layer]] {
        gradients[[layer]] = try before + gradient.reshaped(before.shape)
      } else {
        gradients[[layer]] = gradient
      }
    }
  }
}
