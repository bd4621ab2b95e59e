// One self-contained HTML page from a script's cells and what they showed. It loads nothing and runs nothing.

import Texts

/// What a cell left behind.
struct CellResult {
  var cell: ScriptCell
  var pieces: [PageOutput.Piece] = []
  /// A rendered error that ended the page.
  var error: String?
}

/// What the foot of a page tells.
struct PageFacts {
  /// In the order in which they were set; empty where none was, and 0 is the seed.
  var seeds: [UInt64]
  var version: String
  var machine: String
  var date: String
  var seconds: Double
  var command: String
}

struct Page {
  /// The title asked for; otherwise the first heading, or the file's name.
  var title: String?
  var fileName: String
  var results: [CellResult] = []
  var isInterrupted = false
  /// How many cells were not run.
  var leftOut = 0
  var facts: PageFacts

  var html: String {
    var outline = Outline()
    // A page without a heading of its own gets one; it must be known before the first cell is written.
    var heading: String?
    if !results.contains(where: { $0.cell.kind == .text && hasTopHeading($0.cell.text) }) {
      let text = title ?? fileName
      let (level, id) = outline.add(1, text)
      heading = "<h\(level) id=\"\(id.escapedForMarkup)\">\(text.escapedForMarkup)</h\(level)>"
    }
    var parts = heading.map { [$0] } ?? []
    for (index, result) in results.enumerated() {
      switch result.cell.kind {
      case .text: parts.append("<section>\n\(markdownHTML(result.cell.text, outline: &outline))\n</section>")
      case .code: parts.append(cellHTML(result, number: index + 1, outline: &outline))
      }
    }
    if let notice { parts.append("<div class=\"interrupted\" role=\"note\"><p>\(notice.escapedForMarkup)</p></div>") }
    let name = (title ?? outline.title ?? fileName).escapedForMarkup
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="color-scheme" content="light dark"/>
      <meta name="generator" content="NeuEdge \(facts.version.escapedForMarkup)"/>
      <meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"/>
      <title>\(name)</title>
      <style>
      \(PageStyle.sheet)</style>
      </head>
      <body>
      <main>
      \(parts.joined(separator: "\n"))
      </main>
      \(footer)
      </body>
      </html>

      """
  }

  /// What a reader must know of cells that did not run.
  private var notice: String? {
    let rest = leftOut == 0 ? "" : leftOut == 1 ? " One cell was not run." : " \(leftOut) cells were not run."
    if isInterrupted { return "Interrupted: this page is not complete.\(rest)" }
    return rest.isEmpty ? nil : "This page is not complete.\(rest)"
  }

  private func hasTopHeading(_ text: String) -> Bool {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.trimmedStart.hasPrefix("```") || line.trimmedStart.hasPrefix("~~~") { return false }
      if line.hasPrefix("# ") { return true }
      if index > 0, !line.isEmpty, line.allSatisfy({ $0 == "=" }), !lines[index - 1].trimmed.isEmpty { return true }
    }
    return false
  }

  private func cellHTML(_ result: CellResult, number: Int, outline: inout Outline) -> String {
    var parts: [String] = []
    let title = result.cell.title
    if title.isEmpty {
      parts.append("<section class=\"cell\" aria-label=\"cell \(number)\">")
    } else {
      let (level, id) = outline.aside(title)
      let id2 = id.escapedForMarkup
      parts.append("<section class=\"cell\" aria-labelledby=\"\(id2)\">")
      parts.append("<h\(level) class=\"cell-title\" id=\"\(id2)\">\(title.escapedForMarkup)</h\(level)>")
    }
    parts.append(codeBlock(result.cell.text, isProgram: true))
    let pieces = result.pieces.map(pieceHTML).filter { !$0.isEmpty }
    if !pieces.isEmpty { parts.append("<div class=\"output\">\n\(pieces.joined(separator: "\n"))\n</div>") }
    if let error = result.error {
      parts.append(
        "<div class=\"error\" role=\"alert\"><p>This cell stopped with an error.</p>"
          + "<pre>\(error.escapedForMarkup)</pre></div>")
    }
    parts.append("</section>")
    return parts.joined(separator: "\n")
  }

  private func pieceHTML(_ piece: PageOutput.Piece) -> String {
    switch piece {
    case .text(let text):
      var shown = Substring(terminalResult(text))
      while shown.last == "\n" { shown.removeLast() }
      return shown.isEmpty ? "" : "<pre>\(shown.escapedForMarkup)</pre>"
    case .markup(let html): return "<div class=\"wide\">\n\(html)\n</div>"
    case .picture(_, let wide, let narrow):
      return "<figure><div class=\"wide-figure\">\(wide)</div><div class=\"narrow\">\(narrow)</div></figure>"
    }
  }

  /// The seed, or the first of several that the script set.
  private var seedText: String {
    let shown = facts.seeds.prefix(12).map { "\($0)" }.joined(separator: ", ")
    if facts.seeds.count < 2 { return shown.isEmpty ? "0 (none was set)" : shown }
    return facts.seeds.count > 12 ? "\(shown) and \(facts.seeds.count - 12) more, set in this order" : "\(shown), set in this order"
  }

  private var footer: String {
    let seconds =
      facts.seconds < 0.1 ? "less than 0.1 s" : facts.seconds < 10 ? "\((facts.seconds * 10).rounded() / 10) s" : "\(Int(facts.seconds.rounded())) s"
    let rows = [
      ("seed", seedText), ("version", "NeuEdge \(facts.version)"), ("machine", facts.machine),
      ("date", facts.date), ("run time", seconds),
    ].map { "<dt>\($0.0)</dt><dd>\($0.1.escapedForMarkup)</dd>" }
    return """
      <footer>
      <dl>
      \(rows.joined(separator: "\n"))
      <dt>made by</dt><dd><code>\(facts.command.escapedForMarkup)</code></dd>
      </dl>
      </footer>
      """
  }
}
