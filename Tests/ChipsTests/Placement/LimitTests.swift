import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// Each limit: what just fits, and one too many.
@Suite struct LimitTests {
  private func cores(_ limits: [Resource: Int], _ network: Network, indexBits: Int = 0) throws(Fault) -> Int {
    let chip = PlacementSamples.chip(columns: 8, rows: 8, limits: limits, indexBits: indexBits)
    let problem = try PlacementSamples.problem(network, chip)
    return try SequentialStrategy().place(problem).mapping.cores.count
  }

  /// 5 inputs to 6 neurons: 30 synapses, 5 axons, 5 · (10 + 6·8) = 290 bits.
  @Test(arguments: [(Resource.neurons, 6), (.synapses, 30), (.synapticMemory, 37)])
  func oneTooManyOpensACore(_ resource: Resource, _ need: Int) throws {
    let network = try PlacementSamples.network([5, 6])
    #expect(try cores([resource: need], network) == 1)
    #expect(try cores([resource: need - 1], network) == 2)
  }

  @Test func inputAxonsCannotBeDivided() throws {
    let network = try PlacementSamples.network([5, 6])
    #expect(try cores([.inputAxons: 5], network) == 1)
    let fault = #expect(throws: Fault.self) { try cores([.inputAxons: 4], network) }
    #expect(fault?.kind == .limit)
    #expect(fault?.title == "a neuron of lif 1 does not fit a core of small, on any number of chips")
    #expect(fault?.label == "its 5 synapses need 5 input axons, a core has 4")
  }

  @Test func fanInIsCheckedForEachNeuron() throws {
    let network = try PlacementSamples.network([5, 6])
    #expect(try cores([.fanIn: 5], network) == 1)
    let fault = #expect(throws: Fault.self) { try cores([.fanIn: 4], network) }
    #expect(fault?.label == "a neuron needs a fan-in of 5, the limit is 4")
  }

  /// 6 neurons reach 4 neurons in 2 cores of 2: 12 output axons.
  @Test func outputAxonsDivideTheirOwnCore() throws {
    let network = try PlacementSamples.network([5, 6, 4])
    let chip = PlacementSamples.chip(columns: 8, rows: 8, limits: [.neurons: 2])
    let fine = try SequentialStrategy().place(try PlacementSamples.problem(network, chip))
    #expect(fine.mapping.cores.count == 3 + 2)
    #expect(fine.demands.map(\.outputAxons) == [4, 4, 4, 0, 0])
    // With 3 output axons a core has one neuron with 2 of them.
    let tight = PlacementSamples.chip(columns: 8, rows: 8, limits: [.neurons: 2, .outputAxons: 3])
    let placed = try SequentialStrategy().place(try PlacementSamples.problem(network, tight))
    #expect(placed.mapping.cores.count == 6 + 2)
  }

  /// A neuron that reaches one core at a time is copied for each further core.
  @Test func copiesServeFurtherDestinations() throws {
    let network = try PlacementSamples.network([2, 3, 4])
    let chip = PlacementSamples.chip(columns: 4, rows: 4, limits: [.neurons: 6, .synapses: 6, .fanOutCores: 1])
    let problem = try PlacementSamples.problem(network, chip)
    let placed = try SequentialStrategy().place(problem)
    // 4 neurons of 3 synapses fill 2 cores; each of the 3 neurons is there twice, with 2 synapses a copy.
    #expect(placed.demands.map(\.neurons) == [2, 2, 2, 2, 2])
    #expect(placed.demands.map(\.synapses) == [4, 4, 4, 6, 6])
    #expect(placed.copies == 3)
  }

  /// On a chip with axon types a weight of b bits takes b axons a source.
  @Test func axonTypesMultiplyAxons() throws {
    let network = try PlacementSamples.network([5, 6])
    let chip = PlacementSamples.chip(
      limits: [.axonTypes: 4, .inputAxons: 20, .fanIn: 20], weightBits: 1, indexBits: 0, axonBits: 0)
    let placed = try SequentialStrategy().place(try PlacementSamples.problem(network, chip))
    #expect(placed.demands.map(\.inputAxons) == [20])
    #expect(placed.demands.map(\.memoryBits) == [20 * 6])
    let few = try SequentialStrategy().place(try PlacementSamples.problem(network, chip, weightBits: 2))
    #expect(few.demands.map(\.inputAxons) == [10])
    var tight = chip
    tight.limits[.fanIn] = Figure(19, grade: .derived, source: "a test")
    let fault = #expect(throws: Fault.self) {
      try SequentialStrategy().place(try PlacementSamples.problem(network, tight))
    }
    #expect(
      fault?.label
        == "a neuron needs a fan-in of 20 (5 sources, 4 axons each for weights of 4 bits), the limit is 19")
  }

  @Test func tooManyCoresNameTheChipsThatWouldDo() throws {
    let network = try PlacementSamples.network([5, 40, 3])
    let chip = PlacementSamples.chip(chips: 6, limits: [.synapses: 20])
    let fault = #expect(throws: Fault.self) {
      try SequentialStrategy().place(try PlacementSamples.problem(network, chip, chips: 1))
    }
    // 40 neurons of 5 synapses in cores of 4, and 3 neurons of 40 synapses that fit nowhere.
    #expect(fault?.title == "a neuron of lif 3 does not fit a core of small, on any number of chips")
    let wider = PlacementSamples.chip(chips: 6, limits: [.synapses: 40])
    let second = #expect(throws: Fault.self) {
      try JointStrategy().place(try PlacementSamples.problem(network, wider, chips: 1))
    }
    #expect(second?.title == "the network does not fit on 1 chip of small: its 320 synapses need 8 cores")
    #expect(second?.label?.hasSuffix("1 chip has 4 cores, 2 chips would do") == true)
    let placed = try SequentialStrategy().place(try PlacementSamples.problem(network, wider))
    #expect(placed.load.chips == 2)
  }
}
