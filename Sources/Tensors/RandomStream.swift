// Random numbers that depend on a name and a place, never on who draws them or when.
//
// Philox4x32-10 turns a key and a counter into four random words: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011.

import Faults
import Glibc

/// A sequence of random numbers named by (seed, purpose, index): the same name always gives the same sequence.
public struct RandomStream: Sendable {
  private let key: (UInt32, UInt32)
  private let high: UInt64
  /// The number of 32-bit words drawn so far.
  public private(set) var position: UInt64 = 0
  private var block: Philox.Words = (0, 0, 0, 0)

  /// - Parameters:
  ///   - seed: what the user set.
  ///   - purpose: what the numbers are for, such as "initial weights"; different purposes don't overlap.
  ///   - index: which of many alike, such as a layer's number.
  public init(seed: UInt64, purpose: String, index: UInt64 = 0) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let mixed = Philox.words(
      key: key,
      counter: (
        UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32), UInt32(truncatingIfNeeded: index),
        UInt32(truncatingIfNeeded: index >> 32)
      ))
    high = UInt64(mixed.0) | UInt64(mixed.1) << 32
  }

  /// The word at a place of the sequence, whatever has been drawn.
  func word(at position: UInt64) -> UInt32 {
    let block = words(ofBlock: position >> 2)
    switch position & 3 {
    case 0: return block.0
    case 1: return block.1
    case 2: return block.2
    default: return block.3
    }
  }

  func words(ofBlock index: UInt64) -> Philox.Words {
    Philox.words(
      key: key,
      counter: (
        UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
        UInt32(truncatingIfNeeded: high), UInt32(truncatingIfNeeded: high >> 32)
      ))
  }

  private mutating func nextWord() -> UInt32 {
    if position & 3 == 0 { block = words(ofBlock: position >> 2) }
    defer { position &+= 1 }
    switch position & 3 {
    case 0: return block.0
    case 1: return block.1
    case 2: return block.2
    default: return block.3
    }
  }

  /// 64 random bits.
  public mutating func nextBits() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
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
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<max(count, 0))
    shuffle(&order)
    return order
  }

  /// Puts the elements into random order.
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, integer(below: last + 1))
    }
  }

  /// A tensor of floats in low..<high. Element i depends on the stream and i alone.
  public mutating func uniformTensor(
    _ shape: [Int], from low: Float = 0, to high: Float = 1
  ) throws(Fault) -> Tensor {
    let span = high - low
    return try filled(shape) { words, out, count in
      let values = (
        RandomStream.unit(words.0), RandomStream.unit(words.1), RandomStream.unit(words.2), RandomStream.unit(words.3)
      )
      out[0] = low + span * values.0
      if count > 1 { out[1] = low + span * values.1 }
      if count > 2 { out[2] = low + span * values.2 }
      if count > 3 { out[3] = low + span * values.3 }
    }
  }

  /// A tensor of normal draws. Element i depends on the stream and i alone.
  public mutating func normalTensor(
    _ shape: [Int], mean: Float = 0, standardDeviation: Float = 1
  ) throws(Fault) -> Tensor {
    try filled(shape) { words, out, count in
      let low = RandomStream.gaussian(words.0, words.1)
      let high = RandomStream.gaussian(words.2, words.3)
      out[0] = mean + standardDeviation * low.0
      if count > 1 { out[1] = mean + standardDeviation * low.1 }
      if count > 2 { out[2] = mean + standardDeviation * high.0 }
      if count > 3 { out[3] = mean + standardDeviation * high.1 }
    }
  }

  /// Four elements from each block of four words, from the next whole block on.
  private mutating func filled(
    _ shape: [Int], _ body: (Philox.Words, UnsafeMutablePointer<Float>, Int) -> Void
  ) throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    let (out, count, stream) = (result.base, result.count, self)
    let first = (position &+ 3) >> 2
    let blocks = (count + 3) / 4
    try Parallel.ranges(blocks, grain: 4096) { range in
      for index in range {
        body(stream.words(ofBlock: first &+ UInt64(index)), out + index * 4, min(4, count - index * 4))
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

/// The Philox4x32-10 function.
enum Philox {
  typealias Words = (UInt32, UInt32, UInt32, UInt32)

  /// Ten rounds of two multiplications, exclusive ors and a key schedule.
  static func words(key: (UInt32, UInt32), counter: Words) -> Words {
    var (k0, k1) = key
    var (c0, c1, c2, c3) = counter
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      (c0, c1, c2, c3) = (n0, UInt32(truncatingIfNeeded: p1), n2, UInt32(truncatingIfNeeded: p0))
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }
}
