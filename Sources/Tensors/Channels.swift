// Loops over a tensor whose middle axis is channels, `[rows, channels, positions]`: sums and affine maps for each channel.
// Sums are cut by sizes alone and added in a fixed order, in double precision, so that threads never change a bit.

import Faults

/// A tensor of any shape seen as `[rows, channels, positions]`.
public struct Channels: Sendable {
  public let rows: Int
  public let channels: Int
  public let positions: Int

  /// - Parameters:
  ///   - shape: of the tensor.
  ///   - axis: of the channels; what is before it are rows, what is behind it positions.
  public init(_ shape: [Int], axis: Int) {
    rows = shape[..<axis].reduce(1, *)
    channels = shape[axis]
    positions = shape[(axis + 1)...].reduce(1, *)
  }

  /// The numbers of a channel.
  public var count: Int { rows * positions }

  /// Rows that one piece of the work has.
  private var grain: Int { max(1, (1 << 15) / max(1, channels * positions)) }

  /// For each channel the sum of the distances from `center` and of their products: `sum (x - c)` and
  /// `sum (x - c) (y - d)`, where y is x itself or another tensor of the same shape, with `d` its own centre.
  ///
  /// - Throws: `.interrupt`.
  public func sums(
    _ x: Tensor, center: [Float], with other: (tensor: Tensor, center: [Float])? = nil
  ) throws(Fault) -> (sum: [Double], products: [Double]) {
    let pieces = rows == 0 ? 0 : (rows - 1) / grain + 1
    var partial = [Float](repeating: 0, count: pieces * channels * 2)
    try partial.withUnsafeMutableBufferPointer { (sums) throws(Fault) in
      guard let sums = sums.baseAddress else { return }
      try x.withUnsafeBuffer { (xs) throws(Fault) in
        try (other?.tensor ?? x).withUnsafeBuffer { (ys) throws(Fault) in
          guard let xs = xs.baseAddress, let ys = ys.baseAddress else { return }
          try Parallel.ranges(pieces, grain: 1) { range in
            for piece in range {
              let some = piece * grain..<min(rows, (piece + 1) * grain)
              add(xs, ys, some, center, other?.center ?? center, sums + piece * channels * 2, sums + (piece * 2 + 1) * channels)
            }
          }
        }
      }
    }
    var (sum, products) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    for piece in 0..<pieces {
      for channel in 0..<channels {
        sum[channel] += Double(partial[piece * channels * 2 + channel])
        products[channel] += Double(partial[(piece * 2 + 1) * channels + channel])
      }
    }
    return (sum, products)
  }

  private func add(
    _ xs: UnsafePointer<Float>, _ ys: UnsafePointer<Float>, _ rows: Range<Int>, _ center: [Float], _ other: [Float],
    _ sum: UnsafeMutablePointer<Float>, _ products: UnsafeMutablePointer<Float>
  ) {
    center.withUnsafeBufferPointer { center in
      other.withUnsafeBufferPointer { other in
        for row in rows {
          let (x, y) = (xs + row * channels * positions, ys + row * channels * positions)
          if positions == 1 {
            for channel in 0..<channels {
              let distance = x[channel] - center[channel]
              sum[channel] += distance
              products[channel] += distance * (y[channel] - other[channel])
            }
            continue
          }
          for channel in 0..<channels {
            let (from, beside) = (x + channel * positions, y + channel * positions)
            let (c, d) = (SIMD16(repeating: center[channel]), SIMD16(repeating: other[channel]))
            var (sums, squares) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
            var place = 0
            while place + 16 <= positions {
              let distance = UnsafeRawPointer(from + place).loadUnaligned(as: SIMD16<Float>.self) - c
              sums += distance
              squares += distance * (UnsafeRawPointer(beside + place).loadUnaligned(as: SIMD16<Float>.self) - d)
              place += 16
            }
            var (all, both) = (sums.sum(), squares.sum())
            while place < positions {
              let distance = from[place] - center[channel]
              all += distance
              both += distance * (beside[place] - other[channel])
              place += 1
            }
            sum[channel] += all
            products[channel] += both
          }
        }
      }
    }
  }

  /// `a[channel] x + b[channel]`, and with a second tensor `+ c[channel] y`.
  ///
  /// - Throws: `.interrupt`.
  public func affine(
    _ x: Tensor, _ a: [Float], _ b: [Float], with other: (tensor: Tensor, factor: [Float])? = nil
  ) throws(Fault) -> Tensor {
    try Tensor(shape: x.shape) { (target) throws(Fault) in
      try x.withUnsafeBuffer { (xs) throws(Fault) in
        try (other?.tensor ?? x).withUnsafeBuffer { (ys) throws(Fault) in
          guard let out = target.baseAddress, let xs = xs.baseAddress, let ys = ys.baseAddress else { return }
          let factor = other?.factor
          try Parallel.ranges(rows, grain: grain) { range in
            for row in range {
              for channel in 0..<(positions == 1 ? 1 : channels) {
                let start = (row * channels + channel) * positions
                if positions == 1 {
                  let start = row * channels
                  if let factor {
                    for k in 0..<channels { out[start + k] = a[k] * xs[start + k] + b[k] + factor[k] * ys[start + k] }
                  } else {
                    for k in 0..<channels { out[start + k] = a[k] * xs[start + k] + b[k] }
                  }
                  continue
                }
                let (slope, offset) = (a[channel], b[channel])
                if let factor {
                  let beside = factor[channel]
                  for k in start..<start + positions { out[k] = slope * xs[k] + offset + beside * ys[k] }
                } else {
                  for k in start..<start + positions { out[k] = slope * xs[k] + offset }
                }
              }
            }
          }
        }
      }
    }
  }
}
