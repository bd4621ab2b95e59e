import Faults
import Formats
import Glibc
import Spiking
import Tensors
import Testing

@testable import Exchange

/// Spikes of other tools' networks, to the spike.
@Suite(.enabled(if: Golden.isHere)) struct NIRGoldenTests {
  /// A tool's neurons where they are not those that its importer makes.
  private static func own(_ profile: ToolProfile, _ change: (inout ToolProfile) -> Void) -> ToolProfile {
    var profile = profile
    change(&profile)
    return profile
  }

  /// Each tool's own run, from the file that it wrote. Of the files, two lack what their run had: `rockpool_cuba` the
  /// recurrent weights, `sinabs_cuba` the synapse.
  @Test func ownRuns() throws {
    // Sinabs' own integrators have no lower bound. Norse writes its time constants a thousand times too short, and its
    // current decays after the membrane has heard it.
    let sinabs = Self.own(.sinabs) { $0.integratorFloor = nil }
    let norse = Self.own(.norse) { ($0.arriving, $0.synapticCurrent) = (.plain, .share) }
    let runs: [(String, ReadingOptions)] =
      ["lif", "lifdecay", "cuba", "conv"].map { ("spikingjelly_\($0)", ReadingOptions(.spikingjelly)) }
      + ["lif", "cuba", "conv"].map { ("snntorch-subtract_\($0)", ReadingOptions(.snntorch, reset: .subtract)) }
      + ["lif", "cuba", "conv"].map { ("snntorch-zero_\($0)", ReadingOptions(.snntorch)) }
      + ["lif", "cuba", "convnopool"].map { ("norse_\($0)", ReadingOptions(norse, seconds: 1e-6)) }
      + ["lif", "conv"].map { ("sinabs_\($0)", ReadingOptions(sinabs)) }
      + ["lif", "cubaff"].map { ("rockpool_\($0)", ReadingOptions(.rockpool, seconds: 1e-3)) }
      + ["lif", "cuba", "cubaff", "conv"].map { ("spyx_\($0)", ReadingOptions(.spyx)) }
    #expect(runs.count == 21)
    for (name, options) in runs {
      let found = try Golden.differences("nir_\(name)", "nir_\(name)", options)
      #expect(found.different == 0, "\(name): \(found)")
      #expect(found.spikes > 0)
    }
  }

  /// What each importer makes of each file: equal to the entry, or refused where it goes wrong in silence.
  @Test func imports() throws {
    let steps = ["norse": 1e-3, "snntorch": 1e-4, "spikingjelly": 1e-4, "rockpool": 1e-3, "sinabs": 1, "spyx": 1]
    var (same, refused, rounded) = (0, 0, 0)
    for path in try Golden.files("imports", ".npz") {
      let parts = path.dropLast(4).split(separator: "_").map(String.init)
      guard let by = parts.firstIndex(of: "by"), by + 2 < parts.count else { continue }
      let (name, importer) = (parts[..<by].joined(separator: "_"), parts[by + 1])
      // Norse's own file with currents has time constants far shorter than this step: its numbers overflow.
      if name == "nir_norse_cuba", importer == "norse", !parts[by + 2].hasPrefix("dtdt") { continue }
      let exporter = parts[1].split(separator: "-").first.map(String.init) ?? ""
      let seconds: Double? =
        parts[by + 2].hasPrefix("dtdt") ? 1e-6 : parts[by + 2].hasPrefix("dt") && importer != "spyx" ? steps[exporter] : nil
      var options = ReadingOptions(try ToolProfile.named(importer), seconds: seconds)
      if importer == "spyx", parts[by + 2].hasPrefix("dt"), let step = steps[exporter], step != 1 { options.seconds = step }
      do {
        let found = try Golden.differences(name, "imports/\(path.dropLast(4))", options)
        // Two entries are a rounding of the threshold.
        let isRounded = importer == "norse" && name.hasSuffix("cuba") && name.contains("snntorch") && found.different == 2
        #expect(found.different == 0 || isRounded, "\(path): \(found)")
        if found.different == 0 { same += 1 } else { rounded += 1 }
      } catch let fault as Fault {
        let reasons = ["leaves it out without a word", "sends several spikes", "SumPool2d", "by the names `input`"]
        #expect(reasons.contains { "\(fault.title) \(fault.label ?? "")".contains($0) }, "\(path): \(fault)")
        refused += 1
      }
    }
    #expect(same == 186 && refused == 35 && rounded == 4, "\(same) the same, \(refused) refused, \(rounded) rounded")
  }

  /// The NIR paper's first network under each tool's steps.
  @Test func paperNeuron() throws {
    func times(_ file: String, _ options: ReadingOptions) throws -> [Int] {
      let column = try readCSV("\(Golden.paper)/lif_norse.csv").columns[0]
      guard case .numbers(let numbers) = column else { return [] }
      let drive = try Tensor(numbers.map { Float($0) }, shape: [numbers.count, 1, 1])
      let network = try NIRFile("\(Golden.paper)/\(file).nir").network(options).network
      return try network.run(.tensor(drive)).tensor().scalars.enumerated().filter { $0.element != 0 }.map(\.offset)
    }
    for name in ["exact", "norse", "snntorch", "spikingjelly", "nengo", "lava", "sinabs", "spinnaker2"] {
      let profile = try ToolProfile.named(name)
      let found = try times("lif_norse", ReadingOptions(profile, seconds: 1e-4))
      let expected =
        switch name {
        case "lava": [461, 511, 711, 761]
        case "sinabs": [450, 500, 710, 760]
        case "spinnaker2": [461, 511, 711, 761]
        default: [460, 510, 710, 760]
        }
      #expect(found == expected, "\(name)")
    }
  }

  /// The paper's network of recurrent neurons, once with a loop and once with a graph inside whose edges misname a node.
  @Test func paperLoop() throws {
    let flat = try NIRFile("\(Golden.paper)/braille_noDelay_bias_zero.nir")
    let nested = try NIRFile("\(Golden.paper)/braille_noDelay_bias_zero_subgraph.nir")
    #expect(flat.graph.version == "0.2.0")
    var stream = RandomStream(seed: 2, purpose: "test", index: 0)
    let values = (0..<256 * 12).map { _ in stream.nextBits() % 5 == 0 ? Float(1) : 0 }
    let input = Signal.spikes(try Spikes(try Tensor(values, shape: [256, 1, 12])))
    for name in ["norse", "snntorch", "lava-dl", "spyx", "exact"] {
      let options = ReadingOptions(try ToolProfile.named(name), seconds: name == "snntorch" ? nil : 1e-4)
      let (a, b) = (try flat.network(options), try nested.network(options))
      #expect(b.notes == ["the edges call the node `lif1` `lif`, which is no node: taken for the same"])
      #expect(try a.network.run(input).tensor().scalars == b.network.run(input).tensor().scalars)
      #expect(a.network.layers.contains { $0 is RecurrentLayer })
      #expect(a.network.outputShape == [7])
    }
  }

  /// The paper's convolutional network: its shapes and how many neurons it has.
  @Test func paperImages() throws {
    let network = try NIRFile("\(Golden.paper)/cnn_sinabs.nir").network(ReadingOptions(.sinabs)).network
    #expect(network.inputShape == [2, 34, 34])
    #expect(
      network.shapes == [
        [16, 16, 16], [16, 16, 16], [16, 16, 16], [16, 16, 16], [16, 8, 8], [8, 8, 8], [8, 8, 8], [8, 4, 4], [128], [256], [256],
        [10], [10],
      ])
    let neurons = network.neuronLayers.reduce(0) { $0 + network.shapes[$1].reduce(1, *) }
    #expect(neurons == 4096 + 4096 + 512 + 256 + 10)
  }
}
