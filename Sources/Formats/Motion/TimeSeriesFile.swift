// `.ts`: time series with classes or numbers, as aeon, sktime and the UEA & UCR archives have them. Lines of `@` tell what
// follows, then each line is a case: its channels between colons, its values between commas, its class at the end.

import Faults
import Texts

/// Reads a `.ts` file. Series that are shorter than the longest are filled with nan at their ends, as are missing values.
///
/// Throws `.file`, with the line that is wrong and what was expected there.
public func readTimeSeries(_ path: String) throws(Fault) -> SeriesSet {
  try decodeTimeSeries(try readText(path, limit: 1 << 32), name: shownPath(path), title: splitPath(path).name)
}

func decodeTimeSeries(_ text: String, name: String, title: String) throws(Fault) -> SeriesSet {
  var header = TimeSeriesHeader()
  var cases: [[[Float]]] = []
  var labels: [Int] = []
  var targets: [Float] = []
  var numbers: [String: Int] = [:]
  var isData = false
  for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    if index & 0xFF == 0 { try Interrupt.check() }
    let line = trimmed(raw)
    func wrong(_ found: String) -> Fault { Fault(.file, "\(name) is malformed in line \(index + 1)", label: found) }
    if line.isEmpty || line.hasPrefix("#") { continue }
    if line.hasPrefix("@") {
      if isData { throw wrong("`\(line.prefix(30))` stands behind @data") }
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      if words[0].lowercased() == "@data" {
        isData = true
        for (number, label) in header.classes.enumerated() { numbers[label] = number }
        if numbers.count < header.classes.count { throw wrong("@classLabel names a class twice") }
        if !header.hasClasses, !header.hasTargets { throw wrong("neither @classLabel true nor @targetLabel true stands before @data") }
      } else if let problem = header.read(words) {
        throw wrong(problem)
      }
      continue
    }
    if !isData { throw wrong("`\(line.prefix(30))` stands before @data") }
    if header.hasTimes { throw Fault(.file, "\(name) holds series with times", label: "@timestamps true; only series of equal steps are read") }
    var parts = line.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 2, let last = parts.popLast() else { throw wrong("channels, a colon and a class or a number are expected") }
    if let dimensions = header.dimensions, dimensions != parts.count {
      throw wrong("it has \(counted(parts.count, "channel")), and the header says \(dimensions)")
    }
    if let before = cases.first?.count, before != parts.count { throw wrong("it has \(counted(parts.count, "channel")), the cases before have \(before)") }
    var channels: [[Float]] = []
    for (channel, part) in parts.enumerated() {
      var values: [Float] = []
      for field in part.split(separator: ",", omittingEmptySubsequences: false) {
        let text = trimmed(field)
        let isMissing = text == "?" || text.lowercased() == "nan"
        guard let value = isMissing ? .nan : Float(text) else { throw wrong("`\(text.prefix(20))` in channel \(channel + 1) is no number") }
        values.append(value)
      }
      if let first = channels.first, first.count != values.count {
        throw wrong("channel \(channel + 1) has \(counted(values.count, "value")), channel 1 has \(first.count)")
      }
      channels.append(values)
    }
    if let length = header.length, header.isEqual, channels[0].count != length { throw wrong("it has \(channels[0].count) steps, and the header says \(length)") }
    let target = trimmed(last)
    if header.hasTargets {
      guard let value = Float(target) else { throw wrong("`\(target.prefix(20))` is no number to come to") }
      targets.append(value)
    } else {
      guard let number = numbers[target] else { throw wrong("`\(target.prefix(20))` is none of the classes \(header.classes.prefix(10).joined(separator: ", "))") }
      labels.append(number)
    }
    cases.append(channels)
  }
  if !isData { throw Fault(.file, "\(name) is not a .ts file", label: "it has no line @data") }
  guard let channels = cases.first?.count else { throw Fault(.file, "\(name) holds no series", label: "it ends behind @data") }
  let steps = cases.map { $0[0].count }.max() ?? 0
  var values: [Float] = []
  guard let size = checkedProduct([cases.count, steps, channels]), size < 1 << 33 else {
    throw Fault(.limit, "\(name) is too large", label: "\(cases.count) series of \(steps) steps and \(channels) channels")
  }
  values.reserveCapacity(size)
  for series in cases {
    try Interrupt.check()
    for step in 0..<steps { for channel in series { values.append(step < channel.count ? channel[step] : .nan) } }
  }
  return SeriesSet(
    name: header.problem ?? title, values: values, steps: steps, channels: channels, labels: labels, classNames: header.hasTargets ? [] : header.classes, targets: targets)
}

/// What the lines of `@` say.
private struct TimeSeriesHeader {
  var problem: String?
  var hasTimes = false
  var isEqual = false
  var length: Int?
  var dimensions: Int?
  var classes: [String] = []
  var hasClasses = false
  var hasTargets = false

  /// Takes a line in; gives what is wrong with it.
  mutating func read(_ words: [String]) -> String? {
    let key = words[0].lowercased()
    let isTrue = words.count > 1 && words[1].lowercased() == "true"
    switch key {
    case "@problemname": problem = words.dropFirst().joined(separator: " ")
    case "@timestamps": hasTimes = isTrue
    case "@equallength": isEqual = isTrue
    case "@univariate": if isTrue { dimensions = dimensions ?? 1 }
    case "@dimensions", "@dimension", "@serieslength":
      guard words.count > 1, let number = Int(words[1]), number >= 1 else { return "\(words[0]) wants a whole number of at least 1" }
      if key == "@serieslength" { length = number } else { dimensions = number }
    case "@classlabel":
      hasClasses = isTrue
      classes = isTrue ? Array(words.dropFirst(2)) : []
      if isTrue, classes.isEmpty { return "@classLabel true names no class" }
    case "@targetlabel": hasTargets = isTrue
    default: break
    }
    return nil
  }
}
