import Faults
import Glibc

/// The first occurrence of a text in another, by characters; nil where there is none.
public func firstRange<Text: StringProtocol>(of part: String, in text: Text) -> Range<String.Index>? where Text.Index == String.Index {
  // Bytes decide where a match can begin; characters decide whether it is one.
  guard let first = part.utf8.first else { return nil }
  var at = text.startIndex
  while at < text.endIndex {
    if text.utf8[at] == first, text[at...].hasPrefix(part), let end = text.index(at, offsetBy: part.count, limitedBy: text.endIndex) {
      return at..<end
    }
    at = text.index(after: at)
  }
  return nil
}

/// The parts of a text between occurrences of another, by characters, none of them dropped.
///
/// - Throws: `.interrupt` when the user has asked to stop.
public func pieces(of text: String, separatedBy separator: String) throws(Fault) -> [String] {
  if let cuts = try byteCuts(of: separator, in: text) { return try parts(of: text, between: cuts) }
  var parts: [String] = []
  var rest = Substring(text)
  while let range = firstRange(of: separator, in: rest) {
    parts.append(String(rest[..<range.lowerBound]))
    rest = rest[range.upperBound...]
    if parts.count % 1024 == 0 { try Interrupt.check() }
  }
  return parts + [String(rest)]
}

/// The words of a text, as blanks and line ends part them.
public func words(of text: String) throws(Fault) -> [String] {
  var text = text
  let cuts = text.withUTF8 { bytes -> [Range<Int>]? in
    var cuts: [Range<Int>] = []
    for (place, byte) in bytes.enumerated() {
      if byte >= 0x80 { return nil }
      if byte == 32 || (9...13).contains(byte) { cuts.append(place..<place + 1) }
    }
    return cuts
  }
  guard let cuts else { return text.split(whereSeparator: \.isWhitespace).map(String.init) }
  return try parts(of: text, between: cuts).filter { !$0.isEmpty }
}

/// Where a text of ASCII stands in another, as ranges of bytes; nil where bytes alone cannot tell, because a match
/// touches what may be one character with it.
func byteCuts(of separator: String, in text: String) throws(Fault) -> [Range<Int>]? {
  var (separator, text) = (separator, text)
  var fault: Fault?
  let cuts = separator.withUTF8 { part in
    text.withUTF8 { bytes -> [Range<Int>]? in
      guard let partBase = part.baseAddress, part.count > 0, part.allSatisfy({ $0 < 0x80 }) else { return nil }
      guard let base = bytes.baseAddress else { return [] }
      var cuts: [Range<Int>] = []
      var place = 0
      while bytes.count - place >= part.count,
        let found = memchr(base + place, Int32(part[0]), bytes.count - place - part.count + 1)
      {
        let start = UnsafeRawPointer(found) - UnsafeRawPointer(base)
        let end = start + part.count
        if memcmp(found, partBase, part.count) != 0 {
          place = start + 1
          continue
        }
        if start > 0, !isBoundary(bytes[start - 1], part[0]) { return nil }
        if end < bytes.count, !isBoundary(part[part.count - 1], bytes[end]) { return nil }
        cuts.append(start..<end)
        place = end
        if cuts.count % 65_536 == 0, Interrupt.isRequested {
          fault = Interrupt.fault()
          return nil
        }
      }
      return cuts
    }
  }
  if let fault { throw fault }
  return cuts
}

/// Whether two neighbouring bytes surely belong to two characters: ASCII does, but for a line end of two bytes.
private func isBoundary(_ first: UInt8, _ second: UInt8) -> Bool {
  first < 0x80 && second < 0x80 && !(first == 13 && second == 10)
}

private func parts(of text: String, between cuts: [Range<Int>]) throws(Fault) -> [String] {
  var text = text
  var fault: Fault?
  let parts = text.withUTF8 { bytes -> [String] in
    var parts: [String] = []
    parts.reserveCapacity(cuts.count + 1)
    var start = 0
    for cut in cuts {
      parts.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<cut.lowerBound]), as: UTF8.self))
      start = cut.upperBound
      if parts.count % 65_536 == 0, Interrupt.isRequested {
        fault = Interrupt.fault()
        return []
      }
    }
    parts.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start...]), as: UTF8.self))
    return parts
  }
  if let fault { throw fault }
  return parts
}

/// The first place of a text in another, counted in characters; nil where there is none.
public func firstPlace(of part: String, in text: String) throws(Fault) -> Int? {
  if part.utf8.allSatisfy({ $0 < 0x80 }), !part.isEmpty, !contains(part, in: text) { return nil }
  guard let range = firstRange(of: part, in: text) else { return nil }
  return text.distance(from: text.startIndex, to: range.lowerBound)
}

/// Whether the bytes of a text stand in another; those of an equal one surely do.
private func contains(_ part: String, in text: String) -> Bool {
  var (part, text) = (part, text)
  return part.withUTF8 { part in
    text.withUTF8 { bytes in
      guard let base = bytes.baseAddress, let partBase = part.baseAddress else { return part.isEmpty }
      var place = 0
      while bytes.count - place >= part.count,
        let found = memchr(base + place, Int32(part[0]), bytes.count - place - part.count + 1)
      {
        if memcmp(found, partBase, part.count) == 0 { return true }
        place = UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
      }
      return false
    }
  }
}

/// A text without blanks and line ends at both ends.
public func withoutBlanksAround(_ text: String) throws(Fault) -> String {
  var rest = Substring(text)
  var removed = 0
  while let first = rest.first, first.isWhitespace {
    rest.removeFirst()
    removed += 1
    if removed & 0xFFFF == 0 { try Interrupt.check() }
  }
  while let last = rest.last, last.isWhitespace {
    rest.removeLast()
    removed += 1
    if removed & 0xFFFF == 0 { try Interrupt.check() }
  }
  return String(rest)
}

/// A text changed scalar by scalar, in parts of a mebibyte.
public func converted(_ text: String, _ change: (String) -> String) throws(Fault) -> String {
  if text.utf8.count <= 1 << 20 { return change(text) }
  var result = ""
  result.reserveCapacity(text.utf8.count)
  var start = text.startIndex
  while start < text.endIndex {
    try Interrupt.check()
    var end = text.utf8.index(start, offsetBy: 1 << 20, limitedBy: text.endIndex) ?? text.endIndex
    while end < text.endIndex, UTF8.isContinuation(text.utf8[end]) { end = text.utf8.index(after: end) }
    result += change(String(Substring(text.utf8[start..<end])))
    start = end
  }
  return result
}

/// A text's characters, each a text of its own.
public func characters(of text: String) throws(Fault) -> [String] {
  var text = text
  let isASCII = text.withUTF8 { bytes in bytes.allSatisfy { $0 < 0x80 && $0 != 13 } }
  var all: [String] = []
  all.reserveCapacity(isASCII ? text.utf8.count : 0)
  if isASCII {
    for byte in text.utf8 {
      all.append(String(UnicodeScalar(byte)))
      if all.count % 65_536 == 0 { try Interrupt.check() }
    }
    return all
  }
  for character in text {
    all.append(String(character))
    if all.count % 4096 == 0 { try Interrupt.check() }
  }
  return all
}
