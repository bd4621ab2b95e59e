// The tensor: the one array type of the language, and the value that every numeric room passes around.

import Faults

/// An n-dimensional array of 32-bit floats: row-major, contiguous, a value (copies share memory until one is written).
///
/// A tensor may be a *mask*, the answer of a comparison: its elements are 0 and 1, it prints `true` and `false`, and
/// arithmetic takes it as numbers. A tensor may be *tracked*: then operations on it are recorded on its `Tape`.
public struct Tensor: @unchecked Sendable {
  var storage: TensorStorage
  var offset: Int
  /// The size of each axis; empty for a single number.
  public internal(set) var shape: [Int]
  /// The number of elements.
  public internal(set) var count: Int
  /// Whether this is the answer of a comparison.
  public var isMask: Bool
  /// Where this tensor stands on a tape; nil when nothing records it, or the tape has been closed.
  public internal(set) var trace: Trace? {
    get { recorded.flatMap { $0.tape.isOpen ? $0 : nil } }
    set { recorded = newValue }
  }
  private var recorded: Trace?

  /// The number of axes.
  public var rank: Int { shape.count }

  /// A tensor with the given elements in row-major order.
  ///
  /// - Throws: `.shape` when the number of elements isn't the product of the sizes; `.value` for a negative size;
  ///   `.limit` when it's too large.
  public init(_ scalars: [Float], shape: [Int]) throws(Fault) {
    try self.init(uninitialized: shape)
    guard scalars.count == count else {
      throw Fault(
        .shape, "the elements do not fill the shape",
        label: "\(counted(scalars.count, "element")) for \(Shape.text(shape)), which holds \(count)")
    }
    scalars.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { base.update(from: start, count: count) }
    }
  }

  /// A tensor of one repeated number.
  public init(filledWith value: Float, shape: [Int]) throws(Fault) {
    try self.init(uninitialized: shape)
    let out = base
    try Parallel.ranges(count, grain: 16 * Parallel.grain) { range in
      (out + range.lowerBound).update(repeating: value, count: range.count)
    }
  }

  /// A tensor whose elements the caller sets through the buffer before anyone reads them.
  public init(shape: [Int], fill: (UnsafeMutableBufferPointer<Float>) throws(Fault) -> Void) throws(Fault) {
    try self.init(uninitialized: shape)
    try fill(UnsafeMutableBufferPointer(start: base, count: count))
  }

  /// Memory for a shape whose elements are not set yet.
  init(uninitialized shape: [Int]) throws(Fault) {
    count = try Shape.count(shape)
    storage = try TensorStorage(count: count, shape: shape)
    offset = 0
    self.shape = shape
    isMask = false
    recorded = nil
  }

  /// The same elements under another shape of the same count, or a part of them from `offset` on.
  init(sharing other: Tensor, shape: [Int], count: Int, offset: Int = 0) {
    storage = other.storage
    self.offset = other.offset + offset
    self.shape = shape
    self.count = count
    isMask = other.isMask
    recorded = nil
  }

  /// A 0-dimensional tensor of one number.
  public static func scalar(_ value: Float) throws(Fault) -> Tensor {
    try Tensor(filledWith: value, shape: [])
  }

  /// All zeros.
  public static func zeros(_ shape: [Int]) throws(Fault) -> Tensor { try Tensor(filledWith: 0, shape: shape) }

  /// All ones.
  public static func ones(_ shape: [Int]) throws(Fault) -> Tensor { try Tensor(filledWith: 1, shape: shape) }

  /// The elements in row-major order, copied.
  public var scalars: [Float] {
    withUnsafeBuffer { Array($0) }
  }

  /// All elements as ints; nil where one is none.
  public var wholeNumbers: [Int]? {
    var isWhole = true
    let ints = withUnsafeBuffer { values in
      values.map { value in
        guard value.magnitude < 0x1p63 else {
          isWhole = false
          return 0
        }
        let int = Int(value)
        if Float(int) != value { isWhole = false }
        return int
      }
    }
    return isWhole ? ints : nil
  }

  /// The one element of a tensor of count 1; nil for any other.
  public var item: Float? { count == 1 ? base.pointee : nil }

  /// The same values, recorded by no tape.
  public var detached: Tensor {
    var copy = self
    copy.trace = nil
    return copy
  }

  /// Whether operations on this tensor are recorded.
  public var isTracked: Bool { trace != nil }

  /// Reads the elements in place. The pointer is valid only inside `body`.
  public func withUnsafeBuffer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: base, count: count))
  }

  /// Writes the elements in place, after making the memory this tensor's own.
  ///
  /// - Throws: `.limit` when a private copy would be too large; `.value` on a tracked tensor, whose history would
  ///   no longer be true.
  public mutating func withUnsafeMutableBuffer<Result>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    if trace != nil { throw Fault(.value, "a tensor under differentiation cannot be changed in place") }
    try makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: base, count: count))
  }

  /// Has the system give a new tensor its memory page by page, in order, before a walk with wide steps that would ask for
  /// thousands of pages in one task and be deaf over it.
  func touch() throws(Fault) {
    let page = 1024
    try Parallel.ranges(count, grain: 256 * page) { range in
      for place in stride(from: range.lowerBound, to: range.upperBound, by: page) { base[place] = 0 }
    }
  }

  /// Where the elements begin. Only for code that keeps the tensor alive.
  var base: UnsafeMutablePointer<Float> { storage.base + offset }

  private mutating func makeUnique() throws(Fault) {
    if isKnownUniquelyReferenced(&storage) { return }
    let copy = try TensorStorage(count: count, shape: shape)
    let (source, target) = (base, copy.base)
    try Interrupt.parts(count, of: 1 << 20) { part in
      (target + part.lowerBound).update(from: source + part.lowerBound, count: part.count)
    }
    storage = copy
    offset = 0
  }
}
