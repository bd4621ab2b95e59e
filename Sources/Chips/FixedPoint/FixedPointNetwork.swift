// A network as a chip runs it: populations of neurons in whole numbers, and tables of synapses between them.

import Faults
import Tensors

/// Populations in the order in which a step computes them, each with the synapses that end there.
public struct FixedPointNetwork: Sendable {
  /// Synapses from a population, or from the input.
  public struct Link: Sendable {
    /// The number of a population; nil for the input.
    public var source: Int?
    public var table: SynapseTable
    /// Whether the source's spikes of the step before arrive, rather than those of this step.
    public var isLate: Bool

    public init(source: Int?, table: SynapseTable, isLate: Bool = false) {
      self.source = source
      self.table = table
      self.isLate = isLate
    }
  }

  public struct Population: Sendable {
    public var name: String
    /// At rest.
    public var cell: any FixedPointCell
    public var links: [Link]

    public init(name: String, cell: any FixedPointCell, links: [Link]) {
      self.name = name
      self.cell = cell
      self.links = links
    }
  }

  public var populations: [Population]

  public init(_ populations: [Population]) { self.populations = populations }

  public var synapses: Int { populations.reduce(0) { $0 + $1.links.reduce(0) { $0 + $1.table.count } } }

  /// A source that fired, and how often.
  public struct Event: Sendable, Equatable {
    public var source: Int32
    public var times: Int32

    public init(source: Int32, times: Int32 = 1) {
      self.source = source
      self.times = times
    }
  }

  /// The network at a moment of one sample; a value.
  public struct State: Sendable {
    /// Of each population.
    public fileprivate(set) var cells: [any FixedPointCell]
    /// How often each neuron of each population fired in the last step.
    public fileprivate(set) var spikes: [[Int32]]
    fileprivate var rings: [[[Int64]]]
    fileprivate var step = 0
    fileprivate var now: [[Event]]
    fileprivate var before: [[Event]]
    fileprivate var inputBefore: [Event] = []
  }

  /// The network at rest.
  public var initialState: State {
    State(
      cells: populations.map(\.cell), spikes: populations.map { [Int32](repeating: 0, count: $0.cell.count) },
      rings: populations.map { population in
        let slots = 1 + population.links.reduce(0) { max($0, $1.table.longestDelay) }
        let sums = [Int64](repeating: 0, count: population.cell.count * population.cell.ports)
        return [[Int64]](repeating: sums, count: slots)
      },
      now: populations.map { _ in [] }, before: populations.map { _ in [] })
  }

  /// The network at rest, before one of several samples: neurons that draw have random numbers of their own for each.
  public func initialState(sample: Int) -> State {
    var state = initialState
    for number in state.cells.indices { state.cells[number].begin(sample: sample) }
    return state
  }

  /// Takes one step.
  ///
  /// - Parameters:
  ///   - events: what fires at the input in this step.
  ///   - drive: numbers that enter in the place of spikes, one for each feature of the input; empty for none.
  public func advance(_ state: inout State, events: [Event], drive: UnsafeBufferPointer<Float>? = nil) {
    swap(&state.now, &state.before)
    for (number, population) in populations.enumerated() {
      let slot = state.step % state.rings[number].count
      population.begin(&state.rings[number][slot], state.cells[number])
      for link in population.links {
        let arriving =
          switch (link.source, link.isLate) {
          case (nil, false): events
          case (nil, true): state.inputBefore
          case (let source?, false): state.now[source]
          case (let source?, true): state.before[source]
          }
        let range = state.cells[number].sumRange
        for event in arriving {
          link.table.add(
            Int(event.source), times: Int64(event.times), to: &state.rings[number], now: slot, range: range)
        }
        if link.source == nil, let drive { link.table.addDrive(drive, to: &state.rings[number][slot]) }
      }
      state.cells[number].step(state.rings[number][slot], &state.spikes[number])
      state.rings[number][slot].withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
      state.now[number].removeAll(keepingCapacity: true)
      for (neuron, times) in state.spikes[number].enumerated() where times != 0 {
        state.now[number].append(Event(source: Int32(truncatingIfNeeded: neuron), times: times))
      }
    }
    state.inputBefore = events
    state.step += 1
  }
}

extension FixedPointNetwork.Population {
  fileprivate func begin(_ sums: inout [Int64], _ cell: any FixedPointCell) { cell.begin(&sums) }
}
