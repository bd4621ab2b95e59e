// Folds of many numbers into few. Each runs in an order fixed by its counts, so results are the same to the last bit
// however many threads share the work.

import Glibc

/// What a fold computes.
public enum FoldKernel: UInt8, Sendable {
  case sum, product, maximum, minimum
}

/// The sum of a contiguous run: 16 partial sums over blocks of 2048 in float, the blocks in double.
public func sumOfRun(_ x: UnsafePointer<Float>, count: Int) -> Double {
  var total = 0.0
  var start = 0
  while start < count {
    let length = min(2048, count - start)
    total += sumOfBlock(x + start, count: length)
    start += length
  }
  return total
}

@inline(__always)
private func sumOfBlock(_ x: UnsafePointer<Float>, count: Int) -> Double {
  var lanes = SIMD16<Float>()
  var i = 0
  while i + 16 <= count {
    lanes += UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self)
    i += 16
  }
  var total = 0.0
  for lane in 0..<16 { total += Double(lanes[lane]) }
  while i < count {
    total += Double(x[i])
    i += 1
  }
  return total
}

/// The fold of a contiguous run of at least one element. A nan anywhere makes maximum and minimum nan.
public func foldRun(_ kernel: FoldKernel, _ x: UnsafePointer<Float>, count: Int) -> Float {
  switch kernel {
  case .sum: return Float(sumOfRun(x, count: count))
  case .product:
    var product = 1.0
    for i in 0..<count { product *= Double(x[i]) }
    return Float(product)
  case .maximum: return extreme(x, count) { $1.replacing(with: $0, where: ($0 .> $1) .| ($0 .!= $0)) }
  case .minimum: return extreme(x, count) { $1.replacing(with: $0, where: ($0 .< $1) .| ($0 .!= $0)) }
  }
}

@inline(__always)
private func extreme(
  _ x: UnsafePointer<Float>, _ count: Int, _ pick: (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>
) -> Float {
  var best = SIMD16<Float>(repeating: x.pointee)
  var i = 0
  while i + 16 <= count {
    best = pick(UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self), best)
    i += 16
  }
  while i < count {
    best = pick(SIMD16<Float>(repeating: x[i]), best)
    i += 1
  }
  for lane in 1..<16 { best = pick(SIMD16<Float>(repeating: best[lane]), best) }
  return best[0]
}

/// Folds the rows of a [rows, width] block into one row, for the columns in `columns`.
///
/// - Parameter totals: room for as many doubles as there are columns.
public func foldRows(
  _ kernel: FoldKernel, _ x: UnsafePointer<Float>, rows: Int, width: Int, columns: Range<Int>,
  totals: UnsafeMutablePointer<Double>, out: UnsafeMutablePointer<Float>
) {
  let count = columns.count
  let first = x + columns.lowerBound
  let target = out + columns.lowerBound
  switch kernel {
  case .sum, .product:
    for j in 0..<count { totals[j] = Double(first[j]) }
    for row in 1..<max(rows, 1) {
      let source = first + row * width
      if kernel == .sum {
        for j in 0..<count { totals[j] += Double(source[j]) }
      } else {
        for j in 0..<count { totals[j] *= Double(source[j]) }
      }
    }
    for j in 0..<count { target[j] = Float(totals[j]) }
  case .maximum, .minimum:
    for j in 0..<count { target[j] = first[j] }
    for row in 1..<max(rows, 1) {
      applyBinary(
        kernel == .maximum ? .maximum : .minimum, steps: .both, count: count, first + row * width, target, out: target)
    }
  }
}

/// The place of the first largest (or smallest) of `count` numbers that stand `step` apart; the first nan wins.
public func extremePlace(_ x: UnsafePointer<Float>, count: Int, step: Int, largest: Bool) -> Int {
  var best = x.pointee
  var place = 0
  if best.isNaN { return 0 }
  for i in 1..<max(count, 1) {
    let value = x[i * step]
    if value.isNaN { return i }
    if largest ? value > best : value < best {
      best = value
      place = i
    }
  }
  return place
}

/// Running sums along `count` numbers that stand `step` apart, in double.
public func runningSum(_ x: UnsafePointer<Float>, count: Int, step: Int, out: UnsafeMutablePointer<Float>) {
  var total = 0.0
  for i in 0..<count {
    total += Double(x[i * step])
    out[i * step] = Float(total)
  }
}

/// One row of softmax, or of its logarithm: exp(x - max) / sum, with the sum in double.
public func softmaxRow(
  _ x: UnsafePointer<Float>, count: Int, logarithmic: Bool, out: UnsafeMutablePointer<Float>
) {
  var largest = foldRun(.maximum, x, count: count)
  if largest.isInfinite && largest < 0 { largest = 0 }
  applyBinary(.subtract, steps: .leftOnly, count: count, x, &largest, out: out)
  if logarithmic {
    var total = 0.0
    var start = 0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { buffer in
      guard let room = buffer.baseAddress else { return }
      while start < count {
        let length = min(256, count - start)
        applyUnary(.exp, count: length, UnsafePointer(out + start), out: room)
        total += sumOfRun(room, count: length)
        start += length
      }
    }
    var shift = Float(Glibc.log(total))
    applyBinary(.subtract, steps: .leftOnly, count: count, out, &shift, out: out)
  } else {
    applyUnary(.exp, count: count, out, out: out)
    var total = Float(sumOfRun(out, count: count))
    applyBinary(.divide, steps: .leftOnly, count: count, out, &total, out: out)
  }
}
