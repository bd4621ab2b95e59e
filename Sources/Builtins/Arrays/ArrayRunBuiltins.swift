// What changes from neighbour to neighbour, and what all up to a place amount to.

import Faults
import Machine
import Tensors

/// diff and cumprod; cumsum stands with the sums.
let arrayRunBuiltins: [Builtin] = [
  Builtin(
    "diff",
    [
      .required("x", .array, "a tensor, or a list of numbers or quantities"), .optional("axis", .int, default: "-1", "the axis"),
      .optional("times", .int, default: "1", "how often differences are taken"),
    ],
    returns: "tensor or list", subject: "tensors", "The difference of each element to the one before it, one fewer than there were. Of a list of ints or quantities a list.",
    example: "print(diff([1, 4, 9]), diff(tensor([[1, 2], [4, 8]]), axis=0))   # expect: [3, 5] tensor[1, 2] [[3., 6.]]"
  ) { (call) throws(Fault) in
    let times = try call.int(2, default: 1, atLeast: 0)
    if let elements = call[0].elements, elements.allSatisfy({ $0.amount != nil }), !call.has(1) { return try listDifferences(elements, times, call) }
    var x = try call.tensor(0)
    let axis = try Shape.axis(try call.int(1, default: -1), rank: x.rank, of: x.shape)
    for _ in 0..<min(times, x.shape[axis]) {
      x = try x.part(along: axis, from: 1) - x.part(along: axis, to: x.shape[axis] - 1)
    }
    return .tensor(x)
  },
  Builtin(
    "cumprod", [.required("x", .array, "a tensor"), .optional("axis", .int, default: "0", "the axis to multiply along")],
    returns: "tensor", subject: "tensors", "Running products along an axis.",
    example: "print(cumprod([1, 2, 3, 4]))   # expect: tensor[4] [1., 2., 6., 24.]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    let axis = try Shape.axis(try call.int(1, default: 0), rank: x.rank, of: x.shape)
    if x.isTracked { return .tensor(try trackedProducts(x, axis)) }
    let rows = try x.movedToEnd(axis)
    let size = rows.shape.last ?? 1
    let products = try Tensor(shape: rows.shape) { (out) throws(Fault) in
      try rows.withUnsafeBuffer { (values) throws(Fault) in
        var product = 1.0
        try Interrupt.parts(values.count) { part in
          for place in part {
            product = (place % size == 0 ? 1 : product) * Double(values[place])
            out[place] = Float(product)
          }
        }
      }
    }
    return .tensor(try products.movedFromEnd(to: axis))
  },
]

/// Each product from the one before, so that gradients flow through all of them.
private func trackedProducts(_ x: Tensor, _ axis: Int) throws(Fault) -> Tensor {
  var parts: [Tensor] = []
  for place in 0..<x.shape[axis] {
    let next = try x.part(along: axis, from: place, to: place + 1)
    parts.append(try parts.last.map { (last) throws(Fault) in try last * next } ?? next)
  }
  return parts.isEmpty ? x : try Tensor.concatenate(parts, along: axis)
}

private func listDifferences(_ elements: UnsafeBufferPointer<Value>, _ times: Int, _ call: Call) throws(Fault) -> Value {
  var current = Value.list(elements.map { $0.retained() })
  for _ in 0..<min(times, elements.count) {
    let before = current
    defer { before.release() }
    let values = before.elements ?? .none
    current = try ListBuilder.build(capacity: values.count) { (list) throws(Fault) in
      for place in values.indices.dropFirst() { try list.append(try call.machine.difference(values[place], values[place - 1])) }
    }
  }
  return current
}
