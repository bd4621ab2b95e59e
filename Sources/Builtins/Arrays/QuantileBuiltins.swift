// Values by their place in the order: medians and quantiles.

import Faults
import Machine
import Tensors

private let axisParameter = BuiltinParameter.optional("axis", .int, default: "all", "the axis of a tensor to go along")

/// median and quantile.
let quantileBuiltins: [Builtin] = [
  Builtin(
    "median", [.required("x", .array | .tuple, "numbers or quantities"), axisParameter], returns: "number, quantity or tensor", subject: "tensors",
    "The middle one in order; between two, their mean. A list is reckoned in 64 bits; nan where one is.",
    example: "print(median([3.0, 1.0, 2.0]), median([[1, 2], [3, 9]], axis=0))   # expect: 2.0 tensor[2] [2., 5.5]"
  ) { (call) throws(Fault) in try quantile(call, 0.5, axis: 1) },
  Builtin(
    "quantile",
    [
      .required("x", .array | .tuple, "numbers or quantities"), .required("q", .number | .list | .tensor, "the share below it, 0 to 1; or several of them"), axisParameter,
    ],
    returns: "number, quantity or tensor", subject: "tensors",
    "The value below which a share of all lies; between two values along a straight line, as NumPy's default. Several shares give a list, or for a tensor's axis a tensor with one row each.",
    example: "print(quantile([0.0, 1.0, 2.0, 3.0], 0.5), quantile([1, 2, 3], [0, 1]))   # expect: 1.5 [1.0, 3.0]"
  ) { (call) throws(Fault) in
    if call[1].plain.asNumber != nil { return try quantile(call, try call.number(1), axis: 2) }
    let shares = try call.tensor(1).scalars.map { Double($0) }
    let exact = call[1].elements?.compactMap(\.plain.asNumber) ?? shares
    let several = try ListBuilder.build { (list) throws(Fault) in
      for share in exact.count == shares.count ? exact : shares { try list.append(try quantile(call, share, axis: 2)) }
    }
    guard call.has(2), !call[2].isNil else { return several }
    defer { several.release() }
    return try several.convertedToTensor().map { .tensor($0) } ?? .nil
  },
]

private func quantile(_ call: Call, _ share: Double, axis index: Int) throws(Fault) -> Value {
  if !(0...1).contains(share) { throw call.wrong(1, "must be from 0 to 1, found \(floatText(share))") }
  let isAlong = call.has(index) && !call[index].isNil
  if !isAlong, let value = try quantile(ofList: call, share) { return value }
  let x = try call.tensor(0)
  let rows = try isAlong ? x.movedToEnd(try call.int(index)) : x.reshaped([x.count])
  let size = rows.shape.last ?? 0
  if size == 0 { throw call.wrong(0, "is empty") }
  let (low, part) = place(share, of: size)
  let order = try rows.detached.argsort(along: -1)
  func element(_ place: Int) throws(Fault) -> Tensor {
    try rows.taken(order.part(along: -1, from: place, to: place + 1).scalars.map { Int($0) }, width: 1).squeezed([-1])
  }
  var value = try element(low)
  if part > 0 { value = try value + (try element(low + 1) - value) * Float(part) }
  // nan stands last in the order, and makes all nan.
  let last = try element(size - 1)
  return Machine.scalarOrTensor(try Tensor.choose(where: Tensor.compare(.equal, last.detached, last.detached), value, last))
}

/// Of a list of numbers or of quantities of one dimension, in 64 bits; nil for anything else.
private func quantile(ofList call: Call, _ share: Double) throws(Fault) -> Value? {
  guard let elements = call[0].elements, elements.allSatisfy({ $0.amount != nil }) else { return nil }
  guard let leading = elements.first else { throw call.wrong(0, "is empty") }
  let dimension = leading.plain.asQuantity?.dimension
  if elements.contains(where: { $0.plain.asQuantity?.dimension != dimension }) {
    throw Fault(.unit, "`\(call.builtin.name)` needs quantities of one dimension")
  }
  let numbers = elements.compactMap(\.amount)
  if numbers.contains(where: \.isNaN) { return dimension.map { .quantity(.nan, $0) } ?? .float(.nan) }
  try Interrupt.check()
  let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
  let (low, part) = place(share, of: order.count)
  let (first, second) = (order[low], order[min(low + 1, order.count - 1)])
  // The end itself where nothing is added, since infinity times 0 is no number.
  let step = part == 0 || numbers[first] == numbers[second] ? 0 : (numbers[second] - numbers[first]) * part
  let value = step == 0 ? numbers[first] : numbers[first] + step
  return try .number(dimension.map { .quantity(value, $0) } ?? .float(value), from: [(elements[first], 1 - part), (elements[second], part)])
}

/// The place below a share of so many, and how far towards the next it is.
private func place(_ share: Double, of count: Int) -> (Int, Double) {
  let exact = share * Double(count - 1)
  let low = min(Int(exact), count - 1)
  return (low, low == count - 1 ? 0 : exact - Double(low))
}
