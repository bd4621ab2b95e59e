// What a run leaves behind: a folder of plain files, each of use as soon as it is written.

import Faults
import Glibc

/// The folder of one run: `run.json` with the facts, `script.snn` as it ran, `metrics.jsonl` with a line for each number that
/// was logged, and `figure-1.svg` and so on. All of it is on the disk at once, so that a run that is killed leaves what it had.
///
/// The rules for files of the run itself, and its Ctrl-C, are none of the folder's. What cannot be written is told once, and
/// the run goes on.
public final class RunFolder {
  public let path: String
  /// Seconds from 1970 to the beginning of the run.
  public let started: Double
  /// Told of what could not be written.
  public var warn: (String) -> Void = { _ in }
  /// Called when a training begins: what a run has read is known by then.
  public var fitBegins: () -> Void = {}
  private let events: TensorBoardEvents?
  /// How many numbers each name has.
  private var counts: [String: Int] = [:]
  private var fits = 0
  private var figures = 0
  private var hasWarned = false

  /// Makes a folder of its own for a run in a folder, which is made where there is none. Throws `.file`.
  ///
  /// - Parameters:
  ///   - name: what its name ends in; the date and the time stand before it.
  ///   - writesEvents: whether TensorBoard is to find an event file in it.
  public init(in parent: String, name: String, started: Double, writesEvents: Bool) throws(Fault) {
    try makeFolder(parent)
    self.started = started
    let date = dateText(started, "%Y-%m-%d-%H%M%S")
    path = try makeNewFolder("\(parent)/\(date)-\(String(name.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "_" }.prefix(80)))")
    events = writesEvents ? try TensorBoardEvents(in: path, started: started) : nil
  }

  /// Writes the facts in place of those that stood there.
  public func write(_ facts: JSON) { apart { () throws(Fault) in try writeText(facts.text(indent: 2) + "\n", to: "\(path)/run.json") } }

  public func write(script: String) { apart { () throws(Fault) in try writeText(script, to: "\(path)/script.snn") } }

  public func add(figure svg: String) {
    figures += 1
    apart { () throws(Fault) in try writeText(svg, to: "\(path)/figure-\(figures).svg") }
  }

  /// The number of a further training, from 1.
  public func nextFit() -> Int {
    fits += 1
    fitBegins()
    return fits
  }

  /// Logs numbers of one moment, each with its step, which is the next of its name where none is given.
  public func log(_ numbers: [(name: String, step: Int?, value: Double)]) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - started
    var metrics: [RunMetric] = []
    for number in numbers {
      let count = counts[number.name, default: 0]
      counts[number.name] = count + 1
      metrics.append(RunMetric(name: number.name, step: number.step ?? count, value: number.value, seconds: seconds))
    }
    apart { () throws(Fault) in
      try appendText(metrics.map { $0.json.text + "\n" }.joined(), to: "\(path)/metrics.jsonl")
      try events?.add(metrics)
    }
  }

  private func apart(_ body: () throws(Fault) -> Void) {
    do {
      try FileRules.$current.withValue(.open) {
        try FilesRead.$current.withValue(nil) { try Interrupt.inOwnRun { try body() } }
      }
    } catch {
      if hasWarned { return }
      hasWarned = true
      let fault = error as? Fault
      warn("the run is not recorded whole: \(fault?.title ?? "\(error)")\(fault?.label.map { ": \($0)" } ?? "")")
    }
  }
}

/// One number that a run logged.
public struct RunMetric: Sendable, Equatable {
  public var name: String
  public var step: Int
  public var value: Double
  /// Since the beginning of the run.
  public var seconds: Double

  var json: JSON { ["name": .string(name), "step": .integer(step), "value": .number(value), "seconds": .number(seconds)] }
}

/// What a run left behind, as it is read from its folder.
public struct RecordedRun: Sendable {
  /// The name of its folder.
  public var name: String
  public var path: String
  /// An object.
  public var facts: JSON
  public var metrics: [RunMetric]
  /// The names of its figures.
  public var figures: [String]

  /// Whether the process that makes it is still there.
  public var isRunning: Bool {
    guard facts["finished"] == nil || facts["finished"] == .null, let process = facts["process"]?.integerValue.flatMap({ pid_t(exactly: $0) }), process > 0
    else { return false }
    return kill(process, 0) == 0 || errno == EPERM
  }

  /// The runs that a folder holds, in the order in which they began. Folders without a `run.json` are none. Throws `.file`.
  public static func all(in folder: String) throws(Fault) -> [RecordedRun] {
    var runs: [RecordedRun] = []
    for name in try listFolder(folder) where try isFolder("\(folder)/\(name)") {
      try Interrupt.check()
      let path = "\(folder)/\(name)"
      guard try fileExists("\(path)/run.json") else { continue }
      let facts = try JSON.parse(try readText("\(path)/run.json"))
      guard facts["neuedge run"]?.integerValue == 1 else {
        throw Fault(.file, "\(shownPath("\(path)/run.json")) does not tell of a run", label: "its first member is not \"neuedge run\": 1")
      }
      let figures = try listFolder(path).filter { $0.hasPrefix("figure-") && $0.hasSuffix(".svg") }
      runs.append(RecordedRun(name: name, path: path, facts: facts, metrics: try metrics(in: path), figures: figures))
    }
    return runs.sorted { ($0.started, $0.name) < ($1.started, $1.name) }
  }

  public var started: Double { facts["started_seconds"]?.numberValue ?? 0 }

  /// The numbers in a folder. A last line that was not written to its end is left out.
  private static func metrics(in folder: String) throws(Fault) -> [RunMetric] {
    let path = "\(folder)/metrics.jsonl"
    guard try fileExists(path) else { return [] }
    let text = try readText(path, limit: 1 << 30)
    var metrics: [RunMetric] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.dropLast().enumerated() {
      if number & 0xFFF == 0 { try Interrupt.check() }
      let json = try JSON.parse(String(line))
      guard let name = json["name"]?.stringValue, let step = json["step"]?.integerValue, let value = json["value"]?.numberValue,
        let seconds = json["seconds"]?.numberValue
      else { throw Fault(.file, "\(shownPath(path)) is damaged", label: "line \(number + 1) is no number with name, step and seconds") }
      metrics.append(RunMetric(name: name, step: step, value: value, seconds: seconds))
    }
    return metrics
  }
}

/// A moment in universal time as `strftime` writes it.
public func dateText(_ seconds: Double, _ format: String) -> String {
  var (now, parts) = (time_t(exactly: seconds.rounded(.down)) ?? 0, tm())
  gmtime_r(&now, &parts)
  var text = [CChar](repeating: 0, count: 128)
  let count = strftime(&text, text.count, format, &parts)
  return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
