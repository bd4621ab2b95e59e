// The three products of a convolution over all time steps at once, divided among the threads by rows.

import Faults
import Kernels
import Tensors

/// A convolution's products for one geometry.
struct WindowProduct {
  let shape: WindowShape
  let outputs: Int

  init(_ shape: WindowShape, outputs: Int) {
    self.shape = shape
    self.outputs = outputs
  }

  /// The cost of a row in the unit of `inParallel`, with vectors in mind.
  private var workPerRow: Int { shape.outPixels * shape.taps / 64 * max(outputs, 4) + shape.outPixels * outputs / 4 }

  /// The same where small images are taken together: a dense product reads all weights for each task's pixels.
  private func work(_ rows: Int, _ workPerRow: Int, pixels: Int) -> Int {
    let together = max(1, min(rows / 8, 256 / max(1, pixels)))
    return min(workPerRow, 65_536 / together)
  }

  /// `[time, batch, outputs, height, width]`.
  func forward(_ input: Signal, weight: Tensor, bias: Tensor?) throws(Fault) -> Tensor {
    let rows = input.steps * input.batch
    let packed = try Tensor(shape: [kernels.packedConvolutionCount(shape, outputs: outputs)]) { (target) throws(Fault) in
      weight.withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        kernels.packConvolution(shape, outputs: outputs, weights: from, packed: to)
      }
    }
    let offsets: Tensor
    if let bias { offsets = bias } else { offsets = try Tensor.zeros([1]) }
    return try Tensor(
      shape: [input.steps, input.batch, outputs, shape.outHeight, shape.outWidth]
    ) { (target) throws(Fault) in
      guard let out = target.baseAddress else { return }
      try input.withConvolutionInput { (source) throws(Fault) in
        try packed.withUnsafeBuffer { (weights) throws(Fault) in
          try offsets.withUnsafeBuffer { (offsets) throws(Fault) in
            guard let weights = weights.baseAddress else { return }
            try inParallel(rows, workPerItem: work(rows, workPerRow, pixels: shape.outPixels)) { range in
              kernels.convolutionForward(
                shape, outputs: outputs, input: source, packed: weights,
                bias: bias == nil ? nil : offsets.baseAddress, out: out, rows: range)
            }
          }
        }
      }
    }
  }

  /// The gradient of the input, of the given shape `[time, batch, channels, height, width]`.
  func inputGradient(_ gradient: Tensor, weight: Tensor, shape wanted: [Int]) throws(Fault) -> Tensor {
    let packed = try Tensor(shape: [kernels.packedTurnedCount(shape, outputs: outputs)]) { (target) throws(Fault) in
      weight.withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        kernels.packTurnedConvolution(shape, outputs: outputs, weights: from, packed: to)
      }
    }
    return try Tensor(shape: wanted) { (target) throws(Fault) in
      try gradient.withUnsafeBuffer { (flows) throws(Fault) in
        try packed.withUnsafeBuffer { (weights) throws(Fault) in
          guard let out = target.baseAddress, let flow = flows.baseAddress, let weights = weights.baseAddress
          else { return }
          let work = shape.pixels * shape.kernelHeight * shape.kernelWidth * outputs / 64 * max(shape.channels, 4)
          let rows = wanted[0] * wanted[1]
          // Several images a task, whose scratch memory is large.
          try inParallel(rows, workPerItem: self.work(rows, work, pixels: shape.pixels / 8)) { range in
            kernels.convolutionInputGradient(
              shape, outputs: outputs, gradient: flow, packed: weights, out: out, rows: range)
          }
        }
      }
    }
  }

  /// The most floats that partial sums of the weights' gradient take together.
  private static let partialLimit = 8 << 20

  /// The gradients of weight and bias. Rows are divided into groups by the shapes alone; each group has sums of its
  /// own, which are added in order.
  func weightGradient(_ input: Signal, outputGradient: Tensor) throws(Fault) -> (weight: Tensor, bias: Tensor) {
    let rows = input.steps * input.batch
    let size = shape.taps * kernels.paddedChannels(outputs)
    // Few where there are few pixels: sums are cleared and added up again for each group.
    let groups = max(1, min(16, rows, WindowProduct.partialLimit / max(1, size), max(4, rows * shape.outPixels / 512)))
    var sums = try Tensor.zeros([groups, size])
    var offsets = try Tensor.zeros([groups, outputs])
    try input.withConvolutionInput { (source) throws(Fault) in
      _ = try sums.withUnsafeMutableBuffer { (sums) throws(Fault) in
        _ = try offsets.withUnsafeMutableBuffer { (offsets) throws(Fault) in
          try outputGradient.withUnsafeBuffer { (flows) throws(Fault) in
            guard let sum = sums.baseAddress, let offset = offsets.baseAddress, let flow = flows.baseAddress
            else { return }
            let (shape, outputs) = (shape, outputs)
            // Few enough that the user's request to stop is seen soon.
            let rowsAtOnce = max(1, 1 << 22 / max(1, workPerRow))
            ThreadPool.shared.run(tasks: groups) { group in
              var row = rows * group / groups
              let end = rows * (group + 1) / groups
              while row < end && !Interrupt.isRequested {
                let next = min(end, row + rowsAtOnce)
                kernels.convolutionWeightGradient(
                  shape, outputs: outputs, input: source, gradient: flow, weightSums: sum + group * size,
                  biasSums: offset + group * outputs, rows: row..<next)
                row = next
              }
            }
          }
        }
      }
    }
    try Interrupt.check()
    let total = try sums.sum(over: [0])
    let weight = try Tensor(
      shape: [outputs, shape.channels, shape.kernelHeight, shape.kernelWidth]
    ) { (target) throws(Fault) in
      total.withUnsafeBuffer { packed in
        guard let to = target.baseAddress, let from = packed.baseAddress else { return }
        kernels.unpackConvolution(shape, outputs: outputs, packed: from, weights: to)
      }
    }
    return (weight, try offsets.sum(over: [0]))
  }
}

extension Signal {
  /// The rows in the form that the kernels of windows take.
  func withConvolutionInput(_ body: (ConvolutionInput) throws(Fault) -> Void) throws(Fault) {
    switch self {
    case .tensor(let values):
      try values.withUnsafeBuffer { (buffer) throws(Fault) in
        guard let start = buffer.baseAddress else { return }
        try body(.values(start))
      }
    case .spikes(let spikes):
      try spikes.withUnsafeWords { (words) throws(Fault) in
        try body(.spikes(words, wordsPerRow: spikes.wordsPerRow))
      }
    case .steady: try unrolled().withConvolutionInput(body)
    }
  }
}
