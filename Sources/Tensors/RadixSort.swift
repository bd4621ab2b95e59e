// Sorting by digits: passes over the keys from the lowest digit to the highest, each of which keeps the order of the one
// before, so that equal keys stay in theirs. (Knuth, The Art of Computer Programming 3, section 5.2.5.)

import Faults

public enum RadixSort {
  private static let digitBits = 11
  private static let digits = 1 << digitBits
  /// After so many elements a request to stop is looked for: some milliseconds.
  private static let partSize = 1 << 20

  /// The places of whole numbers from small to large, or from large to small; equal ones keep their order.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  public static func order(of numbers: [Int], descending: Bool) throws(Fault) -> [Int] {
    // With the sign's bit turned, the order is that of unsigned numbers.
    try order(of: numbers, descending: descending) { UInt64(bitPattern: Int64($0)) ^ 1 << 63 }
  }

  public static func order(of numbers: [UInt64], descending: Bool) throws(Fault) -> [Int] {
    try order(of: numbers, descending: descending) { $0 }
  }

  /// The same for floats; nan comes last either way.
  public static func order(of numbers: [Double], descending: Bool) throws(Fault) -> [Int] {
    // Turned twice, the largest stays the largest.
    try order(of: numbers, descending: descending) { descending && $0.isNaN ? 0 : ordered($0) }
  }

  private struct Placed: BitwiseCopyable {
    var key: UInt64
    var place: Int
  }

  private static func order<Number>(
    of numbers: [Number], descending: Bool, _ key: (Number) -> UInt64
  ) throws(Fault) -> [Int] {
    var placed: [Placed] = []
    placed.reserveCapacity(numbers.count)
    try Interrupt.parts(numbers.count) { part in
      for place in part { placed.append(Placed(key: descending ? ~key(numbers[place]) : key(numbers[place]), place: place)) }
    }
    try sort(&placed, bits: 64) { $0.key }
    var places: [Int] = []
    places.reserveCapacity(placed.count)
    try Interrupt.parts(placed.count) { part in for place in part { places.append(placed[place].place) } }
    return places
  }

  /// The numbers of a tensor from small to large, or from large to small; nan comes last, and a negative zero before a zero.
  static func sorted(_ tensor: Tensor, descending: Bool) throws(Fault) -> Tensor {
    let count = tensor.count
    let (result, spare) = (try Tensor(uninitialized: tensor.shape), try Tensor(uninitialized: [count]))
    defer { withExtendedLifetime((tensor, result, spare)) {} }
    let numbers = UnsafePointer(tensor.base)
    let turned: UInt32 = descending ? .max : 0
    var keys = UnsafeMutableRawPointer(result.base).bindMemory(to: UInt32.self, capacity: max(count, 1))
    var other = UnsafeMutableRawPointer(spare.base).bindMemory(to: UInt32.self, capacity: max(count, 1))
    // Digits of a byte: the 256 places that are written to stay near.
    var digits = [Int](repeating: 0, count: 4 * 256)
    try digits.withUnsafeMutableBufferPointer { (digits) throws(Fault) in
      try Interrupt.parts(count, of: partSize) { part in
        for place in part {
          let bits = numbers[place].bitPattern
          let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
          let key = isNaN ? .max : (bits >> 31 == 1 ? ~bits : bits | 1 << 31) ^ turned
          keys[place] = key
          for digit in 0..<4 { digits[256 * digit + Int(key >> UInt32(8 * digit) & 255)] &+= 1 }
        }
      }
    }
    for digit in 0..<4 {
      var starts = Array(digits[256 * digit..<256 * digit + 256])
      // A digit that all keys have in common needs no pass.
      if starts.contains(count) { continue }
      var sum = 0
      for value in 0..<256 { (starts[value], sum) = (sum, sum + starts[value]) }
      try starts.withUnsafeMutableBufferPointer { (starts) throws(Fault) in
        try Interrupt.parts(count, of: partSize) { part in
          for place in part {
            let key = keys[place]
            let value = Int(key >> UInt32(8 * digit) & 255)
            other[starts[value]] = key
            starts[value] &+= 1
          }
        }
      }
      swap(&keys, &other)
    }
    let sorted = UnsafeMutableRawPointer(result.base)
    try Interrupt.parts(count, of: partSize) { part in
      for place in part {
        let key = keys[place] ^ turned
        let bits = keys[place] == .max ? Float.nan.bitPattern : key >> 31 == 1 ? key & .max >> 1 : ~key
        sorted.storeBytes(of: bits, toByteOffset: 4 * place, as: UInt32.self)
      }
    }
    sorted.bindMemory(to: Float.self, capacity: max(count, 1))
    return result
  }

  public static func sort(_ numbers: inout [Double]) throws(Fault) {
    try sort(&numbers, bits: 64) { ordered($0) }
  }

  /// The order in which numbers go from small to large, or from large to small, equal ones in their own order and nan
  /// last. There are at most 2^32 of them.
  static func order(of values: UnsafePointer<Float>, count: Int, step: Int, descending: Bool) throws(Fault) -> [UInt64] {
    var packed = [UInt64](unsafeUninitializedCapacity: count) { target, filled in
      for place in 0..<count {
        let value = values[place * step]
        var key = ordered(value)
        if descending, !value.isNaN { key = ~key }
        target[place] = UInt64(key) << 32 | UInt64(place)
      }
      filled = count
    }
    try sort(&packed, bits: 32) { $0 >> 32 }
    return packed
  }

  /// Floats as numbers in the same order. Both zeros are one, and nan is the largest.
  private static func ordered(_ value: Float) -> UInt32 {
    if value.isNaN { return .max }
    let bits = (value == 0 ? 0 : value).bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 1 << 31
  }

  private static func ordered(_ value: Double) -> UInt64 {
    if value.isNaN { return .max }
    let bits = (value == 0 ? 0 : value).bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  private static func sort<Element: BitwiseCopyable>(
    _ elements: inout [Element], bits: Int, by key: (Element) -> UInt64
  ) throws(Fault) {
    if elements.count < 2 { return }
    let mask = UInt64(digits - 1)
    // A digit that all keys have in common needs no pass.
    let first = key(elements[0])
    var differing: UInt64 = 0
    try Interrupt.parts(elements.count, of: partSize) { part in for element in elements[part] { differing |= key(element) ^ first } }
    var other = elements
    for shift in stride(from: 0, to: bits, by: digitBits) where differing >> UInt64(shift) & mask != 0 {
      var starts = [Int](repeating: 0, count: digits)
      try Interrupt.parts(elements.count, of: partSize) { part in
        starts.withUnsafeMutableBufferPointer { starts in
          for element in elements[part] { starts[Int(truncatingIfNeeded: key(element) >> UInt64(shift) & mask)] &+= 1 }
        }
      }
      var sum = 0
      for digit in 0..<digits { (starts[digit], sum) = (sum, sum + starts[digit]) }
      try Interrupt.parts(elements.count, of: partSize) { part in
        other.withUnsafeMutableBufferPointer { target in
          starts.withUnsafeMutableBufferPointer { starts in
            for element in elements[part] {
              let digit = Int(truncatingIfNeeded: key(element) >> UInt64(shift) & mask)
              target[starts[digit]] = element
              starts[digit] &+= 1
            }
          }
        }
      }
      swap(&elements, &other)
    }
  }
}
