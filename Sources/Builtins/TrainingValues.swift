// Surrogates, losses and optimisers as values of the language.

import Faults
import Machine
import Spiking
import Tensors

/// A value that is told by a call with its settings: they are its printed form, its members and its equality.
protocol DescribedValue: ForeignValue {
  var described: any Described { get }
}

extension DescribedValue {
  public var summary: String { described.callText }
  public var sourceText: String? { described.callText }
  public var memberNames: [String] { ["name"] + described.settings.map(\.name) }

  public func member(_ name: String) throws(Fault) -> Value? {
    if let setting = described.settings.first(where: { $0.name == name }) { return settingValue(setting.value) }
    return name == "name" ? .string(described.name) : nil
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    (other as? Self)?.described.isSame(as: described) ?? false
  }
}

/// The stand-in for the derivative of a spike.
struct SurrogateValue: DescribedValue {
  static let typeName = "surrogate"
  let surrogate: any Surrogate

  var described: any Described { surrogate }

  var isCallable: Bool { true }

  /// The derivative at distances `v - threshold`.
  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let input = arguments.positional.first,
      let distances = try input.convertedToTensor()
    else {
      throw Fault(.call, "a surrogate is called with distances to the threshold", help: "\(summary)(linspace(-1, 1))")
    }
    if distances.isTracked { throw Tape.leaving("a surrogate, which has no derivative of its own,") }
    return Machine.scalarOrTensor(
      try Tensor(surrogate.derivative(at: distances.scalars), shape: distances.shape))
  }
}

/// A loss with settings; without settings a loss is a plain function.
struct LossValue: DescribedValue {
  static let typeName = "loss"
  let loss: any Loss

  var described: any Described { loss }
  var isCallable: Bool { true }

  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 2,
      let output = try arguments.positional[0].convertedToTensor(),
      let labels = try arguments.positional[1].convertedToTensor()
    else {
      throw Fault(.call, "a loss is called with the output and the targets", help: "\(summary)(output, target)")
    }
    if labels.isTracked { throw Tape.leaving("a target") }
    return Machine.scalarOrTensor(try loss.value(LossInput(output: output, target: labels)))
  }
}

/// A price on activity.
struct RegularizerValue: DescribedValue {
  static let typeName = "price on activity"
  let regularizer: any Regularizer

  var described: any Described { regularizer }
}

/// A random change of training samples.
struct AugmentationValue: DescribedValue {
  static let typeName = "augmentation"
  let augmentation: any Augmentation

  var described: any Described { augmentation }
}

/// The course of the learning rate.
struct ScheduleValue: DescribedValue {
  static let typeName = "schedule"
  let schedule: any Schedule

  var described: any Described { schedule }
  var isCallable: Bool { true }

  /// The factor after a share of a run of 100 epochs.
  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let share = arguments.positional[0].asNumber,
      Bounds.share.contains(share)
    else {
      throw Fault(
        .call, "a schedule is called with a share of the run, from 0 to 1",
        help: "\(summary)(0.5) is the factor of the learning rate halfway through 100 epochs")
    }
    let steps = 100_000
    return .float(
      try schedule.factor(at: ScheduleMoment(step: Int(share * Double(steps)), steps: steps, stepsInEpoch: steps / 100)))
  }
}

/// A rule by which training moves weights, and what it remembers of the steps that it took.
struct OptimizerValue: DescribedValue {
  static let typeName = "optimizer"
  let optimizer: any Optimizer
  /// For each parameter what the rule remembers; empty before the first step.
  var memory: [[Tensor]] = []
  /// The steps that were taken.
  var steps = 0

  var described: any Described { optimizer }
}
