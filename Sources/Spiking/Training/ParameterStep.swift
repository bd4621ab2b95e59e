// One step of an optimiser on one parameter, in the coordinate in which the parameter is trained.

import Faults
import Glibc
import Kernels
import Tensors

extension Optimizer {
  /// Moves a tensor by one step, in place.
  ///
  /// - Parameters:
  ///   - gradient: with respect to the tensor as it stands, whatever the scale.
  ///   - memory: as many tensors as the optimiser has `memories`.
  ///   - scale: the coordinate u in which the optimiser moves it: `value = unit u`, or `value = ± e^u`, which changes by
  ///     a factor of at most e^2 in a step.
  func apply(
    to value: inout Tensor, gradient: Tensor, memory: inout [Tensor], step: Int, learningRate: Double,
    scale: ParameterScale = .weight
  ) throws(Fault) {
    guard gradient.count == value.count else {
      throw Fault(
        .shape, "a gradient does not fit its parameter",
        label: "the parameter is \(Shape.text(value.shape)), the gradient \(Shape.text(gradient.shape))")
    }
    if scale == .weight {
      return try move(&value, gradient: gradient, memory: &memory, step: step, learningRate: learningRate)
    }
    var plain = self
    // Nothing draws a neuron's parameters to zero.
    plain.weightDecay = 0
    let start = value.scalars
    // The optimiser sees the change alone: where there is none, the value keeps its bits.
    var change = try Tensor.zeros(value.shape)
    let slopes = zip(gradient.scalars, start).map { slope, value in
      if case .unit(let unit) = scale { slope * unit } else { slope * value }
    }
    try plain.move(
      &change, gradient: try Tensor(slopes, shape: value.shape), memory: &memory, step: step,
      learningRate: learningRate)
    let moved = zip(start, change.scalars).map { value, change in
      if case .unit(let unit) = scale { return value + unit * change }
      let next = value * expf(min(max(change, -2), 2))
      return next == 0 ? value : next
    }
    value = try Tensor(moved, shape: value.shape)
  }

  /// Numbers that one thread moves at a time: whole vectors, so that the bits are those of one loop.
  private static var atOnce: Int { 1 << 14 }

  private func move(
    _ value: inout Tensor, gradient: Tensor, memory: inout [Tensor], step: Int, learningRate: Double
  ) throws(Fault) {
    let count = value.count
    var blocks: [UnsafeMutablePointer<Float>] = []
    for index in memory.indices {
      _ = try memory[index].withUnsafeMutableBuffer { (buffer) throws(Fault) in
        if let base = buffer.baseAddress { blocks.append(base) }
      }
    }
    defer { withExtendedLifetime(memory) {} }
    let rule = rule(step: step, learningRate: learningRate)
    _ = try value.withUnsafeMutableBuffer { (values) throws(Fault) in
      gradient.withUnsafeBuffer { slopes in
        guard let parameters = values.baseAddress, let slope = slopes.baseAddress else { return }
        // A request to stop waits: half a step is none.
        ThreadPool.shared.run(tasks: (count + Self.atOnce - 1) / Self.atOnce) { task in
          let first = task * Self.atOnce
          rule(parameters + first, slope + first, blocks.map { $0 + first }, min(Self.atOnce, count - first))
        }
      }
    }
  }
}
