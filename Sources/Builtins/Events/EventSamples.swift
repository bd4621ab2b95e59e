// The module `events`: recordings and windows of them as samples of a data set, in memory or read when they are needed.

import Events
import Faults
import Formats
import Language
import Machine
import Spiking
import Tensors

let eventsDataset = Builtin(
  "events.dataset",
  [
    .required(
      "recordings", .foreign(RecordingsValue.typeName) | .foreign(EventWindowsValue.typeName),
      "a set of recordings, such as one of `data.nmnist(path)`, or windows of a recording (`events.windows`)"),
    .required("frames", .int, "time steps of a sample"),
    .optional("step", .int | .quantity, default: "the sample's own length over `frames`", "how long a step lasts", dimension: .time),
    .optional("downsample", .int, default: "1", "how many pixels of a side, or channels of sound, become one"),
    .optional("merge", .bool, default: "false for cameras", "whether brighter and darker are one channel, in a row of features"),
    .optional("counts", .bool, default: "false", "whether a feature is the number of events; otherwise whether there was one"),
    .optional("labels", .array | .tuple | .range | .nil, default: "nil", "for windows: the class of each, or numbers, as in `data.from`"),
    .optional("names", .list | .nil, default: "nil", "for windows: a name for each class"),
    .optional("lazy", .bool, default: "false for recordings, true for windows", "whether each sample is read from its file when it is needed"),
  ],
  returns: "dataset", subject: "events",
  """
  A data set from recordings, for networks: each is cut into `frames` steps, `[frames, 2, height, width]`, or with \
  `merge` `[frames, features]`. Sets of sounds (SHD, SSC) are merged by themselves, and their time begins at 0.

  With `step`, a recording longer than `frames` steps loses what comes later, and a shorter one ends in silence; \
  without, all of it is spread over the frames. `recordings[a..b]` takes some.

  With `lazy` no sample is in memory: `fit`, `evaluate` and `batches` read each batch when it is due, and the second core \
  reads the next one meanwhile. `data.cache` then reads all.
  """,
  example: """
    use events
    let e = events.from([0, 500, 600, 2900], [2, 3, 7, 3], [2, 2, 7, 3], [1, 0, 1, 1], width=8, height=8)
    let set = events.dataset(events.windows(e, step=1ms), 2, labels=[0, 1, 0])
    print(set, sum(set.features))   # expect: dataset event windows: 3 samples of [2, 2, 8, 8], 2 classes 4.0
    """
) { (call) throws(Fault) in
  let frames = try call.int(1, atLeast: 1)
  let step = try call.microseconds("step")
  if let step, step <= 0 { throw call.wrong(call.place("step"), "must be above 0") }
  let factor = try call.int(call.place("downsample"), default: 1, atLeast: 1)
  let countsEvents = try call.bool(call.place("counts"), default: false)
  if let windows = call[0].asForeign(EventWindowsValue.self)?.windows {
    let isMerged = try call.bool(call.place("merge"), default: false)
    let samples = EventSamples(.windows(windows), frames: frames, step: step, factor: factor, isMerged: isMerged, countsEvents: countsEvents)
    guard call.isGiven("labels") else {
      throw call.wrong(call.place("labels"), "is missing", help: "windows have no classes of their own: labels=[0, 1, …], one for each of the \(windows.count)")
    }
    let (labels, targets) = try openedTargets(call, call.place("labels"))
    let names = call.isGiven("names") ? try call.strings(call.place("names")) : []
    let set: Dataset
    if let labels {
      set = try Dataset(name: "event windows", samples: samples, labels: labels, classNames: names, source: samples.identity)
    } else {
      set = try Dataset(name: "event windows", samples: samples, targets: targets, classNames: names.isEmpty ? nil : names, source: samples.identity)
    }
    return .dataset(try call.bool(call.place("lazy"), default: true) ? set : try set.cached())
  }
  for name in ["labels", "names"] where call.isGiven(name) {
    throw call.wrong(call.place(name), "is for windows: recordings have classes of their own")
  }
  let set = try call.foreign(0, as: RecordingsValue.self).recordings
  let isMerged = try call.bool(call.place("merge"), default: !set.hasPolarity)
  let samples = EventSamples(.set(set), frames: frames, step: step, factor: factor, isMerged: isMerged, countsEvents: countsEvents)
  let lazy = try Dataset(name: set.name, samples: samples, labels: set.samples.map(\.label), classNames: set.classNames, source: set.source)
  return .dataset(try call.bool(call.place("lazy"), default: false) ? lazy : try lazy.cached())
}

/// Recordings as frames, made when they are asked for.
private struct EventSamples: SampleSource {
  enum Source: Sendable {
    case set(EventSet)
    case windows(EventWindows)
  }

  let source: Source
  let frames: Int
  /// Microseconds of a frame; nil where all of a sample is spread over the frames.
  let step: Int64?
  /// Pixels of a side that become one.
  let factor: Int
  /// Whether brighter and darker are one row of features.
  let isMerged: Bool
  /// Whether a feature is a number of events.
  let countsEvents: Bool
  let width: Int
  let height: Int

  init(_ source: Source, frames: Int, step: Int64?, factor: Int, isMerged: Bool, countsEvents: Bool) {
    (self.source, self.frames, self.step, self.factor) = (source, frames, step, factor)
    (self.isMerged, self.countsEvents) = (isMerged, countsEvents)
    let size: (width: Int, height: Int)
    switch source {
    case .set(let set): size = (set.width, set.height)
    case .windows(let windows): size = (windows.source.width, windows.source.height)
    }
    (width, height) = ((size.width - 1) / factor + 1, (size.height - 1) / factor + 1)
  }

  var count: Int {
    switch source {
    case .set(let set): set.samples.count
    case .windows(let windows): windows.count
    }
  }

  var sampleShape: [Int] { isMerged ? [frames, width * height] : [frames, 2, height, width] }

  var identity: String {
    let how = "\(frames) frames of \(step.map { "\($0) us" } ?? "one length"), 1 of \(factor) pixels\(isMerged ? ", merged" : "")\(countsEvents ? ", counted" : "")"
    switch source {
    case .set(let set): return "\(set.name), \(set.source), \(set.samples.count) recordings, \(how)"
    case .windows(let windows):
      if case .file(let file) = windows.source { return "\(file.identity), \(windows.count) windows (\(windows.cut)), \(how)" }
      return "\(windows.source.count) events in memory, \(windows.count) windows (\(windows.cut)), \(how)"
    }
  }

  /// The events of a sample, and when its first frame begins and before when its last one ends; nil where its own events say.
  private func events(_ index: Int) throws(Fault) -> (events: EventStream, start: Int64?, end: Int64?) {
    switch source {
    case .set(let set):
      let start: Int64? =
        switch set.samples[index].place {
        case .file: nil
        case .window(let start, _): start
        case .row: 0
        }
      return (try set.events(index), start, nil)
    case .windows(let windows):
      let times = try windows.times(index)
      return (try windows.events(index), times?.lowerBound, times?.upperBound)
    }
  }

  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    let pixels = width * height
    return try Tensor(shape: [indices.count] + sampleShape) { (out) throws(Fault) in
      out.update(repeating: 0)
      let size = frames * pixels * (isMerged ? 1 : 2)
      for (row, index) in indices.enumerated() {
        try Interrupt.check()
        let sample = try events(index)
        let events = factor == 1 ? sample.events : try sample.events.downsampled(by: factor)
        let first = sample.start ?? events.timeRange?.lowerBound ?? 0
        var end = sample.end
        if let step {
          let (length, overflow) = step.multipliedReportingOverflow(by: Int64(frames))
          let (last, isBeyond) = first.addingReportingOverflow(length)
          if overflow || isBeyond { throw Fault(.value, "`frames` steps of `step` span more than 64 bits") }
          end = last
        }
        let counts = try events.frames(.into(frames), start: first, end: end)
        counts.withUnsafeBuffer { source in
          for place in 0..<(frames * 2 * pixels) where source[place] > 0 {
            let to = isMerged ? place / (2 * pixels) * pixels + place % pixels : place
            out[row * size + to] = countsEvents ? out[row * size + to] + source[place] : 1
          }
        }
      }
    }
  }
}
