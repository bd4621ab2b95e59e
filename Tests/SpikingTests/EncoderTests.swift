import Faults
import Spiking
import Tensors
import Testing

@Suite struct EncoderTests {
  let stream = RandomStream(seed: 1, purpose: "test")

  func spikes(_ encoder: some Encoder, _ values: [Float]) throws -> Spikes {
    try #require(try encoder.encode(try Tensor(values, shape: [values.count]), stream: stream).spikes)
  }

  func counts(_ spikes: Spikes) throws -> [Float] { try spikes.counts(over: [0]).scalars }

  @Test func rateFiresInProportion() throws {
    let random = try spikes(RateEncoder(steps: 4000), [0, 0.1, 0.5, 0.9, 1])
    #expect(random.shape == [4000, 1, 5])
    let counts = try counts(random)
    for (count, x) in zip(counts, [0, 0.1, 0.5, 0.9, 1] as [Float]) { #expect(abs(count / 4000 - x) < 0.03) }
    #expect(counts[0] == 0)
    #expect(counts[4] == 4000)
    let regular = try spikes(RateEncoder(steps: 100, random: false), [0, 0.25, 0.5, 1])
    #expect(try self.counts(regular) == [0, 25, 50, 100])
  }

  /// As many spikes as a decimal or a fraction has, although its 32-bit float may lie just below it.
  @Test func fractionsAreExact() throws {
    for parts in [1, 2, 3, 7, 10, 49, 100, 255, 1000] {
      let values = (0...parts).map { Float($0) / Float(parts) }
      let wanted = (0...parts).map { Float($0) }
      #expect(try counts(try spikes(RateEncoder(steps: parts, random: false), values)) == wanted)
      #expect(try counts(try spikes(HybridEncoder(steps: parts, alpha: 0, base: 1), values)) == wanted)
      let code = try spikes(LatencyEncoder(steps: 51), values)
      for k in 1...parts {
        #expect(firstStep(code, feature: k) == (2 * (parts - k) * 50 + parts) / (2 * parts), "\(k) / \(parts)")
      }
    }
    #expect(try counts(try spikes(RateEncoder(steps: 10, random: false), [Float(0.7).nextDown, 1e-12])) == [6, 0])
  }

  @Test func latencyFiresOnceAndEarlierForMore() throws {
    let code = try spikes(LatencyEncoder(steps: 50), [0, 0.1, 0.5, 0.9, 1])
    #expect(try counts(code) == [0, 1, 1, 1, 1])
    let firsts = (1..<5).map { firstStep(code, feature: $0) ?? -1 }
    #expect(firsts == firsts.sorted(by: >))
    #expect(firsts.last == 0)
  }

  @Test func hybridFiresEarlierAndMoreOftenForMore() throws {
    let values: [Float] = [0, 0.2, 0.35, 0.5, 0.7, 0.9, 1]
    let code = try spikes(HybridEncoder(steps: 50, alpha: 0.5), values)
    let firsts = (1..<values.count).map { firstStep(code, feature: $0) ?? 50 }
    for (a, b) in zip(firsts, firsts.dropFirst()) { #expect(a > b) }
    let counts = try counts(code)
    for (a, b) in zip(counts, counts.dropFirst()) { #expect(a < b) }
    #expect(try self.counts(try spikes(HybridEncoder(steps: 50, alpha: 0.8), values))[6] > counts[6])
  }

  @Test func hybridWithoutModulationIsTheRegularRateCode() throws {
    let values: [Float] = [0, 0.05, 0.25, 0.3, 0.61, 1]
    #expect(
      try spikes(HybridEncoder(steps: 60, alpha: 0, base: 1), values)
        == spikes(RateEncoder(steps: 60, random: false), values))
  }

  @Test func hybridSpendsFewerSpikesThanRate() throws {
    var numbers = TestNumbers(8)
    let values = numbers.floats(500)
    let rate = try spikes(RateEncoder(steps: 20), values).total
    let hybrid = try spikes(HybridEncoder(steps: 20, alpha: 0.5), values).total
    #expect(hybrid * 2 < rate)
  }

  @Test func directRepeatsTheValues() throws {
    let values = try Tensor([0.25, 0.5, 1, 0], shape: [2, 2])
    let code = try DirectEncoder(steps: 3).encode(values, stream: stream)
    #expect(code.spikes == nil)
    #expect(code.shape == [3, 2, 2])
    #expect(try code.tensor().scalars == [0.25, 0.5, 1, 0, 0.25, 0.5, 1, 0, 0.25, 0.5, 1, 0])
  }

  @Test func theSameStreamGivesTheSameSpikes() throws {
    let values: [Float] = [0.2, 0.4, 0.6]
    #expect(try spikes(RateEncoder(steps: 50), values) == spikes(RateEncoder(steps: 50), values))
  }

  @Test func valuesOutOfRangeAreNamedWithTheirPlace() throws {
    for bad in [-0.1, 1.5, Float.nan, .infinity] {
      let values = try Tensor([0.5, 0.5, 0.5, bad], shape: [2, 2])
      do {
        _ = try LatencyEncoder(steps: 5).encode(values, stream: stream)
        Issue.record("\(bad) was accepted")
      } catch let fault {
        #expect(fault.kind == .value)
        #expect(fault.label?.contains("[1, 1]") == true)
        #expect(fault.label?.contains("hold \(bad) at") == true)
      }
    }
  }

  @Test func badParametersAreFaults() throws {
    let one = try Tensor([0.5], shape: [1])
    #expect(throws: Fault.self) { try RateEncoder(steps: 0).encode(one, stream: stream) }
    #expect(throws: Fault.self) { try HybridEncoder(steps: 5, alpha: 1).encode(one, stream: stream) }
    #expect(throws: Fault.self) { try HybridEncoder(steps: 5, alpha: -1).encode(one, stream: stream) }
    #expect(throws: Fault.self) { try HybridEncoder(steps: 5, base: 0).encode(one, stream: stream) }
    #expect(throws: Fault.self) { try DirectEncoder(steps: 5).encode(try Tensor.scalar(0.5), stream: stream) }
  }

  /// The trains that are written word by word against a plain walk through features, steps and draws.
  @Test(arguments: [1, 3, 25, 32, 33, 64, 65, 200]) func rateTrains(steps: Int) throws {
    for features in [1, 63, 64, 65, 200] {
      var numbers = TestNumbers(UInt64(features))
      var values = numbers.floats(3 * features).map { $0 < 0.2 ? 0 : $0 > 0.9 ? 1 : $0 }
      values[0] = 1e-7
      let tensor = try Tensor(values, shape: [3, features])
      for isRandom in [true, false] {
        let encoder = RateEncoder(steps: steps, random: isRandom)
        guard case .spikes(let spikes) = try encoder.code(tensor, stream: RandomStream(seed: 5, purpose: "test")) else {
          Issue.record("no spikes")
          return
        }
        var source = RandomStream(seed: 5, purpose: "test")
        let seed = source.nextBits()
        for sample in 0..<3 {
          var draws = RandomStream(seed: seed, purpose: "rate code", index: UInt64(sample))
          var expected = Set<[Int]>()
          for feature in 0..<features where values[sample * features + feature] != 0 {
            let value = values[sample * features + feature]
            var bits: UInt64 = 0
            // The upper end of the numbers that are rounded to the value.
            let end = min(1, Double(value) + Double(value.ulp) / 2)
            for t in 0..<steps {
              bits = t & 3 == 0 ? draws.nextBits() : bits >> 16
              let isReached = (Double(t + 1) * end).rounded(.down) > (Double(t) * end).rounded(.down)
              if isRandom ? bits & 0xffff < UInt64((value * 65_536).rounded()) : isReached { expected.insert([t, feature]) }
            }
          }
          var fired = Set<[Int]>()
          for t in 0..<steps { spikes.forEachActive(step: t, sample: sample) { fired.insert([t, $0]) } }
          #expect(fired == expected)
        }
      }
    }
  }
}
