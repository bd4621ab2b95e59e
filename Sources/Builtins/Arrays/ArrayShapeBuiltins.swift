// Repeated, shifted and crossed: other arrangements of a tensor's elements. Gradients flow through all of them.

import Faults
import Machine
import Tensors

/// Copies side by side, shifts, diagonals and grids.
let arrayShapeBuiltins: [Builtin] = [
  Builtin(
    "tile", [.required("x", .array, "a tensor"), .required("counts", shapeKind, "how often along each axis; one number stands for the last")],
    returns: "tensor", subject: "tensors", "Copies of the whole tensor side by side. With more counts than axes, new axes come in front.",
    example: "print(tile([1, 2], 3), tile([1, 2], [2, 1]).shape)   # expect: tensor[6] [1., 2., 1., 2., 1., 2.] [2, 2]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    var counts = try call.ints(1)
    if let low = counts.first(where: { $0 < 0 }) { throw call.wrong(1, "must not be negative, found \(low)") }
    let rank = max(x.rank, counts.count)
    counts = [Int](repeating: 1, count: rank - counts.count) + counts
    let sizes = [Int](repeating: 1, count: rank - x.rank) + x.shape
    var (apart, wide, whole): ([Int], [Int], [Int]) = ([], [], [])
    for (size, count) in zip(sizes, counts) {
      apart += [1, size]
      wide += [count, size]
      let (product, overflow) = size.multipliedReportingOverflow(by: count)
      whole.append(overflow ? Int.max : product)
    }
    _ = try Shape.count(whole)
    return .tensor(try x.reshaped(apart).broadcast(to: wide).reshaped(whole))
  },
  Builtin(
    "repeat",
    [
      .required("x", .array | .string | .tuple, "a tensor, a list or a text"), .required("count", .int | .list, "how often; for a tensor also one number for each element"),
      .optional("axis", .int, default: "all, in one row", "the axis of a tensor along which elements are repeated"),
    ],
    returns: "tensor, list or string", subject: "tensors",
    "Each element of a tensor several times, one behind the other; a list or a text as a whole several times. `tile` repeats a tensor as a whole.",
    example: "print(repeat(tensor([1, 2]), 2), repeat([1, 2], 2), repeat(\"ab\", 3))   # expect: tensor[4] [1., 1., 2., 2.] [1, 2, 1, 2] ababab"
  ) { (call) throws(Fault) in
    if let text = call[0].asString { return .string(try repeatedText(text, try call.int(1), call)) }
    if let elements = call[0].elements, !call.has(2) { return try repeatedList(elements, call) }
    var x = try call.tensor(0)
    let axis = call.has(2) && !call[2].isNil ? try Shape.axis(try call.int(2), rank: x.rank, of: x.shape) : 0
    if !call.has(2) || call[2].isNil { x = try x.reshaped([x.count]) }
    let size = x.shape[axis]
    let counts = call[1].elements == nil ? [Int](repeating: try call.int(1), count: size) : try call.ints(1)
    if let low = counts.first(where: { $0 < 0 }) { throw call.wrong(1, "must not be negative, found \(low)") }
    guard counts.count == size else { throw call.wrong(1, "must have a number for each of \(size) places, found \(counts.count)") }
    var places: [Int] = []
    for (place, count) in counts.enumerated() {
      try MemoryLimit.check((places.count + min(count, 1 << 40)) * 8, for: "repeated elements")
      places += [Int](repeating: place, count: count)
    }
    return .tensor(try x.gathered(places, along: axis))
  },
  Builtin(
    "roll",
    [
      .required("x", .array, "a tensor"), .required("shift", .int, "by how many places; negative is towards the front"),
      .optional("axis", .int, default: "all, as one row", "the axis"),
    ],
    returns: "tensor", subject: "tensors", "Elements moved along an axis; those pushed out at the end come in at the front.",
    example: "print(roll([1, 2, 3, 4], 1))   # expect: tensor[4] [4., 1., 2., 3.]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    guard call.has(2), !call[2].isNil else {
      return .tensor(try rolled(try x.reshaped([x.count]), try call.int(1), along: 0).reshaped(x.shape))
    }
    return .tensor(try rolled(x, try call.int(1), along: try call.int(2)))
  },
  Builtin(
    "meshgrid", [.rest("axes", .array, "the points of each axis")], returns: "list", subject: "tensors",
    "The coordinates of a grid's points: a tensor for each axis, all of the grid's shape, the first axis counting the rows.",
    example: "let (x, y) = meshgrid([1, 2], [5, 6, 7])\nprint(x, y.shape)   # expect: tensor[2, 3] [[1., 1., 1.], [2., 2., 2.]] [2, 3]"
  ) { (call) throws(Fault) in
    var axes: [Tensor] = []
    for value in call.rest {
      guard let axis = try value.convertedToTensor(), axis.rank == 1 else {
        throw Fault(.shape, "`meshgrid` takes rows of points", label: "found \(value.description(of: .kind))", help: "meshgrid([0, 1], [0, 1, 2])")
      }
      axes.append(axis)
    }
    if axes.isEmpty { throw Fault(.call, "`meshgrid` needs the points of an axis", help: "meshgrid([0, 1], [0, 1, 2])") }
    let shape = axes.map(\.count)
    return try ListBuilder.build { (list) throws(Fault) in
      for (place, axis) in axes.enumerated() {
        var alone = [Int](repeating: 1, count: axes.count)
        alone[place] = axis.count
        try list.append(.tensor(try axis.reshaped(alone).broadcast(to: shape)))
      }
    }
  },
  Builtin(
    "diagonal", [.required("x", .array, "a matrix, or a row that becomes a diagonal"), .optional("offset", .int, default: "0", "how far above the main diagonal")],
    returns: "tensor", subject: "tensors", "The diagonal of a matrix; of a row, the square matrix that has it as its diagonal and 0 elsewhere.",
    example: "print(diagonal([[1, 2], [3, 4]]), diagonal([1, 2]))   # expect: tensor[2] [1., 4.] tensor[2, 2] [[1., 0.], [0., 2.]]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    let offset = try call.int(1, default: 0)
    if x.rank == 1 {
      let (size, overflow) = x.count.addingReportingOverflow(Int(clamping: offset.magnitude))
      if overflow { throw call.wrong(1, "is too large", kind: .limit) }
      let places = (0..<x.count).map { (max(0, -offset) + $0) * size + max(0, offset) + $0 }
      let flat = try Tensor.zeros([size, size]).reshaped([-1]).assigning(x, at: [.gather(places)])
      return .tensor(try flat.reshaped([size, size]))
    }
    guard x.rank == 2 else { throw call.wrong(0, "must be a matrix or a row, found the shape \(Shape.text(x.shape))", kind: .shape) }
    let (rows, columns) = (x.shape[0], x.shape[1])
    let (first, start) = offset < 0 ? (0 &- offset, 0) : (0, offset)
    let count = max(0, min(rows &- first, columns &- start))
    return .tensor(try x.reshaped([x.count]).indexed([.gather((0..<count).map { (first + $0) * columns + start + $0 })]))
  },
]

private func rolled(_ x: Tensor, _ shift: Int, along axis: Int) throws(Fault) -> Tensor {
  let size = x.shape[try Shape.axis(axis, rank: x.rank, of: x.shape)]
  if size == 0 { return x }
  let cut = (size - (shift % size + size) % size) % size
  if cut == 0 { return x }
  return try Tensor.concatenate([try x.part(along: axis, from: cut), try x.part(along: axis, to: cut)], along: axis)
}

private func repeatedText(_ text: String, _ count: Int, _ call: Call) throws(Fault) -> String {
  if count < 0 { throw call.wrong(1, "must not be negative, found \(count)") }
  let (bytes, overflow) = text.utf8.count.multipliedReportingOverflow(by: count)
  try MemoryLimit.check(overflow ? Int.max : bytes, for: "a repeated text")
  return String(repeating: text, count: count)
}

private func repeatedList(_ elements: UnsafeBufferPointer<Value>, _ call: Call) throws(Fault) -> Value {
  let count = try call.int(1, atLeast: 0)
  let (total, overflow) = elements.count.multipliedReportingOverflow(by: count)
  try call.machine.checkSize(overflow ? Int.max : total, of: .list)
  return try ListBuilder.build(call[0].tag == .tuple ? .tuple : .list, capacity: total) { (list) throws(Fault) in
    for _ in 0..<count { for element in elements { try list.append(element.retained()) } }
  }
}
