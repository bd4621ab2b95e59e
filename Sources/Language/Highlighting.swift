/// What a piece of source text is, for colours at the prompt, in pages and in documentation.
public enum TextClass: Equatable, Sendable {
  case keyword, constant, number, string, comment, function
}

/// The pieces of a text that have a class, in their order, as the lexer sees them. Text that is no program (yet) is
/// coloured as far as it goes.
public func textClasses(of text: String) -> [(span: Span, kind: TextClass)] {
  let source = SourceText(text, name: "input")
  return textClasses(of: source, in: Span(0, source.bytes.count), depth: 0)
}

private func textClasses(of source: SourceText, in span: Span, depth: Int) -> [(span: Span, kind: TextClass)] {
  var lexer = Lexer(source, in: span)
  lexer.run()
  var pieces: [(span: Span, kind: TextClass)] = []
  var end = span.start
  for (index, token) in lexer.tokens.enumerated() {
    if let comment = comment(in: source, from: end, to: token.span.start) { pieces.append((comment, .comment)) }
    end = token.span.end
    switch token.kind {
    case .int, .float, .quantity: pieces.append((token.span, .number))
    case .keyword(.true), .keyword(.false), .keyword(.nil): pieces.append((token.span, .constant))
    case .keyword: pieces.append((token.span, .keyword))
    case .string(let parts): pieces += stringPieces(token.span, parts, in: source, depth: depth)
    case .name(let name):
      let next = index + 1 < lexer.tokens.count ? lexer.tokens[index + 1] : token
      if next.kind == .symbol("("), next.span.start == token.span.end {
        pieces.append((token.span, .function))
      } else if softKeywords.contains(name), beginsForm(lexer.tokens, at: index) {
        pieces.append((token.span, .keyword))
      }
    case .symbol, .newline, .end: continue
    }
  }
  return pieces
}

/// A string with its interpolated expressions left out of it.
private func stringPieces(
  _ span: Span, _ parts: [StringPart], in source: SourceText, depth: Int
) -> [(span: Span, kind: TextClass)] {
  var pieces: [(span: Span, kind: TextClass)] = []
  var start = span.start
  for case .expression(let inner, _) in parts where depth < 4 && inner.start >= start && inner.end <= span.end {
    pieces.append((Span(start, inner.start), .string))
    pieces += textClasses(of: source, in: inner, depth: depth + 1)
    start = inner.end
  }
  pieces.append((Span(start, span.end), .string))
  return pieces
}

/// The comment between two tokens.
private func comment(in source: SourceText, from start: Int, to end: Int) -> Span? {
  guard start < end, let hash = source.bytes[start..<end].firstIndex(of: UInt8(ascii: "#")) else { return nil }
  return Span(hash, end)
}

/// Whether a soft keyword stands where it begins its form: first on its line, with a name or a string behind it.
private func beginsForm(_ tokens: [Token], at index: Int) -> Bool {
  if index > 0 {
    switch tokens[index - 1].kind {
    case .newline, .symbol("{"), .symbol(";"): break
    default: return false
    }
  }
  guard index + 1 < tokens.count else { return false }
  switch tokens[index + 1].kind {
  case .name, .string, .keyword: return true
  default: return false
  }
}
