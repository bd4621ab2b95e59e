// What shapes can do without any data: count, broadcast, and speak in error messages.

import Faults

/// Arithmetic on shapes (lists of axis sizes), and the texts that name them.
public enum Shape {
  /// "[128, 784]".
  public static func text(_ shape: [Int]) -> String {
    "[" + shape.map(String.init).joined(separator: ", ") + "]"
  }

  /// Where the `place`-th element in row-major order stands: [1, 4]. The first size may be that of a list not yet known.
  public static func index(of place: Int, in shape: [Int]) -> [Int] {
    var index: [Int] = []
    var rest = place
    for (axis, size) in shape.enumerated().reversed() {
      index.insert(axis == 0 ? rest : rest % max(size, 1), at: 0)
      rest /= max(size, 1)
    }
    return index
  }

  /// The number of elements, checked: a `.value` fault for a negative size, a `.limit` fault for too many.
  public static func count(_ shape: [Int]) throws(Fault) -> Int {
    var hasZero = false
    for size in shape {
      if size < 0 {
        throw Fault(
          .value, "a size cannot be negative", label: "the shape is \(text(shape))",
          help: "sizes are whole numbers from 0 up")
      }
      if size == 0 { hasZero = true }
    }
    // Sizes beside a zero are multiplied as well, where places are worked out.
    var product = 1
    for size in shape where size > 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { throw tooLarge(shape, bytes: nil) }
      product = next
    }
    if hasZero { return 0 }
    let (bytes, overflow) = product.multipliedReportingOverflow(by: 4)
    if overflow || bytes > Tensor.memoryLimit { throw tooLarge(shape, bytes: overflow ? nil : bytes) }
    return product
  }

  /// The steps, in elements, between neighbours along each axis of a contiguous row-major tensor.
  public static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in stride(from: shape.count - 1, through: 0, by: -1) {
      strides[axis] = step
      step &*= max(shape[axis], 1)
    }
    return strides
  }

  /// The common shape of two tensors under NumPy's rule: sizes match from the right, and 1 stretches.
  ///
  /// - Parameter operation: how the user wrote the operation, for the message (for example `+`).
  public static func broadcast(_ a: [Int], _ b: [Int], operation: String) throws(Fault) -> [Int] {
    if a == b { return a }
    let rank = max(a.count, b.count)
    var result = [Int](repeating: 1, count: rank)
    for i in 0..<rank {
      let left = i < a.count ? a[a.count - 1 - i] : 1
      let right = i < b.count ? b[b.count - 1 - i] : 1
      guard left == right || left == 1 || right == 1 else {
        throw Fault(
          .shape, "shapes do not fit in `\(operation)`",
          label: "the left is \(text(a)), the right is \(text(b))",
          help: "counted from the right, sizes must be equal or 1; here \(left) meets \(right)")
      }
      result[rank - 1 - i] = left == 1 ? right : left
    }
    return result
  }

  /// The axis counted from the front, for `axis` in -rank..<rank.
  public static func axis(_ axis: Int, rank: Int, of shape: [Int]) throws(Fault) -> Int {
    let positive = axis < 0 ? axis + rank : axis
    guard positive >= 0, positive < rank else {
      let span = rank == 0 ? "it has no axes" : "its axes are 0 to \(rank - 1), or -\(rank) to -1 from the end"
      throw Fault(.shape, "no axis \(axis)", label: "the shape is \(text(shape))", help: span)
    }
    return positive
  }

  /// The axes counted from the front, sorted, without repetition; nil means all of them.
  public static func axes(_ axes: [Int]?, of shape: [Int]) throws(Fault) -> [Int] {
    guard let axes else { return Array(shape.indices) }
    var seen = [Bool](repeating: false, count: shape.count)
    for axis in axes {
      let positive = try self.axis(axis, rank: shape.count, of: shape)
      if seen[positive] {
        throw Fault(.value, "axis \(axis) is named twice", label: "the axes are \(text(axes))")
      }
      seen[positive] = true
    }
    return shape.indices.filter { seen[$0] }
  }

  /// A number of bytes with three digits and a binary unit: "3.73 GiB".
  public static func bytesText(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\(NumberText.significant(value, digits: 3)) \(units[unit])"
  }

  /// The fault for a tensor that is too large; nil bytes when their number itself overflows.
  static func tooLarge(_ shape: [Int], bytes: Int?) -> Fault {
    let need = bytes.map { bytesText($0) } ?? "more than 8 EiB"
    let held = Tensor.memoryHeld
    // What is in use matters only to a tensor that would fit alone.
    let fitsAlone = (bytes ?? Int.max) <= Tensor.memoryLimit
    let beside = fitsAlone ? " (\(bytesText(held)) are in use)" : ""
    return Fault(
      .limit, "a tensor is too large for the memory limit",
      label: "shape \(text(shape)) needs \(need); the limit is \(bytesText(Tensor.memoryLimit))\(beside)",
      help: "use smaller batches or fewer steps, or raise the limit")
  }
}
