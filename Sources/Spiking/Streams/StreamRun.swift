// A network on a stream: one step after the other, its state kept, its cost following the spikes.

import Faults
import Kernels
import Tensors

/// How to run a stream.
public struct StreamRunOptions {
  /// The rule by which thresholds follow activity; nil for fixed ones.
  public var adaptation: Adaptation?
  /// Whether the state begins anew with each labelled sample.
  public var resets = false
  /// The reading of the output; nil for the network's own.
  public var decoder: Decoder?
  /// Whether the spikes of every layer are kept, `layerSpikes` of the result.
  public var keepsSpikes = false
  /// Looks at each step of each population while the stream runs.
  public var observer: (any StreamObserver)?
  /// Called now and then with the steps that are done.
  public var progress: ((_ done: Int, _ steps: Int) -> Void)?

  public init() {}
}

/// What a network did on a stream.
public struct StreamRun: Sendable {
  /// One labelled sample.
  public struct Sample: Sendable, Equatable {
    public var label: Int
    public var answer: Int
    /// Steps from the sample's start until the answer no longer changed; all of them when nothing was said.
    public var decidedAfter: Int
  }

  /// One layer of neurons, or the input.
  public struct Population: Sendable {
    /// As in a recording: "input", "lif 1".
    public var name: String
    public var neurons: Int
    public var spikes = 0
    /// Spikes of each neuron over the whole run.
    public var counts: [Int32]
    /// The same, of the steps inside labelled samples alone.
    public var sampleCounts: [Int32]
    /// Where it gives numbers to other neurons in the place of spikes: how often each was not 0, over the whole run and
    /// inside labelled samples; empty elsewhere.
    public var numbers: [Int32] = []
    public var sampleNumbers: [Int32] = []
    /// How often each neuron sent something on, over the whole run and inside labelled samples.
    public var sent: [Int32] { numbers.isEmpty ? counts : numbers }
    public var sampleSent: [Int32] { numbers.isEmpty ? sampleCounts : sampleNumbers }
    /// The average activity before each step, in spikes a neuron and step.
    public var activity: [Float] = []
    /// The threshold in each step; empty for the input and for neurons without one.
    public var threshold: [Float] = []
  }

  /// The rule by which thresholds followed, whose activity settled; nil for fixed ones.
  public var adaptation: Adaptation?
  /// Steps that were done; fewer than the stream has when interrupted.
  public var steps = 0
  /// Of these, steps inside labelled samples.
  public var sampleSteps = 0
  public var interrupted = false
  /// The input first, then each layer of neurons.
  public var populations: [Population]
  public var samples: [Sample] = []
  /// The average activity of all neurons (without the input) before each step.
  public var activity: [Float] = []
  /// Over all spikes, the synapses by which each leaves (`Synapses`): a synapse counts where its weight is not zero, a
  /// spike in the step in which it is fired. Numbers that flow in the place of spikes count where they are not 0.
  public var synapticEvents = 0
  /// Layers times steps in which there was nothing to do.
  public var restingSteps = 0
  public var layerSteps = 0
  public var warnings: [String] = []
  public var seconds = 0.0
  /// Where `keepsSpikes`: the spikes of each layer of neurons `[time, 1, ...features]`; nil for one that doesn't fire.
  public var layerSpikes: [Spikes?] = []

  /// The share of labelled samples that were read right; nan without any.
  public var accuracy: Double {
    Double(samples.count { $0.answer == $0.label }) / Double(samples.count)
  }
  /// Spikes of all neurons; those of the input are not among them.
  public var spikes: Int { populations.dropFirst().reduce(0) { $0 + $1.spikes } }
  /// Steps until the answer stood, sorted.
  public var latencies: [Int] { samples.map(\.decidedAfter).sorted() }

  /// The synapses by which all that was counted left.
  func events(_ fanOuts: [[Int]]) -> Int {
    zip(populations, fanOuts).reduce(0) { sum, entry in
      zip(entry.0.sent, entry.1).reduce(sum) { $0 &+ Int($1.0) &* $1.1 }
    }
  }

  /// The latency that a share of the samples does not exceed; nil without samples.
  public func latency(_ share: Double) -> Int? {
    let sorted = latencies
    guard !sorted.isEmpty else { return nil }
    return sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
  }
}

/// Runs a network on a stream, one step after the other.
///
/// The state flows on from step to step, and from sample to idle stretch. With fixed thresholds the spikes are those
/// of `Network.run` on the same activity, to the last bit. When the user interrupts, the result holds what was done so
/// far, and the request is spent.
///
/// - Throws: `.shape` for a stream of another width than the network's input; `.value` for labels beyond the network's
///   outputs, a layer that cannot run step by step, or an adaptation that cannot be used.
public func runStream(
  _ network: Network, _ stream: SpikeStream, _ options: StreamRunOptions = StreamRunOptions()
) throws(Fault) -> StreamRun {
  var runner = try StreamRunner(try network.folded(), stream, options)
  return try runner.run()
}

private struct StreamRunner {
  let stream: SpikeStream
  let options: StreamRunOptions
  /// For each population and neuron, the synapses by which its spikes leave.
  let fanOuts: [[Int]]
  let stages: [StreamStage]
  /// The stages of neurons, in order.
  let spiking: [SpikingStage]
  let input: StepBuffer
  let output: StepBuffer
  var meters: [ActivityMeter]
  var networkMeter: ActivityMeter
  var inputMeter: ActivityMeter
  var watches: [StreamWatch]
  var reading: StreamReading
  var result: StreamRun

  init(_ network: Network, _ stream: SpikeStream, _ options: StreamRunOptions) throws(Fault) {
    var options = options
    options.adaptation = try options.adaptation?.settled(forSpikes: stream.signal.spikes != nil)
    self.stream = stream
    self.options = options
    guard stream.features == network.inputShape.reduce(1, *) else {
      throw Fault(
        .shape, "the stream does not fit the network",
        label: "a step of the stream is \(Shape.text(stream.signal.featureShape)), "
          + "the network takes \(Shape.text(network.inputShape))",
        help: "encode the stream as the network was trained: as_stream(encode=net.encoder)")
    }
    if let place = stream.segments.first(where: { $0.label >= network.outputs }) {
      throw Fault(
        .value, "a label is out of range for the network",
        label: "the label of the sample at step \(place.start) is \(place.label), "
          + "and the network has \(network.outputs) outputs")
    }
    input = StepBuffer(shape: network.inputShape, isSpikes: stream.signal.spikes != nil)
    let row = try StageRow(network.layers, input: input, shape: network.inputShape)
    stages = row.stages
    output = row.output
    spiking = stages.compactMap { $0 as? SpikingStage }
    guard let first = spiking.first else {
      throw Fault(
        .value, "the network has no neurons", label: "its layers are all without spikes",
        help: "put neurons after each dense layer: input(64) |> dense(10) |> lif()")
    }
    if let adaptation = options.adaptation, spiking.allSatisfy({ $0.baseThreshold == nil }) {
      throw Fault(
        .value, "no layer has a threshold that could be moved",
        label: "\(adaptation.callText) on \(first.name)",
        help: "neurons given by equations need a parameter named `theta` or `threshold`")
    }
    fanOuts = network.graph.fanOuts
    let memory = options.adaptation?.memory ?? .window(50)
    let initial = options.adaptation?.target ?? 0
    let neurons = spiking.map { $0.output.features }
    meters = neurons.map { ActivityMeter(memory, neurons: $0, initial: initial) }
    networkMeter = ActivityMeter(memory, neurons: neurons.reduce(0, +), initial: initial)
    inputMeter = ActivityMeter(memory, neurons: stream.features, initial: initial)
    watches = spiking.map { StreamWatch($0.name, options.adaptation) }
    reading = StreamReading(options.decoder ?? network.standardDecoder, classes: output.features)
    var populations = [
      StreamRun.Population(
        name: "input", neurons: stream.features, counts: [Int32](repeating: 0, count: stream.features),
        sampleCounts: [Int32](repeating: 0, count: stream.features))
    ]
    for stage in spiking {
      populations.append(
        StreamRun.Population(
          name: stage.name, neurons: stage.output.features,
          counts: [Int32](repeating: 0, count: stage.output.features),
          sampleCounts: [Int32](repeating: 0, count: stage.output.features)))
    }
    result = StreamRun(populations: populations)
    result.adaptation = options.adaptation
    if options.keepsSpikes {
      for stage in spiking {
        result.layerSpikes.append(
          stage.output.isSpikes ? try Spikes(shape: [stream.steps, 1] + stage.output.shape) : nil)
      }
    }
  }

  mutating func run() throws(Fault) -> StreamRun {
    let began = Clock.now
    var reported = began
    var segment = 0
    let count = stream.steps
    result.activity.reserveCapacity(count)
    for index in result.populations.indices { result.populations[index].activity.reserveCapacity(count) }
    for step in 0..<count {
      if step & 63 == 0 {
        if Interrupt.isRequested {
          let fault = Interrupt.fault()
          if fault.kind != .interrupt { throw fault }
          Interrupt.clear()
          result.interrupted = true
          break
        }
        if let progress = options.progress, Clock.now - reported > 0.1 {
          reported = Clock.now
          progress(step, count)
        }
      }
      let inSample = segment < stream.segments.count && stream.segments[segment].start <= step
      if inSample, stream.segments[segment].start == step {
        reading.begin()
        if options.resets {
          for stage in stages { try stage.reset() }
          options.observer?.reset()
        }
      }
      load(step, inSample: inSample)
      try move(step, inSample: inSample)
      guard inSample else { continue }
      reading.add(output)
      let current = stream.segments[segment]
      if step + 1 == current.start + current.steps {
        result.samples.append(
          StreamRun.Sample(
            label: current.label, answer: reading.answer ?? 0,
            decidedAfter: reading.answer == nil ? current.steps : reading.decidedAfter))
        segment += 1
      }
    }
    result.seconds = Clock.now - began
    result.synapticEvents = result.events(fanOuts)
    result.warnings = watches.flatMap { $0.warnings() }
    return result
  }

  /// Puts the stream's activity of a step into the input.
  private mutating func load(_ step: Int, inSample: Bool) {
    switch stream.signal {
    case .spikes(let spikes):
      let width = spikes.wordsPerRow
      var differs: UInt64 = 0
      var count = 0
      for word in 0..<width {
        let bits = spikes.words[step * width + word]
        differs |= bits ^ input.words[word]
        input.words[word] = bits
        count += bits.nonzeroBitCount
      }
      input.isUnchanged = differs == 0 && step > 0
      input.count = count
      if count > 0 { countSpikes(input, into: 0, inSample) }
    case .tensor(let tensor): load(step, of: tensor, at: step, inSample)
    case .steady(let once, _): load(step, of: once, at: 0, inSample)
    }
  }

  /// Puts a row of currents into the input.
  private mutating func load(_ step: Int, of currents: Tensor, at row: Int, _ inSample: Bool) {
    guard let values = input.values else { return }
    let width = input.features
    currents.withUnsafeBuffer { source in
      var isSame = step > 0
      for index in 0..<width {
        let value = source[row * width + index]
        if value.bitPattern != values[index].bitPattern { isSame = false }
        values[index] = value
        if value != 0 { count(0, index, inSample) }
      }
      input.isUnchanged = isSame
    }
  }

  /// Moves all layers one step on.
  ///
  /// - Parameter inSample: whether a labelled sample runs; only then silence means something.
  private mutating func move(_ step: Int, inSample: Bool) throws(Fault) {
    let arrived = (stream.segments.isEmpty || inSample) && (!input.isSpikes || input.count > 0)
    var place = 0
    var total = 0
    result.populations[0].activity.append(Float(inputMeter.activity))
    options.observer?.observe(PopulationStep(input: input))
    for stage in stages {
      guard let neurons = stage as? SpikingStage else {
        count(try stage.step())
        continue
      }
      let (activity, factor) = adapt(neurons, place)
      count(try neurons.step())
      let spikes = neurons.output.isSpikes ? neurons.output.count : 0
      watches[place].add(
        spikes: spikes, arrived: arrived && neurons.output.isSpikes, activity: activity, factor: factor,
        inputActivity: inputMeter.activity)
      record(neurons, place, step, inSample)
      if let observer = options.observer {
        neurons.withPotential { observer.observe(PopulationStep(neurons, number: place + 1, potential: $0)) }
      }
      meters[place].add(spikes)
      total += spikes
      place += 1
    }
    result.activity.append(Float(networkMeter.activity))
    networkMeter.add(total)
    inputMeter.add(input.isSpikes ? input.count : 0)
    result.steps = step + 1
    if inSample { result.sampleSteps += 1 }
    options.observer?.endStep(inSample: inSample)
  }

  private mutating func count(_ hasWorked: Bool) {
    result.layerSteps += 1
    if !hasWorked { result.restingSteps += 1 }
  }

  /// Sets the threshold of a layer for this step; answers with the activity it follows and its factor.
  private mutating func adapt(_ stage: SpikingStage, _ place: Int) -> (activity: Double, factor: Double) {
    let own = meters[place].activity
    result.populations[place + 1].activity.append(Float(own))
    guard let base = stage.baseThreshold else { return (own, 1) }
    var factor = 1.0
    var activity = own
    if let adaptation = options.adaptation {
      activity =
        switch adaptation.sense {
        case .layer, nil: own
        case .input: inputMeter.activity
        case .network: networkMeter.activity
        }
      factor = adaptation.factor(at: activity)
      stage.threshold = Float(Double(base) * factor)
    }
    result.populations[place + 1].threshold.append(Float(Double(base) * factor))
    return (activity, factor)
  }

  private mutating func record(_ stage: SpikingStage, _ place: Int, _ step: Int, _ inSample: Bool) {
    if let values = stage.output.values, !stage.output.isSpikes {
      // What a layer of numbers sends on is counted; a read-out sends nothing.
      guard place + 1 < fanOuts.count, fanOuts[place + 1].contains(where: { $0 > 0 }) else { return }
      if result.populations[place + 1].numbers.isEmpty {
        let none = [Int32](repeating: 0, count: stage.output.features)
        result.populations[place + 1].numbers = none
        result.populations[place + 1].sampleNumbers = none
      }
      for neuron in 0..<stage.output.features where values[neuron] != 0 {
        result.populations[place + 1].numbers[neuron] &+= 1
        if inSample { result.populations[place + 1].sampleNumbers[neuron] &+= 1 }
      }
      return
    }
    guard stage.output.count > 0 else { return }
    countSpikes(stage.output, into: place + 1, inSample)
    guard options.keepsSpikes else { return }
    let width = stage.output.wordCount
    for word in 0..<width { result.layerSpikes[place]?.words[step * width + word] = stage.output.words[word] }
  }

  private mutating func count(_ population: Int, _ neuron: Int, _ inSample: Bool) {
    result.populations[population].spikes += 1
    result.populations[population].counts[neuron] &+= 1
    if inSample { result.populations[population].sampleCounts[neuron] &+= 1 }
  }

  private mutating func countSpikes(_ buffer: StepBuffer, into population: Int, _ inSample: Bool) {
    result.populations[population].spikes += buffer.count
    for word in 0..<buffer.wordCount {
      var bits = buffer.words[word]
      while bits != 0 {
        let neuron = word * 64 + bits.trailingZeroBitCount
        result.populations[population].counts[neuron] &+= 1
        if inSample { result.populations[population].sampleCounts[neuron] &+= 1 }
        bits &= bits - 1
      }
    }
  }
}
