// Derivatives of the language's own functions: arithmetic on tensors is recorded while the function runs.

import Faults
import Language
import Machine
import Tensors

/// grad and value_and_grad.
let tensorGradientBuiltins: [Builtin] = [
  Builtin(
    "grad", [.required("f", .function, "a function that gives one number")], returns: "function", subject: "tensors",
    """
    The function that gives the gradient of `f` with respect to its first argument: a number, a quantity, a tensor, \
    spikes, a layer, a network, or a list, tuple or map of these, and the gradient has the same form: that of a network \
    is a network whose weights are the slopes. The other arguments are passed on as they are. `?gradients` tells what \
    is differentiated, and how at kinks.
    """,
    example: """
      print(grad(x => x ^ 2)(3.0))   # expect: 6.0
      let w = tensor([1.0, 2.0])
      print(grad(w => sum(w * w))(w))   # expect: tensor[2] [2., 4.]
      let net = input(2) |> dense(1, weight=[[1.0], [2.0]], bias=[0.0]) |> li()
      let slope = grad(m => sum(m(ones([3, 1, 2]))))(net)
      print(slope.layers[0].bias)   # expect: tensor[1] [5.61]
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
    defer { tape.close() }
    let argument = GradientArgument(first)
    let watched = try argument.watched(by: tape)
    defer { watched.release() }
    let machine = arguments.machine
    let result = try machine.recording(on: tape) { () throws(Fault) in
      try machine.invoke(function, [watched] + arguments.positional.dropFirst())
    }
    defer { result.release() }
    let (gradients, dimension) = try gradients(of: result, on: tape)
    let gradient = try argument.gradient(gradients, of: dimension)
    if !givesValue { return gradient }
    if let tensor = result.asTensor { return .tuple([Machine.scalarOrTensor(try tensor.detached.reshaped([])), gradient]) }
    return .tuple([result.plain.retained(), gradient])
  }

  /// The derivatives of what the function gave, and its dimension.
  private func gradients(of result: Value, on tape: Tape) throws(Fault) -> (Tape.Gradients, Dimension) {
    let dimension = result.plain.asQuantity?.dimension ?? .none
    if let number = result.numberTrace { return (try tape.gradients(of: number), dimension) }
    if result.amount != nil { return (try tape.gradients(of: Tensor.scalar(0)), dimension) }
    guard let output = result.asTensor, output.count == 1 else {
      throw Fault(
        .shape, "only a function that gives one number has a gradient",
        label: "it gave \(result.description(of: .kind))", help: "reduce the result first, with sum or mean")
    }
    return (try tape.gradients(of: output), .none)
  }
}
