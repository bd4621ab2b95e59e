// The batches of a data set, one after the other, for training in a loop of one's own.

import Faults
import Tensors

/// A data set cut into batches; each is made when it is asked for.
public struct Batches: Sendable {
  public let data: Dataset
  /// Samples in each batch but the last.
  public let size: Int
  public let encoder: (any Encoder)?
  private let order: [Int]
  private let seed: UInt64

  /// - Parameters:
  ///   - encoder: the code of the samples; nil for samples that have a time axis.
  ///   - shuffles: whether the samples come in another order.
  ///   - seed: names the draws of the order and of random codes.
  /// - Throws: `.value` for an empty data set, a size below 1, or samples that the code cannot take.
  public init(_ data: Dataset, size: Int, encoder: (any Encoder)?, shuffles: Bool, seed: UInt64) throws(Fault) {
    guard data.count > 0 else { throw Fault(.value, "the data set is empty", label: "\(data.name) has no samples") }
    guard size >= 1 else { throw Fault(.value, "a batch needs at least one sample", label: "the size is \(size)") }
    if let encoder {
      try encoder.check()
      _ = try encoder.codedShape(for: data.sampleShape)
      if let held = data.held { try encoder.checkValues(held, of: "the samples of \(data.name)") }
    } else if data.sampleShape.count < 2 {
      throw Fault(
        .value, "these samples need an encoder",
        label: "a sample of \(data.name) is \(Shape.text(data.sampleShape)), without a time axis",
        help: "name one: encode=rate(steps=20)")
    }
    self.data = data
    self.size = min(size, data.count)
    self.encoder = encoder
    self.seed = seed
    var draws = RandomStream(seed: seed, purpose: "batches")
    order = shuffles ? try draws.permutation(data.count) : Array(0..<data.count)
  }

  public var count: Int { (data.count - 1) / size + 1 }

  /// The activity `[time, batch, ...features]` of a batch and its targets: classes `[batch]` or `[time, batch]`, numbers
  /// `[batch, ...]`, or `[time, batch, ...]` where samples have a target of their own for each step.
  public func batch(_ index: Int) throws(Fault) -> (input: Signal, target: Tensor) {
    guard index >= 0, index < count else { throw Fault(.value, "no batch \(index)", label: "there are \(count)") }
    let indices = Array(order[index * size..<min(order.count, (index + 1) * size)])
    let input = try data.signal(
      indices, encoder: encoder, stream: RandomStream(seed: seed, purpose: "encode", index: UInt64(index))).unrolled()
    guard let targets = data.targets else {
      return (input, try Tensor(indices.map { Float(data.labels[$0]) }, shape: [indices.count]))
    }
    let rows = try targets.rows(indices)
    let isSequence = data.hasClasses || rows.rank > 2 && rows.shape[1] == input.steps
    return (input, isSequence ? try rows.transposed([1, 0] + (2..<rows.rank)) : rows)
  }
}
