// One training run: the state that changes while it goes on.

import Faults
import Tensors

struct TrainingRun {
  private let options: FitOptions
  private let loss: any Loss
  private var objective: (any TrainingObjective)?
  private let source: BatchSource
  /// Batches in an epoch, and samples in each of them but the last.
  private let batches: Int
  private let size: Int
  private var network: Network
  private var state: TrainingState
  private var history = History()
  private let rates: [[Double]]
  private var lastGoodLoss: Double?
  /// The places of populations that were warned of.
  private var warned: Set<[Int]> = []
  private let started = Clock.now
  /// Epochs that were done before this run, and those that are done at its end.
  private let firstEpoch: Int
  private let lastEpoch: Int

  init(_ network: Network, _ data: Dataset, _ options: FitOptions) throws(Fault) {
    self.options = options
    let encoder = options.encoder ?? network.encoder
    let task = options.loss ?? data.standardLoss(network)
    loss = options.regularizers.isEmpty ? task : RegularizedLoss(task, options.regularizers)
    try Self.check(network, data, options)
    source = try BatchSource(data, network: network, encoder: encoder, loss: task, augmentations: options.augmentations)
    if let validation = options.validation {
      _ = try BatchSource(validation, network: network, encoder: encoder, loss: task)
    }
    size = min(options.batch, data.count)
    batches = (data.count - 1) / size + 1
    objective = options.objective
    self.network = network
    rates = options.rates.table(network)
    var terms = [
      "data": data.fingerprint, "batch": "\(options.batch)", "accumulate": "\(options.accumulate)",
      "shuffle": "\(options.shuffles)", "optimizer": options.optimizer.name, "code": encoder?.callText ?? "none",
    ]
    if !options.augmentations.isEmpty { terms["augment"] = options.augmentations.text }
    if let name = options.roundingName { terms["round"] = name }
    if options.resumes {
      guard let before = network.training, let told = network.history else {
        throw Fault(
          .value, "the network has no training to resume", label: "it was not trained by `fit`, or was changed since",
          help: "leave resume=true out to begin")
      }
      try before.check(terms, of: network, options.optimizer)
      state = before
      history = told
      history.interrupted = false
      firstEpoch = state.epoch
      lastEpoch = try Self.sum(firstEpoch, options.epochs)
      if state.batch > 0 { history.dropEpoch(state.epoch) }
      if !state.last.isEmpty { try self.network.setParameters(state.last) }
      state.last = []
      return
    }
    state = TrainingState(seed: options.seed, course: terms)
    (firstEpoch, lastEpoch) = (0, options.epochs)
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
    self.network.decoder = task.decoder ?? (data.hasClasses ? task.readout?.decoder : nil) ?? network.decoder
    self.network.reading = data.hasClasses ? network.reading : task.readout ?? network.reading
    let course = TrainingCourse(epochs: options.epochs, batches: stepsInEpoch)
    try objective?.begin(self.network, course)
    for layer in network.layers {
      var blocks: [[Tensor]] = []
      for parameter in layer.parameters { blocks.append(try options.optimizer.freshMemory(for: parameter.value)) }
      state.memory.append(blocks)
    }
  }

  private static func check(_ network: Network, _ data: Dataset, _ options: FitOptions) throws(Fault) {
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
    guard options.epochs >= 1, options.batch >= 1, options.accumulate >= 1 else {
      throw Fault(
        .value, "training needs at least one epoch and one sample in a batch",
        label: "epochs is \(options.epochs), batch is \(options.batch), accumulate is \(options.accumulate)")
    }
    if let clip = options.clip, !Bounds.positive.contains(clip) {
      throw Fault(.value, "`clip` must be greater than 0", label: "clip is \(clip)")
    }
    if let patience = options.patience {
      guard patience >= 1 else { throw Fault(.value, "`patience` must be 1 or more", label: "patience is \(patience)") }
      guard options.validation != nil else {
        throw Fault(
          .value, "`patience` waits for a smaller validation loss", label: "there are no validation data",
          help: "give some: validate=…, from a split of the training data")
      }
    }
    if options.objective != nil {
      if let layer = network.layers.first(where: { !$0.mapsToSynapses }) {
        throw Fault(
          .value, "`\(layer.name)` and hardware do not go together", label: "no synapses of a chip can stand for it",
          help: "train with batch_norm() and without the chip first, then net |> fold() |> fit(…, hardware=…)")
      }
      let other = options.resumes ? "resume" : options.patience != nil ? "patience" : options.loss?.needs.contains(.states) == true ? "a loss of states" : nil
      if let other {
        throw Fault(
          .value, "\(other) and hardware do not go together",
          label: "what the chip's price removes has a course of its own, over all epochs",
          help: "train without one of them first, and then with the other")
      }
    }
    try options.optimizer.check()
    try options.surrogate.check()
    for (index, surrogate) in options.surrogates.sorted(by: { $0.key < $1.key }) {
      try surrogate.check()
      guard network.layers.indices.contains(index), !network.layers[index].populations.isEmpty else {
        let places = network.layers.indices.filter { network.layers[$0].isNeurons }.map(String.init).joined(separator: ", ")
        throw Fault(
          .value, "a surrogate is for a layer of neurons", label: "\(index) is none of the network",
          help: "its layers of neurons are \(places)")
      }
    }
    try options.rates.check(network)
    if data.lengths != nil {
      let other = options.windows != nil ? "windows of time" : options.objective != nil ? "hardware"
        : options.loss?.needs.contains(.states) == true ? "a loss of states" : nil
      if let other { try data.checkOneLength(for: other) }
    }
    if let windows = options.windows {
      try windows.check(network, options.loss ?? SpikeCountCrossEntropy())
      guard options.objective == nil else {
        throw Fault(.value, "windows of time and hardware do not go together", label: "the price is of what all steps do together")
      }
    }
  }

  /// Steps of the optimiser in an epoch.
  private var stepsInEpoch: Int { (batches - 1) / options.accumulate + 1 }
  private var allSteps: Int {
    let (all, overflow) = lastEpoch.multipliedReportingOverflow(by: stepsInEpoch)
    return overflow ? Int.max : all
  }

  private static func sum(_ before: Int, _ epochs: Int) throws(Fault) -> Int {
    let (sum, overflow) = before.addingReportingOverflow(epochs)
    guard !overflow else { throw Fault(.limit, "too many epochs", label: "\(before) are done, and \(epochs) are asked for") }
    return sum
  }

  /// Whether the validation loss has not become smaller for as long as was waited for.
  private var isOutOfPatience: Bool {
    options.patience.map { !state.best.isEmpty && state.epoch - 1 - state.bestEpoch >= $0 } ?? false
  }

  mutating func run() throws(Fault) -> Network {
    while state.epoch < lastEpoch, !history.interrupted, !isOutOfPatience {
      do {
        try runEpoch()
        if let ended = options.epochEnded, try !ended(state.epoch - 1, snapshot()) { break }
      } catch {
        guard error.kind == .interrupt else { throw error }
        Interrupt.clear()
        history.interrupted = true
      }
    }
    if let objective {
      network = try objective.finish(network)
      network.history = history
      network.training = nil
      return network
    }
    return try snapshot()
  }

  /// The network as it is now, with its history and where its training stands.
  private func snapshot() throws(Fault) -> Network {
    var copy = try objective?.shaped(network) ?? network
    var state = state
    if options.patience != nil, !state.best.isEmpty, state.bestEpoch < state.epoch - 1 || state.batch > 0 {
      state.last = network.parameterValues
      try copy.setParameters(state.best)
    }
    copy.history = history
    copy.training = objective == nil ? state : nil
    return copy
  }

  private mutating func runEpoch() throws(Fault) {
    let began = Clock.now
    let epoch = state.epoch
    var order = Array(0..<source.data.count)
    if options.shuffles {
      var draws = RandomStream(seed: state.seed, purpose: "shuffle", index: UInt64(epoch))
      order = try draws.permutation(source.data.count)
    }
    var tally = EpochTally(sums: state.sums)
    try network.narrowDelays(epoch: epoch, of: lastEpoch)
    try objective?.beginEpoch(epoch, network)
    do {
      while state.batch < batches {
        try Interrupt.check()
        let range = state.batch * size..<min(order.count, (state.batch + 1) * size)
        let loss = try runBatch(Array(order[range]), next: Array(order[range.upperBound..<min(order.count, range.upperBound + size)]), tally: &tally)
        state.sums = tally.sums
        report(tally, batchLoss: loss, validation: nil, atEnd: false)
      }
      record(tally)
      var validated: Evaluation?
      if let validation = options.validation {
        let shaped = try passed()
        var looking = EvaluationOptions()
        (looking.loss, looking.seed) = (loss, state.seed)
        let result = try evaluate(shaped, validation, looking)
        history.validationLoss.append(result.loss)
        if let classes = result.classes { history.validationAccuracy.append(classes.accuracy) }
        if let numbers = result.numbers { history.append(numbers.rmse, to: "validation_rmse") }
        if result.loss < state.bestLoss, options.patience != nil {
          (state.bestLoss, state.bestEpoch, state.best) = (result.loss, epoch, network.parameterValues)
          history.bestEpoch = epoch
        }
        validated = result
      }
      history.seconds.append(Clock.now - began)
      report(tally, batchLoss: tally.meanLoss, validation: validated, atEnd: true)
      (state.epoch, state.batch, state.sums) = (epoch + 1, 0, [:])
    } catch {
      if error.kind == .interrupt, tally.samples > 0 {
        if history.loss.count <= epoch { record(tally) }
        history.seconds.append(Clock.now - began)
      }
      throw error
    }
  }

  /// The network that passes run.
  private func passed() throws(Fault) -> Network {
    let shaped = try objective?.shaped(network) ?? network
    if let rounding = options.rounding { return try rounding(shaped) }
    return shaped
  }

  /// Learns from one batch and answers with its loss.
  ///
  /// - Parameter next: the samples of the batch after it.
  private mutating func runBatch(_ indices: [Int], next: [Int], tally: inout EpochTally) throws(Fault) -> Double {
    let number = UInt64(state.epoch * batches + state.batch)
    let input = try source.signal(
      indices, stream: RandomStream(seed: state.seed, purpose: "encode", index: number),
      changes: RandomStream(seed: state.seed, purpose: "augment", index: number))
    if !next.isEmpty { source.prepare(next) }
    let target = try source.targets.batch(indices)
    var draws = RandomStream(seed: state.seed, purpose: "pass", index: number)
    var pass = Pass(
      isTraining: true, surrogate: options.surrogate, surrogates: options.surrogates, seed: draws.nextBits())
    let lengths = source.lengths(indices)
    pass.lengths = lengths
    let shaped = try passed()
    if let windows = options.windows {
      let answer = try WindowedPass(loss, shaped, input, target: target, windows, pass)
      try check(answer.value, answer.trace)
      try count(indices, answer.value, answer.trace, target, &tally)
      return try learn(answer.gradients, from: answer.value, samples: indices.count, &tally)
    }
    let trace = try shaped.trace(input, pass)
    try network.absorb(trace)
    let value: Double
    var gradients: [[Tensor]]
    if loss.needs.contains(.states) {
      let answer = try StatePass(loss, shaped, input, target: target, pass)
      (value, gradients) = (answer.value, answer.gradients)
      try check(value, trace)
      try count(indices, value, trace, target, &tally)
    } else {
      var answer = try LossPass.all(
        loss, trace, target: target, layers: network.layers.count, wantsGradients: true, lengths: lengths,
        isSequence: source.targets.isSequence)
      value = answer.value
      try check(value, trace)
      try count(indices, value, trace, target, &tally)
      try charge(&answer, input, trace, indices.count, &tally)
      gradients = try shaped.gradients(trace, outputGradients: answer.gradients, pass)
      try objective?.pullBack(&gradients, network)
    }
    return try learn(gradients, from: value, samples: indices.count, &tally)
  }

  /// Takes the gradient of a batch, and answers with its loss.
  private mutating func learn(
    _ gradients: [[Tensor]], from value: Double, samples: Int, _ tally: inout EpochTally
  ) throws(Fault) -> Double {
    for (layer, list) in gradients.enumerated() {
      for gradient in list where !gradient.isFinite {
        throw divergence("the gradient of layer \(layer), \(network.layers[layer].callText), is not finite", nil)
      }
    }
    state.batch += 1
    if let whole = try gathered(gradients, samples: samples) { try move(whole, &tally) }
    lastGoodLoss = value
    return value
  }

  private func check(_ loss: Double, _ trace: NetworkTrace) throws(Fault) {
    // The sign of a NaN means nothing.
    if !loss.isFinite { throw divergence("the loss is \(loss.isNaN ? "nan" : "\(loss)")", trace) }
  }

  private func count(
    _ indices: [Int], _ value: Double, _ trace: NetworkTrace, _ target: Tensor, _ tally: inout EpochTally
  ) throws(Fault) {
    let lengths = source.lengths(indices)
    try tally.add(
      samples: indices.count, loss: value, activity: try trace.activity(lengths), counting: network.countingPopulations)
    guard let lengths else { return try count(indices, trace.output, target, &tally) }
    for group in LengthGroup.all(lengths) {
      try count(
        group.samples.map { indices[$0] }, try trace.output.picked(group.samples, steps: group.steps),
        try group.cut(target, isSequence: source.targets.isSequence), &tally)
    }
  }

  /// Counts what was read right of samples of one length.
  private func count(_ indices: [Int], _ output: Signal, _ target: Tensor, _ tally: inout EpochTally) throws(Fault) {
    guard source.data.hasClasses else {
      guard target.count == (source.targets.isSequence ? output.steps : 1) * indices.count * output.features else { return }
      let values = try output.tensor().reshaped([output.steps, indices.count, output.features])
      tally.add(source.targets.isSequence ? values : try (loss.readout ?? .mean).read(values), target: target)
      return
    }
    let wanted = try source.targets.labels(indices)
    let labels = (wanted.rank == 2 ? try wanted.steps(0..<output.steps) : wanted).scalars.map { Int($0) }
    let guesses = source.targets.isSequence
      ? try output.tensor().reshaped([labels.count, output.features]).argmax(over: 1).scalars.map { Int($0) }
      : try network.standardDecoder.classes(output)
    tally.add(right: zip(guesses, labels).count { $0 == $1 }, of: labels.count { $0 >= 0 })
  }

  private mutating func charge(
    _ pass: inout LossPass, _ input: Signal, _ trace: NetworkTrace, _ samples: Int, _ tally: inout EpochTally
  ) throws(Fault) {
    let priced = objective?.name ?? ""
    objective?.observe(taskLoss: pass.value)
    if let charge = try objective?.charge(network, input: input, trace: trace) {
      guard charge.value.isFinite else { throw divergence("the \(priced) loss is \(charge.value)", nil) }
      tally.charges.add(charge, name: priced, samples: samples)
      try pass.add(charge.outputGradients)
    }
  }

  /// The gradient of a step, once as many batches have come as make one: the mean over their samples.
  private mutating func gathered(_ gradients: [[Tensor]], samples: Int) throws(Fault) -> [[Tensor]]? {
    if options.accumulate == 1 { return gradients }
    let isFirst = state.gatheredBatches == 0
    var sums: [[Tensor]] = []
    for (layer, list) in gradients.enumerated() {
      var row: [Tensor] = []
      for (parameter, gradient) in list.enumerated() {
        let share = try gradient * Float(samples)
        row.append(isFirst ? share : try state.gathered[layer][parameter] + share)
      }
      sums.append(row)
    }
    state.gatheredBatches += 1
    guard state.gatheredBatches == options.accumulate || state.batch == batches else {
      state.gathered = sums
      return nil
    }
    let first = (state.batch - state.gatheredBatches) * size
    let all = min(source.data.count, state.batch * size) - first
    (state.gathered, state.gatheredBatches) = ([], 0)
    var means: [[Tensor]] = []
    for row in sums { means.append(try row.map { (sum) throws(Fault) in try sum * (1 / Float(max(1, all))) }) }
    return means
  }

  /// Moves the parameters by one step of the optimiser.
  private mutating func move(_ gradients: [[Tensor]], _ tally: inout EpochTally) throws(Fault) {
    var gradients = gradients
    tally.steps += 1
    if let clip = options.clip, try gradients.cut(to: clip) { tally.clipped += 1 }
    let moment = ScheduleMoment(
      step: state.step, steps: allSteps, stepsInEpoch: stepsInEpoch,
      losses: history.validationLoss.isEmpty ? history.loss : history.validationLoss)
    let (optimizer, step) = (options.optimizer, state.step + 1)
    let rate = optimizer.learningRate * (try options.schedule.factor(at: moment))
    state.step = step
    let scales = network.layers.map(\.parameterScales)
    let rates = rates
    var moments: [[[Tensor]]] = []
    swap(&moments, &state.memory)
    defer { swap(&moments, &state.memory) }
    try network.updateParameters { (layer, parameter, value) throws(Fault) in
      let factor = rates[layer][parameter]
      if factor == 0 { return }
      try optimizer.apply(
        to: &value, gradient: gradients[layer][parameter], memory: &moments[layer][parameter], step: step,
        learningRate: rate * factor, scale: scales[layer][parameter])
    }
    if var moving = objective.take() {
      defer { objective = moving }
      try moving.advance(&network, progress: Double(step) / Double(allSteps))
    }
  }

  private func divergence(_ what: String, _ trace: NetworkTrace?) -> Fault {
    var place = "epoch \(state.epoch + 1), batch \(state.batch + 1): \(what)"
    if let layer = network.layers.firstIndex(where: { $0.parameters.contains { !$0.value.isFinite } }) {
      place += "; layer \(layer), \(network.layers[layer].callText), has weights that are not finite"
    } else if let trace, case .tensor(let values) = trace.output, !values.isFinite {
      place += "; the output of layer \(network.layers.count - 1) is not finite"
    } else if trace != nil {
      place += "; the network's output is finite, so it arose in `\(loss.name)`"
    }
    let last = lastGoodLoss.map { "the last good loss was \($0); " } ?? ""
    return Fault(
      .value, "training has left the finite numbers", label: place,
      help: "\(last)try a smaller learning rate (now \(options.optimizer.learningRate)), or cut gradients with clip=1.0")
  }

  private mutating func record(_ tally: EpochTally) {
    history.loss.append(tally.meanLoss)
    if let accuracy = tally.accuracy { history.accuracy.append(accuracy) }
    history.spikesPerSample.append(tally.spikesPerSample)
    if let rmse = tally.rmse { history.append(rmse, to: "rmse") }
    if options.clip != nil { history.append(Double(tally.clipped) / Double(max(1, tally.steps)), to: "clipped") }
    for (place, text) in tally.activity.warnings(network) {
      // The loss itself wakes neurons that are read, so they are judged at the end.
      let isEarly = place == network.readout && history.loss.count < lastEpoch
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

  private func report(_ tally: EpochTally, batchLoss: Double, validation: Evaluation?, atEnd: Bool) {
    guard let progress = options.progress else { return }
    let seconds = max(Clock.now - started, 1e-9)
    let done = Double((state.epoch - firstEpoch) * source.data.count + tally.samples)
    let total = Double(lastEpoch - firstEpoch) * Double(source.data.count)
    let speed = done / seconds
    progress(
      FitProgress(
        epoch: state.epoch + 1, epochs: lastEpoch, batch: state.batch, batches: batches, loss: tally.meanLoss,
        accuracy: tally.accuracy, rmse: tally.rmse, batchLoss: batchLoss, samplesPerSecond: speed,
        secondsLeft: (total - done) / max(speed, 1e-9), validationAccuracy: validation?.classes?.accuracy,
        validationRMSE: validation?.numbers?.rmse, isEpochEnd: atEnd, terms: tally.charges.means))
  }
}

extension [[Tensor]] {
  /// Cuts gradients whose length together is above a limit to that length; answers whether it did (Pascanu et al. 2013).
  mutating func cut(to limit: Double) throws(Fault) -> Bool {
    var squares = 0.0
    for row in self { for gradient in row { for value in gradient.scalars { squares += Double(value) * Double(value) } } }
    let factor = limit / (squares.squareRoot() + 1e-6)
    guard factor < 1 else { return false }
    for layer in indices {
      for parameter in self[layer].indices { self[layer][parameter] = try self[layer][parameter] * Float(factor) }
    }
    return true
  }
}
