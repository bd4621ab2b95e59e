// The products of layers with weights, over all time steps at once: by events where few neurons fire, dense else.

import Faults
import Kernels
import Tensors

/// The three products of a layer `y = x @ w + b`, with x `[time, batch, inputs]` and w `[inputs, outputs]`.
enum Product {
  /// Below this share of active inputs the forward product adds up rows of weights instead of multiplying.
  static let forwardDensity = 0.25
  /// The same for the gradient of the weights.
  static let gradientDensity = 0.15

  /// `[time, batch, outputs]`.
  static func forward(_ input: Signal, weight: Tensor, bias: Tensor?) throws(Fault) -> Tensor {
    let rows = input.steps * input.batch
    let outputs = weight.shape[1]
    var sparse: Spikes?
    if case .spikes(let spikes) = input, spikes.density < forwardDensity { sparse = spikes }
    let dense = sparse == nil ? try input.tensor() : nil
    return try Tensor(shape: [input.steps, input.batch, outputs]) { (target) throws(Fault) in
      guard let output = target.baseAddress, !target.isEmpty else { return }
      startRows(output, rows: rows, columns: outputs, with: bias)
      try weight.withUnsafeBuffer { (weights) throws(Fault) in
        guard let w = weights.baseAddress, !weights.isEmpty else { return }
        if let sparse {
          try sparse.withUnsafeWords { (words) throws(Fault) in
            let features = sparse.features
            try withWorkspace(spikeGemmWorkspace(rows: rows, features: features, columns: outputs)) { workspace in
              spikeGemm(
                rows: rows, features: features, columns: outputs, spikes: words, wordsPerRow: sparse.wordsPerRow,
                weights: w, weightStride: outputs, beta: 1, out: output, outStride: outputs, workspace: workspace)
            }
          }
        } else if let dense {
          try dense.withUnsafeBuffer { (values) throws(Fault) in
            guard let x = values.baseAddress else { return }
            let inputs = weight.shape[0]
            try multiply(
              m: rows, n: outputs, k: inputs, a: MatrixView(x, stride: inputs, transposed: false),
              b: MatrixView(w, stride: outputs, transposed: false), beta: 1, c: output)
          }
        }
      }
    }
  }

  /// `[inputs, outputs]`: the inputs' transpose times the gradient of the output.
  static func weightGradient(_ input: Signal, outputGradient: Tensor) throws(Fault) -> Tensor {
    let rows = input.steps * input.batch
    let inputs = input.features
    let outputs = outputGradient.count / max(1, rows)
    var sparse: Spikes?
    if case .spikes(let spikes) = input, spikes.density < gradientDensity { sparse = spikes }
    let dense = sparse == nil ? try input.tensor() : nil
    return try Tensor(shape: [inputs, outputs]) { (target) throws(Fault) in
      guard let result = target.baseAddress, !target.isEmpty else { return }
      result.update(repeating: 0, count: target.count)
      try outputGradient.withUnsafeBuffer { (gradients) throws(Fault) in
        guard let g = gradients.baseAddress, !gradients.isEmpty else { return }
        if let sparse {
          try sparse.withUnsafeWords { (words) throws(Fault) in
            try inParallel(sparse.wordsPerRow, workPerItem: rows * outputs) { range in
              addToActiveRows(
                words: words, wordsPerRow: sparse.wordsPerRow, rows: rows, gradient: g, columns: outputs,
                output: result, wordRange: range)
            }
          }
        } else if let dense {
          try dense.withUnsafeBuffer { (values) throws(Fault) in
            guard let x = values.baseAddress else { return }
            try multiply(
              m: inputs, n: outputs, k: rows, a: MatrixView(x, stride: inputs, transposed: true),
              b: MatrixView(g, stride: outputs, transposed: false), beta: 0, c: result)
          }
        }
      }
    }
  }

  /// `[time, batch, inputs]`: the gradient of the output times the weights' transpose.
  static func inputGradient(_ outputGradient: Tensor, weight: Tensor) throws(Fault) -> Tensor {
    let inputs = weight.shape[0]
    let outputs = weight.shape[1]
    let rows = outputGradient.count / max(1, outputs)
    return try Tensor(shape: Array(outputGradient.shape.dropLast()) + [inputs]) { (target) throws(Fault) in
      guard let result = target.baseAddress, !target.isEmpty else { return }
      try outputGradient.withUnsafeBuffer { (gradients) throws(Fault) in
        try weight.withUnsafeBuffer { (weights) throws(Fault) in
          guard let g = gradients.baseAddress, let w = weights.baseAddress else { return }
          try multiply(
            m: rows, n: inputs, k: outputs, a: MatrixView(g, stride: outputs, transposed: false),
            b: MatrixView(w, stride: outputs, transposed: true), beta: 0, c: result)
        }
      }
    }
  }

  private static func startRows(
    _ output: UnsafeMutablePointer<Float>, rows: Int, columns: Int, with bias: Tensor?
  ) {
    guard let bias, bias.count == columns else {
      output.update(repeating: 0, count: rows * columns)
      return
    }
    bias.withUnsafeBuffer { values in
      guard let row = values.baseAddress else { return }
      for i in 0..<rows { (output + i * columns).update(from: row, count: columns) }
    }
  }

  private static func multiply(
    m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, beta: Float, c: UnsafeMutablePointer<Float>
  ) throws(Fault) {
    try withWorkspace(GemmPlan(m: m, n: n, k: k).workspaceCount) { workspace in
      gemm(
        m: m, n: n, k: k, a: a, b: b, beta: beta, c: c, cStride: n, workspace: workspace,
        shouldStop: { Interrupt.isRequested })
    }
  }

  /// Lends scratch memory of so many floats, and throws `.interrupt` when the user asked to stop meanwhile.
  private static func withWorkspace(
    _ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void
  ) throws(Fault) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    defer { memory.deallocate() }
    body(memory.bindMemory(to: Float.self, capacity: count))
    try Interrupt.check()
  }
}
