// Random numbers: all come from the session's seed.

import Faults
import Machine
import Tensors

/// Random tensors, numbers and orders.
let tensorRandomBuiltins: [Builtin] = [
  Builtin(
    "seed", [.required("n", .int, "any whole number")], returns: "nil", subject: "random numbers",
    "Fixes everything random that follows: initial weights, encoders, shuffling. The same seed gives the same results "
      + "on every run, whatever the number of threads. Before the first call the seed is 0.",
    example: "seed(42)\nlet a = random()\nseed(42)\nprint(a == random())   # expect: true"
  ) { (call) throws(Fault) in
    call.machine.seed = UInt64(bitPattern: Int64(try call.int(0)))
    return .nil
  },
  Builtin(
    "random", [.optional("shape", shapeKind, default: "a single number", "the sizes")], returns: "tensor or float",
    subject: "random numbers", "Random numbers from 0 up to, not including, 1, all equally likely.",
    example: "let x = random([100])\nprint(all(x >= 0) and all(x < 1))   # expect: true"
  ) { (call) throws(Fault) in
    var stream = call.machine.nextStream("random")
    guard call.has(0) else { return .float(stream.uniformDouble()) }
    return .tensor(try stream.uniformTensor(try call.ints(0)))
  },
  Builtin(
    "uniform",
    [
      .optional("shape", shapeKind, default: "a single number", "the sizes"),
      .optional("low", .number, default: "0", "the smallest"),
      .optional("high", .number, default: "1", "the end, not included"),
    ],
    returns: "tensor or float", subject: "random numbers", "Random numbers between two bounds, all equally likely.",
    example: "let x = uniform([100], low=-1, high=2)\nprint(all(x >= -1) and all(x < 2))   # expect: true"
  ) { (call) throws(Fault) in
    let (low, high) = (try call.number(1, default: 0), try call.number(2, default: 1))
    if !(low <= high) { throw call.wrong(1, "must not be above `high`, found \(low) and \(high)") }
    var stream = call.machine.nextStream("uniform")
    guard call.has(0), !call[0].isNil else { return .float(low + (high - low) * stream.uniformDouble()) }
    return .tensor(try stream.uniformTensor(try call.ints(0), from: Float(low), to: Float(high)))
  },
  Builtin(
    "normal",
    [
      .optional("shape", shapeKind, default: "a single number", "the sizes"),
      .optional("mean", .number, default: "0", "their mean"),
      .optional("std", .number, default: "1", "their standard deviation"),
    ],
    returns: "tensor or float", subject: "random numbers", "Random numbers from the normal (Gaussian) distribution.",
    example: "seed(1)\nlet x = normal([10000], mean=5, std=2)\nprint(abs(mean(x) - 5) < 0.1)   # expect: true"
  ) { (call) throws(Fault) in
    let (mean, deviation) = (try call.number(1, default: 0), try call.number(2, default: 1))
    if !(deviation >= 0) { throw call.wrong(2, "must not be negative, found \(deviation)") }
    var stream = call.machine.nextStream("normal")
    guard call.has(0), !call[0].isNil else { return .float(mean + deviation * Double(stream.normal())) }
    return .tensor(
      try stream.normalTensor(try call.ints(0), mean: Float(mean), standardDeviation: Float(deviation)))
  },
  Builtin(
    "randint",
    [
      .subject("shape", .list | .tuple | .range | .nil, "the sizes; without them the result is a single int"),
      .required("low", .int, "the smallest"), .required("high", .int, "the end, not included"),
    ],
    returns: "int or tensor", subject: "random numbers",
    """
    Random whole numbers from low up to, not including, high. With a shape, as in `randint([3], 0, 10)`, a tensor, which
    holds whole numbers up to 16777216 only; `[randint(low, high) for _ in 0..n]` has ints of 64 bits.
    """,
    example: "let n = randint(1, 7)\nprint(n >= 1 and n <= 6)   # expect: true"
  ) { (call) throws(Fault) in
    let (low, high) = (try call.int(1), try call.int(2))
    let (span, overflow) = high.subtractingReportingOverflow(low)
    if overflow || span < 1 { throw call.wrong(2, "must be above `low`, found \(low) and \(high)") }
    var stream = call.machine.nextStream("randint")
    guard call.has(0), !call[0].isNil else { return .int(low + stream.integer(below: span)) }
    let exact = -1 << 24...1 << 24
    if !(exact.contains(low) && exact.contains(high - 1)) {
      throw Fault(
        .value, "a tensor cannot hold all whole numbers from \(low) to \(high - 1)",
        label: "32-bit floats hold them up to 16777216",
        help: "[randint(low, high) for _ in 0..n] has exact ints; uniform(shape, low, high) has floats")
    }
    return .tensor(
      try Tensor(shape: try call.ints(0)) { (out) throws(Fault) in
        for place in out.indices {
          if place & 0xFFFF == 0xFFFF { try Interrupt.check() }
          out[place] = Float(low + stream.integer(below: span))
        }
      })
  },
  Builtin(
    "permutation", [.required("n", .int, "how many")], returns: "list", subject: "random numbers",
    "The numbers from 0 up to, not including, n in random order.",
    example: "print(sort(permutation(4)))   # expect: [0, 1, 2, 3]"
  ) { (call) throws(Fault) in
    let count = try call.int(0, atLeast: 0)
    if count > call.machine.limits.elements { throw call.wrong(0, "is too large", kind: .limit) }
    var stream = call.machine.nextStream("permutation")
    let order = try stream.permutation(count)
    return try ListBuilder.build(capacity: count) { (list) throws(Fault) in
      for number in order { try list.append(.int(number)) }
    }
  },
  Builtin(
    "shuffle", [.required("values", .list | .tuple | .range | .tensor, "a list, or a tensor whose rows are shuffled")],
    returns: "list or tensor", subject: "random numbers", "The same elements in random order, as a new value.",
    example: "print(sort(shuffle([3, 1, 2])))   # expect: [1, 2, 3]"
  ) { (call) throws(Fault) in
    var stream = call.machine.nextStream("shuffle")
    if let tensor = call[0].asTensor {
      guard let rows = tensor.shape.first else { return call[0].retained() }
      return .tensor(try tensor.indexed([.gather(try stream.permutation(rows))]))
    }
    var values = try call.machine.collect(call[0])
    try stream.shuffle(&values)
    return .list(values)
  },
]
