// Memory for the requests, numbers to fill it with, and the clock.

import Glibc
import Tensors

/// A line of floats in the memory that tensors take.
final class Floats {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let tensor: Tensor

  /// Zeros.
  init(_ count: Int) {
    self.count = count
    guard var zeros = try? Tensor.zeros([max(count, 1)]),
      let start = try? zeros.withUnsafeMutableBuffer({ $0.baseAddress })
    else { fatalError("no memory for \(count) floats") }
    (tensor, base) = (zeros, start)
  }

  /// Numbers from -0.5 to 1.5, about a third of which make a fresh neuron fire.
  convenience init(random count: Int) {
    self.init(count)
    var bits = Dice()
    for i in 0..<count { base[i] = Float(bits.next()) * 2 - 0.5 }
  }

  /// Copies a shorter line again and again.
  func fill(from source: Floats) {
    var place = 0
    while place < count {
      let part = min(source.count, count - place)
      memcpy(base + place, source.base, part * 4)
      place += part
    }
  }
}

/// Rows of spikes as bits, each row padded to whole words.
final class Bits {
  let base: UnsafeMutablePointer<UInt64>
  let wordsPerRow: Int

  init(rows: Int, features: Int, density: Double) {
    wordsPerRow = (features + 63) / 64
    let words = max(1, rows * wordsPerRow)
    base = UnsafeMutableRawPointer.allocate(byteCount: words * 8, alignment: 4096).bindMemory(
      to: UInt64.self, capacity: words)
    base.initialize(repeating: 0, count: words)
    if density <= 0 { return }
    var dice = Dice()
    for row in 0..<rows {
      for feature in 0..<features where dice.next() < density {
        base[row * wordsPerRow + feature / 64] |= 1 << UInt64(feature % 64)
      }
    }
  }

  deinit { base.deallocate() }
}

/// Numbers from 0 to below 1, always the same ones (xorshift64).
struct Dice {
  private var state: UInt64 = 88_172_645_463_325_252

  mutating func next() -> Double {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Double(state >> 11) / 9_007_199_254_740_992
  }
}

/// The seconds of each of some repeats; `before` is not counted.
func timed(_ repeats: Int, before: () -> Void = {}, _ body: () -> Void) -> [Double] {
  (0..<max(1, repeats)).map { _ in
    before()
    let start = now()
    body()
    return now() - start
  }
}

private func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
