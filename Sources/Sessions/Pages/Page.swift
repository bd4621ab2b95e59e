// One self-contained HTML page from a script's cells and what they showed. It loads nothing and runs nothing.

import Builtins
import Faults
import Formats
import Texts

/// The libraries that a page is written with.
struct PageTools: Sendable {
  let markdown: MarkdownParser
  let digest: Digest

  /// Throws `.file`, with what to install, where one is missing.
  init() throws(Fault) {
    markdown = try MarkdownParser()
    digest = try Digest()
  }
}

/// What a cell left behind.
struct CellResult {
  var cell: ScriptCell
  var pieces: [PageOutput.Piece] = []
  /// Whether the cell asked for the time, so that figures of it are this machine's.
  var readsClock = false
  /// A rendered error that ended the page.
  var error: String?
}

/// What the foot of a page tells.
struct PageFacts {
  /// In the order in which they were set; empty where none was, and 0 is the seed.
  var seeds: [UInt64]
  /// The commit of the script's repository; nil outside of one.
  var commit: String?
  /// What the script read, with SHA-256 checksums.
  var data: [(name: String, checksum: String)] = []
  var machine: String
  var date: String
  var seconds: Double
  /// How often the clock was read.
  var clockReadings = 0
  var command: String
  /// What a run from this page needs.
  var record: PageRecord
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
  let tools: PageTools

  var html: String {
    var outline = Outline()
    // A page without a heading of its own gets one; it must be known before the first cell is written.
    var heading: String?
    if !results.contains(where: { $0.cell.kind == .text && tools.markdown.hasTopHeading($0.cell.text) }) {
      let text = title ?? fileName
      let (level, id) = outline.add(1, text)
      heading = "<h\(level) id=\"\(id.escapedForMarkup)\">\(text.escapedForMarkup)</h\(level)>"
    }
    var parts = heading.map { [$0] } ?? []
    let folder = facts.record.path.lastIndex(of: "/").map { String(facts.record.path[..<$0]) } ?? "."
    let pictures = PagePictures(folder: folder, digest: tools.digest)
    for (index, result) in results.enumerated() {
      switch result.cell.kind {
      case .text:
        let text = tools.markdown.html(result.cell.text, outline: &outline, pictures: pictures)
        parts.append("<section>\n\(text)\n</section>")
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
      <meta name="generator" content="NeuEdge \(facts.record.version.escapedForMarkup)"/>
      <meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"/>
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
    if result.readsClock {
      parts.append("<p class=\"note\">This cell asks for the time: what it measures is of this machine, and is not verified.</p>")
    }
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
    case .picture(let title, let wide, let narrow, let data):
      return PageFigure(title: title, wide: wide, narrow: narrow, data: data).html(tools.digest)
    }
  }

  /// The seed, or the first of several that the script set.
  private var seedText: String {
    let shown = facts.seeds.prefix(12).map { "\($0)" }.joined(separator: ", ")
    if facts.seeds.count < 2 { return shown.isEmpty ? "0 (none was set)" : shown }
    return facts.seeds.count > 12 ? "\(shown) and \(facts.seeds.count - 12) more, set in this order" : "\(shown), set in this order"
  }

  /// A row of the foot, on a line of its own.
  private func row(_ name: String, _ html: String) -> String { "<dt>\(name)</dt><dd>\(html)</dd>" }

  private var footer: String {
    let seconds =
      facts.seconds < 0.1 ? "less than 0.1 s" : facts.seconds < 10 ? "\((facts.seconds * 10).rounded() / 10) s" : "\(Int(facts.seconds.rounded())) s"
    var rows = [row("seed", seedText), row("version", "NeuEdge \(facts.record.version)".escapedForMarkup)]
    if let commit = facts.commit { rows.append(row("commit", commit.escapedForMarkup)) }
    if !facts.data.isEmpty {
      let files = facts.data.map { "\($0.name.escapedForMarkup): <code>sha256 \($0.checksum)</code>" }
      rows.append(row("data", files.joined(separator: "<br/>")))
    }
    rows += [
      row("machine", facts.machine.escapedForMarkup), row("date", facts.date.escapedForMarkup), row("run time", seconds),
    ]
    if facts.clockReadings > 0 {
      let kept = facts.clockReadings > WallClock.most ? ", of which the first \(groupedDigits(WallClock.most)) are kept" : ""
      rows.append(row("clock", "read \(facts.clockReadings == 1 ? "once" : groupedDigits(facts.clockReadings) + " times")\(kept): times are of this machine, and no other run's"))
    }
    let record = facts.record
    rows += [
      row("made by", "<code>\(facts.command.escapedForMarkup)</code>"),
      row("script", attachment(fileName, "text/plain", Array(record.source.utf8), tools.digest)),
      row(
        "proof", attachment("run.json", "application/json", Array(record.json.text.utf8), tools.digest)
          + ": <code>snn verify</code> with this page makes the run again and compares"),
    ]
    return """
      <footer>
      <dl>
      \(rows.joined(separator: "\n"))
      </dl>
      </footer>
      """
  }
}
