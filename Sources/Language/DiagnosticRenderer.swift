import Faults
import Texts

/// Renders diagnostics as the terminal shows them: title, place, source line with a caret, help, call stack.
public struct DiagnosticRenderer: Sendable {
  public var usesColour: Bool

  public init(usesColour: Bool = false) { self.usesColour = usesColour }

  public func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map(render).joined(separator: "\n")
  }

  /// The message's lines, each ended by a newline.
  public func render(_ diagnostic: Diagnostic) -> String {
    let fault = diagnostic.fault
    let source = diagnostic.source
    var lines = [paint("1;31", fault.kind == .interrupt ? "interrupted" : "error") + paint("1", ": \(fault.title)")]
    if fault.kind == .interrupt { lines = [paint("1;33", fault.title)] }
    let number = source.line(at: diagnostic.span.start)
    let gutter = String(repeating: " ", count: String(number).count)
    lines.append("\(gutter)\(paint("34", "-->")) \(source.name):\(number):\(source.column(at: diagnostic.span.start))")
    lines.append("\(gutter) \(paint("34", "|"))")
    lines += sourceLine(diagnostic, number: number, gutter: gutter)
    if let help = fault.help {
      for (index, part) in help.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        lines.append("\(gutter) \(paint("34", "=")) \(index == 0 ? paint("1", "help: ") : "      ")\(part)")
      }
    }
    lines += stackLines(diagnostic, gutter: gutter)
    return lines.joined(separator: "\n") + "\n"
  }

  private func sourceLine(_ diagnostic: Diagnostic, number: Int, gutter: String) -> [String] {
    let lineSpan = diagnostic.source.span(ofLine: number)
    let end = min(max(diagnostic.span.end, diagnostic.span.start), lineSpan.end)
    let before = shown(diagnostic.source.text(Span(lineSpan.start, diagnostic.span.start)))
    let marked = shown(diagnostic.source.text(Span(diagnostic.span.start, end)))
    let after = shown(diagnostic.source.text(Span(end, lineSpan.end)))
    // A very long line is shown as a window around the caret.
    let lead = before.count > 80 ? "…" + before.suffix(60) : before
    let middle = marked.count > 100 ? marked.prefix(97) + "…" : marked
    let tail = after.count > 80 ? after.prefix(60) + "…" : after
    let carets = String(repeating: "^", count: max(1, String(middle).displayWidth))
    var caretLine = String(repeating: " ", count: lead.displayWidth) + paint("1;31", carets)
    if let label = diagnostic.fault.label { caretLine += " " + paint("31", label) }
    return [
      "\(paint("34", String(number))) \(paint("34", "|")) \(lead)\(middle)\(tail)",
      "\(gutter) \(paint("34", "|")) \(caretLine)",
    ]
  }

  private func stackLines(_ diagnostic: Diagnostic, gutter: String) -> [String] {
    let frames = diagnostic.stack
    guard frames.count > 1 else { return [] }
    let lines = frames.map { frame in
      "\(gutter) \(paint("34", "=")) in \(frame.function), \(frame.source.name):\(frame.source.line(at: frame.offset))"
    }
    if lines.count <= 12 { return lines }
    let skipped = "\(gutter) \(paint("34", "=")) … \(lines.count - 10 + diagnostic.hiddenCalls) more calls …"
    return Array(lines.prefix(6)) + [skipped] + Array(lines.suffix(4))
  }

  /// Tabs and control characters as the terminal should show them: one cell each.
  private func shown(_ text: String) -> String {
    String(text.map { $0 == "\t" ? " " : ($0.isASCII && $0.displayWidth == 0 ? "·" : $0) })
  }

  private func paint(_ code: String, _ text: String) -> String {
    usesColour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
