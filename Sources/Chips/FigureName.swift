// The figures that a chip can have, by name: the one list that reading, showing and varying a chip go through.

/// One figure of a chip.
public enum FigureName: Hashable, Sendable {
  case columns, rows, coresPerTile, chips
  case limit(Resource)
  case energy(Event)
  case time(Event)
  case powerPerChip, powerPerCore
  case fixedStep
  case weightBits, indexBits, axonBits, wordBits, potentialSteps, delayBits, longestDelay
  case neuron(NeuronNumber)
  case arithmetic(ArithmeticNumber)

  /// All of them, in the order in which a chip shows them.
  public static let all: [FigureName] =
    [.columns, .rows, .coresPerTile, .chips] + Resource.allCases.map { .limit($0) }
    + [.weightBits, .indexBits, .axonBits, .wordBits, .potentialSteps, .delayBits, .longestDelay]
    + NeuronNumber.allCases.map { .neuron($0) }
    + ArithmeticNumber.allCases.map { .arithmetic($0) }
    + Event.allCases.map { .energy($0) }
    + Event.allCases.map { .time($0) } + [.fixedStep, .powerPerChip, .powerPerCore]

  /// The part of a chip file in which it stands.
  public enum Section: String, Sendable, CaseIterable {
    case mesh, limits, synapses, neuron, arithmetic, energy, time, step, power
  }

  public var section: Section {
    switch self {
    case .columns, .rows, .coresPerTile, .chips: .mesh
    case .limit: .limits
    case .energy: .energy
    case .time: .time
    case .powerPerChip, .powerPerCore: .power
    case .fixedStep: .step
    case .weightBits, .indexBits, .axonBits, .wordBits, .potentialSteps, .delayBits, .longestDelay: .synapses
    case .neuron: .neuron
    case .arithmetic: .arithmetic
    }
  }

  /// The key in its section.
  public var key: String {
    switch self {
    case .columns: "columns"
    case .rows: "rows"
    case .coresPerTile: "cores_per_tile"
    case .chips: "chips"
    case .limit(let resource): resource.rawValue
    case .energy(let event), .time(let event): event.rawValue
    case .powerPerChip: "per_chip"
    case .powerPerCore: "per_core"
    case .fixedStep: "fixed"
    case .weightBits: "weight_bits"
    case .indexBits: "index_bits"
    case .axonBits: "axon_bits"
    case .wordBits: "word_bits"
    case .neuron(let number): number.rawValue
    case .arithmetic(let number): number.rawValue
    case .potentialSteps: "potential_steps"
    case .delayBits: "delay_bits"
    case .longestDelay: "longest_delay"
    }
  }

  /// What the figure may be charged for; empty for those that no event is multiplied with.
  public var charges: [Charge] {
    switch self {
    case .energy(let event), .time(let event): event.charges
    default: []
    }
  }

  public var measure: Measure {
    switch self {
    case .columns, .rows, .coresPerTile, .chips: .count
    case .limit(let resource): resource == .synapticMemory ? .memory : .count
    case .energy: .energy
    case .time, .fixedStep: .time
    case .powerPerChip, .powerPerCore: .power
    case .weightBits, .indexBits, .axonBits, .delayBits, .neuron: .bits
    case .wordBits, .potentialSteps, .longestDelay: .count
    case .arithmetic: .count
    }
  }
}

extension Chip {
  /// A figure by its name; nil where the chip has none. Figures that every chip has cannot be removed.
  public subscript(name: FigureName) -> Figure? {
    get {
      switch name {
      case .columns: mesh.columns
      case .rows: mesh.rows
      case .coresPerTile: mesh.coresPerTile
      case .chips: mesh.chips
      case .limit(let resource): limits[resource]
      case .energy(let event): energy[event]
      case .time(let event): time[event]
      case .powerPerChip: power.perChip
      case .powerPerCore: power.perCore
      case .fixedStep: step.fixed
      case .weightBits: synapses.weightBits
      case .indexBits: synapses.indexBits
      case .axonBits: synapses.axonBits
      case .wordBits: synapses.wordBits
      case .neuron(let number): neuron[number]
      case .arithmetic(let number): arithmetic?.numbers[number]
      case .potentialSteps: synapses.potentialSteps
      case .delayBits: synapses.delayBits
      case .longestDelay: synapses.longestDelay
      }
    }
    set {
      switch name {
      case .columns: mesh.columns = newValue ?? mesh.columns
      case .rows: mesh.rows = newValue ?? mesh.rows
      case .coresPerTile: mesh.coresPerTile = newValue ?? mesh.coresPerTile
      case .chips: mesh.chips = newValue ?? mesh.chips
      case .limit(let resource): limits[resource] = newValue
      case .energy(let event): energy[event] = newValue
      case .time(let event): time[event] = newValue
      case .powerPerChip: power.perChip = newValue
      case .powerPerCore: power.perCore = newValue
      case .fixedStep: step.fixed = newValue
      case .weightBits: synapses.weightBits = newValue ?? synapses.weightBits
      case .indexBits: synapses.indexBits = newValue ?? synapses.indexBits
      case .axonBits: synapses.axonBits = newValue ?? synapses.axonBits
      case .wordBits: synapses.wordBits = newValue ?? synapses.wordBits
      case .neuron(let number): neuron[number] = newValue
      case .arithmetic(let number): arithmetic?.numbers[number] = newValue
      case .potentialSteps: synapses.potentialSteps = newValue
      case .delayBits: synapses.delayBits = newValue
      case .longestDelay: synapses.longestDelay = newValue
      }
    }
  }

  /// Every figure that the chip has, in the order in which it is shown; the barrier is listed apart.
  public var figures: [(name: FigureName, figure: Figure)] {
    FigureName.all.compactMap { name in self[name].map { (name, $0) } }
  }
}
