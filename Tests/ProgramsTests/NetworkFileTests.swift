import Faults
import Formats
import Glibc
import Spiking
import Tensors
import Testing

@testable import Builtins

/// Networks come back from files as they were, and what cannot be one is refused.
@Suite struct NetworkFileTests {
  private func sample() throws -> Network {
    var network = try Network(inputShape: [4])
      .appending(DenseLayer(outputs: 6), seed: 1).appending(NeuronLayer(LIF(beta: 0.8, threshold: 0.7)), seed: 1)
      .appending(FlattenLayer(), seed: 1).appending(DropoutLayer(rate: 0.25), seed: 1)
      .appending(DenseLayer(outputs: 3), seed: 1).appending(NeuronLayer(LeakyIntegrator(beta: 0.95)), seed: 1)
    network.encoder = HybridEncoder(steps: 12, alpha: 0.5)
    network.decoder = .membraneMaximum
    var history = History()
    history.loss = [1.5, 0.25]
    history.accuracy = [0.5, .nan]
    history.terms = [History.Series(name: "hardware", values: [0.75, 0.5]), History.Series(name: "x y", values: [])]
    history.interrupted = true
    network.history = history
    network.remember(
      CoreRecord(
        chip: "small", limits: ["limits.neurons": 12, "mesh.columns": 2], weightBits: 8, cores: 2, populations: [4, 6, 3],
        synapses: 42,
        mapping: [
          CoreRecord.Core(place: [0, 0, 0, 0], slices: [[1, 0, 2, 4, 5]]),
          CoreRecord.Core(place: [0, 1, 0, 0], slices: [[1, 3, 3], [2, 0, 2]]),
        ]))
    return network
  }

  @Test func comesBackAsItWas() throws {
    let network = try sample()
    let path = "/tmp/neuedge-network-\(getpid()).snnet"
    defer { unlink(path) }
    try saveNetwork(network, to: path)
    let back = try loadNetwork(path)
    #expect(back.plan.layers == network.plan.layers)
    #expect(back.plan.encoder == network.plan.encoder)
    #expect(back.decoder == .membraneMaximum)
    #expect(back.history?.loss == [1.5, 0.25])
    #expect(back.history?.accuracy.last?.isNaN == true)
    #expect(back.history?.interrupted == true)
    #expect(back.history?.terms == network.history?.terms)
    #expect(back.coreRecords == network.coreRecords && back.coreRecords.count == 1)
    for (before, after) in zip(network.namedParameters, back.namedParameters) {
      #expect(before.name == after.name && Tensor.identical(before.value, after.value))
    }
  }

  /// Files from before there were formats and records of cores are read; those of formats to come are not.
  @Test func otherFormatsAreReadOrRefused() throws {
    let whole = try checkpoint(of: try sample())
    guard case .object(let members) = whole.about else { return }
    let old = members.filter { $0.name != "format" && $0.name != "cores" }
    #expect(old.count == members.count - 2)
    let back = try network(from: Checkpoint(about: .object(old), tensors: whole.tensors), name: "x")
    #expect(back.coreRecords.isEmpty && back.history?.loss == [1.5, 0.25])
    let newer = members.map { $0.name == "format" ? JSONMember("format", 4) : $0 }
    let fault = #expect(throws: Fault.self) {
      _ = try network(from: Checkpoint(about: .object(newer), tensors: whole.tensors), name: "x")
    }
    #expect(fault?.label == "its format is 4, and this program reads up to 3")
  }

  @Test func damagedDescriptionsAreRefused() throws {
    let whole = try checkpoint(of: try sample())
    guard case .object(let members) = whole.about else { return }
    let replacements: [JSON] = [.null, 1, "x", [], [:], ["a"], [-5], [["kind": "dense"]], [9_000_000_000_000]]
    for index in members.indices {
      for replacement in replacements {
        var changed = members
        changed[index].value = replacement
        do {
          _ = try network(from: Checkpoint(about: .object(changed), tensors: whole.tensors), name: "x")
        } catch { #expect(error.kind == .file, "\(error)") }
      }
    }
    for index in whole.tensors.indices {
      var changed = whole
      changed.tensors.remove(at: index)
      #expect(throws: Fault.self) { _ = try network(from: changed, name: "x") }
      changed = whole
      changed.tensors[index].shape += [1]
      #expect(throws: Fault.self) { _ = try network(from: changed, name: "x") }
    }
  }
}
