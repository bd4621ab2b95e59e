import Faults
import Formats
import Glibc
import Testing

@testable import Exchange

/// NIR files, written, read and damaged.
@Suite struct NIRFileTests {
  let folder: String

  init() throws {
    var template = Array("/tmp/nir-tests-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Fault(.file, "no folder for the tests") }
    folder = String(cString: made)
  }

  private func fault(_ body: () throws -> Void) -> Fault? {
    do {
      try body()
      return nil
    } catch { return error as? Fault }
  }

  static func graph() throws -> NIRGraph {
    try NIRGraph(
      [
        ("input", try NIRGraphTests.gate("Input", [2])), ("fc", try NIRGraphTests.linear([[1, 2], [3, 4.5]])),
        ("lif", try NIRGraphTests.lif(2)), ("output", try NIRGraphTests.gate("Output", [2])),
      ], edges: [NIREdge("input", "fc"), NIREdge("fc", "lif"), NIREdge("lif", "output")])
  }

  /// A file whose groups are as given.
  private func write(_ name: String, _ sets: [(String, HDF5Array)], groups: [String] = []) throws -> String {
    let file = try HDF5Writer()
    for (place, array) in sets { try file.write(array, to: place) }
    for group in groups { try file.makeGroup(group) }
    let path = "\(folder)/\(name).nir"
    try file.save(to: path)
    return path
  }

  @Test func whatIsWrittenIsReadBack() throws {
    var origin = NIRFile.Origin(tool: "norse", seconds: 1e-3)
    origin.marks.marks["lif two"] = SteppingMarks.Mark(
      reset: .subtract, amount: 1, isStrict: false, isMultiple: false, isLate: true, isBounded: false)
    let path = "\(folder)/whole.nir"
    try NIRFile(try Self.graph(), origin: origin).save(to: path)
    let read = try NIRFile(path)
    #expect(read.origin == origin)
    let names = Set(read.graph.entries.map(\.name))
    #expect(names == ["input", "fc", "lif", "output"])
    for entry in try Self.graph().entries { #expect(read.graph.node(entry.name) == entry.node) }
    #expect(Set(read.graph.edges) == Set(try Self.graph().edges))
    #expect(read.graph.version == "1.0.4")
  }

  @Test func graphsInsideAreWrittenToo() throws {
    let path = "\(folder)/inner.nir"
    let outer = try NIRGraph([("pop", NIRNode(try Self.graph()))], edges: [])
    try NIRFile(outer).save(to: path)
    let inner = try NIRFile(path).graph.node("pop")?.graph
    #expect(Set(inner?.edges ?? []) == Set(try Self.graph().edges))
    #expect(inner?.node("fc") == (try Self.graph().node("fc")))
  }

  @Test func otherFilesAreRefused() throws {
    let other = try write("other", [("/data", HDF5Array(.float32([1]), shape: [1]))])
    #expect(fault { _ = try NIRFile(other) }?.label == "there is no group /node")
    #expect(fault { _ = try NIRFile("\(folder)/none.nir") }?.kind == .file)
    let text = "\(folder)/text.nir"
    try writeText("hello", to: text)
    #expect(fault { _ = try NIRFile(text) }?.kind == .file)
  }

  @Test func damagedFilesSayWhere() throws {
    let edges = HDF5Array(shape: [0, 2], values: .texts([]))
    let noNodes = try write("nonodes", [("/node/type", HDF5Array("NIRGraph"))])
    #expect(fault { _ = try NIRFile(noNodes) }?.label == "/node has no group `nodes`")
    let noEdges = try write("noedges", [("/node/type", HDF5Array("NIRGraph"))], groups: ["/node/nodes"])
    #expect(fault { _ = try NIRFile(noEdges) }?.label == "/node has no data set `edges`")
    let noType = try write("notype", [("/node/edges", edges)], groups: ["/node/nodes/a"])
    #expect(fault { _ = try NIRFile(noType) }?.label == "it is /node/nodes/a")
    let unknown = try write("unknown", [("/node/edges", edges), ("/node/nodes/a/type", HDF5Array("Grape"))])
    #expect(fault { _ = try NIRFile(unknown) }?.title.contains("`a` is a Grape, which is no primitive of NIR") == true)
    let words = try write(
      "words",
      [
        ("/node/edges", edges), ("/node/nodes/a/type", HDF5Array("Scale")),
        ("/node/nodes/a/scale", HDF5Array(shape: [2], values: .texts(["a", "b"]))),
      ])
    #expect(fault { _ = try NIRFile(words) }?.label == "/node/nodes/a/scale is texts, and must be numbers")
    let pairs = try write(
      "pairs", [("/node/edges", HDF5Array(shape: [3], values: .texts(["a", "b", "c"])))], groups: ["/node/nodes"])
    #expect(fault { _ = try NIRFile(pairs) }?.title.contains("no pairs of names") == true)
    let marks = try write(
      "marks",
      [
        ("/node/edges", edges), ("/neuedge/tool", HDF5Array("norse")),
        ("/neuedge/firing", HDF5Array(shape: [1], values: .texts(["to 1"]))),
      ], groups: ["/node/nodes"])
    #expect(fault { _ = try NIRFile(marks) }?.label == "it says `to 1`")
  }

  @Test func truncatedFilesAreErrors() throws {
    let path = "\(folder)/cut.nir"
    try NIRFile(try Self.graph()).save(to: path)
    let bytes = try readBytes(path)
    for share in [1, 3, 5, 7, 9] {
      let cut = "\(folder)/cut\(share).nir"
      try writeBytes(Array(bytes.prefix(bytes.count * share / 10)), to: cut)
      #expect(fault { _ = try NIRFile(cut) }?.kind == .file)
    }
  }

  private func writeText(_ text: String, to path: String) throws { try writeBytes(Array(text.utf8), to: path) }
}
