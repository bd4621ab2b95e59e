// The module `events`: recordings as tensors, spikes and data sets.

import Events
import Faults
import Formats
import Language
import Machine
import Spiking
import Tensors

private let few = "use events\nlet e = events.from([0, 500, 600, 900, 1000], [2, 3, 7, 3, 2], [2, 2, 7, 3, 2], [1, 0, 1, 1, 1], width=8, height=8)"
private let timeKind = Kind.int | .quantity

private let cutParameters: [BuiltinParameter] = [
  .optional("step", timeKind | .nil, default: "nil", "frames of so long each, in microseconds or as in `10ms`", dimension: .time),
  .optional("frames", .int | .nil, default: "nil", "so many frames of one length"),
  .optional("count", .int | .nil, default: "nil", "frames of so many events each; the last has the rest"),
  .optional("start", timeKind | .nil, default: "the earliest event's time", "where the first frame begins", dimension: .time),
  .optional("end", timeKind | .nil, default: "right after the latest event", "before which the last frame ends", dimension: .time),
]

private let cutDocumentation = """
  Exactly one of `step`, `frames` and `count` says how it is cut. Frames follow the clock: those in which nothing \
  happened are empty, and the latest event is in the last (tonic's ToFrame loses it).
  """

extension Call {
  fileprivate func cut() throws(Fault) -> (cut: EventCut, start: Int64?, end: Int64?) {
    let given = ["step", "frames", "count"].filter { isGiven($0) }
    guard given.count == 1 else {
      throw Fault(
        .call, "`\(builtin.name)` takes one of step=, frames= and count=", label: given.isEmpty ? "none is given" : "\(given.joined(separator: " and ")) are given",
        help: "\(builtin.name)(e, step=10ms)")
    }
    let (start, end) = (try microseconds("start"), try microseconds("end"))
    if let step = try microseconds("step") { return (.every(step), start, end) }
    if isGiven("frames") { return (.into(try int(place("frames"))), start, end) }
    return (.events(try int(place("count"))), start, end)
  }
}

let eventsFrames = Builtin(
  "events.frames", [eventsParameter] + cutParameters, returns: "tensor", subject: "events",
  """
  Counts of events over time, `[frames, 2, height, width]`: channel 0 of pixels that became darker, channel 1 of those \
  that became brighter.

  \(cutDocumentation)
  """,
  example: """
    \(few)
    print(events.frames(e, step=0.5ms).shape, sum(events.frames(e, frames=2), axis=[1, 2, 3]))   # expect: [3, 2, 8, 8] tensor[2] [2., 3.]
    """
) { (call) throws(Fault) in
  let plan = try call.cut()
  return .tensor(try call.events().frames(plan.cut, start: plan.start, end: plan.end))
}

let eventsSpikes = Builtin(
  "events.spikes", [eventsParameter] + cutParameters, returns: "spikes", subject: "events",
  """
  A recording as spikes for a network, `[frames, 1, 2, height, width]`: whether a pixel had an event in a frame.

  \(cutDocumentation)
  """,
  example: """
    \(few)
    print(events.spikes(e, frames=4).shape)   # expect: [4, 1, 2, 8, 8]
    """
) { (call) throws(Fault) in
  let plan = try call.cut()
  return .spikes(try call.events().spikes(plan.cut, start: plan.start, end: plan.end))
}

let eventsCounts = Builtin(
  "events.counts", [eventsParameter], returns: "tensor", subject: "events",
  "How many events each pixel has, `[height, width]`; `plot.heatmap` shows them as a picture.",
  example: """
    \(few)
    use plot
    plot.heatmap(events.counts(e), title="events")
    """
) { (call) throws(Fault) in
  let events = try call.events()
  let counts = try events.pixelCounts()
  return .tensor(try Tensor(counts.map { Float($0) }, shape: [events.height, events.width]))
}

let eventsTimeSurface = Builtin(
  "events.time_surface",
  [
    eventsParameter, .required("tau", timeKind, "how fast it fades, in microseconds or as in `10ms`", dimension: .time),
    .optional("at", timeKind | .nil, default: "the latest event's time", "from when to look back; later events do not count", dimension: .time),
  ],
  returns: "tensor", subject: "events",
  """
  How long ago each pixel last spoke, `[2, height, width]`: exp(-(at - t) / tau), and 0 where it never did \
  (X. Lagorce et al., HOTS, IEEE TPAMI 2017).
  """,
  example: """
    \(few)
    print(events.time_surface(e, 1ms)[1, 2, 2])   # expect: 1.0
    """
) { (call) throws(Fault) in
  .tensor(try call.events().timeSurface(tau: Double(try call.neededMicroseconds("tau")), at: try call.microseconds("at")))
}

let eventsVoxelGrid = Builtin(
  "events.voxel_grid", [eventsParameter, .required("bins", .int, "layers over the recording's time, at least 1")],
  returns: "tensor", subject: "events",
  """
  A grid `[bins, height, width]` in which each event adds its polarity, +1 or -1, to the two layers nearest in time, by \
  how near they are (A. Z. Zhu et al., CVPR 2019).
  """,
  example: """
    \(few)
    print(sum(events.voxel_grid(e, 3)))   # expect: 3.0
    """
) { (call) throws(Fault) in .tensor(try call.events().voxelGrid(bins: try call.int(1))) }

let eventsDataset = Builtin(
  "events.dataset",
  [
    .required("recordings", .foreign(RecordingsValue.typeName), "a set of recordings, such as one of `data.nmnist(path)`"),
    .required("frames", .int, "time steps of a sample"),
    .optional("step", timeKind | .nil, default: "nil", "how long a step lasts; nil: each recording's own length over `frames`", dimension: .time),
    .optional("downsample", .int, default: "1", "how many pixels of a side, or channels of sound, become one"),
    .optional("merge", .bool, default: "false for cameras", "whether brighter and darker are one channel, in a row of features"),
    .optional("counts", .bool, default: "false", "whether a feature is the number of events; otherwise whether there was one"),
  ],
  returns: "dataset", subject: "events",
  """
  A data set from recordings, for networks: each is cut into `frames` steps, `[frames, 2, height, width]`, or with \
  `merge` `[frames, features]`. Sets of sounds (SHD, SSC) are merged by themselves, and their time begins at 0.

  With `step`, a recording longer than `frames` steps loses what comes later, and a shorter one ends in silence; \
  without, all of it is spread over the frames. `recordings[a..b]` takes some: a set as tensors needs its memory.
  """,
  example: """
    use events
    let words = try { events.dataset(data.shd("no/such/folder")[0], 100, step=10ms) } catch e { e.message }
    print(words)   # expect: cannot find SHD: there is no file `no/such/folder/shd_train.h5`, nor with .gz
    """
) { (call) throws(Fault) in
  let set = try call.foreign(0, as: RecordingsValue.self).recordings
  let frames = try call.int(1, atLeast: 1)
  let step = try call.microseconds("step")
  if let step, step <= 0 { throw call.wrong(call.place("step"), "must be above 0") }
  let factor = try call.int(call.place("downsample"), default: 1, atLeast: 1)
  let isMerged = try call.bool(call.place("merge"), default: !set.hasPolarity)
  let countsEvents = try call.bool(call.place("counts"), default: false)
  return .dataset(
    try eventDataset(set, frames: frames, step: step, factor: factor, isMerged: isMerged, countsEvents: countsEvents))
}

private func eventDataset(
  _ set: EventSet, frames: Int, step: Int64?, factor: Int, isMerged: Bool, countsEvents: Bool
) throws(Fault) -> Dataset {
  let (width, height) = ((set.width - 1) / factor + 1, (set.height - 1) / factor + 1)
  let pixels = width * height
  let shape = isMerged ? [frames, pixels] : [frames, 2, height, width]
  let features = try Tensor(shape: [set.samples.count] + shape) { (out) throws(Fault) in
    out.update(repeating: 0)
    let size = frames * pixels * (isMerged ? 1 : 2)
    for index in set.samples.indices {
      try Interrupt.check()
      let events = factor == 1 ? try set.events(index) : try set.events(index).downsampled(by: factor)
      let start: Int64? =
        switch set.samples[index].place {
        case .file: nil
        case .window(let start, _): start
        case .row: 0
        }
      let first = start ?? events.timeRange?.lowerBound ?? 0
      var end: Int64?
      if let step {
        let (length, overflow) = step.multipliedReportingOverflow(by: Int64(frames))
        let (last, isBeyond) = first.addingReportingOverflow(length)
        if overflow || isBeyond { throw Fault(.value, "`frames` steps of `step` span more than 64 bits") }
        end = last
      }
      let counts = try events.frames(.into(frames), start: first, end: end)
      try counts.withUnsafeBuffer { (source) throws(Fault) in
        for place in 0..<(frames * 2 * pixels) where source[place] > 0 {
          let to = isMerged ? place / (2 * pixels) * pixels + place % pixels : place
          out[index * size + to] = countsEvents ? out[index * size + to] + source[place] : 1
        }
      }
    }
  }
  return try Dataset(
    name: set.name, features: features, labels: set.samples.map(\.label), classNames: set.classNames, source: set.source)
}
