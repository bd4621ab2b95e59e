// Targets that are numbers, and losses against numbers that were worked out elsewhere.

import Faults
import Glibc
import Spiking
import Tensors
import Testing

@Suite(.serialized) struct NumberTargetTests {
  @Test func temporalEfficientTrainingIsThatOfThePaper() throws {
    let output = try Tensor([2, 1, 0, 0, 1, 2], shape: [2, 1, 3])
    let label = try Tensor([0], shape: [1])
    func value(_ loss: any Loss) throws -> Double {
      Double(try #require(try loss.value(LossInput(output: output, target: label)).item))
    }
    #expect(abs(try value(TemporalEfficientTraining([("share", .number(0))])) - 1.4076059645) < 1e-6)
    #expect(abs(try value(TemporalEfficientTraining()) - 1.3705589996) < 1e-6)
    #expect(abs(try value(CrossEntropy()) - 1.0986122887) < 1e-6)
  }

  @Test func vanRossumIsThatOfSpikeTimes() throws {
    func train(_ times: [Int], _ steps: Int) throws -> Tensor {
      try Tensor((0..<steps).map { times.contains($0) ? 1 : 0 }, shape: [steps, 1, 1])
    }
    // Also where the last spike is the last step: what follows is counted.
    for steps in [36, 200] {
      let distance = try VanRossum().value(
        LossInput(output: try train([10, 20], steps), target: try train([12, 35], steps)))
      #expect(abs(Double(try #require(distance.item)) - 0.8948634089) < 1e-5)
    }
  }

  @Test func smoothingAndClassWeightsAreThoseOfTheirFormulas() throws {
    let scores: [Double] = [1, 0.2, -0.5, 0.3, 2, 0.1]
    let output = try Tensor(scores.map(Float.init), shape: [1, 2, 3])
    let labels = [0, 2], weights = [1.0, 2.0, 3.0], smoothing = 0.2
    var (sum, whole) = (0.0, 0.0)
    for (row, label) in labels.enumerated() {
      let own = scores[row * 3..<row * 3 + 3]
      let norm = log(own.reduce(0) { $0 + exp($1) })
      for (k, score) in own.enumerated() {
        let truth = (k == label ? 1 - smoothing : 0) + smoothing / 3
        sum -= weights[label] * truth * (score - norm)
      }
      whole += weights[label]
    }
    let loss = try CrossEntropy([("smoothing", .number(smoothing)), ("class_weights", .numbers(weights))])
    let value = try loss.value(LossInput(output: output, target: try Tensor(labels.map(Float.init), shape: [2])))
    #expect(abs(Double(try #require(value.item)) - sum / whole) < 1e-6)
  }

  private func sine(_ count: Int) throws -> Dataset {
    let x = (0..<count).map { Float($0) / Float(count - 1) }
    return try Dataset(
      name: "sine", features: try Tensor(x, shape: [count, 1]),
      targets: try Tensor(x.map { sinf(2 * .pi * $0) }, shape: [count, 1]))
  }

  private func regressor(_ outputs: Int = 1) throws -> Network {
    try Network(inputShape: [1]).appending(DenseLayer(outputs: 40), seed: 1).appending(NeuronLayer(LIF()), seed: 1)
      .appending(DenseLayer(outputs: outputs), seed: 1).appending(NeuronLayer(LeakyIntegrator(beta: 0.9)), seed: 1)
  }

  private func options(_ epochs: Int) -> FitOptions {
    var options = FitOptions()
    options.encoder = DirectEncoder(steps: 12)
    options.optimizer = Adam(learningRate: 1e-2)
    options.epochs = epochs
    options.batch = 20
    return options
  }

  @Test func numbersAreLearnt() throws {
    let trained = try fit(try regressor(), try sine(200), options(60))
    let result = try evaluate(trained, try sine(77))
    let numbers = try #require(result.numbers)
    #expect(numbers.r2 > 0.9)
    #expect(result.classes == nil && numbers.predictions.shape == [77, 1])
    #expect(abs(numbers.rmse * numbers.rmse - result.loss) < 1e-4)
    #expect(trained.history?.accuracy == [] && trained.history?.terms.first?.name == "rmse")
    #expect(trained.reading == .mean)
  }

  @Test func figuresAreThoseOfTheirFormulas() throws {
    let data = try sine(31)
    let network = try regressor()
    var looking = EvaluationOptions()
    looking.encoder = DirectEncoder(steps: 5)
    let result = try evaluate(network, data, looking)
    let numbers = try #require(result.numbers)
    let p = numbers.predictions.scalars.map(Double.init), t = try #require(data.targets).scalars.map(Double.init)
    let mean = t.reduce(0, +) / 31
    let squares = zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(abs(numbers.rmse - (squares / 31).squareRoot()) < 1e-9)
    #expect(abs(numbers.mae - zip(p, t).reduce(0) { $0 + abs($1.0 - $1.1) } / 31) < 1e-9)
    #expect(abs(numbers.r2 - (1 - squares / t.reduce(0) { $0 + ($1 - mean) * ($1 - mean) })) < 1e-6)
    let smape = zip(p, t).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 2 * abs($1.0 - $1.1) / (abs($1.0) + abs($1.1))) } / 31
    #expect(abs(numbers.smape - smape) < 1e-9)
  }

  @Test func eachStepMayHaveATargetAndSomeNone() throws {
    var numbers = TestNumbers(8)
    let x = numbers.floats(40 * 10)
    var y = x.map { $0 * 0.5 }
    for place in stride(from: 0, to: y.count, by: 7) { y[place] = .nan }
    let data = try Dataset(
      name: "follow", features: try Tensor(x, shape: [40, 10, 1]), targets: try Tensor(y, shape: [40, 10, 1]))
    var settings = options(60)
    settings.encoder = nil
    let trained = try fit(try regressor(), data, settings)
    let result = try #require(try evaluate(trained, data).numbers)
    #expect(result.predictions.shape == [40, 10, 1] && result.byStep.count == 10)
    let first = try #require(trained.history?.loss.first), last = try #require(trained.history?.loss.last)
    #expect(last < first / 2)
  }

  @Test func eachStepMayHaveAClass() throws {
    var numbers = TestNumbers(8)
    let x = numbers.floats(60 * 8)
    let y = x.enumerated().map { $0.offset % 8 == 0 ? Float(-1) : $0.element > 0 ? 1 : 0 }
    let data = try Dataset(
      name: "sign", features: try Tensor(x, shape: [60, 8, 1]), targets: try Tensor(y, shape: [60, 8]), classNames: ["low", "high"])
    var settings = options(40)
    settings.encoder = nil
    settings.loss = CrossEntropy()
    let trained = try fit(try regressor(2), data, settings)
    var looking = EvaluationOptions()
    looking.byStep = true
    let result = try #require(try evaluate(trained, data, looking).classes)
    #expect(result.predictions.count == 60 * 7)
    #expect(result.accuracy > 0.8)
    #expect(result.byStep.count == 8 && result.byStep[0].isNaN)
  }

  @Test func figuresOfClassesAreThoseOfTheirFormulas() throws {
    let trained = try fit(try smallNetwork(seed: 5, inputs: 8, hidden: 12, outputs: 3), try toyData(90), { () -> FitOptions in
      var options = options(1)
      options.encoder = RateEncoder(steps: 8)
      return options
    }())
    let data = try toyData(45, seed: 4)
    var looking = EvaluationOptions()
    looking.byStep = true
    let result = try #require(try evaluate(trained, data, looking).classes)
    for k in 0..<3 {
      let right = Double(zip(result.predictions, data.labels).count { $0 == k && $1 == k })
      let precision = right / Double(result.predictions.count { $0 == k }), recall = right / 15
      #expect(abs(result.recall[k] - recall) < 1e-9)
      if right > 0 { #expect(abs(result.f1[k] - 2 * precision * recall / (precision + recall)) < 1e-9) }
    }
    #expect(abs(result.top[0] - result.accuracy) < 1e-9 && result.top[2] == 1)
    #expect(abs(try #require(result.byStep.last) - result.accuracy) < 1e-9)
  }

  @Test func whatDoesNotFitIsSaid() throws {
    func fault(_ body: () throws -> Void) -> Fault? {
      do { try body() } catch { return error as? Fault }
      return nil
    }
    var settings = options(1)
    settings.loss = SpikeCountCrossEntropy()
    #expect(fault { _ = try fit(try regressor(), try sine(20), settings) }?.title == "`spike_count_cross_entropy` needs classes")
    #expect(fault { _ = try fit(try regressor(3), try sine(20), options(1)) }?.title == "the targets do not fit the network")
    #expect(fault { _ = try Dataset(name: "x", features: try Tensor.zeros([2, 1]), targets: try Tensor([.infinity, 1], shape: [2])) } != nil)
    #expect(fault { _ = try Dataset(name: "x", features: try Tensor.zeros([2, 1]), targets: try Tensor.zeros([3, 1])) }?.kind == .shape)
    settings.patience = 2
    settings.loss = nil
    #expect(fault { _ = try fit(try regressor(), try sine(20), settings) }?.title == "`patience` waits for a smaller validation loss")
  }
}
