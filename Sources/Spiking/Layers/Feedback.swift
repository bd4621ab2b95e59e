// How neurons hear each other's spikes one step later: each all others, or those around them through one small kernel.

import Faults
import Kernels
import Tensors

/// The connection of neurons with each other: a matrix `[neurons, neurons]`, from the row's neuron to the column's, or a
/// kernel `[channels, channels, …kernel]` that slides over their image or row and keeps its size (ConvLSTM's feedback, Shi et
/// al. 2015).
struct Feedback {
  let weight: Tensor
  /// Of the neurons.
  let features: [Int]
  private let geometry: ConvGeometry?

  init(_ weight: Tensor, features: [Int]) {
    self.weight = weight
    self.features = features
    geometry = Feedback.geometry(weight.shape)
  }

  /// The window of a kernel; nil for a matrix.
  static func geometry(_ shape: [Int]) -> ConvGeometry? {
    switch shape.count {
    case 3: geometry(axes: 1, kernel: .init(1, shape[2]))
    case 4: geometry(axes: 2, kernel: .init(shape[2], shape[3]))
    default: nil
    }
  }

  static func geometry(axes: Int, kernel: Window.Pair) -> ConvGeometry {
    ConvGeometry(axes: axes, kernel: kernel, padding: .init((kernel.y - 1) / 2, (kernel.x - 1) / 2))
  }

  /// The shape of a kernel's weights for neurons of the given features.
  ///
  /// - Throws: `.shape` for neurons in one row, `.value` for a kernel without a middle.
  static func kernelShape(_ kernel: Window.Pair, for features: [Int]) throws(Fault) -> [Int] {
    guard kernel.y >= 1, kernel.x >= 1, kernel.y % 2 == 1, kernel.x % 2 == 1 else {
      throw Fault(
        .value, "the kernel of `recurrent` must be odd, so that it has a middle", label: "kernel is \(kernel.setting.description)")
    }
    guard features.count == 3 || features.count == 2 else {
      throw Fault(
        .shape, "a kernel of `recurrent` slides over neurons in an image or a row", label: "the neurons are \(Shape.text(features))",
        help: "put it behind conv(…) or conv1d(…); without a kernel each neuron hears all")
    }
    return [features[0], features[0]] + (features.count == 3 ? [kernel.y, kernel.x] : [kernel.x])
  }

  /// The convolution that a kernel stands for; nil for a matrix.
  func convolution() throws(Fault) -> GroupedConvLayer? {
    guard let geometry else { return nil }
    return try GroupedConvLayer(weight: weight.detached, bias: nil, geometry)
  }

  /// What spikes `[time, batch, ...features]` bring to the neurons one step later.
  func forward(_ spikes: Signal) throws(Fault) -> Tensor {
    let shape = [spikes.steps, spikes.batch] + features
    guard let layer = try convolution() else {
      let row = try spikes.reshaped(features: [weight.shape[0]])
      return try Product.forward(row, weight: weight, bias: nil).reshaped(shape)
    }
    return try layer.forward(try spikes.reshaped(features: features), Pass()).output.tensor().reshaped(shape)
  }

  /// The gradient of the spikes, from that of what they brought.
  func inputGradient(_ gradient: Tensor) throws(Fault) -> Tensor {
    let shape = gradient.shape
    guard let geometry else {
      return try Product.inputGradient(try gradient.reshaped([shape[0], shape[1], weight.shape[0]]), weight: weight).reshaped(shape)
    }
    let window = try geometry.window(features, "recurrent")
    let image = [shape[0], shape[1]] + geometry.image(features)
    return try WindowProduct(window, outputs: features[0]).inputGradient(
      try gradient.reshaped(image), weight: try geometry.plain(weight, separatesGroups: false), shape: image
    ).reshaped(shape)
  }

  /// The gradient of the weights, from spikes `[time, batch, ...]` and that of what they brought.
  func weightGradient(_ spikes: Signal, _ gradient: Tensor) throws(Fault) -> Tensor {
    let rows = [spikes.steps, spikes.batch]
    guard let geometry else {
      let count = weight.shape[0]
      return try Product.weightGradient(
        try spikes.reshaped(features: [count]), outputGradient: try gradient.reshaped(rows + [count])).weight
    }
    let window = try geometry.window(features, "recurrent")
    let image = geometry.image(features)
    let full = try WindowProduct(window, outputs: features[0]).weightGradient(
      try spikes.reshaped(features: image), outputGradient: try gradient.reshaped(rows + image))
    return try geometry.gathered(full.weight, like: weight)
  }

  /// What spikes on a tape bring, where a tape records them or the weights.
  static func taped(_ spikes: Tensor, weight: Tensor, like drive: Tensor) throws(Fault) -> Tensor {
    guard weight.rank > 2 else {
      return try Tensor.matmul(try spikes.reshaped([drive.shape[1], weight.shape[0]]), weight).reshaped(drive.shape)
    }
    let feedback = Feedback(weight.detached, features: Array(drive.shape.dropFirst(2)))
    let heard = try spikes.detached.reshaped(drive.shape)
    let output = try feedback.forward(.tensor(heard))
    guard let tape = try Tape.common([spikes, weight]) else { return output }
    let (wantsSpikes, wantsWeight, shape) = (spikes.isTracked, weight.isTracked, spikes.shape)
    return try tape.record(inputs: [spikes, weight], output: output) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [
        wantsSpikes ? try feedback.inputGradient(gradient).reshaped(shape) : nil,
        wantsWeight ? try feedback.weightGradient(.tensor(heard), gradient) : nil,
      ]
    }
  }
}

extension RecurrentLayer {
  /// Which of the neurons hear which.
  func feedbackWiring(_ features: [Int]) -> Wiring {
    guard let kernel, let first = features.first else { return .all }
    return GroupedConvLayer(outputs: first, Feedback.geometry(axes: features.count - 1, kernel: kernel)).wiring(for: features)
  }

  /// The same neurons with a kernel over images that are one row high, where theirs slides along a row.
  func overImages() throws(Fault) -> RecurrentLayer {
    guard let recurrent, recurrent.rank == 3 else { return self }
    let shape = recurrent.shape
    return RecurrentLayer(model, recurrent: try recurrent.reshaped([shape[0], shape[1], 1, shape[2]]))
  }

  /// The feedback by a kernel as a plain convolution of images, and its window; nil for a matrix.
  public func feedbackWindow(_ features: [Int]) throws(Fault) -> (weight: Tensor, window: Window)? {
    guard let recurrent, kernel != nil, case .window(let window) = feedbackWiring(features),
      let weight = try Feedback(recurrent, features: features).convolution()?.plain()?.weight
    else { return nil }
    return (weight, window)
  }
}
