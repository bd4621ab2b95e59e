// Parameters of neurons that are more than a fixed number: learnt ones, and ones that differ from neuron to neuron.

import Faults
import Kernels
import Tensors

/// The value of a neuron's parameter as a tensor: one number for the whole layer, or one for each neuron.
public struct ParameterTensor: Sendable {
  /// 0-dimensional for one number; else the shape of the layer's features, or as many numbers in one row. A tape may
  /// record them: then they have a gradient, whether or not training changes them.
  public var values: Tensor
  /// Whether training changes it.
  public var isLearnable: Bool
  /// Whether a single number stands for one of each neuron, to be spread out when the layer is built.
  public var isEach: Bool
  /// Training keeps the values between these; nil for no bound.
  public var low: Float?
  public var high: Float?
  /// Whether training moves the values by their logarithm, so that they keep their sign.
  var keepsSign = false

  public init(values: Tensor, isLearnable: Bool, isEach: Bool = false, low: Float? = nil, high: Float? = nil) {
    self.values = values
    self.isLearnable = isLearnable
    self.isEach = isEach
    self.low = low
    self.high = high
  }

  /// A `.value` fault for numbers that are not finite or outside the bounds; `label` names the parameter.
  public func check(_ label: String) throws(Fault) {
    if let low, let high, low > high {
      throw Fault(.value, "the bounds of `\(label)` are in the wrong order", label: "low is \(low), high is \(high)")
    }
    try checkEach { (value) throws(Fault) in
      guard value.isFinite else {
        throw Fault(.value, "`\(label)` must be finite", label: "found \(NumberText.whole(value))")
      }
      if let low, value < low { throw Self.outside(label, value, "low is \(low)") }
      if let high, value > high { throw Self.outside(label, value, "high is \(high)") }
    }
  }

  /// Checks each value; the fault of one among several says which it is.
  public func checkEach(_ check: (Float) throws(Fault) -> Void) throws(Fault) {
    try values.withUnsafeBuffer { (numbers) throws(Fault) in
      try Interrupt.parts(numbers.count) { (part) throws(Fault) in
        for place in part {
          do throws(Fault) { try check(numbers[place]) } catch {
            var fault = error
            if values.rank > 0, numbers.count > 1 {
              let element = "element \(Shape.text(values.indices(of: place)))"
              fault.label = fault.label.map { "\($0), at \(element)" } ?? "at \(element)"
            }
            throw fault
          }
        }
      }
    }
  }

  private static func outside(_ label: String, _ value: Float, _ bound: String) -> Fault {
    Fault(.value, "`\(label)` starts outside its bounds", label: "found \(NumberText.whole(value)), and \(bound)")
  }

  /// The tensor for a layer of the given features.
  ///
  /// - Throws: `.shape` when it has another number of values than the layer has neurons.
  func built(for features: [Int], label: String) throws(Fault) -> ParameterTensor {
    var built = self
    let neurons = features.reduce(1, *)
    if values.rank == 0 {
      if isEach { built.values = try values.broadcast(to: features) }
    } else {
      guard values.count == neurons else {
        throw Fault(
          .shape, "`\(label)` has another number of values than the layer has neurons",
          label: "\(values.count) value\(values.count == 1 ? "" : "s") for \(neurons) neuron\(neurons == 1 ? "" : "s")",
          help: "give one number for all, or a tensor of shape \(Shape.text(features))")
      }
      built.values = try values.reshaped(features)
    }
    built.isEach = false
    return built
  }

  mutating func update(_ body: (inout Tensor) throws(Fault) -> Void) throws(Fault) {
    try body(&values)
    if values.isTracked { return }
    guard low != nil || high != nil else { return }
    let (low, high) = (low ?? -Float.infinity, high ?? Float.infinity)
    _ = try values.withUnsafeMutableBuffer { (buffer) throws(Fault) in
      guard let base = buffer.baseAddress else { return }
      kernels.clip(count: buffer.count, low: low, high: high, UnsafePointer(base), out: base)
    }
  }

  /// Recorded by no tape, with a gradient where a tape recorded it, and without bounds.
  var bare: ParameterTensor {
    ParameterTensor(values: values.detached, isLearnable: isLearnable || values.isTracked, isEach: isEach)
  }

  /// As a call would write it: "learn(0.9)", or the range of many values.
  func text(_ unit: ParameterUnit) -> String {
    let numbers = values.scalars
    var inner: String
    if let value = values.item, values.rank == 0 || numbers.count == 1 {
      inner = unit.text(Double(value))
    } else {
      let (least, most) = (Double(numbers.min() ?? 0), Double(numbers.max() ?? 0))
      inner = "\(Shape.text(values.shape)) of \(unit.text(least)) to \(unit.text(most))"
    }
    guard isLearnable else { return inner }
    if isEach { inner += ", each=true" }
    return "learn(\(inner))"
  }

  /// The gradient of the tensor, from that for each neuron of each sample.
  ///
  /// - Parameter slopes: `[rows, neurons]`; they are summed in a fixed order.
  func gradient(_ slopes: [Float], rows: Int, neurons: Int) throws(Fault) -> Tensor {
    if values.rank == 0 {
      var sum = 0.0
      for slope in slopes { sum += Double(slope) }
      return try Tensor.scalar(Float(sum))
    }
    var sums = [Double](repeating: 0, count: neurons)
    for row in 0..<rows {
      for neuron in 0..<neurons { sums[neuron] += Double(slopes[row * neurons + neuron]) }
    }
    return try Tensor(sums.map { Float($0) }, shape: values.shape)
  }
}

/// The gradients that a population sends back.
public struct NeuronGradient: Sendable {
  /// Of the drive, `[time, batch, ...features]`.
  public var drive: Tensor
  /// Of the learnable parameters, in the order of `learnables`.
  public var parameters: [Tensor]

  public init(drive: Tensor, parameters: [Tensor] = []) {
    self.drive = drive
    self.parameters = parameters
  }
}
