import Faults
import Foundation
import Spiking
import Tensors
import Testing

/// Codes with closed forms: a word is drawn from a value by a rule of the test's own.
private struct RuleEncoder: Encoder {
  let name = "rule"
  var steps = 8
  var settings: [(name: String, value: Setting)] { [] }
  /// The steps at which a value spikes; the number is drawn evenly from 0..<1.
  var rule: @Sendable (Float, Double) -> [Int]

  func check() throws(Fault) {}

  func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    var draws = stream
    var dense = [Float](repeating: 0, count: steps * values.count)
    for (place, value) in values.scalars.enumerated() {
      for step in rule(value, draws.uniformDouble()) { dense[step * values.count + place] = 1 }
    }
    return .spikes(try Spikes(try Tensor(dense, shape: [steps] + values.shape)))
  }
}

@Suite struct EfficiencyTests {
  /// Each of `levels` values equally often, `repeats` times, as one feature.
  func uniform(_ levels: Int, repeats: Int) throws -> Tensor {
    let values = (0..<levels * repeats).map { Float($0 % levels) / Float(levels - 1) }
    return try Tensor(values, shape: [values.count, 1])
  }

  func options(_ change: (inout EfficiencyOptions) -> Void = { _ in }) -> EfficiencyOptions {
    var options = EfficiencyOptions()
    options.samples = 100_000
    change(&options)
    return options
  }

  @Test func aDeterministicCodeTellsEverything() throws {
    let result = try efficiency(
      of: LatencyEncoder(steps: 8), on: try uniform(8, repeats: 20), options { $0.correction = .none })
    #expect(abs(result.information - 3) < 1e-12)
    #expect(abs(result.spikes - 7.0 / 8) < 1e-12)
    #expect(abs(result.bitsPerSpike - 3 / (7.0 / 8)) < 1e-12)
    // Eight values and eight words in eight cells: the correction is 7 / (2 N ln 2).
    let corrected = try efficiency(of: LatencyEncoder(steps: 8), on: try uniform(8, repeats: 20), options())
    #expect(abs(corrected.information - 3 - 7 / (320 * log(2))) < 1e-12)
    for word in EfficiencyOptions.Word.allCases where word != .count {
      let other = try efficiency(
        of: LatencyEncoder(steps: 8), on: try uniform(8, repeats: 20), options { $0.correction = .none; $0.word = word })
      #expect(abs(other.information - 3) < 1e-12)
    }
  }

  @Test func noiseTellsNothingAfterCorrection() throws {
    let noise = RuleEncoder { _, draw in [Int(draw * 8)] }
    let values = try uniform(6, repeats: 100)
    let plain = try efficiency(of: noise, on: values, options { $0.correction = .none })
    // The plug-in estimate is too large by about (6 - 1)(8 - 1) / (2 N ln 2) = 0.042 bits.
    #expect(plain.information > 0.025)
    for correction in [InformationCorrection.millerMadow, .shuffle] {
      let result = try efficiency(of: noise, on: values, options { $0.correction = correction })
      #expect(abs(result.information) < 0.015)
    }
  }

  @Test func theBinarySymmetricChannelHasItsCapacity() throws {
    let flip = 0.11
    let channel = RuleEncoder { value, draw in (value > 0.5) != (draw < flip) ? [3] : [] }
    let result = try efficiency(of: channel, on: try uniform(2, repeats: 20_000), options { $0.word = .count })
    let capacity = 1 + flip * log2(flip) + (1 - flip) * log2(1 - flip)
    #expect(abs(result.information - capacity) < 0.01)
    #expect(abs(result.spikes - 0.5) < 0.01)
  }

  @Test func finerValuesAreBinned() throws {
    let values = try Tensor((0..<4096).map { Float($0) / 4095 }, shape: [4096, 1])
    let half = RuleEncoder { value, _ in value >= 0.5 ? [0] : [] }
    let result = try efficiency(of: half, on: values, options { $0.levels = 16; $0.correction = .none })
    #expect(abs(result.information - 1) < 1e-9)
  }

  @Test func labelsCanBeTheSubject() throws {
    // The label is whether the value is in the upper half: a code of eight values tells one bit of it.
    let values = try uniform(8, repeats: 25)
    let labels = values.scalars.map { $0 > 0.5 ? 1 : 0 }
    let result = try efficiency(
      of: LatencyEncoder(steps: 8), on: values, labels: labels, options { $0.subject = .label; $0.correction = .none })
    #expect(abs(result.information - 1) < 1e-12)
  }

  @Test func featuresAddUpAndPopulationsAreOne() throws {
    let one = try uniform(8, repeats: 20)
    let two = try Tensor.concatenate([one, one], along: 1)
    let twice = try efficiency(of: LatencyEncoder(steps: 8), on: two, options { $0.correction = .none })
    #expect(abs(twice.information - 6) < 1e-12)
    #expect(twice.features == 2)
    let population = try efficiency(
      of: PopulationEncoder(neurons: 8, steps: 30), on: two, options { $0.correction = .none })
    #expect(abs(population.information - 6) < 1e-12)
    #expect(population.features == 2)
  }

  @Test func whatCannotBeMeasuredIsAFault() throws {
    let values = try uniform(4, repeats: 5)
    #expect(throws: Fault.self) { try efficiency(of: DirectEncoder(steps: 4), on: values) }
    #expect(throws: Fault.self) { try efficiency(of: DeltaEncoder(threshold: 0.1), on: values) }
    #expect(throws: Fault.self) { try efficiency(of: LatencyEncoder(steps: 4), on: try Tensor.zeros([5, 1])) }
    #expect(throws: Fault.self) { try efficiency(of: LatencyEncoder(steps: 4), on: try Tensor.ones([1, 1])) }
    #expect(throws: Fault.self) {
      try efficiency(of: LatencyEncoder(steps: 4), on: values, labels: [], options { $0.subject = .label })
    }
  }
}
