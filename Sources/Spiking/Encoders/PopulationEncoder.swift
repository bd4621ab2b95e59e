// The population code: a value is told by which neurons of a group answer to it, each tuned to a part of the range.

import Faults
import Tensors

/// Gaussian receptive fields (Bohte, La Poutré and Kok, "Error-backpropagation in temporally encoded networks of
/// spiking neurons", Neurocomputing 48, 2002): each value drives `neurons` neurons, whose fields have evenly spaced
/// centres, the outermost half a gap beyond `low` and `high`; by default the width is the gap divided by 1.5.
///
/// A neuron's response `exp(-(x - centre)^2 / (2 width^2))` is told by one spike, the earlier the stronger
/// (`latency`, as in the paper), or by a number of spikes (`rate`, each step with the response as probability). With
/// latency, neurons that respond with less than 0.1 stay silent, as the last tenth of the coding interval does there.
///
/// Distances to the centres are taken in 64 bits, so that neurons at equal distances from a value answer alike.
///
/// The first axis of the features grows: an entry becomes `neurons` neighbours; 64 features give 512, `[1, 8, 8]` gives
/// `[8, 8, 8]`.
public struct PopulationEncoder: Encoder {
  public let name = "population"
  /// Neurons for each value: at least 3.
  public var neurons: Int
  public var steps: Int
  /// The range of values over which the centres are spread; values outside are answered by the outermost neurons.
  public var low: Double
  public var high: Double
  /// The standard deviation of the fields, in units of the values; nil for the gap between centres divided by 1.5.
  public var width: Double?
  /// How a response becomes spikes.
  public var inner: Inner

  public enum Inner: String, Sendable, CaseIterable {
    case latency, rate
  }

  /// The weakest response that a neuron tells of by latency.
  public static let weakest: Float = 0.1

  public init(
    neurons: Int, steps: Int, low: Double = 0, high: Double = 1, width: Double? = nil, inner: Inner = .latency
  ) {
    self.neurons = neurons
    self.steps = steps
    self.low = low
    self.high = high
    self.width = width
    self.inner = inner
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("neurons", .integer(neurons)), ("steps", .integer(steps))]
    if low != 0 || high != 1 { list += [("low", .number(low)), ("high", .number(high))] }
    if let width { list.append(("width", .number(width))) }
    if inner != .latency { list.append(("code", .text(inner.rawValue))) }
    return list
  }

  public var chance: CodeChance { inner == .latency ? .none : .other }

  public func check() throws(Fault) {
    try checkSteps()
    guard neurons >= 3 else {
      throw Fault(
        .value, "`population` needs at least three neurons for a value", label: "neurons is \(neurons)",
        help: "the outermost two have their centres outside the range")
    }
    guard neurons <= 10_000 else {
      throw Fault(.limit, "`population` takes at most 10000 neurons for a value", label: "neurons is \(neurons)")
    }
    guard low.isFinite, high.isFinite, low < high else {
      throw Fault(
        .value, "`low` of `population` must be less than `high`", label: "low is \(low), high is \(high)",
        help: "they are the range of the values")
    }
    if let width, !(width > 0 && width.isFinite) {
      throw Fault(.value, "`width` of `population` must be greater than 0", label: "width is \(width)")
    }
  }

  /// The gap between the centres of neighbours.
  var gap: Double { (high - low) / Double(max(1, neurons - 2)) }

  /// The centre of each neuron's field.
  public var centres: [Double] { (0..<neurons).map { low + (Double($0) - 0.5) * gap } }

  public func codedShape(for sample: [Int]) throws(Fault) -> [Int] { try grown(sample, by: neurons) }

  public func checkValues(_ values: Tensor, of owner: String) throws(Fault) { try checkFinite(values, of: owner) }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let responses = try responses(to: values)
    switch inner {
    case .latency: return try LatencyEncoder(steps: steps).code(responses, stream: stream)
    case .rate: return try RateEncoder(steps: steps).code(responses, stream: stream)
    }
  }

  /// The responses of all neurons, `[batch, ...coded features]`, from 0 to 1.
  func responses(to values: Tensor) throws(Fault) -> Tensor {
    let sample = Array(values.shape.dropFirst())
    let rests = max(1, sample.dropFirst().reduce(1, *))
    let features = sample.reduce(1, *)
    let (neurons, centres) = (neurons, centres)
    let floor = inner == .latency ? Self.weakest : 0
    let sharpness = -0.5 / ((width ?? gap / 1.5) * (width ?? gap / 1.5))
    var result = try Tensor.zeros([values.shape[0]] + codedShape(for: sample))
    try result.withUnsafeMutableBuffer { target in
      for (place, value) in values.scalars.enumerated() {
        let (row, feature) = (place / max(1, features), place % max(1, features))
        let first = (row * features + feature / rests * rests) * neurons + feature % rests
        for (index, centre) in centres.enumerated() {
          let distance = Double(value) - centre
          target[first + index * rests] = Float(sharpness * distance * distance)
        }
      }
    }
    var responses = try result.unary(.exp)
    try responses.withUnsafeMutableBuffer { target in
      for place in target.indices where target[place] < floor { target[place] = 0 }
    }
    return responses
  }
}
