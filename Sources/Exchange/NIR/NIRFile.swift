// NIR graphs in HDF5 files, as the package `nir` lays them out: /version, and /node with its type, nodes and edges.

import Faults
import Formats

/// A graph in a file, and what this program noted beside it.
public struct NIRFile: Sendable {
  public var graph: NIRGraph
  /// What `save` noted; nil for a file of another program.
  public var origin: Origin?

  /// What is known of a file that this program wrote.
  public struct Origin: Sendable, Equatable {
    /// The tool that it was written for.
    public var tool: String
    /// How long a step was said to be, in seconds; nil where nothing was said.
    public var seconds: Double?
    public var marks = SteppingMarks()
    /// What the network remembered of its use, as text of the room above: code and readout.
    public var use: String?
  }

  /// Where that stands: other programs read /node alone.
  private static let originPath = "/neuedge"
  /// The version that written files name: of those that leave `v_reset` out, the newest; later versions read them too.
  private static let writtenVersion = "1.0.4"

  public init(_ graph: NIRGraph, origin: Origin? = nil) {
    (self.graph, self.origin) = (graph, origin)
  }

  /// Reads a file.
  ///
  /// - Throws: `.file` where there is none, it is damaged or no HDF5; `.value` where it holds no graph, or a node that is
  ///   no primitive of NIR; the texts name the file and the place inside.
  public init(_ path: String) throws(Fault) {
    let file = try HDF5File(path)
    guard try file.kind("/node") == .group else {
      throw Fault(.file, "`\(path)` holds no NIR graph", label: "there is no group /node", help: "files of nir have one")
    }
    do throws(Fault) {
      let version = try file.kind("/version") == .dataset ? try file.read("/version").text : nil
      var graph = try Self.graph(file, "/node", depth: 0)
      graph.version = version
      self.graph = graph
      origin = try Self.origin(file)
    } catch {
      if error.kind == .interrupt || error.kind == .file { throw error }
      var fault = error
      fault.title = "\(error.title), in `\(path)`"
      throw fault
    }
  }

  private static func origin(_ file: HDF5File) throws(Fault) -> Origin? {
    guard try file.kind("\(originPath)/tool") == .dataset, let tool = try file.read("\(originPath)/tool").text else { return nil }
    var origin = Origin(tool: tool)
    if try file.kind("\(originPath)/dt") == .dataset {
      guard let seconds = try file.read("\(originPath)/dt").numbers?.doubles.first, seconds.isFinite, seconds > 0 else {
        throw Fault(.file, "what was noted in `\(file.path)` cannot be read", label: "\(originPath)/dt is no time")
      }
      origin.seconds = seconds
    }
    if try file.kind("\(originPath)/firing") == .dataset, let lines = try file.read("\(originPath)/firing").texts {
      origin.marks = try SteppingMarks(lines: lines)
    }
    if try file.kind("\(originPath)/use") == .dataset { origin.use = try file.read("\(originPath)/use").text }
    return origin
  }

  private static func graph(_ file: HDF5File, _ place: String, depth: Int) throws(Fault) -> NIRGraph {
    guard depth < 32 else {
      throw Fault(.limit, "the graphs of the file are nested more than 32 deep", label: "at \(place)")
    }
    func missing(_ what: String) -> Fault {
      Fault(.file, "`\(file.path)` holds no whole NIR graph", label: "\(place) has no \(what)")
    }
    guard try file.kind("\(place)/nodes") == .group else { throw missing("group `nodes`") }
    var nodes: [(name: String, node: NIRNode)] = []
    for name in try file.names(in: "\(place)/nodes") {
      try Interrupt.check()
      nodes.append((name, try node(file, "\(place)/nodes/\(name)", name, depth: depth)))
    }
    guard try file.kind("\(place)/edges") == .dataset else { throw missing("data set `edges`") }
    let edges = try file.read("\(place)/edges")
    guard let names = edges.texts ?? (edges.values.count == 0 ? [] : nil),
      names.isEmpty || (edges.shape.count == 2 && edges.shape[1] == 2), names.count % 2 == 0
    else {
      throw Fault(
        .file, "the edges of the graph in `\(file.path)` are no pairs of names",
        label: "\(place)/edges is \(edges.shape) of \(edges.values.noun)")
    }
    return try NIRGraph(nodes, edges: stride(from: 0, to: names.count, by: 2).map { NIREdge(names[$0], names[$0 + 1]) })
  }

  private static func node(_ file: HDF5File, _ place: String, _ name: String, depth: Int) throws(Fault) -> NIRNode {
    guard try file.kind(place) == .group, try file.kind("\(place)/type") == .dataset,
      let kind = try file.read("\(place)/type").text
    else { throw Fault(.file, "a node of the graph in `\(file.path)` has no type", label: "it is \(place)") }
    if kind == NIRPrimitive.graph { return NIRNode(try graph(file, place, depth: depth + 1)) }
    var fields: [String: NIRValue] = [:]
    for field in NIRPrimitive.named(kind)?.fields ?? [] where try file.kind("\(place)/\(field.name)") == .dataset {
      let array = try file.read("\(place)/\(field.name)")
      if let text = array.text {
        fields[field.name] = .text(text)
      } else if let numbers = array.numbers {
        let storage: NIRArray.Storage =
          switch numbers {
          case .float32: .float32
          case .float64: .float64
          default: .int64
          }
        fields[field.name] = .array(NIRArray(numbers.doubles, shape: array.shape, storage: storage))
      } else {
        throw Fault(
          .file, "a field of a node in `\(file.path)` is of a wrong type",
          label: "\(place)/\(field.name) is \(array.values.noun), and must be numbers")
      }
    }
    return try NIRNode(kind, fields: fields, name: name)
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Throws: `.file` when the folder is missing, read-only or full, or the library is.
  public func save(to path: String) throws(Fault) {
    let file = try HDF5Writer()
    try file.write(HDF5Array(graph.version ?? Self.writtenVersion), to: "/version")
    try Self.write(graph, to: file, "/node")
    if let origin {
      try file.write(HDF5Array(origin.tool), to: "\(Self.originPath)/tool")
      if let seconds = origin.seconds {
        try file.write(HDF5Array(.float64([seconds]), shape: []), to: "\(Self.originPath)/dt")
      }
      let lines = origin.marks.lines
      if !lines.isEmpty {
        try file.write(HDF5Array(shape: [lines.count], values: .texts(lines)), to: "\(Self.originPath)/firing")
      }
      if let use = origin.use { try file.write(HDF5Array(use), to: "\(Self.originPath)/use") }
    }
    try file.save(to: path)
  }

  private static func write(_ graph: NIRGraph, to file: HDF5Writer, _ place: String) throws(Fault) {
    try file.write(HDF5Array(NIRPrimitive.graph), to: "\(place)/type")
    let names = graph.edges.flatMap { [$0.from, $0.to] }
    try file.write(HDF5Array(shape: [graph.edges.count, 2], values: .texts(names)), to: "\(place)/edges")
    try file.makeGroup("\(place)/nodes")
    for entry in graph.entries {
      try Interrupt.check()
      let at = "\(place)/nodes/\(entry.name)"
      if let inner = entry.node.graph {
        try write(inner, to: file, at)
        continue
      }
      try file.write(HDF5Array(entry.node.kind), to: "\(at)/type")
      for (name, value) in entry.node.fields.sorted(by: { $0.key < $1.key }) {
        switch value {
        case .text(let text): try file.write(HDF5Array(text), to: "\(at)/\(name)")
        case .array(let array):
          let numbers: NumericValues =
            switch array.storage {
            case .float32: .float32(array.values.map { Float($0) })
            case .float64: .float64(array.values)
            case .int64: .int64(array.values.compactMap { Int64(exactly: $0) })
            }
          try file.write(HDF5Array(numbers, shape: array.shape), to: "\(at)/\(name)")
        }
      }
    }
  }
}
