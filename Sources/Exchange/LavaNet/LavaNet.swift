// Networks in the HDF5 files of lava-dl (`.net`), which its SLAYER writes and its netx reads: blocks in whole numbers.

import Faults
import Formats
import Spiking
import Tensors

/// A row of blocks, as lava-dl 0.6 lays them out: groups /layer/0, /layer/1 and so on, each with its `type`.
///
/// A weight w adds w·64 to a current, a bias b adds b·64, and neurons fire above vThMant·64; of a current 4096 - iDecay of
/// 4096 parts remain after a step, of a potential 4096 - vDecay. After a spike the potential is 0.
public struct LavaNet: Sendable, Equatable {
  public struct Neurons: Sendable, Equatable {
    public var currentDecay: Int
    public var decay: Int
    public var threshold: Int

    public init(currentDecay: Int, decay: Int, threshold: Int) {
      (self.currentDecay, self.decay, self.threshold) = (currentDecay, decay, threshold)
    }
  }

  public enum Kind: Sendable, Equatable {
    /// Weights `[outputs, inputs]`.
    case dense(outputs: Int, inputs: Int)
    /// Weights `[outputs, inputs, height, width]`, correlated with an image as PyTorch's are.
    case conv(shape: [Int], stride: [Int], padding: [Int])
    case flatten
  }

  public struct Block: Sendable, Equatable {
    public var kind: Kind
    /// The features that leave it.
    public var shape: [Int]
    public var weights: [Int] = []
    /// One for each neuron of a dense block, and for each channel of a convolution.
    public var bias: [Int]?
    /// Nil for `flatten`.
    public var neurons: Neurons?

    public init(_ kind: Kind, shape: [Int], weights: [Int] = [], bias: [Int]? = nil, neurons: Neurons? = nil) {
      (self.kind, self.shape, self.weights, self.bias, self.neurons) = (kind, shape, weights, bias, neurons)
    }
  }

  /// The features that enter; nil where the file does not tell.
  public var inputShape: [Int]?
  public var blocks: [Block]

  public init(inputShape: [Int]?, blocks: [Block]) { (self.inputShape, self.blocks) = (inputShape, blocks) }
}

extension LavaNet {
  /// Writes the file, whole or not at all.
  ///
  /// - Throws: `.file` when the folder is missing, read-only or full, or the library is.
  public func save(to path: String) throws(Fault) {
    let file = try HDF5Writer()
    func scalar(_ value: Int) -> HDF5Array { HDF5Array(.int64([Int64(value)]), shape: []) }
    func list(_ values: [Int]) -> HDF5Array { HDF5Array(.int64(values.map(Int64.init)), shape: [values.count]) }
    for (index, block) in blocks.enumerated() {
      try Interrupt.check()
      let at = "/layer/\(index)"
      let name: String
      switch block.kind {
      case .dense(let outputs, let inputs):
        name = "dense"
        try file.write(scalar(inputs), to: "\(at)/inFeatures")
        try file.write(scalar(outputs), to: "\(at)/outFeatures")
        try file.write(HDF5Array(.int64(block.weights.map(Int64.init)), shape: [outputs, inputs]), to: "\(at)/weight")
      case .conv(let shape, let stride, let padding):
        name = "conv"
        try file.write(scalar(shape[1]), to: "\(at)/inChannels")
        try file.write(scalar(shape[0]), to: "\(at)/outChannels")
        try file.write(list(Array(shape[2...])), to: "\(at)/kernelSize")
        try file.write(list(stride), to: "\(at)/stride")
        try file.write(list(padding), to: "\(at)/padding")
        try file.write(list([1, 1]), to: "\(at)/dilation")
        try file.write(scalar(1), to: "\(at)/groups")
        try file.write(HDF5Array(.int64(block.weights.map(Int64.init)), shape: shape), to: "\(at)/weight")
      case .flatten: name = "flatten"
      }
      try file.write(HDF5Array(shape: [1], values: .texts([name])), to: "\(at)/type")
      // Rows of features are images of one pixel there.
      try file.write(list(block.shape.count == 1 ? block.shape + [1, 1] : block.shape), to: "\(at)/shape")
      if let bias = block.bias { try file.write(list(bias), to: "\(at)/bias") }
      if let neurons = block.neurons {
        try file.write(HDF5Array("CUBA"), to: "\(at)/neuron/type")
        try file.write(scalar(neurons.currentDecay), to: "\(at)/neuron/iDecay")
        try file.write(scalar(neurons.decay), to: "\(at)/neuron/vDecay")
        try file.write(scalar(neurons.threshold), to: "\(at)/neuron/vThMant")
        try file.write(scalar(1), to: "\(at)/neuron/refDelay")
      }
    }
    if let inputShape { try file.write(list(inputShape), to: "/neuedge/input") }
    try file.save(to: path)
  }
}

extension LavaNet {
  /// Reads a file of lava-dl.
  ///
  /// - Throws: `.file` where there is none or it is damaged, `.value` for blocks or neurons that are not known here, `.shape`
  ///   for arrays that do not fit; the texts name the file and the place inside.
  public init(_ path: String) throws(Fault) {
    let file = try HDF5File(path)
    guard try file.kind("/layer") == .group else {
      throw Fault(.file, "`\(path)` holds no network of lava-dl", label: "there is no group /layer", help: "slayer's export_hdf5 writes one")
    }
    let names = try file.names(in: "/layer")
    var reader = BlockReader(file)
    for index in names.indices {
      try Interrupt.check()
      guard try file.kind("/layer/\(index)") == .group else {
        throw Fault(
          .file, "the blocks of `\(path)` are not counted through", label: "there are \(counted(names.count, "block")), and no /layer/\(index)")
      }
      try reader.read("/layer/\(index)", isFirst: index == 0)
    }
    if try file.kind("/neuedge/input") == .dataset { reader.inputShape = try reader.sizes("/neuedge/input") }
    (inputShape, blocks) = (reader.inputShape, reader.blocks)
    guard !blocks.isEmpty else { throw Fault(.value, "`\(path)` has no blocks with neurons") }
  }

  /// The network in floating-point numbers, with potentials in units of 64.
  ///
  /// lava-dl's layers answer a step later each; here they answer at once, as everywhere.
  ///
  /// - Throws: `.value` for an image whose size the file does not tell, `.shape` for blocks that do not follow each other.
  public func network() throws(Fault) -> Network {
    guard let first = blocks.first else { throw Fault(.value, "the network has no blocks") }
    let input: [Int]
    if let inputShape {
      input = inputShape
    } else if case .dense(_, let inputs) = first.kind {
      input = [inputs]
    } else {
      throw Fault(
        .value, "the file does not tell the size of the image that enters", label: "its first block is a convolution or a flatten",
        help: "lava-dl tells it in an input block")
    }
    var network = try Network(inputShape: input)
    for (index, block) in blocks.enumerated() {
      do throws(Fault) {
        for layer in try Self.layers(block, network.outputShape) { network = try network.appending(layer, seed: 0) }
      } catch {
        var fault = error
        fault.label = "block \(index)" + (fault.label.map { ": \($0)" } ?? "")
        throw fault
      }
    }
    return network
  }

  private static func layers(_ block: Block, _ input: [Int]) throws(Fault) -> [any Layer] {
    var layers: [any Layer] = []
    switch block.kind {
    case .flatten: return [FlattenLayer()]
    case .dense(let outputs, let inputs):
      if input.count > 1 { layers.append(FlattenLayer()) }
      let weight = try Tensor(block.weights.map { Float($0) }, shape: [outputs, inputs]).transposed()
      layers.append(try DenseLayer(weight: weight, bias: try block.bias.map { (bias) throws(Fault) in try Self.tensor(bias) }))
    case .conv(let shape, let stride, let padding):
      layers.append(
        try ConvLayer(
          weight: try Tensor(block.weights.map { Float($0) }, shape: shape),
          bias: try block.bias.map { (bias) throws(Fault) in try Self.tensor(bias) }, stride: .init(stride[0], stride[1]),
          padding: .init(padding[0], padding[1])))
    }
    if let neurons = block.neurons {
      var stepped = SteppedNeuron(leak: PerNeuron(Double(4096 - neurons.decay) / 4096))
      if neurons.currentDecay != 4096 {
        stepped.synapse = .init(decay: PerNeuron(Double(4096 - neurons.currentDecay) / 4096))
      }
      stepped.firing = .init(threshold: PerNeuron(Double(neurons.threshold)), isStrict: true, reset: .to(0))
      layers.append(NeuronLayer(try stepped.model()))
    }
    return layers
  }

  private static func tensor(_ values: [Int]) throws(Fault) -> Tensor {
    try Tensor(values.map { Float($0) }, shape: [values.count])
  }
}

/// Reads blocks one after the other.
private struct BlockReader {
  private let file: HDF5File
  var inputShape: [Int]?
  private(set) var blocks: [LavaNet.Block] = []

  init(_ file: HDF5File) { self.file = file }

  private func wrong(_ place: String, _ reason: String, help: String? = nil) -> Fault {
    Fault(.value, "`\(file.path)` holds a block that cannot be read", label: "\(place) \(reason)", help: help)
  }

  private func text(_ place: String) throws(Fault) -> String {
    guard try file.kind(place) == .dataset else { throw wrong(place, "is missing") }
    let array = try file.read(place)
    guard let text = array.text ?? array.texts?.first else { throw wrong(place, "is no text") }
    return text
  }

  /// Whole numbers up to 2^31 of either sign.
  private func numbers(_ place: String) throws(Fault) -> (values: [Int], shape: [Int]) {
    guard try file.kind(place) == .dataset else { throw wrong(place, "is missing") }
    let array = try file.read(place)
    guard let values = array.numbers?.integers, values.allSatisfy({ $0.magnitude < 1 << 31 }) else {
      throw wrong(place, "is no whole numbers", help: "SLAYER's export_hdf5 writes weights that are rounded for Loihi")
    }
    return (values, array.shape)
  }

  func sizes(_ place: String) throws(Fault) -> [Int] {
    let values = try numbers(place).values
    guard !values.isEmpty, values.count <= 3, values.allSatisfy({ $0 >= 1 && $0 < 1 << 24 }) else {
      throw wrong(place, "are no sizes of features")
    }
    return values
  }

  private func number(_ place: String) throws(Fault) -> Int {
    guard let value = try numbers(place).values.first else { throw wrong(place, "is empty") }
    return value
  }

  private func pair(_ place: String, _ range: ClosedRange<Int>) throws(Fault) -> [Int] {
    let values = try numbers(place).values
    let pair = values.count == 1 ? [values[0], values[0]] : values
    guard pair.count == 2, pair.allSatisfy(range.contains) else {
      throw wrong(place, "must be two numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    return pair
  }

  mutating func read(_ place: String, isFirst: Bool) throws(Fault) {
    let kind = try text("\(place)/type")
    switch kind {
    case "input":
      guard isFirst, try file.kind("\(place)/neuron") == nil else {
        throw wrong(place, "is an input block with neurons of its own", help: "encode samples here: x |> rate(steps=20)")
      }
      inputShape = try sizes("\(place)/shape")
    case "flatten": blocks.append(.init(.flatten, shape: try sizes("\(place)/shape")))
    case "dense":
      let (weights, shape) = try numbers("\(place)/weight")
      guard shape.count == 2, weights.count == shape[0] * shape[1], !weights.isEmpty else {
        throw wrong("\(place)/weight", "is \(Shape.text(shape)), and [outputs, inputs] is expected")
      }
      blocks.append(
        .init(
          .dense(outputs: shape[0], inputs: shape[1]), shape: [shape[0]], weights: weights,
          bias: try bias(place, shape[0]), neurons: try neurons(place)))
    case "conv":
      let (weights, whole) = try numbers("\(place)/weight")
      // SLAYER's kernels have an axis of time, of one step.
      let shape = whole.count == 5 && whole[4] == 1 ? Array(whole.dropLast()) : whole
      guard shape.count == 4, !weights.isEmpty else {
        throw wrong("\(place)/weight", "is \(Shape.text(whole)), and [outputs, inputs, height, width] is expected")
      }
      guard try pair("\(place)/dilation", 1...1024) == [1, 1], try number("\(place)/groups") == 1 else {
        throw wrong(place, "is a convolution with holes or in groups", help: "plain convolutions can be read")
      }
      blocks.append(
        .init(
          .conv(shape: shape, stride: try pair("\(place)/stride", 1...1024), padding: try pair("\(place)/padding", 0...1024)),
          shape: try sizes("\(place)/shape"), weights: weights, bias: try bias(place, shape[0]), neurons: try neurons(place)))
    default:
      throw wrong(place, "is of type \"\(kind.prefix(40))\"", help: "input, dense, conv and flatten can be read, as by lava-dl's netx")
    }
    if try file.kind("\(place)/delay") == .dataset, try numbers("\(place)/delay").values.contains(where: { $0 != 0 }) {
      throw wrong("\(place)/delay", "has delays of axons", help: "a network without them can be read")
    }
  }

  private func bias(_ place: String, _ count: Int) throws(Fault) -> [Int]? {
    guard try file.kind("\(place)/bias") == .dataset else { return nil }
    let values = try numbers("\(place)/bias").values
    guard values.count == count else { throw wrong("\(place)/bias", "has \(counted(values.count, "number")), and \(count) are expected") }
    return values
  }

  private func neurons(_ place: String) throws(Fault) -> LavaNet.Neurons {
    let kind = try text("\(place)/neuron/type")
    guard ["CUBA", "LOIHI"].contains(kind) else {
      throw wrong("\(place)/neuron", "is of type \"\(kind.prefix(40))\"", help: "CUBA neurons can be read")
    }
    let neurons = LavaNet.Neurons(
      currentDecay: try number("\(place)/neuron/iDecay"), decay: try number("\(place)/neuron/vDecay"),
      threshold: try number("\(place)/neuron/vThMant"))
    guard (0...4096).contains(neurons.currentDecay), (0...4096).contains(neurons.decay), neurons.threshold > 0 else {
      throw wrong("\(place)/neuron", "has a decay outside 0...4096 or a threshold of 0 or less")
    }
    return neurons
  }
}
