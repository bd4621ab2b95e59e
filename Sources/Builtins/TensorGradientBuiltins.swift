// Derivatives of the language's own functions: arithmetic on tensors is recorded while the function runs.

import Faults
import Machine
import Tensors

/// grad and value_and_grad.
let tensorGradientBuiltins: [Builtin] = [
  Builtin(
    "grad", [.required("f", .function, "a function that gives one number")], returns: "function", subject: "tensors",
    """
    The function that gives the gradient of `f` with respect to its first argument: a tensor, a number, or a list, \
    tuple or map of these, and the gradient has the same form. The other arguments are passed on as they are.
    """,
    example: """
      print(grad(x => x ^ 2)(3.0))   # expect: 6.0
      let w = tensor([1.0, 2.0])
      print(grad(w => sum(w * w))(w))   # expect: tensor[2] [2., 4.]
      """
  ) { (call) throws(Fault) in .foreign(GradientFunction(call[0], givesValue: false)) },
  Builtin(
    "value_and_grad", [.required("f", .function, "a function that gives one number")], returns: "function",
    subject: "tensors", "Like `grad`, but the new function gives a pair: the value of `f`, and its gradient.",
    example: "let (v, g) = value_and_grad(x => x ^ 3)(2.0)\nprint(v, g)   # expect: 8.0 12.0"
  ) { (call) throws(Fault) in .foreign(GradientFunction(call[0], givesValue: true)) },
]

/// The function that `grad` gives.
final class GradientFunction: ForeignValue {
  static let typeName = "function"

  private let function: Value
  private let givesValue: Bool

  init(_ function: Value, givesValue: Bool) {
    self.function = function.retained()
    self.givesValue = givesValue
  }

  deinit { function.release() }

  var summary: String {
    "\(function.description(of: .quoted)) by \(givesValue ? "value_and_grad" : "grad")"
  }

  var isCallable: Bool { true }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? GradientFunction) === self }

  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    if let name = arguments.named.first?.name {
      throw Fault(
        .call, "the arguments of a gradient function stand in their order", label: "found `\(name)=`",
        help: "leave out the name")
    }
    guard let first = arguments.positional.first else {
      throw Fault(
        .call, "a gradient function needs the argument to differentiate by", help: "such as grad(f)(x)")
    }
    let tape = Tape()
    var leaves: [Tensor] = []
    let watched = try watch(first, tape, &leaves, depth: 0)
    defer { watched.release() }
    let result = try arguments.machine.invoke(function, [watched] + arguments.positional.dropFirst())
    defer { result.release() }
    guard let output = try result.convertedToTensor(), result.elements == nil, output.count == 1 else {
      throw Fault(
        .shape, "only a function that gives one number has a gradient",
        label: "it gave \(result.description(of: .kind))", help: "reduce the result first, with sum or mean")
    }
    var gradients = try tape.gradients(of: output, withRespectTo: leaves)[...]
    let gradient = try replace(first, &gradients, depth: 0)
    if !givesValue { return gradient }
    return .tuple([Machine.scalarOrTensor(try output.detached.reshaped([])), gradient])
  }

  /// The value with each number and tensor in it watched, owned.
  private func watch(_ value: Value, _ tape: Tape, _ leaves: inout [Tensor], depth: Int) throws(Fault) -> Value {
    try rebuild(value, depth: depth) { (leaf) throws(Fault) in
      let tensor = try tape.watch(leaf)
      leaves.append(tensor)
      return .tensor(tensor)
    }
  }

  /// The value with each number and tensor in it replaced by its gradient, owned.
  private func replace(_ value: Value, _ gradients: inout ArraySlice<Tensor>, depth: Int) throws(Fault) -> Value {
    try rebuild(value, depth: depth) { (_) throws(Fault) in
      guard let gradient = gradients.popFirst() else { return .nil }
      return Machine.scalarOrTensor(gradient)
    }
  }

  /// Visits the numbers and tensors of a value in order and puts others in their place.
  private func rebuild(
    _ value: Value, depth: Int, _ body: (Tensor) throws(Fault) -> Value
  ) throws(Fault) -> Value {
    if depth > 32 {
      throw Fault(.limit, "an argument nested too deeply for a gradient", label: "more than 32 levels")
    }
    if value.asNumber != nil || value.asTensor != nil, let tensor = try value.convertedToTensor() {
      return try body(tensor)
    }
    if let elements = value.elements {
      var parts: [Value] = []
      for element in elements { parts.append(try rebuild(element, depth: depth + 1, body)) }
      return value.tag == .tuple ? .tuple(parts) : .list(parts)
    }
    if let map = value.asMap {
      var parts: [(String, Value)] = []
      for pair in map.pairs {
        guard let key = pair.key.asString else {
          throw Fault(.type, "a map of parameters has names as keys", label: "found \(pair.key.description(of: .kind))")
        }
        parts.append((key, try rebuild(pair.value, depth: depth + 1, body)))
      }
      return .map(parts)
    }
    throw Fault(
      .type, "a gradient is with respect to numbers and tensors", label: "found \(value.description(of: .kind))")
  }
}
