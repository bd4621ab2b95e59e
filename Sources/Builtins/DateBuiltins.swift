// The module `dates`: moments as seconds since 1970 in universal time, which arithmetic takes as it does other numbers, and
// durations as quantities of time.

import Faults
import Glibc
import Machine

private let momentParameter = BuiltinParameter.required("moment", .number, "seconds since 1970-01-01 in universal time, as `dates.now()` gives them")
private let formatDocumentation = "as strftime takes it: %Y-%m-%d, %H:%M:%S, %j, %A …"

/// dates.now, of, parts, text, parse.
let dateBuiltins: [Builtin] = [
  Builtin(
    "dates.now", [], returns: "float", subject: "dates", "This moment: seconds since 1970-01-01 00:00 in universal time. `time()` measures how long something takes.",
    example: "use dates\nprint(dates.now() > dates.of(2024, 1, 1))   # expect: true"
  ) { (_) throws(Fault) in
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return .float(WallClock.reading(Double(now.tv_sec) + Double(now.tv_nsec) / 1e9))
  },
  Builtin(
    "dates.of",
    [
      .required("year", .int, "the year"), .required("month", .int, "1 to 12"), .required("day", .int, "1 to 31"), .optional("hour", .int, default: "0", "0 to 23"),
      .optional("minute", .int, default: "0", "0 to 59"), .optional("second", .number, default: "0", "0 to below 60"),
    ],
    returns: "float", subject: "dates", "The moment of a date and a time of day, in universal time. Moments are subtracted, and a duration is added by `value(2h, s)`.",
    example: "use dates\nprint((dates.of(2024, 3, 1) - dates.of(2024, 2, 1)) / value(1h, s) / 24)   # expect: 29.0"
  ) { (call) throws(Fault) in
    let (year, month, day) = (try call.int(0), try call.int(1), try call.int(2))
    let (hour, minute, second) = (try call.int(3, default: 0), try call.int(4, default: 0), try call.number(5, default: 0))
    guard (-100_000...100_000).contains(year) else { throw call.wrong(0, "must be from -100000 to 100000, found \(year)") }
    guard (1...12).contains(month) else { throw call.wrong(1, "must be from 1 to 12, found \(month)") }
    guard (0...23).contains(hour) else { throw call.wrong(3, "must be from 0 to 23, found \(hour)") }
    guard (0...59).contains(minute) else { throw call.wrong(4, "must be from 0 to 59, found \(minute)") }
    guard second >= 0, second < 60 else { throw call.wrong(5, "must be from 0 to below 60, found \(floatText(second))") }
    var date = tm()
    (date.tm_year, date.tm_mon, date.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(clamping: day))
    (date.tm_hour, date.tm_min) = (Int32(hour), Int32(minute))
    let moment = timegm(&date)
    guard (1...31).contains(day), date.tm_mday == day else { throw call.wrong(2, "is \(day), which that month does not have") }
    return .float(Double(moment) + second)
  },
  Builtin(
    "dates.parts", [momentParameter], returns: "map", subject: "dates", "The year, month, day, hour, minute, second and weekday (1 is Monday) of a moment, in universal time.",
    example: "use dates\nlet d = dates.parts(dates.of(2024, 2, 29, 12))\nprint(d.month, d.day, d.hour, d.weekday)   # expect: 2 29 12 4"
  ) { (call) throws(Fault) in
    let (date, rest) = try broken(call)
    let weekday = (Int(date.tm_wday) + 6) % 7 + 1
    var parts: [(String, Value)] = [("year", .int(Int(date.tm_year) + 1900)), ("month", .int(Int(date.tm_mon) + 1))]
    parts += [("day", .int(Int(date.tm_mday))), ("hour", .int(Int(date.tm_hour))), ("minute", .int(Int(date.tm_min)))]
    parts += [("second", .float(Double(date.tm_sec) + rest)), ("weekday", .int(weekday))]
    return .map(parts)
  },
  Builtin(
    "dates.text", [momentParameter, .optional("format", .string, default: "\"%Y-%m-%dT%H:%M:%SZ\"", formatDocumentation)], returns: "string", subject: "dates", "A moment as text, in universal time.",
    example: "use dates\nprint(dates.text(0), dates.text(0, \"%d.%m.%Y\"))   # expect: 1970-01-01T00:00:00Z 01.01.1970"
  ) { (call) throws(Fault) in
    var (date, _) = try broken(call)
    let format = try call.string(1, default: "%Y-%m-%dT%H:%M:%SZ")
    if format.isEmpty { return .string("") }
    guard format.utf8.count <= 1000, !format.utf8.contains(0) else { throw call.wrong(1, "must be up to 1000 bytes without NUL") }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
      guard let base = buffer.baseAddress else { return .string("") }
      let count = strftime(base, buffer.count, format, &date)
      return .string(String(decoding: UnsafeBufferPointer(rebasing: buffer[..<count]).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
  },
  Builtin(
    "dates.parse", [.required("text", .string, "a date"), .optional("format", .string, default: "\"%Y-%m-%d\", with \"T%H:%M:%S\" where there is a time", "made of %Y %m %d %H %M %S %b and plain characters")],
    returns: "float", subject: "dates", "The moment that a text tells, in universal time; an error where it does not fit the format.",
    example: "use dates\nprint(dates.parse(\"1970-01-02\"), dates.parse(\"01.02.1970\", \"%d.%m.%Y\"))   # expect: 86400.0 2678400.0"
  ) { (call) throws(Fault) in
    try call.machine.checkReading("`dates.parse`")
    let text = try call.string(0)
    let hasTime = text.contains { $0 == ":" }
    let standard = hasTime ? (text.contains("T") ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S") : "%Y-%m-%d"
    let format = try call.string(1, default: standard)
    guard var date = DateReader.read(text, by: format, allowsZone: !call.has(1)) else {
      throw call.wrong(0, "is \(quoted(text)), which does not fit \(quoted(format))")
    }
    return .float(Double(timegm(&date)))
  },
]

/// A moment's calendar, and the part of a second beyond it.
private func broken(_ call: Call) throws(Fault) -> (tm, Double) {
  let moment = try call.number(0)
  guard moment.magnitude < 3e12 else { throw call.wrong(0, "must be within 3e12 seconds of 1970, found \(floatText(moment))") }
  let whole = moment.rounded(.down)
  var seconds = time_t(whole)
  var date = tm()
  gmtime_r(&seconds, &date)
  return (date, moment - whole)
}

/// Reads a date by a format of strftime's: numbers, names of months in English, and plain characters.
private enum DateReader {
  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
  private static let whole = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
  ]

  static func read(_ text: String, by format: String, allowsZone: Bool) -> tm? {
    var (rest, pattern, date) = (Substring(text), Substring(format), tm())
    date.tm_mday = 1
    while let wanted = pattern.popFirst() {
      guard wanted == "%", let kind = pattern.popFirst(), kind != "%" else {
        if rest.popFirst() != wanted { return nil }
        continue
      }
      guard set(kind, from: &rest, in: &date) else { return nil }
    }
    guard rest.isEmpty || (allowsZone && rest == "Z") else { return nil }
    let day = date.tm_mday
    var checked = date
    timegm(&checked)
    return checked.tm_mday == day ? date : nil
  }

  private static func set(_ kind: Character, from rest: inout Substring, in date: inout tm) -> Bool {
    func number(_ digits: Int, _ range: ClosedRange<Int32>) -> Int32? {
      let taken = rest.prefix(digits).prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(taken.count)
      return Int32(taken).flatMap { range.contains($0) ? $0 : nil }
    }
    switch kind {
    case "Y": return number(4, 0...9999).map { date.tm_year = $0 - 1900 } != nil
    case "m": return number(2, 1...12).map { date.tm_mon = $0 - 1 } != nil
    case "d", "e": return number(2, 1...31).map { date.tm_mday = $0 } != nil
    case "H": return number(2, 0...23).map { date.tm_hour = $0 } != nil
    case "M": return number(2, 0...59).map { date.tm_min = $0 } != nil
    case "S": return number(2, 0...60).map { date.tm_sec = $0 } != nil
    case "b", "B":
      let lower = rest.lowercased()
      for names in [whole, months] {
        guard let place = names.firstIndex(where: { lower.hasPrefix($0) }) else { continue }
        rest = rest.dropFirst(names[place].count)
        date.tm_mon = Int32(place)
        return true
      }
      return false
    default: return false
    }
  }
}
