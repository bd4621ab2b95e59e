import Faults
import Glibc
import Kernels
import Spiking
import Tensors
import Testing

@Suite struct LifTests {
  /// Without reset, v[t] = I (1 - beta^(t+1)) / (1 - beta); the first spike is at the first t that reaches threshold.
  @Test(arguments: [(0.3, 0.9), (0.15, 0.9), (0.05, 0.99), (1.2, 0.5), (0.11, 0.9), (0.0999, 0.9)])
  func firstSpikeOfAConstantCurrentIsTheClosedForm(current: Double, beta: Double) throws {
    let drive = try Tensor(filledWith: Float(current), shape: [200, 1, 1])
    let spikes = try #require(try LIF(beta: Float(beta)).record(drive).spikes)
    let limit = current / (1 - beta)
    let expected = limit <= 1 ? nil : Int((log(1 - 1 / limit) / log(beta)).rounded(.up)) - 1
    #expect(firstStep(spikes) == expected)
  }

  @Test func aConstantCurrentGivesTheKnownPotentials() throws {
    let recording = try LIF().record(try Tensor(filledWith: 0.3, shape: [5, 1, 1]))
    let v = try #require(recording.states.first).values.scalars
    let expected: [Float] = [0.3, 0.57, 0.813, 1.0317, 0.32853]
    for (a, b) in zip(v, expected) { #expect(abs(a - b) < 1e-5) }
    #expect(recording.spikes?.total == 1)
    #expect(recording.states.first?.name == "v")
  }

  /// With reset to zero the train is periodic, with the period of the first spike.
  @Test func resetToZeroFiresPeriodically() throws {
    let drive = try Tensor(filledWith: 0.3, shape: [40, 1, 1])
    let spikes = try #require(try LIF(reset: .zero).record(drive).spikes)
    let steps = (0..<40).filter { active(spikes, $0).isEmpty == false }
    #expect(steps == Array(stride(from: 3, to: 40, by: 4)))
  }

  @Test(arguments: [LifReset.subtract, .zero, .none], [(1, 1, 1), (3, 2, 5), (7, 1, 64), (5, 3, 65), (20, 2, 130), (1, 4, 17)])
  func fastKernelsGiveTheBitsOfThePlainLoops(reset: LifReset, size: (Int, Int, Int)) {
    let (steps, rows, neurons) = size
    var numbers = TestNumbers(UInt64(steps * 1000 + neurons))
    let count = steps * rows * neurons
    let words = (neurons + 63) / 64
    let constants = LifConstants(beta: 0.9, threshold: 0.8, reset: reset)
    var fast = numbers.floats(count, from: -0.5, to: 1.2)
    var plain = fast
    var fastSpikes = [UInt64](repeating: .max, count: steps * rows * words)
    var plainSpikes = [UInt64](repeating: 0, count: steps * rows * words)
    kernels.lifForward(
      constants, steps: steps, rows: rows, neurons: neurons, membrane: &fast, spikes: &fastSpikes, carried: nil,
      blocks: 0..<rows * words)
    lifForwardPlain(constants, steps: steps, rows: rows, neurons: neurons, membrane: &plain, spikes: &plainSpikes)
    #expect(fast == plain)
    #expect(fastSpikes == plainSpikes)
    let surrogates: [any Surrogate] = [FastSigmoid(slope: 25), Arctangent(alpha: 2), Triangle(width: 1), StraightThrough(), Logistic(), Box()]
    for surrogate in surrogates {
      var expected = numbers.floats(count, from: -1, to: 1)
      var gradient = expected
      fast.withUnsafeBufferPointer { potentials in
        guard let potentials = potentials.baseAddress else { return }
        kernels.lifBackward(
          constants, surrogate: surrogate.shape, steps: steps, rows: rows, neurons: neurons,
          trace: .potentials(potentials), gradient: expected, out: &gradient, carried: nil, blocks: 0..<rows * words)
      }
      lifBackwardPlain(
        constants, surrogate: surrogate.shape, steps: steps, rows: rows, neurons: neurons, membrane: fast,
        gradient: &expected)
      for (a, b) in zip(gradient, expected) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b))) }
    }
  }

  @Test func leakyIntegratorIsItsRecurrence() throws {
    var numbers = TestNumbers(4)
    let x = numbers.floats(6 * 2 * 3, from: -1, to: 1)
    let recording = try LeakyIntegrator(beta: 0.7).record(try Tensor(x, shape: [6, 2, 3]))
    #expect(recording.spikes == nil)
    var v = [Float](repeating: 0, count: 6)
    let got = try #require(recording.states.first).values.scalars
    for t in 0..<6 {
      for i in 0..<6 {
        v[i] = v[i] * 0.7 + x[t * 6 + i]
        #expect(abs(got[t * 6 + i] - v[i]) < 1e-6)
      }
    }
  }

  @Test func badParametersAreNamed() {
    #expect(throws: Fault.self) { try LIF(beta: 1.5).check() }
    #expect(throws: Fault.self) { try LIF(beta: .nan).check() }
    #expect(throws: Fault.self) { try LIF(threshold: 0).check() }
    #expect(throws: Fault.self) { try LeakyIntegrator(beta: -0.1).check() }
    #expect(throws: Fault.self) { try Triangle(width: 0).check() }
    #expect(throws: Fault.self) { try LIF().record(try Tensor.zeros([3])) }
  }
}

/// The features that fire at a step of sample 0.
func active(_ spikes: Spikes, _ step: Int, sample: Int = 0) -> [Int] {
  var found: [Int] = []
  spikes.forEachActive(step: step, sample: sample) { found.append($0) }
  return found
}

/// The first step at which feature 0 of sample 0 fires.
func firstStep(_ spikes: Spikes, feature: Int = 0) -> Int? {
  (0..<spikes.shape[0]).first { active(spikes, $0).contains(feature) }
}
