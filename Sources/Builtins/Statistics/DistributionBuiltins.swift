// Draws from distributions: `random.gamma` and its like. `random`, `uniform`, `normal` and `randint` are always there.

import Faults
import Glibc
import Machine
import Tensors

private typealias Draw = (inout RandomStream) -> Double

/// The distributions behind `random.`.
let distributionBuiltins: [Builtin] = [
  distribution(
    "exponential", [.optional("scale", .number, default: "1", "the mean: 1 over the rate")], "Waiting times of events that come at a steady rate.",
    "seed(1)\nprint(abs(mean(random.exponential([10000], 2)) - 2) < 0.1)   # expect: true"
  ) { (call) throws(Fault) in
    let scale = try positive(call, 1, default: 1)
    return { scale * $0.exponential() }
  },
  distribution(
    "gamma", [.required("k", .number, "the form"), .optional("scale", .number, default: "1", "the scale")], "The gamma distribution: of mean k times scale.",
    "seed(1)\nprint(abs(mean(random.gamma([10000], 3, 2)) - 6) < 0.2)   # expect: true"
  ) { (call) throws(Fault) in
    let (k, scale) = (try positive(call, 1), try positive(call, 2, default: 1))
    return { scale * exp($0.logGamma(shape: k)) }
  },
  distribution(
    "beta", [.required("a", .number, "pulls towards 1"), .required("b", .number, "pulls towards 0")], "The beta distribution: numbers from 0 to 1, of mean a / (a + b).",
    "seed(1)\nprint(abs(mean(random.beta([10000], 2, 6)) - 0.25) < 0.01)   # expect: true"
  ) { (call) throws(Fault) in
    let (a, b) = (try positive(call, 1), try positive(call, 2))
    return { $0.beta(a, b) }
  },
  distribution(
    "poisson", [.required("rate", .number, "the mean")], "How many events of a steady rate fall into one interval: whole numbers.",
    "seed(1)\nprint(abs(mean(random.poisson([10000], 4)) - 4) < 0.1)   # expect: true", isWhole: true
  ) { (call) throws(Fault) in
    let rate = try notNegative(call, 1)
    if rate > 1e15 { throw call.wrong(1, "must be up to 1e15, found \(floatText(rate))") }
    return { $0.poisson(mean: rate) }
  },
  distribution(
    "binomial", [.required("n", .int, "how many trials"), .required("p", .number, "the probability of a success")], "How many of some trials succeed: whole numbers.",
    "seed(1)\nprint(abs(mean(random.binomial([10000], 20, 0.3)) - 6) < 0.1)   # expect: true", isWhole: true
  ) { (call) throws(Fault) in
    let (n, p) = (Double(try call.int(1, atLeast: 0)), try share(call, 2))
    if n > 1e15 { throw call.wrong(1, "must be up to 1e15") }
    return { $0.binomial(trials: n, probability: p) }
  },
  distribution(
    "geometric", [.required("p", .number, "the probability of a success, above 0")], "How many trials it takes up to the first success: whole numbers from 1.",
    "seed(1)\nprint(abs(mean(random.geometric([10000], 0.25)) - 4) < 0.2)   # expect: true", isWhole: true
  ) { (call) throws(Fault) in
    let p = try share(call, 1)
    if p < 1e-15 { throw call.wrong(1, "must be at least 1e-15, found \(floatText(p))") }
    return { $0.geometric(probability: p) }
  },
  distribution(
    "lognormal", [.optional("mean", .number, default: "0", "of the logarithm"), .optional("std", .number, default: "1", "of the logarithm")],
    "Numbers whose logarithm is normal, as synaptic weights often are.", "seed(1)\nprint(abs(median(random.lognormal([10000])) - 1) < 0.05)   # expect: true"
  ) { (call) throws(Fault) in
    let (mean, deviation) = (try finite(call, 1, default: 0), try notNegative(call, 2, default: 1))
    return { exp(mean + deviation * $0.normalDouble()) }
  },
  distribution(
    "von_mises", [.optional("mean", .number, default: "0", "the middle, in radians"), .optional("concentration", .number, default: "1", "how gathered: 0 is all round")],
    "Angles around a direction, from -pi to pi: the normal distribution on the circle.",
    "seed(1)\nprint(abs(mean(random.von_mises([10000], 1, 20)) - 1) < 0.01)   # expect: true"
  ) { (call) throws(Fault) in
    let (mean, concentration) = (try finite(call, 1, default: 0), try notNegative(call, 2, default: 1))
    return { $0.vonMises(mean: mean, concentration: concentration) }
  },
  distribution(
    "student_t", [.required("df", .number, "degrees of freedom")], "Student's t distribution: like the normal one with heavier ends.",
    "seed(1)\nprint(abs(mean(random.student_t([10000], 5))) < 0.05)   # expect: true"
  ) { (call) throws(Fault) in
    let df = try positive(call, 1)
    return { $0.normalDouble() * exp(0.5 * (log(df / 2) - $0.logGamma(shape: df / 2))) }
  },
  distribution(
    "chi_square", [.required("df", .number, "degrees of freedom")], "The sum of df squares of normal numbers: of mean df.",
    "seed(1)\nprint(abs(mean(random.chi_square([10000], 3)) - 3) < 0.1)   # expect: true"
  ) { (call) throws(Fault) in
    let df = try positive(call, 1)
    return { 2 * exp($0.logGamma(shape: df / 2)) }
  },
  distribution(
    "weibull", [.required("k", .number, "the form"), .optional("scale", .number, default: "1", "the scale")], "Lifetimes: 1 for k is exponential.",
    "seed(1)\nprint(abs(mean(random.weibull([10000], 1)) - 1) < 0.05)   # expect: true"
  ) { (call) throws(Fault) in
    let (k, scale) = (try positive(call, 1), try positive(call, 2, default: 1))
    return { scale * pow($0.exponential(), 1 / k) }
  },
  distribution(
    "pareto", [.required("alpha", .number, "the exponent"), .optional("scale", .number, default: "1", "the smallest")], "Numbers from a smallest on that fall off by a power law.",
    "seed(1)\nprint(min(random.pareto([100], 3)) >= 1)   # expect: true"
  ) { (call) throws(Fault) in
    let (alpha, scale) = (try positive(call, 1), try positive(call, 2, default: 1))
    return { scale * exp($0.exponential() / alpha) }
  },
  distribution(
    "laplace", [.optional("mean", .number, default: "0", "the middle"), .optional("scale", .number, default: "1", "the mean distance from it")],
    "Exponential to both sides.", "seed(1)\nprint(abs(median(random.laplace([10000]))) < 0.05)   # expect: true"
  ) { (call) throws(Fault) in
    let (mean, scale) = (try finite(call, 1, default: 0), try notNegative(call, 2, default: 1))
    return { mean + scale * ($0.exponential() - $0.exponential()) }
  },
]

/// One distribution: a number, or with a shape a tensor of independent draws.
private func distribution(
  _ name: String, _ parameters: [BuiltinParameter], _ documentation: String, _ example: String, isWhole: Bool = false,
  _ prepare: @escaping @Sendable (Call) throws(Fault) -> Draw
) -> Builtin {
  Builtin(
    "random.\(name)", [.subject("shape", .list | .tuple | .nil, "the sizes; without them the result is a single number")] + parameters,
    returns: isWhole ? "int or tensor" : "float or tensor", subject: "random numbers", documentation, example: example
  ) { (call) throws(Fault) in
    let draw = try prepare(call)
    var stream = call.machine.nextStream(name)
    guard call.has(0), !call[0].isNil else {
      let value = draw(&stream)
      return isWhole ? Int(exactly: value).map { .int($0) } ?? .float(value) : .float(value)
    }
    return .tensor(
      try Tensor(shape: try call.ints(0)) { (out) throws(Fault) in
        for place in out.indices {
          if place & 0xFFF == 0xFFF { try Interrupt.check() }
          let value = draw(&stream)
          out[place] = Float(value)
          if isWhole, Double(out[place]) != value {
            throw Tensor.notExact(floatText(value), at: [place])
          }
        }
      })
  }
}

private func finite(_ call: Call, _ index: Int, default value: Double? = nil) throws(Fault) -> Double {
  let number = try call.number(index, default: value)
  if !number.isFinite { throw call.wrong(index, "must be finite, found \(floatText(number))") }
  return number
}

private func positive(_ call: Call, _ index: Int, default value: Double? = nil) throws(Fault) -> Double {
  let number = try finite(call, index, default: value)
  if number <= 0 { throw call.wrong(index, "must be above 0, found \(floatText(number))") }
  return number
}

private func notNegative(_ call: Call, _ index: Int, default value: Double? = nil) throws(Fault) -> Double {
  let number = try finite(call, index, default: value)
  if number < 0 { throw call.wrong(index, "must not be negative, found \(floatText(number))") }
  return number
}

private func share(_ call: Call, _ index: Int) throws(Fault) -> Double {
  let number = try finite(call, index)
  if !(0...1).contains(number) { throw call.wrong(index, "must be from 0 to 1, found \(floatText(number))") }
  return number
}
