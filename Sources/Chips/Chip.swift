// A chip as data: what a core holds, how cores are joined, and what each event costs. Chips are read from files; no
// chip is known to the code.

/// A number that somebody printed, measured, fitted or guessed, with the place where it stands.
public struct Figure: Sendable, Equatable {
  /// In the unit of what it measures: a count, bytes, joules, seconds or watts.
  public var value: Double
  public var grade: Grade
  /// Where it comes from: a paper, a data sheet, a repository.
  public var source: String
  /// What a reader must know of it; empty for nothing.
  public var note: String
  /// What it is charged for; nil for a figure that no event is multiplied with, or for the event's first charge.
  public var per: Charge?

  public init(_ value: Double, grade: Grade, source: String, note: String = "", per: Charge? = nil) {
    self.value = value
    self.grade = grade
    self.source = source
    self.note = note
    self.per = per
  }
}

/// How far a figure can be trusted.
public enum Grade: String, Sendable, CaseIterable {
  /// Printed in a paper or a data sheet.
  case published
  /// Fitted by the authors of a simulator to measurements of silicon, and read in its source.
  case fitted
  /// Read in the source of a program: a simulator, a mapper, an operating tool.
  case code
  /// Computed here from published figures.
  case derived
  /// Published nowhere: a guess that says so.
  case estimated
}

/// What a core has a limited amount of, or a neuron a limited number of.
public enum Resource: String, Sendable, CaseIterable {
  /// Neurons in a core.
  case neurons
  /// Synapses in a core.
  case synapses
  /// Bytes of synaptic memory in a core.
  case synapticMemory = "synaptic_memory"
  /// Distinct neurons whose spikes enter a core.
  case inputAxons = "input_axons"
  /// Distinct (neuron, core) pairs that leave a core.
  case outputAxons = "output_axons"
  /// Synapses that end at one neuron.
  case fanIn = "fan_in"
  /// Cores that one neuron can reach.
  case fanOutCores = "fan_out_cores"
  /// Kinds of axon that a core tells apart, each with one weight a neuron.
  case axonTypes = "axon_types"
}

/// How a chip keeps the numbers of a neuron beside its weights: what `place` rounds them to. What is not given is not
/// rounded.
public enum NeuronNumber: String, Sendable, CaseIterable {
  /// Bits of a threshold, without a sign.
  case thresholdBits = "threshold_bits"
  /// Different thresholds that the neurons of a core can have; without it each neuron has its own.
  case thresholdKinds = "threshold_kinds"
  /// A step of weights is at most two to the power of so many steps of thresholds.
  case weightExponent = "weight_exponent"
  /// A step of thresholds is two to the power of so many steps of biases.
  case thresholdShift = "threshold_shift"
  /// Bits of a bias, without its sign, which are multiplied by two to a power.
  case biasBits = "bias_bits"
  /// The largest such power.
  case biasExponent = "bias_exponent"
  /// Bits behind the point of the share of a potential that goes in a step.
  case decayBits = "decay_bits"
  /// Bits behind the point of thresholds, biases and decays that have no bits of their own.
  case fractionBits = "fraction_bits"
}

/// What costs energy and time.
public enum Event: String, Sendable, CaseIterable {
  /// A spike that arrives over one synapse.
  case synapticOperation = "synaptic_operation"
  /// The same over a synapse of a layer whose synapses are listed; as `synapticOperation` where there is no figure.
  case sparseOperation = "sparse_operation"
  /// The same over a synapse of a convolution; as `synapticOperation` where there is no figure.
  case convolutionOperation = "convolution_operation"
  /// A neuron in one step, whether it is active or not.
  case neuronUpdate = "neuron_update"
  /// A neuron that is busy in a step, beside `neuronUpdate`; what counts as busy, the figure's charge says.
  case activeUpdate = "active_update"
  /// A neuron that fires.
  case spike
  /// A packet that leaves a core.
  case axonOut = "axon_out"
  /// A packet that enters a core.
  case axonIn = "axon_in"
  /// A packet that goes from a tile to its neighbour in the same row.
  case hopHorizontal = "hop_horizontal"
  /// A packet that goes from a tile to its neighbour in the same column.
  case hopVertical = "hop_vertical"
  /// A packet that goes from one chip to another.
  case hopBetweenChips = "hop_between_chips"
}

/// A neuromorphic chip, or a processor that stands beside one for comparison.
public struct Chip: Sendable {
  /// As scripts name it: "loihi2".
  public var name: String
  /// "Intel Loihi 2".
  public var title: String
  /// What a reader must know before trusting the figures; empty for nothing.
  public var about = ""
  public var mesh: Mesh
  /// Limits; a resource without one is not limited.
  public var limits: [Resource: Figure] = [:]
  /// Joules an event; an event without one costs nothing that is known.
  public var energy: [Event: Figure] = [:]
  /// Seconds an event takes in the core or link where it happens.
  public var time: [Event: Figure] = [:]
  public var power: StaticPower
  public var step: StepTime
  public var synapses: SynapseFormat
  /// How thresholds, biases and decays are kept.
  public var neuron: [NeuronNumber: Figure] = [:]
  /// How its neurons compute in whole numbers; nil where they are floating-point numbers, or nothing is known.
  public var arithmetic: Arithmetic?
  /// Whether each step computes all synapses, as processors with dense products do, or only those that spikes reach.
  public var isDense = false

  public init(
    name: String, title: String, mesh: Mesh, power: StaticPower, step: StepTime, synapses: SynapseFormat
  ) {
    self.name = name
    self.title = title
    self.mesh = mesh
    self.power = power
    self.step = step
    self.synapses = synapses
  }

  /// Tiles in rows and columns, a router in each.
  public struct Mesh: Sendable {
    public var columns: Figure
    public var rows: Figure
    public var coresPerTile: Figure
    /// How many chips can work together.
    public var chips: Figure

    public init(columns: Figure, rows: Figure, coresPerTile: Figure, chips: Figure) {
      self.columns = columns
      self.rows = rows
      self.coresPerTile = coresPerTile
      self.chips = chips
    }

    /// Cores of one chip.
    public var cores: Int { Int(columns.value) * Int(rows.value) * Int(coresPerTile.value) }
  }

  /// What the file would have to say for a mapping over several chips: what a hop between them costs and, where steps end
  /// when the work is done, how long it and the barrier take. Empty when it says all.
  public var missingForChips: [String] {
    var missing = energy[.hopBetweenChips] == nil ? ["`hop_between_chips` in `energy`"] : []
    if step.fixed == nil {
      if time[.hopBetweenChips] == nil { missing.append("`hop_between_chips` in `time`") }
      if step.chipBarrier.isEmpty { missing.append("`chip_barrier` in `step`") }
    }
    return missing
  }

  /// Watts that are spent whatever happens.
  public struct StaticPower: Sendable {
    /// For each chip that is used.
    public var perChip: Figure?
    /// For each core that is used.
    public var perCore: Figure?

    public init(perChip: Figure?, perCore: Figure?) {
      self.perChip = perChip
      self.perCore = perCore
    }
  }

  /// How long a step lasts.
  public struct StepTime: Sendable {
    /// A step of fixed length, which ends no earlier; nil where a step ends when the work is done.
    public var fixed: Figure?
    /// Seconds to agree that a step has ended, for a number of tiles that are in use, rising; on a straight line
    /// between two entries, and the first and the last hold beyond.
    public var barrier: [(tiles: Int, seconds: Figure)]
    /// The same for a number of chips in use, from 2 on, in place of `barrier`: on a straight line over the logarithm of
    /// the number, since chips agree in a tree. Empty where chips are not joined, or steps have a fixed length.
    public var chipBarrier: [(chips: Int, seconds: Figure)]

    public init(
      fixed: Figure?, barrier: [(tiles: Int, seconds: Figure)] = [], chipBarrier: [(chips: Int, seconds: Figure)] = []
    ) {
      self.fixed = fixed
      self.barrier = barrier
      self.chipBarrier = chipBarrier
    }
  }

  /// How a core keeps its synapses.
  public struct SynapseFormat: Sendable {
    /// Bits of a weight, sign included; 0 where weights are floating-point numbers.
    public var weightBits: Figure
    /// Bits of the target's number beside each weight, where only the synapses that are there are kept; 0 where a
    /// row has a place for every neuron of the core.
    public var indexBits: Figure
    /// Bits that each input axon takes before its synapses.
    public var axonBits: Figure
    /// A row of synapses is rounded up to a multiple of so many bits.
    public var wordBits: Figure
    /// Whether a core keeps the weights of a convolution once.
    public var sharesConvolution: Bool
    /// Whether a core that keeps indices may also keep an axon as a row with a place for every one of its neurons,
    /// without indices, where that is smaller.
    public var allowsFullRows = false
    /// How many of its smallest steps a potential moves by the smallest weight: below one step it is zero. Nil where
    /// potentials are floating-point numbers or nothing is known.
    public var potentialSteps: Figure?
    /// Bits that a synapse's delay may take beside its weight, where synapses have delays; none are kept where nothing is late.
    public var delayBits: Figure?
    /// The longest delay, in steps; nil where nothing is known of delays.
    public var longestDelay: Figure?

    public init(weightBits: Figure, indexBits: Figure, axonBits: Figure, wordBits: Figure, sharesConvolution: Bool) {
      self.weightBits = weightBits
      self.indexBits = indexBits
      self.axonBits = axonBits
      self.wordBits = wordBits
      self.sharesConvolution = sharesConvolution
    }
  }
}
