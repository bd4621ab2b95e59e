// Rows to columns: what packing for products, spreading channels and transposing have in common.

import CVector

/// out[j * outStep + i] = source[i * sourceStep + j], plus offset[j] where there is one, for all rows i and columns j.
@inline(__always)
func turn(
  _ source: UnsafePointer<Float>, rows: Int, columns: Int, sourceStep: Int, offset: UnsafePointer<Float>? = nil,
  to out: UnsafeMutablePointer<Float>, outStep: Int
) {
  // Few lines of the output at a time: a step that is a power of two puts all of them in one place of the cache.
  var first = 0
  while first < columns {
    let count = min(8, columns - first)
    var row = 0
    if count == 8 {
      while row + 8 <= rows {
        vector_turn8(
          source + (row * sourceStep + first), sourceStep, offset.map { $0 + first }, out + (first * outStep + row),
          outStep)
        row += 8
      }
    }
    while row < rows {
      let line = source + (row * sourceStep + first)
      let place = out + (first * outStep + row)
      if let offset {
        for column in 0..<count { place[column * outStep] = line[column] + offset[first + column] }
      } else {
        for column in 0..<count { place[column * outStep] = line[column] }
      }
      row += 1
    }
    first += count
  }
}

/// target[p * width + lane] = source[lane * laneStep + p] for eight lanes, or 0 from `lanes` on: lines that run along the
/// depth.
@inline(__always)
func turnEight(
  _ source: UnsafePointer<Float>, lanes: Int, laneStep: Int, depth: Int, to target: UnsafeMutablePointer<Float>,
  width: Int
) {
  var p = 0
  if lanes >= 8 {
    while p + 8 <= depth {
      vector_turn8(source + p, laneStep, nil, target + p * width, width)
      p += 8
    }
  }
  while p < depth {
    #if KERNELS_AVX512 || KERNELS_AVX2
      vector_turn_up_to8(source + p, laneStep, lanes, min(8, depth - p), target + p * width, width)
      p += 8
    #else
      for lane in 0..<8 { target[p * width + lane] = lane < lanes ? source[lane * laneStep + p] : 0 }
      p += 1
    #endif
  }
}

/// The same for four.
@inline(__always)
func turnFour(
  _ source: UnsafePointer<Float>, laneStep: Int, depth: Int, to target: UnsafeMutablePointer<Float>, width: Int
) {
  var p = 0
  while p + 8 <= depth {
    vector_turn4(source + p, laneStep, target + p * width, width)
    p += 8
  }
  while p < depth {
    for lane in 0..<4 { target[p * width + lane] = source[lane * laneStep + p] }
    p += 1
  }
}

@inline(__always)
func load4(_ pointer: UnsafePointer<Float>) -> SIMD4<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
}
