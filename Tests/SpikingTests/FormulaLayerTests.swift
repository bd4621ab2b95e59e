// Layers given by a formula: gated cells, parallel neurons, positions; and feedback through a kernel.

import Faults
import Glibc
import Spiking
import Tensors
import Testing

@Suite struct FormulaLayerTests {
  @Test(arguments: [GatedLayer.Cell.lstm, .gru]) func gatesFollowTheirFormulas(cell: GatedLayer.Cell) throws {
    let layer = try filled(GatedLayer(cell, units: 2), [3], spread: 0.8)
    try expectSlopes(of: layer, [4, 2, 3])
    var numbers = TestNumbers(6)
    let x = numbers.floats(4 * 3, from: -1, to: 1).map(Double.init)
    let weights = layer.parameters.map { $0.value.scalars.map(Double.init) }
    let gates = cell == .lstm ? 4 : 3
    func sigmoid(_ v: Double) -> Double { 1 / (1 + exp(-v)) }
    var (h, c) = ([0.0, 0.0], [0.0, 0.0])
    var expected: [Double] = []
    for t in 0..<4 {
      func own(_ gate: Int, _ unit: Int) -> Double {
        (0..<3).reduce(weights[2][gate * 2 + unit]) { $0 + x[t * 3 + $1] * weights[0][$1 * 2 * gates + gate * 2 + unit] }
      }
      func back(_ gate: Int, _ unit: Int) -> Double {
        (0..<2).reduce(weights[3][gate * 2 + unit]) { $0 + h[$1] * weights[1][$1 * 2 * gates + gate * 2 + unit] }
      }
      var next = h
      for unit in 0..<2 {
        if cell == .lstm {
          let (i, f, g, o) = (own(0, unit) + back(0, unit), own(1, unit) + back(1, unit), own(2, unit) + back(2, unit), own(3, unit) + back(3, unit))
          c[unit] = sigmoid(f) * c[unit] + sigmoid(i) * tanh(g)
          next[unit] = sigmoid(o) * tanh(c[unit])
        } else {
          let (r, z) = (sigmoid(own(0, unit) + back(0, unit)), sigmoid(own(1, unit) + back(1, unit)))
          let n = tanh(own(2, unit) + r * back(2, unit))
          next[unit] = (1 - z) * n + z * h[unit]
        }
      }
      h = next
      expected += h
    }
    let output = try layer.forward(.tensor(try Tensor(x.map { Float($0) }, shape: [4, 1, 3])), Pass()).output.tensor().scalars
    for (a, b) in zip(output, expected) { #expect(abs(Double(a) - b) < 1e-5) }
  }

  @Test(arguments: LIF.Reset.allCases) func aSpikingCellFiresAtItsThreshold(reset: LIF.Reset) throws {
    let layer = try filled(GatedLayer(.slstm, units: 4, threshold: 0.1, reset: reset), [3], spread: 2)
    let plain = try filled(GatedLayer(.lstm, units: 4), [3], spread: 2)
    var numbers = TestNumbers(6)
    let x = Signal.tensor(try Tensor(numbers.floats(6 * 3, from: -1, to: 2), shape: [6, 1, 3]))
    let spikes = try #require(try layer.forward(x, Pass()).output.spikes)
    #expect(spikes.total > 0)
    let h = try plain.forward(x, Pass()).output.tensor().scalars
    let fired = try spikes.tensor().scalars
    if reset == .none { for (a, b) in zip(h, fired) { #expect((a >= 0.1) == (b == 1)) } }
  }

  /// From the formula: `dL/dW = (g * slope(H + b)) X^T`.
  @Test func parallelNeuronsHaveTheGradientOfTheirProduct() throws {
    let (steps, width) = (5, 6)
    let layer = try filled(ParallelNeuronLayer(.psn, steps: steps), [3], spread: 1)
    var numbers = TestNumbers(4)
    let x = try Tensor(numbers.floats(steps * width, from: -1, to: 1), shape: [steps, 2, 3])
    let flow = try Tensor(numbers.floats(steps * width, from: -1, to: 1), shape: [steps, 2, 3])
    let surrogate = FastSigmoid(slope: 3)
    let pass = Pass(isTraining: true, surrogate: surrogate)
    let run = try layer.forward(.tensor(x), pass)
    let rows = try x.reshaped([steps, width])
    let potential = try Tensor.matmul(layer.parameters[0].value, rows) + layer.parameters[1].value.reshaped([steps, 1])
    #expect(try run.output.tensor().scalars == potential.scalars.map { $0 >= 0 ? 1 : 0 })
    let slope = try flow.reshaped([steps, width]) * Tensor(surrogate.derivative(at: potential.scalars), shape: [steps, width])
    let answer = try layer.backward(flow, memory: run.memory, wantsInput: true, pass)
    func close(_ a: Tensor?, _ b: Tensor) { for (x, y) in zip(a?.scalars ?? [], b.scalars) { #expect(abs(x - y) < 1e-5) } }
    close(answer.parameters[0], try Tensor.matmul(slope, try rows.transposed([1, 0])))
    close(answer.parameters[1], try slope.sum(over: [1]))
    close(answer.input, try Tensor.matmul(try layer.parameters[0].value.transposed([1, 0]), slope))
  }

  @Test func aMaskLeavesTheLastStepsAlone() throws {
    let masked = try filled(ParallelNeuronLayer(.masked, steps: 6, order: 2), [3], spread: 1)
    let open = try filled(ParallelNeuronLayer(.masked, steps: 6, order: 2, mask: 0), [3], spread: 1)
    let all = try filled(ParallelNeuronLayer(.psn, steps: 6), [3], spread: 1)
    var numbers = TestNumbers(4)
    var values = numbers.floats(18, from: -2, to: 2)
    func output(_ layer: any Layer) throws -> [Float] {
      try layer.forward(.tensor(try Tensor(values, shape: [6, 1, 3])), Pass()).output.tensor().scalars
    }
    #expect(try output(open) == output(all))
    let before = try output(masked)
    // A change of step 2 is heard in steps 2 and 3 alone.
    for place in 6..<9 { values[place] += 5 }
    let after = try output(masked)
    for step in [0, 1, 4, 5] { #expect(before[step * 3..<step * 3 + 3] == after[step * 3..<step * 3 + 3]) }
    #expect(before != after)
  }

  private var layers: [any Layer] {
    [
      DenseLayer(outputs: 6), ParallelNeuronLayer(.sliding, order: 3), BranchLayer(residual: [GatedLayer(.lstm, units: 6)]),
      GatedLayer(.slstm, units: 6, threshold: 0.05, reset: .subtract), GatedLayer(.sgru, units: 5, threshold: 0.05), GatedLayer(.gru, units: 4),
      DenseLayer(outputs: 3), NeuronLayer(LIF(threshold: 0.2)),
    ]
  }

  private func drive(_ steps: Int) throws -> Tensor {
    var numbers = TestNumbers(8)
    return try Tensor(numbers.floats(steps * 3 * 5, from: -1, to: 4), shape: [steps, 3, 5])
  }

  @Test func stepByStepAndFromAFileItIsTheSame() throws {
    let net = try network([5], layers)
    let whole = try net.run(.tensor(try drive(7))).tensor()
    #expect(Tensor.identical(try reread(net).run(.tensor(try drive(7))).tensor(), whole))
    #expect(try reread(net).layers.map(\.callText) == net.layers.map(\.callText))
    #expect(net.populations == [[1], [3], [4], [7]])
    #expect(try net.record(.tensor(try drive(7))).map(\.name) == ["sliding_psn 1", "slstm 3", "sgru 4", "lif 7"])
    var state: NetworkState?
    for t in 0..<7 {
      let step = try net.step(TapedSignal(try drive(7).part(along: 0, from: t, to: t + 1)), state, Pass())
      state = step.state
      let expected = try whole.part(along: 0, from: t, to: t + 1)
      for (a, b) in zip(try step.output.plain.tensor().scalars, expected.scalars) { #expect(a == b) }
    }
    #expect(try state?.named(net).map { $0.map(\.name) } == [["heard"], ["v", "c"], ["v", "c"], ["v"], ["v"], ["v"]])
  }

  @Test func windowsOfTimeGiveTheWholeGradient() throws {
    var numbers = TestNumbers(2)
    let features = numbers.floats(12 * 9 * 5, from: 0, to: 3)
    let data = try Dataset(name: "series", features: try Tensor(features, shape: [12, 9, 5]), labels: (0..<12).map { $0 % 3 })
    var options = FitOptions()
    options.optimizer = SGD(learningRate: 0.1)
    options.epochs = 2
    options.batch = 6
    options.seed = 5
    let whole = try fit(try network([5], layers), data, options)
    options.windows = TimeWindows(steps: 4, isTruncated: false)
    let parts = try fit(try network([5], layers), data, options)
    for (a, b) in zip(whole.namedParameters, parts.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-4, "\(a.name)") }
    }
    #expect(zip(whole.namedParameters, try network([5], layers).namedParameters).contains { !Tensor.identical($0.value, $1.value) })
  }

  @Test func whatNeedsTheWholeTimeIsRefusedElsewhere() throws {
    let net = try network([3], [ParallelNeuronLayer(.psn, steps: 4), DenseLayer(outputs: 2), NeuronLayer(LIF())])
    func fault(_ body: () throws -> Void) -> Fault? {
      do { try body() } catch { return error as? Fault }
      return nil
    }
    #expect(fault { _ = try net.step(TapedSignal(try Tensor.ones([1, 1, 3])), nil, Pass()) }?.title == "`psn` cannot run step by step")
    #expect(fault { _ = try net.run(.tensor(try Tensor.ones([5, 1, 3]))) }?.title == "`psn` is for another number of steps")
    #expect(fault { _ = try net.forChips() }?.title == "no chip runs `psn`")
    #expect(fault { _ = try network([3, 2], [GatedLayer(.lstm, units: 2)]) }?.help == "put flatten() before it")
    #expect(fault { _ = try network([3], [GatedLayer(.lstm, units: Int.max)]) }?.kind == .limit)
    #expect(fault { _ = try network([3], [ParallelNeuronLayer(.sliding, order: 0)]) }?.kind == .value)
  }

  @Test func positionsAreOffsets() throws {
    try expectSlopes(of: filled(PositionLayer(), [2, 3]), [2, 2, 2, 3])
    let net = try network([2, 3], [PositionLayer()])
    let zero = try Tensor.zeros([2, 1, 2, 3])
    #expect(Tensor.identical(try reread(net).run(.tensor(zero)).tensor(), try net.run(.tensor(zero)).tensor()))
  }

  // MARK: feedback through a kernel

  /// A kernel is a matrix with the same weights at each place: spikes and gradients are those of the matrix.
  @Test(arguments: [[2, 4, 3], [2, 6]]) func feedbackThroughAKernelIsThatOfItsMatrix(features: [Int]) throws {
    let model = LIF(beta: 0.8, threshold: 0.5)
    let kernel = try filled(RecurrentLayer(model, kernel: .init(features.count == 3 ? 3 : 1, 3)), features, spread: 0.6)
    let recurrent = try #require((kernel as? RecurrentLayer)?.recurrent)
    let count = features.reduce(1, *)
    // Each neuron's row of the matrix: what its spike alone brings.
    let geometry = ConvGeometry(
      axes: features.count - 1, kernel: .init(features.count == 3 ? 3 : 1, 3), padding: .init(features.count == 3 ? 1 : 0, 1))
    let conv = try GroupedConvLayer(weight: recurrent, bias: nil, geometry)
    let rows = try conv.forward(.tensor(try Tensor.eye(count).reshaped([1, count] + features)), Pass()).output.tensor()
    let dense = RecurrentLayer(model, recurrent: try rows.reshaped([count, count]))
    var numbers = TestNumbers(9)
    let shape = [6, 2] + features
    let x = Signal.tensor(try Tensor(numbers.floats(6 * 2 * count, from: -0.2, to: 0.9), shape: shape))
    let pass = Pass(isTraining: true, surrogate: FastSigmoid(slope: 2))
    let (a, b) = (try kernel.forward(x, pass), try dense.forward(x, pass))
    #expect(try a.output.tensor().scalars == b.output.tensor().scalars)
    #expect((a.output.spikes?.total ?? 0) > 5)
    let flow = try Tensor(numbers.floats(6 * 2 * count, from: -1, to: 1), shape: shape)
    let (one, two) = (
      try kernel.backward(flow, memory: a.memory, wantsInput: true, pass), try dense.backward(flow, memory: b.memory, wantsInput: true, pass)
    )
    for (x, y) in zip(one.input?.scalars ?? [], two.input?.scalars ?? []) { #expect(abs(x - y) < 1e-4) }
    // The slope of a weight is the sum of those of the places that share it: along any direction both agree.
    let direction = numbers.floats(recurrent.count, from: -1, to: 1)
    let moved = try GroupedConvLayer(weight: try Tensor(direction, shape: recurrent.shape), bias: nil, geometry)
      .forward(.tensor(try Tensor.eye(count).reshaped([1, count] + features)), Pass()).output.tensor()
    let left = zip(one.parameters[0].scalars, direction).reduce(0) { $0 + Double($1.0 * $1.1) }
    let right = zip(two.parameters[0].scalars, moved.scalars).reduce(0) { $0 + Double($1.0 * $1.1) }
    #expect(abs(left - right) < 1e-3 * max(1, abs(left)))

    let net = try network(features, [kernel, FlattenLayer(), DenseLayer(outputs: 2), NeuronLayer(LIF())])
    #expect(try reread(net).layers[0].callText == net.layers[0].callText)
    #expect(Tensor.identical(try reread(net).run(x).tensor(), try net.run(x).tensor()))
    var state: NetworkState?
    for t in 0..<6 {
      let step = try net.step(TapedSignal(try x.tensor().part(along: 0, from: t, to: t + 1)), state, Pass())
      state = step.state
      #expect(Tensor.identical(try step.output.plain.tensor(), try net.run(x).tensor().part(along: 0, from: t, to: t + 1)))
    }
  }
}
