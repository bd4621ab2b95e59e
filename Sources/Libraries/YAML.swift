// YAML by libyaml. What would let a short text grow into a large value, anchors and aliases, is not read.

import CYAML
import Faults

/// A part of a YAML text, and where it begins; line and column count from 1.
public struct YAMLNode: Sendable {
  public enum Value: Sendable {
    case scalar(String)
    case sequence([YAMLNode])
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }

  public let value: Value
  public let line: Int
  public let column: Int
}

/// Why a text is not YAML, and where.
public struct YAMLProblem: Error {
  public let text: String
  public let line: Int
  public let column: Int
}

/// Reads YAML texts.
public struct YAML: Sendable {
  private typealias Parser = UnsafeMutablePointer<yaml_parser_t>
  private typealias Event = UnsafeMutablePointer<yaml_event_t>

  private let initialize: @convention(c) (Parser) -> Int32
  private let setInput: @convention(c) (Parser, UnsafePointer<UInt8>?, Int) -> Void
  private let parse: @convention(c) (Parser, Event) -> Int32
  private let deleteParser: @convention(c) (Parser) -> Void
  private let deleteEvent: @convention(c) (Event) -> Void
  private static let deepest = 64

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libyaml-0.so.2", package: "libyaml-0-2", purpose: "a YAML file")
    func function<Signature>(_ name: String) throws(Fault) -> Signature { try library.function(name, as: Signature.self) }
    initialize = try function("yaml_parser_initialize")
    setInput = try function("yaml_parser_set_input_string")
    parse = try function("yaml_parser_parse")
    deleteParser = try function("yaml_parser_delete")
    deleteEvent = try function("yaml_event_delete")
  }

  /// The one document of a text; nil where there is none.
  public func document(_ text: String) throws(YAMLProblem) -> YAMLNode? {
    var parser = yaml_parser_t()
    if initialize(&parser) == 0 { throw YAMLProblem(text: "no memory for a parser", line: 1, column: 1) }
    defer { deleteParser(&parser) }
    // The parser keeps the address: the bytes stay where they are until it is done.
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    defer { bytes.deallocate() }
    _ = bytes.initialize(from: text.utf8)
    setInput(&parser, UnsafePointer(bytes.baseAddress), bytes.count)

    var root: YAMLNode?
    while true {
      let event = try next(&parser)
      switch event.kind {
      case .begin, .endDocument: continue
      case .end: return root
      case _ where root != nil:
        throw YAMLProblem(text: "a second document begins", line: event.line, column: event.column)
      default: root = try node(event, &parser, depth: 0)
      }
    }
  }

  private struct Step {
    enum Kind { case begin, endDocument, end, scalar(String), sequence, endSequence, mapping, endMapping, alias }
    let kind: Kind
    let line: Int
    let column: Int
  }

  private func next(_ parser: inout yaml_parser_t) throws(YAMLProblem) -> Step {
    var event = yaml_event_t()
    if parse(&parser, &event) == 0 {
      let problem = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
      throw YAMLProblem(text: problem, line: Int(parser.problem_mark.line) + 1, column: Int(parser.problem_mark.column) + 1)
    }
    defer { deleteEvent(&event) }
    let kind: Step.Kind =
      switch event.type {
      case YAML_SCALAR_EVENT:
        .scalar(String(decoding: UnsafeBufferPointer(start: event.data.scalar.value, count: event.data.scalar.length), as: UTF8.self))
      case YAML_SEQUENCE_START_EVENT: .sequence
      case YAML_SEQUENCE_END_EVENT: .endSequence
      case YAML_MAPPING_START_EVENT: .mapping
      case YAML_MAPPING_END_EVENT: .endMapping
      case YAML_ALIAS_EVENT: .alias
      case YAML_DOCUMENT_END_EVENT: .endDocument
      case YAML_STREAM_END_EVENT, YAML_NO_EVENT: .end
      default: .begin
      }
    return Step(kind: kind, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
  }

  /// The node that an event begins.
  private func node(_ event: Step, _ parser: inout yaml_parser_t, depth: Int) throws(YAMLProblem) -> YAMLNode {
    if depth > Self.deepest { throw YAMLProblem(text: "it is nested too deeply", line: event.line, column: event.column) }
    let value: YAMLNode.Value
    switch event.kind {
    case .scalar(let text): value = .scalar(text)
    case .sequence:
      var nodes: [YAMLNode] = []
      while true {
        let step = try next(&parser)
        if case .endSequence = step.kind { break }
        nodes.append(try node(step, &parser, depth: depth + 1))
      }
      value = .sequence(nodes)
    case .mapping:
      var pairs: [(key: YAMLNode, value: YAMLNode)] = []
      var keys: Set<String> = []
      while true {
        let step = try next(&parser)
        if case .endMapping = step.kind { break }
        let key = try node(step, &parser, depth: depth + 1)
        if case .scalar(let name) = key.value, !keys.insert(name).inserted {
          throw YAMLProblem(text: "the key `\(name)` is given twice", line: key.line, column: key.column)
        }
        pairs.append((key, try node(try next(&parser), &parser, depth: depth + 1)))
      }
      value = .mapping(pairs)
    case .alias:
      throw YAMLProblem(text: "anchors and aliases are not read here", line: event.line, column: event.column)
    case .begin, .endDocument, .end, .endSequence, .endMapping:
      throw YAMLProblem(text: "a value is missing", line: event.line, column: event.column)
    }
    return YAMLNode(value: value, line: event.line, column: event.column)
  }
}
