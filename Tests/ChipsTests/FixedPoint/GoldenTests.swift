import Chips
import Tensors
import Testing

/// The integers and traces of the tools themselves, to the bit. They lie beside the repository; `FixedPointTests` has a few
/// of their numbers for where they don't.
@Suite(.enabled(if: GoldenArchive.isThere)) struct GoldenTests {
  /// Runs a network on the archive's input.
  private func run(
    _ network: FixedPointNetwork, _ archive: GoldenArchive, steps: Int = 100,
    _ check: (Int, FixedPointNetwork.State) -> Void
  ) {
    var state = network.initialState
    for step in 0..<steps {
      let events = archive.row("spikes_in", step).enumerated().filter { $0.element != 0 }.map {
        FixedPointNetwork.Event(source: Int32($0.offset), times: Int32($0.element))
      }
      network.advance(&state, events: events)
      check(step, state)
    }
  }

  private func table(_ weights: [Int64], inputs: Int, outputs: Int, delays: [Int64] = []) -> SynapseTable {
    var synapses: [SynapseTable.Synapse] = []
    for input in 0..<inputs {
      for output in 0..<outputs {
        let place = input * outputs + output
        synapses.append(
          .init(
            source: input, target: output, weight: Int32(weights[place]),
            delay: delays.isEmpty ? 0 : Int(delays[place])))
      }
    }
    return SynapseTable(synapses, sources: inputs, targets: outputs)
  }

  private func transposed(_ values: [Int64], rows: Int, columns: Int) -> [Int64] {
    (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
  }

  // MARK: Loihi 1 by nengo-loihi

  @Test func nengoLoihi() throws {
    let archives = GoldenArchive.all("loihi1_nengo_")
    #expect(archives.count == 7)
    for archive in archives {
      var populations: [FixedPointNetwork.Population] = []
      var blocks = 0
      while archive.has("float_b\(blocks)_vth") {
        let block = blocks
        func float(_ name: String) -> [Float] { archive.floats("float_b\(block)_\(name)") }
        func int(_ name: String) -> [Int64] { archive.numbers("int_b\(block)_\(name)") }
        var groups = 0
        while archive.has("float_b\(block)_s\(groups)_w") { groups += 1 }
        var given = LoihiBlock(
          currentDecay: float("decay_u"), decay: float("decay_v"), threshold: float("vth").map { Double($0) },
          bias: float("bias").map { Double($0) }, least: archive.doubles("float_b\(block)_vmin")[0],
          most: archive.doubles("float_b\(block)_vmax")[0], weights: (0..<groups).map { float("s\($0)_w") })
        let scales = archive.integers("float_b\(block)_scale")
        (given.scalesCurrent, given.scalesPotential) = (scales[0] == 1, scales[1] == 1)
        let whole = try given.rounded()
        #expect(whole.currentDecay == int("decay_u"), "\(archive.name)")
        #expect(whole.decay == int("decay_v"), "\(archive.name)")
        #expect(whole.threshold == int("vth"), "\(archive.name)")
        #expect(whole.bias == int("bias"), "\(archive.name)")
        #expect([whole.least, whole.most] == [int("vmin")[0], int("vmax")[0]], "\(archive.name)")
        for group in 0..<groups { #expect(whole.weights[group].map { Int64($0) } == int("s\(group)_w"), "\(archive.name)") }
        var rules = MultipliedDecayCell.Rules()
        rules.sumOverflow = .wraps(bits: 21)
        rules.currentOverflow = .wraps(bits: 23)
        rules.addsBiasToCurrent = true
        let neurons = whole.threshold.indices.map { neuron in
          var own = MultipliedDecayCell.Parameters(
            keepCurrent: 4095 - whole.currentDecay[neuron], keep: 4096 - whole.decay[neuron],
            threshold: whole.threshold[neuron], bias: whole.bias[neuron])
          (own.least, own.most) = (whole.least, whole.most)
          own.rest = Int(int("refract")[neuron])
          return own
        }
        let links = (0..<groups).map { group in
          FixedPointNetwork.Link(
            source: block == 0 ? (group == 0 ? nil : 0) : block - 1,
            table: nengoTable(archive, "int_b\(block)_s\(group)", targets: neurons.count), isLate: true)
        }
        populations.append(.init(name: "\(block)", cell: MultipliedDecayCell(neurons, rules), links: links))
        blocks += 1
      }
      var wrong = [0, 0, 0, 0]
      run(FixedPointNetwork(populations), archive) { step, state in
        let cells = state.cells.compactMap { $0 as? MultipliedDecayCell }
        let found = [
          cells.flatMap(\.sums), cells.flatMap(\.currents), cells.flatMap(\.potentials), state.spikes.joined().map { Int64($0) },
        ]
        for (number, name) in ["out_q", "out_u", "out_v", "out_s"].enumerated() where found[number] != Array(archive.row(name, step)) {
          wrong[number] += 1
        }
      }
      #expect(wrong == [0, 0, 0, 0], "\(archive.name)")
    }
  }

  /// Rows of weights, or for convolutions rows that pixels share.
  private func nengoTable(_ archive: GoldenArchive, _ key: String, targets: Int) -> SynapseTable {
    let (weights, indices) = (archive.numbers(key + "_w"), archive.integers(key + "_idx"))
    let lengths = archive.integers(key + "_rowlen")
    var rows: [(start: Int, populations: Int, length: Int)] = []
    var start = 0
    for row in 0..<lengths.count / 2 {
      rows.append((start, lengths[2 * row], lengths[2 * row + 1]))
      start += lengths[2 * row] * lengths[2 * row + 1]
    }
    var synapses: [SynapseTable.Synapse] = []
    var sources = rows.count
    if archive.has(key + "_axon2w") {
      let (owners, bases) = (archive.integers(key + "_axon2w"), archive.integers(key + "_base"))
      sources = owners.count * rows[0].populations
      for axon in owners.indices where bases[axon] >= 0 {
        let row = rows[owners[axon]]
        for atom in 0..<row.populations {
          for place in 0..<row.length {
            let at = row.start + atom * row.length + place
            synapses.append(
              .init(source: axon * row.populations + atom, target: bases[axon] + indices[at], weight: Int32(weights[at])))
          }
        }
      }
    } else {
      for (axon, row) in rows.enumerated() {
        for at in row.start..<(row.start + row.length) {
          synapses.append(.init(source: axon, target: indices[at], weight: Int32(weights[at])))
        }
      }
    }
    return SynapseTable(synapses, sources: sources, targets: targets)
  }

  // MARK: Lava's bit-accurate models

  @Test func lava() {
    let archives = GoldenArchive.all("lava_")
    #expect(archives.count == 6)
    for archive in archives {
      var populations: [FixedPointNetwork.Population] = []
      while archive.has("int_l\(populations.count)_W") {
        let layer = populations.count
        func int(_ name: String) -> [Int64] { archive.numbers("int_l\(layer)_\(name)") }
        let (outputs, inputs) = (archive.shape("int_l\(layer)_W")[0], archive.shape("int_l\(layer)_W")[1])
        let exponent = Int(int("wexp_nwb")[0])
        let whole = LavaWeights.rounded(int("W"), bits: Int(int("wexp_nwb")[1]))
        var rules = MultipliedDecayCell.Rules()
        (rules.sumExponent, rules.sumShift) = (exponent, 6)
        rules.currentOverflow = .wrapsAbove(bits: 23)
        let neurons = (0..<outputs).map { neuron in
          let powers = int("bias_exp")
          let power = Int(powers.count == 1 ? powers[0] : powers[neuron])
          let mantissa = int("bias_mant")[neuron]
          var own = MultipliedDecayCell.Parameters(
            keepCurrent: 4095 - int("du")[0], keep: 4096 - int("dv")[0], threshold: int("vth")[0] << 6,
            bias: power >= 0 ? mantissa << Int64(power) : mantissa >> Int64(-power))
          (own.least, own.most) = (-8_388_607, 8_388_607)
          return own
        }
        func link(_ key: String, _ source: Int?) -> FixedPointNetwork.Link {
          let weights = LavaWeights.rounded(int(key), bits: Int(int("wexp_nwb")[1]))
          let width = archive.shape("int_l\(layer)_\(key)")[1]
          return .init(
            source: source,
            table: table(
              transposed(key == "W" ? whole : weights, rows: outputs, columns: width), inputs: width, outputs: outputs,
              delays: key == "W" && archive.has("int_l\(layer)_D")
                ? transposed(int("D"), rows: outputs, columns: inputs) : []), isLate: true)
        }
        var links = [link("W", layer == 0 ? nil : layer - 1)]
        if archive.has("int_l\(layer)_R") { links.append(link("R", layer)) }
        populations.append(.init(name: "\(layer)", cell: MultipliedDecayCell(neurons, rules), links: links))
      }
      var wrong = 0
      run(FixedPointNetwork(populations), archive) { step, state in
        for (layer, cell) in state.cells.enumerated() {
          guard let cell = cell as? MultipliedDecayCell else { continue }
          if cell.currents[...] != archive.row("out_l\(layer)_u", step) { wrong += 1 }
          if cell.potentials[...] != archive.row("out_l\(layer)_v", step) { wrong += 1 }
          if state.spikes[layer].map({ Int64($0) })[...] != archive.row("out_l\(layer)_s", step) { wrong += 1 }
        }
      }
      #expect(wrong == 0, "\(archive.name)")
    }
  }

  // MARK: brian2-loihi

  @Test func brian2Loihi() {
    let archives = GoldenArchive.all("b2loihi_")
    #expect(archives.count == 4)
    for archive in archives {
      var populations: [FixedPointNetwork.Population] = []
      while archive.has("int_l\(populations.count)_par") {
        let layer = populations.count
        // refractory, threshold, decay of v, of I, delay, exponent, sign mode, bits
        let own = archive.numbers("int_l\(layer)_par")
        let shape = archive.shape("int_l\(layer)_W_in_out")
        let weights = Brian2LoihiWeights.rounded(
          archive.numbers("int_l\(layer)_W_in_out"), exponent: Int(own[5]), isMixed: own[6] == 1, bits: Int(own[7]))
        #expect(weights == archive.numbers("int_l\(layer)_wact"), "\(archive.name)")
        var rules = MultipliedDecayCell.Rules()
        (rules.decaysCurrentFirst, rules.freezesInRest) = (false, true)
        var neuron = MultipliedDecayCell.Parameters(
          keepCurrent: 4096 - own[3], keep: 4096 - own[2], threshold: own[1] << 6)
        neuron.rest = Int(own[0])
        let delays = [Int64](repeating: own[4], count: weights.count)
        populations.append(
          .init(
            name: "\(layer)", cell: MultipliedDecayCell([MultipliedDecayCell.Parameters](repeating: neuron, count: shape[1]), rules),
            links: [
              .init(
                source: layer == 0 ? nil : layer - 1,
                table: table(weights, inputs: shape[0], outputs: shape[1], delays: delays), isLate: layer > 0)
            ]))
      }
      let network = FixedPointNetwork(populations)
      var wrong = 0
      // The tool records currents and potentials as they were before the step.
      var before = network.initialState
      run(network, archive) { step, state in
        for layer in state.cells.indices {
          guard let cell = before.cells[layer] as? MultipliedDecayCell else { continue }
          if cell.currents[...] != archive.row("out_l\(layer)_u", step) { wrong += 1 }
          if cell.potentials[...] != archive.row("out_l\(layer)_v", step) { wrong += 1 }
          if state.spikes[layer].map({ Int64($0) })[...] != archive.row("out_l\(layer)_s", step) { wrong += 1 }
        }
        before = state
      }
      #expect(wrong == 0, "\(archive.name)")
    }
  }

  // MARK: Xylo

  @Test func xylo() {
    let archives = GoldenArchive.all("xylo_")
    #expect(archives.count == 5)
    for archive in archives {
      func real(_ name: String) -> [Double] { archive.doubles("float_" + name) }
      func int(_ name: String) -> [Int64] { archive.numbers("int_" + name) }
      let whole = XyloNetwork(
        inputWeights: real("weights_in"), recurrentWeights: real("weights_rec"), outputWeights: real("weights_out"),
        threshold: real("threshold"), outputThreshold: real("threshold_out"), bias: real("bias"),
        outputBias: real("bias_out")
      ).rounded()
      func same(_ values: [Double], _ name: String) { #expect(values.map { Int64($0) } == int(name), "\(archive.name) \(name)") }
      same(whole.inputWeights, "weights_in")
      same(whole.recurrentWeights, "weights_rec")
      same(whole.outputWeights, "weights_out")
      same(whole.threshold, "threshold")
      same(whole.outputThreshold, "threshold_out")
      same(whole.bias, "bias")
      same(whole.outputBias, "bias_out")
      let shifts = archive.numbers("shifts")
      let (inputs, hidden) = (archive.shape("int_weights_in")[0], archive.shape("int_weights_in")[1])
      let outputs = archive.shape("int_weights_out")[1]
      func twoPorts(_ name: String, _ sources: Int, _ shift: Int64) -> SynapseTable {
        let weights = int(name)
        var synapses: [SynapseTable.Synapse] = []
        for source in 0..<sources {
          for target in 0..<hidden {
            for port in 0..<2 {
              let weight = weights[(source * hidden + target) * 2 + port] << shift
              synapses.append(.init(source: source, target: target, weight: Int32(weight), port: port))
            }
          }
        }
        return SynapseTable(synapses, sources: sources, targets: hidden)
      }
      let cells = (0..<hidden).map { neuron in
        ShiftedDecayCell.Parameters(
          currentShifts: [Int(int("dash_syn")[neuron]), Int(int("dash_syn_2")[neuron])], shift: Int(int("dash_mem")[neuron]),
          threshold: int("threshold")[neuron], bias: int("bias")[neuron])
      }
      let readout = (0..<outputs).map { neuron in
        ShiftedDecayCell.Parameters(
          currentShifts: [Int(int("dash_syn_out")[neuron])], shift: Int(int("dash_mem_out")[neuron]),
          threshold: int("threshold_out")[neuron], bias: int("bias_out")[neuron])
      }
      let network = FixedPointNetwork([
        .init(
          name: "hidden", cell: ShiftedDecayCell(cells, ports: 2, most: 31),
          links: [
            .init(source: nil, table: twoPorts("weights_in", inputs, shifts[0])),
            .init(source: 0, table: twoPorts("weights_rec", hidden, shifts[1]), isLate: true),
          ]),
        .init(
          name: "readout", cell: ShiftedDecayCell(readout, ports: 1, most: 1),
          links: [
            .init(
              source: 0, table: table(int("weights_out").map { $0 << shifts[2] }, inputs: hidden, outputs: outputs),
              isLate: true)
          ]),
      ])
      var wrong = 0
      run(network, archive) { step, state in
        guard let inner = state.cells[0] as? ShiftedDecayCell, let outer = state.cells[1] as? ShiftedDecayCell else { return }
        let found: [(String, [Int64])] = [
          ("out_Isyn", Array(inner.currents[..<hidden])), ("out_Isyn2", Array(inner.currents[hidden...])),
          ("out_Vmem", inner.potentials), ("out_Spikes", state.spikes[0].map { Int64($0) }),
          ("out_Isyn_out", outer.currents), ("out_Vmem_out", outer.potentials), ("out_s", state.spikes[1].map { Int64($0) }),
        ]
        for (name, values) in found where values[...] != archive.row(name, step) { wrong += 1 }
      }
      #expect(wrong == 0, "\(archive.name)")
    }
  }

  // MARK: Speck

  @Test func speck() {
    let archives = GoldenArchive.all("speck_")
    #expect(archives.count == 4)
    for archive in archives {
      var populations: [FixedPointNetwork.Population] = []
      var image = archive.shape("spikes_in").dropFirst().map { $0 }
      while archive.has("float_l\(populations.count)_W") {
        let layer = populations.count
        func float(_ name: String) -> [Float] { archive.floats("float_l\(layer)_\(name)") }
        let limits = float("th")
        let given = SpeckLayer(weights: float("W"), bias: float("b"), threshold: limits[1], least: limits[0])
        let scale = given.scale()
        func same(_ values: [Float], _ name: String) -> [Int64] {
          let whole = SpeckLayer.rounded(values, scale: scale)
          #expect(whole == archive.numbers("int_l\(layer)_\(name)"), "\(archive.name) \(name)")
          return whole
        }
        let (weights, bias, whole) = (same(given.weights, "W"), same(given.bias, "b"), same(limits, "th"))
        let shape = archive.shape("int_l\(layer)_W")
        let pool = layer == 0 ? 1 : Int(archive.number("int_l\(layer - 1)_pool"))
        let pooled = [image[0], image[1] / pool, image[2] / pool]
        let out = [shape[0], pooled[1] - shape[2] + 1, pooled[2] - shape[3] + 1]
        var synapses: [SynapseTable.Synapse] = []
        for output in 0..<out.reduce(1, *) {
          let (channel, y, x) = (output / (out[1] * out[2]), output / out[2] % out[1], output % out[2])
          for tap in 0..<(shape[1] * shape[2] * shape[3]) {
            let (from, dy, dx) = (tap / (shape[2] * shape[3]), tap / shape[3] % shape[2], tap % shape[3])
            for sub in 0..<(pool * pool) {
              let (row, column) = ((y + dy) * pool + sub / pool, (x + dx) * pool + sub % pool)
              synapses.append(
                .init(
                  source: (from * image[1] + row) * image[2] + column, target: output,
                  weight: Int32(weights[channel * shape[1] * shape[2] * shape[3] + tap])))
            }
          }
        }
        let cells = (0..<out.reduce(1, *)).map {
          IntegrateCell.Parameters(threshold: whole[1], bias: bias[$0 / (out[1] * out[2])], least: whole[0])
        }
        populations.append(
          .init(
            name: "\(layer)", cell: IntegrateCell(cells),
            links: [
              .init(
                source: layer == 0 ? nil : layer - 1,
                table: SynapseTable(synapses, sources: image.reduce(1, *), targets: cells.count))
            ]))
        image = out
      }
      var wrong = 0
      run(FixedPointNetwork(populations), archive) { step, state in
        for layer in state.cells.indices {
          if state.cells[layer].potentials[...] != archive.row("out_l\(layer)_v", step) { wrong += 1 }
          if state.spikes[layer].map({ Int64($0) })[...] != archive.row("out_l\(layer)_s", step) { wrong += 1 }
        }
      }
      #expect(wrong == 0, "\(archive.name)")
    }
  }

  // MARK: TrueNorth, and RANC

  @Test func trueNorth() {
    let archives = GoldenArchive.all("truenorth_")
    #expect(archives.count == 2)
    for archive in archives {
      func int(_ name: String) -> [Int64] { archive.numbers("int_" + name) }
      let (axons, neurons) = (archive.shape("int_conn")[0], archive.shape("int_conn")[1])
      var synapses: [SynapseTable.Synapse] = []
      for axon in 0..<axons {
        for neuron in 0..<neurons where int("conn")[axon * neurons + neuron] != 0 {
          synapses.append(.init(source: axon, target: neuron, weight: 1, port: Int(int("gtype")[axon])))
        }
      }
      let crossbar = SynapseTable(synapses, sources: axons, targets: neurons)
      func check(_ form: AxonTypeCell.Form, _ prefix: String) {
        let cells = (0..<neurons).map { neuron in
          var own = AxonTypeCell.Parameters(
            weights: Array(int("S")[(neuron * 4)..<(neuron * 4 + 4)]), threshold: int("alpha")[neuron],
            floor: form == .trueNorth ? int("beta")[neuron] : archive.numbers("ranc_nthr")[neuron])
          own.leak = int("lam")[neuron]
          own.leakFollowsSign = int("eps")[neuron] == 1
          own.resetPotential = int("R")[neuron]
          own.reset = [.zero, .subtract, .none][Int(int("gamma")[neuron])]
          own.saturates = int("kappa")[neuron] == 1
          return own
        }
        let cell = AxonTypeCell(cells, form: form, random: RandomStream(seed: 0, purpose: "none drawn"))
        var wrong = 0
        run(FixedPointNetwork([.init(name: "core", cell: cell, links: [.init(source: nil, table: crossbar)])]), archive) {
          step, state in
          if state.cells[0].potentials[...] != archive.row(prefix + "_v", step) { wrong += 1 }
          if state.spikes[0].map({ Int64($0) })[...] != archive.row(prefix + "_s", step) { wrong += 1 }
        }
        #expect(wrong == 0, "\(archive.name) \(prefix)")
      }
      check(.trueNorth, "out")
      check(.ranc(symmetric: false), "ranc_asym")
      check(.ranc(symmetric: true), "ranc_sym")
    }
  }

  // MARK: SpiNNaker

  @Test func spiNNaker() {
    let archives = GoldenArchive.all("spinnaker_")
    #expect(archives.count == 2)
    for archive in archives {
      func int(_ name: String) -> Int64 { archive.number("int_" + name) }
      let words = archive.numbers("int_W_word_signed")
      let (inputs, neurons) = (archive.shape("int_W_word_signed")[0], archive.shape("int_W_word_signed")[1])
      var synapses: [SynapseTable.Synapse] = []
      for (place, word) in words.enumerated() {
        synapses.append(
          .init(
            source: place / neurons, target: place % neurons, weight: Int32(word.magnitude), port: word < 0 ? 1 : 0,
            delay: archive.integers("int_delay")[place]))
      }
      let own = ExponentialCell.Parameters(
        rest: int("V_rest"), reset: int("V_reset"), threshold: int("V_th"), resistance: int("R"), keep: int("exp_TC"),
        offset: int("I_offset"), restSteps: Int(int("T_ref")), currentKeep: archive.numbers("int_decay"),
        currentGain: archive.numbers("int_init"), shifts: [Int(int("shift")), Int(int("shift"))])
      let cell = ExponentialCell([ExponentialCell.Parameters](repeating: own, count: neurons), initial: int("V_init"))
      let network = FixedPointNetwork([
        .init(
          name: "neurons", cell: cell,
          links: [.init(source: nil, table: SynapseTable(synapses, sources: inputs, targets: neurons))])
      ])
      var wrong = [0, 0, 0, 0]
      run(network, archive) { step, state in
        guard let cell = state.cells[0] as? ExponentialCell else { return }
        if cell.potentials[...] != archive.row("out_V", step) { wrong[0] += 1 }
        if state.spikes[0].map({ Int64($0) })[...] != archive.row("out_S", step) { wrong[1] += 1 }
        if cell.excitation[...] != archive.row("out_exc", step) { wrong[2] += 1 }
        if cell.inhibition[...] != archive.row("out_inh", step) { wrong[3] += 1 }
      }
      #expect(wrong == [0, 0, 0, 0], "\(archive.name)")
      _ = inputs
    }
  }
}
