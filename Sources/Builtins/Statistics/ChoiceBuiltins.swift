// Elements drawn at random.

import Faults
import Machine
import Tensors

/// choice.
let choiceBuiltins: [Builtin] = [
  Builtin(
    "choice",
    [
      .required("values", .list | .tuple | .range | .string | .tensor | .int, "what to draw from; an int n stands for 0..n, of a tensor rows are drawn"),
      .optional("count", .int, default: "a single one, not in a list", "how many"),
      .optional("replace", .bool, default: "true", "whether one may be drawn several times"),
      .optional("weights", .list | .tuple | .tensor, default: "all alike", "how likely each is beside the others"),
    ],
    returns: "any value, list or tensor", subject: "random numbers", "Elements drawn at random, with or without replacement.",
    example: "print(choice([7]), len(choice(10, 3, replace=false)), choice([\"a\", \"b\"], 2, weights=[0, 1]))   # expect: 7 3 [\"b\", \"b\"]"
  ) { (call) throws(Fault) in
    let values = call[0].asInt.map { Value.range(0, $0) } ?? call[0].retained()
    defer { values.release() }
    let size = try call.machine.count(of: values) ?? 0
    let isSingle = !call.has(1) || call[1].isNil
    let count = try isSingle ? 1 : call.int(1, atLeast: 0)
    if size == 0, count > 0 { throw call.wrong(0, "is empty") }
    try call.machine.checkSize(count, of: .list)
    let places = try drawn(count, of: size, call)
    if let tensor = values.asTensor {
      return Machine.scalarOrTensor(try tensor.indexed([isSingle ? .at(places[0]) : .gather(places)]))
    }
    return try call.machine.withElements(of: values) { (elements) throws(Fault) in
      if isSingle { return elements[places[0]].retained() }
      return try ListBuilder.build(capacity: count) { (list) throws(Fault) in
        for place in places { try list.append(elements[place].retained()) }
      }
    }
  }
]

private func drawn(_ count: Int, of size: Int, _ call: Call) throws(Fault) -> [Int] {
  let replaces = try call.bool(2, default: true)
  var stream = call.machine.nextStream("choice")
  if !replaces, count > size { throw call.wrong(1, "is \(count), more than the \(size) there are", help: "replace=true draws some of them again") }
  guard call.has(3), !call[3].isNil else {
    if replaces { return (0..<count).map { _ in stream.integer(below: size) } }
    return Array(try stream.permutation(size).prefix(count))
  }
  let weights = try weights(call, size)
  if replaces {
    var sums: [Double] = []
    for weight in weights { sums.append((sums.last ?? 0) + weight) }
    let total = sums.last ?? 0
    return (0..<count).map { _ in
      let wanted = stream.uniformDouble() * total
      var (low, high) = (0, size - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > wanted { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
  let possible = weights.count { $0 > 0 }
  if count > possible { throw call.wrong(1, "is \(count), and only \(possible) have a weight above 0") }
  // The smallest of exponential times, each at the rate of its weight, are a draw without replacement.
  let times = weights.map { $0 > 0 ? stream.exponential() / $0 : .infinity }
  return Array(times.indices.sorted { times[$0] < times[$1] }.prefix(count))
}

private func weights(_ call: Call, _ size: Int) throws(Fault) -> [Double] {
  try call.checkPlain(3)
  let weights = try call.tensor(3)
  guard weights.rank == 1, weights.count == size else { throw call.wrong(3, "must be \(size), one for each, found \(weights.count)", kind: .shape) }
  let numbers = weights.scalars.map { Double($0) }
  if let wrong = numbers.first(where: { !($0 >= 0 && $0.isFinite) }) { throw call.wrong(3, "must be 0 or above, found \(floatText(wrong))") }
  if numbers.allSatisfy({ $0 == 0 }), size > 0 { throw call.wrong(3, "are all 0") }
  return numbers
}
