// Training over long times in little memory: the states at the beginning of each window of time are kept, and what lies
// between them is worked out again on the way back.

import Faults
import Tensors

/// How training goes through time.
public struct TimeWindows: Sendable, Equatable {
  /// Steps of a window.
  public var steps: Int
  /// Whether no gradient goes back beyond a window (truncated back-propagation through time), so that each is worked out
  /// but once; otherwise the gradient is that of the whole time, to rounding.
  public var isTruncated: Bool

  public init(steps: Int, isTruncated: Bool) {
    self.steps = steps
    self.isTruncated = isTruncated
  }

  /// - Throws: `.value` for no steps, or a network that needs the whole time at once.
  func check(_ network: Network, _ loss: any Loss) throws(Fault) {
    guard steps >= 1 else { throw Fault(.value, "a window of time has at least one step", label: "found \(steps)") }
    if let index = network.layers.firstIndex(where: \.needsWholeBatch) {
      throw Fault(
        .value, "windows of time and `\(network.layers[index].name)` do not go together",
        label: "its statistics are of all steps together", help: "take layer_norm(), or leave the windows out")
    }
    if let index = network.layers.firstIndex(where: \.needsWholeTime) {
      throw Fault(
        .value, "windows of time and `\(network.layers[index].name)` do not go together",
        label: "it hears all steps at once", help: "take sliding_psn(), which hears earlier steps alone, or leave the windows out")
    }
    if loss.needs.contains(.states) {
      throw Fault(.value, "windows of time and a loss of states do not go together", label: "`\(loss.name)` reads all states")
    }
  }
}

/// The loss and the gradients of a batch, window by window.
struct WindowedPass {
  var value: Double
  /// For each layer one gradient for each parameter.
  var gradients: [[Tensor]]
  /// What the network did; without what a way back needs.
  var trace: NetworkTrace

  init(
    _ loss: any Loss, _ network: Network, _ input: Signal, target: Tensor, _ windows: TimeWindows, _ pass: Pass
  ) throws(Fault) {
    let signal = try network.fitted(input).unrolled()
    let ranges = stride(from: 0, to: signal.steps, by: windows.steps).map { $0..<min(signal.steps, $0 + windows.steps) }
    var plain = pass
    plain.isTraining = false
    // Draws of dropout are those of a training pass.
    plain.drops = pass.drops
    var states = network.layers.map { _ in LayerState.none }
    var begins: [[LayerState]] = []
    var outputs: [Signal] = []
    var parts: [[Signal]] = []
    var places: [[Int]] = []
    for range in ranges {
      try Interrupt.check()
      begins.append(states)
      let run = try LayerRow.forward(network.layers, try signal.steps(range), plain, from: &states)
      outputs.append(run.output)
      places = run.activity.map(\.place)
      if parts.isEmpty { parts = places.map { _ in [] } }
      for (index, population) in run.activity.enumerated() { parts[index].append(population.output) }
    }
    var activity: [(place: [Int], output: Signal)] = []
    for (place, pieces) in zip(places, parts) { activity.append((place, try Signal.joined(pieces))) }
    trace = NetworkTrace(activity: activity, output: try Signal.joined(outputs))
    let answer = try LossPass(loss, trace, target: target, layers: network.layers.count, wantsGradients: true)
    value = answer.value
    gradients = []
    var later = network.layers.map { _ in LayerState.none }
    for (range, begin) in zip(ranges, begins).reversed() {
      try Interrupt.check()
      var states = begin
      let run = try LayerRow.forward(network.layers, try signal.steps(range), pass, from: &states)
      if windows.isTruncated { later = network.layers.map { _ in .none } }
      var direct: [[Int]: Tensor] = [:]
      for (place, gradient) in answer.gradients { direct[place] = try gradient.steps(range) }
      let part = try LayerRow.backward(
        network.layers, gradient: nil, memories: run.memories, direct: direct, wantsInput: false, pass, later: &later)
      if gradients.isEmpty {
        gradients = part.parameters
      } else {
        for (layer, list) in part.parameters.enumerated() {
          for (parameter, gradient) in list.enumerated() { try gradients[layer][parameter].add(gradient) }
        }
      }
    }
  }
}

extension Signal {
  /// Some steps.
  func steps(_ range: Range<Int>) throws(Fault) -> Signal {
    switch self {
    case .tensor(let tensor): .tensor(try tensor.steps(range))
    case .spikes(let spikes): .spikes(try spikes.timeSlice(range))
    case .steady(let values, _): .steady(values, steps: range.count)
    }
  }

  /// Pieces of time one after the other.
  static func joined(_ pieces: [Signal]) throws(Fault) -> Signal {
    guard let first = pieces.first else { return .tensor(try Tensor.zeros([0])) }
    if pieces.count == 1 { return first }
    let spikes = pieces.compactMap(\.spikes)
    guard spikes.count == pieces.count else {
      return .tensor(try Tensor.concatenate(try pieces.map { (piece) throws(Fault) in try piece.tensor() }))
    }
    let steps = pieces.reduce(0) { sum, piece in sum + piece.steps }
    var whole = try Spikes(shape: [steps] + Array(first.shape.dropFirst()))
    var row = 0
    for piece in spikes {
      whole.setRows(row, from: piece, 0, count: piece.steps * piece.batch)
      row += piece.steps * piece.batch
    }
    return .spikes(whole)
  }
}
