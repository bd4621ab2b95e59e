// Statistics, choices and products of tensors. Numbers and lists of numbers are taken too.

import Faults
import Glibc
import Language
import Machine
import Tensors

private let axisParameter = BuiltinParameter.optional("axis", shapeKind, default: "all", "the axis or axes to reduce")
private let keepParameter = BuiltinParameter.optional(
  "keep", .bool, default: "false", "keep the reduced axes with size 1")

private let classAxis = BuiltinParameter.optional("axis", .int, default: "-1", "the axis of the classes")

/// Means, places of extremes, softmax, comparisons, products.
let tensorMathBuiltins: [Builtin] = [
  statistic("mean", .mean, "The mean.", "print(mean([1, 2, 3]))   # expect: 2.0"),
  statistic(
    "variance", .variance, "The mean squared distance from the mean.", "print(variance([1, 3]))   # expect: 1.0"),
  statistic(
    "std", .standardDeviation, "The standard deviation: the square root of the variance.",
    "print(std([1, 3]))   # expect: 1.0"),
  place(
    "argmax", "The place of the largest element, the first of equals.", "print(argmax([3, 9, 2]))   # expect: 1",
    largest: true),
  place(
    "argmin", "The place of the smallest element, the first of equals.", "print(argmin([3, 9, 2]))   # expect: 2",
    largest: false),
  Builtin(
    "cumsum", [.required("x", .array, "a tensor"), .optional("axis", .int, default: "0", "the axis to sum along")],
    returns: "tensor", subject: "tensors", "Running sums along an axis.",
    example: "print(cumsum([1, 2, 3]))   # expect: tensor[3] [1., 3., 6.]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).cumulativeSum(over: try call.int(1, default: 0))) },
  Builtin(
    "softmax", [.required("x", .array, "a tensor"), classAxis],
    returns: "tensor", subject: "tensors", "exp(x) divided by its sum along an axis: scores as probabilities.",
    example: "print(softmax([1, 1]))   # expect: tensor[2] [0.5, 0.5]"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).softmax(over: try call.int(1, default: -1))) },
  Builtin(
    "log_softmax", [.required("x", .array, "a tensor"), classAxis],
    returns: "tensor", subject: "tensors", "The logarithm of softmax, exact where softmax is tiny.",
    example: "print(close(log_softmax([0, 0]), log([0.5, 0.5])))   # expect: true"
  ) { (call) throws(Fault) in .tensor(try call.tensor(0).logSoftmax(over: try call.int(1, default: -1))) },
  Builtin(
    "softplus", [.required("x", .array, "a number or a tensor")], returns: "float or tensor", subject: "numbers",
    "log(1 + exp(x)): a smooth relu.", example: "print(softplus(0.0) == log(2.0))   # expect: true"
  ) { (call) throws(Fault) in
    if let x = call[0].plain.asNumber {
      let y = max(x, 0) + log1p(exp(-abs(x)))
      return try .number(.float(y), from: [(call[0], UnaryOperation.softplus.slope(at: x, value: y))])
    }
    return Machine.scalarOrTensor(try call.tensor(0).unary(.softplus))
  },
  pairwise(
    "maximum", .maximum, "The larger of two values, element by element.",
    "print(maximum([1, 5], 3))   # expect: tensor[2] [3., 5.]"),
  pairwise(
    "minimum", .minimum, "The smaller of two values, element by element.",
    "print(minimum([1, 5], 3))   # expect: tensor[2] [1., 3.]"),
  Builtin(
    "clip",
    [
      .required("x", .array, "a number or a tensor"), .required("low", .number, "the lower bound"),
      .required("high", .number, "the upper bound"),
    ],
    returns: "number or tensor", subject: "tensors", "Each element cut to the bounds.",
    example: "print(clip([-1, 0.5, 2], 0, 1))   # expect: tensor[3] [0., 0.5, 1.]"
  ) { (call) throws(Fault) in
    let (low, high) = (try call.plainNumber(1), try call.plainNumber(2))
    if !(low <= high) { throw call.wrong(1, "must not be above `high`, found \(low) and \(high)") }
    if let x = call[0].plain.asNumber { return (x < low ? call[1] : x > high ? call[2] : call[0]).retained() }
    try call.checkPlain(1)
    try call.checkPlain(2)
    return Machine.scalarOrTensor(try call.tensor(0).clipped(from: try call.single(1), to: try call.single(2)))
  },
  Builtin(
    "where",
    [
      .required("condition", .array, "a mask"), .required("a", .array, "taken where the mask is true"),
      .required("b", .array, "taken elsewhere"),
    ],
    returns: "tensor", subject: "tensors", "Chooses element by element between two values; shapes broadcast.",
    example: "let x = tensor([-1, 2])\nprint(where(x > 0, x, 0))   # expect: tensor[2] [0., 2.]"
  ) { (call) throws(Fault) in
    Machine.scalarOrTensor(try Tensor.choose(where: try call.tensor(0), try call.tensor(1), try call.tensor(2)))
  },
  Builtin(
    "close",
    [
      .required("a", .array, "a number or a tensor"), .required("b", .array, "what to compare with"),
      .optional("rtol", .number, default: "1e-5", "the tolerance relative to b"),
      .optional("atol", .number, default: "1e-6", "the absolute tolerance"),
    ],
    returns: "bool", subject: "tensors", "Whether all elements agree within |a - b| <= atol + rtol |b|.",
    example: "print(close(0.1 + 0.2, 0.3))   # expect: true"
  ) { (call) throws(Fault) in
    let (relative, absolute) = (try call.number(2, default: 1e-5), try call.number(3, default: 1e-6))
    if let a = call[0].plain.asNumber, let b = call[1].plain.asNumber {
      return .bool(a == b || abs(a - b) <= absolute + relative * abs(b) && b.isFinite)
    }
    return .bool(
      try Tensor.allClose(
        try call.tensor(0), try call.tensor(1), relative: Float(relative), absolute: Float(absolute)))
  },
  Builtin(
    "matmul", [.required("a", .array, "a vector, a matrix or a stack"), .required("b", .array, "another")],
    returns: "tensor", subject: "tensors", "The matrix product, as `a @ b`.",
    example: "print(matmul([[1, 2], [3, 4]], [1, 1]))   # expect: tensor[2] [3., 7.]"
  ) { (call) throws(Fault) in
    if let spikes = call[0].asSpikes, let weights = call[1].asTensor, weights.rank == 2, spikes.shape.count == 3,
      !weights.isTracked
    {
      return .tensor(try spikes.product(with: weights))
    }
    return Machine.scalarOrTensor(try Tensor.matmul(try call.tensor(0), try call.tensor(1)))
  },
  Builtin(
    "norm", [.required("x", .array, "a tensor")], returns: "float", subject: "tensors",
    "The Euclidean length: the square root of the sum of squares. Of a list of numbers it is reckoned in 64 bits.",
    example: "print(norm([3, 4]))   # expect: 5.0"
  ) { (call) throws(Fault) in
    if let elements = call[0].elements, elements.allSatisfy({ $0.plain.asNumber != nil }),
      let moments = moments(elements, around: 0)
    {
      let slopes = moments.deviationSlopes(over: 1)
      return try .number(.float(moments.deviation(over: 1)), from: zip(elements, slopes).map { ($0, $1) })
    }
    return Machine.scalarOrTensor(try call.tensor(0).norm())
  },
  Builtin(
    "histogram",
    [
      .required("x", .array, "numbers"), .optional("bins", .int, default: "10", "how many"),
      .optional("low", .number, default: "the smallest", "where the first bin begins"),
      .optional("high", .number, default: "the largest", "where the last bin ends"),
    ],
    returns: "map", subject: "tensors",
    "How many numbers fall into each of equal bins: `counts`, and their `edges` (one more). A bin has the numbers from its "
      + "lower edge up to, not including, its upper one; the last includes it. What is infinite, nan or outside is in none. The edges are 32-bit floats and decide "
      + "themselves, so that counting by `edges` gives the same `counts`, as in NumPy.", example: "print(histogram([0, 1, 1, 2], 2).counts)   # expect: [1, 3]"
  ) { (call) throws(Fault) in
    let low = call.has(2) && !call[2].isNil ? try call.single(2) : nil
    let high = call.has(3) && !call[3].isNil ? try call.single(3) : nil
    let numbers = try call.tensor(0)
    try checkSingle(call)
    let result = try numbers.histogram(bins: try call.int(1, default: 10, atLeast: 1), low: low, high: high)
    let edges = try Tensor(result.edges, shape: [result.edges.count])
    return .map([("counts", .list(result.counts.map { .int($0) })), ("edges", .tensor(edges))])
  },
]

/// A fault where the numbers of a list are too large, too small or too near each other for 32-bit floats.
private func checkSingle(_ call: Call) throws(Fault) {
  guard let numbers = call[0].elements?.compactMap(\.asNumber), let first = numbers.first else { return }
  let help = "multiply or divide them by a constant first, or subtract one"
  for (place, number) in numbers.enumerated() where number.isFinite {
    let single = Float(number)
    if single.isInfinite || (single == 0 && number != 0) {
      throw call.wrong(0, "holds \(floatText(number)), at [\(place)], which is beyond 32-bit floats", help: help)
    }
  }
  if numbers.contains(where: { $0 != first }), numbers.allSatisfy({ Float($0) == Float(first) }) {
    throw call.wrong(0, "holds different numbers that are the same as 32-bit floats", help: help)
  }
}

/// A mean or a spread. Lists of numbers are reckoned in double precision, lists of quantities keep their unit.
private func statistic(_ name: String, _ reduction: Reduction, _ documentation: String, _ example: String) -> Builtin {
  Builtin(
    name, [.required("x", .array | .tuple, "numbers"), axisParameter, keepParameter], returns: "float or tensor",
    subject: "tensors", documentation + " Of all elements, or along axes. A list is reckoned in 64 bits, whole numbers exactly.", example: example
  ) { (call) throws(Fault) in
    if let elements = call[0].elements, !call.has(1), !elements.isEmpty, let moments = moments(elements) {
      let dimensions = elements.map { $0.plain.asQuantity?.dimension }
      if let other = dimensions.first(where: { $0 != dimensions[0] }) {
        throw Fault(
          .unit, "`\(name)` needs quantities of one dimension",
          label: "found \((dimensions[0] ?? .none).name) and \((other ?? .none).name)")
      }
      if dimensions[0] == nil || reduction != .variance { return try tracked(moments, reduction, elements, dimensions[0]) }
    }
    let keeping = try call.bool(2, default: false)
    return Machine.scalarOrTensor(
      try call.tensor(0).reduced(reduction, over: try axes(call, 1), keepingDimensions: keeping))
  }
}

/// The numbers of a list, in base units where they are quantities; nil where it holds anything else, or units are mixed.
private func moments(_ elements: UnsafeBufferPointer<Value>, around center: Double? = nil) -> Moments? {
  let ints = elements.compactMap(\.plain.asInt)
  if ints.count == elements.count, center == nil { return Moments(ints) }
  let amounts = elements.compactMap(\.amount)
  return amounts.count == elements.count ? Moments(amounts, around: center) : nil
}

/// A mean or a spread with its slope by each element.
private func tracked(
  _ moments: Moments, _ reduction: Reduction, _ elements: UnsafeBufferPointer<Value>, _ dimension: Dimension?
) throws(Fault) -> Value {
  let count = Double(elements.count)
  let result =
    switch reduction {
    case .mean: moments.mean
    case .variance: moments.variance(over: count)
    default: moments.deviation(over: count)
    }
  let plain = dimension.map { Value.quantity(result, $0) } ?? .float(result)
  guard elements.contains(where: { $0.tag == .tracked }) else { return plain }
  let slopes =
    switch reduction {
    case .mean: [Double](repeating: 1 / count, count: elements.count)
    case .variance: moments.varianceSlopes
    default: moments.deviationSlopes(over: count)
    }
  return try .number(plain, from: zip(elements, slopes).map { ($0, $1) })
}

private func place(
  _ name: String, _ documentation: String, _ example: String, largest: Bool
) -> Builtin {
  Builtin(
    name,
    [.required("x", .array | .tuple, "numbers"), .optional("axis", .int, default: "all", "the axis to search along")],
    returns: "int or tensor", subject: "tensors", documentation, example: example
  ) { (call) throws(Fault) in
    let tensor = try call.tensor(0)
    let axis = call.has(1) && !call[1].isNil ? try call.int(1) : nil
    if axis == nil || tensor.rank == 1 {
      if let axis { _ = try Shape.axis(axis, rank: 1, of: tensor.shape) }
      return .int(try tensor.extremePlace(largest: largest))
    }
    return .tensor(largest ? try tensor.argmax(over: axis) : try tensor.argmin(over: axis))
  }
}

private func pairwise(
  _ name: String, _ operation: BinaryOperation, _ documentation: String, _ example: String
) -> Builtin {
  Builtin(
    name, [.required("a", .array, "a number or a tensor"), .required("b", .array, "another")],
    returns: "number or tensor", subject: "tensors", documentation, example: example
  ) { (call) throws(Fault) in
    if let a = call[0].plain.asNumber, let b = call[1].plain.asNumber {
      let takesFirst = operation == .maximum ? a >= b || a.isNaN : a <= b || a.isNaN
      if a == b { return try .number(call[0].plain, from: [(call[0], 0.5), (call[1], 0.5)]) }
      return (takesFirst ? call[0] : call[1]).retained()
    }
    return Machine.scalarOrTensor(try Tensor.binary(operation, try call.tensor(0), try call.tensor(1)))
  }
}
