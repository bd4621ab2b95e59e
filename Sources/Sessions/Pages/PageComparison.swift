// A page beside the page of a later run: what is equal, and where they differ.

import Formats
import Machine
import Texts

/// Every cell, text, table and picture of two pages, and of their feet what does not belong to one run alone.
struct PageComparison {
  struct Difference: Equatable {
    var place: String
    /// Nil where the page, or the run, has nothing in this place.
    var page: String?
    var run: String?
  }

  private(set) var differences: [Difference] = []
  private(set) var cells = 0
  private(set) var pictures = 0
  private(set) var tables = 0
  private(set) var numbers = 0
  private let digest: Digest

  /// Differences of one table, text or picture that are told one by one.
  private static let mostLines = 4
  /// Rows of the foot that the script decides.
  private static let proven = ["seed", "data", "clock", "script"]

  init(page: String, run: String, _ digest: Digest) {
    self.digest = digest
    let page = PageParts(page), run = PageParts(run)
    compareFeet(page.footRows, run.footRows)
    if page.footRest != run.footRest { differences.append(Difference(place: "the page's foot", page: "other markup")) }
    if page.head != run.head { differences.append(Difference(place: "the page's head and style", page: "other markup")) }
    for index in 0..<max(page.sections.count, run.sections.count) {
      let (ours, theirs) = (page.section(index), run.section(index))
      if let theirs { count(theirs) }
      guard ours != theirs else { continue }
      guard let ours, let theirs else {
        let place = PageParts.name((ours ?? theirs)?.lines ?? [], index)
        let text = "a cell that the other has not"
        differences.append(Difference(place: place, page: ours == nil ? nil : text, run: theirs == nil ? nil : text))
        continue
      }
      compare(ours, theirs, PageParts.name(theirs.lines, index))
    }
  }

  private mutating func count(_ section: PageParts.Section) {
    if section.isCell { cells += 1 }
    for piece in section.pieces {
      switch piece.kind {
      case .figure: pictures += 1
      case .table: tables += 1
      default: break
      }
      if section.isCell { numbers += piece.words.reduce(0) { $0 + Self.numbers(in: $1) } }
    }
  }

  /// How many numbers stand in a text.
  private static func numbers(in text: String) -> Int {
    var count = 0
    var isInWord = false
    for byte in text.utf8 {
      let isDigit = (48...57).contains(byte), isLetter = byte >= 128 || (65...90).contains(byte) || (97...122).contains(byte)
      if isDigit, !isInWord { count += 1 }
      isInWord = isDigit || isLetter || (isInWord && byte == UInt8(ascii: "."))
    }
    return count
  }

  private mutating func compareFeet(_ page: [String: String], _ run: [String: String]) {
    for name in Self.proven where page[name] != run[name] {
      if name == "script" {
        differences.append(Difference(place: "the foot's script", page: "another one than the one that was run", run: nil))
        continue
      }
      let (ours, theirs) = (Self.rows(page[name]), Self.rows(run[name]))
      for row in ours where !theirs.contains(row) { differences.append(Difference(place: "the foot's \(name)", page: row)) }
      for row in theirs where !ours.contains(row) { differences.append(Difference(place: "the foot's \(name)", run: row)) }
    }
  }

  private static func rows(_ html: String?) -> [String] {
    guard var rest = html.map({ Substring($0) }) else { return [] }
    var rows: [String] = []
    while let range = firstRange(of: "<br/>", in: rest) {
      rows.append(PageParts.words(String(rest[..<range.lowerBound])))
      rest = rest[range.upperBound...]
    }
    return rows + [PageParts.words(String(rest))]
  }

  private mutating func compare(_ page: PageParts.Section, _ run: PageParts.Section, _ place: String) {
    let before = differences.count
    var counts: [PageParts.Kind: Int] = [:]
    for index in 0..<max(page.pieces.count, run.pieces.count) {
      let ours = index < page.pieces.count ? page.pieces[index] : nil
      let theirs = index < run.pieces.count ? run.pieces[index] : nil
      if let kind = (theirs ?? ours)?.kind { counts[kind, default: 0] += 1 }
      guard ours != theirs else { continue }
      let piece = theirs ?? ours
      let number = piece.flatMap { counts[$0.kind] } ?? 1
      compare(ours, theirs, "\(place), \(piece?.name(number) ?? "output")")
    }
    if differences.count == before { differences.append(Difference(place: place, page: "other markup")) }
  }

  private mutating func compare(_ page: PageParts.Piece?, _ run: PageParts.Piece?, _ place: String) {
    guard let page, let run, page.kind == run.kind else {
      let shown: (PageParts.Piece?) -> String? = { piece in piece.map { $0.words.first { !$0.isEmpty } ?? $0.kind.rawValue } }
      differences.append(Difference(place: place, page: shown(page), run: shown(run)))
      return
    }
    let lines = page.kind == .figure ? (dataLines(page), dataLines(run)) : (page.words, run.words)
    let isEqual = lines.0 == lines.1
    if isEqual {
      let what = page.kind == .figure ? "drawn otherwise than by the run" : "marked up otherwise than by the run"
      differences.append(Difference(place: place, page: what))
      return
    }
    var told = 0, count = 0
    for index in 0..<max(lines.0.count, lines.1.count) {
      let ours = index < lines.0.count ? lines.0[index] : nil
      let theirs = index < lines.1.count ? lines.1[index] : nil
      if ours == theirs { continue }
      count += 1
      if told < Self.mostLines {
        told += 1
        differences.append(Difference(place: "\(place), line \(index + 1)", page: ours, run: theirs))
      }
    }
    if count > told {
      differences[differences.count - 1].place += " (the first \(told) of \(groupedDigits(count)) lines that differ)"
    }
  }

  /// The lines of a figure's data, which stand in a link.
  private func dataLines(_ piece: PageParts.Piece) -> [String] {
    let html = piece.lines.joined(separator: "\n")
    guard let start = firstRange(of: "data:text/csv;base64,", in: html),
      let bytes = digest.bytes(ofBase64: html[start.upperBound...].prefix { $0 != "\"" })
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The result in words for the terminal.
  func report(name: String, clockReadings: Int) -> String {
    func counted(_ count: Int, _ thing: String) -> String { "\(groupedDigits(count)) \(thing)\(count == 1 ? "" : "s")" }
    let clock = clockReadings > 0 ? "; \(counted(clockReadings, "reading")) of the clock taken from the page" : ""
    if differences.isEmpty {
      return "\(name) is what its script gives: \(counted(cells, "cell")), \(counted(tables, "table")), "
        + "\(counted(pictures, "picture")) and \(counted(numbers, "number")) are equal\(clock)\n"
    }
    var lines = ["\(name) is not what its script gives: \(counted(differences.count, "difference"))\(clock)"]
    for difference in differences {
      lines.append("  \(difference.place)")
      if let page = difference.page { lines.append("    page: \(page)") }
      if let run = difference.run { lines.append("    run:  \(run)") }
    }
    return lines.map { $0.withVisibleControls.clipped(toWidth: 400) + "\n" }.joined()
  }
}
