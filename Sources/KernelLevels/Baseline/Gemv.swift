// Matrix times vector: nothing is read twice, so packing would only cost.

extension Level {
  public static func gemv(
    rows: Range<Int>, columns: Int, a: UnsafePointer<Float>, stride: Int, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
  ) {
    for i in rows {
      y[i] = dot(a + i * stride, x, count: columns)
    }
  }

  public static func gemvTransposed(
    rows: Int, columns: Range<Int>, a: UnsafePointer<Float>, stride: Int, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
  ) {
    let first = columns.lowerBound
    let count = columns.count
    for j in columns { y[j] = 0 }
    for i in 0..<rows {
      accumulate(count: count, scale: x[i], a + i * stride + first, into: y + first)
    }
  }

  public static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    var s0 = Vector(), s1 = Vector(), s2 = Vector(), s3 = Vector()
    var i = 0
    let step = 4 * vectorWidth
    while i + step <= count {
      s0 = multiplyAdd(load(a + i), load(b + i), s0)
      s1 = multiplyAdd(load(a + i + vectorWidth), load(b + i + vectorWidth), s1)
      s2 = multiplyAdd(load(a + i + 2 * vectorWidth), load(b + i + 2 * vectorWidth), s2)
      s3 = multiplyAdd(load(a + i + 3 * vectorWidth), load(b + i + 3 * vectorWidth), s3)
      i += step
    }
    while i + vectorWidth <= count {
      s0 = multiplyAdd(load(a + i), load(b + i), s0)
      i += vectorWidth
    }
    let sums = (s0 + s1) + (s2 + s3)
    var total: Float = 0
    for lane in 0..<vectorWidth { total += sums[lane] }
    while i < count {
      total += a[i] * b[i]
      i += 1
    }
    return total
  }
}
