// How two lists move together, in 64 bits: what covariance and correlation rest on.

import Faults
import Machine
import Tensors

let coMomentBuiltin = Builtin(
  "co_moment", [.required("a", .array | .tuple, "numbers"), .required("b", .array | .tuple, "as many")], returns: "float", subject: "numbers",
  """
  The sum of the products of the distances of two lists from their means, in 64 bits: over n it is their covariance, and of
  a list with itself, over n, its variance.
  """,
  example: "print(co_moment([1, 2, 3], [2, 4, 9]), co_moment([1, 3], [1, 3]))   # expect: 7.0 2.0"
) { (call) throws(Fault) in
  let a = try numbers(call, 0)
  let b = try numbers(call, 1)
  guard a.count == b.count else { throw call.wrong(1, "must have as many numbers as `a`, \(a.count), found \(b.count)", kind: .shape) }
  let (middleA, middleB) = (mean(a), mean(b))
  // Distances from rounded means don't quite add up to 0; the product of what is left over is taken off again.
  var (products, leftA, leftB) = (0.0, 0.0, 0.0)
  try Interrupt.parts(a.count) { part in
    for place in part {
      let (x, y) = (a[place] - middleA, b[place] - middleB)
      products += x * y
      leftA += x
      leftB += y
    }
  }
  let count = Double(a.count)
  return .float(a.isEmpty ? 0 : leftA.isFinite && leftB.isFinite ? products - leftA / count * leftB : products)
}

/// The mean, corrected by that of the distances from it: equal numbers are their own mean.
private func mean(_ numbers: [Double]) -> Double {
  let middle = numbers.reduce(0, +) / Double(numbers.count)
  let left = numbers.reduce(0) { $0 + ($1 - middle) } / Double(numbers.count)
  return left.isFinite ? middle + left : middle
}

/// The numbers of a list or a row in 64 bits.
private func numbers(_ call: Call, _ index: Int) throws(Fault) -> [Double] {
  try call.checkPlain(index)
  if let elements = call[index].elements {
    var numbers: [Double] = []
    numbers.reserveCapacity(elements.count)
    for element in elements {
      guard let number = element.asNumber else { throw call.mismatch(index, "a list of numbers") }
      numbers.append(number)
    }
    return numbers
  }
  let tensor = try call.tensor(index)
  guard tensor.rank == 1 else { throw call.wrong(index, "must be numbers in one dimension, found the shape \(Shape.text(tensor.shape))", kind: .shape) }
  return tensor.scalars.map { Double($0) }
}
