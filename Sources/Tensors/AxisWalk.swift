// Work along one axis: the places of extremes, running sums, softmax, and order.

import Faults
import Glibc
import Kernels

extension Tensor {
  /// The place of the first largest element along an axis; nil: in the flattened tensor. A nan counts as largest.
  ///
  /// - Throws: `.value` for no elements.
  public func argmax(over axis: Int? = nil) throws(Fault) -> Tensor { try extremePlaces(axis, largest: true) }

  /// The place of the first smallest element along an axis; nil: in the flattened tensor. A nan counts as smallest.
  public func argmin(over axis: Int? = nil) throws(Fault) -> Tensor { try extremePlaces(axis, largest: false) }

  /// The place of the first largest or smallest element in the flattened tensor; a nan counts as both.
  ///
  /// - Throws: `.value` for no elements.
  public func extremePlace(largest: Bool) throws(Fault) -> Int {
    if count == 0 { throw noExtreme(largest) }
    return withUnsafeBuffer { buffer in
      buffer.baseAddress.map { kernels.extremePlace($0, count: count, step: 1, largest: largest) } ?? 0
    }
  }

  private func noExtreme(_ largest: Bool) -> Fault {
    Fault(
      .value, "an empty tensor has no \(largest ? "largest" : "smallest") element",
      label: "the shape is \(Shape.text(shape))")
  }

  /// A `.limit` fault where places along an axis would be more than a tensor of 32-bit floats can tell apart.
  private static func checkPlaces(_ length: Int) throws(Fault) {
    if length <= 1 << 24 { return }
    throw Fault(
      .limit, "a tensor cannot hold these places", label: "the axis has \(counted(length, "element"))",
      help: "32-bit floats count up to 16777216; go through the axis in parts")
  }

  private func extremePlaces(_ axis: Int?, largest: Bool) throws(Fault) -> Tensor {
    let flat = axis == nil ? viewed(as: [count]) : detached
    let lines = try AxisLines(flat, axis: axis ?? 0)
    if lines.length == 0 { throw noExtreme(largest) }
    try Self.checkPlaces(lines.length)
    var target = flat.shape
    target.remove(at: lines.axis)
    let result = try Tensor(uninitialized: target)
    let out = result.base
    try lines.forEach(in: flat) { index, start in
      out[index] = Float(kernels.extremePlace(start, count: lines.length, step: lines.step, largest: largest))
    }
    return result
  }

  /// The running sum along an axis. Differentiable.
  public func cumulativeSum(over axis: Int) throws(Fault) -> Tensor {
    let lines = try AxisLines(self, axis: axis)
    let result = try Tensor(uninitialized: shape)
    try result.touch()
    let shift = result.base - base
    try lines.forEach(in: self) { _, start in
      kernels.runningSum(start, count: lines.length, step: lines.step, out: UnsafeMutablePointer(mutating: start) + shift)
    }
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient.flipped([lines.axis]).cumulativeSum(over: lines.axis).flipped([lines.axis])]
    }
  }

  /// e^x divided by its sum along an axis, safe from overflow. Differentiable.
  public func softmax(over axis: Int = -1) throws(Fault) -> Tensor {
    let axis = try Shape.axis(axis, rank: rank, of: shape)
    let result = try normalised(axis, logarithmic: false)
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let weighted = try gradient * result
      return [try weighted - result * weighted.sum(over: [axis], keepingDimensions: true)]
    }
  }

  /// The logarithm of softmax along an axis, without loss where softmax is tiny. Differentiable.
  public func logSoftmax(over axis: Int = -1) throws(Fault) -> Tensor {
    let axis = try Shape.axis(axis, rank: rank, of: shape)
    let result = try normalised(axis, logarithmic: true)
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient - result.unary(.exp) * gradient.sum(over: [axis], keepingDimensions: true)]
    }
  }

  private func normalised(_ axis: Int, logarithmic: Bool) throws(Fault) -> Tensor {
    if axis != rank - 1 {
      var order = Array(shape.indices)
      order.swapAt(axis, rank - 1)
      return try detached.transposed(order).normalised(rank - 1, logarithmic: logarithmic).transposed(order)
    }
    let width = shape[axis]
    let result = try Tensor(uninitialized: shape)
    if count == 0 { return result }
    let (source, out) = (UnsafePointer(base), result.base)
    try Parallel.rows(count / width, width: width * 8) { rows in
      for row in rows {
        kernels.softmaxRow(source + row * width, count: width, logarithmic: logarithmic, out: out + row * width)
      }
    }
    return result
  }

  /// The elements along an axis from small to large (nan last), or from large to small. Differentiable.
  public func sorted(along axis: Int = -1, descending: Bool = false) throws(Fault) -> Tensor {
    let lines = try AxisLines(self, axis: axis)
    if !isTracked, lines.lineCount == 1 {
      var result = try RadixSort.sorted(self, descending: descending)
      result.isMask = isMask
      return result
    }
    try Self.checkPlaces(lines.length)
    let places = try argsort(along: axis, descending: descending)
    let result = try detached.taken(at: places, lines)
    guard let tape = trace?.tape else { return result }
    let shape = self.shape
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let back = try Tensor(uninitialized: shape)
      let (out, order) = (back.base, UnsafePointer(places.base))
      let origin = UnsafePointer(gradient.base)
      try lines.forEach(in: gradient) { _, start in
        let first = start - origin
        for i in 0..<lines.length {
          out[first + Int(order[first + i * lines.step]) * lines.step] = start[i * lines.step]
        }
      }
      return [back]
    }
  }

  /// The places from which sorting takes the elements; equal elements keep their order.
  public func argsort(along axis: Int = -1, descending: Bool = false) throws(Fault) -> Tensor {
    let lines = try AxisLines(self, axis: axis)
    try Self.checkPlaces(lines.length)
    let result = try Tensor(uninitialized: shape)
    let shift = result.base - base
    for line in 0..<lines.lineCount {
      let start = lines.start(of: line, in: self)
      let out = UnsafeMutablePointer(mutating: start) + shift
      let order = try RadixSort.order(of: start, count: lines.length, step: lines.step, descending: descending)
      for (i, packed) in order.enumerated() { out[i * lines.step] = Float(packed & 0xFFFF_FFFF) }
    }
    return result
  }

  /// The elements at the given places along an axis, line by line.
  private func taken(at places: Tensor, _ lines: AxisLines) throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    try result.touch()
    let (out, order, origin) = (result.base, UnsafePointer(places.base), UnsafePointer(base))
    try lines.forEach(in: self) { _, start in
      let first = start - origin
      for i in 0..<lines.length {
        out[first + i * lines.step] = start[Int(order[first + i * lines.step]) * lines.step]
      }
    }
    return result
  }
}

/// The lines of a tensor along one axis: each starts somewhere and has `length` elements `step` apart.
struct AxisLines {
  let axis: Int
  let length: Int
  let step: Int
  let lineCount: Int

  init(_ tensor: Tensor, axis: Int) throws(Fault) {
    self.axis = try Shape.axis(axis, rank: tensor.rank, of: tensor.shape)
    length = tensor.shape[self.axis]
    step = tensor.shape[(self.axis + 1)...].reduce(1, *)
    lineCount = tensor.shape[..<self.axis].reduce(1, *) * step
  }

  /// Where a line begins.
  func start(of line: Int, in tensor: Tensor) -> UnsafePointer<Float> {
    UnsafePointer(tensor.base) + line / step * length * step + line % step
  }

  /// Calls `body` with each line's number (in row-major order of the other axes) and first element.
  func forEach(in tensor: Tensor, _ body: (Int, UnsafePointer<Float>) -> Void) throws(Fault) {
    let source = UnsafePointer(tensor.base)
    try Parallel.rows(lineCount, width: length * 8) { lines in
      for line in lines { body(line, source + line / step * length * step + line % step) }
    }
  }
}
