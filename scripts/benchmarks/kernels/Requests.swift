// What each request does. Only this file calls the kernels.

import Kernels
import Tensors

/// The seconds of each repeat, or nil where the request is not understood.
func answer(_ name: String, _ numbers: [Double]) -> [Double]? {
  guard numbers.allSatisfy({ $0 >= 0 && $0 < 1e12 }) else { return nil }
  let n = numbers.map { Int($0) }
  switch (name, n.count) {
  case ("threads", 1):
    ThreadPool.shared.threads = n[0]
    return [0]
  case ("gemm", 6): return timeGemm(m: n[0], n: n[1], k: n[2], transA: n[3] == 1, transB: n[4] == 1, repeats: n[5])
  case ("spikes", 5): return timeSpikes(rows: n[0], features: n[1], columns: n[2], density: numbers[3], repeats: n[4])
  case ("weightgrad", 5):
    return timeWeightGradient(rows: n[0], features: n[1], columns: n[2], density: numbers[3], repeats: n[4])
  case ("reach", 5):
    return timeReach(rows: n[0], neurons: n[1], outputs: n[2], share: numbers[3], repeats: n[4])
  case ("conv", 11): return timeConvolution(n, density: numbers[8])
  case ("lif", 3): return timeLif(steps: n[0], neurons: n[1], repeats: n[2])
  case ("lifback", 3): return timeLifBackward(steps: n[0], neurons: n[1], repeats: n[2])
  case ("triad", 2): return timeTriad(count: n[0], repeats: n[1])
  default: return nil
  }
}

private func timeGemm(m: Int, n: Int, k: Int, transA: Bool, transB: Bool, repeats: Int) -> [Double] {
  let a = Floats(random: m * k)
  let b = Floats(random: k * n)
  let c = Floats(m * n)
  let workspace = Floats(kernels.gemmWorkspace(m: m, n: n, k: k))
  let left = MatrixView(a.base, stride: transA ? m : k, transposed: transA)
  let right = MatrixView(b.base, stride: transB ? k : n, transposed: transB)
  return timed(repeats) {
    kernels.gemm(
      m: m, n: n, k: k, a: left, b: right, c: c.base, cStride: n, workspace: workspace.base, shouldStop: { false })
  }
}

/// As a dense layer has it: the product by events or, where there are many spikes, by a dense product of their numbers.
private func timeSpikes(rows: Int, features: Int, columns: Int, density: Double, repeats: Int) -> [Double]? {
  guard let spikes = try? randomSpikes(rows: rows, features: features, density: density),
    let weights = try? randomTensor([features, columns])
  else { return nil }
  return timed(repeats) { _ = try? spikes.product(with: weights) }
}

/// Turning the spikes around is a part of the gradient, as it is in training.
private func timeWeightGradient(rows: Int, features: Int, columns: Int, density: Double, repeats: Int) -> [Double]? {
  guard let spikes = try? randomSpikes(rows: rows, features: features, density: density),
    let gradient = try? randomTensor([rows, 1, columns])
  else { return nil }
  return timed(repeats) { _ = try? spikes.weightGradient(of: gradient) }
}

/// Potentials lie evenly from -0.5 to 1.5, and the threshold in their middle.
private func timeReach(rows: Int, neurons: Int, outputs: Int, share: Double, repeats: Int) -> [Double] {
  let (membrane, out) = (Floats(random: rows * neurons), Floats(rows * neurons))
  let (gradient, weights) = (Floats(random: rows * outputs), Floats(random: neurons * outputs))
  return timed(repeats) {
    kernels.productWithinReach(
      rows: rows, neurons: neurons, outputs: outputs, membrane: membrane.base, threshold: 0.5, reach: Float(share),
      gradient: gradient.base, weights: weights.base, out: out.base, shouldStop: { false })
  }
}

private func randomSpikes(rows: Int, features: Int, density: Double) throws -> Spikes {
  let bits = Bits(rows: rows, features: features, density: density)
  var spikes = try Spikes(shape: [rows, 1, features])
  for place in spikes.words.indices { spikes.words[place] = bits.base[place] }
  return spikes
}

private func randomTensor(_ shape: [Int]) throws -> Tensor {
  let numbers = Floats(random: shape.reduce(1, *))
  return try Tensor(shape: shape) { target in target.baseAddress?.update(from: numbers.base, count: numbers.count) }
}

private let neuron = LifConstants(beta: 0.9, threshold: 1, reset: .subtract)

/// The drive is written anew before each repeat, outside the time: the kernel overwrites it.
private func timeLif(steps: Int, neurons: Int, repeats: Int) -> [Double] {
  let drive = Floats(random: min(steps * neurons, 1 << 20))
  let membrane = Floats(steps * neurons)
  let spikes = Bits(rows: steps, features: neurons, density: 0)
  let state = Floats(neurons)
  let carried = steps == 1 ? state.base : nil
  return timed(repeats, before: { membrane.fill(from: drive) }) {
    overBlocks(steps: steps, neurons: neurons) { blocks in
      kernels.lifForward(
        neuron, steps: steps, rows: 1, neurons: neurons, membrane: membrane.base, spikes: spikes.base,
        carried: carried, blocks: blocks)
    }
  }
}

private func timeLifBackward(steps: Int, neurons: Int, repeats: Int) -> [Double] {
  let source = Floats(random: min(steps * neurons, 1 << 20))
  let membrane = Floats(steps * neurons)
  membrane.fill(from: source)
  let gradient = Floats(steps * neurons)
  return timed(repeats, before: { gradient.fill(from: source) }) {
    overBlocks(steps: steps, neurons: neurons) { blocks in
      kernels.lifBackward(
        neuron, surrogate: .fastSigmoid(slope: 25), steps: steps, rows: 1, neurons: neurons,
        trace: .potentials(membrane.base), gradient: gradient.base, out: gradient.base, carried: nil, blocks: blocks)
    }
  }
}

/// Tasks of about 32,000 neuron-steps, as the layers cut theirs.
private func overBlocks(steps: Int, neurons: Int, _ body: (Range<Int>) -> Void) {
  let blocks = lifWords(neurons)
  let size = max(1, 512 / steps)
  ThreadPool.shared.run(tasks: (blocks + size - 1) / size) { task in
    body(task * size..<min(blocks, task * size + size))
  }
}

private func timeTriad(count: Int, repeats: Int) -> [Double] {
  let (a, b, c) = (Floats(count), Floats(random: count), Floats(random: count))
  let size = 32_768
  return timed(repeats) {
    ThreadPool.shared.run(tasks: (count + size - 1) / size) { task in
      let (out, x, y) = (a.base, b.base, c.base)
      for i in task * size..<min(count, task * size + size) { out[i] = x[i] + 3 * y[i] }
    }
  }
}
