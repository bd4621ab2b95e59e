// Copies along a stride: what transposing, flipping, slicing and repeating come down to.

extension Level {
  public static func copyStrided(
    count: Int, from source: UnsafePointer<Float>, step: Int, to out: UnsafeMutablePointer<Float>
  ) {
    switch step {
    case 1: out.update(from: source, count: count)
    case 0: out.update(repeating: source.pointee, count: count)
    default: for i in 0..<count { out[i] = source[i * step] }
    }
  }

  public static func spreadStrided(
    count: Int, from source: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>, step: Int
  ) {
    if step == 1 { return out.update(from: source, count: count) }
    for i in 0..<count { out[i * step] = source[i] }
  }

  public static func transposeRows(
    _ source: UnsafePointer<Float>, rows: Range<Int>, totalRows: Int, columns: Int,
    out: UnsafeMutablePointer<Float>
  ) {
    let side = 64
    var i = rows.lowerBound
    while i < rows.upperBound {
      let height = min(side, rows.upperBound - i)
      var j = 0
      while j < columns {
        turn(
          source + (i * columns + j), rows: height, columns: min(side, columns - j), sourceStep: columns,
          to: out + (j * totalRows + i), outStep: totalRows)
        j += side
      }
      i += side
    }
  }
}
