import Faults
import Tensors
import Testing

@testable import Spiking

/// What stays the same over time is worked out once, and gives what it gives step by step: forward to the last bit,
/// backward but for rounding.
@Suite struct SteadyTests {
  private let steps = 6, batch = 5

  private func neurons(_ model: any NeuronModel) -> any Layer { NeuronLayer(model) }

  private func network(_ kind: String) throws -> Network {
    let lif = LIF(beta: 0.9, threshold: 0.3)
    func built(_ shape: [Int], _ layers: [any Layer]) throws -> Network {
      try layers.reduce(Network(inputShape: shape)) { try $0.appending($1, seed: 3) }
    }
    switch kind {
    case "dense": return try built([37], [DenseLayer(outputs: 70), neurons(lif), DenseLayer(outputs: 4), neurons(lif)])
    case "wide": return try built([37], [DenseLayer(outputs: 70), neurons(lif), DenseLayer(outputs: 40), neurons(lif)])
    case "two dense":
      return try built([37], [DenseLayer(outputs: 20), DenseLayer(outputs: 33, bias: false), neurons(lif), DenseLayer(outputs: 4), neurons(lif)])
    case "conv":
      return try built(
        [2, 9, 8],
        [ConvLayer(outputs: 5, kernel: .init(3, 2), padding: .init(1, 0)), PoolLayer(size: .init(2, 2)),
         DropoutLayer(rate: 0.3), neurons(lif), FlattenLayer(), DenseLayer(outputs: 4), neurons(lif)])
    case "pool": return try built([2, 8, 8], [PoolLayer(size: .init(2, 2), kind: .max), FlattenLayer(), DenseLayer(outputs: 4), neurons(lif)])
    case "neurons first": return try built([70], [neurons(lif), DenseLayer(outputs: 4), neurons(lif)])
    case "equations": return try built([37], [DenseLayer(outputs: 20), neurons(try lif.byEquations()), DenseLayer(outputs: 4), neurons(lif)])
    case "integrators": return try built([37], [DenseLayer(outputs: 20), neurons(lif), DenseLayer(outputs: 4), neurons(LeakyIntegrator())])
    case "integrators alone": return try built([37], [DenseLayer(outputs: 4), neurons(LeakyIntegrator())])
    case "residual":
      return try built([37], [DenseLayer(outputs: 20), BranchLayer(residual: [DenseLayer(outputs: 20), neurons(lif)]), neurons(lif), DenseLayer(outputs: 4), neurons(lif)])
    case "recurrent": return try built([37], [DenseLayer(outputs: 20), RecurrentLayer(lif), DenseLayer(outputs: 4), neurons(lif)])
    default: return try built([37], [DenseLayer(outputs: 4)])
    }
  }

  @Test(arguments: [
    "dense", "wide", "two dense", "conv", "pool", "neurons first", "equations", "integrators", "integrators alone",
    "residual", "recurrent", "without neurons",
  ]) func asStepByStep(kind: String) throws {
    let network = try network(kind)
    var numbers = TestNumbers(17)
    let sample = network.inputShape.reduce(1, *)
    let once = try Tensor(numbers.floats(batch * sample, from: 0, to: 1), shape: [1, batch] + network.inputShape)
    let steady = Signal.steady(once, steps: steps)
    let each = Signal.tensor(try steady.tensor())
    #expect(each.shape == steady.shape)
    #expect(try network.run(steady).tensor().scalars == network.run(each).tensor().scalars)

    let pass = Pass(isTraining: true, surrogate: FastSigmoid(slope: 5), seed: 9)
    let (a, b) = (try network.trace(steady, pass), try network.trace(each, pass))
    #expect(try a.output.tensor().scalars == b.output.tensor().scalars)
    #expect(try a.activity.map { try $0.output.tensor().scalars } == b.activity.map { try $0.output.tensor().scalars })
    let flow = try Tensor(numbers.floats(a.output.shape.reduce(1, *), from: -1, to: 1), shape: a.output.shape)
    let last = network.layers.count - 1
    let (x, y) = (
      try network.gradients(a, outputGradients: [last: flow], pass), try network.gradients(b, outputGradients: [last: flow], pass)
    )
    for (layerA, layerB) in zip(x, y) {
      #expect(layerA.map(\.shape) == layerB.map(\.shape))
      for (g, h) in zip(layerA, layerB) {
        let size = h.scalars.map(\.magnitude).max() ?? 0
        for (p, q) in zip(g.scalars, h.scalars) { #expect(abs(p - q) <= 1e-5 * max(size, 1e-3)) }
      }
    }
  }

  @Test func equalStepsAreFound() throws {
    var numbers = TestNumbers(3)
    let once = try Tensor(numbers.floats(6, from: 0, to: 1), shape: [1, 2, 3])
    let each = Signal.tensor(try Signal.steady(once, steps: 4).tensor())
    guard case .steady(let found, let steps) = try each.folded() else {
      Issue.record("not found")
      return
    }
    #expect(found.scalars == once.scalars && found.shape == [1, 2, 3] && steps == 4)
    for place in [6, 11, 23] {
      var other = try each.tensor().scalars
      other[place] = -other[place]
      guard case .tensor = try Signal.tensor(try Tensor(other, shape: [4, 2, 3])).folded() else {
        Issue.record("found where element \(place) differs")
        return
      }
    }
  }

  @Test func directCodesAreSteady() throws {
    let values = try Tensor([0.1, 0.9, 0.4, 0, 1, 0.5], shape: [2, 3])
    let coded = try DirectEncoder(steps: 4).encode(batch: values, stream: RandomStream(seed: 1, purpose: "test"))
    guard case .steady(let once, let steps) = coded else {
      Issue.record("not steady")
      return
    }
    #expect(steps == 4 && once.shape == [1, 2, 3])
    #expect(coded.shape == [4, 2, 3] && coded.batch == 2 && coded.features == 3)
    #expect(try coded.tensor().scalars == (0..<4).flatMap { _ in values.scalars })
    #expect(try coded.samples(1..<2).tensor().scalars == (0..<4).flatMap { _ in [0, 1, 0.5] as [Float] })
  }
}
