// Copies along a stride: what transposing, flipping, slicing and repeating come down to.

/// out[i] = source[i * step]; a step of 0 repeats one number.
public func copyStrided(
  count: Int, from source: UnsafePointer<Float>, step: Int, to out: UnsafeMutablePointer<Float>
) {
  switch step {
  case 1: out.update(from: source, count: count)
  case 0: out.update(repeating: source.pointee, count: count)
  default: for i in 0..<count { out[i] = source[i * step] }
  }
}

/// out[i * step] = source[i].
public func spreadStrided(
  count: Int, from source: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>, step: Int
) {
  if step == 1 { return out.update(from: source, count: count) }
  for i in 0..<count { out[i * step] = source[i] }
}

/// out[j, i] = source[i, j] for the rows of `source` in a range, in squares that fit the first cache.
public func transposeRows(
  _ source: UnsafePointer<Float>, rows: Range<Int>, totalRows: Int, columns: Int,
  out: UnsafeMutablePointer<Float>
) {
  let side = 16
  var i = rows.lowerBound
  while i < rows.upperBound {
    let endI = min(i + side, rows.upperBound)
    var j = 0
    while j < columns {
      let endJ = min(j + side, columns)
      for row in i..<endI {
        for column in j..<endJ { out[column * totalRows + row] = source[row * columns + column] }
      }
      j = endJ
    }
    i = endI
  }
}
