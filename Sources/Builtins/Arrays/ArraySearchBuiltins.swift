// Where elements are, how many there are of each, and what lies between them.

import Faults
import Machine
import Tensors

private let binsParameter = BuiltinParameter.required("edges", .array, "the edges of the bins, in increasing order")

/// nonzero, topk, bincount, digitize, interp.
let arraySearchBuiltins: [Builtin] = [
  Builtin(
    "nonzero", [.required("x", .array, "a tensor or a mask")], returns: "list", subject: "tensors",
    "Where elements are not 0, or true: a list of places; for several axes, a list of lists with a place for each axis.",
    example: "print(nonzero(tensor([3, 0, 5]) > 1), nonzero([[0, 1], [1, 0]]))   # expect: [0, 2] [[0, 1], [1, 0]]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    let places = try x.placesOfNonzero
    if x.rank == 1 { return try ListBuilder.build(capacity: places.count) { (list) throws(Fault) in try list.append(places) } }
    return try ListBuilder.build(capacity: places.count) { (list) throws(Fault) in
      for place in places { try list.append(.list(Shape.index(of: place, in: x.shape).map { .int($0) })) }
    }
  },
  Builtin(
    "topk",
    [
      .required("x", .array, "a tensor"), .required("k", .int, "how many"), .optional("axis", .int, default: "-1", "the axis along which they are looked for"),
      .optional("largest", .bool, default: "true", "the largest; otherwise the smallest"),
    ],
    returns: "(tensor, tensor)", subject: "tensors", "The k largest elements along an axis, the first of them in front, and their places. Gradients flow to the elements.",
    example: "let (best, places) = topk([3, 9, 4], 2)\nprint(best, places)   # expect: tensor[2] [9., 4.] tensor[2] [1., 2.]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    let axis = try Shape.axis(try call.int(2, default: -1), rank: x.rank, of: x.shape)
    let k = try call.int(1, atLeast: 0)
    guard k <= x.shape[axis] else { throw call.wrong(1, "is \(k), more than the \(x.shape[axis]) elements along axis \(axis)") }
    let rows = try x.movedToEnd(axis)
    let order = try rows.detached.argsort(along: -1, descending: try call.bool(3, default: true)).part(along: -1, to: k)
    let best = try rows.taken(order.scalars.map { Int($0) }, width: k)
    return .pair(.tensor(try best.movedFromEnd(to: axis)), .tensor(try order.movedFromEnd(to: axis)))
  },
  Builtin(
    "bincount",
    [
      .required("x", .array, "whole numbers from 0"), .optional("size", .int, default: "the largest + 1", "how many counts at least"),
      .optional("weights", .array, default: "1 for each", "what each number adds to its count"),
    ],
    returns: "list or tensor", subject: "tensors", "How often each whole number from 0 on occurs: a list of ints, or with weights a tensor of their sums.",
    example: "print(bincount([0, 2, 2]), bincount([0, 1, 1], weights=[0.5, 1, 2]))   # expect: [1, 0, 2] tensor[2] [0.5, 3.]"
  ) { (call) throws(Fault) in
    let numbers = try call.ints(0)
    var (low, largest) = (0, -1)
    for number in numbers { (low, largest) = (min(low, number), max(largest, number)) }
    if low < 0, let first = numbers.first(where: { $0 < 0 }) { throw call.wrong(0, "must not be negative, found \(first)") }
    if largest >= call.machine.limits.elements { throw call.wrong(0, "holds \(largest), up to which there would be too many counts", kind: .limit) }
    let size = max(try call.int(1, default: 0, atLeast: 0), largest + 1)
    if size > call.machine.limits.elements { throw call.wrong(1, "is \(size), which is too many", kind: .limit) }
    guard call.has(2), !call[2].isNil else {
      var counts = [Int](repeating: 0, count: size)
      try counts.withUnsafeMutableBufferPointer { (counts) throws(Fault) in
        try Interrupt.parts(numbers.count) { part in for place in part { counts[numbers[place]] &+= 1 } }
      }
      return .list(counts.map { .int($0) })
    }
    try call.checkPlain(2)
    let weights = try call.tensor(2)
    guard weights.count == numbers.count else { throw call.wrong(2, "must have one for each of \(numbers.count) numbers, found \(weights.count)", kind: .shape) }
    var sums = [Double](repeating: 0, count: size)
    weights.withUnsafeBuffer { weights in for (place, number) in numbers.enumerated() { sums[number] += Double(weights[place]) } }
    return .tensor(try Tensor(sums.map { Float($0) }, shape: [size]))
  },
  Builtin(
    "digitize",
    [.required("x", .array, "numbers"), binsParameter, .optional("right", .bool, default: "false", "whether a bin includes its upper edge, and not its lower one")],
    returns: "int or tensor", subject: "tensors", "The number of the bin that each element falls into: how many edges are not above it, so 0 is below all.",
    example: "print(digitize([0.5, 1, 9], [0, 1, 2]))   # expect: tensor[3] [1., 2., 3.]"
  ) { (call) throws(Fault) in
    let rounded = try increasing(call, 1)
    // Numbers and lists of them have 64 bits, and meet edges of as many; what a tensor holds is rounded like its edges.
    let exact = call[1].elements?.compactMap(\.asNumber) ?? []
    let edges = exact.count == rounded.count ? exact : rounded.map { Double($0) }
    let isRight = try call.bool(2, default: false)
    func bin<Number: BinaryFloatingPoint>(_ value: Number, _ edges: [Number]) -> Int {
      if value.isNaN { return edges.count }
      return firstIndex(edges.count) { isRight ? edges[$0] >= value : edges[$0] > value }
    }
    if let number = call[0].plain.asNumber { return .int(bin(number, edges)) }
    try call.checkPlain(0)
    if let numbers = call[0].elements?.compactMap(\.asNumber), numbers.count == call[0].elements?.count {
      return .tensor(try Tensor(numbers.map { Float(bin($0, edges)) }, shape: [numbers.count]))
    }
    let x = try call.tensor(0)
    return .tensor(try Tensor(x.scalars.map { Float(bin($0, rounded)) }, shape: x.shape))
  },
  Builtin(
    "interp",
    [
      .required("x", .array, "where to read"), .required("xs", .array, "the known places, in increasing order"),
      .required("ys", .array, "the values there"),
    ],
    returns: "float or tensor", subject: "tensors",
    "Values between known points, along straight lines; beyond them the first or last value. Gradients flow to `x` and `ys`.",
    example: "print(interp(1.5, [1, 2], [10, 20]), interp([0, 3], [1, 2], [10, 20]))   # expect: 15.0 tensor[2] [10., 20.]"
  ) { (call) throws(Fault) in
    let places = try increasing(call, 1)
    let (x, values) = (try call.tensor(0), try call.tensor(2))
    guard values.rank == 1, values.count == places.count, let first = places.first, let last = places.last else {
      throw call.wrong(2, "must have a value for each of \(places.count) places, found \(values.count)", kind: .shape)
    }
    if places.count == 1 { return Machine.scalarOrTensor(try values.reshaped([]).broadcast(to: x.shape)) }
    let flat = try x.reshaped([x.count])
    let left = flat.scalars.map { value in min(max(firstIndex(places.count) { places[$0] > value } - 1, 0), places.count - 2) }
    let low = try Tensor(left.map { places[$0] }, shape: [x.count])
    let span = try Tensor(left.map { places[$0 + 1] - places[$0] }, shape: [x.count])
    let share = try (flat.clipped(from: first, to: last) - low) / span
    let (below, above) = (try values.indexed([.gather(left)]), try values.indexed([.gather(left.map { $0 + 1 })]))
    return Machine.scalarOrTensor(try (below + (above - below) * share).reshaped(x.shape))
  },
]

extension Tensor {
  /// The places of elements that are not 0, in order.
  fileprivate var placesOfNonzero: [Int] {
    get throws(Fault) {
      try withUnsafeBuffer { (values) throws(Fault) in
        let count = values.reduce(into: 0) { $0 += $1 != 0 ? 1 : 0 }
        // One place more: each is written before it is known whether it counts.
        var places = [Int](repeating: 0, count: count + 1)
        var next = 0
        try places.withUnsafeMutableBufferPointer { (places) throws(Fault) in
          try Interrupt.parts(values.count) { part in
            for place in part {
              places[next] = place
              next &+= values[place] != 0 ? 1 : 0
            }
          }
        }
        places.removeLast()
        return places
      }
    }
  }
}

/// The first index of 0..<count that passes a test which all later ones pass too; `count` where none does.
private func firstIndex(_ count: Int, where passes: (Int) -> Bool) -> Int {
  var (low, high) = (0, count)
  while low < high {
    let middle = low + (high - low) / 2
    if passes(middle) { high = middle } else { low = middle + 1 }
  }
  return low
}

/// A row of numbers that grow.
private func increasing(_ call: Call, _ index: Int) throws(Fault) -> [Float] {
  try call.checkPlain(index)
  let tensor = try call.tensor(index)
  guard tensor.rank == 1, tensor.count > 0 else { throw call.wrong(index, "must be a row of numbers, found the shape \(Shape.text(tensor.shape))", kind: .shape) }
  let numbers = tensor.scalars
  if let place = numbers.indices.dropFirst().first(where: { !(numbers[$0 - 1] < numbers[$0]) }) {
    throw call.wrong(index, "must increase, found \(floatText(Double(numbers[place - 1]))) before \(floatText(Double(numbers[place])))", help: "sort(x) puts them in order, unique(x) keeps each once")
  }
  return numbers
}
