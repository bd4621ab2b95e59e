// The products of layers with weights, over all time steps at once: by events for spikes, dense for numbers.

import Faults
import Kernels
import Tensors

/// The three products of a layer `y = x @ w + b`, with x `[time, batch, inputs]` and w `[inputs, outputs]`.
enum Product {
  /// `[time, batch, outputs]`. Each row's bits depend on that row alone, so one step gives those of a run over all.
  static func forward(_ input: Signal, weight: Tensor, bias: Tensor?) throws(Fault) -> Tensor {
    switch input {
    case .spikes(let spikes): return try spikes.product(with: weight, bias: bias)
    case .steady: return try forward(try input.unrolled(), weight: weight, bias: bias)
    case .tensor(let values):
      let (rows, inputs, outputs) = (input.steps * input.batch, weight.shape[0], weight.shape[1])
      var output = try product(
        [input.steps, input.batch, outputs], values, weight, m: rows, n: outputs, k: inputs, aStride: inputs,
        bStride: outputs)
      if let bias { try add(bias, toRowsOf: &output) }
      return output
    }
  }

  /// The gradients of the weight, `[inputs, outputs]`, which is the inputs' transpose times the gradient of the output,
  /// and of the bias, `[outputs]`.
  static func weightGradient(_ input: Signal, outputGradient: Tensor) throws(Fault) -> (weight: Tensor, bias: Tensor) {
    switch input {
    case .spikes(let spikes): return try spikes.weightGradient(of: outputGradient)
    case .steady: return try weightGradient(try input.unrolled(), outputGradient: outputGradient)
    case .tensor(let values):
      let rows = input.steps * input.batch
      let (inputs, outputs) = (input.features, outputGradient.count / max(1, rows))
      let weight = try product(
        [inputs, outputs], values, outputGradient, m: inputs, n: outputs, k: rows, aStride: inputs,
        aTransposed: true, bStride: outputs)
      return (weight, try outputGradient.sum(over: [0, 1]))
    }
  }

  /// `[time, batch, inputs]`: the gradient of the output times the weights' transpose.
  static func inputGradient(_ outputGradient: Tensor, weight: Tensor) throws(Fault) -> Tensor {
    let (inputs, outputs) = (weight.shape[0], weight.shape[1])
    let rows = outputGradient.count / max(1, outputs)
    return try product(
      Array(outputGradient.shape.dropLast()) + [inputs], outputGradient, weight, m: rows, n: inputs, k: outputs,
      aStride: outputs, bStride: outputs, bTransposed: true)
  }

  /// `a b` with m rows, n columns and a depth of k, under the given shape.
  private static func product(
    _ shape: [Int], _ a: Tensor, _ b: Tensor, m: Int, n: Int, k: Int, aStride: Int, aTransposed: Bool = false,
    bStride: Int, bTransposed: Bool = false
  ) throws(Fault) -> Tensor {
    try Tensor(shape: shape) { (target) throws(Fault) in
      guard let c = target.baseAddress, !target.isEmpty else { return }
      var scratch = try Tensor(shape: [kernels.gemmWorkspace(m: m, n: n, k: k)]) { _ in }
      _ = try scratch.withUnsafeMutableBuffer { room in
        guard let workspace = room.baseAddress else { return }
        a.withUnsafeBuffer { left in
          b.withUnsafeBuffer { right in
            guard let x = left.baseAddress, let y = right.baseAddress else { return }
            kernels.gemm(
              m: m, n: n, k: k, a: MatrixView(x, stride: aStride, transposed: aTransposed),
              b: MatrixView(y, stride: bStride, transposed: bTransposed), c: c, cStride: n, workspace: workspace,
              shouldStop: { Interrupt.isRequested })
          }
        }
      }
      try Interrupt.check()
    }
  }

  private static func add(_ bias: Tensor, toRowsOf output: inout Tensor) throws(Fault) {
    let columns = bias.count
    _ = try output.withUnsafeMutableBuffer { (target) throws(Fault) in
      try bias.withUnsafeBuffer { (values) throws(Fault) in
        guard let rows = target.baseAddress, let row = values.baseAddress, columns > 0 else { return }
        try inParallel(target.count / columns, workPerItem: columns) { range in
          for i in range { kernels.accumulate(count: columns, scale: 1, row, into: rows + i * columns) }
        }
      }
    }
  }
}
