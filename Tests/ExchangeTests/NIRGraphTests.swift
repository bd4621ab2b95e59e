import Faults
import Testing

@testable import Exchange

/// Graphs as values, and as rows of layers.
@Suite struct NIRGraphTests {
  static func lif(_ count: Int = 1) throws -> NIRNode {
    func all(_ value: Double) -> NIRValue { .array(NIRArray([Double](repeating: value, count: count))) }
    return try NIRNode(
      "LIF", fields: ["tau": all(0.01), "r": all(1), "v_leak": all(0), "v_threshold": all(0.5)], name: "lif")
  }

  static func linear(_ weight: [[Double]], _ name: String = "fc") throws -> NIRNode {
    let array = NIRArray(weight.flatMap { $0 }, shape: [weight.count, weight[0].count], storage: .float32)
    return try NIRNode("Linear", fields: ["weight": .array(array)], name: name)
  }

  static func gate(_ kind: String, _ shape: [Int]) throws -> NIRNode {
    try NIRNode(kind, fields: ["shape": .array(NIRArray(sizes: shape))], name: kind)
  }

  func fault(_ body: () throws -> Void) -> Fault? {
    do {
      try body()
      return nil
    } catch { return error as? Fault }
  }

  @Test func edgesHaveNoOrder() throws {
    let edges = [NIREdge("input", "fc"), NIREdge("fc", "lif"), NIREdge("lif", "output")]
    for order in [edges, edges.reversed(), [edges[1], edges[2], edges[0]]] {
      let graph = try NIRGraph(
        [("output", try Self.gate("Output", [1])), ("lif", try Self.lif()), ("fc", try Self.linear([[1]])), ("input", try Self.gate("Input", [1]))],
        edges: order)
      #expect(try NIRChain(graph).stages.map(\.name) == ["fc", "lif"])
    }
  }

  @Test func feedbackIsNoStage() throws {
    let nodes = [
      ("input", try Self.gate("Input", [1])), ("fc", try Self.linear([[1]])), ("lif", try Self.lif()),
      ("back", try Self.linear([[0.5]])), ("output", try Self.gate("Output", [1])),
    ]
    let graph = try NIRGraph(
      nodes,
      edges: [
        NIREdge("lif", "back"), NIREdge("input", "fc"), NIREdge("back", "lif"), NIREdge("lif", "output"), NIREdge("fc", "lif"),
      ])
    let chain = try NIRChain(graph)
    #expect(chain.stages.map(\.name) == ["fc", "lif"])
    #expect(chain.stages[1].feedback?.name == "back")
    #expect(chain.stages[1].feedback?.takesInput == false)
  }

  @Test func graphsInsideAreLaidOut() throws {
    let inner = try NIRGraph(
      [("in", try Self.gate("Input", [1])), ("lif", try Self.lif()), ("back", try Self.linear([[0.5]])), ("out", try Self.gate("Output", [1]))],
      edges: [NIREdge("in", "lif"), NIREdge("lif", "back"), NIREdge("back", "lif"), NIREdge("lif", "out")])
    let graph = try NIRGraph(
      [("input", try Self.gate("Input", [1])), ("fc", try Self.linear([[1]])), ("pop", NIRNode(inner)), ("output", try Self.gate("Output", [1]))],
      edges: [NIREdge("input", "fc"), NIREdge("fc", "pop"), NIREdge("pop", "output")])
    let chain = try NIRChain(graph)
    #expect(chain.stages.map(\.name) == ["fc", "pop/lif"])
    #expect(chain.stages[1].feedback?.name == "pop/back")
  }

  @Test func whatIsNoRowIsAnError() throws {
    let nodes = [
      ("input", try Self.gate("Input", [1])), ("a", try Self.linear([[1]])), ("b", try Self.linear([[1]])),
      ("output", try Self.gate("Output", [1])),
    ]
    func found(_ edges: [(String, String)]) throws -> Fault? {
      let graph = try NIRGraph(nodes, edges: edges.map { NIREdge($0.0, $0.1) })
      return fault { _ = try NIRChain(graph) }
    }
    #expect(try found([("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")])?.label == "`input` leads to `a` and `b`")
    #expect(try found([("input", "a"), ("a", "b"), ("b", "a"), ("b", "output")])?.kind == .value)
    #expect(try found([("input", "a"), ("a", "output")])?.label == "it is the Linear `b`")
    #expect(try found([("input", "a"), ("a", "none"), ("b", "output")])?.label == "there is no node `none`")
    #expect(try found([("input", "a"), ("a", "b"), ("b", "b"), ("b", "output")]) != nil)
  }

  @Test func nodesMustBeWhole() {
    #expect(fault { _ = try NIRNode("LIF", fields: [:], name: "x") }?.title == "the LIF `x` has no `tau`")
    #expect(fault { _ = try NIRNode("Izhikevich", fields: [:], name: "x") }?.title.contains("no primitive of NIR") == true)
    #expect(fault { _ = try NIRNode("Scale", fields: ["scale": .text("same")], name: "x") }?.title.contains("must be numbers") == true)
    #expect(fault { _ = try NIRNode("Scale", fields: ["scale": .array(NIRArray([.nan]))], name: "x") }?.title.contains("not finite") == true)
    #expect(fault { _ = try NIRNode("Input", fields: ["shape": .array(NIRArray([1.5]))], name: "x") }?.title.contains("whole numbers") == true)
  }

  @Test func fieldsThatOlderFilesLackHaveValues() throws {
    #expect(try Self.lif().array("v_reset")?.values == [0])
    let pool = try NIRNode("SumPool2d", fields: ["kernel_size": .array(NIRArray(sizes: [2, 2]))], name: "p")
    #expect(try pool.pool("p").stride == .init(2, 2))
  }

  @Test func parametersSpreadAsInNumPy() {
    #expect(NIRArray([1, 2], shape: [2, 1, 1]).spread(over: [2, 1, 2]) == [1, 1, 2, 2])
    #expect(NIRArray([1, 2, 3]).spread(over: [2, 3]) == [1, 2, 3, 1, 2, 3])
    #expect(NIRArray([1, 2, 3]).spread(over: [2, 2]) == nil)
    #expect(NIRArray([1, 2, 3, 4], shape: [1, 4]).spread(over: [4]) == [1, 2, 3, 4])
    #expect(NIRArray([1, 2, 3, 4], shape: [2, 2]).spread(over: [.max, .max]) == nil)
  }
}
