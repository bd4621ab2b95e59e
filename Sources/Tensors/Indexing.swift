// Reading and writing parts of a tensor through an index.

import Faults
import Kernels

/// What an index selects: a walk over the tensor's places and the shape of the result.
private struct Selection {
  let walk: StridedWalk
  let shape: [Int]

  init(_ indices: [TensorIndex], of tensor: Tensor) throws(Fault) {
    let steps = Shape.strides(tensor.shape)
    var axis = 0
    var start = 0
    var sizes: [Int] = []
    var offsets: [AxisOffsets] = []
    for index in indices {
      if case .newAxis = index {
        sizes.append(1)
        offsets.append(.step(0))
        continue
      }
      guard axis < tensor.rank else { throw Selection.tooMany(indices, tensor) }
      let size = tensor.shape[axis]
      let step = steps[axis]
      switch index {
      case .at(let place):
        start += try Selection.place(place, size: size, axis: axis, of: tensor) * step
      case .range(let low, let high, let stride):
        let range = try Selection.range(low, high, stride, size: size)
        start += range.count == 0 ? 0 : range.first * step
        sizes.append(range.count)
        offsets.append(.step(stride &* step))
      case .gather(let places):
        var table: [Int] = []
        table.reserveCapacity(places.count)
        for place in places {
          table.append(try Selection.place(place, size: size, axis: axis, of: tensor) * step)
        }
        sizes.append(table.count)
        offsets.append(.table(table))
      case .mask(let mask):
        let table = try Selection.places(of: mask, from: axis, steps: steps, tensor)
        sizes.append(table.count)
        offsets.append(.table(table))
        axis += mask.rank - 1
      case .all, .newAxis:
        sizes.append(size)
        offsets.append(.step(step))
      }
      axis += 1
    }
    while axis < tensor.rank {
      sizes.append(tensor.shape[axis])
      offsets.append(.step(steps[axis]))
      axis += 1
    }
    shape = sizes
    walk = StridedWalk(start: start, sizes: sizes, offsets: offsets)
  }

  private static func tooMany(_ indices: [TensorIndex], _ tensor: Tensor) -> Fault {
    let taken = indices.reduce(0) { sum, index in
      switch index {
      case .newAxis: sum
      case .mask(let mask): sum + mask.rank
      default: sum + 1
      }
    }
    return Fault(
      .shape, "too many indices", label: "\(taken) for a tensor of shape \(Shape.text(tensor.shape))",
      help: tensor.rank == 0 ? "a single number is not indexed" : "it takes up to \(tensor.rank)")
  }

  private static func place(_ place: Int, size: Int, axis: Int, of tensor: Tensor) throws(Fault) -> Int {
    let positive = place < 0 ? place &+ size : place
    guard positive >= 0, positive < size else {
      throw Fault(
        .value, "index \(place) is out of range",
        label: "axis \(axis) of shape \(Shape.text(tensor.shape)) has size \(size)",
        help: size == 0 ? "the axis is empty" : "places are 0 to \(size - 1), or -\(size) to -1 from the end")
    }
    return positive
  }

  /// Python's rule for slices: bounds are cut to the axis.
  private static func range(
    _ low: Int?, _ high: Int?, _ step: Int, size: Int
  ) throws(Fault) -> (first: Int, count: Int) {
    if step == 0 || step == .min { throw Fault(.value, "the step of a range cannot be \(step)") }
    func bound(_ value: Int) -> Int { value < 0 ? value &+ size : value }
    if step > 0 {
      let first = min(max(bound(low ?? 0), 0), size)
      let end = min(max(bound(high ?? size), 0), size)
      return (first, end <= first ? 0 : (end - first - 1) / step + 1)
    }
    let first = min(max(low.map(bound) ?? size - 1, -1), size - 1)
    let end = min(max(high.map(bound) ?? -1, -1), size - 1)
    return (max(first, 0), first <= end ? 0 : (first - end - 1) / -step + 1)
  }

  private static func places(
    of mask: Tensor, from axis: Int, steps: [Int], _ tensor: Tensor
  ) throws(Fault) -> [Int] {
    let end = axis + mask.rank
    guard mask.rank > 0, end <= tensor.rank, Array(tensor.shape[axis..<end]) == mask.shape else {
      throw Fault(
        .shape, "the mask does not fit the tensor",
        label: "the mask is \(Shape.text(mask.shape)), the tensor is \(Shape.text(tensor.shape))",
        help: "a mask has the sizes of the axes that it selects from")
    }
    let step = steps[end - 1]
    return try mask.withUnsafeBuffer { (values) throws(Fault) in
      var places: [Int] = []
      try Interrupt.parts(values.count) { part in for place in part where values[place] != 0 { places.append(place * step) } }
      return places
    }
  }
}

extension Tensor {
  /// The part that an index selects; axes without an entry are kept whole. Differentiable. A part that is one unbroken
  /// stretch shares this tensor's memory.
  ///
  /// - Throws: `.value` for a place out of range, `.shape` for too many entries or a mask that doesn't fit.
  public func indexed(_ indices: [TensorIndex]) throws(Fault) -> Tensor {
    let selection = try Selection(indices, of: self)
    let result: Tensor
    if let start = selection.walk.contiguousStart {
      let number = selection.shape.reduce(1, *)
      result = Tensor(sharing: self, shape: selection.shape, count: number, offset: number == 0 ? 0 : start)
    } else {
      result = try copied(selection.walk, shape: selection.shape)
    }
    guard let tape = trace?.tape else { return result }
    let original = shape
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      var spread = try Tensor.zeros(original)
      try spread.scatter(gradient, along: selection.walk, adding: true)
      return [spread]
    }
  }

  /// A copy in which the selected part is replaced by a value, which is stretched to it. Differentiable in both. Where
  /// an index lists a place twice, the last value stays.
  public func assigning(_ value: Tensor, at indices: [TensorIndex]) throws(Fault) -> Tensor {
    var result = detached
    try result.assign(value.detached, at: indices)
    guard let tape = try Tape.common([self, value]) else { return result }
    let selection = try Selection(indices, of: self)
    let valueShape = value.shape
    let (wantsBase, wantsValue) = (isTracked, value.isTracked)
    return try tape.record(inputs: [self, value], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      var kept: Tensor?
      var taken: Tensor?
      if wantsBase {
        var outside = gradient
        try outside.scatter(Tensor.zeros(selection.shape), along: selection.walk, adding: false)
        kept = outside
      }
      if wantsValue { taken = try gradient.copied(selection.walk, shape: selection.shape).summed(to: valueShape) }
      return [kept, taken]
    }
  }

  /// Replaces the selected part in place (the memory is made this tensor's own first). Neither may be tracked.
  public mutating func assign(_ value: Tensor, at indices: [TensorIndex]) throws(Fault) {
    if value.isTracked { throw Fault(.value, "a tracked value cannot be written in place") }
    let selection = try Selection(indices, of: self)
    let common = try Shape.broadcast(selection.shape, value.shape, operation: "=")
    guard common.reduce(1, *) == selection.shape.reduce(1, *) else {
      throw Fault(
        .shape, "the value does not fit its place",
        label: "the place is \(Shape.text(selection.shape)), the value is \(Shape.text(value.shape))")
    }
    let stretched = try value.broadcast(to: common)
    try scatter(stretched, along: selection.walk, adding: false)
    isMask = isMask && value.isMask
  }

  /// How far from the first element a place along one more axis lies, behind the offset along the axes before it; nil where
  /// it is out of range.
  public func offset(of place: Int, axis: Int, behind outer: Int) -> Int? {
    let size = shape[axis]
    let positive = place < 0 ? place &+ size : place
    return positive >= 0 && positive < size ? outer * size + positive : nil
  }

  /// Replaces neighbouring elements from an offset on by one number, after making the memory this tensor's own.
  public mutating func setNumbers(_ number: Float, at offset: Int, count: Int) throws(Fault) {
    try withUnsafeMutableBuffer { (mine) throws(Fault) in
      if count == 1 {
        mine[offset] = number
      } else {
        try Interrupt.parts(count, of: 1 << 20) { part in mine[offset + part.lowerBound..<offset + part.upperBound].update(repeating: number) }
      }
    }
  }

  /// Writes (or adds) a tensor's elements at the places of a walk, in order.
  private mutating func scatter(_ value: Tensor, along walk: StridedWalk, adding: Bool) throws(Fault) {
    if value.count == 0 { return }
    let width = walk.innerCount
    let source = UnsafePointer(value.base)
    try withUnsafeMutableBuffer { (mine) throws(Fault) in
      guard let out = mine.baseAddress else { return }
      for row in 0..<walk.rowCount {
        if row & 4095 == 4095 { try Interrupt.check() }
        let target = out + walk.offset(ofRow: row)
        let from = source + row * width
        switch walk.inner {
        case .step(let step) where !adding: kernels.spreadStrided(count: width, from: from, to: target, step: step)
        case .step(let step): for i in 0..<width { target[i * step] += from[i] }
        case .table(let table):
          try Interrupt.parts(width) { part in
            for i in part { target[table[i]] = adding ? target[table[i]] + from[i] : from[i] }
          }
        }
      }
    }
    withExtendedLifetime(value) {}
  }
}
