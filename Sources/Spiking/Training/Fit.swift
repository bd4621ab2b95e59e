// Training by surrogate-gradient descent through time.

import Faults
import Tensors

/// How to train.
public struct FitOptions {
  /// The code of the samples; nil for the network's own, or for samples that have a time axis.
  public var encoder: (any Encoder)?
  public var loss = Loss.spikeCountCrossEntropy
  public var surrogate = Surrogate.standard
  public var optimizer: any Optimizer = Adam()
  public var schedule = Schedule.constant
  public var epochs = 10
  /// Samples in a batch.
  public var batch = 64
  /// Measured after each epoch.
  public var validation: Dataset?
  /// Whether each epoch takes the samples in another order.
  public var shuffles = true
  /// Names all random draws of the run.
  public var seed: UInt64 = 0
  /// What is made small beside the loss, such as a network's price on a chip.
  public var objective: (any TrainingObjective)?
  /// Sets weights that are still as their layers drew them, before the first epoch; nil leaves them.
  public var initializer: (any Initializer)? = Measured()
  /// Called after each batch and after each epoch.
  public var progress: ((FitProgress) -> Void)?
  /// Called once for each warning, when it arises; they are in the history too.
  public var warn: ((String) -> Void)?

  public init() {}
}

/// Trains a network on labelled samples, and answers with the trained one; the given one stays as it was.
///
/// The result carries its `history`, its `encoder` and its `decoder`. When the user interrupts, training stops after
/// the batch that runs, and the result holds what was learnt so far, with `history.interrupted`; the request is then
/// spent. The same options give the same result to the last bit, whatever the number of threads.
///
/// Weights that nobody has given, loaded or trained are set first, by `options.initializer`. A population that fires
/// nothing in an epoch, or always, is warned of.
///
/// - Throws: `.value` or `.shape` for options, samples or labels that cannot work, each naming what is wrong; `.value`
///   when the loss or a gradient is no longer a number, with the epoch, the batch and the layer.
public func fit(_ network: Network, _ data: Dataset, _ options: FitOptions) throws(Fault) -> Network {
  var training = try Training(network, data, options)
  return try training.run()
}

/// One training run: the state that changes while it goes on.
private struct Training {
  var options: FitOptions
  var objective: (any TrainingObjective)?
  let source: BatchSource
  let batches: Int
  var network: Network
  var memory: [[[Tensor]]] = []
  var history = History()
  var step = 0
  var lastGoodLoss: Double?
  /// The places of populations that were warned of.
  var warned: Set<[Int]> = []
  let started = Clock.now

  init(_ network: Network, _ data: Dataset, _ options: FitOptions) throws(Fault) {
    self.options = options
    let encoder = options.encoder ?? network.encoder
    guard !network.populations.isEmpty else {
      throw Fault(
        .value, "the network has no neurons", label: "its layers are all without spikes",
        help: "put neurons after each dense layer: input(64) |> dense(10) |> lif()")
    }
    guard network.parameterCount > 0 else {
      throw Fault(
        .value, "the network has nothing to train", label: "none of its layers has parameters",
        help: "add a layer with weights, such as dense(10)")
    }
    guard options.epochs >= 1, options.batch >= 1 else {
      throw Fault(
        .value, "training needs at least one epoch and one sample in a batch",
        label: "epochs is \(options.epochs), batch is \(options.batch)")
    }
    try options.optimizer.check()
    try options.surrogate.check()
    source = try BatchSource(data, network: network, encoder: encoder)
    if let validation = options.validation {
      _ = try BatchSource(validation, network: network, encoder: encoder)
    }
    self.options.batch = min(options.batch, data.count)
    objective = options.objective
    batches = (data.count - 1) / self.options.batch + 1
    self.network = network
    if let rule = options.initializer, network.hasDrawnWeights {
      do {
        self.network = try source.initialized(by: rule, seed: options.seed)
      } catch {
        guard error.kind == .interrupt else { throw error }
        Interrupt.clear()
        history.interrupted = true
      }
    }
    self.network.encoder = encoder
    self.network.decoder = options.loss.decoder ?? network.decoder
    try objective?.begin(self.network, TrainingCourse(epochs: options.epochs, batches: batches))
    for layer in network.layers {
      var blocks: [[Tensor]] = []
      for parameter in layer.parameters {
        var block: [Tensor] = []
        for _ in 0..<options.optimizer.memories { block.append(try Tensor.zeros(parameter.value.shape)) }
        blocks.append(block)
      }
      memory.append(blocks)
    }
  }

  mutating func run() throws(Fault) -> Network {
    for epoch in 0..<options.epochs where !history.interrupted {
      do {
        try runEpoch(epoch)
      } catch {
        guard error.kind == .interrupt else { throw error }
        Interrupt.clear()
        history.interrupted = true
      }
    }
    if let objective { network = try objective.finish(network) }
    network.history = history
    return network
  }

  private mutating func runEpoch(_ epoch: Int) throws(Fault) {
    let began = Clock.now
    var order = Array(0..<source.data.count)
    if options.shuffles {
      var draws = RandomStream(seed: options.seed, purpose: "shuffle", index: UInt64(epoch))
      order = try draws.permutation(source.data.count)
    }
    var tally = Tally()
    try objective?.beginEpoch(epoch, network)
    do {
      for batch in 0..<batches {
        try Interrupt.check()
        let range = batch * options.batch..<min(order.count, (batch + 1) * options.batch)
        let loss = try runBatch(Array(order[range]), epoch: epoch, batch: batch, tally: &tally)
        report(epoch, batch + 1, tally, batchLoss: loss, validation: nil, atEnd: false)
      }
      record(tally)
      var validated: Double?
      if let validation = options.validation {
        let shaped = try objective?.shaped(network) ?? network
        let result = try evaluate(shaped, validation, loss: options.loss, seed: options.seed)
        history.validationLoss.append(result.loss)
        history.validationAccuracy.append(result.accuracy)
        validated = result.accuracy
      }
      history.seconds.append(Clock.now - began)
      report(epoch, batches, tally, batchLoss: tally.meanLoss, validation: validated, atEnd: true)
    } catch {
      if error.kind == .interrupt, tally.samples > 0 {
        if history.loss.count <= epoch { record(tally) }
        history.seconds.append(Clock.now - began)
      }
      throw error
    }
  }

  /// Learns from one batch and answers with its loss.
  private mutating func runBatch(
    _ indices: [Int], epoch: Int, batch: Int, tally: inout Tally
  ) throws(Fault) -> Double {
    let number = UInt64(epoch * batches + batch)
    let input = try source.signal(
      indices, stream: RandomStream(seed: options.seed, purpose: "encode", index: number))
    let labels = try source.labels(indices)
    var draws = RandomStream(seed: options.seed, purpose: "pass", index: number)
    let pass = Pass(isTraining: true, surrogate: options.surrogate, seed: draws.nextBits())
    let shaped = try objective?.shaped(network) ?? network
    let trace = try shaped.trace(input, pass)
    var loss = try LossPass(
      options.loss, trace, labels: labels, layers: network.layers.count, wantsGradients: true)
    guard loss.value.isFinite else {
      // The sign of a NaN means nothing.
      throw divergence("the loss is \(loss.value.isNaN ? "nan" : "\(loss.value)")", epoch, batch, trace)
    }
    tally.add(
      samples: indices.count, loss: loss.value,
      correct: zip(try network.standardDecoder.classes(trace.output), indices)
        .count { $0 == source.data.labels[$1] },
      activity: trace.activity)
    let priced = objective?.name ?? ""
    objective?.observe(taskLoss: loss.value)
    if let charge = try objective?.charge(network, input: input, trace: trace) {
      guard charge.value.isFinite else {
        throw divergence("the \(priced) loss is \(charge.value)", epoch, batch, nil)
      }
      tally.charges.add(charge, name: priced, samples: indices.count)
      try loss.add(charge.outputGradients)
    }
    var gradients = try shaped.gradients(trace, outputGradients: loss.gradients, pass)
    try objective?.pullBack(&gradients, network)
    for (layer, list) in gradients.enumerated() {
      for gradient in list where !gradient.isFinite {
        let name = network.layers[layer].callText
        throw divergence("the gradient of layer \(layer), \(name), is not finite", epoch, batch, nil)
      }
    }
    step += 1
    try update(gradients)
    if var moving = objective.take() {
      defer { objective = moving }
      try moving.advance(&network, progress: Double(step) / (Double(options.epochs) * Double(batches)))
    }
    lastGoodLoss = loss.value
    return loss.value
  }

  private mutating func update(_ gradients: [[Tensor]]) throws(Fault) {
    let progress = Double(step - 1) / (Double(options.epochs) * Double(batches))
    let (optimizer, step) = (options.optimizer, step)
    let rate = optimizer.learningRate * options.schedule.factor(at: progress)
    let scales = network.layers.map(\.parameterScales)
    var moments: [[[Tensor]]] = []
    swap(&moments, &memory)
    defer { swap(&moments, &memory) }
    try network.updateParameters { (layer, parameter, value) throws(Fault) in
      try optimizer.apply(
        to: &value, gradient: gradients[layer][parameter], memory: &moments[layer][parameter], step: step,
        learningRate: rate, scale: scales[layer][parameter])
    }
  }

  private func divergence(_ what: String, _ epoch: Int, _ batch: Int, _ trace: NetworkTrace?) -> Fault {
    var place = "epoch \(epoch + 1), batch \(batch + 1): \(what)"
    if let layer = network.layers.firstIndex(where: { $0.parameters.contains { !$0.value.isFinite } }) {
      place += "; layer \(layer), \(network.layers[layer].callText), has weights that are not finite"
    } else if let trace, case .tensor(let values) = trace.output, !values.isFinite {
      place += "; the output of layer \(network.layers.count - 1) is not finite"
    } else if trace != nil {
      place += "; the network's output is finite, so it arose in `\(options.loss.name)`"
    }
    let last = lastGoodLoss.map { "the last good loss was \($0); " } ?? ""
    return Fault(
      .value, "training has left the finite numbers", label: place,
      help: "\(last)try a smaller learning rate (now \(options.optimizer.learningRate))")
  }

  private mutating func record(_ tally: Tally) {
    history.loss.append(tally.meanLoss)
    history.accuracy.append(tally.accuracy)
    history.spikesPerSample.append(tally.spikesPerSample)
    for (place, text) in tally.activity.warnings(network) {
      // The loss itself wakes neurons that are read, so they are judged at the end.
      let isEarly = place == network.readout && history.loss.count < options.epochs
      guard !isEarly, warned.insert(place).inserted else { continue }
      history.warnings.append(text)
      options.warn?(text)
    }
    for text in objective?.takeWarnings() ?? [] {
      history.warnings.append(text)
      options.warn?(text)
    }
    for term in tally.charges.means + (objective?.notes ?? []) { history.append(term.value, to: term.name) }
  }

  private func report(
    _ epoch: Int, _ batch: Int, _ tally: Tally, batchLoss: Double, validation: Double?, atEnd: Bool
  ) {
    guard let progress = options.progress else { return }
    let seconds = max(Clock.now - started, 1e-9)
    let done = Double(epoch * source.data.count + tally.samples)
    let total = Double(options.epochs) * Double(source.data.count)
    let speed = done / seconds
    progress(
      FitProgress(
        epoch: epoch + 1, epochs: options.epochs, batch: batch, batches: batches, loss: tally.meanLoss,
        accuracy: tally.accuracy, batchLoss: batchLoss, samplesPerSecond: speed,
        secondsLeft: (total - done) / max(speed, 1e-9), validationAccuracy: validation, isEpochEnd: atEnd,
        terms: tally.charges.means))
  }
}

/// Sums over the samples of an epoch.
struct Tally {
  var samples = 0
  /// What an objective beside the loss came to.
  var charges = ChargeTally()
  private(set) var activity = ActivityTally()
  private var loss = 0.0
  private var correct = 0
  private var spikes = 0

  mutating func add(samples: Int, loss: Double, correct: Int, activity populations: [(place: [Int], output: Signal)]) {
    self.samples += samples
    self.loss += loss * Double(samples)
    self.correct += correct
    spikes += activity.add(populations)
  }

  var meanLoss: Double { loss / Double(max(1, samples)) }
  var accuracy: Double { Double(correct) / Double(max(1, samples)) }
  var spikesPerSample: Double { Double(spikes) / Double(max(1, samples)) }
}
