// The module `events`: recordings of event cameras, read, made and cut.

import Events
import Faults
import Formats
import Language
import Machine
import Tensors

/// All builtins of the module `events`.
let eventBuiltins: [Builtin] = [
  eventsLoad, eventsOpen, eventsWindows, eventsAnimate, eventsSave, eventsFrom, eventsFormats, eventsBetween, eventsShift, eventsCrop, eventsDownsample, eventsDenoise, eventsRefractory,
  eventsHotPixels, eventsWithout, eventsFrames, eventsSpikes, eventsCounts, eventsTimeSurface, eventsVoxelGrid, eventsDataset,
]

/// What most of them begin with.
let eventsParameter = BuiltinParameter.required("events", .foreign(EventsValue.typeName), "a recording of an event camera")

/// A few events for examples.
private let few = "use events\nlet e = events.from([0, 500, 600, 900, 1000], [2, 3, 7, 3, 2], [2, 2, 7, 3, 2], [1, 0, 1, 1, 1], width=8, height=8)"

private let eventsLoad = Builtin(
  "events.load",
  eventFileParameters + [
    .optional("from_zero", .bool, default: "false", "whether times are counted from the earliest event"),
  ],
  returns: "events", subject: "events",
  """
  Reads a recording of an event camera: AEDAT 2, 3.1 and 4, Prophesee's EVT2, EVT2.1, EVT3, DAT and HDF5 with ECF, the \
  .bin files of N-MNIST and N-Caltech101, and the HDF5 files of DSEC, M3ED and MVSEC. The format is told by the file's \
  own bytes, and by its ending where it has no mark.

  Times are microseconds by the file's own clock, which is the camera's in RAW files and the world's in AEDAT 4: in 64 \
  bits, unwrapped, in the order of the file. Row 0 is at the top. What was left out stands in `notes`: events before the \
  first time, triggers of other devices, packets of other streams, steps back in time.

  A file that ends in the middle of a record, or holds what cannot be, is an error at a byte of it; `partial=true` gives \
  the events before, with a note. All of it comes into memory: `events.open` leaves it in its file.
  """,
  example: """
    use events
    let read = try { events.load("no/such.raw") } catch e { e.message }
    print(read)   # expect: cannot read `no/such.raw`: there is no such file or folder
    """
) { (call) throws(Fault) in
  let recording = try readEvents(try call.string(0), try call.eventOptions())
  let isFromZero = try call.bool(call.place("from_zero"), default: false)
  let zero = isFromZero ? recording.events.timeRange?.lowerBound ?? 0 : 0
  let events = zero == 0 ? recording.events : try recording.events.shifted(zero: zero)
  return .foreign(EventsValue(events, notes: recording.notes, format: recording.format))
}

private let eventsFrom = Builtin(
  "events.from",
  [
    .required("times", .list | .range, "microseconds"), .required("x", .list | .range, "columns from the left"),
    .required("y", .list | .range, "rows from the top"),
    .required("polarity", .list | .range, "1 for brighter, 0 or -1 for darker"),
    .required("width", .int, "columns of the sensor"), .required("height", .int, "rows of the sensor"),
  ],
  returns: "events", subject: "events",
  "Events from lists of whole numbers, one for each event in each of them.",
  example: """
    \(few)
    print(e)   # expect: 5 events of 8 x 8 pixels in 1.0 ms
    print(e[1], e[1..3].times)   # expect: (500, 3, 2, 0) [500, 600]
    """
) { (call) throws(Fault) in
  func column<Element: FixedWidthInteger>(_ index: Int, _: Element.Type) throws(Fault) -> [Element] {
    var numbers: [Element] = []
    for number in try call.ints(index) {
      guard let fitting = Element(exactly: index == 3 && number == -1 ? 0 : number) else {
        throw call.wrong(index, "holds \(number), which no event has")
      }
      numbers.append(fitting)
    }
    return numbers
  }
  return .events(
    try EventStream(
      times: try column(0, Int64.self), x: try column(1, UInt16.self), y: try column(2, UInt16.self), isOn: try column(3, UInt8.self),
      width: try call.int(4), height: try call.int(5)))
}

private let eventsFormats = Builtin(
  "events.formats", [], returns: "list", subject: "events", "The names of the formats that `events.load` reads.",
  example: """
    use events
    print("evt3" in events.formats())   # expect: true
    """
) { _ throws(Fault) in .list(eventFormats.map { .string($0.name) }) }

private let timeKind = Kind.int | .quantity

private let eventsBetween = Builtin(
  "events.between",
  [
    recordingParameter, .required("start", timeKind, "from this time on, in microseconds or as in `10ms`", dimension: .time),
    .required("end", timeKind, "to before this time", dimension: .time),
  ],
  returns: "events", subject: "events", "The events from one time on and before another. `e[a..b]` cuts them by their number.",
  example: """
    \(few)
    print(events.between(e, 500, 1ms).times)   # expect: [500, 600, 900]
    """
) { (call) throws(Fault) in
  .events(try call.recording().between(try call.neededMicroseconds("start"), try call.neededMicroseconds("end")))
}

private let eventsShift = Builtin(
  "events.shift",
  [
    eventsParameter,
    .optional("zero", timeKind | .nil, default: "the earliest event's time", "the time that becomes 0", dimension: .time),
  ],
  returns: "events", subject: "events", "The same events with times counted from another zero.",
  example: """
    \(few)
    print(events.shift(e[2..], 500).times)   # expect: [100, 400, 500]
    """
) { (call) throws(Fault) in
  let events = try call.events()
  return .events(try events.shifted(zero: try call.microseconds("zero") ?? events.timeRange?.lowerBound ?? 0))
}

private let eventsCrop = Builtin(
  "events.crop",
  [
    eventsParameter, .required("x", .int, "the first column"), .required("y", .int, "the first row"),
    .required("width", .int, "how many columns"), .required("height", .int, "how many rows"),
  ],
  returns: "events", subject: "events", "The events inside a rectangle, whose upper left pixel becomes (0, 0).",
  example: """
    \(few)
    let part = events.crop(e, 2, 2, 2, 1)
    print(part.width, part.x)   # expect: 2 [0, 1, 0]
    """
) { (call) throws(Fault) in
  .events(try call.events().cropped(x: try call.int(1), y: try call.int(2), width: try call.int(3), height: try call.int(4)))
}

private let eventsDownsample = Builtin(
  "events.downsample", [eventsParameter, .required("factor", .int, "how many pixels of a side become one")],
  returns: "events", subject: "events",
  """
  The events on a sensor of fewer pixels: coordinates are divided and rounded down. No event is lost or merged, as in \
  tonic's Downsample; `events.refractory` thins out what a larger pixel then says too often.
  """,
  example: """
    \(few)
    print(events.downsample(e, 2).x)   # expect: [1, 1, 3, 1, 1]
    """
) { (call) throws(Fault) in .events(try call.events().downsampled(by: try call.int(1))) }

private let eventsDenoise = Builtin(
  "events.denoise",
  [
    eventsParameter,
    .optional("window", timeKind, default: "10ms", "how recently a neighbour must have spoken", dimension: .time),
    .optional("neighbours", .int, default: "4", "4, those that share a side, or 8, those that share a corner too"),
  ],
  returns: "events", subject: "events",
  """
  The events that have company: a neighbouring pixel spoke less than `window` before. What is left out is company all \
  the same. With 4 neighbours the result is that of tonic's Denoise, with 8 that of dv-processing's background activity \
  filter; as there, every pixel counts as active at time 0, so that all events before `window` pass.
  """,
  example: """
    \(few)
    print(events.denoise(events.shift(e, -2000), 1ms).times)   # expect: [2500, 2900, 3000]
    """
) { (call) throws(Fault) in
  let number = try call.int(2, default: 4)
  guard number == 4 || number == 8 else { throw call.wrong(2, "must be 4 or 8, found \(number)") }
  return .events(
    try call.events().denoised(window: try call.microseconds("window") ?? 10_000, neighbours: number == 4 ? .four : .eight))
}

private let eventsRefractory = Builtin(
  "events.refractory",
  [
    eventsParameter, .required("period", timeKind, "how long a pixel is silent, in microseconds or as in `1ms`", dimension: .time),
    .optional("rule", .string, default: "\"kept\"", "from which event the silence counts: \"kept\", or \"all\" as in tonic"),
  ],
  returns: "events", subject: "events",
  """
  A refractory filter: the events that come no sooner than `period` after another of their pixel. With `rule="kept"` that other is one that \
  was kept. With `rule="all"` it is any, so that a busy pixel never speaks again, an event right at the end of the \
  period is left out, and so is one at time 0: that is tonic's RefractoryPeriod.
  """,
  example: """
    \(few)
    print(events.refractory(e, 1ms).times, events.refractory(e, 1ms, rule="all").times)   # expect: [0, 500, 600, 900, 1000] [500, 600, 900]
    """
) { (call) throws(Fault) in
  let name = try call.string(2, default: EventStream.DeadTime.kept.rawValue)
  guard let rule = EventStream.DeadTime(rawValue: name) else { throw call.wrong(2, "must be \"kept\" or \"all\", found \"\(name)\"") }
  return .events(try call.events().refractory(period: try call.neededMicroseconds("period"), from: rule))
}

private let eventsHotPixels = Builtin(
  "events.hot_pixels",
  [
    eventsParameter, .optional("rate", .number | .nil, default: "nil", "more events a second than this, over the whole recording"),
    .optional("ratio", .number | .nil, default: "nil", "at least so many times the events of the busiest neighbour"),
  ],
  returns: "list", subject: "events",
  """
  The pixels `(x, y)` that speak too much, row by row: by `rate`, as tonic's identify_hot_pixel has it, or by `ratio`, as \
  faery's filter_hot_pixels with the whole recording as one packet (each pixel is given one event more, and one outside \
  has one). `events.without` leaves their events out.
  """,
  example: """
    \(few)
    print(events.hot_pixels(e, rate=1000))   # expect: [(2, 2)]
    """
) { (call) throws(Fault) in
  guard call.isGiven("rate") != call.isGiven("ratio") else {
    throw Fault(.call, "`events.hot_pixels` takes either rate= or ratio=", help: "events.hot_pixels(e, ratio=5)")
  }
  let events = try call.events()
  let pixels =
    call.isGiven("rate") ? try events.hotPixels(rate: try call.number(1)) : try events.hotPixels(ratio: try call.number(call.place("ratio")))
  return .list(pixels.map { .tuple([.int($0.x), .int($0.y)]) })
}

private let eventsWithout = Builtin(
  "events.without", [eventsParameter, .required("pixels", .list, "pixels `(x, y)`, as `events.hot_pixels` gives them")],
  returns: "events", subject: "events", "The events of all pixels but some.",
  example: """
    \(few)
    print(events.without(e, [(2, 2)]).times)   # expect: [500, 600, 900]
    """
) { (call) throws(Fault) in
  var pixels: [EventStream.Pixel] = []
  for element in try call.elements(1) {
    guard let pair = element.elements, pair.count == 2, let x = pair[0].asInt, let y = pair[1].asInt else {
      throw call.mismatch(1, "a list of pixels (x, y)")
    }
    pixels.append(EventStream.Pixel(x: x, y: y))
  }
  return .events(try call.events().without(pixels))
}

private let eventsSave = Builtin(
  "events.save",
  [
    eventsParameter, .required("path", .string, "where to: a name that ends in .raw or .aedat4"),
    .optional("packed", .bool, default: "true", "whether an .aedat4 file is packed by LZ4"),
  ],
  returns: "nil", subject: "events",
  """
  Writes a recording: a name that ends in .raw as Prophesee's EVT3, .aedat4 as AEDAT 4. An existing file is replaced, whole \
  or not at all.

  EVT3 needs events in the order of time, its sensor has at most 2048 pixels a side, and times from the first one on stand \
  in a line `% t0` of its header, which `events.load` and faery add and others do not know.
  """,
  example: """
    \(few)
    events.save(e, "/tmp/few.aedat4")
    print(events.load("/tmp/few.aedat4") == e)   # expect: true
    """
) { (call) throws(Fault) in
  let path = try call.string(1)
  let name = path.lowercased()
  if name.hasSuffix(".aedat4") {
    try writeBytes(try encodeAEDAT4(try call.events(), isPacked: try call.bool(2, default: true)), to: path)
  } else if name.hasSuffix(".raw") {
    try writeBytes(try encodeEVT3(try call.events()), to: path)
  } else {
    throw call.wrong(1, "must end in .raw or .aedat4, found \"\(path)\"", help: "the ending says the format")
  }
  return .nil
}
