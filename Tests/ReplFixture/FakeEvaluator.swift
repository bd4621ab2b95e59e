import Faults
import Glibc
import Sessions

/// A language of a few words, so that the prompt can be tested without the interpreter: `name = number`, sums of
/// numbers and names, `print TEXT`, `wide`, `fail`, `spin` (computes until it is interrupted), `deaf`
/// (computes whatever happens), `{ … }` blocks of these.
public final class FakeEvaluator: Evaluator {
  public private(set) var values: [String: Int] = [:]
  public private(set) var evaluated: [String] = []
  public private(set) var lastErrorReport: String?
  public let lastDuration = 0.01
  private let console: Console

  static let documented = [
    ("alpha", "the first letter"), ("alphabet", "all letters"), ("lif", "leaky integrate-and-fire"),
    ("linear", "a straight line"),
  ]

  public init(console: Console) { self.console = console }

  public func completeness(of source: String) -> Completeness {
    var depth = 0
    for character in source {
      if "{([".contains(character) { depth += 1 }
      if "})]".contains(character) { depth -= 1 }
    }
    return depth > 0 ? .incomplete(indent: 2 * depth) : depth < 0 ? .invalid : .complete
  }

  public func evaluate(_ source: String, name: String, echo: Bool) -> Outcome {
    evaluated.append(source)
    var last: Int?
    for part in source.split(whereSeparator: { "\n{};".contains($0) }) {
      let words = part.split(separator: " ").map(String.init)
      guard let first = words.first, first != "for" else { continue }
      switch first {
      case "print": console.line(words.dropFirst().joined(separator: " "))
      case "wide": console.line("神経 ネット")
      case "spin":
        console.line("spinning")
        while !Interrupt.isRequested { usleep(1000) }
        return .interrupted(nil)
      case "deaf":
        console.line("listening to nobody")
        while true { usleep(1000) }
      default:
        guard let value = assign(words) else {
          lastErrorReport = "error: unknown word `\(first)` in \(name)"
          return .failed("error: unknown word `\(first)`")
        }
        last = value
      }
    }
    if let last { values["ans"] = last }
    return .value(echo ? last.map { "\($0)" } : nil)
  }

  private func assign(_ words: [String]) -> Int? {
    if words.count > 2, words[1] == "=" {
      guard let value = sum(words.dropFirst(2)) else { return nil }
      values[words[0]] = value
      return value
    }
    return sum(words[...])
  }

  private func sum(_ words: ArraySlice<String>) -> Int? {
    var total = 0
    for word in words where word != "+" {
      guard let value = Int(word) ?? values[word] else { return nil }
      total += value
    }
    return total
  }

  public func run(_ source: String, path: String, arguments: [String]) -> Outcome {
    values["arguments"] = arguments.count
    return evaluate(source, name: path, echo: false)
  }

  public func complete(_ text: String, at cursor: Int) -> Completions {
    let head = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    let typed = String(head.reversed().prefix { $0.isLetter || $0 == "_" }.reversed())
    if head.hasSuffix("\"" + typed) || head.contains("\"") { return .none(at: cursor) }
    let known =
      Self.documented.map { Candidate($0.0, .function, $0.1) } + values.keys.sorted().map { Candidate($0, .variable) }
      + (typed.hasPrefix("many") ? (100..<300).map { Candidate("many\($0)", .constant) } : [])
    return Completions(cursor - typed.utf8.count..<cursor, known.filter { $0.text.hasPrefix(typed) })
  }

  public func help(_ name: String) -> String? {
    Self.documented.first { $0.0 == name }.map { "\($0.0)()\n\n\($0.1)" }
  }

  public func source(of name: String) -> String? { name == "linear" ? "fn linear(x) { x }" : nil }

  public func apropos(_ text: String) -> [Topic] {
    Self.documented.filter { $0.1.contains(text) || $0.0.hasPrefix(text.prefix(2)) }
      .map { Topic(name: $0.0, summary: $0.1) }
  }

  public func variables() -> [Variable] {
    values.sorted { $0.key < $1.key }.map { Variable(name: $0.key, type: "int", summary: "\($0.value)") }
  }

  public func remove(_ name: String) -> Bool { values.removeValue(forKey: name) != nil }
  public func reset() { values = [:] }
}
