// Graphs inside graphs, laid out in one.

import Faults

extension NIRGraph {
  /// How deeply graphs may lie in each other.
  private static let deepest = 32

  /// The same graph without graphs inside: the nodes of an inner graph are called "outer/inner", and what entered it goes
  /// to the nodes behind its own inputs.
  ///
  /// - Returns: the flat graph, and what had to be mended on the way, in words.
  /// - Throws: `.value` for an edge to a node that is not there, and for graphs nested too deeply.
  public func flattened() throws(Fault) -> (graph: NIRGraph, notes: [String]) {
    var notes: [String] = []
    let flat = try flattened(depth: 0, notes: &notes)
    return (flat, notes)
  }

  private func flattened(depth: Int, notes: inout [String]) throws(Fault) -> NIRGraph {
    guard depth < Self.deepest else {
      throw Fault(.limit, "the graph has graphs nested more than \(Self.deepest) deep")
    }
    var nodes: [(name: String, node: NIRNode)] = []
    var links = Set(try mendedEdges(&notes))
    for entry in entries {
      try Interrupt.check()
      guard let inner = entry.node.graph else {
        nodes.append((entry.name, entry.node))
        continue
      }
      let flat = try inner.flattened(depth: depth + 1, notes: &notes)
      func placed(_ name: String) -> String { "\(entry.name)/\(name)" }
      let gates = flat.entries.filter { ["Input", "Output"].contains($0.node.kind) }
      var inside = Set(flat.edges.map { NIREdge(placed($0.from), placed($0.to)) })
      for gate in gates {
        if gate.node.kind == "Input" {
          for edge in links where edge.to == entry.name { inside.insert(NIREdge(edge.from, placed(gate.name))) }
        } else {
          for edge in links where edge.from == entry.name { inside.insert(NIREdge(placed(gate.name), edge.to)) }
        }
      }
      links = links.filter { $0.from != entry.name && $0.to != entry.name }.union(inside)
      // The gates of an inner graph do nothing: what comes in goes on.
      for gate in gates.map({ placed($0.name) }) {
        let (sources, targets) = (links.filter { $0.to == gate }.map(\.from), links.filter { $0.from == gate }.map(\.to))
        links = links.filter { $0.from != gate && $0.to != gate }
        for source in sources where source != gate {
          for target in targets where target != gate { links.insert(NIREdge(source, target)) }
        }
      }
      for inner in flat.entries where !["Input", "Output"].contains(inner.node.kind) {
        nodes.append((placed(inner.name), inner.node))
      }
    }
    let ordered = links.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    return try NIRGraph(nodes, edges: ordered, version: version)
  }

  /// The edges, where each name is that of a node. A file of the NIR paper calls one node by another name in its edges:
  /// where one name is unknown and one node has no edge, they are taken for the same.
  private func mendedEdges(_ notes: inout [String]) throws(Fault) -> [NIREdge] {
    let names = Set(entries.map(\.name))
    let used = Set(edges.flatMap { [$0.from, $0.to] })
    let (unknown, alone) = (used.subtracting(names), names.subtracting(used))
    guard let missing = unknown.min() else { return edges }
    guard unknown.count == 1, alone.count == 1, let stray = alone.first else {
      throw Fault(
        .value, "an edge of the graph leads to a node that is not there", label: "there is no node `\(missing)`",
        help: didYouMean(missing, among: Array(names)))
    }
    notes.append("the edges call the node `\(stray)` `\(missing)`, which is no node: taken for the same")
    return edges.map { NIREdge($0.from == missing ? stray : $0.from, $0.to == missing ? stray : $0.to) }
  }
}
