/// What the prompt needs from a language. The session knows nothing of values or bytecode: it hands over text and
/// gets text back, so that tests can drive it with a language of three words.

/// Whether a text can be run as it stands.
public enum Completeness: Equatable, Sendable {
  case complete
  /// More lines are wanted; the next one starts with this many spaces.
  case incomplete(indent: Int)
  /// No further line could make it right; running it shows the error.
  case invalid
}

/// What became of an evaluation. Output that the program printed has reached the terminal before this is returned.
public enum Outcome: Equatable, Sendable {
  /// The last value, rendered for the terminal; nil where there is nothing to show.
  case value(String?)
  /// A rendered error.
  case failed(String)
  /// Stopped by Ctrl-C, with a line that says where.
  case interrupted(String?)
  /// The program asked to leave with this status.
  case exit(Int32)
}

/// One name that could stand at the cursor.
public struct Candidate: Equatable, Sendable {
  public enum Kind: String, Sendable {
    case function, variable, constant, member, argument, unit, module, keyword, file, folder, command, value
  }

  /// What is put into the line.
  public var text: String
  public var kind: Kind
  /// One line about it, shown when it is the only candidate.
  public var summary: String

  public init(_ text: String, _ kind: Kind, _ summary: String = "") {
    self.text = text
    self.kind = kind
    self.summary = summary
  }
}

/// The candidates at a cursor, and the part of the text that each would replace.
public struct Completions: Equatable, Sendable {
  /// UTF-8 offsets in the text.
  public var range: Range<Int>
  public var candidates: [Candidate]

  public init(_ range: Range<Int>, _ candidates: [Candidate]) {
    self.range = range
    self.candidates = candidates
  }

  public static func none(at offset: Int) -> Completions { Completions(offset..<offset, []) }
}

/// A name that the user has bound.
public struct Variable: Equatable, Sendable {
  public var name: String
  public var type: String
  public var summary: String

  public init(name: String, type: String, summary: String) {
    self.name = name
    self.type = type
    self.summary = summary
  }
}

/// A documented name, with its first line.
public struct Topic: Equatable, Sendable {
  public var name: String
  public var summary: String

  public init(name: String, summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// A language with a state that lasts from one input to the next.
public protocol Evaluator: AnyObject {
  func completeness(of source: String) -> Completeness
  /// Runs a text. `name` is shown in errors. With `echo` off, the last value is kept but not rendered.
  func evaluate(_ source: String, name: String, echo: Bool) -> Outcome
  /// Runs a file's text; `path` resolves its relative imports, `arguments` are its `args`.
  func run(_ source: String, path: String, arguments: [String]) -> Outcome
  /// The candidates at a UTF-8 offset.
  func complete(_ text: String, at cursor: Int) -> Completions
  /// Signature, documentation and example of a name (`lif`, `plot.line`, a variable of the user's).
  func help(_ name: String) -> String?
  /// The source text of a name's definition.
  func source(of name: String) -> String?
  func apropos(_ text: String) -> [Topic]
  func variables() -> [Variable]
  /// Removes one binding of the user's; false when there is none.
  func remove(_ name: String) -> Bool
  /// Forgets everything that the user has bound.
  func reset()
  /// The seconds that the last evaluation ran, without reading and compiling it.
  var lastDuration: Double { get }
  /// The last error in full, with the whole call stack.
  var lastErrorReport: String? { get }
}
