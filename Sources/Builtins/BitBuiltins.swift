// The bits of ints, by functions: ints have 64 of them, and negative ones are in two's complement.

import Faults
import Machine

/// bit_and, bit_or, bit_xor, bit_not, shifts and counts.
let bitBuiltins: [Builtin] = [
  pairwise("bit_and", "The bits that both have.", "print(bit_and(12, 10))   # expect: 8") { $0 & $1 },
  pairwise("bit_or", "The bits that at least one has.", "print(bit_or(12, 10))   # expect: 14") { $0 | $1 },
  pairwise("bit_xor", "The bits that exactly one has.", "print(bit_xor(12, 10))   # expect: 6") { $0 ^ $1 },
  Builtin(
    "bit_not", [.required("n", .int, "an int")], returns: "int", subject: "numbers", "Every bit turned round: -n - 1.", example: "print(bit_not(0), bit_not(5))   # expect: -1 -6"
  ) { (call) throws(Fault) in .int(~(try call.int(0))) },
  Builtin(
    "shift_left", [.required("n", .int, "an int"), .required("count", .int, "by how many bits, 0 to 63")], returns: "int", subject: "numbers",
    "The bits moved up: n times 2 to the count. What does not fit 64 bits is an error.", example: "print(shift_left(3, 4))   # expect: 48"
  ) { (call) throws(Fault) in
    let (n, count) = (try call.int(0), try shift(call))
    let result = n << count
    guard result >> count == n else { throw Fault(.value, "integer overflow", label: "the result does not fit an int of 64 bits") }
    return .int(result)
  },
  Builtin(
    "shift_right", [.required("n", .int, "an int"), .required("count", .int, "by how many bits, 0 to 63")], returns: "int", subject: "numbers",
    "The bits moved down, the sign kept: n // 2 ^ count.", example: "print(shift_right(48, 4), shift_right(-1, 4))   # expect: 3 -1"
  ) { (call) throws(Fault) in .int(try call.int(0) >> (try shift(call))) },
  Builtin(
    "bit_count", [.required("n", .int, "an int")], returns: "int", subject: "numbers", "How many bits are 1.", example: "print(bit_count(7), bit_count(-1))   # expect: 3 64"
  ) { (call) throws(Fault) in .int(try call.int(0).nonzeroBitCount) },
]

private func shift(_ call: Call) throws(Fault) -> Int {
  let count = try call.int(1)
  guard (0...63).contains(count) else { throw call.wrong(1, "must be from 0 to 63, found \(count)") }
  return count
}

private func pairwise(_ name: String, _ documentation: String, _ example: String, _ operation: @escaping @Sendable (Int, Int) -> Int) -> Builtin {
  Builtin(
    name, [.required("a", .int, "an int"), .required("b", .int, "another")], returns: "int", subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in .int(operation(try call.int(0), try call.int(1))) }
}
