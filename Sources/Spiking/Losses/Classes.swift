// What the losses of classes have in common.

import Faults
import Tensors

/// Settings of a cross-entropy that are beside its scores.
struct ClassWeighting: Sendable {
  /// The share of the truth that is spread evenly over all classes.
  var smoothing = 0.0
  /// How much each class counts; nil for all alike.
  var weights: [Double]?

  /// Softmax cross-entropy of scores `[samples, classes]` with labels `[samples]`, of which -1 counts for nothing: the
  /// mean over the samples, weighted by the weight of their class.
  func crossEntropy(_ scores: Tensor, _ labels: Tensor, of name: String) throws(Fault) -> Tensor {
    let classes = scores.shape[1]
    if let weights, weights.count != classes {
      throw Fault(
        .shape, "`class_weights` of `\(name)` must be one number for each class",
        label: "\(weights.count) weights, \(counted(classes, "class", "classes"))")
    }
    let known = labels.scalars
    let isWhole = weights == nil && known.allSatisfy { $0 != -1 }
    var truth = try Tensor.oneHot(isWhole ? labels.detached : try Tensor(known.map { max($0, 0) }, shape: labels.shape), classes: classes)
    if smoothing > 0 { truth = try truth * Float(1 - smoothing) + Float(smoothing / Double(classes)) }
    let likelihoods = try scores.logSoftmax(over: -1)
    if isWhole { return try (likelihoods * truth).sum() * (-1 / Float(max(1, scores.shape[0]))) }
    let counts = known.map { label -> Float in
      guard label >= 0, let place = Int(exactly: label) else { return 0 }
      return weights.map { place < $0.count ? Float($0[place]) : 0 } ?? 1
    }
    let whole = counts.reduce(0.0) { $0 + Double($1) }
    let weight = try Tensor(counts, shape: [counts.count, 1])
    return try (likelihoods * truth * weight).sum() * Float(-1 / max(whole, .leastNormalMagnitude))
  }

  /// The same of an output over time: of what `read` makes of it, or of each step where there is a label for each.
  func crossEntropy(
    _ given: LossInput, of name: String, read: (Tensor) throws(Fault) -> Tensor
  ) throws(Fault) -> Tensor {
    let (output, labels) = (given.output, given.target)
    try LossShapes.check(output, of: name)
    if labels.shape == Array(output.shape.prefix(2)), labels.rank == 2 {
      let rows = labels.count
      return try crossEntropy(
        try output.reshaped([rows, output.shape[2]]), try labels.reshaped([rows]), of: name)
    }
    guard labels.shape == [output.shape[1]] else {
      throw Fault(
        .shape, "`\(name)` takes one label for each sample, or one for each of its steps",
        label: "the output is \(Shape.text(output.shape)), the labels are \(Shape.text(labels.shape))",
        help: "the axes of the output are [time, batch, classes]")
    }
    return try crossEntropy(try read(output), labels, of: name)
  }
}

extension ClassWeighting {
  fileprivate static let settings: [SettingDeclaration<ClassWeighting>] = [
    .number(
      "smoothing", \.smoothing, .shareBelowOne, "the share of the truth that is spread evenly over all classes (label smoothing)"),
    .numbers(
      "class_weights", \.weights, .notNegative,
      "how much the samples of each class count; the loss is divided by the sum over the batch"),
  ]
}

extension SettingDeclaration {
  /// The settings that every cross-entropy has.
  static func weighting(_ path: WritableKeyPath<Whole, ClassWeighting> & Sendable) -> [Self] {
    ClassWeighting.settings.map { $0.inside(path) }
  }
}

enum LossShapes {
  static func check(_ output: Tensor, of name: String) throws(Fault) {
    guard output.rank == 3, output.shape[0] > 0 else {
      throw Fault(
        .shape, "`\(name)` takes an output over time", label: "the output is \(Shape.text(output.shape))",
        help: "its axes are [time, batch, classes]")
    }
  }
}
