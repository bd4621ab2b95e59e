import Language
import Texts

/// A program's text as HTML, its pieces in spans whose classes name what they are.
func highlightedHTML(_ text: String) -> String {
  let source = SourceText(text, name: "cell")
  var out = ""
  var end = 0
  for piece in textClasses(of: text) where piece.span.start >= end && piece.span.end > piece.span.start {
    out += source.text(Span(end, piece.span.start)).escapedForMarkup
    let name =
      switch piece.kind {
      case .keyword: "keyword"
      case .constant, .number: "number"
      case .string: "string"
      case .comment: "comment"
      case .function: "function"
      }
    out += "<span class=\"\(name)\">\(source.text(piece.span).escapedForMarkup)</span>"
    end = piece.span.end
  }
  return out + source.text(Span(end, source.bytes.count)).escapedForMarkup
}
