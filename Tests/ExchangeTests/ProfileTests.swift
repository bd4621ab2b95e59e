import Faults
import Spiking
import Tensors
import Testing

@testable import Exchange

/// Networks written for a tool, and read as the tool reads them.
@Suite struct ProfileTests {
  private func fault(_ body: () throws -> Void) -> Fault? {
    do {
      try body()
      return nil
    } catch { return error as? Fault }
  }

  private func network(_ layers: [any Layer], input: [Int] = [8]) throws -> Network {
    var network = try Network(inputShape: input)
    for layer in layers { network = try network.appending(layer, seed: 4) }
    return network
  }

  private func input(_ shape: [Int]) throws -> Signal {
    var stream = RandomStream(seed: 1, purpose: "test", index: 0)
    let values = (0..<shape.reduce(1, *)).map { _ in stream.nextBits() % 3 == 0 ? Float(1) : 0 }
    return .spikes(try Spikes(try Tensor(values, shape: shape)))
  }

  private func layers(_ model: any NeuronModel) -> [any Layer] {
    [DenseLayer(outputs: 12), NeuronLayer(model), DenseLayer(outputs: 4), NeuronLayer(model)]
  }

  /// What each tool's reset allows must be the same there, late by its layers.
  @Test(arguments: ToolProfile.all.map(\.name)) func resetsOfTheToolAreKept(_ name: String) throws {
    let profile = try ToolProfile.named(name)
    let subtracts = ["sinabs", "rockpool", "spyx", "spinnaker2"].contains(name)
    let net = try network(layers(LIF(beta: 0.9, threshold: 4, reset: subtracts ? .subtract : .zero)))
    let seconds: Double? = if case .told = profile.step { 1e-3 } else { nil }
    // The files of tools that take no offset have none.
    let written = try net.written(for: profile, seconds: seconds)
    let report = written.report
    // Nengo's potential stays above 0, and a subtracted threshold is a rounding off where the tool fires above it.
    if name == "nengo" {
      #expect(report.rows[1].differences.first?.contains("cut below") == true)
    } else {
      #expect(report.agreement.share > 0.99, "\(report)")
      #expect(report.agreement.lag == (profile.isLate ? 2 : 0))
    }
    // Read for the tool that it was written for, it is what it was.
    let back = try written.file.network(ReadingOptions(profile, seconds: seconds)).network
    let x = try input([40, 3, 8])
    #expect(try back.run(x).tensor().scalars == net.run(x).tensor().scalars)
  }

  @Test(arguments: ["exact", "norse", "snntorch", "spikingjelly", "sinabs", "rockpool", "spyx"])
  func otherResetsComeBack(_ name: String) throws {
    let profile = try ToolProfile.named(name)
    let seconds: Double? = name == "exact" ? 1e-3 : nil
    for reset in LIF.Reset.allCases where reset != .none {
      let net = try network(layers(LIF(beta: 0.85, threshold: 1.5, reset: reset)))
      let written = try net.written(for: profile, seconds: seconds)
      let back = try written.file.network(ReadingOptions(profile, seconds: seconds)).network
      let x = try input([40, 3, 8])
      #expect(try back.run(x).tensor().scalars == net.run(x).tensor().scalars, "\(reset)")
      #expect(written.report.isSame || written.report.rows[1].differences != [])
    }
  }

  /// With groups, with gaps and along rows: what is written is read as the same function.
  @Test func convolutionsOfEveryFormAreKept() throws {
    let lif = NeuronLayer(LIF(beta: 0.9, threshold: 0.5, reset: .zero))
    let depthwise = GroupedConvLayer(
      outputs: 4, ConvGeometry(axes: 2, kernel: .init(3, 2), padding: .init(2, 0), dilation: .init(2, 1), groups: 2))
    let row = GroupedConvLayer(
      outputs: 4, ConvGeometry(axes: 1, kernel: .init(1, 3), stride: .init(1, 2), padding: .init(0, 1), groups: 2))
    for (first, features) in [(depthwise, [2, 6, 5]), (row, [2, 9])] {
      let net = try network([first, lif, FlattenLayer(), DenseLayer(outputs: 3), lif], input: features)
      let profile = try ToolProfile.named("norse")
      let written = try net.written(for: profile)
      let back = try written.file.network(ReadingOptions(profile)).network
      let x = try input([20, 3] + features)
      #expect(try back.run(x).tensor().scalars == net.run(x).tensor().scalars, "\(written.report)")
    }
  }

  @Test func currentsAreKept() throws {
    var neuron = SteppedNeuron(leak: 0.75)
    neuron.synapse = SteppedNeuron.Synapse(decay: 0.5)
    neuron.firing = SteppedNeuron.Firing(threshold: 2, isStrict: true, reset: .to(0))
    let net = try network(layers(try neuron.model()))
    for name in ["norse", "snntorch", "spikingjelly", "lava-dl"] {
      let written = try net.written(for: try ToolProfile.named(name))
      #expect(written.report.isSame, "\(name) \(written.report)")
      #expect(written.file.graph.node("1")?.kind == "CubaLIF")
    }
  }

  @Test func feedbackIsKept() throws {
    let net = try network([DenseLayer(outputs: 10), RecurrentLayer(LIF(beta: 0.9, threshold: 2, reset: .zero))])
    for name in ["norse", "snntorch", "spikingjelly"] {
      let written = try net.written(for: try ToolProfile.named(name))
      #expect(written.report.isSame, "\(name) \(written.report)")
      #expect(written.file.graph.edges.contains(NIREdge("1.lif", "1.w_rec")))
      #expect(written.file.graph.edges.contains(NIREdge("1.w_rec", "1.lif")))
    }
    #expect(fault { _ = try net.written(for: .sinabs) }?.title == "Sinabs 3.1.3 does not run neurons that hear themselves")
  }

  @Test func imagesArePooledAsTheToolCan() throws {
    let layers: [any Layer] = [
      ConvLayer(outputs: 3, kernel: .init(3, 3)), NeuronLayer(LIF(beta: 1, threshold: 1)),
      PoolLayer(size: .init(2, 2), kind: .sum), FlattenLayer(), DenseLayer(outputs: 4), NeuronLayer(LIF(beta: 1, threshold: 2)),
    ]
    let net = try network(layers, input: [1, 8, 8])
    let sinabs = try net.written(for: .sinabs)
    #expect(sinabs.file.graph.node("2")?.kind == "SumPool2d")
    let jelly = try net.written(for: .spikingjelly)
    #expect(jelly.file.graph.node("2")?.kind == "AvgPool2d")
    #expect(jelly.report.notes == [
      "SpikingJelly 2.0.0 knows no SumPool2d: layer 2 is a AvgPool2d, and the next weights are multiplied by 4.0"
    ])
    // Spyx flattens with the channels last: its columns are ordered otherwise, and give the same.
    let spyx = try net.written(for: .spyx)
    #expect(spyx.report.isSame)
    #expect(spyx.file.graph.node("4")?.array("weight") != sinabs.file.graph.node("4")?.array("weight"))
  }

  @Test func whatNIRDoesNotKnowIsAnError() throws {
    let largest = try network([PoolLayer(size: .init(2, 2), kind: .max)], input: [1, 4, 4])
    #expect(fault { _ = try largest.written(for: .norse) }?.title == "NIR has no pool of the largest")
    let normed = try network([DenseLayer(outputs: 4), LayerNormLayer()])
    #expect(fault { _ = try normed.written(for: .norse) }?.label == "layer 1, layer_norm()")
    let lif = try network([DenseLayer(outputs: 4), NeuronLayer(LIF())])
    #expect(fault { _ = try lif.written(for: .exact) }?.title.contains("must be said") == true)
  }

  @Test func toolsSayWhatTheyRefuse() throws {
    func read(_ node: NIRNode, _ profile: ToolProfile, _ seconds: Double? = nil) -> Fault? {
      fault {
        let graph = try NIRGraph(
          [
            ("input", try NIRGraphTests.gate("Input", [1])), ("fc", try NIRGraphTests.linear([[1]])), ("n", node),
            ("output", try NIRGraphTests.gate("Output", [1])),
          ], edges: [NIREdge("input", "fc"), NIREdge("fc", "n"), NIREdge("n", "output")])
        _ = try graph.network(ReadingOptions(profile, seconds: seconds))
      }
    }
    func one(_ value: Double) -> NIRValue { .array(NIRArray([value], shape: [1])) }
    let leaking = try NIRNode(
      "LIF", fields: ["tau": one(0.01), "r": one(1), "v_leak": one(0.5), "v_threshold": one(1)], name: "n")
    #expect(read(leaking, .snntorch)?.label == "`v_leak` must be 0")
    #expect(read(leaking, .spikingjelly)?.label == "`v_leak` must be `v_reset`")
    let pulling = try NIRNode(
      "LIF", fields: ["tau": one(0.01), "r": one(3), "v_leak": one(0), "v_threshold": one(1)], name: "n")
    #expect(read(pulling, .spikingjelly)?.label == "`r` must be 1 or tau / dt")
    #expect(read(pulling, .nengo, 1e-3)?.label == "`r` must be 1")
    #expect(read(pulling, .snntorch, 1e-3)?.title == "snnTorch 1.0.0 reads every file with steps of 0.0001 s")
    #expect(read(pulling, .norse) == nil)
    let flat = try NIRNode(
      "LIF", fields: ["tau": one(0), "r": one(3), "v_leak": one(0), "v_threshold": one(1)], name: "n")
    #expect(read(flat, .norse)?.title == "`tau` of the LIF `n` must be greater than 0")
  }

  /// The solution of both equations of a CubaLIF: against many small steps.
  @Test func theExactCurrentIsThatOfManySmallSteps() throws {
    func one(_ value: Double) -> NIRValue { .array(NIRArray([value], shape: [1])) }
    for (membrane, synaptic) in [(0.02, 0.005), (0.005, 0.005)] {
      let node = try NIRNode(
        "CubaLI", fields: ["tau_mem": one(membrane), "tau_syn": one(synaptic), "r": one(2), "v_leak": one(0.25), "w_in": one(1.5)],
        name: "n")
      let neuron = try ToolProfile.exact.neurons(
        node, "n", features: [1], StepLength(length: 1e-3, isTime: true), isRecurrent: false)
      let drive: [Float] = [1, 0, 0.5, 2, 0, 0, 0, 1]
      let ours = try neuron.model().run(try Tensor(drive, shape: [8, 1, 1]), for: .output).output.tensor().scalars
      var (v, i) = (0.0, 0.0)
      for (step, x) in drive.enumerated() {
        for _ in 0..<20_000 {
          let h = 1e-3 / 20_000
          let current = i
          i += h / synaptic * (1.5 * Double(x) - i)
          v += h / membrane * (0.25 - v + 2 * (current + i) / 2)
        }
        #expect(abs(Double(ours[step]) - v) < 1e-5)
      }
    }
  }
}
