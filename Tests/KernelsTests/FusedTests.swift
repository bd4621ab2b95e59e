// Products fused with neurons: the bits of the two kernels one after the other, on odd shapes.

import Testing

@testable import Kernels

/// Numbers that stay where they are, for kernels that are told where in an enumeration.
private final class StablePointer {
  let start: UnsafePointer<Float>

  init(_ numbers: [Float]) {
    let room = UnsafeMutablePointer<Float>.allocate(capacity: max(1, numbers.count))
    room.initialize(from: numbers, count: numbers.count)
    start = UnsafePointer(room)
  }

  deinit { start.deallocate() }
}

@Suite(.serialized) struct FusedTests {
  static let shapes: [(steps: Int, batch: Int, features: Int, columns: Int)] = [
    (1, 1, 1, 1), (5, 3, 65, 10), (7, 2, 40, 16), (4, 9, 130, 64), (3, 70, 20, 129), (25, 45, 70, 33), (2, 5, 1100, 70),
    (6, 1, 300, 200),
  ]

  private func spikes(_ rows: Int, _ features: Int, density: Float) -> [UInt64] {
    let width = (features + 63) / 64
    var words = [UInt64](repeating: 0, count: rows * width)
    for (place, value) in numbers(rows * features, seed: 21).enumerated() where value + 0.5 < density {
      words[place / features * width + place % features / 64] |= 1 << UInt64(place % features % 64)
    }
    return words
  }

  @Test(arguments: [LifReset.subtract, .zero, .none]) func productsIntoNeurons(reset: LifReset) {
    let constants = LifConstants(beta: 0.9, threshold: 0.7, reset: reset)
    for (steps, batch, features, columns) in Self.shapes {
      for density: Float in [0.02, 0.4] {
        let rows = steps * batch
        let width = (features + 63) / 64
        let outWords = lifWords(columns)
        let input = spikes(rows, features, density: density)
        let total = kernels.countSpikes(input, count: input.count)
        let (weights, bias) = (numbers(features * columns, seed: 22), numbers(columns, seed: 23))
        var room = [Int32](repeating: 0, count: kernels.spikeGemmWorkspace(rows: rows, features: features, total: total))
        var potentials = [Float](repeating: 9, count: rows * columns)
        var expected = [UInt64](repeating: .max, count: rows * outWords)
        kernels.spikeGemm(
          rows: rows, features: features, columns: columns, spikes: input, wordsPerRow: width, total: total,
          weights: weights, weightStride: columns, bias: bias, out: &potentials, outStride: columns, workspace: &room)
        kernels.lifForward(
          constants, steps: steps, rows: batch, neurons: columns, membrane: &potentials, spikes: &expected,
          carried: nil, blocks: 0..<batch * outWords)
        let panels = UnsafeMutableRawPointer.allocate(
          byteCount: 4 * kernels.spikePanelCount(features: features, columns: columns), alignment: 64)
        defer { panels.deallocate() }
        let floats = panels.assumingMemoryBound(to: Float.self)
        kernels.copySpikePanels(weights, features: features, columns: columns, to: floats)
        for (keeps, arePanels) in [(true, false), (false, false), (true, true), (false, true)] {
          var membrane = [Float](repeating: 9, count: rows * columns)
          var fired = [UInt64](repeating: .max, count: rows * outWords)
          membrane.withUnsafeMutableBufferPointer { membrane in
            weights.withUnsafeBufferPointer { weights in
              kernels.spikeLif(
                constants, steps: steps, batch: batch, features: features, columns: columns, spikes: input,
                wordsPerRow: width, total: total, weights: arePanels ? UnsafePointer(floats) : weights.baseAddress!,
                arePanels: arePanels, bias: bias, membrane: keeps ? membrane.baseAddress : nil, out: &fired,
                workspace: &room, shouldStop: { false })
            }
          }
          let sameSpikes = fired == expected
          let samePotentials = !keeps || membrane.map(\.bitPattern) == potentials.map(\.bitPattern)
          #expect(
            sameSpikes && samePotentials,
            "\(steps) x \(batch) x \(features) x \(columns), \(density), panels: \(arePanels)")
        }
      }
    }
  }

  @Test(arguments: [LifReset.subtract, .zero, .none]) func neuronsBehindProducts(reset: LifReset) {
    let constants = LifConstants(beta: 0.9, threshold: 0.1, reset: reset)
    for (steps, rows, outputs, neurons) in Self.shapes where outputs <= 130 {
      let count = steps * rows * neurons
      let membrane = StablePointer(numbers(count, seed: 24))
      defer { withExtendedLifetime(membrane) {} }
      let (arriving, weights) = (numbers(steps * rows * outputs, seed: 25), numbers(neurons * outputs, seed: 26))
      var expected = [Float](repeating: 0, count: count)
      for at in 0..<steps * rows {
        for neuron in 0..<neurons {
          for output in 0..<outputs {
            expected[at * neurons + neuron] += arriving[at * outputs + output] * weights[neuron * outputs + output]
          }
        }
      }
      var packed = [Float](repeating: 9, count: kernels.packedOutputWeightCount(neurons: neurons, outputs: outputs))
      kernels.packOutputWeights(weights, neurons: neurons, outputs: outputs, packed: &packed)
      for surrogate: SurrogateShape in [.fastSigmoid(slope: 5), .arctangent(alpha: 2), .triangle(width: 0.3)] {
        var plain = expected
        lifBackwardPlain(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, membrane: membrane.start,
          gradient: &plain)
        var gradient = [Float](repeating: 9, count: count)
        kernels.lifProductBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons,
          trace: .potentials(membrane.start), outputs: outputs, outputGradient: arriving, packed: packed, out: &gradient,
          blocks: 0..<rows * lifWords(neurons))
        expectClose(gradient, plain, tolerance: 1e-4)
      }
    }
  }

  /// A drive that is the same at each step: the bits of a drive for each step, and the sums of its gradients.
  @Test(arguments: [LifReset.subtract, .zero, .none]) func steadyDrives(reset: LifReset) {
    let constants = LifConstants(beta: 0.9, threshold: 0.2, reset: reset)
    for (steps, rows, outputs, neurons) in Self.shapes where outputs <= 130 {
      let (width, blocks) = (rows * neurons, 0..<rows * lifWords(neurons))
      let drive = numbers(width, seed: 41)
      var potentials = (0..<steps).flatMap { _ in drive }
      var expected = [UInt64](repeating: .max, count: steps * rows * lifWords(neurons))
      kernels.lifForward(
        constants, steps: steps, rows: rows, neurons: neurons, membrane: &potentials, spikes: &expected, carried: nil,
        blocks: blocks)
      let (kept, current) = (StablePointer(potentials), StablePointer(drive))
      defer { withExtendedLifetime((kept, current)) {} }
      for keeps in [true, false] {
        var membrane = [Float](repeating: 9, count: steps * width)
        var fired = [UInt64](repeating: .max, count: expected.count)
        membrane.withUnsafeMutableBufferPointer { room in
          kernels.lifSteadyForward(
            constants, steps: steps, rows: rows, neurons: neurons, drive: drive,
            membrane: keeps ? room.baseAddress : nil, spikes: &fired, blocks: blocks)
        }
        #expect(fired == expected)
        if keeps { #expect(membrane.map(\.bitPattern) == potentials.map(\.bitPattern)) }
      }
      func overTime(_ each: [Float]) -> [Float] {
        (0..<width).map { place in (0..<steps).reduce(Float(0)) { $0 + each[$1 * width + place] } }
      }
      let arriving = numbers(steps * width, seed: 42)
      let (outputGradient, weights) = (numbers(steps * rows * outputs, seed: 43), numbers(neurons * outputs, seed: 44))
      var packed = [Float](repeating: 9, count: kernels.packedOutputWeightCount(neurons: neurons, outputs: outputs))
      kernels.packOutputWeights(weights, neurons: neurons, outputs: outputs, packed: &packed)
      for surrogate: SurrogateShape in [.fastSigmoid(slope: 5), .arctangent(alpha: 2), .triangle(width: 0.3), .straightThrough] {
        var each = [Float](repeating: 9, count: steps * width)
        kernels.lifBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, trace: .potentials(kept.start),
          gradient: arriving, out: &each, carried: nil, blocks: blocks)
        var sums = [Float](repeating: 9, count: width)
        kernels.lifBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, trace: .drive(current.start),
          gradient: arriving, out: &sums, carried: nil, blocks: blocks)
        expectClose(sums, overTime(each), tolerance: 1e-4)
        kernels.lifProductBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, trace: .potentials(kept.start),
          outputs: outputs, outputGradient: outputGradient, packed: packed, out: &each, blocks: blocks)
        kernels.lifProductBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, trace: .drive(current.start),
          outputs: outputs, outputGradient: outputGradient, packed: packed, out: &sums, blocks: blocks)
        expectClose(sums, overTime(each), tolerance: 1e-4)
      }
    }
  }

  /// Pools of two by two behind neurons: the bits of the pool's way back and then the neurons'.
  @Test(arguments: [LifReset.subtract, .zero, .none]) func neuronsBehindPools(reset: LifReset) {
    let constants = LifConstants(beta: 0.9, threshold: 0.2, reset: reset)
    let surrogate = SurrogateShape.fastSigmoid(slope: 5)
    for (steps, rows, channels, height, width) in [
      (1, 1, 1, 2, 2), (3, 2, 3, 5, 7), (4, 3, 2, 8, 8), (2, 2, 5, 16, 16), (5, 1, 3, 4, 70), (8, 2, 9, 32, 32), (3, 1, 2, 9, 131),
    ] {
      let shape = WindowShape(
        channels: channels, height: height, width: width, kernelHeight: 2, kernelWidth: 2, strideY: 2, strideX: 2)
      let neurons = shape.features
      let blocks = 0..<rows * lifWords(neurons)
      let drive = numbers(rows * neurons, seed: 51)
      var potentials = numbers(steps * rows * neurons, seed: 52)
      var steady = [Float](repeating: 9, count: steps * rows * neurons)
      var (words, steadyWords) = ([UInt64](), [UInt64]())
      words = [UInt64](repeating: 0, count: steps * rows * lifWords(neurons))
      steadyWords = words
      kernels.lifForward(
        constants, steps: steps, rows: rows, neurons: neurons, membrane: &potentials, spikes: &words, carried: nil,
        blocks: blocks)
      steady.withUnsafeMutableBufferPointer { room in
        kernels.lifSteadyForward(
          constants, steps: steps, rows: rows, neurons: neurons, drive: drive, membrane: room.baseAddress,
          spikes: &steadyWords, blocks: blocks)
      }
      let pooled = numbers(steps * rows * channels * shape.outPixels, seed: 53)
      for isLargest in [true, false] {
        for (isSteady, fired) in [(false, words), (true, steadyWords)] {
          fired.withUnsafeBufferPointer { fired in
            guard let fired = fired.baseAddress else { return }
            var spread = [Float](repeating: 9, count: steps * rows * neurons)
            if isLargest {
              kernels.poolMaximaGradient(
                shape, input: .spikes(fired, wordsPerRow: lifWords(neurons)), gradient: pooled, out: &spread,
                rows: 0..<steps * rows)
            } else {
              kernels.poolSumsGradient(shape, scale: 0.25, gradient: pooled, out: &spread, rows: 0..<steps * rows)
            }
            drive.withUnsafeBufferPointer { drive in
              potentials.withUnsafeBufferPointer { potentials in
                guard let drive = drive.baseAddress, let potential = potentials.baseAddress else { return }
                let trace = isSteady ? LifTrace.drive(drive) : .potentials(potential)
                let count = isSteady ? rows * neurons : steps * rows * neurons
                var expected = [Float](repeating: 9, count: count)
                kernels.lifBackward(
                  constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, trace: trace,
                  gradient: spread, out: &expected, carried: nil, blocks: blocks)
                var fused = [Float](repeating: 9, count: count)
                kernels.lifPoolBackward(
                  constants, surrogate: surrogate, steps: steps, rows: rows, shape: shape,
                  pool: isLargest ? .largest(fired, wordsPerRow: lifWords(neurons)) : .sum(scale: 0.25), trace: trace,
                  gradient: pooled, out: &fused, range: 0..<rows)
                #expect(
                  fused.map(\.bitPattern) == expected.map(\.bitPattern),
                  "\(steps) x \(rows) x \(channels) x \(height) x \(width), \(isLargest), \(isSteady)")
              }
            }
          }
        }
      }
    }
  }

  @Test func weightsBelowNeurons() {
    let constants = LifConstants(beta: 0.8, threshold: 0.1, reset: .subtract)
    let surrogate = SurrogateShape.fastSigmoid(slope: 5)
    for (steps, rows, features, neurons) in Self.shapes {
      let (outputs, depth) = (3, steps * rows)
      let membrane = StablePointer(numbers(depth * neurons, seed: 27))
      defer { withExtendedLifetime(membrane) {} }
      let (arriving, weights) = (numbers(depth * outputs, seed: 28), numbers(neurons * outputs, seed: 29))
      var packed = [Float](repeating: 9, count: kernels.packedOutputWeightCount(neurons: neurons, outputs: outputs))
      kernels.packOutputWeights(weights, neurons: neurons, outputs: outputs, packed: &packed)
      for density: Float in [0.03, 0.3] {
        let turned = spikes(features, depth, density: density)
        let total = kernels.countSpikes(turned, count: turned.count)
        var room = [Int32](
          repeating: 0, count: kernels.spikeGemmWorkspace(rows: features, features: depth, total: total))
        var gradient = [Float](repeating: 9, count: depth * neurons)
        kernels.lifProductBackward(
          constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons,
          trace: .potentials(membrane.start), outputs: outputs, outputGradient: arriving, packed: packed, out: &gradient,
          blocks: 0..<rows * lifWords(neurons))
        var expected = [Float](repeating: 9, count: features * neurons)
        kernels.spikeGemm(
          rows: features, features: depth, columns: neurons, spikes: turned, wordsPerRow: (depth + 63) / 64,
          total: total, weights: gradient, weightStride: neurons, bias: nil, out: &expected, outStride: neurons,
          workspace: &room)
        let fused = sameForAnyThreads {
          var out = [Float](repeating: 9, count: features * neurons)
          kernels.lifProductWeightGradient(
            constants, surrogate: surrogate, steps: steps, rows: rows, neurons: neurons, membrane: membrane.start,
            outputs: outputs, outputGradient: arriving, packed: packed, spikes: turned, features: features,
            total: total, out: &out, workspace: &room, shouldStop: { false })
          return out
        }
        #expect(fused.map(\.bitPattern) == expected.map(\.bitPattern), "\(steps) x \(rows) x \(features) x \(neurons)")
      }
    }
  }

  @Test func productsWithinReach() {
    for (rows, neurons, outputs) in [(1, 1, 1), (3, 64, 40), (7, 65, 33), (20, 130, 100), (300, 17, 1100), (2, 200, 5)] {
      let membrane = numbers(rows * neurons, seed: 30)
      let (gradient, weights) = (numbers(rows * outputs, seed: 31), numbers(neurons * outputs, seed: 32))
      for (threshold, reach) in [(Float(0.3), Float(0.1)), (0.1, 0.4), (2, 0.5), (0, 0.2)] {
        let near = membrane.map { abs($0 - threshold) < reach }
        #expect(
          kernels.countWithinReach(membrane, count: membrane.count, threshold: threshold, reach: reach)
            == near.count { $0 })
        var expected = [Float](repeating: 0, count: rows * neurons)
        for row in 0..<rows {
          for neuron in 0..<neurons where near[row * neurons + neuron] {
            for output in 0..<outputs {
              expected[row * neurons + neuron] += gradient[row * outputs + output] * weights[neuron * outputs + output]
            }
          }
        }
        let fast = sameForAnyThreads {
          var out = [Float](repeating: 9, count: rows * neurons)
          kernels.productWithinReach(
            rows: rows, neurons: neurons, outputs: outputs, membrane: membrane, threshold: threshold, reach: reach,
            gradient: gradient, weights: weights, out: &out, shouldStop: { false })
          return out
        }
        expectClose(fast, expected, tolerance: 2e-5)
      }
    }
  }
}
