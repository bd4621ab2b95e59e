// The module `data`: data sets of images. Tables and arrays in files are in DataFiles.swift.

import Faults
import Formats
import Machine
import Spiking
import Tensors

/// All builtins of the module `data`.
let dataBuiltins: [Builtin] = [
  dataDigits, dataFashionMNIST, dataMNIST, dataIDX, dataFrom, dataSubset, dataCSV, dataSaveCSV, dataNPY, dataSaveNPY,
  dataSyntheticEvents,
]

private let flatParameter = BuiltinParameter.optional(
  "flat", .bool, default: "true", "whether a sample is one row of pixels; otherwise [1, height, width]")

private let dataDigits = Builtin(
  "data.digits", [flatParameter], returns: "dataset", subject: "data",
  """
  1,797 handwritten digits of 8x8 pixels between 0 and 1, which are part of the program.

  "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY \
  4.0, in scikit-learn's order.
  """,
  example: """
    let digits = data.digits()
    print(len(digits), digits.shape, digits.classes)   # expect: 1797 [64] 10
    """
) { (call) throws(Fault) in
  let shape = try call.bool(0, default: true) ? [64] : [1, 8, 8]
  return .dataset(
    try Dataset(
      embeddedDigits(), sampleShape: shape,
      source: "Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI (CC BY 4.0)"))
}

private let dataFashionMNIST = Builtin(
  "data.fashion_mnist",
  [
    .optional("path", .string, default: "\"\(fashionMNISTFolder)\"", "the folder with the four files"), flatParameter,
  ],
  returns: "(dataset, dataset)", subject: "data",
  """
  Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28x28 pixels between 0 and 1, ten classes.

  By H. Xiao, K. Rasul and R. Vollgraf (2017), MIT licence. On Debian and Ubuntu, `apt install dataset-fashion-mnist` \
  puts the files where they are looked for.
  """,
  example: """
    let pair = try { data.fashion_mnist() } catch e { e.help }
    """
) { (call) throws(Fault) in
  let split = try readFashionMNIST(folder: try call.string(0, default: fashionMNISTFolder))
  let source = "Xiao, Rasul & Vollgraf, Fashion-MNIST (MIT)"
  return try pair(split, flat: try call.bool(1, default: true), source: source)
}

private let dataMNIST = Builtin(
  "data.mnist", [.required("path", .string, "a folder with the four files of MNIST, plain or gzipped"), flatParameter],
  returns: "(dataset, dataset)", subject: "data",
  """
  A training and a test part from a folder with MNIST's file names: MNIST itself, or any set published in its form \
  (KMNIST, QMNIST and others).
  """,
  example: """
    let pair = try { data.mnist("no/such/folder") } catch e { e.message }
    print(pair)   # expect: cannot find MNIST: there is no folder `no/such/folder`
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  let help = "give the folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the two t10k files"
  return try pair(
    try readMNISTFolder(path, name: "MNIST", help: help), flat: try call.bool(1, default: true), source: path)
}

private func pair(_ split: ImageSplit, flat: Bool, source: String) throws(Fault) -> Value {
  func part(_ images: ImageSet) throws(Fault) -> Value {
    .dataset(try Dataset(images, sampleShape: flat ? [images.sampleSize] : [1] + images.sampleShape, source: source))
  }
  return .tuple([try part(split.train), try part(split.test)])
}

private let dataIDX = Builtin(
  "data.idx",
  [
    .required("images", .string, "an IDX file, plain or gzipped: images, or any array"),
    .optional("labels", .string, default: "nil", "the IDX file with the labels of the images"),
    .optional("names", .list, default: "nil", "a name for each class"),
    .optional("flat", .bool, default: "true", "whether a sample is one row of pixels"),
  ],
  returns: "dataset", subject: "data",
  """
  Images and labels in the IDX format of MNIST, as a data set with pixels between 0 and 1.

  Without `labels`, the array of a single file as a tensor, its numbers as they are; numbers that no 32-bit float holds \
  come as lists.
  """,
  example: """
    let read = (images, labels) => data.idx(images, labels)
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  guard call.has(1), !call[1].isNil else {
    return try arrayValue(try readIDX(path), rounded: false, path)
  }
  let names = call.has(2) && !call[2].isNil ? try call.strings(2) : []
  let images = try readIDXImages(images: path, labels: try call.string(1), classNames: names)
  let isFlat = try call.bool(3, default: true)
  return .dataset(
    try Dataset(images, sampleShape: isFlat ? [images.sampleSize] : images.sampleShape, source: path))
}

private let dataFrom = Builtin(
  "data.from",
  [
    .required("features", .array | .tuple, "a tensor `[samples, ...]`, or a list of samples"),
    .required(
      "targets", .array | .tuple,
      "the class of each sample, counted from 0; or what the output should be: numbers [samples, ...], or [samples, time, ...]"),
    .optional("names", .list | .nil, default: "nil", "a name for each class"),
    .optional("name", .string, default: "\"data\"", "what the data set is called"),
    .optional(
      "kind", .string, default: "\"classes\" for whole numbers, one a sample",
      "what the targets are: \"classes\" of samples or, [samples, time], of their steps (-1 for none), or \"numbers\" (nan for none)"),
    .optional("lengths", .array | .nil, default: "as long as they are", "the steps that each sample lasts, where samples are padded to one length"),
  ],
  returns: "dataset", subject: "data",
  """
  A data set from samples and targets of your own. Whole numbers from 0 on, one for each sample, are classes; all else are
  numbers to come to: values, vectors, masks, or with a time axis one target for each step.

  Samples `[time, ...features]` of different durations are given as a list of tensors, which are padded to the longest, or
  padded with `lengths`. Padding never counts: not to the loss, readings, rates, spikes a sample, or the statistics of
  `batch_norm` (`dataset.lengths` has the durations).
  """,
  example: """
    let xor = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], names=["same", "different"])
    print(len(xor), xor.shape)   # expect: 4 [2]
    let sine = data.from(linspace(0, 1, 50) |> reshape([50, 1]), sin(linspace(0, 6, 50)), name="sine")
    print(sine)   # expect: dataset sine: 50 samples of [1], numbers
    """
) { (call) throws(Fault) in
  try call.checkPlain(0)
  try call.checkPlain(1)
  let names = call.isGiven("names") ? try call.strings(call.place("names")) : []
  let name = try call.string(call.place("name"), default: "data")
  let padded = try paddedSamples(call)
  let features: Tensor
  if let padded { features = padded.features } else { features = try call.tensor(0) }
  let lengths = call.isGiven("lengths") ? try call.ints(call.place("lengths")) : padded?.lengths
  func lasting(_ data: Dataset) throws(Fault) -> Value {
    guard let lengths else { return .dataset(data) }
    return .dataset(try data.lasting(lengths))
  }
  let kind = call.isGiven("kind") ? try call.string(call.place("kind")) : nil
  // Labels of any size are told of as labels, which a tensor would round.
  if kind == nil, call[1].elements.map({ $0.allSatisfy { $0.asInt != nil } }) ?? (call[1].asRange != nil) {
    return try lasting(try Dataset(name: name, features: features, labels: try call.ints(1), classNames: names))
  }
  let targets = try call.tensor(1)
  let isClasses: Bool
  switch kind {
  case "classes": isClasses = true
  case "numbers": isClasses = false
  case let other?: throw call.wrong(call.place("kind"), "must be \"classes\" or \"numbers\", found \"\(other)\"")
  case nil: isClasses = !names.isEmpty || targets.rank == 1 && targets.scalars.allSatisfy { Int(exactly: $0) != nil }
  }
  if isClasses, targets.rank == 1 {
    return try lasting(try Dataset(name: name, features: features, labels: try call.ints(1), classNames: names))
  }
  return try lasting(
    try Dataset(name: name, features: features, targets: targets, classNames: isClasses ? names : nil))
}

/// A list of samples of different durations, padded to the longest; nil for anything else.
private func paddedSamples(_ call: Call) throws(Fault) -> (features: Tensor, lengths: [Int])? {
  guard let elements = call[0].elements, elements.count > 1 else { return nil }
  var samples: [Tensor] = []
  for element in elements {
    if let spikes = element.asSpikes { samples.append(try spikes.tensor()) } else if let tensor = element.asTensor { samples.append(tensor.detached) } else { return nil }
  }
  let lengths = samples.map { $0.shape.first ?? 0 }
  let sizes = Set(samples.map { Array($0.shape.dropFirst()) })
  guard Set(lengths).count > 1, sizes.count == 1, let size = sizes.first, !size.isEmpty, let longest = lengths.max() else { return nil }
  let width = size.reduce(1, *)
  let shape = [samples.count, longest] + size
  _ = try Shape.count(shape)
  let features = try Tensor(shape: shape) { target in
    for place in target.indices { target[place] = 0 }
    for (number, sample) in samples.enumerated() {
      sample.withUnsafeBuffer { source in
        for place in source.indices { target[number * longest * width + place] = source[place] }
      }
    }
  }
  return (features, lengths)
}

private let dataSubset = Builtin(
  "data.subset",
  [
    .required("dataset", .foreign("dataset"), "where to take samples from"),
    .required("indices", .array, "which samples: a range or a list"),
  ],
  returns: "dataset", subject: "data", "The data set of some of the samples, in the given order.",
  example: """
    print(len(data.subset(data.digits(), 0..100)))   # expect: 100
    """
) { (call) throws(Fault) in
  .dataset(try call.dataset(0).subset(try call.ints(1)))
}
