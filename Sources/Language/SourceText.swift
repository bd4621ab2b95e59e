import Faults

/// A half-open range of UTF-8 offsets in one source text.
public struct Span: Equatable, Sendable {
  public var start: Int
  public var end: Int

  public init(_ start: Int, _ end: Int) {
    self.start = start
    self.end = end
  }

  public func joined(_ other: Span) -> Span { Span(min(start, other.start), max(end, other.end)) }
}

/// A script, a cell or a line at the prompt: its name, its text and where its lines begin.
public final class SourceText: Sendable {
  public let name: String
  public let bytes: [UInt8]
  private let lineStarts: [Int]

  public init(_ text: String, name: String) {
    self.name = name
    bytes = Array(text.utf8)
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
    lineStarts = starts
  }

  public var lineCount: Int { lineStarts.count }

  /// The line of an offset, counted from 1.
  public func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// The column of an offset, counted from 1 in characters.
  public func column(at offset: Int) -> Int {
    let start = lineStarts[line(at: offset) - 1]
    return text(Span(start, max(start, offset))).count + 1
  }

  /// The offsets of a line (counted from 1), without its line end.
  public func span(ofLine line: Int) -> Span {
    guard line >= 1, line <= lineStarts.count else { return Span(bytes.count, bytes.count) }
    var end = line < lineStarts.count ? lineStarts[line] - 1 : bytes.count
    // A file from Windows ends its lines with a carriage return too.
    if end > lineStarts[line - 1], bytes[end - 1] == 13 { end -= 1 }
    return Span(lineStarts[line - 1], end)
  }

  public func text(_ span: Span) -> String {
    let start = min(max(span.start, 0), bytes.count)
    let end = min(max(span.end, start), bytes.count)
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}
