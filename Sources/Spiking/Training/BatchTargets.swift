// What a batch of samples should be taken for, in the form that a loss takes.

import Faults
import Tensors

/// The targets of a data set beside the outputs of a network.
struct BatchTargets {
  let data: Dataset
  /// Whether there is a target for each step.
  let isSequence: Bool
  /// Classes as rows of 0 and 1, for a loss of numbers.
  private let isOneHot: Bool
  private let outputs: Int

  /// - Throws: `.value` for a label that is no class of the network or targets that the loss has no use for; `.shape` for
  ///   numbers that fit neither the outputs nor the outputs of each step.
  init(_ data: Dataset, loss: any Loss, outputs: Int, steps: Int) throws(Fault) {
    self.data = data
    self.outputs = outputs
    if data.hasClasses {
      let highest = data.targets.map { $0.scalars.max() ?? -1 }.map { Int($0) } ?? data.labels.max() ?? -1
      guard highest < outputs else {
        let place = data.labels.firstIndex { $0 >= outputs }.map { "of sample \($0)" } ?? "of a step"
        let label = data.labels.first { $0 >= outputs } ?? highest
        throw Fault(
          .value, "a label is out of range for the network",
          label: "the label \(place) is \(label), and the network has \(counted(outputs, "output"))",
          help: "\(data.name) has \(counted(data.classCount, "class", "classes")); end the network with that many outputs")
      }
      isOneHot = loss.targets == .numbers
      isSequence = data.targets != nil
      if isSequence { try Self.checkSteps(data, steps) }
      return
    }
    isOneHot = false
    guard loss.targets != .classes else {
      throw Fault(
        .value, "`\(loss.name)` needs classes", label: "the targets of \(data.name) are \(data.targetText)",
        help: "for numbers take mse, mae, huber or a function of your own; data.from(x, labels) with whole numbers makes classes")
    }
    let shape = Array((data.targets?.shape ?? []).dropFirst())
    let size = shape.reduce(1, *)
    if size == outputs {
      isSequence = false
    } else if shape.first == steps, shape.dropFirst().reduce(1, *) == outputs {
      isSequence = true
    } else if loss.targets == .any {
      isSequence = shape.first == steps && shape.count > 1
    } else {
      throw Fault(
        .shape, "the targets do not fit the network",
        label: "a target of \(data.name) is \(Shape.text(shape)), and the network has \(counted(outputs, "output"))",
        help: "a sample has a number for each output, or one for each output and each of its \(counted(steps, "step"))")
    }
  }

  private static func checkSteps(_ data: Dataset, _ steps: Int) throws(Fault) {
    let labelled = data.targets?.shape[1] ?? 0
    guard labelled == steps else {
      throw Fault(
        .shape, "each step needs a class", label: "a sample of \(data.name) has \(counted(labelled, "class", "classes")) and \(counted(steps, "step"))",
        help: "write -1 for a step that has none")
    }
  }

  /// The classes of some samples, `[batch]`, or of their steps, `[time, batch]`.
  func labels(_ indices: [Int]) throws(Fault) -> Tensor {
    guard let targets = data.targets else {
      return try Tensor(indices.map { Float(data.labels[$0]) }, shape: [indices.count])
    }
    return try targets.rows(indices).transposed([1, 0])
  }

  /// The targets of some samples as the loss takes them: classes `[batch]` or `[time, batch]`, numbers `[batch, ...]` or `[time, batch, ...]`.
  func batch(_ indices: [Int]) throws(Fault) -> Tensor {
    guard let targets = data.targets else {
      let labels = try labels(indices)
      return isOneHot ? try Tensor.oneHot(labels, classes: outputs) : labels
    }
    let rows = try targets.rows(indices)
    guard isSequence else { return rows }
    let timed = try rows.transposed([1, 0] + (2..<rows.rank))
    guard isOneHot else { return timed }
    // A step without a class has no numbers either.
    let classes = timed.scalars
    let truth = try Tensor.oneHot(try Tensor(classes.map { max($0, 0) }, shape: timed.shape), classes: outputs)
    var numbers = truth.scalars
    for (place, label) in classes.enumerated() where label < 0 {
      for k in 0..<outputs { numbers[place * outputs + k] = .nan }
    }
    return try Tensor(numbers, shape: truth.shape)
  }
}
