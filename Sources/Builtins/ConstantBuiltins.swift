import Machine

/// Names that stand for numbers. Each may be bound to something else: `e` is an error in `catch e`.
let constantBuiltins: [Builtin] = [
  Builtin(
    "pi", number: .pi, subject: "numbers", "The circumference of a circle over its diameter.", example: "print(\"{pi:.4}\")   # expect: 3.1416"),
  Builtin("tau", number: 2 * .pi, subject: "numbers", "A full turn in radians: 2 pi.", example: "print(tau == 2 * pi)   # expect: true"),
  Builtin("e", number: 2.718281828459045, subject: "numbers", "Euler's number, the base of natural logarithms.", example: "print(log(e))   # expect: 1.0"),
  Builtin("inf", number: .infinity, subject: "numbers", "Infinity: larger than every number.", example: "print(min(inf, 3))   # expect: 3"),
  Builtin("nan", number: .nan, subject: "numbers", "Not a number: what 0 / 0 gives. It is equal to nothing, itself included; `is_nan(x)` asks.", example: "print(nan == nan, is_nan(nan))   # expect: false true"),
]
