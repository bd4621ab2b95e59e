// Delays: the shares of DCLS, gradients against finite differences, and that windows, steps and files change nothing.

import Faults
import Spiking
import Tensors
import Testing

@Suite(.serialized) struct DelayTests {
  /// The taps of DCLS with 7 steps, centre 3, position 1.3 and width 0.23, computed in 64 bits elsewhere.
  @Test func theSharesAreThoseOfDCLS() {
    let shares = DelayKernel.gaussian.shares(delay: 4.3, width: 0.23, longest: 6)
    for (found, expected) in zip(shares, [0, 0, 2.0e-5, 0.02729, 0.66942, 0.30079, 0.00248] as [Float]) {
      #expect(abs(found - expected) < 1e-5)
    }
    let triangle = DelayKernel.triangle.shares(delay: 2.25, width: 0, longest: 4)
    for (found, expected) in zip(triangle, [0, 0, 0.75, 0.25, 0] as [Float]) { #expect(abs(found - expected) < 1e-6) }
  }

  private func layer(_ kind: Int, kernel: DelayKernel, learnt: Bool = true) throws -> any Layer {
    var delays = Delays(longest: 4, isLearnt: learnt)
    delays.kernel = kernel
    delays.firstWidth = 0.7
    let layer: any Layer = kind == 0 ? DelayLayer(delays) : DelayedDenseLayer(outputs: 3, delays)
    return try layer.built(for: [5], stream: RandomStream(seed: 3, purpose: "test"))
  }

  @Test(arguments: [0, 1], DelayKernel.allCases) func gradientsAreFiniteDifferences(kind: Int, kernel: DelayKernel) throws {
    let layer = try layer(kind, kernel: kernel)
    var numbers = TestNumbers(11)
    let shape = [7, 2, 5]
    let values = numbers.floats(70)
    let outputs = kind == 0 ? shape : [7, 2, 3]
    let weights = try Tensor(numbers.floats(outputs.reduce(1, *)), shape: outputs)
    let pass = Pass(isTraining: true, drops: true)
    func value(_ layer: any Layer, _ x: [Float]) throws -> Double {
      try (layer.forward(.tensor(try Tensor(x, shape: shape)), pass).output.tensor() * weights).total()
    }
    let run = try layer.forward(.tensor(try Tensor(values, shape: shape)), pass)
    let slopes = try layer.backward(weights, memory: run.memory, wantsInput: true, pass)
    let input = try #require(slopes.input).scalars
    for place in values.indices {
      var (up, down) = (values, values)
      up[place] += 0.02
      down[place] -= 0.02
      let expected = (try value(layer, up) - value(layer, down)) / 0.04
      #expect(abs(Double(input[place]) - expected) < 2e-3 * max(1, abs(expected)), "input \(place)")
    }
    #expect(slopes.parameters.count == layer.parameters.count)
    for (number, parameter) in layer.parameters.enumerated() {
      for place in 0..<parameter.value.count {
        func moved(_ amount: Float) throws -> Double {
          var other = try layer.bare()
          try other.updateParameters { (index, value) throws(Fault) in
            guard index == number else { return }
            var scalars = value.scalars
            scalars[place] += amount
            value = try Tensor(scalars, shape: value.shape)
          }
          return try value(other, values)
        }
        let expected = (try moved(2e-3) - moved(-2e-3)) / 4e-3
        let found = Double(slopes.parameters[number].scalars[place])
        #expect(abs(found - expected) < 5e-3 * max(1, abs(expected)), "\(parameter.name) \(place)")
      }
    }
  }

  /// Outside of training a delay is a whole number of steps, and its slope is 0.
  @Test(arguments: [0, 1]) func roundedDelaysHaveNoSlope(kind: Int) throws {
    let layer = try layer(kind, kernel: .gaussian)
    let x = Signal.tensor(try Tensor(filledWith: 1, shape: [6, 1, 5]))
    let pass = Pass(isTraining: true, drops: false)
    let run = try layer.forward(x, pass)
    let slopes = try layer.backward(try Tensor.ones(run.output.shape), memory: run.memory, wantsInput: false, pass)
    #expect(try #require(slopes.parameters.last).scalars.allSatisfy { $0 == 0 })
    #expect(slopes.input == nil)
  }

  @Test func spikesComeLateAndStaySpikes() throws {
    let steps = try Tensor((0..<70).map { Float($0 % 4) }, shape: [70])
    let layer = try DelayLayer(Delays(longest: 3, isLearnt: false, steps: steps)).built(for: [70], stream: RandomStream(seed: 0, purpose: "x"))
    var numbers = TestNumbers(4)
    let plain = try Tensor(numbers.floats(9 * 2 * 70).map { $0 > 0.3 ? 1 : 0 }, shape: [9, 2, 70])
    let late = try layer.forward(.spikes(try Spikes(plain)), Pass()).output
    #expect(late.spikes != nil)
    let (before, after) = (plain.scalars, try late.tensor().scalars)
    for step in 0..<9 {
      for place in 0..<140 {
        let then = step - place % 70 % 4
        #expect(after[step * 140 + place] == (then < 0 ? 0 : before[then * 140 + place]))
      }
    }
    let asNumbers = try layer.forward(.tensor(plain), Pass()).output.tensor()
    #expect(asNumbers.scalars == after)
  }

  private func network(_ learnt: Bool = true) throws -> Network {
    var net = try Network(inputShape: [6])
    let late = Delays(longest: 3, isLearnt: learnt)
    for layer in [
      DelayLayer(Delays(longest: 4, isLearnt: learnt)), DelayedDenseLayer(outputs: 8, late), NeuronLayer(LIF()),
      BranchLayer(residual: [DelayedDenseLayer(outputs: 8, late), NeuronLayer(LIF(beta: 0.7))]), DenseLayer(outputs: 3),
      NeuronLayer(LIF()),
    ] as [any Layer] { net = try net.appending(layer, seed: 4) }
    return net
  }

  private func data() throws -> Dataset {
    var numbers = TestNumbers(2)
    let features = numbers.floats(20 * 11 * 6, from: 0, to: 1.5)
    return try Dataset(name: "series", features: try Tensor(features, shape: [20, 11, 6]), labels: (0..<20).map { $0 % 3 })
  }

  private func trained(_ windows: TimeWindows?, epochs: Int = 2) throws -> Network {
    var options = FitOptions()
    options.optimizer = SGD(learningRate: 1e-3)
    options.epochs = epochs
    options.batch = 10
    options.seed = 5
    options.surrogate = FastSigmoid(slope: 3)
    options.windows = windows
    return try fit(try network(), try data(), options)
  }

  /// Whatever the windows are, the gradient is that of the whole time.
  @Test(arguments: [1, 3, 5, 11]) func windowsGiveTheWholeGradient(steps: Int) throws {
    let whole = try trained(nil), parts = try trained(TimeWindows(steps: steps, isTruncated: false))
    for (a, b) in zip(whole.namedParameters, parts.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-3, "\(a.name)") }
    }
  }

  @Test func delaysMoveAndStayInBounds() throws {
    let (before, after) = (try network(), try trained(nil, epochs: 8))
    let moved = zip(before.namedParameters, after.namedParameters).filter { $0.0.name.hasSuffix("delay") }
    #expect(moved.count == 3)
    for (old, new) in moved {
      #expect(!Tensor.identical(old.value, new.value))
      #expect(new.value.scalars.allSatisfy { (0...4).contains($0) })
    }
    let widths = after.namedParameters.filter { $0.name.hasSuffix("kernel_width") }.map { $0.value.item ?? 9 }
    #expect(!widths.isEmpty && widths.allSatisfy { abs($0 - 0.23) < 1e-4 })
  }

  @Test func stepsAndStreamsDoTheSame() throws {
    let net = try network()
    var numbers = TestNumbers(8)
    let input = try Tensor(numbers.floats(12 * 1 * 6).map { $0 > 0.2 ? 1 : 0 }, shape: [12, 1, 6])
    let whole = try net.run(.spikes(try Spikes(input))).tensor()
    var state: NetworkState?
    for step in 0..<12 {
      let one = try input.indexed([.range(step, step + 1)])
      let answer = try net.step(TapedSignal(one), state, Pass())
      state = answer.state
      #expect(try answer.output.tensor().scalars == whole.indexed([.range(step, step + 1)]).scalars, "step \(step)")
    }
  }

  @Test func filesKeepThem() throws {
    for net in [try network(true), try network(false)] {
      let parameters = Dictionary(uniqueKeysWithValues: net.namedParameters.map { ($0.name, $0.value) })
      let again = try Network(net.plan, parameters: parameters)
      #expect(again.layers.map(\.callText) == net.layers.map(\.callText))
      for (a, b) in zip(net.namedParameters, again.namedParameters) { #expect(Tensor.identical(a.value, b.value)) }
      var missing = parameters
      missing["0.delay"] = nil
      #expect(throws: Fault.self) { try Network(net.plan, parameters: missing) }
      var lying = parameters
      lying["0.delay"] = try Tensor(filledWith: 1e9, shape: [6])
      #expect(throws: Fault.self) { try Network(net.plan, parameters: lying) }
    }
  }

  @Test func roundingEndsTheLearning() throws {
    let net = try network().roundingDelays(longest: 2)
    #expect(net.delayNeeds().longest <= 2 && net.delayNeeds().isSynaptic && !net.learnsDelays)
    let delays = net.namedParameters.filter { $0.name.hasSuffix("delay") }
    #expect(delays.count == 3 && delays.allSatisfy { $0.value.scalars.allSatisfy { $0 == $0.rounded() && $0 <= 2 } })
  }

  @Test func whatCannotBeIsAnError() throws {
    for delays in [Delays(longest: -1, isLearnt: true), Delays(longest: 1 << 20, isLearnt: true)] {
      #expect(throws: Fault.self) { try DelayLayer(delays).built(for: [2], stream: RandomStream(seed: 0, purpose: "x")) }
    }
    let half = Delays(longest: 3, isLearnt: false, steps: try Tensor([0.5, 1], shape: [2]))
    #expect(throws: Fault.self) { try DelayLayer(half).built(for: [2], stream: RandomStream(seed: 0, purpose: "x")) }
    let other = Delays(longest: 3, isLearnt: false, steps: try Tensor([1, 1], shape: [2]))
    #expect(throws: Fault.self) { try DelayLayer(other).built(for: [3], stream: RandomStream(seed: 0, purpose: "x")) }
  }
}
