// The pictures that a page's text names. They stand in the page itself, which loads nothing from elsewhere.

import Faults
import Formats
import Machine
import Texts

struct PagePictures {
  /// The folder in which relative paths begin; nil where no file is looked for.
  var folder: String?
  var digest: Digest?

  /// Bytes of the largest picture that a page takes in.
  private static let largest = 16 << 20

  /// The picture, a link to one elsewhere, or its description with the reason why it cannot be shown.
  func html(_ source: String, description: String, isInLink: Bool) -> String {
    let words = description.escapedForMarkup
    if source.contains("://") || source.hasPrefix("//") {
      let isLink = !isInLink && isSafeAddress(source)
      return isLink ? "<a href=\"\(source.escapedForMarkup)\"><em>\(words.isEmpty ? "picture" : words)</em></a>" : "<em>\(words)</em>"
    }
    guard let folder, let digest else { return "<em>\(words)</em>" }
    do throws(Fault) {
      let path = source.hasPrefix("/") ? source : "\(folder)/\(source)"
      // A page's pictures are seen in it; the data that its script read are another matter.
      let bytes = try FilesRead.unnoticed { () throws(Fault) in try readBytes(path, limit: Self.largest) }
      guard let kind = Self.kind(bytes) else {
        throw Fault(.file, "\(shownPath(source)) is no picture", label: "a page takes PNG, JPEG, GIF, WebP and SVG")
      }
      return "<img src=\"data:image/\(kind);base64,\(digest.base64(bytes))\" alt=\"\(words)\"/>"
    } catch {
      let reason = error.label.map { ": \($0)" } ?? ""
      return "<em>\(words)</em> <span class=\"note\">(\((error.title + reason).escapedForMarkup))</span>"
    }
  }

  /// What a picture is by its first bytes; nil for what is none.
  private static func kind(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A]) { return "png" }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return "jpeg" }
    if bytes.starts(with: Array("GIF8".utf8)) { return "gif" }
    if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) { return "webp" }
    let head = String(decoding: bytes.prefix(1024), as: UTF8.self)
    let isMarkup = head.first { !$0.isWhitespace && $0 != "\u{FEFF}" } == "<"
    return isMarkup && firstRange(of: "<svg", in: head) != nil ? "svg+xml" : nil
  }
}
