// Elementary functions beyond those that have kernels, with their slopes, and whole numbers.

import Faults
import Glibc
import Machine
import Tensors

/// Inverse and hyperbolic functions, other logarithms, gcd and factorial.
let elementaryBuiltins: [Builtin] = [
  elementary("asin", "The angle whose sine is x; nan outside -1 to 1.", "print(asin(0))   # expect: 0.0", { Glibc.asin($0) }) { 1 / (1 - $0 * $0).squareRoot() },
  elementary("acos", "The angle whose cosine is x; nan outside -1 to 1.", "print(acos(1))   # expect: 0.0", { Glibc.acos($0) }) { -1 / (1 - $0 * $0).squareRoot() },
  elementary("atan", "The angle whose tangent is x.", "print(atan(0))   # expect: 0.0", { Glibc.atan($0) }) { 1 / (1 + $0 * $0) },
  elementary("sinh", "The hyperbolic sine.", "print(sinh(0))   # expect: 0.0", { Glibc.sinh($0) }) { Glibc.cosh($0) },
  elementary("cosh", "The hyperbolic cosine.", "print(cosh(0))   # expect: 1.0", { Glibc.cosh($0) }) { Glibc.sinh($0) },
  elementary("log2", "The logarithm to the base 2.", "print(log2(8))   # expect: 3.0", { Glibc.log2($0) }) { 1 / ($0 * Glibc.log(2)) },
  elementary("log10", "The logarithm to the base 10.", "print(log10(1000))   # expect: 3.0", { Glibc.log10($0) }) { 1 / ($0 * Glibc.log(10)) },
  elementary("log1p", "log(1 + x), exact where x is small.", "print(log1p(1e-20))   # expect: 1e-20", { Glibc.log1p($0) }) { 1 / (1 + $0) },
  elementary("expm1", "exp(x) - 1, exact where x is small.", "print(expm1(1e-20))   # expect: 1e-20", { Glibc.expm1($0) }) { Glibc.exp($0) },
  pairwise("atan2", ["y", "x"], "The angle of the point (x, y), from -pi to pi.", "print(atan2(1, 0) == pi / 2)   # expect: true") { Glibc.atan2($0, $1) },
  pairwise("hypot", ["a", "b"], "The root of a ^ 2 + b ^ 2, without overflow on the way.", "print(hypot(3, 4))   # expect: 5.0") { Glibc.hypot($0, $1) },
  Builtin(
    "gcd", [.required("a", .int, "an int"), .required("b", .int, "another")], returns: "int", subject: "numbers", "The greatest number that divides both.",
    example: "print(gcd(12, 18))   # expect: 6"
  ) { (call) throws(Fault) in
    var (a, b) = (try call.int(0).magnitude, try call.int(1).magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    guard let result = Int(exactly: a) else { throw Fault(.value, "integer overflow", label: "the result does not fit an int of 64 bits") }
    return .int(result)
  },
  Builtin(
    "factorial", [.required("n", .int, "a whole number from 0 to 20")], returns: "int", subject: "numbers", "1 times 2 times … n. `special.gamma(n + 1)` goes on beyond 20.",
    example: "print(factorial(5))   # expect: 120"
  ) { (call) throws(Fault) in
    let n = try call.int(0)
    guard (0...20).contains(n) else { throw call.wrong(0, "must be from 0 to 20, found \(n)", help: "special.gamma(n + 1) is a float") }
    return .int((1...max(n, 1)).reduce(1, *))
  },
  Builtin(
    "combinations", [.required("n", .int, "how many there are"), .required("k", .int, "how many are taken")], returns: "int", subject: "numbers",
    "In how many ways k of n can be taken, whatever their order.", example: "print(combinations(5, 2))   # expect: 10"
  ) { (call) throws(Fault) in
    let (n, k) = (try call.int(0, atLeast: 0), try call.int(1, atLeast: 0))
    if k > n { return .int(0) }
    var result: UInt128 = 1
    for step in 0..<min(k, n - k) {
      result = result * UInt128(n - step) / UInt128(step + 1)
      if result > UInt128(Int.max) { throw Fault(.value, "integer overflow", label: "the result does not fit an int of 64 bits") }
    }
    return .int(Int(result))
  },
]

private func elementary(
  _ name: String, _ documentation: String, _ example: String, _ function: @escaping @Sendable (Double) -> Double, slope: @escaping @Sendable (Double) -> Double
) -> Builtin {
  Builtin(
    name, [.required("x", .number | .tensor | .list, "a number or a tensor")], returns: "float or tensor", subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    if let x = call[0].plain.asNumber { return try .number(.float(function(x)), from: [(call[0], slope(x))]) }
    let x = try call.tensor(0)
    let result = try x.mapped(function)
    guard let tape = x.trace?.tape else { return .tensor(result) }
    let plain = x.detached
    return .tensor(try tape.record(inputs: [x], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in [try gradient * plain.mapped(slope)] })
  }
}

extension Tensor {
  /// A function of each element, reckoned in 64 bits; untracked.
  func mapped(_ function: (Double) -> Double) throws(Fault) -> Tensor {
    try Tensor(shape: shape) { (out) throws(Fault) in
      try withUnsafeBuffer { (values) throws(Fault) in
        try Interrupt.parts(values.count) { part in for place in part { out[place] = Float(function(Double(values[place]))) } }
      }
    }
  }
}

private func pairwise(
  _ name: String, _ names: [String], _ documentation: String, _ example: String, _ function: @escaping @Sendable (Double, Double) -> Double
) -> Builtin {
  Builtin(
    name, names.map { .required($0, .number | .tensor | .list, "a number or a tensor") }, returns: "float or tensor", subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    for place in 0..<2 { try call.checkPlain(place) }
    if let a = call[0].asNumber, let b = call[1].asNumber { return .float(function(a, b)) }
    let (a, b) = (try call.tensor(0), try call.tensor(1))
    let shape = try Shape.broadcast(a.shape, b.shape, operation: name)
    let (left, right) = (try a.broadcast(to: shape), try b.broadcast(to: shape))
    return .tensor(
      try Tensor(shape: shape) { (out) throws(Fault) in
        try Interrupt.parts(out.count) { part in
          left.withUnsafeBuffer { x in right.withUnsafeBuffer { y in for place in part { out[place] = Float(function(Double(x[place]), Double(y[place]))) } } }
        }
      })
  }
}
