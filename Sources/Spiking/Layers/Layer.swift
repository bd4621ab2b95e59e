// The one place where a kind of layer is defined: conform a type to `Layer` in a file of its own in this folder,
// give it a builtin, and networks, training, descriptions and files can use it.

import Faults
import Tensors

/// One layer of a network: a value that holds its parameters.
///
/// Time is folded into the batch: a layer sees all steps at once, `[time, batch, ...features]`, and only neurons walk
/// through time.
public protocol Layer: Described, Sendable {
  /// Whether the output is the spikes (or, with `li`, the potentials) of neurons.
  var isNeurons: Bool { get }
  /// The places of the neurons: `[]` for a layer that is neurons itself, positions in a branch for neurons inside it.
  var populations: [[Int]] { get }
  /// The parameters by name; empty before `built`.
  var parameters: [(name: String, value: Tensor)] { get }
  /// What it keeps beside its parameters and no gradient moves, such as running statistics; a part of the network's file.
  var buffers: [(name: String, value: Tensor)] { get }
  /// Whether the samples of a batch depend on each other while the network is trained.
  var needsWholeBatch: Bool { get }
  /// Whether an output depends on later steps too, so that the layer runs over all steps or not at all.
  var needsWholeTime: Bool { get }
  /// The places of what carries a state from step to step, as `populations` has them.
  var statePlaces: [[Int]] { get }
  /// Whether a chip's synapses, and pools between them, can stand for the layer.
  var mapsToSynapses: Bool { get }
  /// Takes what a training pass has found out beside gradients into its buffers.
  ///
  /// - Parameter share: how much of them it replaces; nil for the layer's own.
  mutating func absorb(_ memory: LayerMemory, share: Double?) throws(Fault)
  /// For each parameter, in what coordinate training moves it.
  var parameterScales: [ParameterScale] { get }
  /// What a parameter of neurons measures; nil for a plain number.
  func unit(of parameter: String) -> ParameterUnit?

  /// The features that leave the layer when `input` features enter.
  ///
  /// - Throws: `.shape` when the layer cannot take them.
  func outputShape(for input: [Int]) throws(Fault) -> [Int]
  /// The layer ready to run on `input` features, with its first weights drawn from `stream`. A layer that has weights
  /// already keeps them, and throws `.shape` when they don't fit.
  func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer
  /// The connections between neurons that the layer stands for; weights that are shared count once for each use.
  func synapses(for input: [Int]) -> Int
  /// Which inputs reach which outputs, whatever the weights are.
  func wiring(for input: [Int]) -> Wiring

  /// Whether a step's output depends on that step's input alone, in the same way at each step. What enters such a layer
  /// unchanged over time is worked out once.
  var isTimeless: Bool { get }
  /// Runs the layer over all steps. The memory of `input` may be reused for the output.
  func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun
  /// The gradients of the input and of the parameters, from that of the output.
  ///
  /// - Parameters:
  ///   - gradient: of the output, `[time, batch, ...features]`; it may be reused.
  ///   - memory: what `forward` kept with `pass.isTraining`.
  ///   - wantsInput: false for the first layer, whose input has no use for a gradient.
  func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient
  /// Runs the layer as `forward` does, and keeps every state and the spikes of its neurons.
  ///
  /// - Parameter place: the layer's place in the network, such as "2", for the names of the recordings.
  func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording])
  /// The layer as the kernels run it in a gradient computation: recorded by no tape, with each number that a tape
  /// records among its parameters, and without bounds on them.
  func bare() throws(Fault) -> any Layer
  /// Calls `body` with each parameter, in the order of `parameters`, for changing it in place.
  mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault)
}

extension Layer {
  public var isNeurons: Bool { false }
  public var isTimeless: Bool { false }
  public var populations: [[Int]] { isNeurons ? [[]] : [] }
  public var parameters: [(name: String, value: Tensor)] { [] }
  public var parameterScales: [ParameterScale] { parameters.map { _ in .weight } }
  public var buffers: [(name: String, value: Tensor)] { [] }
  public var needsWholeBatch: Bool { false }
  public var needsWholeTime: Bool { false }
  public var statePlaces: [[Int]] { populations }
  public var mapsToSynapses: Bool { true }
  public mutating func absorb(_ memory: LayerMemory, share: Double?) throws(Fault) {}
  public func unit(of parameter: String) -> ParameterUnit? { nil }
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.value.count } }
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer { self }
  public func synapses(for input: [Int]) -> Int { 0 }
  public func wiring(for input: [Int]) -> Wiring { .each }
  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {}

  public func bare() throws(Fault) -> any Layer {
    var copy = self
    try copy.updateParameters { (_, value) throws(Fault) in value = value.detached }
    return copy
  }

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    (try forward(input, pass).output, [])
  }
}

/// What is known about one walk through a network.
public struct Pass: Sendable {
  /// Whether gradients will be asked for: layers then keep what they need.
  public var isTraining: Bool
  /// Whether dropout drops and batch norm takes the numbers of the batch; so it is where the network is trained.
  public var drops: Bool
  /// The derivative that stands in for that of a spike, where a layer has none of its own.
  private var commonSurrogate: any Surrogate
  /// Those of layers of the network that have their own, by their places.
  private var ownSurrogates: [Int: any Surrogate]
  /// Where layers draw from, for this batch; the layer's index is added by the network.
  public var seed: UInt64
  /// What names the draws of noisy neurons, for the whole batch.
  public var noise: UInt64
  /// The number of the first sample in the batch.
  var firstSample = 0
  /// The steps that each sample of the batch lasts, where they differ: layers with statistics of the batch leave out what is beyond.
  public var lengths: [Int]?
  /// The position of the layer that runs now.
  public var layerIndex: Int

  /// - Parameter drops: as `isTraining` where it isn't given.
  public init(
    isTraining: Bool = false, drops: Bool? = nil, surrogate: any Surrogate = standardSurrogate,
    surrogates: [Int: any Surrogate] = [:], seed: UInt64 = 0
  ) {
    self.isTraining = isTraining
    self.drops = drops ?? isTraining
    commonSurrogate = surrogate
    ownSurrogates = surrogates
    self.seed = seed
    noise = seed
    layerIndex = 0
  }

  /// The derivative that stands in for that of a spike in the layer that runs now; one that is set is that of all layers.
  public var surrogate: any Surrogate {
    get { surrogate(of: layerIndex) }
    set { (commonSurrogate, ownSurrogates) = (newValue, [:]) }
  }

  /// The same for another layer of the row.
  func surrogate(of index: Int) -> any Surrogate { ownSurrogates[index] ?? commonSurrogate }

  /// The pass of layers inside the one that runs now, whose surrogate is theirs.
  var inside: Pass {
    var pass = self
    pass.commonSurrogate = surrogate
    pass.ownSurrogates = [:]
    return pass
  }

  /// The pass of a group of samples that begins with the given one: its draws are its own.
  func forSamples(from first: Int) -> Pass {
    var pass = self
    pass.firstSample = firstSample &+ first
    pass.seed = seed &+ UInt64(truncatingIfNeeded: first) &* 0x9E37_79B9_7F4A_7C15
    return pass
  }
}

/// What a layer did on its way forward.
public struct LayerRun: Sendable {
  public var output: Signal
  public var memory: LayerMemory
  /// What neurons inside the layer did, by their places in it.
  public var activity: [(place: [Int], output: Signal)]

  public init(
    output: Signal, memory: LayerMemory = LayerMemory(), activity: [(place: [Int], output: Signal)] = []
  ) {
    self.output = output
    self.memory = memory
    self.activity = activity
  }
}

/// What a layer keeps for its way back; empty when the network isn't being trained.
public struct LayerMemory: Sendable {
  /// The input of a layer of weights.
  public var signal: Signal?
  /// Other tensors; for neurons, what their model keeps.
  public var tensors: [Tensor]
  /// What branches gave before they were joined, and its features.
  public var signals: [Signal] = []
  public var shapes: [[Int]] = []
  /// What a layer of tensor operations recorded.
  var formula: FormulaRun?
  /// The shape of the input, where the layer changes it.
  public var inputShape: [Int]
  /// Whether the input was the same at each step: the gradient of a timeless layer's output is then summed over time.
  public var isSteady = false
  /// The memories of the layers of a branch, or of the steps of a layer that walks through time itself.
  public var inner: [LayerMemory] = []
  /// The states of neurons before each step.
  public var states: [NeuronState] = []
  /// On the way back, the gradients that the loss sends into the outputs of neurons inside the layer.
  public var innerGradients: [[Int]: Tensor] = [:]

  public init(signal: Signal? = nil, tensors: [Tensor] = [], inputShape: [Int] = []) {
    self.signal = signal
    self.tensors = tensors
    self.inputShape = inputShape
  }
}

/// What a layer's backward pass answers.
public struct LayerGradient: Sendable {
  /// `[time, batch, ...features]` of the input; nil when it wasn't wanted.
  public var input: Tensor?
  /// One for each parameter, in order.
  public var parameters: [Tensor]

  public init(input: Tensor?, parameters: [Tensor] = []) {
    self.input = input
    self.parameters = parameters
  }
}
