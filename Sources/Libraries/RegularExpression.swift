// Regular expressions by PCRE2, whose syntax is that of Perl, and nearly that of Python.

import Faults

private typealias Compile = @convention(c) (
  UnsafePointer<UInt8>?, Int, UInt32, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int>, OpaquePointer?
) -> OpaquePointer?
private typealias Translate = @convention(c) (OpaquePointer, UInt32) -> Int32
private typealias MakeData = @convention(c) (OpaquePointer, OpaquePointer?) -> OpaquePointer?
private typealias Match = @convention(c) (
  OpaquePointer, UnsafePointer<UInt8>?, Int, Int, UInt32, OpaquePointer, OpaquePointer?
) -> Int32
private typealias Places = @convention(c) (OpaquePointer) -> UnsafeMutablePointer<Int>?
private typealias Count = @convention(c) (OpaquePointer) -> UInt32
private typealias Message = @convention(c) (Int32, UnsafeMutablePointer<UInt8>, Int) -> Int32
private typealias Free = @convention(c) (OpaquePointer?) -> Void

/// The functions of the library, looked up once.
private struct PCRE2: Sendable {
  let compile: Compile
  let translate: Translate
  let makeData: MakeData
  let match: Match
  let places: Places
  let count: Count
  let message: Message
  let freeCode: Free
  let freeData: Free

  init() throws(Fault) {
    let library = try SharedLibrary("libpcre2-8.so.0", package: "libpcre2-8-0", purpose: "a regular expression")
    compile = try library.function("pcre2_compile_8", as: Compile.self)
    translate = try library.function("pcre2_jit_compile_8", as: Translate.self)
    makeData = try library.function("pcre2_match_data_create_from_pattern_8", as: MakeData.self)
    match = try library.function("pcre2_match_8", as: Match.self)
    places = try library.function("pcre2_get_ovector_pointer_8", as: Places.self)
    count = try library.function("pcre2_get_ovector_count_8", as: Count.self)
    message = try library.function("pcre2_get_error_message_8", as: Message.self)
    freeCode = try library.function("pcre2_code_free_8", as: Free.self)
    freeData = try library.function("pcre2_match_data_free_8", as: Free.self)
  }

  func text(of code: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = message(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
  }
}

/// A compiled pattern.
public final class RegularExpression {
  /// Characters are Unicode's, and so are classes such as \w; what is searched is known to be UTF-8.
  private static let options: UInt32 = 0x0008_0000 | 0x0002_0000
  private static let isChecked: UInt32 = 0x4000_0000
  /// Matches that are complete, and no others.
  private static let complete: UInt32 = 1
  private static let isInterpreted: UInt32 = 0x2000
  private static let noMatch: Int32 = -1
  private static let outOfStack: Int32 = -46

  private let library: PCRE2
  private let code: OpaquePointer
  private let data: OpaquePointer
  private let places: UnsafeMutablePointer<Int>
  /// How many groups in parentheses the pattern has.
  public let groups: Int

  /// - Throws: `.value`, with the place, for a pattern that cannot be read; `.file` where the library is missing.
  public init(_ pattern: String) throws(Fault) {
    library = try PCRE2()
    var problem: Int32 = 0
    var place = 0
    let bytes = Array(pattern.utf8)
    guard let code = library.compile(bytes, bytes.count, Self.options, &problem, &place, nil) else {
      let before = String(decoding: bytes.prefix(place), as: UTF8.self)
      throw Fault(
        .value, "the regular expression cannot be read", label: "\(library.text(of: problem)), behind \(before.count) characters",
        help: "r\"…\" keeps backslashes as they are; a plain character among . ^ $ * + ? ( ) [ ] { } | \\ has a backslash before it")
    }
    // Machine code is some times faster. A library without it, or a system that allows none, interprets the pattern.
    _ = library.translate(code, Self.complete)
    guard let data = library.makeData(code, nil), let places = library.places(data) else {
      library.freeCode(code)
      throw Fault(.limit, "no memory for a regular expression")
    }
    (self.code, self.data, self.places) = (code, data, places)
    groups = Int(library.count(data)) - 1
  }

  deinit {
    library.freeData(data)
    library.freeCode(code)
  }

  /// The first match at or behind an offset of UTF-8 bytes: where it and its groups stand, nil for a group that took no part.
  ///
  /// - Throws: `.limit` where the pattern tries too many ways to match.
  public func match(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) throws(Fault) -> [Range<Int>?]? {
    let result = try find(bytes, from: start)
    return result == Self.noMatch ? nil : ranges(result)
  }

  /// Looks for a match: the number of places it leaves behind, or `noMatch`.
  private func find(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) throws(Fault) -> Int32 {
    var result = library.match(code, bytes.baseAddress, bytes.count, start, Self.isChecked, data, nil)
    if result == Self.outOfStack {
      // Machine code has 32 KB of its own for ways that are still to be tried; the interpreter has more.
      result = library.match(code, bytes.baseAddress, bytes.count, start, Self.isChecked | Self.isInterpreted, data, nil)
    }
    if result >= Self.noMatch { return result }
    throw Fault(
      .limit, "a regular expression gave up", label: library.text(of: result),
      help: "repetitions inside repetitions, as in (a+)+, can match in too many ways")
  }

  /// Where the last match and its groups stand.
  private func ranges(_ found: Int32) -> [Range<Int>?] {
    (0...groups).map { group in group < Int(found) ? range(group) : nil }
  }

  /// Where a group of the last match stands. What took no part has the largest unsigned number in both places.
  private func range(_ group: Int) -> Range<Int>? {
    let (low, high) = (places[2 * group], places[2 * group + 1])
    return low >= 0 && low <= high ? low..<high : nil
  }

  /// Every match from left to right, none overlapping another, and its groups.
  public func forEachMatch(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: ([Range<Int>?], Range<Int>) throws(Fault) -> Void
  ) throws(Fault) {
    try forEach(bytes) { (found, whole) throws(Fault) in try body(ranges(found), whole) }
  }

  /// Every match from left to right, none overlapping another, without its groups.
  public func forEachWhole(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) throws(Fault) -> Void) throws(Fault) {
    try forEach(bytes) { (_, whole) throws(Fault) in try body(whole) }
  }

  /// An empty match moves on by a character.
  private func forEach(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: (Int32, Range<Int>) throws(Fault) -> Void
  ) throws(Fault) {
    var start = 0
    while start <= bytes.count {
      try Interrupt.check()
      let found = try find(bytes, from: start)
      guard found != Self.noMatch, let whole = range(0) else { return }
      try body(found, whole)
      start = max(whole.upperBound, start)
      if whole.isEmpty {
        start += 1
        while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
      }
    }
  }
}
