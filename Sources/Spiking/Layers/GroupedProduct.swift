// The three products of a convolution with groups or gaps, tap by tap: only what is there is worked on.

import Faults
import Kernels
import Tensors

/// A convolution's products for one geometry, without zeros between groups or taps.
///
/// Each tap adds a multiple of a row of the input to a row of the output, so that the work is that of the taps alone.
struct GroupedProduct {
  let geometry: ConvGeometry
  let shape: WindowShape
  let outputs: Int

  /// - Parameter shape: of the window with its gaps.
  init(_ geometry: ConvGeometry, _ shape: WindowShape, outputs: Int) {
    self.geometry = geometry
    self.shape = shape
    self.outputs = outputs
  }

  private var own: Int { shape.channels / geometry.groups }
  private var taps: Int { own * geometry.kernel.y * geometry.kernel.x }
  private var workPerRow: Int { max(1, outputs * taps * shape.outPixels / 8) }

  /// Calls `body` for each tap of an output channel with rows of its plane: where they begin in the input's and the
  /// output's plane, and how many positions they have.
  @inline(__always)
  private func forEachRow(
    of output: Int, _ body: (_ tap: Int, _ channel: Int, _ inputStart: Int, _ outputStart: Int, _ count: Int) -> Void
  ) {
    let (kernel, dilation) = (geometry.kernel, geometry.dilation)
    let first = output / (outputs / geometry.groups) * own
    var tap = output * taps
    for channel in first..<first + own {
      for ky in 0..<kernel.y {
        for kx in 0..<kernel.x {
          let left = kx * dilation.x - shape.paddingX
          let begin = left >= 0 ? 0 : (-left + shape.strideX - 1) / shape.strideX
          let last = shape.width - 1 - left
          let end = last < 0 ? 0 : min(shape.outWidth, last / shape.strideX + 1)
          if begin < end {
            for y in 0..<shape.outHeight {
              let row = y * shape.strideY + ky * dilation.y - shape.paddingY
              guard row >= 0, row < shape.height else { continue }
              body(tap, channel, row * shape.width + begin * shape.strideX + left, y * shape.outWidth + begin, end - begin)
            }
          }
          tap += 1
        }
      }
    }
  }

  /// `[time, batch, outputs, height, width]`.
  func forward(_ values: Tensor, weight: Tensor, bias: Tensor?) throws(Fault) -> Tensor {
    let rows = values.shape[0] * values.shape[1]
    let offsets = bias?.scalars
    let (plane, outPlane, step) = (shape.pixels, shape.outPixels, shape.strideX)
    return try Tensor(
      shape: [values.shape[0], values.shape[1], outputs, shape.outHeight, shape.outWidth]
    ) { (target) throws(Fault) in
      try values.withUnsafeBuffer { (source) throws(Fault) in
        try weight.withUnsafeBuffer { (weights) throws(Fault) in
          guard let out = target.baseAddress, let from = source.baseAddress, let weights = weights.baseAddress else { return }
          try inParallel(rows, workPerItem: workPerRow) { range in
            for row in range {
              let image = from + row * shape.features
              for output in 0..<outputs {
                let result = out + (row * outputs + output) * outPlane
                result.update(repeating: offsets?[output] ?? 0, count: outPlane)
                forEachRow(of: output) { tap, channel, start, place, count in
                  let input = image + channel * plane + start
                  if step == 1 {
                    kernels.accumulate(count: count, scale: weights[tap], input, into: result + place)
                  } else {
                    let scale = weights[tap]
                    for x in 0..<count { result[place + x] += scale * input[x * step] }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// The gradient of the input, of the given shape.
  func inputGradient(_ gradient: Tensor, weight: Tensor, shape wanted: [Int]) throws(Fault) -> Tensor {
    let (plane, outPlane, step) = (shape.pixels, shape.outPixels, shape.strideX)
    let rows = wanted[0] * wanted[1]
    return try Tensor(shape: wanted) { (target) throws(Fault) in
      try gradient.withUnsafeBuffer { (flows) throws(Fault) in
        try weight.withUnsafeBuffer { (weights) throws(Fault) in
          guard let out = target.baseAddress, let flow = flows.baseAddress, let weights = weights.baseAddress else { return }
          try inParallel(rows, workPerItem: workPerRow) { range in
            for row in range {
              let image = out + row * shape.features
              image.update(repeating: 0, count: shape.features)
              for output in 0..<outputs {
                let arriving = flow + (row * outputs + output) * outPlane
                forEachRow(of: output) { tap, channel, start, place, count in
                  let input = image + channel * plane + start
                  if step == 1 {
                    kernels.accumulate(count: count, scale: weights[tap], arriving + place, into: input)
                  } else {
                    let scale = weights[tap]
                    for x in 0..<count { input[x * step] += scale * arriving[place + x] }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// The gradients of weight and bias, each output's summed over all rows in order.
  func weightGradient(_ values: Tensor, outputGradient: Tensor, like weight: Tensor) throws(Fault) -> (weight: Tensor, bias: Tensor) {
    let rows = values.shape[0] * values.shape[1]
    let (plane, outPlane, step, taps) = (shape.pixels, shape.outPixels, shape.strideX, taps)
    var offsets = [Float](repeating: 0, count: outputs)
    let slopes = try offsets.withUnsafeMutableBufferPointer { (offsets) throws(Fault) -> Tensor in
      let bias = offsets.baseAddress
      return try Tensor(shape: weight.shape) { (target) throws(Fault) in
        try values.withUnsafeBuffer { (source) throws(Fault) in
          try outputGradient.withUnsafeBuffer { (flows) throws(Fault) in
            guard let out = target.baseAddress, let from = source.baseAddress, let flow = flows.baseAddress, let bias else { return }
            let (work, overflows) = workPerRow.multipliedReportingOverflow(by: max(1, rows / max(1, outputs)))
            try inParallel(outputs, workPerItem: overflows ? Int.max : work) { range in
              for output in range {
                var sums = [Double](repeating: 0, count: taps)
                var offset = 0.0
                for row in 0..<rows {
                  if row % 64 == 0, Interrupt.isRequested { return }
                  let image = from + row * shape.features
                  let arriving = flow + (row * outputs + output) * outPlane
                  for place in 0..<outPlane { offset += Double(arriving[place]) }
                  forEachRow(of: output) { tap, channel, start, place, count in
                    let input = image + channel * plane + start
                    if step == 1 {
                      sums[tap - output * taps] += Double(kernels.dot(input, arriving + place, count: count))
                    } else {
                      var sum: Float = 0
                      for x in 0..<count { sum += input[x * step] * arriving[place + x] }
                      sums[tap - output * taps] += Double(sum)
                    }
                  }
                }
                for tap in 0..<taps { out[output * taps + tap] = Float(sums[tap]) }
                bias[output] = Float(offset)
              }
            }
          }
        }
      }
    }
    return (slopes, try Tensor(offsets, shape: [outputs]))
  }
}
