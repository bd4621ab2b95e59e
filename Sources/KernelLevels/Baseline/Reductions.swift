// Folds of many numbers into few. Each runs in an order fixed by its counts, so results are the same to the last bit
// however many threads share the work.

import CVector
import Glibc

extension Level {
  public static func sumOfRun(_ x: UnsafePointer<Float>, count: Int) -> Double {
    var total = 0.0
    var start = 0
    while start < count {
      let length = min(2048, count - start)
      total += sumOfBlock(x + start, count: length)
      start += length
    }
    return total
  }
}

@inline(__always)
private func sumOfBlock(_ x: UnsafePointer<Float>, count: Int) -> Double {
  // In 64 bits, so that whole numbers add up exactly.
  var (low, high) = (SIMD8<Double>(), SIMD8<Double>())
  var i = 0
  while i + 16 <= count {
    low += vector_widen8(UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<Float>.self))
    high += vector_widen8(UnsafeRawPointer(x + i + 8).loadUnaligned(as: SIMD8<Float>.self))
    i += 16
  }
  var total = 0.0
  for lane in 0..<8 { total += low[lane] + high[lane] }
  while i < count {
    total += Double(x[i])
    i += 1
  }
  return total
}

extension Level {
  public static func foldRun(_ kernel: FoldKernel, _ x: UnsafePointer<Float>, count: Int) -> Float {
    switch kernel {
    case .sum: return Float(Level.sumOfRun(x, count: count))
    case .product:
      var product = 1.0
      for i in 0..<count { product *= Double(x[i]) }
      return Float(product)
    case .maximum: return extreme(x, count) { $1.replacing(with: $0, where: ($0 .> $1) .| ($0 .!= $0)) }
    case .minimum: return extreme(x, count) { $1.replacing(with: $0, where: ($0 .< $1) .| ($0 .!= $0)) }
    }
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

extension Level {
  public static func foldRows(
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
        Level.applyBinary(
          kernel == .maximum ? .maximum : .minimum, steps: .both, count: count, first + row * width, target, out: target)
      }
    }
  }

  public static func extremePlace(_ x: UnsafePointer<Float>, count: Int, step: Int, largest: Bool) -> Int {
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

  public static func runningSum(_ x: UnsafePointer<Float>, count: Int, step: Int, out: UnsafeMutablePointer<Float>) {
    var total = 0.0
    for i in 0..<count {
      total += Double(x[i * step])
      out[i * step] = Float(total)
    }
  }

  public static func softmaxRow(
    _ x: UnsafePointer<Float>, count: Int, logarithmic: Bool, out: UnsafeMutablePointer<Float>
  ) {
    var largest = Level.foldRun(.maximum, x, count: count)
    if largest.isInfinite && largest < 0 { largest = 0 }
    Level.applyBinary(.subtract, steps: .leftOnly, count: count, x, &largest, out: out)
    if logarithmic {
      var total = 0.0
      var start = 0
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { buffer in
        guard let room = buffer.baseAddress else { return }
        while start < count {
          let length = min(256, count - start)
          Level.applyUnary(.exp, count: length, UnsafePointer(out + start), out: room)
          total += Level.sumOfRun(room, count: length)
          start += length
        }
      }
      var shift = Float(Glibc.log(total))
      Level.applyBinary(.subtract, steps: .leftOnly, count: count, out, &shift, out: out)
    } else {
      Level.applyUnary(.exp, count: count, out, out: out)
      var total = Float(Level.sumOfRun(out, count: count))
      Level.applyBinary(.divide, steps: .leftOnly, count: count, out, &total, out: out)
    }
  }
}
