// What flows from one layer to the next: spikes, or numbers through time, or numbers that stay the same.

import Faults
import Glibc
import Tensors

/// Activity over time, `[time, batch, ...features]`: binary spikes (bit-packed) or a tensor of currents or potentials.
public enum Signal: Sendable {
  case tensor(Tensor)
  case spikes(Spikes)
  /// Numbers that are the same at each of some steps, `[1, batch, ...features]`: what lies between them and the first
  /// neurons is worked out once a sample.
  case steady(Tensor, steps: Int)

  /// `[time, batch, ...features]`.
  public var shape: [Int] {
    switch self {
    case .tensor(let tensor): tensor.shape
    case .spikes(let spikes): spikes.shape
    case .steady(let values, let steps): [steps] + values.shape.dropFirst()
    }
  }

  /// The number of time steps.
  public var steps: Int { shape.first ?? 0 }

  /// The number of samples that run side by side.
  public var batch: Int { shape.dropFirst().first ?? 0 }

  /// The shape of one sample at one step.
  public var featureShape: [Int] { Array(shape.dropFirst(2)) }

  /// The number of features of one sample at one step.
  public var features: Int { featureShape.reduce(1, *) }

  /// The same as 32-bit numbers; spikes become 0 and 1.
  public func tensor() throws(Fault) -> Tensor {
    switch self {
    case .tensor(let tensor): tensor
    case .spikes(let spikes): try spikes.tensor()
    case .steady(let values, let steps): try values.broadcast(to: [steps] + values.shape.dropFirst())
    }
  }

  /// The same with numbers for each step, where it is steady.
  func unrolled() throws(Fault) -> Signal {
    if case .steady = self { .tensor(try tensor()) } else { self }
  }

  /// The same as steady numbers, where it is a tensor whose steps have the same bits. To look costs about as much as to
  /// read it once, and less where the steps differ.
  func folded() throws(Fault) -> Signal {
    guard case .tensor(let values) = self, steps > 1 else { return self }
    let size = values.count / steps
    let isSteady = values.withUnsafeBuffer { buffer in
      guard let first = buffer.baseAddress, size > 0 else { return false }
      return (1..<steps).allSatisfy { memcmp(first, first + $0 * size, size * MemoryLayout<Float>.stride) == 0 }
    }
    return isSteady ? .steady(try values.step(0), steps: steps) : self
  }

  /// The spikes, or nil when this is a tensor.
  public var spikes: Spikes? {
    if case .spikes(let spikes) = self { spikes } else { nil }
  }

  /// The same values with the features arranged otherwise.
  ///
  /// - Throws: `.shape` when the new shape holds another number of features.
  public func reshaped(features shape: [Int]) throws(Fault) -> Signal {
    if shape == featureShape { return self }
    let whole = [steps, batch] + shape
    guard shape.reduce(1, *) == features else {
      throw Fault(
        .shape, "the features do not fit the new shape",
        label: "\(Shape.text(featureShape)) cannot become \(Shape.text(shape))")
    }
    switch self {
    case .tensor(let tensor): return .tensor(try tensor.reshaped(whole))
    case .steady(let values, let steps): return .steady(try values.reshaped([1, batch] + shape), steps: steps)
    case .spikes(let spikes):
      var arranged = try Spikes(shape: whole)
      arranged.words = spikes.words
      return .spikes(arranged)
    }
  }
}
