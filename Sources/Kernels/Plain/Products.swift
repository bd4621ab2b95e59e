// The plain loops that say what the fast kernels compute. Tests compare with them, and the smallest products use them.

/// c = a b, by definition.
public func referenceGemm(
  m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView,
  c: UnsafeMutablePointer<Float>, cStride: Int
) {
  for i in 0..<m {
    for j in 0..<n {
      var total: Float = 0
      for p in 0..<k {
        total += a.start[i * a.rowStep + p * a.columnStep] * b.start[p * b.rowStep + j * b.columnStep]
      }
      c[i * cStride + j] = total
    }
  }
}

/// out[r, :] = the sum of weights[k, :] over the bits k set in row r, by definition.
public func referenceSpikeGemm(
  rows: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>, wordsPerRow: Int,
  weights: UnsafePointer<Float>, weightStride: Int, out: UnsafeMutablePointer<Float>,
  outStride: Int
) {
  for r in 0..<rows {
    for j in 0..<columns {
      var total: Float = 0
      for k in 0..<features {
        let bit = (spikes[r * wordsPerRow + k / 64] >> UInt64(k % 64)) & 1
        if bit == 1 { total += weights[k * weightStride + j] }
      }
      out[r * outStride + j] = total
    }
  }
}
