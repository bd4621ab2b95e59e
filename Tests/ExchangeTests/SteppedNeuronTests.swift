import Faults
import Spiking
import Tensors
import Testing

@testable import Exchange

/// Neurons between equations, the common form, and nodes.
@Suite struct SteppedNeuronTests {
  static let thresholds: PerNeuron = 0.75

  /// Every way to fire, with and without a synapse.
  static var all: [SteppedNeuron] {
    var found: [SteppedNeuron] = []
    let resets: [SteppedNeuron.Reset] = [.to(0), .to(0.25), .subtract(thresholds), .subtract(0.5), .subtractLater(thresholds)]
    for synapse in [nil, SteppedNeuron.Synapse(decay: 0.5), SteppedNeuron.Synapse(decay: 0.5, gain: 2, order: .after)] {
      for reset in resets {
        for isStrict in [false, true] {
          for isLate in [false, true] {
            if isLate, case .subtract = reset { continue }
            var neuron = SteppedNeuron(leak: PerNeuron([0.875, 0.75]))
            neuron.offset = 0.125
            neuron.gain = 0.5
            neuron.synapse = synapse
            neuron.firing = SteppedNeuron.Firing(threshold: thresholds, isStrict: isStrict, reset: reset, isLate: isLate)
            found.append(neuron)
          }
        }
      }
    }
    var counting = SteppedNeuron(leak: 0.875)
    counting.firing = SteppedNeuron.Firing(threshold: thresholds, reset: .subtract(thresholds), isMultiple: true)
    counting.floor = -0.75
    found.append(counting)
    counting.synapse = SteppedNeuron.Synapse(decay: 0.5, order: .decayed)
    counting.floor = nil
    found.append(counting)
    var integrator = SteppedNeuron(leak: 0.5)
    integrator.gain = 0.25
    found.append(integrator)
    return found
  }

  @Test func equationsAreReadBack() throws {
    for neuron in Self.all {
      let read = try SteppedNeuron(try neuron.model())
      #expect(read == neuron, "\(neuron)")
    }
  }

  @Test func plainNeuronsAreTheNetworksOwn() throws {
    var neuron = SteppedNeuron(leak: 0.9)
    #expect(try neuron.model() is LeakyIntegrator)
    neuron.firing = SteppedNeuron.Firing(threshold: 1, reset: .subtract(1))
    #expect(try neuron.model().callText == "lif(beta=0.9, threshold=1.0)")
    neuron.firing = SteppedNeuron.Firing(threshold: 1, isStrict: true, reset: .to(0))
    #expect((try neuron.model() as? LIF)?.threshold == Float(1).nextUp)
    #expect((try neuron.model() as? LIF)?.reset == .zero)
    neuron.firing?.reset = .subtract(1)
    #expect(try neuron.model() is EquationNeuron)
  }

  @Test func otherEquationsHaveNoForm() throws {
    // An adaptive threshold: the distance hears a second state.
    let program = NeuronProgram(
      operations: [
        .input, .state(0), .state(1), .constant(0.9), .binary(.multiply, 1, 3), .binary(.add, 4, 0), .binary(.multiply, 2, 3),
        .binary(.subtract, 5, 6), .constant(1), .binary(.add, 6, 8),
      ], stateNames: ["v", "a"], parameterNames: [], updates: [5, 6], distance: 7, resets: [8, 9])
    let model = try EquationNeuron(name: "tired", program: program, parameters: [], initialStates: [0, 0])
    #expect(throws: Fault.self) { _ = try SteppedNeuron(model) }
  }

  /// A sequence by hand: the potential halves, the input is 1, the threshold 1.5; spikes above it, late.
  @Test func lateSpikesComeOneStepLater() throws {
    var neuron = SteppedNeuron(leak: 0.5)
    neuron.firing = SteppedNeuron.Firing(threshold: 1.25, isStrict: true, reset: .to(0), isLate: true)
    // v: 1, 1.5 (fires at the next step), 0 + 1, 1.5, …
    let run = try neuron.model().record(try Tensor(filledWith: 1, shape: [6, 1, 1]))
    #expect(try run.spikes?.tensor().scalars == [0, 0, 1, 0, 1, 0])
  }

  @Test func severalSpikesLeaveTheRest() throws {
    var neuron = SteppedNeuron(leak: 1)
    neuron.firing = SteppedNeuron.Firing(threshold: 1, reset: .subtract(1), isMultiple: true)
    let run = try neuron.model().run(try Tensor([2.5, 0.25, 0.25, -3, 1], shape: [5, 1, 1]), for: .output)
    #expect(try run.output.tensor().scalars == [2, 0, 1, 0, 0])
  }

  @Test func delaysAreWhole() throws {
    let line = try DelayNeuron.numbers([2])
    let input = try Tensor([1, 2, 3, 4], shape: [4, 1, 1])
    #expect(try line.run(input, for: .output).output.tensor().scalars == [0, 0, 1, 2])
    let two = try Tensor([1, 1, 2, 2, 3, 3], shape: [3, 1, 2])
    let each = try DelayNeuron.numbers([0, 1]).built(for: [2])
    #expect(try each.run(two, for: .output).output.tensor().scalars == [1, 0, 2, 1, 3, 2])
    let relay = try DelayNeuron.spikes()
    #expect(try relay.run(try Tensor([1, 0, 1, 0], shape: [4, 1, 1]), for: .output).output.tensor().scalars == [0, 1, 0, 1])
  }
}
