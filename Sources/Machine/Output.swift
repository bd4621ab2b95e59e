/// Where a program's output goes: a terminal, a pipe, a test's buffer, a page.
public protocol Output: AnyObject {
  func write(_ text: String)
  /// The width that tables and plots may take.
  var width: Int { get }
  var usesColour: Bool { get }
  /// Whether a progress bar may rewrite its line.
  var isInteractive: Bool { get }
  /// Shows a value where the program asks for it: its text in a terminal, its `richForm` on a page.
  func show(_ value: any ForeignValue)
  /// Tells of something that is likely wrong, beside the program's own output.
  func warn(_ text: String)
  /// Writes what is no result of the program: to standard error where there is one.
  func writeError(_ text: String)
  /// Passes on what is held back: what was written so far is then seen.
  func flush()
}

extension Output {
  public var style: DisplayStyle { DisplayStyle(width: width, usesColour: usesColour) }
  public func show(_ value: any ForeignValue) { write(value.display(style) + "\n") }
  public func writeError(_ text: String) { write(text) }
  public func flush() {}
}

/// Keeps what is written, for tests and for pages.
public final class BufferedOutput: Output {
  public private(set) var text = ""
  public private(set) var warnings: [String] = []
  public var width: Int
  public var usesColour: Bool { false }
  public var isInteractive: Bool { false }

  public init(width: Int = 80) { self.width = width }
  public func write(_ text: String) { self.text += text }
  public func warn(_ text: String) { warnings.append(text) }
  public func take() -> String {
    defer { text = "" }
    return text
  }
}
