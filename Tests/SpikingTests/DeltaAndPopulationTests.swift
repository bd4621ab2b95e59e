import Faults
import Glibc
import Spiking
import Tensors
import Testing

@Suite struct DeltaAndPopulationTests {
  let stream = RandomStream(seed: 1, purpose: "test")

  @Test func deltaFollowsTheSignal() throws {
    var numbers = TestNumbers(3)
    let (batch, times, features) = (3, 60, 7)
    var values: [Float] = []
    for _ in 0..<(batch * times * features) { values.append(0) }
    for b in 0..<batch {
      for f in 0..<features {
        var x = Float(numbers.next())
        for t in 0..<times {
          values[(b * times + t) * features + f] = x
          x += Float(numbers.next() - 0.5) * 0.19
        }
      }
    }
    let threshold: Float = 0.1
    let code = DeltaEncoder(threshold: Double(threshold))
    let tensor = try Tensor(values, shape: [batch, times, features])
    let spikes = try #require(try code.encode(tensor, stream: stream).spikes)
    #expect(spikes.shape == [times, batch, 2 * features])
    let dense = try spikes.tensor().scalars
    for b in 0..<batch {
      for f in 0..<features {
        var told = values[b * times * features + f]
        for t in 0..<times {
          let place = (t * batch + b) * 2 * features + 2 * f
          #expect(dense[place] * dense[place + 1] == 0)
          told += threshold * (dense[place] - dense[place + 1])
          #expect(abs(told - values[(b * times + t) * features + f]) < threshold * 1.0001)
        }
      }
    }
  }

  @Test func deltaOfImagesDoublesTheChannels() throws {
    var values = [Float](repeating: 0, count: 2 * 3 * 2 * 2)
    values[12 + 5] = 1  // time 1, channel 1, row 0, column 1
    let spikes = try #require(
      try DeltaEncoder(threshold: 0.5).encode(try Tensor(values, shape: [1, 2, 3, 2, 2]), stream: stream).spikes)
    #expect(spikes.shape == [2, 1, 6, 2, 2])
    var active: [Int] = []
    spikes.forEachActive(step: 1, sample: 0) { active.append($0) }
    #expect(active == [2 * 4 + 1])
  }

  @Test func deltaTakesStepsOfItsOwn() throws {
    let ramp = try Tensor([0, 1], shape: [2])
    let spikes = try #require(try DeltaEncoder(threshold: 0.25, steps: 9).encode(ramp, stream: stream).spikes)
    #expect(spikes.shape == [9, 1, 2])
    #expect(try spikes.counts(over: [0]).scalars == [4, 0])
    let still = try #require(
      try DeltaEncoder(threshold: 0.1).encode(try Tensor(filledWith: 3, shape: [5, 4]), stream: stream).spikes)
    #expect(still.total == 0)
  }

  @Test func populationAnswersAreGaussian() throws {
    let code = PopulationEncoder(neurons: 6, steps: 101)
    #expect(code.centres.map { ($0 * 1000).rounded() / 1000 } == [-0.125, 0.125, 0.375, 0.625, 0.875, 1.125])
    let values: [Float] = [0, 0.33, 0.5, 1, -2]
    let spikes = try #require(try code.encode(try Tensor(values, shape: [1, 5]), stream: stream).spikes)
    #expect(spikes.shape == [101, 1, 30])
    let firsts = try spikes.firstSpikeTimes().scalars
    let width = 0.25 / 1.5
    for (f, x) in values.enumerated() {
      for (k, centre) in code.centres.enumerated() {
        let response = exp(-pow(Double(x) - centre, 2) / (2 * width * width))
        let found = firsts[f * 6 + k]
        if response < 0.0999 {
          #expect(found == -1)
        } else if response > 0.1001 {
          #expect(abs(Double(found) - (1 - response) * 100) <= 0.51)
        }
      }
    }
  }

  @Test func populationOfImagesGrowsTheChannels() throws {
    let code = PopulationEncoder(neurons: 3, steps: 4)
    #expect(try code.codedShape(for: [2, 5, 4]) == [6, 5, 4])
    let values = try Tensor([0, 0.5, 1, 0.5, 0, 1, 1, 0], shape: [1, 2, 2, 2])
    let image = try #require(try code.encode(values, stream: stream).spikes)
    let row = try #require(try code.encode(try values.reshaped([1, 8]), stream: stream).spikes)
    let (a, b) = (try image.tensor().scalars, try row.tensor().scalars)
    for step in 0..<4 {
      for (channel, place) in [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)] {
        for k in 0..<3 {
          #expect(a[step * 24 + (channel * 3 + k) * 4 + place] == b[step * 24 + (channel * 4 + place) * 3 + k])
        }
      }
    }
  }

  @Test func populationRateFiresAsItResponds() throws {
    let code = PopulationEncoder(neurons: 5, steps: 4000, inner: .rate)
    let spikes = try #require(try code.encode(try Tensor([0.5], shape: [1]), stream: stream).spikes)
    let rates = try spikes.counts(over: [0]).scalars.map { Double($0) / 4000 }
    let gap = 1.0 / 3
    for (rate, centre) in zip(rates, code.centres) {
      #expect(abs(rate - exp(-pow((0.5 - centre) / (gap / 1.5), 2) / 2)) < 0.03)
    }
  }

  @Test func badParametersAreFaults() throws {
    let one = try Tensor([0.5], shape: [1])
    for bad: any Encoder in [
      DeltaEncoder(threshold: 0), DeltaEncoder(threshold: .nan), DeltaEncoder(threshold: 0.1, steps: 0),
      PopulationEncoder(neurons: 2, steps: 5), PopulationEncoder(neurons: 8, steps: 0),
      PopulationEncoder(neurons: 8, steps: 5, low: 1, high: 1), PopulationEncoder(neurons: 8, steps: 5, width: 0),
      PopulationEncoder(neurons: .max, steps: 5),
    ] {
      #expect(throws: Fault.self) { try bad.encode(one, stream: stream) }
    }
    #expect(throws: Fault.self) {
      try DeltaEncoder(threshold: 0.1).encode(try Tensor([0, .infinity], shape: [2]), stream: stream)
    }
  }

  @Test func codesComeBackFromDescriptions() throws {
    let codes: [any Encoder] = [
      RateEncoder(steps: 7, random: false), LatencyEncoder(steps: 8), DirectEncoder(steps: 9),
      HybridEncoder(steps: 10, alpha: 0.25, base: 6), DeltaEncoder(threshold: 0.25), DeltaEncoder(threshold: 0.5, steps: 11),
      PopulationEncoder(neurons: 8, steps: 12),
      PopulationEncoder(neurons: 5, steps: 13, low: -2, high: 3, width: 0.5, inner: .rate),
    ]
    for code in codes {
      var network = try Network(inputShape: [4]).appending(DenseLayer(outputs: 2), seed: 1)
      network.encoder = code
      let parameters = Dictionary(uniqueKeysWithValues: network.namedParameters.map { ($0.name, $0.value) })
      let back = try Network(network.plan, parameters: parameters)
      #expect(back.encoder?.callText == code.callText)
    }
  }

  @Test func aNetworkTrainsOnAPopulation() throws {
    let data = try Dataset(
      name: "three", features: try Tensor([0.1, 0.5, 0.9, 0.12, 0.52, 0.88], shape: [6, 1]), labels: [0, 1, 0, 0, 1, 0])
    var options = FitOptions()
    options.encoder = PopulationEncoder(neurons: 8, steps: 10)
    options.epochs = 60
    options.batch = 6
    options.optimizer = Adam(learningRate: 0.05)
    let network = try Network(inputShape: [8]).appending(DenseLayer(outputs: 2), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1)
    let trained = try fit(network, data, options)
    #expect(try evaluate(trained, data).accuracy == 1)
    let narrow = try Network(inputShape: [4]).appending(DenseLayer(outputs: 2), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1)
    do {
      _ = try fit(narrow, data, options)
      Issue.record("a network of another width was trained")
    } catch {
      #expect(error.help == "begin the network with input(8)")
      #expect(error.label?.contains("makes [8]") == true)
    }
  }
}
