import Faults

/// A fault with its place: what every error becomes before a user sees it.
public struct Diagnostic: Error, Sendable {
  /// One call that was under way when a runtime error happened.
  public struct Frame: Sendable {
    public var function: String
    public var source: SourceText
    public var offset: Int

    public init(function: String, source: SourceText, offset: Int) {
      self.function = function
      self.source = source
      self.offset = offset
    }
  }

  public var fault: Fault
  public var source: SourceText
  public var span: Span
  /// The calls under way, innermost first; empty for errors found before running.
  public var stack: [Frame]
  /// How many calls are left out in the middle of a deep stack.
  public var hiddenCalls = 0

  public init(_ fault: Fault, in source: SourceText, at span: Span, stack: [Frame] = []) {
    self.fault = fault
    self.source = source
    self.span = span
    self.stack = stack
  }

  /// The line of the error, counted from 1.
  public var line: Int { source.line(at: span.start) }
}
