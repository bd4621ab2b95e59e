// Samples run step by step with a chip's eyes: which neurons are busy in a step, and what each step brings to each core.

import Faults
import Spiking
import Tensors

/// Runs some of a data set's samples one step after the other and keeps what every step did.
///
/// All samples where there are few. Of many, evenly spread ones: as many as fit `budget`, since the rates of spikes are
/// counted on all samples anyway.
struct MeasuredRun {
  /// Neurons times steps that are looked at.
  static let budget = 8_000_000

  private let network: Network
  private let connectome: Connectome
  private let chip: Chip
  private let resolution: [Float]
  private let samples: Int
  private var timeline = Timeline()

  /// - Parameter network: with the chip's weights.
  init(_ network: Network, _ problem: PlacementProblem, samples: Int) {
    self.network = network
    self.samples = samples
    connectome = problem.connectome
    chip = problem.chip
    resolution = network.graph.potentialResolutions(on: chip, problem.rules)
  }

  /// Runs the chosen samples of a batch `[time, batch, ...features]`.
  mutating func add(_ batch: Signal, first: Int) throws(Fault) {
    // A processor that computes everything in each step has no busy neurons, and steps of one length.
    if chip.isDense || (chip.time.isEmpty && chip.energy[.activeUpdate] == nil) { return }
    let chosen = max(1, min(samples, Self.budget / max(1, batch.steps * connectome.neurons)))
    for sample in 0..<batch.batch {
      // Sample n is chosen where the n-th part of the wanted number passes a whole.
      let number = first + sample
      guard number * chosen / samples < (number + 1) * chosen / samples else { continue }
      try run(try batch.samples(sample..<sample + 1))
      timeline.samples += 1
    }
  }

  private mutating func run(_ sample: Signal) throws(Fault) {
    var steps: [StepBits] = []
    let busy = BusyNeurons(connectome, chip: chip, resolution: resolution) { (step, _) in steps.append(step) }
    var options = StreamRunOptions()
    options.observer = busy
    let run = try runStream(network, SpikeStream(name: "sample", signal: sample), options)
    if run.interrupted {
      Interrupt.request()
      try Interrupt.check()
    }
    for step in steps { timeline.add(step) }
  }

  /// Gives the workload what was seen.
  func finish(_ workload: inout Workload) {
    guard !timeline.steps.isEmpty else { return }
    workload.busyRates = timeline.busyRates(connectome.sizes)
    // A readout without neurons is no part of a stream.
    if let last = workload.graph.populations.last, last.model.isEmpty { workload.busyRates[workload.busyRates.count - 1] = [] }
    workload.timeline = timeline
  }
}
