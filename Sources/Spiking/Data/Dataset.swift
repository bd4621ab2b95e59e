// Samples with what they should be taken for, as training and evaluation take them.

import Faults
import Tensors

/// Samples with targets: a class for each, a class for each step of it, or numbers; a value.
public struct Dataset: Sendable {
  public var name: String
  public let samples: any SampleSource
  /// The class of each sample, from 0; empty where the targets are others.
  public let labels: [Int]
  /// Other targets than a class for each sample: numbers `[samples, ...]`, nan where there is none, or the class of each
  /// step `[samples, time]`, -1 where there is none.
  public let targets: Tensor?
  /// The names of classes; empty where the targets are numbers.
  public let classNames: [String]
  /// Where the data come from, and under which licence.
  public var source: String
  /// The steps that each sample lasts; nil where all last as long as they are.
  public internal(set) var lengths: [Int]?

  /// Classes that a data set may have: a label far beyond is a number that is no class.
  public static let mostClasses = 1_000_000

  /// - Parameter classNames: when empty, the classes are named by their numbers, up to the highest label.
  /// - Throws: `.shape` when there aren't as many labels as samples; `.value` for a label without a class.
  public init(
    name: String, features: Tensor, labels: [Int], classNames: [String] = [], source: String = ""
  ) throws(Fault) {
    guard features.rank >= 1 else {
      throw Fault(.shape, "a data set needs an axis of samples", label: "the features are one number")
    }
    try self.init(
      name: name, samples: HeldSamples(tensor: features.detached), labels: labels, classNames: classNames, source: source)
  }

  /// The same with samples that are read when they are asked for.
  public init(
    name: String, samples: any SampleSource, labels: [Int], classNames: [String] = [], source: String = ""
  ) throws(Fault) {
    guard samples.count == labels.count else {
      throw Fault(
        .shape, "a data set needs one label for each sample",
        label: "\(counted(samples.count, "sample")), \(counted(labels.count, "label"))")
    }
    if let largest = labels.max(), largest >= Self.mostClasses {
      throw Fault(
        .limit, "a label is too large for a class", label: "the largest is \(largest), the limit is \(Self.mostClasses - 1)",
        help: "labels count classes from 0: number them anew, or give classes by name")
    }
    let classes = classNames.isEmpty ? (labels.max() ?? -1) + 1 : classNames.count
    if let place = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
      throw Fault(
        .value, "a label is out of range",
        label: "the label of sample \(place) is \(labels[place]), and there \(classes == 1 ? "is 1 class" : "are \(classes) classes")",
        help: "labels count from 0 to \(max(0, classes - 1))")
    }
    self.name = name
    self.samples = samples
    self.labels = labels
    targets = nil
    self.classNames = classNames.isEmpty ? (0..<max(0, classes)).map(String.init) : classNames
    self.source = source
  }

  /// Samples with numbers to come to, or with a class for each step.
  ///
  /// - Parameters:
  ///   - targets: numbers `[samples, ...]`, nan where there is none; or with `classNames` the class of each step
  ///     `[samples, time]`, -1 where there is none.
  ///   - classNames: of the classes of steps; nil for numbers. When empty, classes are named by their numbers.
  /// - Throws: `.shape` when there aren't as many targets as samples; `.value` for a target that is infinite or no class.
  public init(
    name: String, features: Tensor, targets: Tensor, classNames: [String]? = nil, source: String = ""
  ) throws(Fault) {
    guard features.rank >= 1 else {
      throw Fault(.shape, "a data set needs an axis of samples", label: "the features are one number")
    }
    try self.init(
      name: name, samples: HeldSamples(tensor: features.detached), targets: targets, classNames: classNames, source: source)
  }

  /// The same with samples that are read when they are asked for.
  public init(
    name: String, samples: any SampleSource, targets: Tensor, classNames: [String]? = nil, source: String = ""
  ) throws(Fault) {
    guard targets.rank >= 1 else {
      throw Fault(.shape, "a data set needs an axis of samples", label: "the targets are one number")
    }
    guard samples.count == targets.shape[0] else {
      throw Fault(
        .shape, "a data set needs one target for each sample",
        label: "\(counted(samples.count, "sample")), \(counted(targets.shape[0], "target"))")
    }
    self.name = name
    self.samples = samples
    labels = []
    self.source = source
    guard let classNames else {
      self.targets = targets.detached
      self.classNames = []
      if let place = targets.scalars.firstIndex(where: \.isInfinite) {
        throw Fault(
          .value, "a target is infinite", label: "at \(Shape.text(targets.indices(of: place)))",
          help: "targets are finite numbers, or nan where there is none")
      }
      return
    }
    let numbers = targets.scalars
    guard targets.rank == 2 else {
      throw Fault(
        .shape, "classes are one for each sample, or one for each of its steps",
        label: "the classes are \(Shape.text(targets.shape))", help: "their axes are [samples] or [samples, time]")
    }
    let classes = classNames.isEmpty ? (numbers.max().flatMap { Int(exactly: $0) } ?? -1) + 1 : classNames.count
    guard classes <= Self.mostClasses else {
      throw Fault(.limit, "a label is too large for a class", label: "the limit is \(Self.mostClasses - 1)")
    }
    if let place = numbers.firstIndex(where: { label in Int(exactly: label).map { $0 < -1 || $0 >= classes } ?? true }) {
      throw Fault(
        .value, "a label is out of range", label: "found \(NumberText.whole(numbers[place])) at \(Shape.text(targets.indices(of: place)))",
        help: "labels count from 0 to \(max(0, classes - 1)); -1 stands where a step has none")
    }
    self.targets = targets.detached
    self.classNames = classNames.isEmpty ? (0..<max(0, classes)).map(String.init) : classNames
  }

  public var count: Int { samples.count }
  /// The features of all samples, `[samples, ...sample shape]`, where they are in memory.
  public var held: Tensor? { (samples as? HeldSamples)?.tensor }
  /// The features of all samples, `[samples, ...sample shape]`, read where they are not in memory.
  ///
  /// - Throws: `.limit` where there is no room for them; what reading does.
  public var features: Tensor {
    get throws(Fault) {
      if let held { return held }
      let (size, overflow) = sampleShape.reduce(1, *).multipliedReportingOverflow(by: max(1, count))
      try MemoryLimit.check(overflow ? Int.max : size.multipliedReportingOverflow(by: 4).partialValue, for: "all of \(name) at once")
      return try samples.rows(Array(0..<count))
    }
  }
  public var classCount: Int { classNames.count }
  /// Whether the targets are classes, of samples or of their steps.
  public var hasClasses: Bool { targets == nil || !classNames.isEmpty }

  /// A fault for what needs one class for each sample, when these samples have other targets.
  ///
  /// - Parameter user: what needs them: "a stream".
  public func checkLabels(for user: String) throws(Fault) {
    guard targets == nil else {
      throw Fault(
        .value, "\(user) needs one class for each sample",
        label: "the targets of \(name) are \(targetText)")
    }
  }

  /// What the targets are, in words.
  public var targetText: String {
    guard let targets else { return "classes" }
    let shape = Array(targets.shape.dropFirst())
    return hasClasses ? "a class for each of \(counted(shape[0], "step"))" : shape.reduce(1, *) == 1 ? "numbers" : "numbers, \(Shape.text(shape)) each"
  }
  /// The shape of one sample.
  public var sampleShape: [Int] { samples.sampleShape }

  /// The number of samples of each class.
  public var classSizes: [Int] {
    var sizes = [Int](repeating: 0, count: classCount)
    for label in labels { sizes[label] += 1 }
    return sizes
  }

  /// The features of some samples, `[indices, ...sample shape]`.
  ///
  /// - Throws: `.value` for a sample that isn't there.
  public func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    try check(indices)
    return try samples.rows(indices)
  }

  private func check(_ indices: [Int]) throws(Fault) {
    if let wrong = indices.first(where: { $0 < 0 || $0 >= count }) {
      throw Fault(.value, "no sample \(wrong)", label: "\(name) has \(counted(count, "sample"))")
    }
  }

  /// The data set of some of the samples, in the given order.
  public func subset(_ indices: [Int], name: String? = nil) throws(Fault) -> Dataset {
    try check(indices)
    let part: any SampleSource = try held.map { (held) throws(Fault) in HeldSamples(tensor: try held.rows(indices)) } ?? PickedSamples(samples, indices)
    return try with(part, targetsOf: indices, name: name)
  }

  /// Other samples, with the targets of some of these.
  func with(_ samples: any SampleSource, targetsOf indices: [Int], name: String? = nil) throws(Fault) -> Dataset {
    if let lengths, samples.sampleShape.first == sampleShape.first {
      var plain = self
      plain.lengths = nil
      return try plain.with(samples, targetsOf: indices, name: name).lasting(indices.map { lengths[$0] })
    }
    guard let targets else {
      return try Dataset(
        name: name ?? self.name, samples: samples, labels: indices.map { labels[$0] }, classNames: classNames, source: source)
    }
    return try Dataset(
      name: name ?? self.name, samples: samples, targets: try targets.rows(indices), classNames: hasClasses ? classNames : nil,
      source: source)
  }

  /// Two data sets: one with `fraction` of the samples, and the rest.
  ///
  /// - Parameters:
  ///   - stratified: whether each class is divided by itself, so that both parts hold the same shares; without a class
  ///     for each sample it has no effect.
  ///   - stream: what shuffles; both parts come out in shuffled order.
  /// - Throws: `.value` when the fraction isn't between 0 and 1 or a part would be empty.
  public func split(
    _ fraction: Double, stratified: Bool = true, stream: RandomStream
  ) throws(Fault) -> (Dataset, Dataset) {
    guard fraction > 0, fraction < 1 else {
      throw Fault(
        .value, "a split needs a fraction between 0 and 1", label: "the fraction is \(fraction)",
        help: "split(d, 0.8) gives 80 % and 20 %")
    }
    var draws = stream
    let order = try draws.permutation(count)
    var taken = [Bool](repeating: false, count: count)
    if stratified, targets == nil {
      for (label, quota) in quotas(fraction).enumerated() {
        var left = quota
        for index in order where left > 0 && labels[index] == label {
          taken[index] = true
          left -= 1
        }
      }
    } else {
      for index in order.prefix(Int((Double(count) * fraction).rounded())) { taken[index] = true }
    }
    let first = order.filter { taken[$0] }
    let second = order.filter { !taken[$0] }
    guard !first.isEmpty, !second.isEmpty else {
      throw Fault(
        .value, "a part of the split would be empty",
        label: "\(name) has \(counted(count, "sample")), and the fraction is \(fraction)")
    }
    return (try subset(first), try subset(second))
  }

  /// How many samples of each class the first part gets: their sum is the rounded share of all samples, and
  /// the classes with the largest remainders get the odd ones.
  private func quotas(_ fraction: Double) -> [Int] {
    let exact = classSizes.map { Double($0) * fraction }
    var quotas = exact.map { Int($0.rounded(.down)) }
    let missing = Int((Double(count) * fraction).rounded()) - quotas.reduce(0, +)
    let byRemainder = exact.indices.sorted {
      let (a, b) = (exact[$0] - Double(quotas[$0]), exact[$1] - Double(quotas[$1]))
      return a > b || a == b && $0 < $1
    }
    for label in byRemainder.prefix(max(0, missing)) where quotas[label] < classSizes[label] { quotas[label] += 1 }
    return quotas
  }

  /// What tells these samples from others: their number, shape, targets and some of their values.
  var fingerprint: String {
    var print = Fingerprint()
    for size in [count] + sampleShape { print.add(size) }
    if held == nil { print.add(samples.identity) }
    for tensor in (held.map { [$0] } ?? []) + (targets.map { [$0] } ?? []) {
      tensor.withUnsafeBuffer { values in
        for place in stride(from: 0, to: values.count, by: max(1, values.count / 4096)) { print.add(UInt64(values[place].bitPattern)) }
      }
    }
    for label in labels { print.add(label) }
    for length in lengths ?? [] { print.add(length) }
    return "\(name), \(counted(count, "sample")), \(print.text)"
  }

  /// What a description shows, line by line.
  public var facts: [(name: String, value: String)] {
    let sizes = classSizes
    let range = held?.withUnsafeBuffer { buffer in (buffer.min(), buffer.max()) } ?? (nil, nil)
    var list = [
      (name: "name", value: name), (name: "samples", value: "\(count)"),
      (name: "sample", value: Shape.text(sampleShape)),
    ]
    if let low = range.0, let high = range.1 { list.append((name: "values", value: "\(low) to \(high)")) }
    if let lengths, let low = lengths.min(), let high = lengths.max() { list.append((name: "steps", value: "\(low) to \(high)")) }
    if held == nil { list.append((name: "held", value: "nothing: each sample is read when it is needed")) }
    if let targets {
      list.append((name: "targets", value: targetText))
      let numbers = targets.scalars.filter { !$0.isNaN }
      if let low = numbers.min(), let high = numbers.max() { list.append((name: "their values", value: "\(low) to \(high)")) }
      if !source.isEmpty { list.append((name: "source", value: source)) }
      return list
    }
    let spread = sizes.min() == sizes.max() ? "\(sizes.max() ?? 0)" : "\(sizes.min() ?? 0) to \(sizes.max() ?? 0)"
    list.append((name: "classes", value: "\(classCount), with \(spread) \(sizes.max() == 1 ? "sample" : "samples") each"))
    let names = classNames.prefix(12).joined(separator: ", ") + (classCount > 12 ? ", …" : "")
    list.append((name: "labels", value: names))
    if !source.isEmpty { list.append((name: "source", value: source)) }
    return list
  }
}

extension Tensor {
  /// Some rows of the first axis, which all exist.
  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    let width = shape.dropFirst().reduce(1, *)
    return try Tensor(shape: [indices.count] + shape.dropFirst()) { (target) throws(Fault) in
      try withUnsafeBuffer { (source) throws(Fault) in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        try inParallel(indices.count, workPerItem: width / 4) { range in
          for row in range { (to + row * width).update(from: from + indices[row] * width, count: width) }
        }
      }
    }
  }
}
