// What the convolutions read, one sample at one step after the other: spikes as bits, or numbers.

/// The features of a row that are not 0, in rising order.
struct ActiveFeatures {
  var indices: UnsafeMutablePointer<Int32>
  var values: UnsafeMutablePointer<Float>
  var count = 0

  /// Lists a row's features, or answers false (with nothing listed) when more than `most` are active.
  mutating func list(_ input: ConvolutionInput, row: Int, features: Int, most: Int) -> Bool {
    count = 0
    switch input {
    case .spikes(let words, let wordsPerRow):
      let start = words + row * wordsPerRow
      if Level.countSpikes(start, count: wordsPerRow) > most { return false }
      count = listActive(start, wordCount: wordsPerRow, into: indices)
      for i in 0..<count { values[i] = 1 }
    case .values(let floats):
      let start = floats + row * features
      var first = 0
      while first < features {
        var active = bits(of: loadLanes(start + first, min(16, features - first)) .!= 0)
        while active != 0 {
          let feature = first + active.trailingZeroBitCount
          indices[count] = Int32(truncatingIfNeeded: feature)
          values[count] = start[feature]
          count += 1
          active &= active - 1
        }
        if count > most {
          count = 0
          return false
        }
        first += 16
      }
    }
    return true
  }
}

/// How many features of some rows are not 0.
func countActive(_ input: ConvolutionInput, rows: Range<Int>, features: Int) -> Int {
  switch input {
  case .spikes(let words, let wordsPerRow):
    return Level.countSpikes(words + rows.lowerBound * wordsPerRow, count: rows.count * wordsPerRow)
  case .values(let floats):
    let (start, count) = (floats + rows.lowerBound * features, rows.count * features)
    var total = 0
    var first = 0
    while first < count {
      total += bits(of: loadLanes(start + first, min(16, count - first)) .!= 0).nonzeroBitCount
      first += 16
    }
    return total
  }
}

/// Calls `body` with room for the active features of a row.
func withActiveFeatures(_ features: Int, _ body: (inout ActiveFeatures) -> Void) {
  // Bits are listed by whole words, hence the reserve.
  let capacity = (features + 63) / 64 * 64 + 64
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity) { indices in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { values in
      guard let indices = indices.baseAddress, let values = values.baseAddress else { return }
      var active = ActiveFeatures(indices: indices, values: values)
      body(&active)
    }
  }
}
