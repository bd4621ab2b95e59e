// The Markdown of a page's text, parsed by md4c: CommonMark with GitHub's tables, task lists and bare links, and formulas
// between dollar signs. Raw HTML is text like any other.

import CMarkdown
import Faults
import Libraries
import Texts

/// The library md4c, loaded.
struct MarkdownParser: Sendable {
  private typealias Parse = @convention(c) (UnsafePointer<CChar>?, UInt32, UnsafePointer<MD_PARSER>?, UnsafeMutableRawPointer?) -> Int32
  private typealias Take = @convention(c) (UnsafePointer<CChar>?, UInt32, UnsafeMutableRawPointer?) -> Void
  private typealias Convert = @convention(c) (
    UnsafePointer<CChar>?, UInt32, Take, UnsafeMutableRawPointer?, UInt32, UInt32
  ) -> Int32

  private let parse: Parse
  private let convert: Convert

  /// Throws `.file` where the library is not installed.
  init() throws(Fault) {
    let (package, purpose) = ("libmd4c-html0", "a page")
    parse = try SharedLibrary("libmd4c.so.0", package: package, purpose: purpose).function("md_parse", as: Parse.self)
    convert = try SharedLibrary("libmd4c-html.so.0", package: package, purpose: purpose).function("md_html", as: Convert.self)
  }

  /// A text as HTML that is also well-formed XML.
  func html(_ text: String, outline: inout Outline, pictures: PagePictures) -> String {
    let writer = MarkdownWriter(self, outline: outline, pictures: pictures)
    read(text, into: writer)
    outline = writer.outline
    return writer.html
  }

  /// Whether a text has a heading of level 1.
  func hasTopHeading(_ text: String) -> Bool {
    let writer = MarkdownWriter(self, outline: Outline(), pictures: PagePictures(folder: nil))
    read(text, into: writer)
    return writer.outline.hasTop
  }

  private func read(_ text: String, into writer: MarkdownWriter) {
    var parser = MD_PARSER()
    parser.flags = UInt32(
      MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_PERMISSIVEEMAILAUTOLINKS | MD_FLAG_PERMISSIVEWWWAUTOLINKS | MD_FLAG_TABLES
        | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_LATEXMATHSPANS | MD_FLAG_NOHTMLBLOCKS | MD_FLAG_NOHTMLSPANS)
    parser.enter_block = { type, detail, writer in MarkdownWriter.of(writer) { $0.enter(type, detail) } }
    parser.leave_block = { type, _, writer in MarkdownWriter.of(writer) { $0.leave(type) } }
    parser.enter_span = { type, detail, writer in MarkdownWriter.of(writer) { $0.enter(type, detail) } }
    parser.leave_span = { type, _, writer in MarkdownWriter.of(writer) { $0.leave(type) } }
    parser.text = { type, text, size, writer in
      MarkdownWriter.of(writer) { $0.add(type, UnsafeBufferPointer(start: text, count: Int(size))) }
    }
    var text = text
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        writer.source = characters
        _ = parse(characters.baseAddress, UInt32(clamping: characters.count), &parser, Unmanaged.passUnretained(writer).toOpaque())
        writer.source = nil
      }
    }
  }

  /// What an entity such as `&eacute;` or `&#233;` stands for; itself where it stands for nothing.
  func character(of entity: String) -> String {
    final class Taken { var bytes: [UInt8] = [] }
    let taken = Taken()
    var entity = entity
    entity.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        _ = convert(
          characters.baseAddress, UInt32(clamping: characters.count),
          { text, size, taken in
            guard let text, let taken else { return }
            let bytes = UnsafeRawBufferPointer(start: text, count: Int(size))
            Unmanaged<Taken>.fromOpaque(taken).takeUnretainedValue().bytes.append(contentsOf: bytes)
          }, Unmanaged.passUnretained(taken).toOpaque(), 0, 0)
      }
    }
    let html = String(decoding: taken.bytes, as: UTF8.self)
    guard html.hasPrefix("<p>"), html.hasSuffix("</p>\n") else { return entity }
    return unescapedMarkup(html.dropFirst(3).dropLast(5))
  }
}
