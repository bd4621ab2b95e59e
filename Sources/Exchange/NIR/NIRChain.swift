// A graph as a row of stages, which is what a network is.

import Faults

/// One stage of a chain: a node, and what comes back to it.
public struct NIRStage: Sendable {
  public var name: String
  public var node: NIRNode
  /// The weights through which the stage hears itself.
  public var feedback: Feedback?

  public struct Feedback: Sendable {
    public var name: String
    /// A Linear or an Affine; nil where the spikes come back as they are.
    public var weights: NIRNode?
    /// Whether the stage's input runs through the weights as well, as the edges say.
    public var takesInput = false
  }
}

/// The stages of a graph from its input to its output.
public struct NIRChain: Sendable {
  /// The sizes of a sample, where the file tells them.
  public var inputShape: [Int]?
  public var stages: [NIRStage]
  /// The names of the input and the output.
  public var gates: [String]
  /// What was mended, in words.
  public var notes: [String]

  /// - Throws: `.value` for a graph that is no chain of layers with feedback of neurons to themselves: one with several
  ///   inputs or outputs, branches, or a loop through several layers. The text names the nodes.
  public init(_ graph: NIRGraph) throws(Fault) {
    let (flat, notes) = try graph.flattened()
    self.notes = notes
    let inputs = flat.entries.filter { $0.node.kind == "Input" }
    let outputs = flat.entries.filter { $0.node.kind == "Output" }
    guard inputs.count == 1, outputs.count <= 1 else {
      func listed(_ entries: [NIRGraph.Entry]) -> String {
        entries.isEmpty ? "none" : entries.map { "`\($0.name)`" }.joined(separator: ", ")
      }
      throw Fault(
        .value, "a network has one input and one output", label: "the graph's inputs are \(listed(inputs)), its outputs \(listed(outputs))")
    }
    gates = (inputs + outputs).map(\.name)
    if let sizes = inputs[0].node.array("shape")?.integers, !sizes.isEmpty {
      guard sizes.allSatisfy({ $0 >= 1 }) else {
        throw Fault(.value, "the graph's input has a size below 1", label: "its shape is \(sizes)")
      }
      inputShape = sizes
    }
    var links = Links(flat)
    let feedback = links.takeFeedback(flat)
    var place = inputs[0].name
    var seen: Set<String> = [place]
    stages = []
    while true {
      let following = links.targets(place)
      guard let next = following.first else { break }
      guard following.count == 1 else {
        throw Self.branches(place, "leads to \(following.map { "`\($0)`" }.joined(separator: " and "))")
      }
      let sources = links.sources(next)
      guard sources.count == 1 else {
        throw Self.branches(next, "hears \(sources.map { "`\($0)`" }.joined(separator: " and "))")
      }
      guard seen.insert(next).inserted, let node = flat.node(next) else {
        throw Self.branches(next, "is part of a loop that is not feedback of neurons through one Linear or Affine")
      }
      if node.kind == "Output" { break }
      stages.append(NIRStage(name: next, node: node, feedback: feedback[next]))
      place = next
    }
    let used = seen.union(feedback.values.map(\.name)).union(outputs.map(\.name))
    if let left = flat.entries.first(where: { !used.contains($0.name) }) {
      throw Fault(
        .value, "a node of the graph is not on the way from its input to its output",
        label: "it is the \(left.node.kind) `\(left.name)`")
    }
  }

  private static func branches(_ name: String, _ what: String) -> Fault {
    Fault(
      .value, "the graph is no row of layers", label: "`\(name)` \(what)",
      help: "networks here are rows of layers, whose neurons may hear themselves")
  }
}

/// Who leads to whom.
private struct Links {
  private var forward: [String: Set<String>] = [:]
  private var backward: [String: Set<String>] = [:]

  init(_ graph: NIRGraph) {
    for edge in graph.edges { add(edge.from, edge.to) }
  }

  func targets(_ name: String) -> [String] { forward[name].map { $0.sorted() } ?? [] }
  func sources(_ name: String) -> [String] { backward[name].map { $0.sorted() } ?? [] }

  private mutating func add(_ from: String, _ to: String) {
    forward[from, default: []].insert(to)
    backward[to, default: []].insert(from)
  }

  private mutating func remove(_ from: String, _ to: String) {
    forward[from]?.remove(to)
    backward[to]?.remove(from)
  }

  /// Takes the feedback of neurons to themselves out of the links.
  mutating func takeFeedback(_ graph: NIRGraph) -> [String: NIRStage.Feedback] {
    var found: [String: NIRStage.Feedback] = [:]
    for entry in graph.entries where entry.node.primitive?.fires == true || entry.node.primitive?.isNeurons == true {
      let name = entry.name
      if targets(name).contains(name) {
        remove(name, name)
        found[name] = NIRStage.Feedback(name: name, weights: nil)
        continue
      }
      for weights in targets(name) where targets(weights) == [name] {
        guard let node = graph.node(weights), ["Linear", "Affine"].contains(node.kind),
          !sources(weights).contains(where: { $0 != name && targets($0).contains(name) })
        else { continue }
        var feedback = NIRStage.Feedback(name: weights, weights: node)
        remove(name, weights)
        remove(weights, name)
        // Spyx lets what enters a recurrent layer lead to the weights, and not to the neurons.
        for source in sources(weights) {
          feedback.takesInput = true
          remove(source, weights)
          add(source, name)
        }
        found[name] = feedback
        break
      }
    }
    return found
  }
}
