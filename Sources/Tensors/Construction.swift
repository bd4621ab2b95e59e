// Tensors made from a rule, and comparisons of whole tensors.

import Faults
import Glibc
import Kernels

extension Tensor {
  /// A row for each label, 0 but for a 1 at the label: [...labels, classes].
  ///
  /// - Throws: `.value` for a label that isn't a whole number in 0..<classes.
  public static func oneHot(_ labels: Tensor, classes: Int) throws(Fault) -> Tensor {
    if labels.isTracked { throw Tape.leaving("a label") }
    var result = try Tensor.zeros(labels.shape + [classes])
    try result.withUnsafeMutableBuffer { (out) throws(Fault) in
      try labels.withUnsafeBuffer { (labels) throws(Fault) in
        for (row, label) in labels.enumerated() {
          if row & 0xFFFF == 0xFFFF { try Interrupt.check() }
          guard let place = Int(exactly: label), place >= 0, place < classes else {
            throw Fault(
              .value, "a label is not a class", label: "label \(label) with \(counted(classes, "class", "classes"))",
              help: "labels are whole numbers from 0 to \(classes - 1)")
          }
          out[row * classes + place] = 1
        }
      }
    }
    return result
  }

  /// `count` numbers evenly spaced from `start` to `end`, both included.
  ///
  /// - Throws: `.value` for whole numbers, or neighbours, that 32-bit floats cannot tell apart.
  public static func linspace(_ start: Double, _ end: Double, count: Int) throws(Fault) -> Tensor {
    guard start.isFinite, end.isFinite else {
      throw Fault(.value, "a range needs finite bounds", label: "from \(start) to \(end)")
    }
    let gaps = Double(max(count - 1, 1))
    let isWhole = start.rounded() == start && (end - start).remainder(dividingBy: gaps) == 0
    return try evenly(count, step: (end - start) / gaps, isWhole: isWhole, mayStay: start == end) { i in
      i > 0 && i == count - 1 ? end : start + (end - start) * (Double(i) / gaps)
    }
  }

  /// The numbers of a rule, each rounded once.
  ///
  /// - Parameters:
  ///   - isWhole: whether they are whole numbers, none of which may be changed.
  ///   - mayStay: whether neighbours may be equal.
  private static func evenly(
    _ count: Int, step: Double, isWhole: Bool, mayStay: Bool = false, _ number: (Int) -> Double
  ) throws(Fault) -> Tensor {
    try Tensor(shape: [count]) { (out) throws(Fault) in
      for i in 0..<count {
        let number = number(i)
        out[i] = Float(number)
        if isWhole, Double(out[i]) != number { throw Tensor.notExact(Int(exactly: number).map { "\($0)" } ?? "\(number)", at: [i]) }
        if i > 0, !mayStay, out[i] == out[i - 1] {
          throw Fault(
            .value, "32-bit floats cannot tell these numbers apart",
            label: "\(number) and the one before it, \(step) apart, are the same",
            help: "list(low..high) has exact ints; a comprehension has 64-bit floats")
        }
      }
    }
  }

  /// Numbers from `start` up to, not including, `end`, `step` apart: `start + i step`, each rounded once. A number that
  /// differs from the end by no more than the rounding of the bounds is the end, so `arange(1, 1.3, 0.1)` has three.
  ///
  /// - Throws: `.value` for whole numbers, or neighbours, that 32-bit floats cannot tell apart.
  public static func arange(_ start: Double, _ end: Double, step: Double = 1) throws(Fault) -> Tensor {
    guard step != 0, step.isFinite, start.isFinite, end.isFinite else {
      throw Fault(
        .value, "a range needs finite bounds and a step that is not 0",
        label: "from \(start) to \(end) by \(step)")
    }
    let steps = (end - start) / step
    let nearest = steps.rounded()
    let rounding = 4 * (max(abs(start), abs(end)) / abs(step)).ulp
    let number = abs(steps - nearest) <= rounding ? nearest : Glibc.ceil(steps)
    let count = number <= 0 ? 0 : Int(exactly: number) ?? .max
    let isWhole = start.rounded() == start && step.rounded() == step
    return try evenly(count, step: step, isWhole: isWhole) { i in start + Double(i) * step }
  }

  /// Whether no element is nan or infinite.
  public var isFinite: Bool { firstNotFinite == nil }

  /// Where the first element stands that is nan or infinite.
  private var firstNotFinite: Int? {
    withUnsafeBuffer { values in
      // A finite sum has finite terms, and takes a fraction of the time that looking at each does.
      guard let start = values.baseAddress, !kernels.sumOfRun(start, count: values.count).isFinite else { return nil }
      return values.firstIndex { !$0.isFinite }
    }
  }

  /// A fault where an element is nan or infinite, naming it; `owner` says whose elements they are.
  public func checkFinite(_ owner: String) throws(Fault) {
    guard let place = firstNotFinite else { return }
    let value = withUnsafeBuffer { $0[place] }
    throw Fault(
      .value, "\(owner) must be finite numbers", label: "found \(NumberText.whole(value)) at \(Shape.text(Shape.index(of: place, in: shape)))",
      help: "a nan usually comes from 0 / 0 in the preparation of the data")
  }

  /// The refusal of a whole number that a 32-bit float would change, with where it stands.
  public static func notExact(
    _ number: some CustomStringConvertible, at place: [Int] = [], as name: String? = nil
  ) -> Fault {
    let found = name.map { "`\($0)` is \(number)" } ?? "it is \(number)"
    return Fault(
      .value, "a tensor cannot hold this whole number",
      label: found + (place.isEmpty ? "" : ", at \(Shape.text(place))")
        + "; 32-bit floats hold only some of those beyond 16777216",
      help: "keep such numbers in a list of ints, or subtract a constant first; float(n), or rounded=true in `tensor` and "
        + "in readers of files, asks for the nearest")
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

  /// How many elements fall into each of equal bins from `low` to `high` (the extremes unless given), by the edges that
  /// are given back: a bin has the elements from its lower edge up to, not including, its upper one, which the last bin
  /// includes. Elements outside, and nan, aren't counted. So NumPy counts 32-bit floats.
  ///
  /// - Returns: the counts, and the edges of the bins (one more).
  /// - Throws: `.value` for bounds in the wrong order, or bins so narrow that 32-bit floats cannot tell their edges apart.
  public func histogram(
    bins: Int, low: Float? = nil, high: Float? = nil
  ) throws(Fault) -> (counts: [Int], edges: [Float]) {
    if isTracked { throw Tape.leaving("a histogram") }
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
      let edges = (0...bins).map { $0 == bins ? Float(last) : Float(first + Double($0) * width) }
      guard zip(edges, edges.dropFirst()).allSatisfy(<) else {
        throw Fault(
          .value, "these bins are too narrow", label: "\(bins) bins from \(first) to \(last)",
          help: "32-bit floats cannot tell their edges apart; take fewer bins, or subtract a constant first")
      }
      return (binCounts(of: values, edges: edges), edges)
    }
  }
}

/// How many values fall into each bin between neighbouring edges, which rise and are evenly spaced but for rounding. A bin
/// has its lower edge, and the last one its upper edge too; values outside and nan are left out.
public func binCounts<Number: BinaryFloatingPoint>(of values: some Sequence<Number>, edges: [Number]) -> [Int] {
  let bins = edges.count - 1
  guard bins > 0 else { return [] }
  var counts = [Int](repeating: 0, count: bins)
  let (first, last) = (edges[0], edges[bins])
  let scale = Double(bins) / (Double(last) - Double(first))
  for value in values where value >= first && value <= last {
    // The guess is one off at most where rounding moved a value or an edge; the edges decide.
    let guess = (Double(value) - Double(first)) * scale
    var bin = guess < Double(bins) ? Int(guess) : bins - 1
    while bin > 0, value < edges[bin] { bin -= 1 }
    while bin < bins - 1, value >= edges[bin + 1] { bin += 1 }
    counts[bin] += 1
  }
  return counts
}
