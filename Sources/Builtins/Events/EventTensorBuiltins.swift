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
