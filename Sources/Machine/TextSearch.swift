import Faults
import Glibc

// Looking for texts in texts. Bytes decide where a match can be, characters decide whether it is one, and no walk over a
// long text is deaf.

/// A text's bytes.
func withBytes<Result>(
  of text: String, _ body: (UnsafeBufferPointer<UInt8>) throws(Fault) -> Result
) throws(Fault) -> Result {
  var text = text
  let result = text.withUTF8 { bytes -> Swift.Result<Result, Fault> in
    do throws(Fault) { return .success(try body(bytes)) } catch { return .failure(error) }
  }
  return try result.get()
}

/// Stretches of a text that are cut between characters, one after the other.
func forEachStretch(of text: String, _ body: (Substring) throws(Fault) -> Void) throws(Fault) {
  var text = text
  text.makeContiguousUTF8()
  var start = text.startIndex
  while start < text.endIndex {
    try Interrupt.check()
    var end = text.utf8.index(start, offsetBy: 1 << 17, limitedBy: text.endIndex) ?? text.endIndex
    if end < text.endIndex {
      // The first character may be longer than that; else up to the one before the one that is cut.
      let first = text.index(after: start)
      end = first < end ? max(first, text.index(before: end)) : first
    }
    try body(text[start..<end])
    start = end
  }
}

/// Whether every byte is a character: ASCII without the carriage return, which joins with a line feed.
func isSimple(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  // Without branches, for many bytes at once.
  var all: UInt8 = 0
  var returns: UInt8 = 0
  for byte in bytes {
    all |= byte
    returns |= byte == 13 ? 1 : 0
  }
  return all < 0x80 && returns == 0
}

/// The first occurrence of a text in a short one, by characters; nil where there is none.
public func firstRange(of part: String, in text: String) -> Range<String.Index>? {
  (try? occurrence(of: part, in: text)) ?? nil
}

public func firstRange(of part: String, in text: Substring) -> Range<String.Index>? {
  guard let range = (try? occurrence(of: part, in: text.base, from: text.startIndex)) ?? nil else { return nil }
  return range.upperBound <= text.endIndex ? range : nil
}

/// The first occurrence of a text in another from a place on, by characters; nil where there is none.
func occurrence(of part: String, in text: String, from start: String.Index? = nil) throws(Fault) -> Range<String.Index>? {
  guard let first = part.utf8.first else { return nil }
  let begin = start ?? text.startIndex
  let isBare = part.utf8.allSatisfy { $0 < 0x80 }
  return try withBytes(of: text) { (bytes) throws(Fault) in
    guard let base = bytes.baseAddress else { return nil }
    func index(_ place: Int) -> String.Index { text.utf8.index(text.startIndex, offsetBy: place) }
    var place = text.utf8.distance(from: text.startIndex, to: begin)
    var looked = 0
    while place < bytes.count {
      let end = min(bytes.count, place + 1 << 20)
      guard let found = memchr(base + place, Int32(first), end - place) else {
        if end < bytes.count { try Interrupt.check() }
        place = end
        continue
      }
      let start = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      place = start + 1
      looked += 1
      if looked & 0xFFF == 0 { try Interrupt.check() }
      // A text of ASCII is equal to no other bytes than its own.
      if isBare, !bytes[start...].starts(with: part.utf8) { continue }
      let at = index(start)
      guard String.Index(at, within: text) != nil, text[at...].hasPrefix(part),
        let end = text.index(at, offsetBy: part.count, limitedBy: text.endIndex)
      else { continue }
      return at..<end
    }
    return nil
  }
}

/// Calls a body with the parts of a text between occurrences of another, by characters, none of them dropped.
private func forEachPiece(
  of text: String, separatedBy separator: String, _ body: (String) throws(Fault) -> Void
) throws(Fault) {
  if let cuts = try byteCuts(of: separator, in: text) { return try forEachPart(of: text, between: cuts, body) }
  var text = text
  text.makeContiguousUTF8()
  var start = text.startIndex
  while let range = try occurrence(of: separator, in: text, from: start) {
    try body(String(text[start..<range.lowerBound]))
    start = range.upperBound
  }
  try body(String(text[start...]))
}

/// The parts of a text between occurrences of another, by characters, none of them dropped.
///
/// - Throws: `.interrupt` when the user has asked to stop.
public func pieces(of text: String, separatedBy separator: String) throws(Fault) -> [String] {
  var parts: [String] = []
  try forEachPiece(of: text, separatedBy: separator) { parts.append($0) }
  return parts
}

extension Value {
  /// The parts of a text between occurrences of another, by characters, as a list, owned.
  public static func pieces(of text: String, separatedBy separator: String) throws(Fault) -> Value {
    try ListBuilder.build { (list) throws(Fault) in
      try forEachPiece(of: text, separatedBy: separator) { (piece) throws(Fault) in try list.append(.string(piece)) }
    }
  }

  /// The lines of a text, as a list, owned; an end of line ends the last one.
  public static func lines(of text: String) throws(Fault) -> Value {
    var text = text
    if text.last == "\n" { text.removeLast() } else if text.isEmpty { return .list([]) }
    return try pieces(of: text, separatedBy: "\n")
  }

  /// The words of a text, as blanks and line ends part them, as a list, owned.
  public static func words(of text: String) throws(Fault) -> Value {
    let cuts = try withBytes(of: text) { (bytes) throws(Fault) -> [Range<Int>]? in
      var cuts: [Range<Int>] = []
      var isBare = true
      try Interrupt.parts(bytes.count) { part in
        for place in part {
          let byte = bytes[place]
          if byte >= 0x80 { isBare = false }
          if byte == 32 || (byte >= 9 && byte <= 13) { cuts.append(place..<place + 1) }
        }
      }
      return isBare ? cuts : nil
    }
    return try ListBuilder.build { (list) throws(Fault) in
      func add(_ word: String) throws(Fault) { if !word.isEmpty { try list.append(.string(word)) } }
      if let cuts { return try forEachPart(of: text, between: cuts, add) }
      var word = ""
      for character in text {
        if !character.isWhitespace {
          word.append(character)
        } else {
          try add(word)
          word = ""
        }
      }
      try add(word)
    }
  }

  /// A text's characters, each a text of its own, as a list, owned.
  public static func characters(of text: String) throws(Fault) -> Value {
    let count = text.utf8.count
    return try ListBuilder.build(capacity: count < 1 << 24 ? count : 0) { (list) throws(Fault) in
      try forEachStretch(of: text) { (stretch) throws(Fault) in
        for character in stretch { try list.append(.string(String(character))) }
      }
    }
  }
}

/// A text from its last character to its first.
public func reversed(_ text: String) throws(Fault) -> String {
  var stretches: [String] = []
  try forEachStretch(of: text) { stretches.append(String($0.reversed())) }
  return stretches.reversed().joined()
}

/// The number of a text's characters.
func characterCount(of text: String) throws(Fault) -> Int {
  let simple = try withBytes(of: text) { (bytes) throws(Fault) in
    var simple = true
    try Interrupt.parts(bytes.count, of: 1 << 20) { simple = simple && isSimple(UnsafeBufferPointer(rebasing: bytes[$0])) }
    return simple
  }
  if simple { return text.utf8.count }
  var count = 0
  try forEachStretch(of: text) { count += $0.count }
  return count
}

/// Where a text of ASCII stands in another, as ranges of bytes; nil where bytes alone cannot tell, because a match
/// touches what may be one character with it.
func byteCuts(of separator: String, in text: String) throws(Fault) -> [Range<Int>]? {
  var cuts: [Range<Int>] = []
  return try forEachByteCut(of: separator, in: text) { cuts.append($0) } ? cuts : nil
}

/// How often a text stands in another, by characters, without overlaps.
public func occurrences(of part: String, in text: String) throws(Fault) -> Int {
  var count = 0
  if try forEachByteCut(of: part, in: text, { _ in count += 1 }) { return count }
  return try pieces(of: text, separatedBy: part).count - 1
}

/// Calls a body with each of them; false where bytes cannot tell, perhaps after some.
@inline(__always)
private func forEachByteCut(of separator: String, in text: String, _ body: (Range<Int>) -> Void) throws(Fault) -> Bool {
  let part = Array(separator.utf8)
  if part.isEmpty || part.contains(where: { $0 >= 0x80 }) { return false }
  return try withBytes(of: text) { (bytes) throws(Fault) -> Bool in
    guard let base = bytes.baseAddress else { return true }
    let (first, length) = (part[0], part.count)
    let second = length > 1 ? part[1] : 0
    var place = 0
    var looked = 0
    while bytes.count - place >= length {
      looked += 1
      if looked & 0xFFFF == 0 { try Interrupt.check() }
      let end = min(bytes.count - length + 1, place + 1 << 20)
      // What stands near is found sooner by going there than by a call.
      let near = min(end, place + 16)
      while place < near, base[place] != first { place += 1 }
      if place == near {
        if place == end { continue }
        guard let found = memchr(base + place, Int32(first), end - place) else {
          try Interrupt.check()
          place = end
          continue
        }
        place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      }
      let start = place
      let stop = start + length
      if length > 1, base[start + 1] != second || (length > 2 && memcmp(base + start, part, length) != 0) {
        place = start + 1
        continue
      }
      if start > 0, !isBoundary(bytes[start - 1], part[0]) { return false }
      if stop < bytes.count, !isBoundary(part[length - 1], bytes[stop]) { return false }
      body(start..<stop)
      place = stop
    }
    return true
  }
}

/// Whether two neighbouring bytes surely belong to two characters: ASCII does, but for a line end of two bytes.
private func isBoundary(_ first: UInt8, _ second: UInt8) -> Bool {
  first < 0x80 && second < 0x80 && !(first == 13 && second == 10)
}

private func forEachPart(
  of text: String, between cuts: [Range<Int>], _ body: (String) throws(Fault) -> Void
) throws(Fault) {
  try withBytes(of: text) { (bytes) throws(Fault) in
    func text(_ range: Range<Int>) -> String { String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) }
    var start = 0
    try Interrupt.parts(cuts.count) { (part) throws(Fault) in
      for place in part {
        try body(text(start..<cuts[place].lowerBound))
        start = cuts[place].upperBound
      }
    }
    try body(text(start..<bytes.count))
  }
}

/// The first place of a text in another, counted in characters; nil where there is none.
public func firstPlace(of part: String, in text: String) throws(Fault) -> Int? {
  guard let range = try occurrence(of: part, in: text) else { return nil }
  return try characterCount(of: String(text[..<range.lowerBound]))
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
