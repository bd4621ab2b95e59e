// A network from a NIR graph, stepped as a tool steps it.

import Faults
import Spiking
import Tensors

/// How a graph is read.
public struct ReadingOptions: Sendable {
  public var profile: ToolProfile
  /// The length of a step in seconds; nil for the tool's own.
  public var seconds: Double?
  /// What a spike does, where it is another thing than the tool's importer makes of a file.
  public var reset: ToolProfile.Reset?

  public init(_ profile: ToolProfile, seconds: Double? = nil, reset: ToolProfile.Reset? = nil) {
    (self.profile, self.seconds, self.reset) = (profile, seconds, reset)
  }
}

/// What came out of a graph.
public struct ReadNetwork: Sendable {
  public var network: Network
  /// What was mended in the graph, in words.
  public var notes: [String]
}

extension NIRFile {
  /// The network of a file as a tool would run it or, of a file that this program wrote for the tool, as it was.
  ///
  /// - Parameter noted: whether what this program noted is used.
  /// - Throws: as `NIRGraph.network`.
  public func network(_ options: ReadingOptions, noted: Bool = true) throws(Fault) -> ReadNetwork {
    guard noted, let origin, origin.tool == options.profile.name, options.reset == nil,
      options.seconds == nil || options.seconds == origin.seconds
    else { return try graph.network(options) }
    return try graph.network(options, step: try options.profile.writtenStep(origin.seconds), marks: origin.marks)
  }
}

extension NIRGraph {
  /// The network of a graph as a tool would run it.
  ///
  /// - Parameters:
  ///   - step: the length of a step where it is known; nil to find it by the options.
  ///   - marks: what a file notes of single neurons beside NIR; see `SteppingMarks`.
  /// - Throws: `.value` and `.shape` for a graph that is no row of layers, for what the tool refuses, and for what no
  ///   layer here does; the texts name the nodes.
  public func network(
    _ options: ReadingOptions, step: StepLength? = nil, marks: SteppingMarks = SteppingMarks()
  ) throws(Fault) -> ReadNetwork {
    let chain = try NIRChain(self)
    let nodes = chain.stages.map(\.node)
    let dt: StepLength
    if let step { dt = step } else { dt = try options.profile.stepLength(options.seconds, nodes: nodes) }
    var reader = NetworkReader(options, dt)
    reader.marks = marks
    return ReadNetwork(network: try reader.read(chain), notes: chain.notes)
  }
}

/// Builds the layers one after the other.
private struct NetworkReader {
  private var profile: ToolProfile
  private let dt: StepLength
  private let options: ReadingOptions
  var marks = SteppingMarks()

  init(_ options: ReadingOptions, _ dt: StepLength) {
    (self.options, profile, self.dt) = (options, options.profile, dt)
    guard let reset = options.reset else { return }
    profile.reset = reset == .subtract ? profile.subtraction : reset
    if profile.synapticReset != nil { profile.synapticReset = reset }
  }

  func read(_ chain: NIRChain) throws(Fault) -> Network {
    if profile.namesGates, chain.gates != ["input", "output"] {
      throw Fault(
        .value, "\(profile.title) finds the ends of a graph by the names `input` and `output`",
        label: "here they are \(chain.gates.map { "`\($0)`" }.joined(separator: " and "))")
    }
    guard let first = chain.stages.first else {
      throw Fault(.value, "the graph has no nodes between its input and its output")
    }
    var network = try Network(inputShape: try inputShape(chain, first))
    var channels: [Int]?
    // Whether the output is spikes, or sums or late ones of them.
    var isSpikes = false
    for (index, stage) in chain.stages.enumerated() {
      try Interrupt.check()
      do throws(Fault) {
        let offset = feedbackOffset(chain.stages, after: index)
        let isBehindDense = index > 0 && ["Linear", "Affine"].contains(chain.stages[index - 1].node.kind)
        let built = try layers(
          stage, network.outputShape, flattened: &channels, offset: offset, isBehindDense: isBehindDense)
        for layer in built {
          network = try network.appending(layer, seed: 0)
        }
        if stage.node.fires {
          isSpikes = true
        } else if !stage.node.passesSpikes {
          isSpikes = false
        }
      } catch {
        var fault = error
        if !fault.title.contains("`\(stage.name)`") {
          let place = "node `\(stage.name)` (\(stage.node.kind))"
          fault.label = fault.label.map { "\(place): \($0)" } ?? place
        }
        throw fault
      }
    }
    // NIR does not tell how an output is read. Spikes are counted everywhere, be they several in a step or late.
    if isSpikes, network.standardDecoder != .spikeCount { network.decoder = .spikeCount }
    return network
  }

  /// The sizes of a sample: as the file tells, without axes of a batch, or as the first node needs.
  private func inputShape(_ chain: NIRChain, _ first: NIRStage) throws(Fault) -> [Int] {
    let told = chain.inputShape
    switch first.node.kind {
    case "Linear", "Affine":
      let inputs = try first.node.matrix(first.name).inputs
      guard let told else { return [inputs] }
      let held = told.drop { $0 == 1 }
      return told.count > 1 && held.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == inputs ? [inputs] : told
    case "Conv1d":
      guard let told, let length = told.last, told.count >= 2 else { throw unknown(first) }
      return [told[told.count - 2], 1, length]
    case "Conv2d":
      guard let told else {
        guard let sizes = first.node.array("input_shape")?.integers, sizes.count == 2, let weight = first.node.array("weight"),
          weight.shape.count == 4, let groups = first.node.array("groups")?.integers?.first, groups >= 1, groups < 1 << 20
        else { throw unknown(first) }
        return [weight.shape[1] * groups] + sizes
      }
      return told.count == 4 && told[0] == 1 ? Array(told.dropFirst()) : told
    default:
      if let told { return told.count > 1 && told[0] == 1 ? Array(told.drop { $0 == 1 }.isEmpty ? [1] : told.drop { $0 == 1 }) : told }
      throw unknown(first)
    }
  }

  private func unknown(_ stage: NIRStage) -> Fault {
    Fault(.shape, "the file does not tell the sizes of the input", label: "its first node is the \(stage.node.kind) `\(stage.name)`")
  }

  /// The offsets of the feedback of the neurons right behind a dense layer: both come in at each step.
  private func feedbackOffset(_ stages: [NIRStage], after index: Int) -> [Double]? {
    guard ["Linear", "Affine"].contains(stages[index].node.kind), index + 1 < stages.count,
      let feedback = stages[index + 1].feedback, let weights = feedback.weights, !feedback.takesInput, !profile.dropsFeedbackBias
    else { return nil }
    return weights.array("bias")?.values
  }

  private func layers(
    _ stage: NIRStage, _ shape: [Int], flattened: inout [Int]?, offset: [Double]?, isBehindDense: Bool
  ) throws(Fault) -> [any Layer] {
    let (node, name) = (stage.node, stage.name)
    if let reason = profile.refusal(of: node.kind) { throw refused(stage, reason) }
    switch node.kind {
    case "Linear", "Affine":
      let inputs = try node.matrix(name).inputs
      let columns = profile.flattensChannelsLast ? channelsLast(flattened) : nil
      flattened = nil
      if profile.demands.contains(where: { if case .noBias = $0 { true } else { false } }),
        let bias = node.array("bias"), !bias.values.allSatisfy({ $0 == 0 })
      {
        throw refused(stage, "a bias must be 0")
      }
      let layer = try node.dense(name, bias: offset, columns: columns)
      let isImage = shape.count > 1 && shape.reduce(1, *) == inputs
      return isImage ? [FlattenLayer(), layer] : [layer]
    case "Conv1d", "Conv2d": return [try node.convolution(name, input: shape)]
    case "SumPool2d", "AvgPool2d": return [try node.pool(name)]
    case "Flatten":
      flattened = shape
      return [try flatten(node, name, shape)]
    case "Delay":
      let steps = try node.delays(name, features: shape, dt)
      if steps.allSatisfy({ $0 == 0 }) { return [] }
      let late = try Tensor(steps.map { Float($0) }, shape: shape)
      return [DelayLayer(Delays(longest: steps.max() ?? 0, isLearnt: false, steps: late))]
    case "Scale":
      return [NeuronLayer(try DelayNeuron.scale(try NeuronFields(node, name, shape).values("scale")))]
    case "Threshold":
      return [NeuronLayer(try DelayNeuron.threshold(try NeuronFields(node, name, shape).values("threshold")))]
    default: return try neurons(stage, shape, isBehindDense: isBehindDense)
    }
  }

  private func refused(_ stage: NIRStage, _ reason: String) -> Fault {
    Fault(.value, "\(profile.title) cannot run the \(stage.node.kind) `\(stage.name)`", label: reason)
  }

  private func flatten(_ node: NIRNode, _ name: String, _ shape: [Int]) throws(Fault) -> FlattenLayer {
    // Whether the axis of samples counts is not the same in all tools: what leaves one row is taken for it.
    let start = node.array("start_dim")?.integers?.first ?? 1
    let end = node.array("end_dim")?.integers?.first ?? -1
    guard start <= 1, end == -1 || end >= shape.count - 1 else {
      throw Fault(.value, "`\(name)` flattens some axes and leaves others", label: "from \(start) to \(end)")
    }
    return FlattenLayer()
  }

  /// For each feature of an image in our order, its place in one that has its channels last.
  private func channelsLast(_ shape: [Int]?) -> [Int]? {
    guard let shape, shape.count == 3 else { return nil }
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    var places: [Int] = []
    for channel in 0..<channels {
      for pixel in 0..<height * width { places.append(pixel * channels + channel) }
    }
    return places
  }

  /// The neurons of a stage, with what comes back to them.
  private func neurons(_ stage: NIRStage, _ shape: [Int], isBehindDense: Bool) throws(Fault) -> [any Layer] {
    let isRecurrent = stage.feedback != nil
    var neuron = try profile.neurons(stage.node, stage.name, features: shape, dt, isRecurrent: isRecurrent)
    marks.apply(to: &neuron, stage.name)
    guard let feedback = stage.feedback else { return [NeuronLayer(try neuron.model())] }
    if let reason = profile.refusal(of: "feedback") { throw refused(stage, "\(reason) (feedback)") }
    guard neuron.firing != nil else {
      throw Fault(.value, "the \(stage.node.kind) `\(stage.name)` hears its own potential", help: "only spikes come back to neurons here")
    }
    if neuron.firing?.isMultiple ?? false {
      throw Fault(
        .value, "the \(stage.node.kind) `\(stage.name)` sends several spikes a step back to itself",
        label: "as \(profile.title) does", help: "recurrent neurons here send one at most")
    }
    let count = shape.reduce(1, *)
    var layers: [any Layer] = []
    var weight: Tensor
    var bias: [Double]?
    if let node = feedback.weights {
      let dense = try node.dense(feedback.name)
      guard let matrix = dense.weight, matrix.shape == [count, count] else {
        throw Fault(
          .shape, "the weights `\(feedback.name)` do not lead from `\(stage.name)` back to it",
          label: "they are \(node.array("weight")?.shape ?? []), and there are \(count) neurons")
      }
      weight = matrix
      bias = profile.dropsFeedbackBias ? nil : node.array("bias")?.values
      if feedback.takesInput, !profile.entersBesideFeedback {
        layers.append(dense)
        bias = nil
      }
    } else {
      weight = try Tensor(shape: [count, count]) { out in for index in 0..<count { out[index * count + index] = 1 } }
    }
    if profile.feedbackSkipsWeight, let gain = neuron.synapse?.gain {
      let columns = try Tensor((0..<count).map { Float(1 / gain.at($0)) }, shape: [count])
      weight = try weight * columns
    }
    // Without a dense layer in front, the offsets of the feedback go to the neurons.
    if let bias, !bias.allSatisfy({ $0 == 0 }), !isBehindDense { try add(bias, to: &neuron, stage) }
    let isLate = neuron.firing?.isLate ?? false
    neuron.firing?.isLate = false
    layers.append(RecurrentLayer(try neuron.model(), recurrent: weight))
    if isLate { layers.append(NeuronLayer(try DelayNeuron.spikes())) }
    return layers
  }

  private func add(_ bias: [Double], to neuron: inout SteppedNeuron, _ stage: NIRStage) throws(Fault) {
    guard neuron.synapse == nil else {
      throw Fault(.value, "the offsets of the feedback of `\(stage.name)` have no layer of weights to go to")
    }
    neuron.offset = neuron.offset + neuron.gain * PerNeuron(bias)
  }
}

extension NIRNode {
  /// Whether its output is spikes.
  fileprivate var fires: Bool { ["IF", "LIF", "CubaLIF", "Threshold"].contains(kind) }
  /// Whether it changes the time, the size or the order of what comes in, and nothing else.
  fileprivate var passesSpikes: Bool { ["Flatten", "Delay", "Scale", "SumPool2d", "AvgPool2d"].contains(kind) }
}
