// The synapses of a workload as a mapper counts them: those with a weight of zero are gone, and so are neurons whose
// spikes reach nobody, but on a processor that computes whole products.

import Faults
import Spiking
import Tensors

/// Who reaches whom in a workload, projection by projection.
public struct Connectome: Sendable {
  /// The synapses of one projection.
  public struct Block: Sendable {
    /// The positions of the populations.
    public let source: Int
    public let target: Int
    let form: Synapses
    /// Where neighbours use the same weights: how many weights a target's channel has, and how many neurons a channel.
    let kernel: Kernel?
  }

  /// Weights that the neurons of a channel share.
  struct Kernel: Sendable, Equatable {
    /// Weights of one output channel.
    var weights: Int
    /// Neurons of one output channel.
    var plane: Int
  }

  /// Neurons of each population.
  public let sizes: [Int]
  /// In the order of the graph's projections; those without a single synapse are left out.
  public let blocks: [Block]
  /// For each population the blocks that end there, and those that begin there.
  public let incoming: [[Int]]
  public let outgoing: [[Int]]
  /// For each population, which neurons are placed: all but those whose spikes reach nobody because each of their
  /// synapses has a weight of zero. The last population and the input are always whole.
  public let isPlaced: [[Bool]]
  /// Where each population begins when all neurons are numbered through.
  let starts: [Int]

  /// The synapses of a network.
  ///
  /// - Parameter countsZeros: whether those with a weight of zero count too, as on a chip that computes them.
  /// - Throws: `.value` for weights that are nan or infinite, naming the layer; `.interrupt`.
  public init(_ graph: NetworkGraph, countsZeros: Bool = false) throws(Fault) {
    sizes = graph.populations.map(\.neurons)
    var blocks: [Block] = []
    for projection in graph.projections {
      try Interrupt.check()
      if let weight = projection.stages.compactMap(\.weight).first(where: { !$0.allFinite }), weight.count > 0 {
        throw Self.notFinite(projection, in: graph)
      }
      let form = countsZeros ? projection.everySynapse : graph.synapses(of: projection)
      if case .rows(_, let sources) = form, sources.isEmpty { continue }
      blocks.append(
        Block(
          source: projection.source, target: projection.target, form: form, kernel: Self.kernel(of: projection)))
    }
    var incoming = [[Int]](repeating: [], count: sizes.count)
    var outgoing = incoming
    for (index, block) in blocks.enumerated() {
      incoming[block.target].append(index)
      outgoing[block.source].append(index)
    }
    var starts = [0]
    for size in sizes { starts.append(starts[starts.count - 1] + size) }
    self.blocks = blocks
    self.incoming = incoming
    self.outgoing = outgoing
    self.starts = starts
    isPlaced = Self.placed(sizes: sizes, blocks: blocks, outgoing: outgoing)
  }

  /// All neurons, the input's features included.
  var neurons: Int { starts[starts.count - 1] }

  /// Calls `body` with each source that reaches a target of a block.
  @inline(__always)
  func forEachSource(_ block: Block, _ target: Int, _ body: (Int) -> Void) {
    block.form.forEachSource(of: target, sources: sizes[block.source], body)
  }

  /// The synapses of a block that end at one target.
  func fanIn(_ block: Block, _ target: Int) -> Int { block.form.fanIn(of: target, sources: sizes[block.source]) }

  /// For each population and neuron, the synapses by which its spikes reach neurons that are placed.
  var fanOuts: [[Int]] {
    var fanOuts = sizes.map { [Int](repeating: 0, count: $0) }
    for block in blocks {
      let own = block.form.fanOuts(sources: sizes[block.source], counted: isPlaced[block.target])
      for neuron in own.indices { fanOuts[block.source][neuron] += own[neuron] }
    }
    return fanOuts
  }

  /// All synapses that end at one neuron.
  public func fanIn(population: Int, neuron: Int) -> Int {
    incoming[population].reduce(0) { $0 + fanIn(blocks[$1], neuron) }
  }

  /// The synapses that end at placed neurons.
  public var synapses: Int {
    blocks.reduce(0) { sum, block in
      if case .full = block.form {
        let (product, overflow) = sizes[block.source].multipliedReportingOverflow(
          by: isPlaced[block.target].count { $0 })
        let (total, isBeyond) = sum.addingReportingOverflow(product)
        return overflow || isBeyond ? Int.max : total
      }
      return sum + (0..<sizes[block.target]).reduce(0) { isPlaced[block.target][$1] ? $0 + fanIn(block, $1) : $0 }
    }
  }

  /// About how many elementary operations one walk over all synapses takes: blocks without gaps are counted as one.
  var work: Int {
    blocks.reduce(1) { sum, block in
      switch block.form {
      case .full: return sum + sizes[block.source] + sizes[block.target]
      case .allBut(_, let missing): return sum + sizes[block.source] + 16 * sizes[block.target] + 4 * missing.count
      case .rows, .wired: break
      }
      return sum + (0..<sizes[block.target]).reduce(0) { $0 + 1 + fanIn(block, $1) }
    }
  }

  /// Neurons that aren't placed.
  public var removedNeurons: Int { isPlaced.reduce(0) { $0 + $1.count { !$0 } } }

  // MARK: Reading a projection

  private static func kernel(of projection: NetworkGraph.Projection) -> Kernel? {
    guard case .window(let window) = projection.wiring, projection.weight.map({ $0.rank == 4 }) ?? window.isDepthwise
    else { return nil }
    let inputs = window.isDepthwise ? 1 : window.input[0]
    return Kernel(
      weights: inputs * window.kernel.y * window.kernel.x, plane: window.output.dropFirst().reduce(1, *))
  }

  private static func notFinite(_ projection: NetworkGraph.Projection, in graph: NetworkGraph) -> Fault {
    let place = projection.layer.map { "layer \($0)" } ?? "the synapses to \(graph.populations[projection.target].name)"
    return Fault(
      .value, "the network has weights that are not finite numbers",
      label: "\(place), before \(graph.populations[projection.target].name), holds nan or infinity",
      help: "training has diverged there: train again with a smaller learning rate, then place")
  }

  /// Neurons from which a path of synapses leads to the last population.
  private static func placed(sizes: [Int], blocks: [Block], outgoing: [[Int]]) -> [[Bool]] {
    let last = sizes.count - 1
    var isPlaced = sizes.enumerated().map { index, size in
      [Bool](repeating: index == 0 || index == last, count: size)
    }
    // Backwards once is enough without synapses that lead back; with them, until nothing changes.
    var changes = true
    while changes {
      changes = false
      for population in stride(from: last, to: 0, by: -1) {
        for index in outgoing[population] {
          let block = blocks[index]
          switch block.form {
          case .full:
            if isPlaced[block.target].contains(true), isPlaced[population].contains(false) {
              isPlaced[population] = [Bool](repeating: true, count: sizes[population])
              changes = true
            }
          case .allBut(let starts, let missing):
            let targets = isPlaced[block.target]
            // A source is left out when all targets that count miss it.
            var misses = [Int](repeating: 0, count: sizes[population])
            for target in targets.indices where targets[target] {
              for place in starts[target]..<starts[target + 1] { misses[Int(missing[place])] += 1 }
            }
            let all = targets.count { $0 }
            for source in misses.indices where misses[source] < all && !isPlaced[population][source] {
              // Whoever reaches itself alone reaches nobody.
              if population == block.target, targets[source], misses[source] == all - 1, block.form.reaches(source, source) {
                continue
              }
              isPlaced[population][source] = true
              changes = true
            }
          case .rows, .wired:
            if !isPlaced[population].contains(false) { continue }
            let targets = isPlaced[block.target]
            isPlaced[population].withUnsafeMutableBufferPointer { isPlaced in
              for target in targets.indices where targets[target] {
                block.form.forEachSource(of: target, sources: sizes[population]) { source in
                  if isPlaced[source] || population == block.target && source == target { return }
                  isPlaced[source] = true
                  changes = true
                }
              }
            }
          }
        }
      }
    }
    return isPlaced
  }
}

extension Synapses {
  /// Whether a source reaches a target, where every source reaches nearly every target.
  fileprivate func reaches(_ source: Int, _ target: Int) -> Bool {
    guard case .allBut(let starts, let missing) = self else { return true }
    return !missing[starts[target]..<starts[target + 1]].contains(Int32(truncatingIfNeeded: source))
  }
}

extension Tensor {
  /// Whether no number is nan or infinite.
  fileprivate var allFinite: Bool {
    // The smallest and the largest number would miss a nan.
    withUnsafeBuffer { values in values.allSatisfy { $0.magnitude < .infinity } }
  }
}
