// Steps of an optimiser that a loop of one's own takes.

import Faults
import Tensors

extension Optimizer {
  /// One parameter after a step.
  ///
  /// - Parameters:
  ///   - memory: what the rule remembers of the parameter; empty before the first step.
  ///   - step: 1 for the first step.
  /// - Throws: `.shape` for a gradient or a memory that doesn't fit.
  public func moved(
    _ value: Tensor, gradient: Tensor, memory: inout [Tensor], step: Int, scale: ParameterScale = .weight
  ) throws(Fault) -> Tensor {
    if memory.isEmpty { memory = try freshMemory(for: value) }
    guard memory.count == memories, memory.allSatisfy({ $0.shape == value.shape }) else {
      throw Fault(
        .shape, "the optimizer has learnt from other parameters",
        label: "one of them is \(Shape.text(value.shape)), and \(memory.first.map { Shape.text($0.shape) } ?? "nothing") was remembered",
        help: "begin with a fresh one")
    }
    var moved = value
    try apply(
      to: &moved, gradient: gradient, memory: &memory, step: step, learningRate: learningRate, scale: scale)
    return moved
  }

  /// A network after a step.
  ///
  /// - Parameters:
  ///   - gradient: slopes in the form of the network.
  ///   - memory: for each parameter what the rule remembers; empty before the first step.
  public func moved(
    _ network: Network, gradient: Network, memory: inout ArraySlice<[Tensor]>, step: Int
  ) throws(Fault) -> (network: Network, memory: [[Tensor]]) {
    let slopes = gradient.parameterValues
    guard zip(slopes, network.parameterValues).allSatisfy({ $0.count == $1.count }), slopes.count == network.layers.count else {
      throw Fault(
        .shape, "the gradient is not that of this network",
        help: "let (loss, slope) = value_and_grad(m => …)(model), then update(optimizer, model, slope)")
    }
    var copy = network
    copy.training = nil
    let scales = network.layers.map(\.parameterScales)
    var kept: [[Tensor]] = []
    try copy.updateParameters { (layer, parameter, value) throws(Fault) in
      var own = memory.popFirst() ?? []
      value = try moved(
        value, gradient: slopes[layer][parameter], memory: &own, step: step, scale: scales[layer][parameter])
      kept.append(own)
    }
    return (copy, kept)
  }
}
