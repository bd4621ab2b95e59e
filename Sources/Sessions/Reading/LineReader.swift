/// The door between the session and whatever delivers its input, so that another editor can take libedit's place.

/// What one read brought.
public enum ReadResult: Equatable, Sendable {
  case text(String)
  /// Ctrl-C: what was typed is dropped.
  case interrupted
  /// Ctrl-D on an empty line, or the end of the input.
  case end
}

/// What a reader asks while a line is edited.
public protocol LineAssistant: AnyObject {
  func completeness(of text: String) -> Completeness
  /// The candidates at a UTF-8 offset of the text.
  func completions(in text: String, at cursor: Int) -> Completions
  /// A colour or none for each scalar of the text.
  func styles(of text: [Unicode.Scalar]) -> [Console.Style?]
  /// What is known about a name, to be shown under the line.
  func help(for name: String) -> String?
}

/// Delivers whole inputs, of one line or many.
public protocol LineReader: AnyObject {
  /// Reads one input that is complete by the assistant's word, or that the user insists on.
  func read(assistant: LineAssistant) -> ReadResult
  /// Puts text into the next input, to be edited before it runs.
  func prefill(_ text: String)
  /// Puts a question whose answer is yes or no; nil where nobody can answer it.
  func ask(_ question: String) -> Bool?
}

extension LineReader {
  public func ask(_ question: String) -> Bool? { nil }
}

/// The prompts. Both have the same width, so that the lines of a block stand under each other.
public enum Prompt {
  public static let first = "snn> "
  public static let continuation = "...> "
}
