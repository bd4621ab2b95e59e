// A network's connections as a hypergraph, for partitioners that others wrote.

import Faults
import Spiking

/// Writes the spikes' ways of a mapping as a hypergraph for partitioners (hMETIS, KaHyPar, PaToH by conversion).
public struct HypergraphFile {
  public let text: String

  /// A net for each neuron that reaches others: itself and its targets, weighted by its spikes in a million steps; a vertex
  /// for each neuron, the input's first, weighted by 1. Numbers begin with 1.
  ///
  /// - Throws: `.interrupt`.
  public init(_ report: MappingReport) throws(Fault) {
    let graph = report.graph
    let connectome = try Connectome(graph, countsZeros: report.chip.countsZeroWeights)
    var starts = [0]
    for size in connectome.sizes { starts.append(starts[starts.count - 1] + size) }
    var nets: [String] = []
    for source in graph.populations.indices {
      try Interrupt.check()
      var targets = [[Int32]](repeating: [], count: connectome.sizes[source])
      for number in connectome.outgoing[source] {
        let block = connectome.blocks[number]
        for target in 0..<connectome.sizes[block.target] where connectome.isPlaced[block.target][target] {
          let vertex = Int32(truncatingIfNeeded: starts[block.target] + target)
          connectome.forEachSource(block, target) { targets[$0].append(vertex) }
        }
      }
      for (neuron, reached) in targets.enumerated() {
        let own = Int32(truncatingIfNeeded: starts[source] + neuron)
        let pins = reached.filter { $0 != own }
        if pins.isEmpty { continue }
        let rate = source < report.rates.count && neuron < report.rates[source].count ? Double(report.rates[source][neuron]) : 0
        let weight = max(1, Int((rate * 1e6).rounded()))
        nets.append("\(weight) \(own + 1) " + pins.map { "\($0 + 1)" }.joined(separator: " "))
      }
    }
    text = "% neurons of \(graph.populations.map(\.name).joined(separator: ", "))\n\(nets.count) \(starts[starts.count - 1]) 1\n"
      + nets.joined(separator: "\n") + "\n"
  }
}
