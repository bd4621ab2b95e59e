// The nodes of a NIR file that are no neurons, as layers.

import Faults
import Spiking
import Tensors

extension NIRNode {
  /// The layer of weights of a Linear or an Affine: its weight is [outputs, inputs], that of a layer the other way round.
  ///
  /// - Parameter columns: for each input of the layer, the column of the weight that belongs to it; nil for the order as
  ///   it is.
  func dense(_ name: String, bias extra: [Double]? = nil, columns: [Int]? = nil) throws(Fault) -> DenseLayer {
    let (outputs, inputs, weight) = try matrix(name)
    guard columns == nil || columns?.count == inputs else {
      throw Fault(.shape, "the weight of `\(name)` does not fit what is flattened before it", label: "it has \(inputs) inputs")
    }
    var turned = [Float](repeating: 0, count: weight.count)
    try Interrupt.parts(inputs) { part in
      for input in part {
        let column = columns?[input] ?? input
        for output in 0..<outputs { turned[input * outputs + output] = Float(weight[output * inputs + column]) }
      }
    }
    var offsets: [Double]?
    if kind == "Affine" { offsets = try vector("bias", name, count: outputs) }
    if let extra {
      guard extra.count == outputs else {
        throw Fault(.shape, "the offsets of the feedback do not fit `\(name)`", label: "\(extra.count) for \(outputs) outputs")
      }
      offsets = offsets.map { zip($0, extra).map(+) } ?? extra
    }
    let bias = try offsets.map { (numbers) throws(Fault) in try Tensor(numbers.map { Float($0) }, shape: [outputs]) }
    return try DenseLayer(weight: try Tensor(turned, shape: [inputs, outputs]), bias: bias)
  }

  /// The weight of a Linear or an Affine as a matrix.
  func matrix(_ name: String) throws(Fault) -> (outputs: Int, inputs: Int, values: [Double]) {
    guard let weight = array("weight") else { throw Fault(.value, "the \(kind) `\(name)` has no weight") }
    let shape = weight.shape.count > 2 ? Array(weight.shape.drop { $0 == 1 }) : weight.shape
    guard shape.count == 2, shape.allSatisfy({ $0 >= 1 }), weight.values.count == shape[0] * shape[1] else {
      throw Fault(
        .shape, "the weight of the \(kind) `\(name)` must be a matrix [outputs, inputs]",
        label: "its shape is \(weight.shape)")
    }
    return (shape[0], shape[1], weight.values)
  }

  /// One number for each output.
  private func vector(_ field: String, _ name: String, count: Int) throws(Fault) -> [Double] {
    guard let array = array(field) else { throw Fault(.value, "the \(kind) `\(name)` has no \(field)") }
    if array.values.count == 1 { return [Double](repeating: array.values[0], count: count) }
    guard array.values.count == count else {
      throw Fault(
        .shape, "the \(field) of the \(kind) `\(name)` does not fit its weight",
        label: "\(array.values.count) numbers for \(count) outputs")
    }
    return array.values
  }

  /// The convolution of a Conv2d, or of a Conv1d as one of images that are one row high. Groups and dilation become zeros
  /// among the weights.
  func convolution(_ name: String, input: [Int]) throws(Fault) -> ConvLayer {
    guard var weight = array("weight") else { throw Fault(.value, "the \(kind) `\(name)` has no weight") }
    let axes = kind == "Conv1d" ? 1 : 2
    guard weight.shape.count == axes + 2, weight.shape.allSatisfy({ $0 >= 1 }),
      weight.values.count == weight.shape.reduce(1, *)
    else {
      throw Fault(
        .shape, "the weight of the \(kind) `\(name)` must have \(axes + 2) axes", label: "its shape is \(weight.shape)",
        help: "its axes are [outputs, channels, …kernel]")
    }
    if axes == 1 { weight.shape.insert(1, at: 2) }
    func pair(_ field: String, _ other: Int) throws(Fault) -> (y: Int, x: Int) {
      guard let sizes = array(field)?.integers, sizes.count == axes || sizes.count == 1, let last = sizes.last else {
        throw Fault(.value, "`\(field)` of the \(kind) `\(name)` must be one number, or one for each axis")
      }
      return axes == 1 ? (other, last) : (sizes[0], last)
    }
    let (stride, dilation) = (try pair("stride", 1), try pair("dilation", 1))
    guard let groups = array("groups")?.integers?.first, groups >= 1, weight.shape[0] % groups == 0,
      (1...1 << 16).contains(dilation.y), (1...1 << 16).contains(dilation.x), stride.y >= 1, stride.x >= 1
    else { throw Fault(.value, "the \(kind) `\(name)` has groups, a dilation or a stride that cannot be") }
    let (kernelHeight, kernelWidth) = (weight.shape[2], weight.shape[3])
    let (height, width) = ((kernelHeight - 1) * dilation.y + 1, (kernelWidth - 1) * dilation.x + 1)
    var padding = (y: 0, x: 0)
    switch text("padding") {
    case "same":
      guard stride == (1, 1), height % 2 == 1, width % 2 == 1 else {
        throw Fault(
          .value, "the \(kind) `\(name)` pads its two sides differently", label: "\"same\" with a kernel of \(height) x \(width)",
          help: "networks here pad both sides alike: an odd kernel, and a stride of 1")
      }
      padding = ((height - 1) / 2, (width - 1) / 2)
    case .some: break
    case nil: padding = try pair("padding", 0)
    }
    guard padding.y >= 0, padding.x >= 0 else { throw Fault(.value, "the padding of the \(kind) `\(name)` is negative") }
    let (channels, outputs) = (weight.shape[1] * groups, weight.shape[0])
    let full = try Tensor.zeros([outputs, channels, height, width])
    var values = full.scalars
    let perGroup = outputs / groups
    for output in 0..<outputs {
      try Interrupt.check()
      for channel in 0..<weight.shape[1] {
        let target = output * channels + output / perGroup * weight.shape[1] + channel
        let source = output * weight.shape[1] + channel
        for y in 0..<kernelHeight {
          for x in 0..<kernelWidth {
            values[(target * height + y * dilation.y) * width + x * dilation.x] = Float(
              weight.values[(source * kernelHeight + y) * kernelWidth + x])
          }
        }
      }
    }
    let bias = array("bias") == nil ? nil : try vector("bias", name, count: outputs)
    return try ConvLayer(
      weight: try Tensor(values, shape: [outputs, channels, height, width]),
      bias: try bias.map { (numbers) throws(Fault) in try Tensor(numbers.map { Float($0) }, shape: [outputs]) },
      stride: .init(stride.y, stride.x), padding: .init(padding.y, padding.x))
  }

  /// The pool of a SumPool2d or an AvgPool2d.
  func pool(_ name: String) throws(Fault) -> PoolLayer {
    func pair(_ field: String) throws(Fault) -> Window.Pair? {
      guard let array = array(field) else { return nil }
      guard let sizes = array.integers, (1...2).contains(sizes.count), let last = sizes.last, sizes.allSatisfy({ $0 >= 0 }) else {
        throw Fault(.value, "`\(field)` of the \(kind) `\(name)` must be one number or two")
      }
      return .init(sizes[0], last)
    }
    guard let size = try pair("kernel_size"), size.y >= 1, size.x >= 1 else {
      throw Fault(.value, "the window of the \(kind) `\(name)` must have a size")
    }
    guard try pair("padding") ?? .init(0, 0) == .init(0, 0) else {
      throw Fault(.value, "the \(kind) `\(name)` pads its image", help: "pools here pad nothing")
    }
    return PoolLayer(size: size, kind: kind == "SumPool2d" ? .sum : .average, stride: try pair("stride") ?? size)
  }

  /// How many steps of time each input of a Delay is late by.
  func delays(_ name: String, features: [Int], _ dt: StepLength) throws(Fault) -> [Int] {
    let delays = try NeuronFields(self, name, features).values("delay")
    var steps: [Int] = []
    for delay in delays.numbers {
      let count = (delay / dt.length).rounded()
      guard count >= 0, count <= Double(DelayNeuron.longest), abs(delay / dt.length - count) < 1e-3 else {
        throw Fault(
          .value, "a delay of `\(name)` is no whole number of steps up to \(DelayNeuron.longest)",
          label: "it is \(delay), and a step \(dt.length)")
      }
      steps.append(Int(count))
    }
    return steps
  }
}
