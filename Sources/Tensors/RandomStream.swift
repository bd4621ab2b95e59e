// Random numbers that depend on a name and a place, never on who draws them or when.
//
// Philox4x32-10 turns a key and a counter into four random words: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011.

import Faults
import Glibc
import Kernels

/// A sequence of random numbers named by (seed, purpose, index): the same name always gives the same sequence.
public struct RandomStream: Sendable {
  private let key: (UInt32, UInt32)
  private let high: UInt64
  /// The number of 32-bit words drawn so far.
  public private(set) var position: UInt64 = 0
  /// The words of some counters in a row, the first of them.
  private var drawn = InlineArray<64, UInt32>(repeating: 0)
  private var firstDrawn = UInt64.max

  /// - Parameters:
  ///   - seed: what the user set.
  ///   - purpose: what the numbers are for, such as "initial weights"; different purposes don't overlap.
  ///   - index: which of many alike, such as a layer's number.
  public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let mixed = philoxPlain(
      key: key,
      counter: (
        UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32), UInt32(truncatingIfNeeded: index),
        UInt32(truncatingIfNeeded: index >> 32)
      ))
    high = UInt64(mixed.0) | UInt64(mixed.1) << 32
  }

  private mutating func nextWord() -> UInt32 {
    let index = position >> 2
    if index < firstDrawn || index &- firstDrawn >= 16 {
      firstDrawn = index
      let stream = self
      withUnsafeMutableBytes(of: &drawn) { bytes in
        guard let words = bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) else { return }
        stream.fill(words, first: index, blocks: 16)
      }
    }
    defer { position &+= 1 }
    return drawn[Int(position &- (firstDrawn << 2))]
  }

  /// The words of some counters, four for each.
  private func fill(_ words: UnsafeMutablePointer<UInt32>, first: UInt64, blocks: Int) {
    kernels.philox(key: key, high: high, first: first, blocks: blocks, words: words)
  }

  /// 64 random bits.
  public mutating func nextBits() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
  }

  /// The next words, as `nextBits` would draw them, low half first.
  public mutating func draw(_ count: Int, into words: UnsafeMutablePointer<UInt32>) {
    var done = 0
    while done < count && position & 3 != 0 {
      words[done] = nextWord()
      done += 1
    }
    let blocks = (count - done) / 4
    fill(words + done, first: position >> 2, blocks: blocks)
    position &+= UInt64(blocks) << 2
    done += blocks * 4
    while done < count {
      words[done] = nextWord()
      done += 1
    }
  }

  /// A float in 0..<1, one of 2^24 evenly spaced.
  public mutating func uniform() -> Float { RandomStream.unit(nextWord()) }

  /// A double in 0..<1, one of 2^53 evenly spaced.
  public mutating func uniformDouble() -> Double { Double(nextBits() >> 11) * 0x1p-53 }

  /// A draw from the normal distribution with mean 0 and standard deviation 1 (Box and Muller, 1958).
  public mutating func normal() -> Float {
    let first = nextWord()
    return RandomStream.gaussian(first, nextWord()).0
  }

  /// A whole number in 0..<bound, all equally likely; 0 for a bound below 2.
  public mutating func integer(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let range = UInt64(bound)
    let unfair = (0 &- range) % range
    while true {
      let product = nextBits().multipliedFullWidth(by: range)
      if product.low >= unfair { return Int(product.high) }
    }
  }

  /// The numbers 0..<count in random order (Fisher and Yates).
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  public mutating func permutation(_ count: Int) throws(Fault) -> [Int] {
    var order = Array(0..<max(count, 0))
    try shuffle(&order)
    return order
  }

  /// Puts the elements into random order.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop; the elements are then in some order.
  public mutating func shuffle<Element>(_ elements: inout [Element]) throws(Fault) {
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      if last & 0xFFFF == 0 { try Interrupt.check() }
      elements.swapAt(last, integer(below: last + 1))
    }
  }

  /// A tensor of floats in low..<high. Element i depends on the stream and i alone.
  public mutating func uniformTensor(
    _ shape: [Int], from low: Float = 0, to high: Float = 1
  ) throws(Fault) -> Tensor {
    let span = high - low
    let last = span > 0 ? high.nextDown : high
    return try filled(shape) { words, out, count in
      kernels.uniform(count: count, low: low, span: span, words, out: out)
      // The end is not included, also where a sum is rounded up to it.
      for i in 0..<count where out[i] > last { out[i] = last }
    }
  }

  /// A tensor of normal draws. Element i depends on the stream and i alone.
  public mutating func normalTensor(
    _ shape: [Int], mean: Float = 0, standardDeviation: Float = 1
  ) throws(Fault) -> Tensor {
    try filled(shape) { words, out, count in
      for i in stride(from: 0, to: count, by: 2) {
        let pair = RandomStream.gaussian(words[i], words[i + 1])
        out[i] = mean + standardDeviation * pair.0
        if i + 1 < count { out[i + 1] = mean + standardDeviation * pair.1 }
      }
    }
  }

  /// Four elements from each block of four words, from the next whole block on. `body` is given whole blocks of words
  /// and how many elements to make of them.
  private mutating func filled(
    _ shape: [Int], _ body: (UnsafePointer<UInt32>, UnsafeMutablePointer<Float>, Int) -> Void
  ) throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    let (out, count, stream) = (result.base, result.count, self)
    let first = (position &+ 3) >> 2
    let blocks = (count + 3) / 4
    try Parallel.ranges(blocks, grain: 4096) { range in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1024) { room in
        guard let words = room.baseAddress else { return }
        var block = range.lowerBound
        while block < range.upperBound {
          let number = min(256, range.upperBound - block)
          stream.fill(words, first: first &+ UInt64(block), blocks: number)
          body(words, out + block * 4, min(number * 4, count - block * 4))
          block += number
        }
      }
    }
    position = (first &+ UInt64(blocks)) << 2
    return result
  }

  static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  /// Two independent normal draws from two words.
  static func gaussian(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
    let radius = Glibc.sqrtf(-2 * Glibc.logf((Float(a >> 8) + 0.5) * 0x1p-24))
    let angle = 2 * Float.pi * unit(b)
    return (radius * Glibc.cosf(angle), radius * Glibc.sinf(angle))
  }
}
