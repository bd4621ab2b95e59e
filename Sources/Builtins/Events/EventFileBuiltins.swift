// The module `events`: recordings larger than memory, windows of recordings, and recordings as moving pictures.

import Events
import Faults
import Formats
import Language
import Machine
import Plots
import Tensors

private let timeKind = Kind.int | .quantity

/// What tells how a file is read, as `events.load` and `events.open` take it.
let eventFileParameters: [BuiltinParameter] = [
  .required("path", .string, "a recording of an event camera"),
  .optional("format", .string | .nil, default: "by the file's own bytes", "one of `events.formats()`"),
  .optional("width", .int | .nil, default: "nil", "columns of the sensor, with `height`, for a file that does not say them"),
  .optional("height", .int | .nil, default: "nil", "rows of the sensor"),
  .optional("camera", .string, default: "\"left\"", "which of two cameras: \"left\" or \"right\""),
  .optional("partial", .bool, default: "false", "whether a damaged or truncated file gives the events in front of the damage"),
]

extension Call {
  /// What `eventFileParameters` say.
  func eventOptions() throws(Fault) -> EventOptions {
    var options = EventOptions()
    if isGiven("format") { options.format = try string(place("format")) }
    if isGiven("width") != isGiven("height") {
      throw wrong(place(isGiven("width") ? "height" : "width"), "is missing", help: "a sensor has a width and a height")
    }
    if isGiven("width") {
      options.width = try int(place("width"))
      options.height = try int(place("height"))
    }
    options.camera = try string(place("camera"), default: options.camera)
    if options.camera != "left", options.camera != "right" {
      throw wrong(place("camera"), "must be \"left\" or \"right\", found \"\(options.camera)\"")
    }
    options.isPartial = try bool(place("partial"), default: false)
    return options
  }
}

/// What the builtins take that need no events in memory.
let recordingParameter = BuiltinParameter.required(
  "events", .foreign(EventsValue.typeName) | .foreign(EventFileValue.typeName), "a recording of an event camera, in memory or in a file")

let eventsOpen = Builtin(
  "events.open", eventFileParameters, returns: "event_file", subject: "events",
  """
  Opens a recording that stays in its file, which may be larger than memory: `f[a..b]` gives some of its events, \
  `events.between(f, start, end)` those of a stretch of time, `events.windows` one window after the other, and \
  `events.dataset` samples for training. It reads what `events.load` reads, with the same errors.

  Opening reads the file once to its end, and keeps of each 65,000 events or more where they lie and which times they have; \
  what is asked for is then found at once.
  """,
  example: """
    use events
    events.save(events.from(range(1000), [i % 8 for i in 0..1000], [0] * 1000, [1] * 1000, 8, 4), "/tmp/snn-open.aedat4")
    let f = events.open("/tmp/snn-open.aedat4")
    print(len(f), f[10..13].times, len(events.between(f, 500, 0.6ms)))   # expect: 1000 [10, 11, 12] 100
    remove_file("/tmp/snn-open.aedat4")
    """
) { (call) throws(Fault) in .foreign(EventFileValue(try EventFile(try call.string(0), try call.eventOptions()))) }

let eventsWindows = Builtin(
  "events.windows",
  [
    recordingParameter,
    .optional("step", timeKind | .nil, default: "nil", "how long a window lasts, in microseconds or as in `10ms`", dimension: .time),
    .optional("count", .int | .nil, default: "nil", "how many events a window has; the last has the rest"),
    .optional(
      "every", timeKind | .nil, default: "as long as a window", "from the start of one window to that of the next: a time, or with `count` a number of events"),
    .optional("start", timeKind | .nil, default: "the earliest event's time", "where the first window begins", dimension: .time),
    .optional("end", timeKind | .nil, default: "right after the latest event", "before which windows begin", dimension: .time),
  ],
  returns: "event_windows", subject: "events",
  """
  Windows of a recording one after the other, by time or by number of events: `for part in events.windows(f, step=10ms)` \
  gives the events of each, also those without any. Of a recording that `events.open` opened each is read when it is asked \
  for, the second core reads the next one meanwhile, and memory holds no more than these.
  """,
  example: """
    use events
    let e = events.from([0, 500, 600, 2900], [2, 3, 7, 3], [2, 2, 7, 3], [1, 0, 1, 1], width=8, height=8)
    print([len(part) for part in events.windows(e, step=1ms)])   # expect: [3, 0, 1]
    print([part.times for part in events.windows(e, count=3)])   # expect: [[0, 500, 600], [2900]]
    """
) { (call) throws(Fault) in .foreign(EventWindowsValue(try eventWindows(call))) }

private func eventWindows(_ call: Call) throws(Fault) -> EventWindows {
  let source = try call.recording()
  guard call.isGiven("step") != call.isGiven("count") else {
    throw Fault(.call, "`events.windows` takes either step= or count=", help: "events.windows(f, step=10ms)")
  }
  if call.isGiven("count") {
    if call.isGiven("start") || call.isGiven("end") {
      throw Fault(.call, "windows by number of events have no start and no end", help: "cut the events first, as by `events.between`")
    }
    let length = try call.int(call.place("count"), atLeast: 1)
    let every = call.isGiven("every") ? try call.int(call.place("every"), atLeast: 1) : length
    return EventWindows(source: source, cut: .number(length: length, every: every), count: source.count == 0 ? 0 : (source.count - 1) / every + 1)
  }
  let length = try call.neededMicroseconds("step")
  if length <= 0 { throw call.wrong(call.place("step"), "must be above 0") }
  let every = try call.microseconds("every") ?? length
  if every <= 0 { throw call.wrong(call.place("every"), "must be above 0") }
  let range = source.timeRange
  let start = try call.microseconds("start") ?? range?.lowerBound ?? 0
  let (after, isLast) = (range?.upperBound ?? 0).addingReportingOverflow(range == nil ? 0 : 1)
  let end = try call.microseconds("end") ?? max(start, isLast ? .max : after)
  if end < start { throw Fault(.value, "`end` is before `start`", label: "from \(start) us to \(end) us") }
  let (span, overflow) = end.subtractingReportingOverflow(start)
  if overflow { throw Fault(.value, "the windows span more than 64 bits", label: "from \(start) us to \(end) us") }
  return EventWindows(
    source: source, cut: .time(start: start, length: length, every: every), count: span == 0 ? 0 : Int((span - 1) / every + 1))
}

let eventsAnimate = Builtin(
  "events.animate",
  [
    .required(
      "events", .foreign(EventsValue.typeName) | .foreign(EventFileValue.typeName) | .array,
      "a recording, or pictures over time: a tensor `[frames, height, width]` or `[frames, 2, height, width]`"),
    .optional("step", timeKind, default: "20ms", "how much of the recording a picture shows", dimension: .time),
    .optional("fps", .number, default: "25", "pictures a second, from 1 to 100"),
    .optional("title", .string, default: "\"\"", "what stands above the pictures, with the time"),
  ],
  returns: "nil", subject: "events",
  """
  Shows a recording as moving pictures in the terminal, drawn as `plot.heatmap` draws: at each pixel how many events became \
  brighter, less those that became darker. With `step=40ms` and 25 pictures a second it runs as fast as the world did. \
  Ctrl-C ends it. A recording that `events.open` opened is read as it is shown.

  Where the output is no terminal, as in a file or on a page, it shows the picture with the most events as a figure, and says so.
  """,
  example: """
    use events
    let e = events.from([0, 10, 50000, 50010, 50020], [2, 3, 1, 2, 3], [2, 2, 1, 1, 1], [1, 0, 1, 1, 1], width=8, height=4)
    events.animate(e, step=25ms)
    """
) { (call) throws(Fault) in
  let pictures = try pictures(call)
  let rate = try call.number(call.place("fps"), default: 25)
  guard rate >= 1, rate <= 100 else { throw call.wrong(call.place("fps"), "must be from 1 to 100, found \(rate)") }
  let title = try call.string(call.place("title"), default: "")
  let output = call.output
  guard output.isInteractive else {
    var best: (index: Int, weight: Float) = (0, -1)
    for index in 0..<pictures.count {
      try Interrupt.check()
      let weight = try pictures.picture(index).weight
      if weight > best.weight { best = (index, weight) }
    }
    guard pictures.count > 0 else {
      output.write("an animation without pictures: there are no events\n")
      return .nil
    }
    let figure = Figure(.heatmap(HeatmapPlot(values: try pictures.picture(best.index).rows)), title: pictures.heading(best.index, title))
    output.show(FigureValue(figure))
    output.write("\(counted(pictures.count, "picture")) move in a terminal; this is no terminal, and shows the one with the most events\n")
    return .nil
  }
  var lines = 0
  for index in 0..<pictures.count {
    let start = ContinuousClock.now
    let figure = Figure(.heatmap(HeatmapPlot(values: try pictures.picture(index).rows)), title: pictures.heading(index, title))
    let text = figure.terminalText(TerminalOptions(width: min(output.width, 100), height: 26, color: output.usesColour))
    // Back to the first line of the picture before; each line is wiped behind its end.
    let back = lines > 0 ? "\u{1B}[\(lines)A\r" : ""
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
    output.write(back + rows.map { "\($0)\u{1B}[K\n" }.joined() + (rows.count < lines ? "\u{1B}[J" : ""))
    output.flush()
    lines = rows.count
    let end = start + .microseconds(Int(1e6 / rate))
    repeat {
      try Interrupt.check()
      let left = ContinuousClock.now.duration(to: end) / .microseconds(1)
      if left > 0 { pause(microseconds: min(10_000, Int(left) + 1)) }
    } while ContinuousClock.now < end
  }
  return .nil
}

/// What is shown one after the other.
private struct Pictures {
  var count: Int
  let heading: (Int, String) -> String
  let picture: (Int) throws(Fault) -> Picture

  struct Picture {
    var rows: [[Double]]
    /// How much happens in it.
    var weight: Float
  }
}

private func pictures(_ call: Call) throws(Fault) -> Pictures {
  if call[0].asForeign(EventsValue.self) == nil, call[0].asForeign(EventFileValue.self) == nil {
    try call.checkPlain(0)
    let x = try call.tensor(0)
    guard x.rank == 3 || x.rank == 4 && x.shape[1] == 2, x.shape.allSatisfy({ $0 > 0 }) else {
      throw call.wrong(
        0, "must be a recording, [frames, height, width] or [frames, 2, height, width], found \(Shape.text(x.shape))", kind: .shape)
    }
    let (height, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    return Pictures(count: x.shape[0], heading: { index, title in "\(title)\(title.isEmpty ? "" : ", ")picture \(index) of \(x.shape[0])" }) {
      (index) throws(Fault) in
      let frame = try x.indexed([.at(index)]).scalars
      let rows = (0..<height).map { row in
        (0..<width).map { column -> Double in
          let place = row * width + column
          return Double(x.rank == 3 ? frame[place] : frame[height * width + place] - frame[place])
        }
      }
      return Pictures.Picture(rows: rows, weight: frame.reduce(0) { $0 + abs($1) })
    }
  }
  let source = try call.recording()
  let step = try call.microseconds("step") ?? 20_000
  if step <= 0 { throw call.wrong(call.place("step"), "must be above 0") }
  guard let range = source.timeRange else { return Pictures(count: 0, heading: { _, title in title }) { (_) throws(Fault) in .init(rows: [], weight: 0) } }
  let (span, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
  if overflow { throw Fault(.value, "the recording spans more than 64 bits") }
  let windows = EventWindows(source: source, cut: .time(start: range.lowerBound, length: step, every: step), count: Int(span / step) + 1)
  let (width, height) = (source.width, source.height)
  return Pictures(
    count: windows.count,
    heading: { index, title in "\(title)\(title.isEmpty ? "" : ", ")\(EventsValue.text(Int64(index) &* step)) of \(EventsValue.text(span))" }
  ) { (index) throws(Fault) in
    let events = try windows.events(index)
    try MemoryLimit.check(width * height * 8, for: "a picture of \(width) x \(height) pixels")
    var rows = [[Double]](repeating: [Double](repeating: 0, count: width), count: height)
    try events.withColumns { (columns) throws(Fault) in
      for k in 0..<events.count { rows[Int(columns.y[k])][Int(columns.x[k])] += columns.isOn[k] == 1 ? 1 : -1 }
    }
    return Pictures.Picture(rows: rows, weight: Float(events.count))
  }
}
