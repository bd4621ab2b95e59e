// Making tensors, and asking what they are.

import Faults
import Machine
import Tensors

/// The kinds that name a shape.
let shapeKind: Kind = .int | .list | .tuple

/// Tensors from values, rules and files of numbers in memory.
let tensorBuiltins: [Builtin] = [
  Builtin(
    "tensor",
    [
      .required("values", .any, "numbers: nested lists, a range, spikes, or one number"),
      .optional("rounded", .bool, default: "false", "whether ints that no 32-bit float holds become the nearest one"),
    ],
    returns: "tensor", subject: "tensors",
    """
    A tensor of the given numbers: n-dimensional, 32-bit floats. Nested lists must be rectangular.

    Floats are rounded to 32 bits, some seven digits. Ints are counts and names, and never change in silence: one beyond
    16777216 that no 32-bit float holds is an error which says where it stands. Lists hold ints of 64 bits.
    """,
    example: """
      print(tensor([[1, 2], [3, 4]]).shape)   # expect: [2, 2]
      print(tensor([1700000000000001], rounded=true)[0])   # expect: 1699999998017536.0
      """
  ) { (call) throws(Fault) in
    let isRounded = try call.bool(1, default: false)
    guard var tensor = try call[0].convertedToTensor(rounded: isRounded) else { throw notNumbers(call[0]) }
    if let elements = call[0].elements, !elements.isEmpty, elements.allSatisfy({ $0.asBool != nil }) {
      tensor.isMask = true
    }
    return .tensor(tensor)
  },
  filled("zeros", 0, "A tensor of zeros.", "print(sum(zeros([2, 3])))   # expect: 0.0"),
  filled("ones", 1, "A tensor of ones.", "print(sum(ones([2, 3])))   # expect: 6.0"),
  Builtin(
    "full", [.required("shape", shapeKind, "the sizes"), .required("value", .number | .bool, "every element")],
    returns: "tensor", subject: "tensors", "A tensor of one repeated number.",
    example: "print(full([3], 0.5))   # expect: tensor[3] [0.5, 0.5, 0.5]"
  ) { (call) throws(Fault) in
    let isMask = call[1].asBool != nil
    if let value = try call[1].trackedAmount()?.tensor { return .tensor(try value.broadcast(to: try call.ints(0))) }
    let value: Float = isMask ? (call[1].asBool == true ? 1 : 0) : try call.single(1)
    var tensor = try Tensor(filledWith: value, shape: try call.ints(0))
    tensor.isMask = isMask
    return .tensor(tensor)
  },
  Builtin(
    "zeros_like", [.required("x", .array, "a tensor")], returns: "tensor", subject: "tensors",
    "Zeros in the shape of another tensor.", example: "print(zeros_like(tensor([1, 2])))   # expect: tensor[2] [0., 0.]"
  ) { (call) throws(Fault) in .tensor(try Tensor.zeros(try shape(of: call))) },
  Builtin(
    "ones_like", [.required("x", .array, "a tensor")], returns: "tensor", subject: "tensors",
    "Ones in the shape of another tensor.", example: "print(ones_like(tensor([1, 2])))   # expect: tensor[2] [1., 1.]"
  ) { (call) throws(Fault) in .tensor(try Tensor.ones(try shape(of: call))) },
  Builtin(
    "eye", [.required("size", .int, "rows and columns")], returns: "tensor", subject: "tensors",
    "The identity matrix: 1 on the diagonal, 0 elsewhere.",
    example: "print(eye(2))   # expect: tensor[2, 2] [[1., 0.], [0., 1.]]"
  ) { (call) throws(Fault) in .tensor(try Tensor.eye(try call.int(0, atLeast: 0))) },
  Builtin(
    "linspace",
    [
      .required("start", .number, "the first number"), .required("end", .number, "the last number"),
      .optional("count", .int, default: "50", "how many"),
    ],
    returns: "tensor", subject: "tensors",
    "Evenly spaced numbers, both ends included. Whole numbers, or neighbours, that 32-bit floats cannot tell apart are an error.",
    example: "print(linspace(0, 1, 5))   # expect: tensor[5] [0., 0.25, 0.5, 0.75, 1.]"
  ) { (call) throws(Fault) in
    let count = try call.int(2, default: 50, atLeast: 0)
    return .tensor(try Tensor.linspace(try call.number(0), try call.number(1), count: count))
  },
  Builtin(
    "arange",
    [
      .required("start", .number, "the first number, or the end when it stands alone"),
      .optional("end", .number, default: "start", "where to stop; not included"),
      .optional("step", .number, default: "1", "the distance of neighbours"),
    ],
    returns: "tensor", subject: "tensors",
    """
    Numbers from start up to, not including, end; `arange(n)` starts at 0. Each is `start + i * step`, rounded once, and
    one that is the end but for rounding is left out: `arange(1, 1.3, 0.1)` has three. Whole numbers that no 32-bit float
    holds are an error; `list(low..high)` has exact ints.
    """,
    example: "print(arange(3), arange(0, 1, 0.5))   # expect: tensor[3] [0., 1., 2.] tensor[2] [0., 0.5]"
  ) { (call) throws(Fault) in
    for index in 0..<3 {
      guard call.has(index), let int = call[index].asInt, Double(exactly: int) == nil else { continue }
      throw Tensor.notExact(int, as: call.parameterName(index))
    }
    let first = try call.number(0)
    let (start, end) = call.has(1) ? (first, try call.number(1)) : (0, first)
    return .tensor(try Tensor.arange(start, end, step: try call.number(2, default: 1)))
  },
  Builtin(
    "one_hot",
    [
      .required("labels", .array, "class numbers from 0"),
      .optional("classes", .int, default: "the largest label + 1", "how many classes"),
    ],
    returns: "tensor", subject: "tensors", "For each label a row of zeros with a 1 at the label.",
    example: "print(one_hot([1, 0], 3))   # expect: tensor[2, 3] [[0., 1., 0.], [1., 0., 0.]]"
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let labels = try call.tensor(0)
    if call.has(1) { return .tensor(try Tensor.oneHot(labels, classes: try call.int(1, atLeast: 1))) }
    let largest = labels.count == 0 ? -1 : try labels.detached.reduced(.maximum).item ?? -1
    guard let classes = Int(exactly: largest), classes < 1 << 24 else {
      throw call.wrong(0, "must be whole numbers", help: "found \(largest)")
    }
    return .tensor(try Tensor.oneHot(labels, classes: max(classes + 1, 0)))
  },
  Builtin(
    "shape", [.required("x", .array | .tuple, "a tensor")], returns: "list", subject: "tensors",
    "The size of each axis. The same as `x.shape`.", example: "print(shape(zeros([2, 3])))   # expect: [2, 3]"
  ) { (call) throws(Fault) in .list(try shape(of: call).map { .int($0) }) },
  Builtin(
    "size", [.required("x", .array | .tuple, "a tensor")], returns: "int", subject: "tensors",
    "The number of elements.", example: "print(size(zeros([2, 3])))   # expect: 6"
  ) { (call) throws(Fault) in .int(try shape(of: call).reduce(1, *)) },
  Builtin(
    "ndim", [.required("x", .array | .tuple, "a tensor")], returns: "int", subject: "tensors", "The number of axes.",
    example: "print(ndim(zeros([2, 3])))   # expect: 2"
  ) { (call) throws(Fault) in .int(try shape(of: call).count) },
  Builtin(
    "detach", [.required("x", .any, "a number, a tensor, spikes, a network, or a list or a map of these")],
    returns: "the same", subject: "tensors", "The same values, through which no gradient flows.",
    example: "print(grad(x => x * detach(x))(3.0))   # expect: 3.0"
  ) { (call) throws(Fault) in
    if let tensor = call[0].asTensor { return Machine.scalarOrTensor(tensor.detached) }
    return call[0].detached()
  },
]

/// The shape of the first argument, without unpacking spikes.
private func shape(of call: Call) throws(Fault) -> [Int] {
  if let spikes = call[0].asSignal?.spikes { return spikes.shape }
  return try call.tensor(0).shape
}

private func filled(_ name: String, _ value: Float, _ documentation: String, _ example: String) -> Builtin {
  Builtin(
    name, [.required("shape", shapeKind, "the sizes: a list, or one number")], returns: "tensor", subject: "tensors",
    documentation, example: example
  ) { (call) throws(Fault) in .tensor(try Tensor(filledWith: value, shape: try call.ints(0))) }
}

/// What in a value keeps it from being a tensor.
private func notNumbers(_ value: Value) -> Fault {
  var current = value
  var depth = 0
  while depth < 32, let elements = current.elements,
    let culprit = elements.first(where: { ((try? $0.convertedToTensor()) ?? nil) == nil })
  {
    current = culprit
    depth += 1
  }
  let help = current.asQuantity == nil ? nil : "divide by a unit first, or write value(q, unit)"
  return Fault(.type, "a tensor holds numbers", label: "found \(current.description(of: .kind))", help: help)
}
