// How well classes were read.

import Faults
import Tensors

/// What a network took samples, or their steps, for.
public struct ClassFigures: Sendable {
  /// `[classes, classes]`: how many of the class of the row were taken for the class of the column.
  public private(set) var confusion: Tensor
  /// The class that each sample, or each step that has a class, was taken for.
  public private(set) var predictions: [Int]
  public let names: [String]
  /// The share whose class is among the best scores, by how many of them are looked at: 1, 2, … up to 5.
  public let top: [Double]
  /// For each step the share that is read right when the output is read up to there; where each step has a class, the
  /// share of that step. Empty where it was not asked for.
  public let byStep: [Double]

  /// The share that was read right.
  public var accuracy: Double {
    let counts = confusion.scalars
    let classes = confusion.shape[0]
    let right = (0..<classes).reduce(0.0) { $0 + Double(counts[$1 * classes + $1]) }
    return right / counts.reduce(0.0) { $0 + Double($1) }
  }

  /// The share of each class that was read right; nan for a class without samples.
  public var recall: [Double] { shares { index, class_, classes in index / classes == class_ } }
  /// The share of what was taken for each class that belongs to it; nan where nothing was.
  public var precision: [Double] { shares { index, class_, classes in index % classes == class_ } }

  /// The harmonic mean of precision and recall of each class; 0 where nothing is right, nan where a class neither is
  /// there nor was seen.
  public var f1: [Double] {
    let counts = confusion.scalars.map(Double.init)
    let classes = confusion.shape[0]
    return (0..<classes).map { class_ in
      let row = (0..<classes).reduce(0) { $0 + counts[class_ * classes + $1] }
      let column = (0..<classes).reduce(0) { $0 + counts[$1 * classes + class_] }
      return 2 * counts[class_ * classes + class_] / (row + column)
    }
  }

  /// The mean of `f1` over the classes that are there or were seen.
  public var macroF1: Double {
    let known = f1.filter { !$0.isNaN }
    return known.reduce(0, +) / Double(known.count)
  }

  private func shares(_ counted: (Int, Int, Int) -> Bool) -> [Double] {
    let counts = confusion.scalars.map(Double.init)
    let classes = confusion.shape[0]
    return (0..<classes).map { class_ in
      let all = counts.indices.reduce(0.0) { counted($1, class_, classes) ? $0 + counts[$1] : $0 }
      return counts[class_ * classes + class_] / all
    }
  }
}

/// Collects what was read of classes, batch by batch.
struct ClassTally {
  let decoder: Decoder
  let outputs: Int
  private var confusion: [Float]
  private(set) var predictions: [Int] = []
  private var top: [Int]
  private let isByStep: Bool
  private var rightByStep: [Int] = []
  private var judgedByStep: [Int] = []
  private var judged = 0

  /// - Parameter byStep: whether the output is read after each step as well.
  init(_ decoder: Decoder, outputs: Int, byStep: Bool) throws(Fault) {
    guard outputs <= 10_000 else {
      throw Fault(
        .limit, "too many classes to compare", label: "the network has \(outputs) outputs",
        help: "an evaluation counts each pair of classes, for at most 10000 of them")
    }
    self.decoder = decoder
    self.outputs = outputs
    isByStep = byStep
    confusion = [Float](repeating: 0, count: outputs * outputs)
    top = [Int](repeating: 0, count: min(5, outputs))
  }

  /// Puts the last predictions in the order of their samples, which were added in the given one.
  mutating func reorder(_ order: [Int]) {
    guard predictions.count >= order.count, predictions.count == judged else { return }
    let first = predictions.count - order.count
    let added = Array(predictions[first...])
    for (place, sample) in order.enumerated() where first + sample < predictions.count { predictions[first + sample] = added[place] }
  }

  /// - Parameter target: `[batch]`, or `[time, batch]` with -1 where there is none.
  mutating func add(_ output: Signal, target: Tensor) throws(Fault) {
    let labels = target.scalars.map { Int($0) }
    if target.rank == 2 { return try addSteps(output, labels, steps: target.shape[0]) }
    let guesses = try decoder.classes(output)
    for (guess, label) in zip(guesses, labels) { confusion[label * outputs + guess] += 1 }
    predictions += guesses
    judged += labels.count
    try rank(try decoder.scores(output), labels)
    guard isByStep else { return }
    for step in 0..<output.steps {
      try Interrupt.check()
      let guesses = try decoder.classes(try output.first(step + 1))
      count(step, right: zip(guesses, labels).count { $0 == $1 }, of: labels.count)
    }
  }

  private mutating func count(_ step: Int, right: Int, of all: Int) {
    while rightByStep.count <= step {
      rightByStep.append(0)
      judgedByStep.append(0)
    }
    rightByStep[step] += right
    judgedByStep[step] += all
  }

  private mutating func addSteps(_ output: Signal, _ labels: [Int], steps: Int) throws(Fault) {
    let values = try output.tensor().reshaped([labels.count, outputs])
    let guesses = try values.argmax(over: 1).scalars.map { Int($0) }
    let batch = labels.count / max(1, steps)
    for (place, label) in labels.enumerated() where label >= 0 {
      confusion[label * outputs + guesses[place]] += 1
      predictions.append(guesses[place])
      judged += 1
      if isByStep { count(place / batch, right: guesses[place] == label ? 1 : 0, of: 1) }
    }
    try rank(values, labels)
  }

  /// Counts how many scores are above that of the right class.
  private mutating func rank(_ scores: Tensor, _ labels: [Int]) throws(Fault) {
    let values = scores.scalars
    for (row, label) in labels.enumerated() where label >= 0 {
      let own = values[row * outputs + label]
      var above = 0
      for k in 0..<outputs where values[row * outputs + k] > own || values[row * outputs + k] == own && k < label { above += 1 }
      for k in top.indices where above <= k { top[k] += 1 }
    }
  }

  func figures(names: [String]) throws(Fault) -> ClassFigures {
    ClassFigures(
      confusion: try Tensor(confusion, shape: [outputs, outputs]), predictions: predictions, names: names,
      top: top.map { Double($0) / Double(max(1, judged)) },
      byStep: zip(rightByStep, judgedByStep).map { Double($0) / Double($1) })
  }
}
