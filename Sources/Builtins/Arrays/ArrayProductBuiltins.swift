// Products of tensors beyond `@`. All are made of operations that have gradients.

import Faults
import Machine
import Tensors

/// outer, kron, einsum.
let arrayProductBuiltins: [Builtin] = [
  Builtin(
    "outer", [.required("a", .array, "a row of numbers"), .required("b", .array, "another")], returns: "tensor", subject: "tensors",
    "Every element of the first times every element of the second.",
    example: "print(outer([1, 2], [3, 4]))   # expect: tensor[2, 2] [[3., 4.], [6., 8.]]"
  ) { (call) throws(Fault) in
    let (a, b) = (try call.tensor(0), try call.tensor(1))
    return .tensor(try a.reshaped([a.count, 1]) * b.reshaped([1, b.count]))
  },
  Builtin(
    "kron", [.required("a", .array, "a matrix"), .required("b", .array, "another")], returns: "tensor", subject: "tensors",
    "The Kronecker product: the first matrix with each of its elements replaced by that element times the second.",
    example: "print(kron([[1, 2]], [[1], [3]]))   # expect: tensor[2, 2] [[1., 2.], [3., 6.]]"
  ) { (call) throws(Fault) in
    let (a, b) = (try call.tensor(0), try call.tensor(1))
    let rank = max(a.rank, b.rank)
    let (left, right) = ([Int](repeating: 1, count: rank - a.rank) + a.shape, [Int](repeating: 1, count: rank - b.rank) + b.shape)
    var (ofA, ofB, whole): ([Int], [Int], [Int]) = ([], [], [])
    for (x, y) in zip(left, right) {
      ofA += [x, 1]
      ofB += [1, y]
      let (size, overflow) = x.multipliedReportingOverflow(by: y)
      whole.append(overflow ? Int.max : size)
    }
    _ = try Shape.count(whole)
    return .tensor(try (a.reshaped(ofA) * b.reshaped(ofB)).reshaped(whole))
  },
  Builtin(
    "einsum", [.required("formula", .string, "a letter for each axis, as in \"ij,jk->ik\""), .rest("tensors", .array, "the tensors, in the formula's order")],
    returns: "tensor or float", subject: "tensors",
    """
    A sum of products by Einstein's notation: axes of one letter run together, letters that the result lacks are summed over. \
    Without `->` the result has the letters that stand once, in alphabetical order.
    """,
    example: """
      print(einsum("ij,jk->ik", [[1, 2], [3, 4]], [[1, 0], [0, 1]]))   # expect: tensor[2, 2] [[1., 2.], [3., 4.]]
      print(einsum("ii->", [[1, 2], [3, 4]]), einsum("i,i", [1, 2], [3, 4]))   # expect: 5.0 11.0
      """
  ) { (call) throws(Fault) in
    var tensors: [Tensor] = []
    for value in call.rest {
      guard let tensor = try value.convertedToTensor() else {
        throw Fault(.type, "`einsum` takes tensors behind its formula", label: "found \(value.description(of: .kind))")
      }
      tensors.append(tensor)
    }
    return Machine.scalarOrTensor(try EinsteinSum(try call.string(0), tensors).result())
  },
]
