// Data sets as values of the language: they show what they hold, and give their samples one by one.

import Faults
import Formats
import Kernels
import Language
import Machine
import Spiking
import Tensors
import Texts

/// A data set that a program holds.
public struct DatasetValue: ForeignValue {
  public static let typeName = "dataset"
  public let dataset: Dataset

  public init(_ dataset: Dataset) { self.dataset = dataset }

  public var summary: String {
    let shape = Shape.text(dataset.sampleShape)
    let targets = dataset.targets == nil ? counted(dataset.classCount, "class", "classes") : dataset.targetText
    return "dataset \(dataset.name): \(counted(dataset.count, "sample")) of \(shape), \(targets)"
  }

  /// What `describe` and the prompt show: one fact a line.
  public func display(_ style: DisplayStyle) -> String {
    let facts = dataset.facts
    let width = facts.map { $0.name.displayWidth }.max() ?? 0
    let lines = facts.map { fact in
      "  " + fact.name + String(repeating: " ", count: width - fact.name.displayWidth) + "  " + fact.value
    }
    return (["dataset"] + lines).joined(separator: "\n")
  }

  public var memberNames: [String] { ["features", "labels", "targets", "class_names", "classes", "shape", "lengths", "name", "source"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "features": .tensor(try dataset.features)
    case "labels": .list(dataset.labels.map { .int($0) })
    case "targets": try targets()
    case "class_names": .list(dataset.classNames.map { .string($0) })
    case "classes": .int(dataset.classCount)
    case "shape": .list(dataset.sampleShape.map { .int($0) })
    case "lengths": dataset.lengths.map { .list($0.map { .int($0) }) } ?? .nil
    case "name": .string(dataset.name)
    case "source": .string(dataset.source)
    default: nil
    }
  }

  public var count: Int? { dataset.count }

  /// Numbers or the classes of steps as a tensor, `[samples, ...]`; the classes of samples as a list.
  private func targets() throws(Fault) -> Value {
    dataset.targets.map { .tensor($0) } ?? .list(dataset.labels.map { .int($0) })
  }

  /// The tuple `(features, label)` of a sample, or `(features, target)`.
  public func element(at index: Int) throws(Fault) -> Value {
    let features = try dataset.rows([index]).reshaped(dataset.sampleShape)
    if let targets = dataset.targets {
      return .tuple([.tensor(features), Machine.scalarOrTensor(try targets.indexed([.at(index)]))])
    }
    return .tuple([.tensor(features), .int(dataset.labels[index])])
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? DatasetValue)?.dataset else { return false }
    return dataset.labels == other.labels && dataset.classNames == other.classNames
      && sameSamples(other) && sameTargets(other)
  }
}

extension DatasetValue {
  /// The same numbers, or the same files.
  private func sameSamples(_ other: Dataset) -> Bool {
    if let own = dataset.held, let others = other.held { return Tensor.identical(own, others) }
    return dataset.held == nil && other.held == nil && dataset.samples.identity == other.samples.identity
      && dataset.sampleShape == other.sampleShape
  }

  private func sameTargets(_ other: Dataset) -> Bool {
    switch (dataset.targets, other.targets) {
    case (nil, nil): true
    case (let own?, let others?): Tensor.identical(own, others)
    default: false
    }
  }
}

extension Value {
  /// A data set as a value.
  static func dataset(_ dataset: Dataset) -> Value { .foreign(DatasetValue(dataset)) }
}

extension Call {
  /// The data set of an argument.
  func dataset(_ index: Int) throws(Fault) -> Dataset { try foreign(index, as: DatasetValue.self).dataset }

  /// The data set of an argument, for a run: where no code looks at its values, they are activity over time themselves, and
  /// must be finite, because a potential that is nan would be taken for silence.
  func samples(_ index: Int, by encoder: (any Encoder)?) throws(Fault) -> Dataset {
    let data = try dataset(index)
    if encoder == nil, let held = data.held { try held.checkFinite("the samples of `\(data.name)`") }
    return data
  }
}

extension Dataset {
  /// Images with pixels between 0 and 1, each of the given shape (the images' own where none is given).
  init(_ images: ImageSet, sampleShape: [Int]? = nil, source: String) throws(Fault) {
    let white = Float(max(images.white, 1))
    let features = try Tensor(shape: [images.count] + (sampleShape ?? images.sampleShape)) { (target) throws(Fault) in
      guard target.count == images.pixels.count else {
        throw Fault(
          .shape, "\(images.name) does not fit", label: "\(images.pixels.count) pixels, room for \(target.count)")
      }
      guard let out = target.baseAddress else { return }
      // Most of the time goes to the memory's first use, which threads share well.
      let levels = (0...255).map { Float($0) / white }
      images.pixels.withUnsafeBufferPointer { pixels in
        let block = 1 << 20
        ThreadPool.shared.run(tasks: (pixels.count + block - 1) / block) { task in
          for index in task * block..<min(pixels.count, (task + 1) * block) { out[index] = levels[Int(pixels[index])] }
        }
      }
    }
    try self.init(
      name: images.name, features: features, labels: images.labels, classNames: images.classNames, source: source)
  }
}
