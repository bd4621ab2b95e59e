// The course of training: schedules, early stopping, clipping, resuming.

import Faults
import Spiking
import Tensors
import Testing

@Suite(.serialized) struct TrainingCourseTests {
  private func network() throws -> Network { try smallNetwork(seed: 5, inputs: 8, hidden: 12, outputs: 3) }

  private func options(_ epochs: Int) -> FitOptions {
    var options = FitOptions()
    options.encoder = RateEncoder(steps: 8)
    options.optimizer = Adam(learningRate: 1e-2)
    options.epochs = epochs
    options.batch = 16
    options.seed = 3
    return options
  }

  private func factor(_ schedule: any Schedule, _ epoch: Double, of epochs: Int = 10) throws -> Double {
    try schedule.factor(at: ScheduleMoment(step: Int(epoch * 100), steps: epochs * 100, stepsInEpoch: 100))
  }

  @Test func schedulesFollowTheirFormulas() throws {
    #expect(try factor(Constant(), 7) == 1)
    #expect(abs(try factor(Cosine(floor: 0.1), 5) - 0.55) < 1e-12)
    #expect(abs(try factor(Cosine(floor: 0.1), 10) - 0.1) < 1e-12)
    #expect(try factor(StepDecay([("every", .integer(3)), ("factor", .number(0.5))]), 7) == 0.25)
    #expect(try factor(ExponentialDecay([("factor", .number(0.5))]), 3.9) == 0.125)
    #expect(abs(try factor(OneCycle(), 0) - 0.04) < 1e-12)
    #expect(abs(try factor(OneCycle(), 3) - 1) < 1e-12)
    #expect(abs(try factor(OneCycle(), 10) - 1e-4) < 1e-12)
    let restarts = try Restarts([("epochs", .integer(2)), ("growth", .number(2))])
    #expect(try factor(restarts, 0) == 1)
    #expect(abs(try factor(restarts, 1) - 0.5) < 1e-12)
    #expect(try factor(restarts, 2) == 1)
    #expect(abs(try factor(restarts, 4) - 0.5) < 1e-12)
    let warm = try Warmup(epochs: 2, then: Cosine(floor: 0))
    #expect(try factor(warm, 0) < 0.01)
    #expect(abs(try factor(warm, 1) - 0.5) < 0.01)
    #expect(abs(try factor(warm, 6) - 0.5) < 1e-12)
  }

  @Test func aPlateauWaitsAndFalls() throws {
    let plateau = try Plateau([("patience", .integer(1)), ("factor", .number(0.1)), ("floor", .number(0.02))])
    func factor(_ losses: [Double]) throws -> Double {
      try plateau.factor(at: ScheduleMoment(step: losses.count, steps: 100, stepsInEpoch: 1, losses: losses))
    }
    #expect(try factor([]) == 1)
    #expect(try factor([1, 0.9, 0.8]) == 1)
    #expect(try factor([1, 1]) == 1)
    #expect(abs(try factor([1, 1, 1]) - 0.1) < 1e-12)
    #expect(abs(try factor([1, 1, 1, 1, 1]) - 0.02) < 1e-12)
  }

  @Test func aResumedRunIsTheOneThatDidNotStop() throws {
    let data = try toyData(90)
    for isStopped in [false, true] {
      var settings = options(4)
      settings.validation = try toyData(30, seed: 2)
      settings.accumulate = 2
      settings.schedule = try StepDecay([("every", .integer(2))])
      let whole = try fit(try network(), data, settings)
      settings.epochs = 2
      let half = try Interrupt.inOwnRun { () throws -> Network in
        if isStopped {
          settings.epochs = 4
          settings.progress = { if $0.epoch == 2, $0.batch == 3, !$0.isEpochEnd { Interrupt.request() } }
        }
        let half = try fit(try network(), data, settings)
        settings.progress = nil
        return half
      }
      #expect(half.history?.interrupted == isStopped)
      settings.resumes = true
      settings.seed = 99
      settings.epochs = isStopped ? 3 : 2
      let resumed = try fit(half, data, settings)
      for (a, b) in zip(resumed.namedParameters, whole.namedParameters) { #expect(Tensor.identical(a.value, b.value), "\(a.name)") }
      #expect(resumed.history?.loss == whole.history?.loss)
      #expect(resumed.history?.validationLoss == whole.history?.validationLoss)
      #expect(resumed.history?.accuracy == whole.history?.accuracy)
      #expect(resumed.history?.interrupted == false)
    }
  }

  @Test func anotherCourseIsNotResumed() throws {
    let data = try toyData(90)
    var settings = options(1)
    let begun = try fit(try network(), data, settings)
    settings.resumes = true
    settings.batch = 8
    #expect(throws: Fault.self) { try fit(begun, data, settings) }
    settings.batch = 16
    #expect(throws: Fault.self) { try fit(begun, try toyData(60), settings) }
    #expect(throws: Fault.self) { try fit(try network(), data, settings) }
    settings.optimizer = Lion()
    #expect(throws: Fault.self) { try fit(begun, data, settings) }
  }

  @Test func patienceKeepsTheBestWeightsAndTheLast() throws {
    let data = try toyData(60)
    var settings = options(40)
    settings.optimizer = Adam(learningRate: 0.05)
    settings.validation = try toyData(30, seed: 7)
    settings.patience = 2
    let trained = try fit(try network(), data, settings)
    let history = try #require(trained.history)
    let best = try #require(history.bestEpoch)
    #expect(history.epochs < 40 && history.epochs == best + 3)
    #expect(history.validationLoss.min() == history.validationLoss[best])
    var looking = EvaluationOptions()
    looking.seed = 3
    #expect(try evaluate(trained, try toyData(30, seed: 7), looking).loss == history.validationLoss[best])
    // Whoever has no patience left does not go on.
    settings.resumes = true
    let more = try fit(trained, data, settings)
    #expect(more.history?.epochs == history.epochs)
  }

  @Test func aCutGradientMovesNoFurther() throws {
    let data = try toyData(60)
    var settings = options(1)
    settings.optimizer = SGD(learningRate: 1)
    settings.batch = 60
    settings.clip = 0.01
    let start = try network()
    settings.initializer = nil
    let trained = try fit(start, data, settings)
    var squares = 0.0
    for (a, b) in zip(trained.namedParameters, start.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { squares += Double((x - y) * (x - y)) }
    }
    #expect(abs(squares.squareRoot() - 0.01) < 1e-4)
    #expect(trained.history?.terms.first { $0.name == "clipped" }?.values == [1])
  }

  @Test func accumulatedBatchesAreOneBatch() throws {
    let data = try toyData(60)
    var settings = options(1)
    settings.optimizer = SGD(learningRate: 0.1)
    settings.encoder = DirectEncoder(steps: 6)
    settings.shuffles = false
    settings.batch = 60
    let whole = try fit(try network(), data, settings)
    settings.batch = 25
    settings.accumulate = 3
    let parts = try fit(try network(), data, settings)
    for (a, b) in zip(whole.namedParameters, parts.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-5) }
    }
  }

  @Test func ratesFreezeAndSlow() throws {
    let data = try toyData(60)
    var settings = options(1)
    settings.initializer = nil
    settings.rates = ParameterRates(["0": 0, "2.bias": 0])
    let start = try network()
    let trained = try fit(start, data, settings)
    let moved = zip(trained.namedParameters, start.namedParameters).filter { !Tensor.identical($0.value, $1.value) }.map(\.0.name)
    #expect(moved == ["2.weight"])
    settings.rates = ParameterRates(["gamma": 1])
    #expect(throws: Fault.self) { try fit(start, data, settings) }
  }
}
