import Faults
import Kernels
import Spiking
import Tensors
import Testing

/// Three classes of eight features, each class with its own bright features.
func toyData(_ count: Int, seed: UInt64 = 1, classes: Int = 3) throws -> Dataset {
  var numbers = TestNumbers(seed)
  var features: [Float] = []
  var labels: [Int] = []
  for i in 0..<count {
    let label = i % classes
    labels.append(label)
    for feature in 0..<8 {
      let bright = feature % classes == label
      features.append(Float((bright ? 0.6 : 0.0) + 0.4 * numbers.next()))
    }
  }
  return try Dataset(name: "toy", features: try Tensor(features, shape: [count, 8]), labels: labels)
}

// The thread pool and the interrupt are one for the process, so these run one after the other.
@Suite(.serialized) struct TrainingTests {
  func network() throws -> Network { try smallNetwork(seed: 5, inputs: 8, hidden: 20, outputs: 3) }

  func options(_ epochs: Int = 8) -> FitOptions {
    var options = FitOptions()
    options.encoder = RateEncoder(steps: 12)
    options.optimizer = Adam(learningRate: 1e-2)
    options.epochs = epochs
    options.batch = 16
    options.seed = 3
    return options
  }

  @Test(arguments: ["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "lion"]) func optimisersLearn(kind: String) throws {
    var options = options(30)
    switch kind {
    case "sgd":
      options.optimizer = SGD(learningRate: 0.05)
      options.surrogate = FastSigmoid(slope: 5)
    case "momentum": options.optimizer = SGD(learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4)
    case "nesterov": options.optimizer = SGD(learningRate: 0.01, momentum: 0.9, isNesterov: true)
    case "rmsprop": options.optimizer = try RMSProp([("lr", .number(3e-3))])
    case "lion": options.optimizer = try Lion([("lr", .number(3e-3))])
    case "adamw": options.optimizer = try AdamW([("lr", .number(1e-2))])
    default: break
    }
    let trained = try fit(try network(), try toyData(120), options)
    let history = try #require(trained.history)
    #expect(history.epochs == 30)
    #expect(history.loss[29] < history.loss[0])
    #expect(try evaluate(trained, try toyData(60, seed: 2)).accuracy > 0.9)
    #expect(!history.interrupted)
  }

  @Test func everyLossLearns() throws {
    let losses: [any Loss] = [
      SpikeCountCrossEntropy(), SpikeRateMeanSquare(), FirstSpikeCrossEntropy(), CrossEntropy(), TemporalEfficientTraining(),
      MeanSquare(), Huber(), BinaryCrossEntropy(),
    ]
    for loss in losses {
      var options = options(12)
      options.loss = loss
      let trained = try fit(try network(), try toyData(120), options)
      #expect(trained.decoder == loss.decoder ?? loss.readout.map { _ in .membraneMean })
      #expect(try evaluate(trained, try toyData(60, seed: 2), loss: loss).accuracy > 0.85, "\(loss.name)")
    }
    var options = options()
    options.loss = MembraneCrossEntropy()
    let integrating = try Network(inputShape: [8]).appending(DenseLayer(outputs: 20), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1).appending(DenseLayer(outputs: 3), seed: 1)
      .appending(NeuronLayer(LeakyIntegrator()), seed: 1)
    let trained = try fit(integrating, try toyData(120), options)
    #expect(try evaluate(trained, try toyData(60, seed: 2)).accuracy > 0.9)
  }

  @Test func aSeededRunIsTheSameTwiceAndOnOneOrTwoThreads() throws {
    let threads = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = threads }
    var results: [[Float]] = []
    var histories: [[Double]] = []
    for count in [1, 2, 2, 1] {
      ThreadPool.shared.threads = count
      var options = options(2)
      options.batch = 50
      options.validation = try toyData(30, seed: 9)
      let trained = try fit(try smallNetwork(seed: 5, inputs: 8, hidden: 130, outputs: 3), try toyData(100), options)
      results.append(trained.layers.flatMap { $0.parameters.flatMap { $0.value.scalars } })
      let history = try #require(trained.history)
      histories.append(history.loss + history.accuracy + history.validationLoss + history.spikesPerSample)
    }
    #expect(results.allSatisfy { $0 == results[0] })
    #expect(histories.allSatisfy { $0 == histories[0] })
  }

  @Test func theGivenNetworkStaysAsItWas() throws {
    let before = try network()
    let weights = before.layers[0].parameters[0].value.scalars
    let trained = try fit(before, try toyData(30), options(1))
    #expect(before.layers[0].parameters[0].value.scalars == weights)
    #expect(before.history == nil)
    #expect(trained.layers[0].parameters[0].value.scalars != weights)
    #expect(trained.encoder?.name == "rate")
  }

  @Test func aLossOfOnesOwnMayPriceSpikes() throws {
    var costs: [Double] = []
    for price in [Float(0), 0.02] {
      var options = options(6)
      options.loss = FunctionLoss("frugal", needs: .spikes) { (given) throws(Fault) in
        var total = try SpikeCountCrossEntropy().value(given)
        for layer in given.spikes { total = try total + layer.sum() * (price / Float(layer.shape[1])) }
        return total
      }
      let trained = try fit(try network(), try toyData(120), options)
      costs.append(try evaluate(trained, try toyData(60, seed: 2)).spikesPerSample)
    }
    #expect(costs[1] < costs[0])
  }

  @Test func samplesWithATimeAxisNeedNoEncoder() throws {
    var numbers = TestNumbers(4)
    var features: [Float] = []
    let labels = (0..<40).map { $0 % 2 }
    for label in labels {
      for _ in 0..<10 { for f in 0..<4 { features.append(Float(numbers.next()) * (f % 2 == label ? 1 : 0.2)) } }
    }
    let data = try Dataset(name: "series", features: try Tensor(features, shape: [40, 10, 4]), labels: labels)
    var options = options(30)
    options.encoder = nil
    let trained = try fit(try smallNetwork(hidden: 20), data, options)
    #expect(try evaluate(trained, data).accuracy > 0.8)
  }

  @Test func evaluationCountsWhatItSaw() throws {
    let data = try toyData(90)
    let trained = try fit(try network(), data, options(3))
    let result = try evaluate(trained, data)
    #expect(result.samples == 90)
    #expect(try result.classes?.confusion.sum().item == 90)
    let right = zip(result.predictions, data.labels).count { $0 == $1 }
    #expect(result.accuracy == Double(right) / 90)
    #expect(abs(result.layerSpikes.reduce(0, +) - result.spikesPerSample) < 1e-9)
    #expect(result.inputSpikesPerSample > 0)
    #expect(try evaluate(trained, data).accuracy == result.accuracy)
  }

  @Test func anInterruptKeepsWhatWasLearnt() throws {
    var options = options(50)
    options.progress = { progress in
      if progress.epoch == 2, progress.batch == 3 { Interrupt.request() }
    }
    try Interrupt.inOwnRun {
      let trained = try fit(try network(), try toyData(120), options)
      let history = try #require(trained.history)
      #expect(history.interrupted)
      #expect(history.epochs == 2)
      #expect(!Interrupt.isRequested)
    }
  }

  @Test func divergenceNamesThePlaceAndTheLastGoodLoss() throws {
    let start = try network()
    let data = try toyData(60)
    var options = options(3)
    options.loss = FunctionLoss("broken") { (given) throws(Fault) in
      try SpikeCountCrossEntropy().value(given).unary(.negate).unary(.log)
    }
    do {
      _ = try fit(start, data, options)
      Issue.record("a nan loss was accepted")
    } catch {
      #expect(error.label?.contains("epoch 1, batch 1") == true)
      #expect(error.label?.contains("broken") == true)
    }
    options = self.options(3)
    options.optimizer = SGD(learningRate: .greatestFiniteMagnitude)
    do {
      _ = try fit(start, data, options)
      Issue.record("a diverging run was accepted")
    } catch {
      #expect(error.label?.contains("layer") == true)
      #expect(error.help?.contains("last good loss") == true)
    }
  }

  @Test func whatCannotBeTrainedIsSaid() throws {
    func fault(_ body: () throws -> Void) -> Fault? {
      do { try body() } catch { return error as? Fault }
      return nil
    }
    let empty = try Dataset(name: "none", features: try Tensor.zeros([0, 8]), labels: [], classNames: ["a"])
    #expect(fault { _ = try fit(try network(), empty, options()) }?.title == "the data set is empty")
    #expect(fault { _ = try evaluate(try network(), empty, encoder: RateEncoder(steps: 3)) } != nil)
    let many = fault { _ = try fit(try network(), try toyData(20, classes: 5), options()) }
    #expect(many?.label?.contains("is 3, and the network has 3 outputs") == true)
    let wide = fault { _ = try fit(try smallNetwork(inputs: 9, outputs: 3), try toyData(20), options()) }
    #expect(wide?.label?.contains("[8]") == true)
    #expect(wide?.label?.contains("[9]") == true)
    let silent = try Network(inputShape: [8]).appending(DenseLayer(outputs: 3), seed: 0)
    #expect(fault { _ = try fit(silent, try toyData(20), options()) }?.title == "the network has no neurons")
    let fixed = try Network(inputShape: [8]).appending(NeuronLayer(LIF()), seed: 0)
    #expect(fault { _ = try fit(fixed, try toyData(20), options()) }?.title == "the network has nothing to train")
    var bare = options()
    bare.encoder = nil
    #expect(fault { _ = try fit(try network(), try toyData(20), bare) }?.title == "these samples need an encoder")
    var vector = options()
    vector.loss = FunctionLoss("counts") { (given) throws(Fault) in try given.output.sum(over: [0]) }
    #expect(fault { _ = try fit(try network(), try toyData(20), vector) }?.title == "a loss must be a single number")
    var constant = options()
    constant.loss = FunctionLoss("one") { (_) throws(Fault) in try Tensor.scalar(1) }
    #expect(fault { _ = try fit(try network(), try toyData(20), constant) }?.kind == .value)
    var rate = options()
    rate.optimizer = Adam(learningRate: -1)
    #expect(fault { _ = try fit(try network(), try toyData(20), rate) }?.label == "lr is -1.0")
    #expect(fault { _ = try fit(try network(), try toyData(20), options(0)) } != nil)
  }
}
