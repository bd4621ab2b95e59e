// The course of the learning rate. A schedule is a function of where a run stands, and keeps nothing: a run that is
// resumed goes on along the same course.

import Faults

/// A factor of the learning rate over a run.
public protocol Schedule: Described, Sendable {
  /// Whether one thread alone may ask, as it is with a factor that a user's program works out.
  var isSerial: Bool { get }
  /// - Throws: what a user's function throws.
  func factor(at moment: ScheduleMoment) throws(Fault) -> Double
}

extension Schedule {
  public var isSerial: Bool { false }
}

/// A schedule with settings.
public protocol DeclaredSchedule: Schedule, Component {}

/// Where a run stands before a step of the optimiser.
public struct ScheduleMoment: Sendable {
  /// Steps that are done, and all that the run will have.
  public var step: Int
  public var steps: Int
  public var stepsInEpoch: Int
  /// The loss of each epoch that is done: on the validation data where there are any.
  public var losses: [Double]

  public init(step: Int, steps: Int, stepsInEpoch: Int, losses: [Double] = []) {
    self.step = step
    self.steps = steps
    self.stepsInEpoch = max(1, stepsInEpoch)
    self.losses = losses
  }

  /// The share of all steps that is done, 0 to 1.
  public var progress: Double { min(max(Double(step) / Double(max(1, steps)), 0), 1) }
  /// Epochs that are done, with the part of the running one.
  public var epochs: Double { Double(step) / Double(stepsInEpoch) }
  /// The running epoch, from 0.
  public var epoch: Int { step / stepsInEpoch }
  public var allEpochs: Double { Double(steps) / Double(stepsInEpoch) }

  /// The same run from a step on, as if it began there.
  func after(_ first: Int) -> ScheduleMoment {
    ScheduleMoment(
      step: max(0, step - first), steps: max(1, steps - first), stepsInEpoch: stepsInEpoch,
      losses: Array(losses.dropFirst(first / stepsInEpoch)))
  }
}

/// All schedules with settings, in the order in which help lists them; a new one is a file in this folder and its name
/// here.
public let schedules: [any DeclaredSchedule.Type] = [
  Constant.self, Cosine.self, StepDecay.self, ExponentialDecay.self, OneCycle.self, Plateau.self, Restarts.self,
]
