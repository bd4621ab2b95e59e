import Faults
import Glibc
import Spiking
import Tensors
import Testing

@testable import Chips

/// Networks as C: compiled without a warning, and the same spikes.
@Suite struct CProgramTests {
  private static let compiler = ["gcc", "cc", "clang"].first { system("command -v \($0) > /dev/null 2>&1") == 0 }
  static let isThere = compiler != nil

  private func spikes(_ shape: [Int], share: Float, seed: UInt64) throws -> Spikes {
    var random = RandomStream(seed: seed, purpose: "spikes")
    return try Spikes(try Tensor((0..<shape.reduce(1, *)).map { _ in random.uniform() < share ? 1 : 0 }, shape: shape))
  }

  private func program(_ network: Network, adaptation: Adaptation? = nil) throws -> CProgram {
    try CProgram(network, file: "/tmp/my-net.c", chip: try ChipFiles.chip("loihi1"), adaptation: adaptation)
  }

  /// Compiles a program and runs it on samples, one after the other; gives the bytes that come out.
  private func run(_ program: CProgram, _ input: [UInt8], steps: Int, options: String = "") throws -> [UInt8] {
    var template = Array("/tmp/neuedge_c_XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else { return [] }
    let folder = String(cString: name)
    defer { _ = system("rm -rf \(folder)") }
    func write(_ name: String, _ bytes: [UInt8]) {
      guard let file = fopen("\(folder)/\(name)", "wb") else { return }
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }
    write("net.c", Array(program.text.utf8))
    write("in", input)
    let compiler = Self.compiler ?? "cc"
    let build =
      "\(compiler) -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror \(options) -D\(program.name.uppercased())_MAIN \(folder)/net.c -o \(folder)/net"
    #expect(system("\(build) && \(folder)/net \(steps) < \(folder)/in > \(folder)/out") == 0)
    guard let file = fopen("\(folder)/out", "rb") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 24)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
  }

  /// Spikes or numbers `[time, batch, …]`, sample by sample, each step after step.
  private func bySample(_ tensor: Tensor) -> [Float] {
    let (steps, batch) = (tensor.shape[0], tensor.shape[1])
    let values = tensor.scalars
    let width = values.count / max(1, steps * batch)
    var result: [Float] = []
    for sample in 0..<batch {
      for step in 0..<steps {
        let start = (step * batch + sample) * width
        result += values[start..<(start + width)]
      }
    }
    return result
  }

  private func expectSame(_ network: Network, share: Float = 0.2, samples: Int = 100, steps: Int = 12, hasWhole: Bool = true) throws {
    let input = try spikes([steps, samples] + network.inputShape, share: share, seed: 11)
    let program = try program(network)
    let bytes = bySample(try input.tensor()).map { UInt8($0) }
    let ours = try network.run(.spikes(input)).spikes
    let float = try run(program, bytes, steps: steps)
    let spikes = try #require(ours)
    #expect(float.map { Float($0) } == bySample(try spikes.tensor()))
    #expect(spikes.total > samples)
    #expect((program.withoutWholeNumbers == nil) == hasWhole, "\(program.withoutWholeNumbers ?? "")")
    guard hasWhole else { return }
    let whole = try run(program, bytes, steps: steps, options: "-DMY_NET_FIXED=1")
    let deployed = try Deployment(network, on: try ChipFiles.chip("loihi1")).run(.spikes(input))
    #expect(whole.map { Float($0) } == bySample(try deployed.tensor()))
  }

  private func lif(_ reset: LIF.Reset = .subtract) -> NeuronLayer { NeuronLayer(LIF(beta: 0.9, threshold: 1, reset: reset)) }

  @Test(.enabled(if: isThere), arguments: LIF.Reset.allCases) func denseLayers(reset: LIF.Reset) throws {
    let network = try Network(inputShape: [30]).appending(DenseLayer(outputs: 70), seed: 1).appending(lif(reset), seed: 0)
      .appending(DenseLayer(outputs: 10), seed: 2).appending(lif(reset), seed: 0)
    // A potential that no spike lowers is none of the chip's, whose program then resets it.
    try expectSame(network, samples: 1000, steps: 10)
  }

  @Test(.enabled(if: isThere)) func convolutionsAndPools() throws {
    let conv = try Network(inputShape: [2, 9, 8])
      .appending(ConvLayer(outputs: 4, kernel: .init(3, 2), stride: .init(2, 1), padding: .init(1, 1)), seed: 3).appending(lif(), seed: 0)
      .appending(PoolLayer(size: .init(2, 2), kind: .sum), seed: 0).appending(FlattenLayer(), seed: 0)
      .appending(DenseLayer(outputs: 6), seed: 4).appending(lif(.zero), seed: 0)
    try expectSame(conv)
    let largest = try Network(inputShape: [1, 8, 8]).appending(PoolLayer(size: .init(3, 3), kind: .max, stride: .init(2, 2)), seed: 0)
      .appending(ConvLayer(outputs: 5, kernel: .init(2, 2)), seed: 3).appending(lif(), seed: 0)
      .appending(FlattenLayer(), seed: 0).appending(DenseLayer(outputs: 6), seed: 4).appending(lif(.zero), seed: 0)
    try expectSame(largest, hasWhole: false)
    let between = try Network(inputShape: [1, 8, 8]).appending(ConvLayer(outputs: 4, kernel: .init(3, 3)), seed: 3)
      .appending(PoolLayer(size: .init(2, 2)), seed: 0).appending(lif(), seed: 0)
    try expectSame(between, hasWhole: false)
  }

  @Test(.enabled(if: isThere)) func meansOfSpikesAreNumbers() throws {
    let network = try Network(inputShape: [2, 8, 8]).appending(PoolLayer(size: .init(2, 2)), seed: 0)
      .appending(ConvLayer(outputs: 4, kernel: .init(3, 3)), seed: 5).appending(lif(), seed: 0)
    try expectSame(network, share: 0.4)
  }

  @Test(.enabled(if: isThere)) func recurrence() throws {
    let network = try Network(inputShape: [16]).appending(DenseLayer(outputs: 20), seed: 6)
      .appending(RecurrentLayer(LIF(beta: 0.8, threshold: 1, reset: .subtract)), seed: 7)
      .appending(DenseLayer(outputs: 5), seed: 8).appending(lif(), seed: 0)
    try expectSame(network, share: 0.6)
  }

  @Test(.enabled(if: isThere)) func batchNormIsFolded() throws {
    let network = try Network(inputShape: [16]).appending(DenseLayer(outputs: 20), seed: 6)
      .appending(BatchNormLayer(), seed: 0).appending(lif(), seed: 0).appending(DenseLayer(outputs: 5), seed: 8).appending(lif(), seed: 0)
    let input = try spikes([10, 50, 16], share: 0.3, seed: 1)
    let bytes = try run(try program(network), bySample(try input.tensor()).map { UInt8($0) }, steps: 10)
    let folded = try network.folded().run(.spikes(input)).tensor()
    #expect(bytes.map { Float($0) } == bySample(folded))
  }

  @Test(.enabled(if: isThere)) func potentialsAreNumbers() throws {
    let network = try Network(inputShape: [16]).appending(DenseLayer(outputs: 20), seed: 6).appending(lif(), seed: 0)
      .appending(DenseLayer(outputs: 4), seed: 8).appending(NeuronLayer(LeakyIntegrator(beta: 0.9)), seed: 0)
    let input = try spikes([10, 50, 16], share: 0.3, seed: 1)
    let program = try program(network)
    let bytes = bySample(try input.tensor()).map { UInt8($0) }
    func numbers<Word: FixedWidthInteger>(_ bytes: [UInt8], _ type: Word.Type) -> [Word] {
      var words: [Word] = []
      for place in stride(from: 0, to: bytes.count, by: 4) {
        var word: Word = 0
        for byte in 0..<4 { word |= Word(truncatingIfNeeded: bytes[place + byte]) << Word(8 * byte) }
        words.append(word)
      }
      return words
    }
    let float = numbers(try run(program, bytes, steps: 10), UInt32.self).map { Float(bitPattern: $0) }
    #expect(float == bySample(try network.run(.spikes(input)).tensor()))
    let whole = numbers(try run(program, bytes, steps: 10, options: "-DMY_NET_FIXED=1"), Int32.self)
    let deployment = try Deployment(network, on: try ChipFiles.chip("loihi1"))
    let scale = deployment.layers.last.map { $0.scale } ?? 1
    #expect(whole.map { Float(Double($0) / scale) } == bySample(try deployment.run(.spikes(input)).tensor()))
  }

  /// Eq. 11, against a running stream.
  @Test(.enabled(if: isThere), arguments: Adaptation.Sense.allCases) func thresholdsFollowActivity(sense: Adaptation.Sense) throws {
    let network = try Network(inputShape: [16]).appending(DenseLayer(outputs: 20), seed: 6).appending(lif(), seed: 0)
      .appending(DenseLayer(outputs: 6), seed: 8).appending(lif(), seed: 0)
    for memory in [Adaptation.Memory.window(7), .decay(0.8)] {
      var adaptation = Adaptation(gamma: 3, target: 0.2)
      (adaptation.memory, adaptation.sense) = (memory, sense)
      let input = try spikes([300, 1, 16], share: 0.4, seed: 3)
      var options = StreamRunOptions()
      options.adaptation = adaptation
      options.keepsSpikes = true
      let stream = SpikeStream(name: "test", signal: .spikes(input))
      let ours = try #require(try runStream(network, stream, options).layerSpikes.last ?? nil)
      let bytes = try run(try program(network, adaptation: adaptation), bySample(try input.tensor()).map { UInt8($0) }, steps: 0)
      #expect(bytes.map { Float($0) } == bySample(try ours.tensor()))
      #expect(bytes != (try run(try program(network), bySample(try input.tensor()).map { UInt8($0) }, steps: 0)))
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    let branched = try Network(inputShape: [8]).appending(DenseLayer(outputs: 8), seed: 1)
      .appending(BranchLayer(residual: [DenseLayer(outputs: 8), lif()]), seed: 2).appending(lif(), seed: 0)
    do {
      _ = try program(branched)
      Issue.record("a branch was written")
    } catch { #expect((error as? Fault)?.title.contains("`residual` cannot be written as C") == true) }
  }

  @Test func numbersAreExact() {
    #expect(CText.number(Float(1)) == "0x1.0p0f")
    #expect(CText.number(Float(-0.1)) == "-0x1.99999ap-4f")
    #expect(CText.number(Float.leastNonzeroMagnitude) == "0x0.000002p-126f")
    #expect(CText.number(0.1) == "0x1.999999999999ap-4")
    #expect(CText.identifier("/a/b/my-net.v2.c") == "my_net")
    #expect(CText.identifier("2 nets.c") == "net_2_nets")
    #expect(CText.identifier("int.c") == "int_net")
  }
}
