import Faults

import Tensors
import Testing

@testable import Chips
@testable import Spiking

/// What cores need, against plain enumeration and by hand.
@Suite struct DemandTests {
  /// Neurons thrown into cores at random.
  private func scatter(_ problem: PlacementProblem, cores: Int, seed: UInt64) -> [[Mapping.Slice]] {
    var draws = RandomStream(seed: seed, purpose: "scatter")
    var contents = [[Mapping.Slice]](repeating: [], count: cores)
    for (population, order) in problem.naturalOrders.enumerated() {
      var slices = [[Int32]](repeating: [], count: cores)
      for neuron in order { slices[draws.integer(below: cores)].append(neuron) }
      for core in 0..<cores where !slices[core].isEmpty {
        contents[core].append(Mapping.Slice(population: population, neurons: slices[core]))
      }
    }
    return contents.filter { !$0.isEmpty }
  }

  @Test(arguments: [0.0, 0.05, 0.1, 0.3, 0.9]) func denseLayersAsEnumerated(zeros: Double) throws {
    for seed in 0..<4 as Range<UInt64> {
      let network = try PlacementSamples.network([9, 13, 7, 4], zeros: zeros, seed: seed)
      for wordBits in [1, 32] {
        let problem = try PlacementSamples.problem(network, PlacementSamples.chip(wordBits: wordBits))
        let cores = scatter(problem, cores: 4, seed: seed)
        #expect(problem.activity(of: cores).demands == PlacementSamples.demands(problem, cores))
      }
    }
  }

  @Test func convolutionsAsEnumerated() throws {
    let network = try PlacementSamples.convolutional()
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip(wordBits: 8))
    for seed in 0..<4 as Range<UInt64> {
      let cores = scatter(problem, cores: 5, seed: seed)
      #expect(problem.activity(of: cores).demands == PlacementSamples.demands(problem, cores))
    }
  }

  @Test func removingWhatWasAddedLeavesNothing() throws {
    let network = try PlacementSamples.convolutional()
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip())
    var filler = CoreFiller(problem.connectome, problem.rules)
    var draws = RandomStream(seed: 3, purpose: "test")
    let neurons = (1..<4).flatMap { population in
      problem.naturalOrders[population].map { (population, Int($0), draws.integer(below: 3) + 1) }
    }
    for (population, neuron, copies) in neurons { filler.add(population, neuron, copies: copies, outputs: 2) }
    for (population, neuron, copies) in neurons { filler.remove(population, neuron, copies: copies, outputs: 2) }
    #expect(filler.demand == Demand())
  }

  /// Cores are filled and emptied neuron by neuron: at every moment the needs are those of the naive count.
  @Test(arguments: [0.04, 0.1]) func fewMissingSynapsesAreCountedAtEveryStep(zeros: Double) throws {
    let network = try PlacementSamples.network([12, 9, 8], zeros: zeros, seed: 5)
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip())
    var filler = CoreFiller(problem.connectome, problem.rules)
    var draws = RandomStream(seed: 9, purpose: "test")
    var inside: [Int] = []
    for _ in 0..<200 {
      if draws.uniform() < 0.5, let neuron = inside.last {
        filler.remove(1, neuron, copies: 1, outputs: 0)
        inside.removeLast()
      } else if inside.count < 9 {
        let left = (0..<9).filter { !inside.contains($0) }
        let neuron = left[draws.integer(below: left.count)]
        filler.add(1, neuron, copies: 1, outputs: 0)
        inside.append(neuron)
      }
      if inside.isEmpty {
        #expect(filler.demand == Demand())
        continue
      }
      var wanted = PlacementSamples.demands(
        problem, [[Mapping.Slice(population: 1, neurons: inside.map { Int32($0) })]])[0]
      wanted.outputAxons = 0
      #expect(filler.demand == wanted)
    }
  }

  /// 2 channels of 3x3 by 4 kernels of 2x2 without padding: 4 places each.
  @Test func sharedKernelsAreKeptOnce() throws {
    var network = try Network(inputShape: [2, 3, 3])
    network = try network.appending(ConvLayer(outputs: 4, kernel: .init(2, 2)), seed: 0)
    network = try network.appending(NeuronLayer(LIF()), seed: 0)
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip(shares: true))
    let all = [[Mapping.Slice(population: 1, neurons: (0..<16).map { Int32($0) })]]
    // 18 axons of 10 bits, and 4 kernels of 2 x 2 x 2 weights of 8 bits.
    #expect(problem.activity(of: all).demands[0].memoryBits == 18 * 10 + 4 * 8 * 8)
    let one = [[Mapping.Slice(population: 1, neurons: [4, 5, 6, 7])]]
    #expect(problem.activity(of: one).demands[0].memoryBits == 18 * 10 + 8 * 8)
  }

  /// A row for 3 synapses among 12 neurons: 10 + 3·(8 + 6) = 52 bits as a list, 10 + 12·8 = 106 with a place for each.
  @Test func theCheaperEncodingIsTaken() throws {
    var weights = [Float](repeating: 0, count: 48)
    for place in 0..<12 { weights[place % 4 * 12 + place] = 1 }
    let layer = try DenseLayer(weight: try Tensor(weights, shape: [4, 12]), bias: nil)
    var network = try Network(inputShape: [4]).appending(layer, seed: 0)
    network = try network.appending(NeuronLayer(LIF()), seed: 0)
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip())
    let all = [[Mapping.Slice(population: 1, neurons: (0..<12).map { Int32($0) })]]
    #expect(problem.activity(of: all).demands[0].memoryBits == 4 * 52)
    let crossbar = try PlacementSamples.problem(network, PlacementSamples.chip(indexBits: 0))
    #expect(crossbar.activity(of: all).demands[0].memoryBits == 4 * 106)
  }

  /// Kernels with zeros have fewer synapses, place by place.
  @Test func prunedKernelsAreListed() throws {
    var draws = RandomStream(seed: 8, purpose: "test")
    var weights: [Float] = []
    for _ in 0..<3 * 2 * 3 * 2 { weights.append(draws.uniform() < 0.5 ? 0 : 1) }
    let kernels = try Tensor(weights, shape: [3, 2, 3, 2])
    let layer = try ConvLayer(weight: kernels, bias: nil, stride: .init(2, 1), padding: .init(1, 1))
    var network = try Network(inputShape: [2, 5, 4]).appending(layer, seed: 0)
    network = try network.appending(NeuronLayer(LIF()), seed: 0)
    let shape = network.shapes[0]
    let connectome = try Connectome(network.graph)
    var total = 0
    for channel in 0..<3 {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          var sources: [Int] = []
          for input in 0..<2 {
            for ky in 0..<3 {
              for kx in 0..<2 {
                let (row, column) = (y * 2 + ky - 1, x + kx - 1)
                guard row >= 0, row < 5, column >= 0, column < 4 else { continue }
                if weights[((channel * 2 + input) * 3 + ky) * 2 + kx] != 0 {
                  sources.append((input * 5 + row) * 4 + column)
                }
              }
            }
          }
          let target = (channel * shape[1] + y) * shape[2] + x
          var found: [Int] = []
          connectome.forEachSource(connectome.blocks[0], target) { found.append($0) }
          #expect(found == sources)
          total += sources.count
        }
      }
    }
    #expect(connectome.synapses == total)
  }

  @Test func neuronsThatReachNobodyAreLeftOut() throws {
    // Neuron 1 of the hidden layer has no synapse to the output.
    let first = try DenseLayer(weight: try Tensor(filledWith: 1, shape: [2, 3]), bias: nil)
    let second = try DenseLayer(weight: try Tensor([1, 1, 0, 0, 1, 0], shape: [3, 2]), bias: nil)
    var network = try Network(inputShape: [2])
    for layer in [first, NeuronLayer(LIF()), second, NeuronLayer(LIF())] as [any Layer] {
      network = try network.appending(layer, seed: 0)
    }
    let connectome = try Connectome(network.graph)
    #expect(connectome.isPlaced[1] == [true, false, true])
    #expect(connectome.isPlaced[2] == [true, true])
    #expect(connectome.removedNeurons == 1)
    #expect(connectome.synapses == 4 + 3)
  }

  @Test func weightsThatAreNoNumbersAreNamed() throws {
    var network = try PlacementSamples.network([2, 2])
    try network.updateParameters { (_, _, weight) throws(Fault) in
      try weight.withUnsafeMutableBuffer { $0[1] = .nan }
    }
    let fault = #expect(throws: Fault.self) { try Connectome(network.graph) }
    #expect(fault?.label == "layer 0, before lif 1, holds nan or infinity")
  }
}
