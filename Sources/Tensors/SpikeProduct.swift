// Spikes times weights: by events while spikes are rare, by a dense product when they aren't.

import Faults
import Kernels

extension Spikes {
  /// Spikes [time, batch, …features] times weights [features, n], plus a bias [n], as a tensor [time, batch, n].
  /// Untracked.
  ///
  /// Both ways add the weights of a sum in order of the features, so the bits of a row depend on its own spikes alone:
  /// not on how dense the others are, nor on how many rows there are.
  public func product(with weights: Tensor, bias: Tensor? = nil) throws(Fault) -> Tensor {
    guard weights.rank == 2, weights.shape[0] == features else {
      throw Fault(
        .shape, "shapes do not fit in `@`",
        label: "the spikes are \(Shape.text(shape)), the weights are \(Shape.text(weights.shape))",
        help: "weights have a row for each of the \(features) features")
    }
    let columns = weights.shape[1]
    if let bias, bias.shape != [columns] {
      throw Fault(
        .shape, "the bias does not fit the weights",
        label: "the weights are \(Shape.text(weights.shape)), the bias is \(Shape.text(bias.shape))")
    }
    let total = total
    if isDense(total, columns: columns) {
      let result = try dense(isTurned: false, times: weights, columns: columns).reshaped([steps, batch, columns])
      return try bias.map { (bias) throws(Fault) in try result + bias.detached } ?? result
    }
    let result = try Tensor(uninitialized: [steps, batch, columns])
    try withWords { (words) throws(Fault) in
      try Spikes.multiply(
        rows: rows, features: features, columns: columns, words: words, wordsPerRow: wordsPerRow, total: total,
        weights: UnsafePointer(weights.base), bias: bias.map { UnsafePointer($0.base) }, out: result.base)
    }
    return result
  }

  /// Whether so many spikes are multiplied by a dense product: where that is faster, and adds in order of the features.
  public func isDense(_ total: Int, columns: Int) -> Bool {
    columns >= kernels.fewestOrderedColumns
      && Double(total) > kernels.denseShares.forward * Double(rows) * Double(features)
  }

  /// The spikes as numbers, `[rows, features]` or turned around, times a matrix.
  private func dense(isTurned: Bool, times matrix: Tensor, columns: Int) throws(Fault) -> Tensor {
    let values = try tensor()
    let (m, k) = isTurned ? (features, rows) : (rows, features)
    let result = try Tensor(uninitialized: [m, columns])
    let scratch = try TensorStorage(count: kernels.gemmWorkspace(m: m, n: columns, k: k), shape: [m, columns])
    kernels.gemm(
      m: m, n: columns, k: k, a: MatrixView(values.base, stride: features, transposed: isTurned),
      b: MatrixView(matrix.base, stride: columns, transposed: false), c: result.base, cStride: columns,
      workspace: scratch.base, shouldStop: { Interrupt.isRequested })
    withExtendedLifetime((values, scratch, matrix)) {}
    try Interrupt.check()
    return result
  }

  /// The gradients of `product` with respect to the weights, [features, n], and the bias, [n]: the spikes, transposed,
  /// times the gradient [time, batch, n] of its result, and that gradient's sum.
  public func weightGradient(of gradient: Tensor) throws(Fault) -> (weight: Tensor, bias: Tensor) {
    guard let columns = gradient.shape.last, gradient.shape == [steps, batch, columns] else {
      throw Fault(
        .shape, "the gradient does not fit the spikes",
        label: "the spikes are \(Shape.text(shape)), the gradient is \(Shape.text(gradient.shape))")
    }
    if isDenseGradient {
      let slopes = try gradient.detached.reshaped([rows, columns])
      return (try dense(isTurned: true, times: slopes, columns: columns), try slopes.sum(over: [0]))
    }
    return try weightGradient(columns: columns) { (turned, result) throws(Fault) in
      try Spikes.multiply(
        rows: features + 1, features: rows, columns: columns, words: turned.words, wordsPerRow: turned.wordsPerRow,
        total: turned.total, weights: UnsafePointer(gradient.base), bias: nil, out: result)
    }
  }

  /// Whether so many spikes are multiplied with a gradient faster by a dense product.
  public var isDenseGradient: Bool {
    Double(total) > kernels.denseShares.gradient * Double(rows) * Double(features)
  }

  /// Spikes turned around: a row of bits for each feature, and one that is full.
  public struct Turned {
    public let words: UnsafePointer<UInt64>
    public let wordsPerRow, total: Int
  }

  /// `weightGradient(of:)` with a product of the caller's own.
  ///
  /// - Parameter multiply: writes the products of the rows that it gets, `features + 1` rows of `columns` floats: the
  ///   bias is the weight of one more feature, which fires in every row.
  public func weightGradient(
    columns: Int, multiply: (Turned, UnsafeMutablePointer<Float>) throws(Fault) -> Void
  ) throws(Fault) -> (weight: Tensor, bias: Tensor) {
    let words = (rows + 63) / 64
    let result = try Tensor(uninitialized: [features + 1, columns])
    let turned = try TensorStorage(count: 2 * max(words * (features + 1), 1), shape: [features, rows])
    let room = UnsafeMutableRawPointer(turned.base).bindMemory(to: UInt64.self, capacity: max(words * (features + 1), 1))
    for word in 0..<words {
      room[features * words + word] = rows - word * 64 >= 64 ? .max : (1 << UInt64(rows - word * 64)) - 1
    }
    try withWords { (source) throws(Fault) in
      kernels.transposeSpikes(source, rows: rows, wordsPerRow: wordsPerRow, features: features, out: room)
      try multiply(Turned(words: room, wordsPerRow: words, total: total + rows), result.base)
    }
    withExtendedLifetime(turned) {}
    return (
      Tensor(sharing: result, shape: [features, columns], count: features * columns),
      Tensor(sharing: result, shape: [columns], count: columns, offset: features * columns)
    )
  }

  /// The event-driven product in stretches of rows short enough that Ctrl-C is felt.
  private static func multiply(
    rows: Int, features: Int, columns: Int, words: UnsafePointer<UInt64>, wordsPerRow: Int, total: Int,
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>
  ) throws(Fault) {
    let stretch = min(max(rows, 1), max(256, (1 << 32) / max(features * columns, 1)))
    let room = kernels.spikeGemmWorkspace(rows: stretch, features: features, total: total)
    let scratch = try TensorStorage(count: room, shape: [features, columns])
    let workspace = UnsafeMutableRawPointer(scratch.base).bindMemory(to: Int32.self, capacity: room)
    var row = 0
    while row < rows {
      try Interrupt.check()
      let number = min(stretch, rows - row)
      let start = words + row * wordsPerRow
      let spikes = number == rows ? total : kernels.countSpikes(start, count: number * wordsPerRow)
      kernels.spikeGemm(
        rows: number, features: features, columns: columns, spikes: start, wordsPerRow: wordsPerRow, total: spikes,
        weights: weights, weightStride: columns, bias: bias, out: out + row * columns, outStride: columns,
        workspace: workspace)
      row += number
    }
    withExtendedLifetime(scratch) {}
  }
}
