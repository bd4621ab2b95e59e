// Writes the pieces of a Markdown text as HTML, in the order in which the parser meets them.

import CMarkdown
import Texts

final class MarkdownWriter {
  /// What is being written: a page's text, or the inside of something that is written once its end is known.
  private struct Part {
    var html = ""
    /// The same without marks.
    var plain = ""
    /// The address of the picture that it describes.
    var picture = ""
  }

  /// What has begun and not ended yet.
  private struct Opened {
    var isSpan: Bool
    var type: UInt32
    var end = ""
    /// Whether it is written in a part of its own.
    var hasPart = false
  }

  private(set) var outline: Outline
  private let parser: MarkdownParser
  private let pictures: PagePictures
  private var parts = [Part()]
  private var opened: [Opened] = []
  private var linkDepth = 0
  private var isInTable = false
  private var headingLevel = 1
  private var codeLanguage = ""
  /// The text that is parsed, and where in it the formula being read ends.
  var source: UnsafeBufferPointer<CChar>?
  private var formulaEnd: UnsafePointer<CChar>?

  /// What is nested deeper than this is written without its tags: readers of pages have limits of their own.
  private static let deepest = 60

  init(_ parser: MarkdownParser, outline: Outline, pictures: PagePictures) {
    (self.parser, self.outline, self.pictures) = (parser, outline, pictures)
  }

  /// Calls a writer back from C; 0 tells the parser to go on.
  static func of(_ pointer: UnsafeMutableRawPointer?, _ body: (MarkdownWriter) -> Void) -> Int32 {
    if let pointer { body(Unmanaged<MarkdownWriter>.fromOpaque(pointer).takeUnretainedValue()) }
    return 0
  }

  var html: String {
    var text = Substring(parts.first?.html ?? "")
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }

  private func write(_ html: String) { parts[parts.count - 1].html += html }

  private func write(text: String) {
    parts[parts.count - 1].html += text.escapedForMarkup
    parts[parts.count - 1].plain += text
  }

  // MARK: nesting

  private func open(_ type: MD_SPANTYPE, _ tag: String, _ attributes: String = "") {
    open(isSpan: true, type.rawValue, tag, attributes)
  }

  private func open(_ type: MD_BLOCKTYPE, _ tag: String, _ attributes: String = "", inside: String = "", end: String = "\n") {
    open(isSpan: false, type.rawValue, tag, attributes, inside: inside, end: end)
  }

  private func open(isSpan: Bool, _ type: UInt32, _ tag: String, _ attributes: String, inside: String = "", end: String = "") {
    let isShown = !tag.isEmpty && opened.count < Self.deepest
    if isShown { write("<\(tag)\(attributes)>\(inside)") }
    opened.append(Opened(isSpan: isSpan, type: type, end: isShown ? "</\(tag)>\(end)" : end))
  }

  /// Opens what begins on a line of its own.
  private func openLine(_ type: MD_BLOCKTYPE, _ tag: String, _ attributes: String = "", inside: String = "") {
    let last = parts[parts.count - 1].html.utf8.last
    if let last, last != UInt8(ascii: "\n"), last != UInt8(ascii: ">") { write("\n") }
    open(type, tag, attributes, inside: inside)
  }

  private func openPart(isSpan: Bool, _ type: UInt32) {
    parts.append(Part())
    opened.append(Opened(isSpan: isSpan, type: type, hasPart: true))
  }

  /// Ends what is open down to the last of a type, and takes its part where it has one. The parser's spans may cross in
  /// rare texts: what is open above ends with it, and an end without a beginning is none.
  private func close(isSpan: Bool, _ type: UInt32) -> Part? {
    let place = opened.lastIndex { ($0.isSpan == isSpan && $0.type == type) || (isSpan && !$0.isSpan) }
    guard let place, opened[place].isSpan == isSpan else { return nil }
    while opened.count > place + 1 {
      if let part = closeLast() {
        parts[parts.count - 1].html += part.html
        parts[parts.count - 1].plain += part.plain
      }
    }
    return closeLast() ?? Part()
  }

  private func closeLast() -> Part? {
    guard let last = opened.popLast() else { return nil }
    if last.isSpan, last.type == MD_SPAN_A.rawValue { linkDepth -= 1 }
    if last.hasPart, parts.count > 1 { return parts.removeLast() }
    write(last.end)
    return nil
  }

  // MARK: blocks

  func enter(_ type: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) {
    switch type {
    case MD_BLOCK_QUOTE: openLine(type, "blockquote", inside: "\n")
    case MD_BLOCK_UL: openLine(type, "ul", inside: "\n")
    case MD_BLOCK_OL:
      let start = detail?.load(as: MD_BLOCK_OL_DETAIL.self).start ?? 1
      openLine(type, "ol", start == 1 ? "" : " start=\"\(start)\"", inside: "\n")
    case MD_BLOCK_LI:
      let item = detail?.load(as: MD_BLOCK_LI_DETAIL.self)
      guard let item, item.is_task != 0 else { return openLine(type, "li") }
      let isDone = item.task_mark != CChar(bitPattern: UInt8(ascii: " "))
      let state = isDone ? " checked=\"checked\" aria-label=\"done\"" : " aria-label=\"to do\""
      openLine(type, "li", " class=\"task\"", inside: "<input type=\"checkbox\" disabled=\"disabled\"\(state)/> ")
    case MD_BLOCK_HR: write("<hr/>\n")
    case MD_BLOCK_H:
      headingLevel = Int(detail?.load(as: MD_BLOCK_H_DETAIL.self).level ?? 1)
      openPart(isSpan: false, type.rawValue)
    case MD_BLOCK_CODE:
      codeLanguage = detail.map { text(of: $0.load(as: MD_BLOCK_CODE_DETAIL.self).lang).lowercased() } ?? ""
      openPart(isSpan: false, type.rawValue)
    case MD_BLOCK_P: openLine(type, "p")
    case MD_BLOCK_TABLE:
      isInTable = true
      write("<div class=\"wide\">")
      open(type, "table", inside: "\n", end: "</div>\n")
    case MD_BLOCK_THEAD: open(type, "thead")
    case MD_BLOCK_TBODY: open(type, "tbody", inside: "\n")
    case MD_BLOCK_TR: open(type, "tr")
    case MD_BLOCK_TH: open(type, "th", " scope=\"col\"" + alignment(detail), end: "")
    case MD_BLOCK_TD: open(type, "td", alignment(detail), end: "")
    default: break
    }
  }

  func leave(_ type: MD_BLOCKTYPE) {
    if type == MD_BLOCK_TABLE { isInTable = false }
    guard let part = close(isSpan: false, type.rawValue) else { return }
    switch type {
    case MD_BLOCK_H:
      let (level, id) = outline.add(headingLevel, part.plain)
      write("<h\(level) id=\"\(id.escapedForMarkup)\">\(part.html)</h\(level)>\n")
    case MD_BLOCK_CODE:
      var code = part.plain
      if code.hasSuffix("\n") { code.removeLast() }
      write(codeBlock(code, isProgram: codeLanguage == "snn") + "\n")
    default: break
    }
  }

  private func alignment(_ detail: UnsafeMutableRawPointer?) -> String {
    switch detail?.load(as: MD_BLOCK_TD_DETAIL.self).align {
    case MD_ALIGN_RIGHT?: " class=\"number\""
    case MD_ALIGN_CENTER?: " class=\"middle\""
    default: ""
    }
  }

  // MARK: spans

  func enter(_ type: MD_SPANTYPE, _ detail: UnsafeMutableRawPointer?) {
    switch type {
    case MD_SPAN_EM: open(type, "em")
    case MD_SPAN_STRONG: open(type, "strong")
    case MD_SPAN_DEL: open(type, "del")
    case MD_SPAN_CODE: open(type, "code")
    case MD_SPAN_A:
      let target = detail.map { text(of: $0.load(as: MD_SPAN_A_DETAIL.self).href) } ?? ""
      linkDepth += 1
      open(type, linkDepth == 1 && isSafeAddress(target) ? "a" : "", " href=\"\(target.escapedForMarkup)\"")
    case MD_SPAN_IMG:
      openPart(isSpan: true, type.rawValue)
      parts[parts.count - 1].picture = detail.map { text(of: $0.load(as: MD_SPAN_IMG_DETAIL.self).src) } ?? ""
    case MD_SPAN_LATEXMATH, MD_SPAN_LATEXMATH_DISPLAY: openPart(isSpan: true, type.rawValue)
    default: open(type, "")
    }
  }

  func leave(_ type: MD_SPANTYPE) {
    guard let part = close(isSpan: true, type.rawValue) else { return }
    switch type {
    case MD_SPAN_IMG:
      write(pictures.html(part.picture, description: part.plain, isInLink: linkDepth > 0))
      parts[parts.count - 1].plain += part.plain
    case MD_SPAN_LATEXMATH: formula(part.plain)
    case MD_SPAN_LATEXMATH_DISPLAY: write(formulaHTML(part.plain, isDisplay: true))
    default: break
    }
  }

  /// A formula, where no blank stands inside its ends and no digit behind it: prices stay prices.
  private func formula(_ text: String) {
    let isFormula =
      text.first?.isWhitespace == false && text.last?.isWhitespace == false && !(nextByte.map { ("0"..."9").contains($0) } ?? false)
    if isFormula {
      write(formulaHTML(text, isDisplay: false))
      parts[parts.count - 1].plain += text
    } else {
      write(text: "$\(text)$")
    }
  }

  /// The character behind the dollar sign that ends a formula.
  private var nextByte: Character? {
    guard let source, let start = source.baseAddress, let formulaEnd else { return nil }
    let place = formulaEnd - start + 1
    return source.indices.contains(place) ? Character(UnicodeScalar(UInt8(bitPattern: source[place]))) : nil
  }

  // MARK: text

  func add(_ type: MD_TEXTTYPE, _ characters: UnsafeBufferPointer<CChar>) {
    let text = string(characters)
    switch type {
    case MD_TEXT_NULLCHAR: write(text: "\u{FFFD}")
    case MD_TEXT_BR:
      write("<br/>\n")
      parts[parts.count - 1].plain += " "
    case MD_TEXT_SOFTBR: write(text: "\n")
    case MD_TEXT_ENTITY: write(text: parser.character(of: text))
    case MD_TEXT_LATEXMATH:
      formulaEnd = characters.baseAddress.map { $0 + characters.count }
      parts[parts.count - 1].plain += text
    // A bar in a cell is written with a backslash, which the parser leaves in code.
    case MD_TEXT_CODE where isInTable: write(text: Self.withBareBars(text))
    default: write(text: text)
    }
  }

  private static func withBareBars(_ code: String) -> String {
    var out = ""
    for character in code {
      if character == "|", out.last == "\\" { out.removeLast() }
      out.append(character)
    }
    return out
  }

  private func string(_ characters: UnsafeBufferPointer<CChar>) -> String {
    String(decoding: UnsafeRawBufferPointer(characters), as: UTF8.self)
  }

  /// The text of an attribute, its entities decoded.
  private func text(of attribute: MD_ATTRIBUTE) -> String {
    guard let start = attribute.text, let types = attribute.substr_types, let offsets = attribute.substr_offsets else { return "" }
    var out = "", index = 0
    while offsets[index] < attribute.size {
      let range = Int(offsets[index])..<Int(offsets[index + 1])
      let piece = string(UnsafeBufferPointer(start: start + range.lowerBound, count: range.count))
      out += types[index] == MD_TEXT_ENTITY ? parser.character(of: piece) : types[index] == MD_TEXT_NULLCHAR ? "\u{FFFD}" : piece
      index += 1
    }
    return out
  }
}

/// Whether a link may lead to an address: to a page or a letter, never to something that runs.
func isSafeAddress(_ address: String) -> Bool {
  if address.unicodeScalars.contains(where: { $0.value < 0x21 || $0.value == 0x7f }) { return false }
  let head = address.prefix { !"/?#".contains($0) }
  guard let colon = head.firstIndex(of: ":") else { return true }
  return ["http", "https", "mailto"].contains(head[..<colon].lowercased())
}

/// A block of code, coloured where it is a program of the language.
func codeBlock(_ text: String, isProgram: Bool) -> String {
  "<pre class=\"code\"><code>\(isProgram ? highlightedHTML(text) : text.escapedForMarkup)</code></pre>"
}
