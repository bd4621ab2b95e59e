// Rows to columns: what packing for products, spreading channels and transposing have in common.

/// out[j * outStep + i] = source[i * sourceStep + j] for all rows i and columns j.
@inline(__always)
func turn(
  _ source: UnsafePointer<Float>, rows: Int, columns: Int, sourceStep: Int, to out: UnsafeMutablePointer<Float>,
  outStep: Int
) {
  // Few lines of the output at a time: a step that is a power of two puts all of them in one place of the cache.
  var first = 0
  while first < columns {
    let count = min(8, columns - first)
    var row = 0
    while row + 4 <= rows {
      turnFour(
        source + (row * sourceStep + first), laneStep: sourceStep, depth: count, to: out + (first * outStep + row),
        width: outStep)
      row += 4
    }
    while row < rows {
      let line = source + (row * sourceStep + first)
      let place = out + (first * outStep + row)
      for column in 0..<count { place[column * outStep] = line[column] }
      row += 1
    }
    first += count
  }
}

/// target[p * width + lane] = source[lane * laneStep + p] for four lanes: lines that run along the depth, turned in
/// squares of four, two squares at a time.
@inline(__always)
func turnFour(
  _ source: UnsafePointer<Float>, laneStep: Int, depth: Int, to target: UnsafeMutablePointer<Float>, width: Int
) {
  let (s0, s1, s2, s3) = (source, source + laneStep, source + 2 * laneStep, source + 3 * laneStep)
  var p = 0
  while p + 8 <= depth {
    let (a, b, c, d) = (load8(s0 + p), load8(s1 + p), load8(s2 + p), load8(s3 + p))
    let ab = interleaved(a, b), cd = interleaved(c, d)
    let even = interleavedPairs(ab.low, cd.low), odd = interleavedPairs(ab.high, cd.high)
    let out = target + p * width
    store4(even.low.lowHalf, out)
    store4(even.high.lowHalf, out + width)
    store4(odd.low.lowHalf, out + 2 * width)
    store4(odd.high.lowHalf, out + 3 * width)
    store4(even.low.highHalf, out + 4 * width)
    store4(even.high.highHalf, out + 5 * width)
    store4(odd.low.highHalf, out + 6 * width)
    store4(odd.high.highHalf, out + 7 * width)
    p += 8
  }
  while p < depth {
    let out = target + p * width
    (out[0], out[1], out[2], out[3]) = (s0[p], s1[p], s2[p], s3[p])
    p += 1
  }
}

/// a0 b0 a1 b1 and a2 b2 a3 b3, in both halves.
@inline(__always)
private func interleaved(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> (low: SIMD8<Float>, high: SIMD8<Float>) {
  (
    SIMD8(a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]), SIMD8(a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7])
  )
}

/// a0 a1 b0 b1 and a2 a3 b2 b3, in both halves.
@inline(__always)
private func interleavedPairs(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> (low: SIMD8<Float>, high: SIMD8<Float>) {
  (
    SIMD8(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]), SIMD8(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7])
  )
}

@inline(__always)
private func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func load4(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always)
func store4(_ vector: SIMD4<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: SIMD4<Float>.self)
}

