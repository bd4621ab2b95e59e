import Language

/// The colours of an input, one style or none for each Unicode scalar.
extension Session {
  public func styles(of text: [Unicode.Scalar]) -> [Console.Style?] {
    var styles = [Console.Style?](repeating: nil, count: text.count)
    let string = String(String.UnicodeScalarView(text[...]))
    switch InputKind(string) {
    case .blank: return styles
    case .shell, .help, .source:
      if let first = text.firstIndex(where: { $0 != " " }) { styles[first] = .magenta }
    case .magic(let name, _):
      let start = text.firstIndex(of: "%") ?? 0
      let end = min(text.count, start + 1 + name.unicodeScalars.count)
      for index in start..<end { styles[index] = .magenta }
      if Magic.named(name)?.argument == .code { colour(text[end...], &styles) }
    case .code: colour(text[...], &styles)
    }
    return styles
  }

  private func colour(_ part: ArraySlice<Unicode.Scalar>, _ styles: inout [Console.Style?]) {
    // The lexer counts in UTF-8, the editor in scalars.
    var scalarAt: [Int] = []
    for index in part.indices {
      for _ in 0..<UTF8.width(part[index]) { scalarAt.append(index) }
    }
    scalarAt.append(part.endIndex)
    for piece in textClasses(of: String(String.UnicodeScalarView(part))) {
      guard piece.span.start < piece.span.end, piece.span.end < scalarAt.count else { continue }
      for index in scalarAt[piece.span.start]..<scalarAt[piece.span.end] { styles[index] = style(of: piece.kind) }
    }
  }

  private func style(of kind: TextClass) -> Console.Style {
    switch kind {
    case .keyword: .magenta
    case .constant, .number: .yellow
    case .string: .green
    case .comment: .faint
    case .function: .cyan
    }
  }
}
