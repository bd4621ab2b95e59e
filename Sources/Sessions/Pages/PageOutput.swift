import Machine
import Texts

/// What a program shows while a cell runs, in its order: text, figures and tables.
public final class PageOutput: Output {
  enum Piece {
    case text(String)
    case picture(title: String, wide: String, narrow: String, data: String?)
    case markup(String)
  }

  /// Text beyond this many bytes a cell is counted, not kept: a page with more could not be read.
  static let mostText = 256 << 10
  /// Figures and tables of one cell.
  static let mostShown = 200
  /// Widths of figures in pixels, on a desk and on a phone.
  static let wide = 680.0, narrow = 358.0

  private var pieces: [Piece] = []
  private var textSize = 0
  private var shown = 0
  private var leftOut = 0

  /// As many columns as a page shows without scrolling.
  public var width: Int { 88 }
  public var usesColour: Bool { false }
  public var isInteractive: Bool { false }

  public init() {}

  public func write(_ text: String) {
    let size = text.utf8.count
    if textSize + size > Self.mostText { return leftOut += size }
    textSize += size
    if case .text(let before)? = pieces.last {
      // The last piece is taken out, so that the text grows in place.
      pieces.removeLast()
      var whole = before
      whole += text
      pieces.append(.text(whole))
    } else {
      pieces.append(.text(text))
    }
  }

  public func warn(_ text: String) { write("warning: \(text)\n") }

  public func show(_ value: any ForeignValue) {
    guard let form = value.richForm, shown < Self.mostShown else { return write(value.display(style) + "\n") }
    shown += 1
    switch form {
    case .picture(let title, let svg, let data):
      pieces.append(.picture(title: title, wide: svg(Self.wide), narrow: svg(Self.narrow), data: data()))
    case .markup(let html): pieces.append(.markup(html))
    }
  }

  /// What was shown since the last time, which is then forgotten.
  func take() -> [Piece] {
    defer { (pieces, textSize, shown, leftOut) = ([], 0, 0, 0) }
    return leftOut == 0 ? pieces : pieces + [.text("… \(groupedDigits(leftOut)) more bytes are left out\n")]
  }
}

/// Text as a terminal would show it in the end: without escape sequences, and what a carriage return took back left
/// out.
func terminalResult(_ text: String) -> String {
  var lines: [String] = [""]
  var isEscape = false, isReturned = false
  for scalar in text.unicodeScalars {
    if isEscape {
      // A sequence ends with a letter; the bracket behind ESC is none.
      if ("A"..."Z").contains(scalar) || ("a"..."z").contains(scalar) { isEscape = false }
      continue
    }
    switch scalar {
    case "\u{1B}": isEscape = true
    case "\r": isReturned = true
    case "\n":
      lines.append("")
      isReturned = false
    case "\u{8}":
      if !lines[lines.count - 1].isEmpty { lines[lines.count - 1].removeLast() }
    case "\u{7}", "\u{0}": continue
    default:
      if isReturned { lines[lines.count - 1] = "" }
      isReturned = false
      lines[lines.count - 1].unicodeScalars.append(scalar)
    }
  }
  return lines.joined(separator: "\n")
}
