import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// The time of each step by plain enumeration of synapses, and what that differs from the time of a mean step.
@Suite struct StepClockTests {
  /// Two networks, one of them with synapses that are missing and of convolutions, over several cores, with random spikes.
  @Test(arguments: [false, true])
  func eachStepHasItsOwnSlowestCore(_ isConvolutional: Bool) throws {
    let network = try isConvolutional
      ? PlacementSamples.convolutional(seed: 3) : PlacementSamples.network([9, 14, 11, 4], zeros: 0.6, seed: 3)
    var chip = PlacementSamples.chip(columns: 4, rows: 3, limits: [.neurons: isConvolutional ? 30 : 12])
    func figure(_ value: Double) -> Figure { Figure(value, grade: .derived, source: "a test") }
    for (event, nanoseconds) in [
      (Event.synapticOperation, 3.0), (.sparseOperation, 5), (.convolutionOperation, 2), (.neuronUpdate, 1), (.activeUpdate, 7),
      (.spike, 30), (.axonOut, 11), (.axonIn, 13), (.hopHorizontal, 0), (.hopVertical, 0),
    ] { chip.time[event] = figure(nanoseconds * 1e-9) }
    let problem = try PlacementSamples.problem(network, chip)
    let placed = try JointStrategy().place(problem)
    #expect(placed.mapping.cores.count > 2)
    let timeline = timeline(problem.connectome.sizes, steps: 40)
    var clock = StepClock(problem, placed)
    for (step, expected) in zip(timeline, naive(problem, placed, timeline)) {
      let seconds = clock.add(step).seconds
      #expect(abs(seconds - expected) < 1e-12 * expected, "\(seconds), expected \(expected)")
    }
    #expect(clock.times.steps == 40 && clock.times.longest > clock.times.mean)

    // The slowest core of a mean step is quicker than the mean of the slowest cores.
    var workload = problem.workload
    workload.rates = problem.connectome.sizes.indices.map { population in
      (0..<problem.connectome.sizes[population]).map { neuron in
        Float(timeline.count { $0.fired[population][neuron >> 6] >> UInt64(neuron & 63) & 1 == 1 }) / 40
      }
    }
    var steps = Timeline()
    for step in timeline { steps.add(step) }
    workload.timeline = steps
    workload.busyRates = steps.busyRates(problem.connectome.sizes)
    let asked = problem.with(workload)
    let mean = asked.placed(
      placed.mapping.cores.map(\.slices), at: placed.mapping.cores.map(\.place),
      asked.activity(of: placed.mapping.cores.map(\.slices)))
    let timed = asked.timed(mean)
    #expect(timed.cost.timedSteps == 40)
    #expect(timed.cost.stepTime > mean.cost.stepTime)
    #expect(timed.cost.meanLoadStepTime == mean.cost.stepTime)
    #expect(timed.cost.energy.events == mean.cost.energy.events)
    #expect(abs(timed.cost.energy.standing / mean.cost.energy.standing - timed.cost.stepTime / mean.cost.stepTime) < 1e-9)
    #expect(abs(timed.cost.latency - timed.cost.stepTime * 10) < 1e-15)
  }

  /// The seconds of each step of the chip; the layer at depth d does in step t what the run did in step t - d.
  private func naive(_ problem: PlacementProblem, _ placed: PlacedMapping, _ timeline: [StepBits]) -> [Double] {
    let graph = problem.workload.graph
    let homes = problem.homes(of: placed.mapping.cores.map(\.slices))
    let starts = problem.connectome.starts
    let synapses = PlacementSamples.synapses(graph)
    func seconds(_ event: Event) -> Double { problem.chip.time[event]?.value ?? 0 }
    let depths = graph.populations.indices.map { $0 }  // a row of layers: the position is the depth
    return timeline.indices.map { step in
      var generate = placed.mapping.cores.map { core in
        core.slices.reduce(0) { $0 + Double($1.neurons.count) } * seconds(.neuronUpdate)
      }
      var receive = generate.map { _ in 0.0 }
      var packets: Set<[Int]> = []
      func isSet(_ rows: [[UInt64]], _ population: Int, _ neuron: Int) -> Bool {
        rows[population][neuron >> 6] >> UInt64(neuron & 63) & 1 == 1
      }
      for population in graph.populations.indices where step >= depths[population] {
        let bits = timeline[step - depths[population]]
        for neuron in 0..<graph.populations[population].neurons where homes[starts[population] + neuron] >= 0 {
          let home = Int(homes[starts[population] + neuron])
          if isSet(bits.busy, population, neuron) { generate[home] += seconds(.activeUpdate) }
          if isSet(bits.fired, population, neuron) { generate[home] += seconds(.spike) }
        }
      }
      for synapse in synapses {
        let projection = graph.projections[synapse.projection]
        let source = synapse.source - starts[projection.source]
        guard step >= depths[projection.source], homes[synapse.target] >= 0,
          isSet(timeline[step - depths[projection.source]].fired, projection.source, source)
        else { continue }
        let core = Int(homes[synapse.target])
        let kind: Event =
          switch projection.wiring {
          case .window: .convolutionOperation
          // 8 bits of a weight and 6 of its place, or 8 for each place.
          default: (projection.weight?.scalars).map { $0.count { $0 != 0 } * 14 < $0.count * 8 } ?? false
            ? .sparseOperation : .synapticOperation
          }
        receive[core] += seconds(kind)
        packets.insert([synapse.source, core])
      }
      for packet in packets {
        receive[packet[1]] += seconds(.axonIn)
        if homes[packet[0]] >= 0 { generate[Int(homes[packet[0]])] += seconds(.axonOut) }
      }
      return max(generate.max() ?? 0, receive.max() ?? 0)
    }
  }

  private func timeline(_ sizes: [Int], steps: Int) -> [StepBits] {
    var draws = RandomStream(seed: 5, purpose: "test timeline")
    return (0..<steps).map { step in
      var bits = StepBits(sizes: sizes)
      for (population, size) in sizes.enumerated() {
        for neuron in 0..<size {
          // Busy and quiet steps.
          let rate = step % 5 == 0 ? 0.6 : 0.05
          if draws.uniformDouble() < rate {
            bits.fired[population][neuron >> 6] |= 1 << UInt64(neuron & 63)
            bits.counts[population] += 1
          }
          if population > 0, draws.uniformDouble() < rate { bits.busy[population][neuron >> 6] |= 1 << UInt64(neuron & 63) }
        }
      }
      return bits
    }
  }
}

/// Which neurons a chip finds busy, against whole-number neurons written out.
@Suite struct BusyNeuronsTests {
  /// Weights of whole numbers times 1/64; no leak: the chip's potentials are those of the run.
  @Test(arguments: [(LIF(beta: 1, threshold: 1.0078125, reset: .zero), 0.02), (LIF(beta: 0.5, threshold: 30, reset: .zero), 0.004)])
  func asTheChipCountsThem(_ neurons: LIF, _ rate: Double) throws {
    let (inputs, outputs, steps) = (20, 12, 300)
    var draws = RandomStream(seed: 9, purpose: "test busy")
    // Sparse: one in three synapses is missing.
    var weights = (0..<inputs * outputs).map { _ -> Float in
      draws.uniformDouble() < 0.33 ? 0 : Float(draws.integer(below: 48) - 16) / 64
    }
    weights[0] = 31.0 / 64
    let network = try Network(inputShape: [inputs])
      .appending(try DenseLayer(weight: try Tensor(weights, shape: [inputs, outputs]), bias: nil), seed: 0)
      .appending(NeuronLayer(neurons), seed: 0)
    let spikes = (0..<steps * inputs).map { _ -> Float in draws.uniformDouble() < rate ? 1 : 0 }
    let chip = try ChipFiles.chip("loihi1_fitted")
    let problem = try PlacementProblem(
      Workload(graph: network.graph, rates: network.graph.populations.map { [Float](repeating: 0, count: $0.neurons) }, steps: steps),
      on: chip, weightBits: 6)
    let resolution = network.graph.potentialResolutions(on: chip, problem.rules)
    #expect(resolution == [0, Float(1) / 4096])
    var seen: [[UInt64]] = []
    let observer = BusyNeurons(problem.connectome, chip: chip, resolution: resolution) { (step, _) in seen.append(step.busy[1]) }
    var options = StreamRunOptions()
    options.observer = observer
    let signal = Signal.spikes(try Spikes(try Tensor(spikes, shape: [steps, 1, inputs])))
    let run = try runStream(network, SpikeStream(name: "test", signal: signal), options)

    // Potentials in 1/64 of a weight of 1, cut off after each leak.
    var potential = [Int](repeating: 0, count: outputs)
    var fired = 0
    var counts = (seen: 0, expected: 0)
    for step in 0..<steps {
      var busy: UInt64 = 0
      for output in 0..<outputs {
        let sources = (0..<inputs).filter { spikes[step * inputs + $0] == 1 && weights[$0 * outputs + output] != 0 }
        if potential[output] != 0 || !sources.isEmpty { busy |= 1 << UInt64(output) }
        potential[output] = Int(Double(potential[output]) * Double(neurons.beta))
        potential[output] += sources.reduce(0) { $0 + Int(weights[$1 * outputs + output] * 64) * 64 }
        if Double(potential[output]) >= Double(neurons.threshold) * 64 * 64 {
          potential[output] = 0
          fired += 1
        }
      }
      if neurons.beta == 1 { #expect(seen[step] == [busy], "step \(step)") }
      counts = (counts.seen + seen[step][0].nonzeroBitCount, counts.expected + busy.nonzeroBitCount)
    }
    // Where the run's potentials keep the fractions that the chip cuts off, a neuron may come to rest a step sooner or later.
    #expect(abs(counts.seen - counts.expected) * 200 <= counts.expected, "\(counts)")
    #expect(fired == run.spikes)
    #expect(neurons.beta < 1 || fired > 20)
    #expect(neurons.beta == 1 || seen.contains { $0[0].nonzeroBitCount < outputs / 2 })
  }

  /// An offset keeps every neuron busy; where input alone counts, it does not.
  @Test func offsetsAreNoRest() throws {
    let network = try Network(inputShape: [2])
      .appending(try DenseLayer(weight: try Tensor([1, 0, 0, 1], shape: [2, 2]), bias: try Tensor([0.25, 0], shape: [2])), seed: 0)
      .appending(NeuronLayer(LIF(beta: 0, threshold: 2, reset: .zero)), seed: 0)
    var chip = try ChipFiles.chip("loihi1_fitted")
    func busy() throws -> [[UInt64]] {
      let problem = try PlacementSamples.problem(network, chip)
      var seen: [[UInt64]] = []
      let observer = BusyNeurons(problem.connectome, chip: chip, resolution: [0, 0]) { (step, _) in seen.append(step.busy[1]) }
      var options = StreamRunOptions()
      options.observer = observer
      let signal = Signal.spikes(try Spikes(try Tensor([0, 0, 1, 1, 0, 0, 0, 0], shape: [4, 1, 2])))
      _ = try runStream(network, SpikeStream(name: "test", signal: signal), options)
      return seen
    }
    // The second neuron: an input in step 1, a potential before step 2, nothing else.
    #expect(try busy() == [[0b01], [0b11], [0b11], [0b01]])
    chip.energy[.activeUpdate]?.per = .neuronWithInput
    chip.time[.activeUpdate]?.per = .neuronWithInput
    #expect(try busy() == [[0], [0b11], [0], [0]])
  }
}
