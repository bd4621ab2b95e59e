// Tensors made from a rule, and comparisons of whole tensors.

import Faults
import Glibc
import Kernels

extension Tensor {
  /// A row for each label, 0 but for a 1 at the label: [...labels, classes].
  ///
  /// - Throws: `.value` for a label that isn't a whole number in 0..<classes.
  public static func oneHot(_ labels: Tensor, classes: Int) throws(Fault) -> Tensor {
    var result = try Tensor.zeros(labels.shape + [classes])
    try result.withUnsafeMutableBuffer { (out) throws(Fault) in
      try labels.withUnsafeBuffer { (labels) throws(Fault) in
        for (row, label) in labels.enumerated() {
          guard let place = Int(exactly: label), place >= 0, place < classes else {
            throw Fault(
              .value, "a label is not a class", label: "label \(label) with \(classes) classes",
              help: "labels are whole numbers from 0 to \(classes - 1)")
          }
          out[row * classes + place] = 1
        }
      }
    }
    return result
  }

  /// `count` numbers evenly spaced from `start` to `end`, both included.
  public static func linspace(_ start: Double, _ end: Double, count: Int) throws(Fault) -> Tensor {
    try Tensor(shape: [count]) { out in
      let gaps = Double(max(count - 1, 1))
      for i in 0..<count { out[i] = Float(start + (end - start) * (Double(i) / gaps)) }
      if count > 1 { out[count - 1] = Float(end) }
    }
  }

  /// Numbers from `start` up to, not including, `end`, `step` apart.
  public static func arange(_ start: Double, _ end: Double, step: Double = 1) throws(Fault) -> Tensor {
    guard step != 0, step.isFinite, start.isFinite, end.isFinite else {
      throw Fault(
        .value, "a range needs finite bounds and a step that is not 0",
        label: "from \(start) to \(end) by \(step)")
    }
    let number = Glibc.ceil((end - start) / step)
    let count = number <= 0 ? 0 : Int(exactly: number) ?? .max
    return try Tensor(shape: [count]) { out in
      for i in 0..<count { out[i] = Float(start + Double(i) * step) }
    }
  }

  /// The square matrix with 1 on the diagonal and 0 elsewhere.
  public static func eye(_ size: Int) throws(Fault) -> Tensor {
    var result = try Tensor.zeros([size, size])
    try result.withUnsafeMutableBuffer { out in
      for i in 0..<size { out[i * size + i] = 1 }
    }
    return result
  }

  /// Where |a - b| <= absolute + relative |b|, with broadcasting, as a mask. Equal infinities are close.
  public static func isClose(
    _ a: Tensor, _ b: Tensor, relative: Float = 1e-5, absolute: Float = 1e-8
  ) throws(Fault) -> Tensor {
    let (a, b) = (a.detached, b.detached)
    let bound = try b.unary(.abs) * relative + absolute
    let near = try compare(.lessOrEqual, (a - b).unary(.abs), bound)
    let finite = try compare(.less, b.unary(.abs), scalar(.infinity))
    return try logical(.or, logical(.and, near, finite), compare(.equal, a, b))
  }

  /// Whether all elements are close, with broadcasting.
  public static func allClose(
    _ a: Tensor, _ b: Tensor, relative: Float = 1e-5, absolute: Float = 1e-8
  ) throws(Fault) -> Bool {
    try isClose(a, b, relative: relative, absolute: absolute).reduced(.all).item == 1
  }

  /// Whether both have the same shape and equal elements (nan differs from itself).
  public static func identical(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    return a.withUnsafeBuffer { x in
      b.withUnsafeBuffer { y in x.elementsEqual(y) }
    }
  }

  /// How many elements fall into each of equal bins from `low` to `high` (the extremes unless given); the last bin
  /// includes its upper edge. Elements outside, and nan, aren't counted.
  ///
  /// - Returns: the counts, and the edges of the bins (one more).
  public func histogram(
    bins: Int, low: Float? = nil, high: Float? = nil
  ) throws(Fault) -> (counts: [Int], edges: [Float]) {
    guard bins > 0, bins <= 1 << 24 else { throw Fault(.value, "a histogram needs from 1 to 16777216 bins") }
    return try withUnsafeBuffer { (values) throws(Fault) in
      let finite = values.lazy.filter(\.isFinite)
      var first = Double(low ?? finite.min() ?? 0)
      var last = Double(high ?? finite.max() ?? 1)
      guard first <= last, first.isFinite, last.isFinite else {
        throw Fault(.value, "the lower bound is above the upper", label: "the bounds are \(first) and \(last)")
      }
      if first == last {
        // At large values a half would be lost to rounding.
        let half = max(0.5, abs(first) * 1e-6)
        first -= half
        last += half
      }
      let width = (last - first) / Double(bins)
      var counts = [Int](repeating: 0, count: bins)
      for value in values {
        let value = Double(value)
        if value >= first && value <= last { counts[min(Int((value - first) / width), bins - 1)] += 1 }
      }
      return (counts, (0...bins).map { Float(first + Double($0) * width) })
    }
  }
}
