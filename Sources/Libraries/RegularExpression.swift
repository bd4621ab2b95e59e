// Regular expressions by PCRE2, whose syntax is that of Perl, and nearly that of Python.

import Faults

private typealias Compile = @convention(c) (
  UnsafePointer<UInt8>?, Int, UInt32, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int>, OpaquePointer?
) -> OpaquePointer?
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
    let result = library.match(code, bytes.baseAddress, bytes.count, start, Self.isChecked, data, nil)
    if result == -1 { return nil }
    if result < 0 {
      throw Fault(
        .limit, "a regular expression gave up", label: library.text(of: result),
        help: "repetitions inside repetitions, as in (a+)+, can match in too many ways")
    }
    var ranges: [Range<Int>?] = []
    for group in 0...groups {
      let (low, high) = (places[2 * group], places[2 * group + 1])
      // What took no part has the largest unsigned number in both places.
      ranges.append(group < Int(result) && low >= 0 && low <= high ? low..<high : nil)
    }
    return ranges
  }

  /// Every match from left to right, none overlapping another; an empty one moves on by a character.
  public func forEachMatch(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: ([Range<Int>?], Range<Int>) throws(Fault) -> Void
  ) throws(Fault) {
    var start = 0
    while start <= bytes.count {
      try Interrupt.check()
      guard let ranges = try match(bytes, from: start), let whole = ranges[0] else { return }
      try body(ranges, whole)
      start = max(whole.upperBound, start)
      if whole.isEmpty {
        start += 1
        while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
      }
    }
  }
}
