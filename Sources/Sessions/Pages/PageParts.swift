// A page taken apart by the lines on which its parts begin. Text in a page is escaped, so that none of it looks like one.

import Machine
import Texts

struct PageParts: Equatable {
  enum Kind: String { case heading, prose = "text", code, text = "output", table, figure, error }

  struct Piece: Equatable {
    var kind: Kind
    var lines: [Substring]

    /// The lines without their tags, the cells of a table's row apart.
    var words: [String] { lines.map { PageParts.words(String($0)) }.filter { !$0.isEmpty } }

    /// What a reader calls it: by its title where it has one.
    func name(_ number: Int) -> String {
      let tags = kind == .table ? ("<caption>", "</caption>") : ("<title>", "</title>")
      let html = lines.joined(separator: "\n")
      guard kind == .table || kind == .figure, let start = firstRange(of: tags.0, in: html),
        let end = firstRange(of: tags.1, in: html[start.upperBound...])
      else { return "\(kind.rawValue) \(number)" }
      return "\(kind.rawValue) \"\(PageParts.words(String(html[start.upperBound..<end.lowerBound])))\""
    }
  }

  struct Section: Equatable {
    var lines: [Substring]
    var isCell: Bool { lines.first?.hasPrefix("<section class=\"cell\"") == true }

    var pieces: [Piece] {
      var pieces: [Piece] = []
      for line in lines {
        if let kind = PageParts.kind(line) { pieces.append(Piece(kind: kind, lines: [])) }
        if !pieces.isEmpty { pieces[pieces.count - 1].lines.append(line) }
      }
      return pieces
    }
  }

  /// All before the first section.
  private(set) var head: [Substring] = []
  private(set) var sections: [Section] = []
  private(set) var footRows: [String: String] = [:]
  /// All of the foot that is no row.
  private(set) var footRest: [Substring] = []

  init(_ html: String) {
    var isFoot = false
    for line in html.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "<footer>" { isFoot = true }
      if isFoot {
        if let row = Self.footRow(line), footRows[row.name] == nil {
          footRows[row.name] = row.html
        } else {
          footRest.append(line)
        }
      } else if line.hasPrefix("<section") {
        sections.append(Section(lines: [line]))
      } else if sections.isEmpty {
        head.append(line)
      } else {
        sections[sections.count - 1].lines.append(line)
      }
    }
  }

  func section(_ index: Int) -> Section? { index < sections.count ? sections[index] : nil }

  /// What begins on a line; nil where nothing does.
  private static func kind(_ line: Substring) -> Kind? {
    if line.hasPrefix("<figure>") { return .figure }
    if line.hasPrefix("<div class=\"wide\">") { return .table }
    if line.hasPrefix("<div class=\"error\"") { return .error }
    if line.hasPrefix("<pre class=\"code\">") { return .code }
    if line.hasPrefix("<pre>") { return .text }
    if line.hasPrefix("<section>") { return .prose }
    if line.hasPrefix("<h"), line.dropFirst(2).first?.isNumber == true { return .heading }
    return nil
  }

  private static func footRow(_ line: Substring) -> (name: String, html: String)? {
    guard line.hasPrefix("<dt>"), let end = firstRange(of: "</dt><dd>", in: line), line.hasSuffix("</dd>") else { return nil }
    return (String(line.dropFirst(4)[..<end.lowerBound]), String(line[end.upperBound...].dropLast(5)))
  }

  /// What a section is called in a report.
  static func name(_ lines: [Substring], _ index: Int) -> String {
    let title = lines.first { $0.hasPrefix("<h") }.map { words(String($0)) }
    return "section \(index + 1)" + (title.map { " \"\($0)\"" } ?? "")
  }

  /// A line without its tags; the cells of a row stand apart.
  static func words(_ html: String) -> String {
    var out = ""
    var rest = Substring(html)
    while let open = rest.firstIndex(of: "<") {
      out += rest[..<open]
      guard let close = rest[open...].firstIndex(of: ">") else { return unescapedMarkup(out) }
      let tag = rest[open...close]
      if tag == "</td>" || tag == "</th>" { out += "  " }
      rest = rest[rest.index(after: close)...]
    }
    var text = Substring(unescapedMarkup(out + rest))
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
