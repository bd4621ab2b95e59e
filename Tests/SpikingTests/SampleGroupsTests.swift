import Faults
import Tensors
import Testing

@testable import Spiking

/// A batch that walks through in groups of samples gives what the samples give one by one.
@Suite struct SampleGroupsTests {
  private let steps = 40, batch = 5

  private func network() throws -> Network {
    try Network(inputShape: [2, 16, 16]).appending(ConvLayer(outputs: 16, kernel: Window.Pair(3, 3)), seed: 2)
      .appending(NeuronLayer(LIF(beta: 0.9, threshold: 0.5)), seed: 2)
      .appending(PoolLayer(size: Window.Pair(2, 2)), seed: 2)
      .appending(FlattenLayer(), seed: 2).appending(DenseLayer(outputs: 3), seed: 2)
      .appending(NeuronLayer(LIF(beta: 0.9, threshold: 0.3)), seed: 2)
  }

  private func input() throws -> Spikes {
    var numbers = TestNumbers(5)
    return try Spikes(
      Tensor(numbers.floats(steps * batch * 512).map { $0 < 0.2 ? 1 : 0 }, shape: [steps, batch, 2, 16, 16]))
  }

  @Test func groupsFollowSizes() throws {
    func ranges(_ batch: Int, _ features: Int, _ parameters: Int) -> [Range<Int>] {
      SampleGroups(steps: 16, batch: batch, shapes: [[features], [features]], parameters: parameters).ranges
    }
    #expect(ranges(7, 6_000, 100) == [0..<2, 2..<4, 4..<6, 6..<7])
    #expect(ranges(3, 1_000_000, 100) == [0..<1, 1..<2, 2..<3])
    #expect(ranges(7, 100, 100) == [0..<7])
    #expect(ranges(7, 6_000, 1_000_000) == [0..<7])
    #expect(ranges(0, 6_000, 100) == [0..<0])
  }

  @Test func samplesOneByOne() throws {
    let (network, input, pass) = (try network(), try input(), Pass(isTraining: true))
    let whole = try network.trace(.spikes(input), pass)
    #expect(whole.groups.count > 1)
    var numbers = TestNumbers(6)
    let flow = try Tensor(numbers.floats(steps * batch * 3, from: -1, to: 1), shape: [steps, batch, 3])
    let hidden = try Tensor(numbers.floats(steps * batch * 3136, from: -0.1, to: 0.1), shape: [steps, batch, 16, 14, 14])
    let gradients = try network.gradients(whole, outputGradients: [[5]: flow, [1]: hidden], pass)
    var sums: [[Tensor]] = []
    for sample in 0..<batch {
      let range = sample..<sample + 1
      let one = try network.trace(.spikes(try input.samples(range)), pass)
      #expect(one.groups.count == 1)
      #expect(try one.output.spikes == whole.output.spikes?.samples(range))
      for (part, all) in zip(one.activity, whole.activity) {
        #expect(part.place == all.place)
        #expect(try part.output.spikes == all.output.spikes?.samples(range))
      }
      let parts = try network.gradients(
        one, outputGradients: [[5]: flow.samples(range), [1]: hidden.samples(range)], pass)
      if sums.isEmpty { sums = parts } else {
        for (layer, list) in parts.enumerated() {
          for (index, gradient) in list.enumerated() { try sums[layer][index].add(gradient) }
        }
      }
    }
    for (a, b) in zip(gradients.flatMap { $0 }, sums.flatMap { $0 }) {
      let worst = zip(a.scalars, b.scalars).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
      #expect(worst < 1e-4)
    }
  }
}
