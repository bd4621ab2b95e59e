// Convolutions on their own, packing of the weights included, as a layer has them.

import Kernels
import Tensors

/// - Parameter n: channels, height, width, outputs, kernel, stride, padding, rows, density, kind, repeats.
func timeConvolution(_ n: [Int], density: Double) -> [Double]? {
  let shape = WindowShape(
    channels: n[0], height: n[1], width: n[2], kernelHeight: n[4], kernelWidth: n[4], strideY: n[5], strideX: n[5],
    paddingY: n[6], paddingX: n[6])
  let (outputs, rows) = (n[3], n[7])
  let weights = Floats(random: outputs * shape.taps)
  let bits = Bits(rows: rows, features: shape.features, density: density)
  let values = Floats(random: density < 1 ? 1 : rows * shape.features)
  let input: ConvolutionInput = density < 1 ? .spikes(bits.base, wordsPerRow: bits.wordsPerRow) : .values(values.base)
  let large = Floats(random: rows * outputs * shape.outPixels)
  let out = Floats(rows * max(shape.features, outputs * shape.outPixels))
  return withExtendedLifetime((bits, values, large, out, weights)) {
    switch n[9] {
    case 0:
      let packed = Floats(kernels.packedConvolutionCount(shape, outputs: outputs))
      return timed(n[10]) {
        kernels.packConvolution(shape, outputs: outputs, weights: weights.base, packed: packed.base)
        overRows(rows, by: 16) {
          kernels.convolutionForward(
            shape, outputs: outputs, input: input, packed: packed.base, bias: nil, out: out.base, rows: $0)
        }
      }
    case 1:
      let packed = Floats(kernels.packedTurnedCount(shape, outputs: outputs))
      return timed(n[10]) {
        kernels.packTurnedConvolution(shape, outputs: outputs, weights: weights.base, packed: packed.base)
        overRows(rows, by: 16) {
          kernels.convolutionInputGradient(
            shape, outputs: outputs, gradient: large.base, packed: packed.base, out: out.base, rows: $0)
        }
      }
    default:
      let size = shape.taps * kernels.paddedChannels(outputs)
      let groups = max(1, min(16, rows, max(4, rows * shape.outPixels / 512)))
      let sums = Floats(groups * size)
      let offsets = Floats(groups * outputs)
      return timed(n[10]) {
        sums.base.update(repeating: 0, count: groups * size)
        ThreadPool.shared.run(tasks: groups) { group in
          kernels.convolutionWeightGradient(
            shape, outputs: outputs, input: input, gradient: large.base, weightSums: sums.base + group * size,
            biasSums: offsets.base + group * outputs, rows: rows * group / groups..<rows * (group + 1) / groups)
        }
        kernels.unpackConvolution(shape, outputs: outputs, packed: sums.base, weights: weights.base)
      }
    }
  }
}

private func overRows(_ rows: Int, by size: Int, _ body: (Range<Int>) -> Void) {
  ThreadPool.shared.run(tasks: (rows + size - 1) / size) { task in
    body(task * size..<min(rows, (task + 1) * size))
  }
}
