// What array files hold: numbers of one of a few machine types, with a shape.

/// The numbers of an array file, kept in the type in which they were stored.
public enum NumericValues: Equatable, Sendable {
  case uint8([UInt8])
  case int8([Int8])
  case int16([Int16])
  case int32([Int32])
  case int64([Int64])
  case float32([Float])
  case float64([Double])

  public var count: Int {
    switch self {
    case .uint8(let values): values.count
    case .int8(let values): values.count
    case .int16(let values): values.count
    case .int32(let values): values.count
    case .int64(let values): values.count
    case .float32(let values): values.count
    case .float64(let values): values.count
    }
  }

  /// The numbers rounded to float32.
  public var floats: [Float] {
    switch self {
    case .uint8(let values): values.map { Float($0) }
    case .int8(let values): values.map { Float($0) }
    case .int16(let values): values.map { Float($0) }
    case .int32(let values): values.map { Float($0) }
    case .int64(let values): values.map { Float($0) }
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
    case .uint8(let values): return values.map { Int($0) }
    case .int8(let values): return values.map { Int($0) }
    case .int16(let values): return values.map { Int($0) }
    case .int32(let values): return values.map { Int($0) }
    case .int64(let values): return values.map { Int($0) }
    case .float32(let values): return whole(values)
    case .float64(let values): return whole(values)
    }
  }
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
  case uint8, int8, int16, int32, int64, float32, float64

  /// Bytes a number.
  var width: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  func decode(_ bytes: ArraySlice<UInt8>, littleEndian: Bool) -> NumericValues {
    switch self {
    case .uint8: .uint8(Array(bytes))
    case .int8: .int8(unpack(bytes, as: Int8.self, littleEndian: littleEndian))
    case .int16: .int16(unpack(bytes, as: Int16.self, littleEndian: littleEndian))
    case .int32: .int32(unpack(bytes, as: Int32.self, littleEndian: littleEndian))
    case .int64: .int64(unpack(bytes, as: Int64.self, littleEndian: littleEndian))
    case .float32: .float32(unpack(bytes, as: Float.self, littleEndian: littleEndian))
    case .float64: .float64(unpack(bytes, as: Double.self, littleEndian: littleEndian))
    }
  }
}
