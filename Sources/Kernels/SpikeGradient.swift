// The gradient of weights that spikes went through, by events: rows are added where a neuron fired.
// Spikes are bit rows of whole 64-bit words, as `Spikes` packs them; matrices are row-major.

/// For each input, adds up the gradients of the rows in which it fired: `output[k, :] += sum of gradient[r, :]`.
///
/// Rows are added in rising order, so the result doesn't depend on how inputs are divided.
///
/// - Parameters:
///   - gradient: `[rows, columns]`.
///   - output: `[inputs, columns]`, already holding what is added to.
///   - wordRange: the inputs to do, counted in words of 64.
public func addToActiveRows(
  words: UnsafePointer<UInt64>, wordsPerRow: Int, rows: Int, gradient: UnsafePointer<Float>, columns: Int,
  output: UnsafeMutablePointer<Float>, wordRange: Range<Int>
) {
  for word in wordRange {
    for row in 0..<rows {
      var bits = words[row * wordsPerRow + word]
      let source = gradient + row * columns
      while bits != 0 {
        let target = output + (word * 64 + bits.trailingZeroBitCount) * columns
        bits &= bits - 1
        var column = 0
        while column + 16 <= columns {
          storeLanes(loadLanes(target + column, 16) + loadLanes(source + column, 16), target + column, 16)
          column += 16
        }
        while column < columns {
          target[column] += source[column]
          column += 1
        }
      }
    }
  }
}
