// A network as a NIR graph for one tool.

import Faults
import Spiking
import Tensors

/// A graph that was made for a tool.
public struct WrittenNetwork: Sendable {
  public var file: NIRFile
  public var report: ExchangeReport
}

extension Network {
  /// The network as a graph that a tool runs as it is run here, so far as the tool can.
  ///
  /// Batch normalisation is folded into the weights before it, and dropout is left out: it does nothing outside of
  /// training. The report has what the tool does otherwise, found by reading the graph as the tool reads it, and the
  /// share of spikes that are the same when both run on random input.
  ///
  /// - Parameter seconds: the length of a step; nil for the tool's own.
  /// - Throws: `.value` for a layer or neurons that NIR or the tool does not know; the text names the layer.
  public func written(for profile: ToolProfile, seconds: Double? = nil, path: String = "") throws(Fault) -> WrittenNetwork {
    let dt = try profile.writtenStep(seconds)
    let network = try folded()
    var writer = NetworkWriter(profile, dt)
    try writer.write(network)
    let graph = try writer.graph(network)
    // How long a step is, the tool works out of the file, or is told.
    if seconds != nil, !dt.isTime {
      writer.notes.append("\(profile.title) counts time in steps: so do the time constants in the file, which is read without `dt`")
    }
    let told = profile.isStepTold ? seconds : nil
    let there = try graph.network(ReadingOptions(profile, seconds: told)).network
    if let seconds, dt.isTime, abs(seconds / dt.length - 1) > 1e-9 {
      writer.notes.append("\(profile.title) takes every step for \(dt.length) s: time constants are written for that, and stand for steps of \(seconds) s")
    }
    let report = ExchangeReport(
      path: path, tool: profile.name, title: profile.title, seconds: seconds ?? (dt.isTime ? dt.length : nil),
      rows: writer.rows, agreement: try network.agreement(with: there, lag: writer.lag(profile)), notes: writer.notes)
    let origin = NIRFile.Origin(tool: profile.name, seconds: seconds, marks: writer.marks)
    return WrittenNetwork(file: NIRFile(graph, origin: origin), report: report)
  }

  /// Runs both networks on the same random spikes.
  private func agreement(with other: Network, lag: Int) throws(Fault) -> ExchangeReport.Agreement {
    let (samples, steps) = (16, 60 + lag)
    // Every second input: enough for most networks to fire, and not all the time.
    let count = try Shape.count([steps, samples] + inputShape)
    var stream = RandomStream(seed: 0, purpose: "exchange", index: 0)
    let input = try Tensor(shape: [steps, samples] + inputShape) { (out) throws(Fault) in
      try Interrupt.parts(count) { part in
        for place in part { out[place] = stream.nextBits() % 2 == 0 ? 1 : 0 }
      }
    }
    let signal = Signal.spikes(try Spikes(input))
    let (here, there) = (try run(signal).tensor(), try other.run(signal).tensor())
    var result = ExchangeReport.Agreement(samples: samples, steps: steps - lag, lag: lag, here: 0, there: 0, different: 0)
    let width = here.count / steps
    here.withUnsafeBuffer { here in
      there.withUnsafeBuffer { there in
        for place in 0..<width * (steps - lag) {
          let (own, others) = (here[place], there[place + lag * width])
          if own != 0 { result.here += 1 }
          if others != 0 { result.there += 1 }
          // Potentials differ where they do so by more than a rounding.
          if abs(own - others) > 1e-4 * max(1, abs(own)) { result.different += 1 }
        }
      }
    }
    return result
  }
}

extension ToolProfile {
  /// The length of the steps of a file that is written.
  func writtenStep(_ seconds: Double?) throws(Fault) -> StepLength {
    switch step {
    // A file whose time constants count steps has none in seconds.
    case .counted: return StepLength(length: 1, isTime: false)
    case .fixed(let length): return StepLength(length: length, isTime: true)
    case .fromFile where seconds == nil: return StepLength(length: 1e-3, isTime: true)
    default: return try stepLength(seconds)
    }
  }

  /// Whether a reader must be told the length of a step.
  fileprivate var isStepTold: Bool {
    switch step {
    case .counted, .fromFile, .fixed: false
    case .standard, .told: true
    }
  }
}

/// Collects the nodes of a network's layers.
private struct NetworkWriter {
  private let profile: ToolProfile
  private let dt: StepLength
  private var nodes: [(name: String, node: NIRNode)] = []
  private var edges: [NIREdge] = []
  private var last = "input"
  var marks = SteppingMarks()
  var rows: [ExchangeReport.Row] = []
  var notes: [String] = []
  /// By what the weights of the next layer are multiplied: what a pool was written as gives other numbers.
  private var scale = 1.0
  /// The shape of an image that was flattened, up to the next layer of weights.
  private var flattened: [Int]?
  /// The layer of weights that waits for what the neurons behind it add to its offsets.
  private var waiting: (name: String, kind: String, fields: [String: NIRValue])?
  private var lateLayers = 0

  init(_ profile: ToolProfile, _ dt: StepLength) { (self.profile, self.dt) = (profile, dt) }

  /// By how many steps the tool answers later.
  func lag(_ profile: ToolProfile) -> Int { profile.isLate ? lateLayers : 0 }

  mutating func write(_ network: Network) throws(Fault) {
    for (index, layer) in network.layers.enumerated() {
      try Interrupt.check()
      do throws(Fault) {
        let differences = try add(layer, "\(index)", network.inputOf(index), network.shapes[index])
        rows.append(
          ExchangeReport.Row(
            layer: layer.callText, node: differences == nil ? "" : "\(index)", differences: differences ?? [],
            isSame: differences?.allSatisfy { $0 == WrittenNeurons.late } ?? true))
      } catch {
        var fault = error
        let place = "layer \(index), \(layer.callText)"
        fault.label = fault.label.map { "\(place): \($0)" } ?? place
        throw fault
      }
    }
    try place(offset: nil)
    if scale != 1 {
      throw Fault(
        .value, "\(profile.title) does not know the last pool of the network",
        help: "with a layer of weights behind it, its numbers could be put right there")
    }
    for (name, node) in nodes {
      guard let row = rows.firstIndex(where: { $0.node == name.split(separator: ".").first.map(String.init) }) else { continue }
      if !rows[row].node.contains(" ") { rows[row].node += " \(node.kind)" }
    }
  }

  func graph(_ network: Network) throws(Fault) -> NIRGraph {
    var all = nodes
    all.insert(("input", try NIRNode("Input", fields: ["shape": .array(NIRArray(sizes: network.inputShape))], name: "input")), at: 0)
    all.append(
      ("output", try NIRNode("Output", fields: ["shape": .array(NIRArray(sizes: network.outputShape))], name: "output")))
    return try NIRGraph(all, edges: edges + [NIREdge(last, "output")])
  }

  private mutating func append(_ name: String, _ kind: String, _ fields: [String: NIRValue]) throws(Fault) {
    nodes.append((name, try NIRNode(kind, fields: fields, name: name)))
    edges.append(NIREdge(last, name))
    last = name
  }

  /// Writes the layer of weights that waits.
  private mutating func place(offset: [Double]?) throws(Fault) {
    guard var layer = waiting else {
      if let offset, !offset.allSatisfy({ $0 == 0 }) {
        throw Fault(.value, "\(profile.title) reads no offset of neurons, and no layer of weights is before these")
      }
      return
    }
    waiting = nil
    if let offset, !offset.allSatisfy({ $0 == 0 }) {
      if case .array(var bias)? = layer.fields["bias"] {
        guard bias.values.count == offset.count else { throw perChannel }
        bias.values = zip(bias.values, offset).map(+)
        layer.fields["bias"] = .array(bias)
      } else {
        layer.fields["bias"] = .array(NIRArray(offset, storage: .float32))
        if layer.kind == "Linear" { layer.kind = "Affine" }
      }
    }
    try append(layer.name, layer.kind, layer.fields)
  }

  private var perChannel: Fault {
    Fault(.value, "\(profile.title) reads no offset of neurons, and a convolution has one for each channel alone")
  }

  private func refused(_ kind: String) -> Fault? {
    profile.refusal(of: kind).map { Fault(.value, "\(profile.title) cannot run a \(kind)", label: $0) }
  }

  /// Adds a layer, and answers with what the tool does otherwise; nil for a layer that needs no node.
  private mutating func add(
    _ layer: any Layer, _ name: String, _ input: [Int], _ output: [Int]
  ) throws(Fault) -> [String]? {
    switch layer {
    case let dense as DenseLayer:
      try place(offset: nil)
      try add(dense, name)
      return []
    case let conv as ConvLayer:
      try place(offset: nil)
      if let refused = refused("Conv2d") { throw refused }
      guard let weight = conv.weight else { throw Fault(.value, "the layer has no weights yet") }
      func pair(_ pair: Window.Pair) -> NIRValue { .array(NIRArray(sizes: [pair.y, pair.x])) }
      let bias = conv.bias?.scalars ?? [Float](repeating: 0, count: conv.outputs)
      waiting = (
        name, "Conv2d",
        [
          "weight": numbers(weight.scalars, weight.shape), "bias": .array(NIRArray(bias.map(Double.init), storage: .float32)),
          "stride": pair(conv.stride), "padding": pair(conv.padding), "dilation": .array(NIRArray(sizes: [1, 1])),
          "groups": .array(NIRArray(integer: 1)), "input_shape": .array(NIRArray(sizes: Array(input.dropFirst()))),
        ])
      return []
    case let conv as GroupedConvLayer:
      try place(offset: nil)
      let (geometry, kind) = (conv.geometry, conv.geometry.axes == 1 ? "Conv1d" : "Conv2d")
      if let refused = refused(kind) { throw refused }
      guard let weight = conv.weight else { throw Fault(.value, "the layer has no weights yet") }
      func sizes(_ pair: Window.Pair) -> NIRValue { .array(geometry.axes == 1 ? NIRArray(integer: pair.x) : NIRArray(sizes: [pair.y, pair.x])) }
      let bias = conv.bias?.scalars ?? [Float](repeating: 0, count: conv.outputs)
      waiting = (
        name, kind,
        [
          "weight": numbers(weight.scalars, weight.shape), "bias": .array(NIRArray(bias.map(Double.init), storage: .float32)),
          "stride": sizes(geometry.stride), "padding": sizes(geometry.padding), "dilation": sizes(geometry.dilation),
          "groups": .array(NIRArray(integer: geometry.groups)),
          "input_shape": .array(geometry.axes == 1 ? NIRArray(integer: input[1]) : NIRArray(sizes: Array(input.dropFirst()))),
        ])
      return []
    case let pool as PoolLayer:
      try place(offset: nil)
      return try add(pool, name)
    case let pool as LinePoolLayer:
      try place(offset: nil)
      return try add(pool, name, input)
    case let flatten as FlattenLayer:
      try place(offset: nil)
      if flatten.from == 0 { flattened = input }
      try append(
        name, "Flatten",
        [
          "input_type": .array(NIRArray(sizes: input)), "start_dim": .array(NIRArray(integer: flatten.from)),
          "end_dim": .array(NIRArray(integer: -1)),
        ])
      return []
    case is DropoutLayer: return nil
    case let delay as DelayLayer:
      try place(offset: nil)
      if let refused = refused("Delay") { throw refused }
      let times = delay.delays.whole.map { Double($0) * dt.length }
      try append(name, "Delay", ["delay": .array(NIRArray(times, shape: output, storage: .float32))])
      return delay.delays.isLearnt ? ["its delays are whole steps there, and no longer learnt"] : []
    case let neurons as NeuronLayer: return try add(try SteppedNeuron(neurons.model), name, output, feedback: nil)
    case let recurrent as RecurrentLayer:
      guard let weight = recurrent.recurrent else { throw Fault(.value, "the layer has no weights yet") }
      guard recurrent.kernel == nil else {
        throw Fault(.value, "NIR files of ours hold no neurons that hear each other through a kernel", help: "without a kernel they are written")
      }
      if let reason = profile.refuses["feedback"] {
        throw Fault(.value, "\(profile.title) does not run neurons that hear themselves", label: "it \(reason)")
      }
      return try add(try SteppedNeuron(recurrent.model), name, output, feedback: weight)
    default: throw Fault(.value, "NIR has no node for the layer `\(layer.name)`")
    }
  }

  private mutating func add(_ dense: DenseLayer, _ name: String) throws(Fault) {
    guard let weight = dense.weight else { throw Fault(.value, "the layer has no weights yet") }
    let (inputs, outputs) = (weight.shape[0], weight.shape[1])
    let own = weight.scalars
    var turned = [Float](repeating: 0, count: own.count)
    let columns = profile.flattensChannelsLast ? channelsLast() : nil
    flattened = nil
    for input in 0..<inputs {
      let column = columns?[input] ?? input
      for output in 0..<outputs { turned[output * inputs + column] = own[input * outputs + output] }
    }
    var fields = ["weight": numbers(turned, [outputs, inputs])]
    if let bias = dense.bias { fields["bias"] = .array(NIRArray(bias.scalars.map(Double.init), storage: .float32)) }
    var kind = dense.bias == nil ? "Linear" : "Affine"
    if kind == "Linear", profile.refuses[kind] != nil {
      fields["bias"] = .array(NIRArray([Double](repeating: 0, count: outputs), storage: .float32))
      kind = "Affine"
    }
    waiting = (name, kind, fields)
  }

  /// Weights as they are stored, with what the pool before them asks for.
  private mutating func numbers(_ values: [Float], _ shape: [Int]) -> NIRValue {
    let factor = scale
    scale = 1
    return .array(NIRArray(values.map { Double(Float(Double($0) * factor)) }, shape: shape, storage: .float32))
  }

  private func channelsLast() -> [Int]? {
    guard let shape = flattened, shape.count == 3 else { return nil }
    var places: [Int] = []
    for channel in 0..<shape[0] { for pixel in 0..<shape[1] * shape[2] { places.append(pixel * shape[0] + channel) } }
    return places
  }

  /// NIR has no pool along rows: the sum or the mean of a window is a convolution of each channel by itself.
  private mutating func add(_ pool: LinePoolLayer, _ name: String, _ input: [Int]) throws(Fault) -> [String] {
    let images = pool.images
    guard images.kind != .max else { throw Fault(.value, "NIR has no pool of the largest", help: "pools of sums and means can be written") }
    if let refused = refused("Conv1d") { throw refused }
    let (channels, size) = (input[0], images.size.x)
    let weight = images.kind == .sum ? 1 : 1 / Float(size)
    try append(
      name, "Conv1d",
      [
        "weight": numbers([Float](repeating: weight, count: channels * size), [channels, 1, size]),
        "bias": .array(NIRArray([Double](repeating: 0, count: channels), storage: .float32)),
        "stride": .array(NIRArray(integer: images.stride.x)), "padding": .array(NIRArray(integer: 0)),
        "dilation": .array(NIRArray(integer: 1)), "groups": .array(NIRArray(integer: channels)),
        "input_shape": .array(NIRArray(integer: input[1])),
      ])
    return ["NIR has no pool along rows: it is a convolution of each channel by itself there"]
  }

  /// A sum and a mean are each other's multiples: where a tool knows one of them, the next weights do the rest.
  private mutating func add(_ pool: PoolLayer, _ name: String) throws(Fault) -> [String] {
    guard pool.kind != .max else { throw Fault(.value, "NIR has no pool of the largest", help: "pools of sums and means can be written") }
    let window = Double(pool.size.y * pool.size.x)
    var kind = pool.kind == .sum ? "SumPool2d" : "AvgPool2d"
    if profile.refuses[kind] != nil {
      let other = kind == "SumPool2d" ? "AvgPool2d" : "SumPool2d"
      if profile.refuses[other] != nil, let refused = refused(kind) { throw refused }
      scale *= kind == "SumPool2d" ? window : 1 / window
      notes.append("\(profile.title) knows no \(kind): layer \(name) is a \(other), and the next weights are multiplied by \(Float(scale))")
      kind = other
    }
    func pair(_ pair: Window.Pair) -> NIRValue { .array(NIRArray(sizes: [pair.y, pair.x])) }
    try append(
      name, kind,
      ["kernel_size": pair(pool.size), "stride": pair(pool.stride), "padding": .array(NIRArray(sizes: [0, 0]))])
    return []
  }

  private mutating func add(
    _ neuron: SteppedNeuron, _ name: String, _ shape: [Int], feedback: Tensor?
  ) throws(Fault) -> [String] {
    if scale != 1 {
      throw Fault(
        .value, "\(profile.title) does not know the pool before these neurons",
        help: "with a layer of weights behind the pool, its numbers could be put right there")
    }
    let nodeName = feedback == nil || profile.nestsFeedback ? name : "\(name).lif"
    // A reader calls what is inside another graph by both names.
    let markName = feedback != nil && profile.nestsFeedback ? "\(name)/\(name).lif" : nodeName
    let written = try profile.write(neuron, nodeName, features: shape, dt, isRecurrent: feedback != nil)
    let count = shape.reduce(1, *)
    let isImage = shape.count > 1
    if !written.offset.isAll(0), isImage, written.offset.uniform == nil { throw perChannel }
    let offsets = written.offset.isAll(0) ? nil : (0..<(isImage ? shape[0] : count)).map { written.offset.at($0) }
    try place(offset: offsets)
    lateLayers += 1
    if let mark = written.mark { marks.marks[markName] = mark }
    guard let feedback else {
      try append(nodeName, written.node.kind, written.node.fields)
      return written.differences
    }
    let own = feedback.scalars
    var turned = [Double](repeating: 0, count: own.count)
    for from in 0..<count { for to in 0..<count { turned[to * count + from] = Double(own[from * count + to]) } }
    let weights = try NIRNode(
      "Linear", fields: ["weight": .array(NIRArray(turned, shape: [count, count], storage: .float32))], name: "\(name).w_rec")
    if profile.nestsFeedback {
      let size = NIRValue.array(NIRArray(sizes: shape))
      let inner = try NIRGraph(
        [
          ("\(name).input", try NIRNode("Input", fields: ["shape": size], name: "input")), ("\(name).lif", written.node),
          ("\(name).w_rec", weights), ("\(name).output", try NIRNode("Output", fields: ["shape": size], name: "output")),
        ],
        edges: [
          NIREdge("\(name).input", "\(name).lif"), NIREdge("\(name).lif", "\(name).w_rec"),
          NIREdge("\(name).w_rec", "\(name).lif"), NIREdge("\(name).lif", "\(name).output"),
        ])
      nodes.append((name, NIRNode(inner)))
      edges.append(NIREdge(last, name))
      last = name
    } else {
      try append(nodeName, written.node.kind, written.node.fields)
      nodes.append(("\(name).w_rec", weights))
      edges += [NIREdge(nodeName, "\(name).w_rec"), NIREdge("\(name).w_rec", nodeName)]
    }
    return written.differences
  }
}
