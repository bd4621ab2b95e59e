// What array files hold: numbers of one of a few machine types, with a shape.

/// The numbers of an array file, as they were stored: each element type has a case that holds all its numbers exactly.
public enum NumericValues: Equatable, Sendable {
  case bool([Bool])
  case uint8([UInt8])
  case int8([Int8])
  case int16([Int16])
  case int32([Int32])
  case int64([Int64])
  case uint64([UInt64])
  case float32([Float])
  case float64([Double])

  public var count: Int {
    switch self {
    case .bool(let values): values.count
    case .uint8(let values): values.count
    case .int8(let values): values.count
    case .int16(let values): values.count
    case .int32(let values): values.count
    case .int64(let values): values.count
    case .uint64(let values): values.count
    case .float32(let values): values.count
    case .float64(let values): values.count
    }
  }

  /// The numbers rounded to float32.
  public var floats: [Float] {
    switch self {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .uint8(let values): values.map { Float($0) }
    case .int8(let values): values.map { Float($0) }
    case .int16(let values): values.map { Float($0) }
    case .int32(let values): values.map { Float($0) }
    case .int64(let values): values.map { Float($0) }
    case .uint64(let values): values.map { Float($0) }
    case .float32(let values): values
    case .float64(let values): values.map { Float($0) }
    }
  }

  /// The numbers as integers, or nil when one is not whole or too large.
  public var integers: [Int]? {
    func whole<T: BinaryFloatingPoint>(_ values: [T]) -> [Int]? {
      let exact = values.compactMap { Int(exactly: $0) }
      return exact.count == values.count ? exact : nil
    }
    switch self {
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .uint8(let values): return values.map { Int($0) }
    case .int8(let values): return values.map { Int($0) }
    case .int16(let values): return values.map { Int($0) }
    case .int32(let values): return values.map { Int($0) }
    case .int64(let values): return values.map { Int($0) }
    case .uint64(let values):
      let exact = values.compactMap { Int(exactly: $0) }
      return exact.count == values.count ? exact : nil
    case .float32(let values): return whole(values)
    case .float64(let values): return whole(values)
    }
  }

  /// The first number whose digits before the decimal point float32 would change; nil where rounding is harmless.
  public var firstBeyondFloat32: Int? {
    switch self {
    case .bool, .uint8, .int8, .int16, .float32: nil
    case .int32(let values): values.firstIndex { Float(exactly: $0) == nil }
    case .int64(let values): values.firstIndex { Float(exactly: $0) == nil }
    case .uint64(let values): values.firstIndex { Float(exactly: $0) == nil }
    case .float64(let values): values.firstIndex { $0.isBeyondFloat32 }
    }
  }
}

extension Double {
  /// Whether float32 would change the digits before the decimal point, as it does to times in microseconds.
  public var isBeyondFloat32: Bool { isFinite && magnitude >= 0x1p24 && Double(Float(self)) != self }
}

/// An n-dimensional array in row-major order; `values.count` is the product of `shape`.
public struct NumericArray: Equatable, Sendable {
  public var shape: [Int]
  public var values: NumericValues

  public init(shape: [Int], values: NumericValues) {
    self.shape = shape
    self.values = values
  }
}

/// The machine type of an array file's numbers.
enum ElementKind {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64

  /// Bytes a number.
  var width: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// The numbers of raw bytes; types without a case of their own become the next larger one.
  func decode(_ bytes: ArraySlice<UInt8>, littleEndian: Bool) -> NumericValues {
    func read<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
      unpack(bytes, as: type, littleEndian: littleEndian)
    }
    return switch self {
    case .bool: .bool(bytes.map { $0 != 0 })
    case .uint8: .uint8(Array(bytes))
    case .int8: .int8(read(Int8.self))
    case .uint16: .int32(read(UInt16.self).map { Int32($0) })
    case .int16: .int16(read(Int16.self))
    case .uint32: .int64(read(UInt32.self).map { Int64($0) })
    case .int32: .int32(read(Int32.self))
    case .uint64: .uint64(read(UInt64.self))
    case .int64: .int64(read(Int64.self))
    case .float16: .float32(read(UInt16.self).map { singleOfHalf($0) })
    case .float32: .float32(read(Float.self))
    case .float64: .float64(read(Double.self))
    }
  }
}

/// A number of IEEE 754's binary16, which float32 holds exactly.
private func singleOfHalf(_ bits: UInt16) -> Float {
  let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
  let magnitude: Float =
    switch exponent {
    case 0: fraction * 0x1p-24
    case 31: fraction == 0 ? .infinity : .nan
    default: (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  return bits >> 15 == 0 ? magnitude : -magnitude
}
