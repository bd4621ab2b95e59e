import Chips
import Faults
import Testing

/// Chip files: what they give, and what is said about bad ones.
@Suite struct ChipReaderTests {
  @Test(arguments: ChipFiles.names)
  func everyFigureOfTheStdlibHasASource(_ name: String) throws {
    let chip = try ChipFiles.chip(name)
    #expect(chip.name == name)
    #expect(!chip.about.isEmpty)
    #expect(chip.figures.count >= 12)
    for (_, figure) in chip.figures {
      #expect(!figure.source.isEmpty)
      #expect(figure.value >= 0)
    }
    for entry in chip.step.barrier { #expect(!entry.seconds.source.isEmpty) }
    for entry in chip.step.chipBarrier { #expect(!entry.seconds.source.isEmpty) }
    // The meaning of each energy and time is written in the file.
    for (name, figure) in chip.figures { #expect((figure.per == nil) == name.charges.isEmpty) }
  }

  /// What was read in a program's source was printed nowhere.
  @Test(arguments: ChipFiles.names)
  func figuresFromSourcesOfProgramsAreNotPublished(_ name: String) throws {
    let chip = try ChipFiles.chip(name)
    for (_, figure) in chip.figures where figure.grade == .published || figure.grade == .derived {
      for program in ["keras-spiking", "SANA-FE", "nengo-loihi"] { #expect(!figure.source.contains(program)) }
      #expect(figure.grade == .derived || !figure.source.contains("SpiNNMachine"))
    }
  }

  /// What several chips cost is known, or a guess that says so; a processor alone needs none of it.
  @Test(arguments: ["loihi1", "loihi1_fitted", "loihi2", "truenorth", "spinnaker"])
  func chipsThatAreJoinedSayWhatThatCosts(_ name: String) throws {
    let chip = try ChipFiles.chip(name)
    #expect(chip.mesh.chips.value > 1 && chip.missingForChips.isEmpty)
  }

  @Test func aFigureSaysWhatItIsChargedFor() throws {
    let standard = try ChipFiles.read(
      ChipFiles.small(("energy:\n", "energy:\n  active_update: {value: 1 pJ, grade: published, source: a test}\n")))
    #expect(standard.energy[.activeUpdate]?.per == .neuronNotAtRest)
    #expect(standard.energy[.synapticOperation]?.per == .synapse)
    let other = try ChipFiles.read(
      ChipFiles.small(("energy:\n", "energy:\n  active_update: {value: 1 pJ, per: neuron_with_input, grade: published, source: a test}\n")))
    #expect(other.charge(.activeUpdate) == .neuronWithInput)
    #expect(try ChipFiles.chip("gpu").charge(.synapticOperation) == .synapseAndStep)
  }

  @Test func figuresAreInBaseUnits() throws {
    let chip = try ChipFiles.chip("loihi1")
    #expect(chip.limits[.neurons]?.value == 1024)
    #expect(chip.limits[.synapticMemory]?.value == 131_072)
    #expect(abs((chip.energy[.synapticOperation]?.value ?? 0) - 23.6e-12) < 1e-24)
    #expect(abs((chip.time[.synapticOperation]?.value ?? 0) - 3.5e-9) < 1e-20)
    #expect(chip.mesh.cores == 128)
    #expect(chip.energy[.synapticOperation]?.source.hasPrefix("M. Davies et al.") == true)
    #expect(chip.synapses.allowsFullRows)
  }

  @Test func noEnergyOfLoihi2IsSaidToBePublished() throws {
    let chip = try ChipFiles.chip("loihi2")
    for figure in chip.energy.values { #expect(figure.grade == .estimated) }
    for figure in chip.time.values { #expect(figure.grade == .estimated) }
    #expect(try ChipFiles.chip("truenorth").energy[.synapticOperation]?.grade == .derived)
  }

  @Test func aFileCanBeBasedOnAChip() throws {
    let chip = try ChipFiles.read(
      """
      name: mine
      based_on: loihi2
      limits:
        neurons: {value: 512, grade: estimated, source: "a thought"}
        synapses: none
      """)
    let base = try ChipFiles.chip("loihi2")
    #expect(chip.name == "mine")
    #expect(chip.limits[.neurons]?.value == 512)
    #expect(chip.limits[.synapses] == nil)
    #expect(chip.limits[.inputAxons] == base.limits[.inputAxons])
    #expect(chip.energy == base.energy)
  }

  @Test func theSmallChipIsRead() throws {
    #expect(try ChipFiles.read(ChipFiles.small).mesh.cores == 2)
  }

  static let bad: [(text: String, line: Int, phrase: String)] = [
    (ChipFiles.small(("value: 4,", "value: -4,")), 8, "`neurons` of `limits` is `-4`, which is negative"),
    (ChipFiles.small(("value: 4,", "value: 0,")), 8, "which is zero"),
    (ChipFiles.small(("value: 4,", "value: 4.5,")), 8, "which is not a whole number"),
    (ChipFiles.small(("value: 4,", "value: 4 pJ,")), 8, "which has the unit `pJ`"),
    (ChipFiles.small(("value: 4,", "value: four,")), 8, "which is not a number"),
    (ChipFiles.small(("value: 4,", "value: 1e300,")), 8, "which is too large"),
    (ChipFiles.small(("value: 4,", "value: .inf,")), 8, "which is not a number"),
    (ChipFiles.small(("value: 4, ", "")), 8, "`neurons` of `limits` has no `value`"),
    (ChipFiles.small(("20 pJ", "20")), 16, "which has no unit"),
    (ChipFiles.small(("20 pJ", "20 ns")), 16, "which has the unit `ns`"),
    (ChipFiles.small(("20 pJ, grade: published, source: a test", "20 pJ, grade: published")), 16, "has no `source`"),
    (ChipFiles.small(("20 pJ, grade: published", "20 pJ, grade: guessed")), 16, "`guessed` is not a grade"),
    (ChipFiles.small(("{value: 20 pJ, grade: published, source: a test}", "20 pJ")), 16, "is `20 pJ`, a figure"),
    (ChipFiles.small(("  neurons: {value: 4, grade: published, source: a test}\n", "")), 8, "`limits` has no `neurons`"),
    (ChipFiles.small(("  synapses: {value: 64, grade: published, source: a test}\n", "")), 8, "neither"),
    (ChipFiles.small(("  neurons:", "  neuron:")), 8, "`limits` has no key `neuron`"),
    (ChipFiles.small(("limits:", "limit:")), 7, "a chip file has no key `limit`"),
    (ChipFiles.small(("name: small", "title: small")), 1, "the chip has no `name`"),
    (ChipFiles.small(("name: small", "name: \"a\\e[2J\"")), 1, "a control character"),
    (ChipFiles.small(("name: small", "name: small\nname: big")), 2, "`name` is given twice"),
    (ChipFiles.small(("name: small", "name: small\nbased_on: loihi3")), 2, "there is no chip `loihi3`"),
    (ChipFiles.small(("name: small", "name: small\ndense: maybe")), 2, "`true` or `false` is expected"),
    (ChipFiles.small(("columns: {value: 2,", "columns: {value: 2000000,")), 3, "the mesh is too large"),
    (ChipFiles.small(("\ntime:\n  synaptic_operation: {value: 3.5 ns, grade: published, source: a test}", "")), 1, "how long"),
    (ChipFiles.small + "\nstep: {barrier: 3}", 19, "a list is expected"),
    (ChipFiles.small + "\nstep: {chip_barrier: [{chips: 1, value: 3 us, grade: published, source: a test}]}", 19, "2 is the first"),
    (ChipFiles.small(("{value: 20 pJ,", "{value: 20 pJ, per: spike,")), 16, "cannot be charged per `spike`"),
    (ChipFiles.small(("{value: 20 pJ,", "{value: 20 pJ, per: synapse_and_step,")), 16, "the chip is not `dense`"),
    (ChipFiles.small(("{value: 20 pJ,", "{value: 20 pJ, per: nonzero_synapse_and_step,")), 16, "the chip is not `dense`"),
    (
      ChipFiles.small(
        ("name: small", "name: small\ndense: true"), ("{value: 20 pJ,", "{value: 20 pJ, per: nonzero_synapse_and_step,"),
        ("{value: 3.5 ns,", "{value: 3.5 ns, per: synapse_and_step,")), 19, "its time per `synapse_and_step`"
    ),
    (ChipFiles.small(("{value: 4,", "{value: 4, per: spike,")), 8, "has no key `per`"),
    (
      ChipFiles.small(("energy:\n", "energy:\n  active_update: {value: 1 pJ, per: neuron_with_input, grade: published, source: a test}\n"))
        + "\n  active_update: {value: 1 ns, grade: published, source: a test}", 19, "its time per `neuron_not_at_rest`"
    ),
    (ChipFiles.small + "\nstep: {barrier: [{value: 3 ns, grade: published, source: a test}]}", 19, "has no `tiles`"),
    (ChipFiles.small + "\n  neurons: [", 20, "not YAML"),
    (ChipFiles.small + "\n\tx: 1", 19, "not YAML"),
    ("- a\n- b\n", 1, "keys with values are expected"),
    ("just a text", 1, "keys with values are expected"),
    ("name: &a [*a, *a]", 1, "anchors and aliases"),
    ("name: a\nlimits: *name", 2, "anchors and aliases"),
    ("a: " + String(repeating: "[", count: 100_000), 1, "nested too deeply"),
    (String(repeating: "- ", count: 100_000), 1, "nested too deeply"),
    (String(repeating: "? ", count: 100_000), 1, "nested too deeply"),
    (deepBlocks, 66, "nested too deeply"),
  ]

  /// One map inside the other, each on its own line.
  private static let deepBlocks = (0..<400).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")

  @Test(arguments: bad.indices)
  func aBadFileSaysWhere(_ index: Int) throws {
    let (text, line, phrase) = Self.bad[index]
    do throws(Fault) {
      _ = try ChipFiles.read(text)
      Issue.record("this was read: \(text.prefix(400))")
    } catch {
      let label = error.label ?? ""
      #expect(error.kind == .file)
      #expect(error.title == "`mine.yaml` does not describe a chip")
      #expect(label.hasPrefix("line \(line), column "), "\(label)")
      #expect(label.contains(phrase), "\(label)")
    }
  }

  @Test func otherBadTexts() {
    for text in ["", "\n\n", "# nothing\n", String(repeating: "#\n", count: 200_000), "a: b\n---\nc: d\n", "%YAML 9.9\n---\n"] {
      #expect(throws: Fault.self) { try ChipFiles.read(text) }
    }
  }

  @Test func suggestionsAreMade() {
    func help(_ text: String) -> String? {
      do throws(Fault) { _ = try ChipFiles.read(text) } catch { return error.help }
      return nil
    }
    #expect(help(ChipFiles.small(("  neurons:", "  neuron:"))) == "did you mean `neurons`?")
    #expect(help("name: mine\nbased_on: lohi2") == "did you mean `loihi2`?")
    #expect(help(ChipFiles.small(("grade: published", "grade: publishd"))) == "did you mean `published`?")
  }

  /// Whatever bytes a file holds, it is read or refused with a message.
  @Test func damagedFilesNeverStopTheProgram() {
    let original = Array(ChipFiles.text("loihi1").utf8)
    #expect(original.count > 1000)
    let pieces = ["{", "}", "[", "]", ":", "- ", "? ", "&a ", "*a", "!!", "|\n", ">\n", "\"", "'", "\n", "#", "%", "none", "-1", "\t", "\u{0}", "é", "<<: "]
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    var refused = 0
    for _ in 0..<400 {
      var bytes = original
      for _ in 0..<1 + random(4) {
        let at = random(bytes.count)
        switch random(3) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(contentsOf: pieces[random(pieces.count)].utf8, at: at)
        default: bytes.removeSubrange(at..<min(bytes.count, at + random(80)))
        }
      }
      do throws(Fault) {
        _ = try ChipFiles.read(String(decoding: bytes, as: UTF8.self))
      } catch {
        refused += 1
        #expect(error.kind == .file)
      }
    }
    #expect(refused > 100)
  }
}
