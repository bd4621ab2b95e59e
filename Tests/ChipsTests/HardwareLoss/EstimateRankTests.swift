import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// The ranks of numbers, equal ones sharing theirs.
private func ranks(_ values: [Double]) -> [Double] {
  values.map { value in
    Double(values.count { $0 < value }) + Double(values.count { $0 == value } - 1) / 2
  }
}

/// The correlation of ranks (Spearman).
private func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  let (x, y) = (ranks(a), ranks(b))
  let mean = Double(x.count - 1) / 2
  func sum(_ p: [Double], _ q: [Double]) -> Double { zip(p, q).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) } }
  return sum(x, y) / (sum(x, x) * sum(y, y)).squareRoot()
}

private func patterns(_ count: Int, seed: UInt64) throws -> Dataset {
  var draws = RandomStream(seed: seed, purpose: "patterns")
  var (values, labels): ([Float], [Int]) = ([], [])
  for sample in 0..<count {
    labels.append(sample % 3)
    values += (0..<24).map { input in (input / 8 == sample % 3 ? 0.5 : 0.05) + 0.4 * Float(draws.uniformDouble()) }
  }
  return try Dataset(name: "patterns", features: try Tensor(values, shape: [count, 24]), labels: labels)
}

// The thread pool and the interrupt are one for the process.
@Suite(.serialized) struct EstimateRankTests {
  private static func chips() throws -> [Chip] {
    func figure(_ value: Double) -> Figure { Figure(value, grade: .derived, source: "a test") }
    let plain = PlacementSamples.chip(columns: 2, rows: 2, limits: [.neurons: 30])
    var leaky = plain
    leaky.power.perCore = figure(3e-3)
    var slow = plain
    slow.time[.neuronUpdate] = figure(40e-9)
    slow.time[.activeUpdate] = figure(10e-9)
    slow.step.barrier = [(tiles: 1, seconds: figure(100e-9)), (tiles: 4, seconds: figure(300e-9))]
    return [plain, leaky, slow]
  }

  /// What training estimates from the spikes of its batches puts networks in the order in which `place` puts them, by
  /// samples that training has not seen.
  @Test func networksAreRankedAsPlaceRanksThem() throws {
    let (seen, unseen) = (try patterns(18, seed: 1), try patterns(12, seed: 2))
    let encoder = RateEncoder(steps: 6)
    var networks: [Network] = []
    for hidden in [6, 12, 24] {
      for gain in [0.25, 0.5, 1, 1.5, 2.5] as [Float] {
        for zeros in [0, 0.6] {
          var draws = RandomStream(seed: UInt64(hidden), purpose: "rank")
          var network = try Network(inputShape: [24])
          for (inputs, outputs) in [(24, hidden), (hidden, hidden / 2), (hidden / 2, 3)] {
            var layer = try PlacementSamples.dense(inputs, outputs, zeros: zeros, &draws)
            try layer.updateParameters { (_, value) throws(Fault) in value = try value * gain }
            network = try network.appending(layer, seed: 0).appending(NeuronLayer(LIF()), seed: 0)
          }
          network.encoder = encoder
          networks.append(network)
        }
      }
    }
    #expect(networks.count >= 30)
    for chip in try Self.chips() {
      var (estimated, placed): ([Double], [Double]) = ([], [])
      for network in networks {
        var options = FitOptions()
        options.encoder = encoder
        options.epochs = 2
        options.batch = 9
        // Nothing moves: training only looks.
        options.optimizer = SGD(learningRate: 1e-12)
        options.initializer = nil
        var hardware = HardwareLoss.Options()
        hardware.weight = 0
        options.objective = try HardwareLoss(chip, hardware)
        let history = try #require(try fit(network, seen, options).history)
        func last(_ name: String) throws -> Double { try #require(history.terms.first { $0.name == name }?.values.last) }
        estimated.append(try last("small_energy") * last("small_latency"))
        var place = PlaceOptions()
        place.data = unseen
        placed.append(try Chips.place(network, on: chip, place).placed.cost.energyDelay)
      }
      let correlation = rankCorrelation(estimated, placed)
      #expect(correlation >= 0.95, "\(correlation)")
    }
  }
}
