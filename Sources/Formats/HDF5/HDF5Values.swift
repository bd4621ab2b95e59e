// What data sets and attributes of HDF5 hold: numbers, texts, lists of either, and records of named fields.

import Faults

/// The items of an HDF5 array, in row-major order.
public indirect enum HDF5Values: Equatable, Sendable {
  /// Whole numbers, floats or bools; 16-bit floats have become 32-bit ones.
  case numbers(NumericValues)
  /// Texts of fixed or variable length, without what fills them up.
  case texts([String])
  /// A list for each item, each of its own length.
  case lists([HDF5Values])
  /// Items with named fields, a field's values one behind the other; a field that is an array has its sizes.
  case records([HDF5Field], count: Int)

  /// How many items there are.
  public var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .texts(let values): values.count
    case .lists(let values): values.count
    case .records(_, let count): count
    }
  }

  /// What the items are, as messages say it.
  public var noun: String {
    switch self {
    case .numbers: "numbers"
    case .texts: "texts"
    case .lists: "lists"
    case .records: "records"
    }
  }
}

/// A field of records.
public struct HDF5Field: Equatable, Sendable {
  public var name: String
  /// The sizes of the field in one record; none for a single value.
  public var shape: [Int]
  public var values: HDF5Values
}

/// An array of HDF5; a single value has the shape [].
public struct HDF5Array: Equatable, Sendable {
  public var shape: [Int]
  public var values: HDF5Values

  public init(shape: [Int], values: HDF5Values) {
    self.shape = shape
    self.values = values
  }

  /// A single number, or numbers in a shape.
  public init(_ values: NumericValues, shape: [Int]) { self.init(shape: shape, values: .numbers(values)) }

  /// A single text.
  public init(_ text: String) { self.init(shape: [], values: .texts([text])) }

  /// Its numbers; nil where it holds something else.
  public var numbers: NumericValues? { if case .numbers(let values) = values { values } else { nil } }

  /// Its texts; nil where it holds something else.
  public var texts: [String]? { if case .texts(let values) = values { values } else { nil } }

  /// Its text, where it is a single one.
  public var text: String? { texts.flatMap { $0.count == 1 ? $0.first : nil } }

  /// Its whole number, where it is a single one.
  public var integer: Int? { numbers?.integers.flatMap { $0.count == 1 ? $0.first : nil } }
}

extension HDF5Values {
  /// Parts of one array behind each other; they are of one kind, as read from one data set.
  static func joined(_ parts: [HDF5Values]) -> HDF5Values {
    guard parts.count != 1, let first = parts.first else { return parts.first ?? .texts([]) }
    func all<Element>(_: Element.Type, _ own: (HDF5Values) -> Element?) -> [Element] { parts.compactMap(own) }
    switch first {
    case .numbers:
      return .numbers(.joined(all(NumericValues.self) { if case .numbers(let values) = $0 { values } else { nil } }))
    case .texts: return .texts(all([String].self) { if case .texts(let values) = $0 { values } else { nil } }.flatMap { $0 })
    case .lists: return .lists(all([HDF5Values].self) { if case .lists(let values) = $0 { values } else { nil } }.flatMap { $0 })
    case .records(let fields, _):
      let others = all([HDF5Field].self) { if case .records(let fields, _) = $0 { fields } else { nil } }
      let joined = fields.indices.map { place in
        HDF5Field(
          name: fields[place].name, shape: fields[place].shape,
          values: .joined(others.compactMap { place < $0.count ? $0[place].values : nil }))
      }
      return .records(joined, count: parts.reduce(0) { $0 + $1.count })
    }
  }
}

extension NumericValues {
  /// Numbers of one type behind each other.
  static func joined(_ parts: [NumericValues]) -> NumericValues {
    func all<Element>(_: Element.Type, _ own: (NumericValues) -> [Element]?) -> [Element] { parts.flatMap { own($0) ?? [] } }
    guard let first = parts.first else { return .float32([]) }
    return switch first {
    case .bool: .bool(all(Bool.self) { if case .bool(let values) = $0 { values } else { nil } })
    case .uint8: .uint8(all(UInt8.self) { if case .uint8(let values) = $0 { values } else { nil } })
    case .int8: .int8(all(Int8.self) { if case .int8(let values) = $0 { values } else { nil } })
    case .int16: .int16(all(Int16.self) { if case .int16(let values) = $0 { values } else { nil } })
    case .int32: .int32(all(Int32.self) { if case .int32(let values) = $0 { values } else { nil } })
    case .int64: .int64(all(Int64.self) { if case .int64(let values) = $0 { values } else { nil } })
    case .uint64: .uint64(all(UInt64.self) { if case .uint64(let values) = $0 { values } else { nil } })
    case .float32: .float32(all(Float.self) { if case .float32(let values) = $0 { values } else { nil } })
    case .float64: .float64(all(Double.self) { if case .float64(let values) = $0 { values } else { nil } })
    }
  }

  /// The numbers in 64 bits, as near as those come.
  public var doubles: [Double] {
    switch self {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .uint8(let values): values.map { Double($0) }
    case .int8(let values): values.map { Double($0) }
    case .int16(let values): values.map { Double($0) }
    case .int32(let values): values.map { Double($0) }
    case .int64(let values): values.map { Double($0) }
    case .uint64(let values): values.map { Double($0) }
    case .float32(let values): values.map { Double($0) }
    case .float64(let values): values
    }
  }
}
