// Surrogates, losses and optimisers as values of the language.

import Faults
import Machine
import Spiking
import Tensors

/// The stand-in for the derivative of a spike.
struct SurrogateValue: ForeignValue {
  static let typeName = "surrogate"
  let surrogate: Surrogate

  var summary: String {
    surrogate.parameter.map { "\(surrogate.name)(\($0.name)=\($0.value))" } ?? "\(surrogate.name)()"
  }
  var memberNames: [String] { ["name"] + (surrogate.parameter.map { [$0.name] } ?? []) }

  func member(_ name: String) throws(Fault) -> Value? {
    if let parameter = surrogate.parameter, parameter.name == name { return .float(Double(parameter.value)) }
    return name == "name" ? .string(surrogate.name) : nil
  }

  var isCallable: Bool { true }

  /// The derivative at distances `v - threshold`.
  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let input = arguments.positional.first,
      let distances = try input.convertedToTensor()
    else {
      throw Fault(.call, "a surrogate is called with distances to the threshold", help: "\(summary)(linspace(-1, 1))")
    }
    return Machine.scalarOrTensor(
      try Tensor(surrogate.derivative(at: distances.scalars), shape: distances.shape))
  }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? SurrogateValue)?.surrogate == surrogate }
}

/// A loss with settings; without settings a loss is a plain function.
struct LossValue: ForeignValue {
  static let typeName = "loss"
  let loss: Loss
  let settings: String

  var summary: String { "\(loss.name)(\(settings))" }
  var memberNames: [String] { ["name"] }
  func member(_ name: String) throws(Fault) -> Value? { name == "name" ? .string(loss.name) : nil }
  var isCallable: Bool { true }

  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 2,
      let output = try arguments.positional[0].convertedToTensor(),
      let labels = try arguments.positional[1].convertedToTensor()
    else {
      throw Fault(.call, "a loss is called with the output and the labels", help: "\(summary)(output, label)")
    }
    return Machine.scalarOrTensor(try loss.function(output, labels, []))
  }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? LossValue)?.summary == summary }
}

/// A rule by which training moves weights.
struct OptimizerValue: ForeignValue {
  static let typeName = "optimizer"
  let optimizer: any Optimizer

  var summary: String { "\(optimizer.name)(lr=\(optimizer.learningRate))" }
  var memberNames: [String] { ["name", "lr"] }

  func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "name": .string(optimizer.name)
    case "lr": .float(optimizer.learningRate)
    default: nil
    }
  }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? OptimizerValue)?.summary == summary }
}
