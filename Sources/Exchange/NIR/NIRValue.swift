// What a field of a NIR node holds.

/// Numbers of any rank in row-major order, with the type in which a file keeps them.
public struct NIRArray: Sendable, Equatable {
  /// The types of numbers that NIR files hold.
  public enum Storage: Sendable, Equatable {
    case float32, float64, int64
  }

  /// Empty for a single number.
  public var shape: [Int]
  public var values: [Double]
  public var storage: Storage

  public init(_ values: [Double], shape: [Int]? = nil, storage: Storage = .float64) {
    self.values = values
    self.shape = shape ?? [values.count]
    self.storage = storage
  }

  /// Whole numbers in one row, such as a shape.
  public init(sizes: [Int]) {
    self.init(sizes.map(Double.init), storage: .int64)
  }

  /// One whole number.
  public init(integer: Int) {
    self.init([Double(integer)], shape: [], storage: .int64)
  }

  /// All numbers as ints; nil where one is not whole.
  public var integers: [Int]? {
    let whole = values.compactMap { Int(exactly: $0) }
    return whole.count == values.count ? whole : nil
  }
}

/// A field of a node: numbers, or a word such as "same".
public enum NIRValue: Sendable, Equatable {
  case array(NIRArray)
  case text(String)
}
