// Spikes times weights: by events while spikes are rare, by a dense product when they aren't.

import Faults
import Kernels

extension Spikes {
  /// The share of spikes from which a dense product is faster, forward and for the gradient.
  static let denseForward = 0.5
  static let denseGradient = 0.35

  /// Spikes [time, batch, …features] times weights [features, n], as a tensor [time, batch, n]. Untracked.
  ///
  /// Both ways add the weights of a sum in order of the features, so the bits of a row depend on its own spikes alone:
  /// not on how dense the others are, nor on how many rows there are.
  public func product(with weights: Tensor) throws(Fault) -> Tensor {
    guard weights.rank == 2, weights.shape[0] == features else {
      throw Fault(
        .shape, "shapes do not fit in `@`",
        label: "the spikes are \(Shape.text(shape)), the weights are \(Shape.text(weights.shape))",
        help: "weights have a row for each of the \(features) features")
    }
    let columns = weights.shape[1]
    if density > Spikes.denseForward {
      return try denseProduct(with: weights, columns: columns)
    }
    let result = try Tensor(uninitialized: [steps, batch, columns])
    try withWords { (words) throws(Fault) in
      try Spikes.multiply(
        rows: rows, features: features, columns: columns, words: words, wordsPerRow: wordsPerRow,
        weights: UnsafePointer(weights.base), out: result.base)
    }
    return result
  }

  private func denseProduct(with weights: Tensor, columns: Int) throws(Fault) -> Tensor {
    let values = try tensor()
    let result = try Tensor(uninitialized: [steps, batch, columns])
    let scratch = try TensorStorage(
      count: GemmPlan(m: rows, n: columns, k: features).workspaceCount, shape: [rows, columns])
    gemm(
      m: rows, n: columns, k: features, a: MatrixView(values.base, stride: features, transposed: false),
      b: MatrixView(weights.base, stride: columns, transposed: false), c: result.base, cStride: columns,
      workspace: scratch.base, shouldStop: { Interrupt.isRequested })
    withExtendedLifetime((values, scratch, weights)) {}
    try Interrupt.check()
    return result
  }

  /// The gradient of `product` with respect to the weights: the spikes, transposed, times the gradient [time, batch, n]
  /// of its result; [features, n].
  public func weightGradient(of gradient: Tensor) throws(Fault) -> Tensor {
    guard let columns = gradient.shape.last, gradient.shape == [steps, batch, columns] else {
      throw Fault(
        .shape, "the gradient does not fit the spikes",
        label: "the spikes are \(Shape.text(shape)), the gradient is \(Shape.text(gradient.shape))")
    }
    if density > Spikes.denseGradient {
      let flat = try tensor().reshaped([rows, features]).transposed()
      return try Tensor.matmul(flat, gradient.detached.reshaped([rows, columns]))
    }
    let words = (rows + 63) / 64
    let result = try Tensor(uninitialized: [features, columns])
    let turned = try TensorStorage(count: 2 * max(words * features, 1), shape: [features, rows])
    let room = UnsafeMutableRawPointer(turned.base).bindMemory(to: UInt64.self, capacity: max(words * features, 1))
    try withWords { (source) throws(Fault) in
      transposeSpikes(source, rows: rows, wordsPerRow: wordsPerRow, features: features, out: room)
      try Spikes.multiply(
        rows: features, features: rows, columns: columns, words: room, wordsPerRow: words,
        weights: UnsafePointer(gradient.base), out: result.base)
    }
    withExtendedLifetime(turned) {}
    return result
  }

  /// The event-driven product in stretches of rows short enough that Ctrl-C is felt.
  private static func multiply(
    rows: Int, features: Int, columns: Int, words: UnsafePointer<UInt64>, wordsPerRow: Int,
    weights: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) throws(Fault) {
    let room = spikeGemmWorkspace(rows: rows, features: features, columns: columns)
    let scratch = try TensorStorage(count: room, shape: [features, columns])
    let stretch = max(256, (1 << 28) / max(features * columns, 1) * 16)
    var row = 0
    while row < rows {
      try Interrupt.check()
      let number = min(stretch, rows - row)
      spikeGemm(
        rows: number, features: features, columns: columns, spikes: words + row * wordsPerRow,
        wordsPerRow: wordsPerRow, weights: weights, weightStride: columns, out: out + row * columns,
        outStride: columns, workspace: scratch.base)
      row += number
    }
    withExtendedLifetime(scratch) {}
  }
}
