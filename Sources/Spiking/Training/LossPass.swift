// The step from a network's activity to the loss and back: the only place where training meets the tape.

import Faults
import Tensors

/// The value of a loss, and its gradients by the place of the neurons or the layer into whose output they flow.
struct LossPass {
  var value: Double
  var gradients: [[Int]: Tensor]

  init(value: Double, gradients: [[Int]: Tensor]) { (self.value, self.gradients) = (value, gradients) }

  /// - Parameter wantsGradients: false when only the value is of use.
  init(
    _ loss: any Loss, _ trace: NetworkTrace, target: Tensor, layers: Int, wantsGradients: Bool
  ) throws(Fault) {
    let tape = Tape()
    defer { tape.close() }
    let output = trace.output
    let last = [layers - 1]
    let flat = try output.tensor().reshaped([output.steps, output.batch, output.features])
    let tracked = try tape.watch(flat)
    var watched: [(place: [Int], tensor: Tensor, shape: [Int])] = [(last, tracked, output.shape)]
    var given = LossInput(output: tracked, target: target)
    if loss.needs.contains(.spikes) {
      for (place, signal) in trace.activity {
        if place == last {
          given.spikes.append(try tracked.reshaped(output.shape))
        } else {
          let tensor = try tape.watch(try signal.tensor())
          given.spikes.append(tensor)
          watched.append((place, tensor, tensor.shape))
        }
      }
    }
    let result = try loss.number(given)
    value = result.value
    gradients = [:]
    guard wantsGradients else { return }
    let flows = try tape.gradients(of: result.tensor, withRespectTo: watched.map(\.tensor))
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

extension Loss {
  /// The loss as a number, which must be one.
  ///
  /// - Throws: `.shape` for something else, `.value` for a number that doesn't depend on what is differentiated.
  func number(_ given: LossInput) throws(Fault) -> (tensor: Tensor, value: Double) {
    let result = try value(given)
    guard let number = result.item else {
      throw Fault(
        .shape, "a loss must be a single number",
        label: "`\(name)` gave shape \(Shape.text(result.shape))", help: "reduce it, with sum or mean")
    }
    let isWatched = given.output.isTracked || given.spikes.contains(where: \.isTracked)
    guard result.isTracked || !isWatched else {
      throw Fault(
        .value, "the loss does not depend on the output of the network",
        label: "`\(name)` gave \(number) without using it",
        help: "compute it from `output` (or `spikes`) with arithmetic on tensors")
    }
    return (result, Double(number))
  }
}

/// A pass whose loss reads the states of neurons: the network's equations are recorded step by step, so that a gradient
/// may arrive at each state.
struct StatePass {
  var value: Double
  /// For each layer one gradient for each parameter.
  var gradients: [[Tensor]]

  init(_ loss: any Loss, _ network: Network, _ input: Signal, target: Tensor, _ pass: Pass) throws(Fault) {
    let tape = Tape()
    defer { tape.close() }
    let (watched, leaves) = try network.watched(by: tape)
    let walk = try watched.walk(TapedSignal(input), pass)
    var given = LossInput(
      output: try walk.output.reshaped([input.steps, input.batch, network.outputs]), target: target)
    for recording in walk.recordings {
      given.states.append(recording.states)
      if let spikes = recording.spikes { given.spikes.append(try spikes.tensor()) }
    }
    let result = try loss.number(given)
    value = result.value
    var flows = try tape.gradients(of: result.tensor, withRespectTo: leaves)[...]
    gradients = network.layers.map { layer in layer.parameters.compactMap { _ in flows.popFirst() } }
  }
}
