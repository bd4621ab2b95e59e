// Training window by window of time.

import Faults
import Spiking
import Tensors
import Testing

@Suite(.serialized) struct WindowTests {
  private func network() throws -> Network {
    var net = try Network(inputShape: [6])
    for layer in [
      DenseLayer(outputs: 8), NeuronLayer(LIF()), BranchLayer(residual: [DenseLayer(outputs: 8), NeuronLayer(LIF(beta: 0.7))]),
      DropoutLayer(rate: 0.2), DenseLayer(outputs: 7), RecurrentLayer(LIF(beta: 0.8)), DenseLayer(outputs: 3),
      NeuronLayer(try LeakyIntegrator().byEquations(beta: ParameterTensor(values: try Tensor.scalar(0.9), isLearnable: true))),
    ] as [any Layer] { net = try net.appending(layer, seed: 4) }
    return net
  }

  private func data() throws -> Dataset {
    var numbers = TestNumbers(2)
    let features = numbers.floats(20 * 11 * 6, from: 0, to: 1.5)
    return try Dataset(name: "series", features: try Tensor(features, shape: [20, 11, 6]), labels: (0..<20).map { $0 % 3 })
  }

  private func trained(_ windows: TimeWindows?, regularized: Bool = false) throws -> Network {
    var options = FitOptions()
    options.optimizer = SGD(learningRate: 0.1)
    options.epochs = 3
    options.batch = 10
    options.seed = 5
    options.surrogate = FastSigmoid(slope: 3)
    options.loss = MembraneCrossEntropy()
    options.windows = windows
    if regularized { options.regularizers = [SpikesAbove()] }
    return try fit(try network(), try data(), options)
  }

  /// Whatever the windows are, the gradient is that of the whole time.
  @Test(arguments: [1, 3, 4, 11, 50], [false, true]) func recomputedWindowsGiveTheWholeGradient(steps: Int, regularized: Bool) throws {
    let whole = try trained(nil, regularized: regularized)
    let parts = try trained(TimeWindows(steps: steps, isTruncated: false), regularized: regularized)
    for (a, b) in zip(whole.namedParameters, parts.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-4, "\(a.name)") }
    }
    #expect(zip(whole.history?.loss ?? [], parts.history?.loss ?? []).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func truncationCutsTheGradientAndNothingElse() throws {
    let one = try trained(TimeWindows(steps: 50, isTruncated: true)), all = try trained(TimeWindows(steps: 50, isTruncated: false))
    for (a, b) in zip(one.namedParameters, all.namedParameters) { #expect(Tensor.identical(a.value, b.value)) }
    let cut = try trained(TimeWindows(steps: 3, isTruncated: true))
    #expect(zip(cut.namedParameters, all.namedParameters).contains { !Tensor.identical($0.value, $1.value) })
    #expect(cut.history?.loss.first.map { $0.isFinite } == true)
  }

  @Test func whatIsWholeIsRefused() throws {
    var options = FitOptions()
    options.windows = TimeWindows(steps: 0, isTruncated: false)
    #expect(throws: Fault.self) { try fit(try network(), try data(), options) }
    options.windows = TimeWindows(steps: 2, isTruncated: false)
    options.loss = FunctionLoss("states", needs: .states) { (given) throws(Fault) in try given.output.mean() }
    #expect(throws: Fault.self) { try fit(try network(), try data(), options) }
    options.loss = nil
    var normed = try Network(inputShape: [6])
    for layer in [DenseLayer(outputs: 3), BatchNormLayer(), NeuronLayer(LIF())] as [any Layer] { normed = try normed.appending(layer, seed: 1) }
    #expect(throws: Fault.self) { try fit(normed, try data(), options) }
  }
}
