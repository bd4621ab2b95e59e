// The module `data`: data sets made of others, and samples that stay in a file.

import Faults
import Formats
import Machine
import Spiking
import Tensors

private let datasetParameter = BuiltinParameter.required("dataset", .foreign("dataset"), "the samples")

/// folds, and data.take, data.shuffle, data.filter, data.map, data.window, data.zip, data.join, data.open, data.cache.
let dataFormBuiltins: [Builtin] = [
  Builtin(
    "folds", [datasetParameter, .optional("parts", .int, default: "5", "how many")], returns: "list of (dataset, dataset)", subject: "data",
    """
    Pairs of a training and a test part for cross-validation: each sample is in one test part, and all parts have the same \
    shares of each class. `seed` decides how samples are dealt out.
    """,
    example: """
      let all = folds(data.digits(), 5)
      print(len(all), [len(test) for (train, test) in all])   # expect: 5 [360, 360, 359, 359, 359]
      """
  ) { (call) throws(Fault) in
    let folds = try call.dataset(0).folds(try call.int(1, default: 5), stream: call.machine.nextStream("folds"))
    return .list(folds.map { .tuple([.dataset($0.train), .dataset($0.test)]) })
  },
  Builtin(
    "data.take", [datasetParameter, .required("count", .int, "how many, from the first on")], returns: "dataset", subject: "data",
    "The first samples of a data set, or all where it has fewer.", example: "print(len(data.digits() |> data.take(100)))   # expect: 100"
  ) { (call) throws(Fault) in
    let data = try call.dataset(0)
    return .dataset(try data.subset(Array(0..<min(data.count, try call.int(1, atLeast: 0)))))
  },
  Builtin(
    "data.shuffle", [datasetParameter], returns: "dataset", subject: "data", "The samples in another order, which `seed` decides.",
    example: """
      let digits = data.shuffle(data.digits())
      print(len(digits), digits.labels != data.digits().labels)   # expect: 1797 true
      """
  ) { (call) throws(Fault) in
    let data = try call.dataset(0)
    var stream = call.machine.nextStream("shuffle")
    return .dataset(try data.subset(try stream.permutation(data.count)))
  },
  Builtin(
    "data.filter",
    [datasetParameter, .required("f", .function, "a function of a sample's features (and its target) that gives a bool")],
    returns: "dataset", subject: "data", "The samples for which a function gives true.",
    example: """
      let even = data.digits() |> data.filter((x, label) => label % 2 == 0)
      print(len(even), unique(even.labels))   # expect: 891 [0, 2, 4, 6, 8]
      """
  ) { (call) throws(Fault) in
    let data = try call.dataset(0)
    var kept: [Int] = []
    try forEachSample(of: data, call) { (index, keeps) throws(Fault) in
      if try call.machine.isTrue(keeps) { kept.append(index) }
    }
    return .dataset(try data.subset(kept))
  },
  Builtin(
    "data.map",
    [
      datasetParameter,
      .required("f", .function, "a function of a sample's features (and its target) that gives new features, or the tuple (features, target)"),
    ],
    returns: "dataset", subject: "data",
    """
    A data set of what a function makes of each sample. It is called once for each, and what it gives is kept in memory: \
    all of one shape. Numbers as targets make a data set of numbers.
    """,
    example: """
      let halves = data.digits() |> data.map(x => x[..32])
      let totals = data.digits() |> data.take(3) |> data.map((x, label) => (x, sum(x)))
      print(halves.shape, totals.targets.shape)   # expect: [32] [3]
      """
  ) { (call) throws(Fault) in .dataset(try mapped(try call.dataset(0), call)) },
  Builtin(
    "data.window",
    [
      datasetParameter, .required("steps", .int, "steps of a window"),
      .optional("every", .int, default: "as many as a window has", "steps from the start of one window to that of the next"),
    ],
    returns: "dataset", subject: "data",
    """
    Windows of the time axis of samples `[time, ...features]`, each a sample with its sample's target; targets of steps are \
    cut like the samples.
    """,
    example: """
      let long = data.from(zeros([2, 100, 3]), [0, 1])
      print(long |> data.window(20, every=10))   # expect: dataset data: 18 samples of [20, 3], 2 classes
      """
  ) { (call) throws(Fault) in
    let steps = try call.int(1)
    return .dataset(try call.dataset(0).windows(steps, every: call.isGiven("every") ? try call.int(2) : max(1, steps)))
  },
  Builtin(
    "data.zip", [datasetParameter, .required("other", .foreign("dataset"), "as many samples")], returns: "dataset", subject: "data",
    "Samples with those of another data set beside them: features joined along the last axis. Targets are those of the first.",
    example: """
      let both = data.digits() |> data.zip(data.digits())
      print(both.shape)   # expect: [128]
      """
  ) { (call) throws(Fault) in .dataset(try call.dataset(0).beside(try call.dataset(1))) },
  Builtin(
    "data.join", [.rest("datasets", .foreign("dataset"), "two or more, with samples of one shape and the same classes")],
    returns: "dataset", subject: "data", "The samples of several data sets, one after the other.",
    example: """
      let (a, b) = split(data.digits(), 0.5)
      print(len(data.join(a, b)))   # expect: 1797
      """
  ) { (call) throws(Fault) in
    var parts: [Dataset] = []
    for element in call.rest {
      guard let part = element.asForeign(DatasetValue.self) else { throw call.mismatch(0, "a data set") }
      parts.append(part.dataset)
    }
    return .dataset(try Dataset.chained(parts))
  },
  Builtin(
    "data.open",
    [
      .required("path", .string, "a .npy file [samples, ...]"),
      .required("targets", .array | .tuple | .string, "as in `data.from`, or the .npy file that holds them"),
      .optional("names", .list | .nil, default: "nil", "a name for each class"),
      .optional("name", .string, default: "the file's name", "what the data set is called"),
      .optional("scale", .number, default: "1", "what each number is multiplied by, such as 1 / 255 for pixels"),
    ],
    returns: "dataset", subject: "data",
    """
    A data set whose samples stay in a file, which may be larger than memory: `fit`, `evaluate` and `batches` read each batch \
    when it is due, and the second core reads the next one meanwhile. Parts of it (`split`, `folds`, `data.take`, `data.window`) \
    stay in the file as well; `data.cache` reads it whole.
    """,
    example: """
      data.save_npy(data.digits().features, "/tmp/snn-pixels.npy")
      let digits = data.open("/tmp/snn-pixels.npy", data.digits().labels)
      print(digits, all(digits[5][0] == data.digits()[5][0]))   # expect: dataset snn-pixels.npy: 1797 samples of [64], 10 classes true
      remove_file("/tmp/snn-pixels.npy")
      """
  ) { (call) throws(Fault) in .dataset(try opened(call)) },
  Builtin(
    "data.cache", [datasetParameter], returns: "dataset", subject: "data", "The same data set with all samples in memory; one that is there already is unchanged.",
    example: "print(len(data.cache(data.digits())))   # expect: 1797"
  ) { (call) throws(Fault) in .dataset(try call.dataset(0).cached()) },
]

/// Calls the function of a call with the features and the target of each sample, or with the features where it names one
/// parameter, and a body with what it gives, borrowed.
private func forEachSample(
  of data: Dataset, _ call: Call, _ body: (Int, Value) throws(Fault) -> Void
) throws(Fault) {
  let size = 256
  let takesTarget = call[1].parameterNames?.count != 1
  for start in stride(from: 0, to: data.count, by: size) {
    let indices = Array(start..<min(data.count, start + size))
    let rows = try data.rows(indices)
    for (row, index) in indices.enumerated() {
      try Interrupt.check()
      let features = Machine.scalarOrTensor(try rows.indexed([.at(row)]))
      let target: Value = try data.targets.map { (targets) throws(Fault) in Machine.scalarOrTensor(try targets.indexed([.at(index)])) } ?? .int(data.labels[index])
      defer {
        features.release()
        target.release()
      }
      let made = try call.invoke(call[1], takesTarget ? [features, target] : [features])
      defer { made.release() }
      try body(index, made)
    }
  }
}

private func mapped(_ data: Dataset, _ call: Call) throws(Fault) -> Dataset {
  try data.checkOneLength(for: "data.map")
  var features: [Tensor] = []
  var targets: [Tensor] = []
  var labels: [Int] = []
  try forEachSample(of: data, call) { (index, made) throws(Fault) in
    if made.tag == .tuple, let parts = made.elements, parts.count == 2 {
      if let label = parts[1].asInt { labels.append(label) }
      guard let target = try parts[1].convertedToTensor() else { throw wrong(made, index, call) }
      targets.append(target.detached)
    }
    guard let sample = try (made.tag == .tuple ? made.elements?.first : made)?.convertedToTensor() else { throw wrong(made, index, call) }
    if let first = features.first, first.shape != sample.shape {
      throw call.wrong(1, "gives samples of several shapes: \(Shape.text(first.shape)) for the first, \(Shape.text(sample.shape)) for sample \(index)", kind: .shape)
    }
    features.append(sample.detached)
  }
  guard targets.isEmpty || targets.count == features.count else { throw call.wrong(1, "gives a target for some samples only", kind: .value) }
  let stacked = features.isEmpty ? try data.rows([]) : try Tensor.stack(features)
  if targets.isEmpty {
    if let own = data.targets {
      return try Dataset(name: data.name, features: stacked, targets: own, classNames: data.hasClasses ? data.classNames : nil, source: data.source)
    }
    return try Dataset(name: data.name, features: stacked, labels: data.labels, classNames: data.classNames, source: data.source)
  }
  if labels.count == targets.count {
    return try Dataset(name: data.name, features: stacked, labels: labels, source: data.source)
  }
  return try Dataset(name: data.name, features: stacked, targets: try Tensor.stack(targets), source: data.source)
}

private func wrong(_ made: Value, _ index: Int, _ call: Call) -> Fault {
  call.wrong(
    1, "gives \(made.description(of: .kind)) for sample \(index), which is no sample", kind: .type,
    help: "give features, numbers or a tensor, or the tuple (features, target)")
}

/// Samples in a file of NumPy's.
private struct FileSamples: SampleSource {
  let file: NPYRows
  let scale: Float

  var count: Int { file.shape[0] }
  var sampleShape: [Int] { Array(file.shape.dropFirst()) }
  var identity: String { "\(file.identity), times \(scale)" }
  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    let rows = try Tensor(try file.floats(indices), shape: [indices.count] + sampleShape)
    return scale == 1 ? rows : try rows * scale
  }
}

private func opened(_ call: Call) throws(Fault) -> Dataset {
  let path = try call.string(0)
  let samples = FileSamples(file: try NPYRows(path), scale: try call.single(4, default: 1))
  let name = call.isGiven("name") ? try call.string(3) : splitPath(path).name
  let names = call.isGiven("names") ? try call.strings(2) : []
  let (labels, targets) = try openedTargets(call, 1)
  if let labels {
    return try Dataset(name: name, samples: samples, labels: labels, classNames: names, source: path)
  }
  return try Dataset(name: name, samples: samples, targets: targets, classNames: names.isEmpty ? nil : names, source: path)
}

/// The targets of samples that stay in a file: classes of samples where they are whole numbers, one for each; otherwise the tensor.
func openedTargets(_ call: Call, _ index: Int) throws(Fault) -> (labels: [Int]?, targets: Tensor) {
  if let file = call[index].asString {
    let array = try readNPY(file)
    return (array.shape.count == 1 ? array.values.integers : nil, try Tensor(array.values.floats, shape: array.shape))
  }
  try call.checkPlain(index)
  if call[index].elements.map({ $0.allSatisfy { $0.asInt != nil } }) ?? (call[index].asRange != nil) {
    return (try call.ints(index), try Tensor.zeros([0]))
  }
  let targets = try call.tensor(index)
  return (targets.rank == 1 ? targets.wholeNumbers : nil, targets)
}
