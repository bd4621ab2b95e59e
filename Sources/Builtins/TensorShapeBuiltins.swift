// Other shapes and orders of the same elements.

import Faults
import Machine
import Tensors

private let allAxes = BuiltinParameter.optional("axis", shapeKind, default: "all", "the axis or axes")

/// Rearranging, joining and padding tensors.
let tensorShapeBuiltins: [Builtin] = [
  Builtin(
    "reshape", [.required("x", .array, "a tensor"), .required("shape", shapeKind, "the new sizes; one may be -1")],
    returns: "tensor", subject: "tensors",
    "The same elements, row by row, under another shape. A size of -1 is worked out from the others.",
    example: "print(reshape(arange(6), [2, -1]).shape)   # expect: [2, 3]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).reshaped(try call.ints(1))) },
  Builtin(
    "transpose",
    [.required("x", .array, "a tensor"), .optional("axes", .list | .tuple, default: "reversed", "their new order")],
    returns: "tensor", subject: "tensors", "The axes in another order; for a matrix, rows become columns.",
    example: "print(transpose(tensor([[1, 2], [3, 4]])))   # expect: tensor[2, 2] [[1., 3.], [2., 4.]]"
  ) { (call) throws(Fault) in
    .tensor(try call.tensor(0).transposed(call.has(1) && !call[1].isNil ? try call.ints(1) : nil))
  },
  Builtin(
    "expand", [.required("x", .array, "a tensor"), .optional("axis", .int, default: "0", "where the new axis stands")],
    returns: "tensor", subject: "tensors", "With a new axis of size 1.",
    example: "print(expand(zeros([3]), -1).shape)   # expect: [3, 1]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).expandedDimension(at: try call.int(1, default: 0))) },
  Builtin(
    "squeeze",
    [.required("x", .array, "a tensor"), .optional("axis", shapeKind, default: "all of size 1", "the axes to drop")],
    returns: "tensor", subject: "tensors", "Without axes of size 1.",
    example: "print(squeeze(zeros([1, 3, 1])).shape)   # expect: [3]"
  ) { (call) throws(Fault) in Machine.scalarOrTensor(try call.tensor(0).squeezed(try axes(call, 1))) },
  Builtin(
    "broadcast", [.required("x", .array, "a tensor"), .required("shape", shapeKind, "the larger shape")],
    returns: "tensor", subject: "tensors",
    "Stretched to a larger shape: axes of size 1 repeat, new ones come in front.",
    example: "print(broadcast([1, 2], [2, 2]))   # expect: tensor[2, 2] [[1., 2.], [1., 2.]]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).broadcast(to: try call.ints(1))) },
  Builtin(
    "concat",
    [.required("tensors", .list | .tuple, "tensors"), .optional("axis", .int, default: "0", "the axis to join along")],
    returns: "tensor", subject: "tensors", "Tensors one after another along an axis that they have.",
    example: "print(concat([tensor([1, 2]), tensor([3])]))   # expect: tensor[3] [1., 2., 3.]"
  ) { (call) throws(Fault) in
    .tensor(try Tensor.concatenate(try tensors(call), along: try call.int(1, default: 0)))
  },
  Builtin(
    "stack",
    [
      .required("tensors", .list | .tuple, "tensors of one shape"),
      .optional("axis", .int, default: "0", "the new axis"),
    ],
    returns: "tensor", subject: "tensors", "Tensors of one shape along a new axis.",
    example: "print(stack([tensor([1, 2]), tensor([3, 4])], axis=1))   # expect: tensor[2, 2] [[1., 3.], [2., 4.]]"
  ) { (call) throws(Fault) in .tensor(try Tensor.stack(try tensors(call), along: try call.int(1, default: 0))) },
  Builtin(
    "flip", [.required("x", .array, "a tensor"), allAxes], returns: "tensor", subject: "tensors",
    "The order along axes reversed.", example: "print(flip([1, 2, 3]))   # expect: tensor[3] [3., 2., 1.]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).flipped(try axes(call, 1))) },
  Builtin(
    "pad",
    [
      .required("x", .array, "a tensor"),
      .required("widths", .int | .list | .tuple, "elements to add: one number for all sides, or a pair for each axis"),
      .optional("value", .number, default: "0", "what to add"),
    ],
    returns: "tensor", subject: "tensors", "With elements added before and after along each axis.",
    example: "print(pad([1, 2], [[1, 2]]))   # expect: tensor[5] [0., 1., 2., 0., 0.]"
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    return .tensor(try x.padded(try widths(call, rank: x.rank), with: try call.single(2, default: 0)))
  },
  Builtin(
    "argsort",
    [
      .required("x", .array, "a tensor"), .optional("axis", .int, default: "-1", "the axis to sort along"),
      .optional("descending", .bool, default: "false", "largest first"),
    ],
    returns: "tensor", subject: "tensors", "The places from which sorting takes the elements.",
    example: "print(argsort([30, 10, 20]))   # expect: tensor[3] [1., 2., 0.]"
  ) { (call) throws(Fault) in
    .tensor(
      try call.tensor(0).argsort(along: try call.int(1, default: -1), descending: try call.bool(2, default: false)))
  },
]

/// The elements of the first argument as tensors.
private func tensors(_ call: Call) throws(Fault) -> [Tensor] {
  var tensors: [Tensor] = []
  for element in try call.elements(0) {
    guard let tensor = try element.convertedToTensor() else {
      throw call.wrong(0, "must be tensors", kind: .type, help: "one is \(element.description(of: .kind))")
    }
    tensors.append(tensor)
  }
  return tensors
}

/// Padding widths: one number for all sides, or a pair for each axis.
private func widths(_ call: Call, rank: Int) throws(Fault) -> [(before: Int, after: Int)] {
  if let all = call[1].asInt { return [(before: Int, after: Int)](repeating: (all, all), count: rank) }
  var pairs: [(before: Int, after: Int)] = []
  for element in try call.elements(1) {
    guard let pair = element.elements, pair.count == 2, let before = pair[0].asInt, let after = pair[1].asInt else {
      throw call.wrong(1, "must be pairs of ints, one for each axis", kind: .type, help: "such as [[1, 1], [0, 2]]")
    }
    pairs.append((before, after))
  }
  return pairs
}
