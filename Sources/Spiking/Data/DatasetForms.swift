// Data sets made of others: folds, windows, samples side by side or one after the other.

import Faults
import Tensors

extension Dataset {
  /// So many pairs of a training and a test part; each sample is in one test part. Each class is divided by itself, so that
  /// all parts hold the same shares, but for targets that are not classes of samples.
  ///
  /// - Throws: `.value` for fewer than two parts, or fewer samples than parts.
  public func folds(_ parts: Int, stream: RandomStream) throws(Fault) -> [(train: Dataset, test: Dataset)] {
    guard parts >= 2, parts <= count else {
      throw Fault(
        .value, "folds are from 2 to as many as there are samples", label: "\(parts) are asked for, of \(counted(count, "sample"))")
    }
    var draws = stream
    let order = try draws.permutation(count)
    var part = [Int](repeating: 0, count: count)
    // One class after the other is dealt out, and the next begins where the last ended.
    var next = 0
    let groups = targets == nil ? classCount : 1
    for group in 0..<groups {
      for index in order where targets != nil || labels[index] == group {
        part[index] = next % parts
        next += 1
      }
    }
    var folds: [(train: Dataset, test: Dataset)] = []
    for fold in 0..<parts {
      try Interrupt.check()
      folds.append((try subset(order.filter { part[$0] != fold }), try subset(order.filter { part[$0] == fold })))
    }
    return folds
  }

  /// Windows of the time axis of samples `[time, ...]`, each a sample with its sample's target, or with the targets of its
  /// own steps.
  ///
  /// - Parameters:
  ///   - steps: steps of a window.
  ///   - every: steps from the start of one to that of the next.
  /// - Throws: `.value` for samples without a time axis, or shorter than a window.
  public func windows(_ steps: Int, every: Int) throws(Fault) -> Dataset {
    try checkOneLength(for: "a cut into windows")
    guard let time = sampleShape.first, sampleShape.count >= 2 else {
      throw Fault(
        .shape, "windows are cut from samples with a time axis", label: "a sample of \(name) is \(Shape.text(sampleShape))",
        help: "their axes are [samples, time, ...features]")
    }
    guard steps >= 1, every >= 1, steps <= time else {
      throw Fault(
        .value, "a window has from 1 to as many steps as a sample, and the next begins later",
        label: "\(steps) steps every \(every), of \(time)")
    }
    let windowed = WindowedSamples(base: samples, steps: steps, every: every)
    let whole = windowed.count
    let owners = (0..<whole).map { $0 / windowed.windows }
    let form: any SampleSource = held == nil ? windowed : HeldSamples(tensor: try windowed.rows(Array(0..<whole)))
    guard let targets, targets.rank >= 2, targets.shape[1] == time else { return try with(form, targetsOf: owners) }
    let parts = WindowedSamples(base: HeldSamples(tensor: targets.rank == 2 ? try targets.reshaped(targets.shape + [1]) : targets), steps: steps, every: every)
    let cut = try parts.rows(Array(0..<whole))
    return try Dataset(
      name: name, samples: form, targets: targets.rank == 2 ? try cut.reshaped([whole, steps]) : cut,
      classNames: hasClasses ? classNames : nil, source: source)
  }

  /// The same samples with the features of others beside their own, along the last axis; the targets are these ones'.
  ///
  /// - Throws: `.shape` where counts or the axes before the last differ.
  public func beside(_ other: Dataset) throws(Fault) -> Dataset {
    for data in [self, other] { try data.checkOneLength(for: "a pair of data sets") }
    guard count == other.count, !sampleShape.isEmpty, sampleShape.count == other.sampleShape.count, sampleShape.dropLast() == other.sampleShape.dropLast()
    else {
      throw Fault(
        .shape, "samples side by side are as many, and differ in their last axis alone",
        label: "\(name) has \(count) of \(Shape.text(sampleShape)), \(other.name) \(other.count) of \(Shape.text(other.sampleShape))")
    }
    let joined = JoinedSamples(left: samples, right: other.samples)
    let all = Array(0..<count)
    return try with(held != nil && other.held != nil ? HeldSamples(tensor: try joined.rows(all)) : joined, targetsOf: all)
  }

  /// The samples of several data sets, one after the other.
  ///
  /// - Throws: `.shape` for samples or targets of other shapes; `.value` for other classes, or none to join.
  public static func chained(_ parts: [Dataset]) throws(Fault) -> Dataset {
    guard let first = parts.first else { throw Fault(.value, "there are no data sets to join") }
    for part in parts {
      try part.checkOneLength(for: "a joined data set")
      guard part.sampleShape == first.sampleShape else {
        throw Fault(
          .shape, "joined data sets have samples of one shape",
          label: "\(first.name) has \(Shape.text(first.sampleShape)), \(part.name) \(Shape.text(part.sampleShape))")
      }
      guard part.classNames == first.classNames, (part.targets == nil) == (first.targets == nil) else {
        throw Fault(
          .value, "joined data sets have targets of one kind, and the same classes",
          label: "\(first.name) has \(first.classText), \(part.name) \(part.classText)",
          help: "data.from(features, labels, names=[…]) names classes")
      }
    }
    let chain = ChainedSamples(parts: parts.map(\.samples))
    let samples: any SampleSource =
      parts.allSatisfy { $0.held != nil } ? HeldSamples(tensor: try Tensor.concatenate(parts.compactMap(\.held))) : chain
    guard first.targets != nil else {
      return try Dataset(
        name: first.name, samples: samples, labels: parts.flatMap(\.labels), classNames: first.classNames, source: first.source)
    }
    return try Dataset(
      name: first.name, samples: samples, targets: try Tensor.concatenate(parts.compactMap(\.targets)),
      classNames: first.hasClasses ? first.classNames : nil, source: first.source)
  }

  private var classText: String { hasClasses ? "the classes \(classNames.prefix(5).joined(separator: ", "))" : targetText }

  /// The same targets with samples that were changed at random, each by draws of its own; in memory.
  ///
  /// - Throws: `.shape` for samples without the axes that a change needs.
  public func augmented(_ augmentations: [any Augmentation], stream: RandomStream) throws(Fault) -> Dataset {
    for augmentation in augmentations { try augmentation.check() }
    return try with(HeldSamples(tensor: try augmentations.changed(try features, stream: stream)), targetsOf: Array(0..<count))
  }

  /// The same with all samples in memory.
  ///
  /// - Throws: `.limit` where there is no room; what reading does.
  public func cached() throws(Fault) -> Dataset {
    held == nil ? try with(HeldSamples(tensor: try features), targetsOf: Array(0..<count)) : self
  }
}
