// A graph of the Neuromorphic Intermediate Representation as a value.

import Faults

/// One node: a primitive with its fields, or a graph of its own.
public struct NIRNode: Sendable, Equatable {
  /// The primitive's name, or "NIRGraph".
  public var kind: String
  public var fields: [String: NIRValue]
  /// What a "NIRGraph" holds; empty or one graph.
  private var inner: [NIRGraph]

  public var graph: NIRGraph? { inner.first }

  /// A primitive with its fields.
  ///
  /// - Parameter name: the node's name, for messages.
  /// - Throws: `.value` for a primitive that is not known, a field that is missing or of another kind, and numbers that
  ///   are not finite.
  public init(_ kind: String, fields: [String: NIRValue], name: String) throws(Fault) {
    guard let primitive = NIRPrimitive.named(kind) else {
      throw Fault(
        .value, "the node `\(name)` is a \(kind), which is no primitive of NIR",
        label: "known are \(NIRPrimitive.all.map(\.name).joined(separator: ", "))")
    }
    for field in primitive.fields {
      switch fields[field.name] {
      case .array(let array):
        guard array.values.allSatisfy(\.isFinite) else {
          throw Fault(.value, "`\(field.name)` of the \(kind) `\(name)` holds a number that is not finite")
        }
        if case .numbers = field.content { continue }
        guard array.integers != nil else {
          throw Fault(.value, "`\(field.name)` of the \(kind) `\(name)` must be whole numbers")
        }
      case .text(let word):
        if case .padding = field.content, ["same", "valid"].contains(word) { continue }
        throw Fault(
          .value, "`\(field.name)` of the \(kind) `\(name)` must be numbers", label: "found \"\(word.prefix(40))\"")
      case nil:
        guard field.isOptional || field.standard != nil else {
          let given = fields.keys.sorted().joined(separator: ", ")
          throw Fault(
            .value, "the \(kind) `\(name)` has no `\(field.name)`", label: given.isEmpty ? nil : "it has \(given)")
        }
      }
    }
    self.kind = kind
    self.fields = fields
    inner = []
  }

  public init(_ graph: NIRGraph) {
    kind = NIRPrimitive.graph
    fields = [:]
    inner = [graph]
  }

  /// What is known about its kind; nil for a graph.
  public var primitive: NIRPrimitive? { NIRPrimitive.named(kind) }

  /// A field's numbers, or those that stand for it where a file has none; nil for an optional field, and for a word.
  public func array(_ name: String) -> NIRArray? {
    if case .array(let array)? = fields[name] { return array }
    return fields[name] == nil ? primitive?.field(name)?.standard.map { NIRArray($0, shape: []) } : nil
  }

  /// A field's word, such as the padding "same".
  public func text(_ name: String) -> String? {
    if case .text(let text)? = fields[name] { text } else { nil }
  }
}

/// From one node's output to another's input, by their names.
public struct NIREdge: Sendable, Hashable {
  public var from: String
  public var to: String

  public init(_ from: String, _ to: String) {
    self.from = from
    self.to = to
  }
}

/// Nodes by name, and edges without an order: what follows what is told by the edges alone.
public struct NIRGraph: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var node: NIRNode
  }

  public private(set) var entries: [Entry] = []
  public var edges: [NIREdge]
  /// What `nir` wrote it; nil for one that no file holds yet.
  public var version: String?

  /// - Throws: `.value` for two nodes of one name.
  public init(_ nodes: [(name: String, node: NIRNode)], edges: [NIREdge], version: String? = nil) throws(Fault) {
    self.edges = edges
    self.version = version
    for (name, node) in nodes {
      guard !entries.contains(where: { $0.name == name }) else {
        throw Fault(.value, "two nodes of the graph are called `\(name)`")
      }
      entries.append(Entry(name: name, node: node))
    }
  }

  public func node(_ name: String) -> NIRNode? { entries.first { $0.name == name }?.node }
}
