import Faults
import Spiking
import Tensors
import Testing

@testable import Exchange

/// A network that comes in is read as it was made: spikes are counted, also several in a step and late ones.
@Suite struct ReadoutTests {
  private func read(_ node: NIRNode?, _ profile: ToolProfile, seconds: Double? = 1e-3) throws -> Network {
    var nodes = [
      ("input", try NIRGraphTests.gate("Input", [2])), ("fc", try NIRGraphTests.linear([[1, 0], [0, 1]])),
      ("lif", try NIRGraphTests.lif(2)),
    ]
    var edges = [NIREdge("input", "fc"), NIREdge("fc", "lif")]
    if let node {
      nodes.append(("last", node))
      edges += [NIREdge("lif", "last"), NIREdge("last", "output")]
    } else {
      edges.append(NIREdge("lif", "output"))
    }
    nodes.append(("output", try NIRGraphTests.gate("Output", [2])))
    return try NIRGraph(nodes, edges: edges).network(ReadingOptions(profile, seconds: seconds)).network
  }

  private func array(_ values: [Double]) -> NIRValue { .array(NIRArray(values)) }

  @Test func delayedAndScaledSpikesAreCounted() throws {
    #expect(try read(nil, .exact).decoder == nil)
    #expect(try read(nil, .exact).standardDecoder == .spikeCount)
    let delay = try NIRNode("Delay", fields: ["delay": array([0.002, 0.001])], name: "last")
    let delayed = try read(delay, .exact)
    #expect(!delayed.endsInSpikes && delayed.standardDecoder == .spikeCount)
    let scale = try NIRNode("Scale", fields: ["scale": array([2, 1])], name: "last")
    #expect(try read(scale, .exact).standardDecoder == .spikeCount)
  }

  @Test func potentialsAreNot() throws {
    let readout = try NIRNode("LI", fields: ["tau": array([0.01, 0.01]), "r": array([1, 1]), "v_leak": array([0, 0])], name: "last")
    #expect(try read(readout, .exact).standardDecoder == .membraneMaximum)
    let weights = try NIRGraphTests.linear([[1, 0], [0, 1]], "last")
    #expect(try read(weights, .exact).standardDecoder == .membraneMaximum)
  }

  /// Two spikes in one step are two.
  @Test func severalSpikesInAStepAreCounted() throws {
    var neuron = SteppedNeuron(leak: 0.5)
    neuron.firing = .init(threshold: 1, reset: .subtract(1), isMultiple: true)
    var network = try Network(inputShape: [2])
    network = try network.appending(NeuronLayer(try neuron.model()), seed: 0)
    #expect(network.endsInCounts && network.standardDecoder == .spikeCount)
    // The first class has the highest single step, the second more spikes: 3 against 2 and 3.
    let samples = try Tensor([3, 0, 0, 2, 0, 3], shape: [3, 1, 2])
    let output = try network.run(.tensor(samples))
    #expect(try output.tensor().scalars == [3, 0, 0, 2, 0, 3])
    #expect(try network.standardDecoder.classes(output) == [1])
  }
}
