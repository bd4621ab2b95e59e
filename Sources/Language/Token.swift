/// One piece of a string literal: text as it stands, or an expression to be put in.
public enum StringPart: Equatable, Sendable {
  case text(String)
  /// The expression's place in the source, and the format after its colon.
  case expression(Span, format: String?)
}

/// The words that are never names.
public enum Keyword: String, CaseIterable, Sendable {
  case `let`, `var`, fn, `if`, `else`, `for`, `in`, `while`, match, `try`, `catch`, `throw`, `return`, `break`,
    `continue`, and, or, not, `true`, `false`, `nil`, assert
}

/// The words that begin a form only where such a form can stand, and are names everywhere else.
public let softKeywords = ["test", "neuron", "state", "spike", "on", "use", "when", "never", "integrator", "by", "refractory"]

public enum TokenKind: Equatable, Sendable {
  case int(Int)
  case float(Double)
  case quantity(Double, unit: String)
  case string([StringPart])
  case name(String)
  case keyword(Keyword)
  /// An operator or a bracket, by its text.
  case symbol(String)
  case newline
  case end
}

public struct Token: Sendable {
  public var kind: TokenKind
  public var span: Span
}
