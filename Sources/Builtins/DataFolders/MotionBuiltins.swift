// The module `data`: time series and the motion of people.

import Faults
import Formats
import Machine
import Spiking
import Tensors

private let groupsParameter = BuiltinParameter.optional(
  "groups", .bool, default: "false", "whether who moved comes with it, a name for each sample, by which people are kept apart")

/// data.ts, data.uci_har and data.wisdm.
let motionBuiltins: [Builtin] = [
  Builtin(
    "data.ts", [.required("path", .string, "a file .ts, or a folder with NAME_TRAIN.ts and NAME_TEST.ts")],
    returns: "dataset, or (dataset, dataset)", subject: "data",
    """
    Time series in the format of aeon, sktime and the UEA & UCR archives, `[time, channels]` each, with their classes or the numbers to
    come to. A folder gives the training and the test part.

    What is missing is nan, and so are the ends of series that are shorter than the longest; names of classes keep their case.
    """,
    example: """
      write_text("/tmp/snn_walk.ts", "@classLabel true Up Down\\n@data\\n1,2,3:0,0,0:Up\\n3,2,?:0,1,0:Down\\n")
      let walk = data.ts("/tmp/snn_walk.ts")
      print(walk, walk.labels, walk.features[1])   # expect: dataset snn_walk.ts: 2 samples of [3, 2], 2 classes [0, 1] tensor[3, 2] [[3., 0.], [2., 1.], [nan, 0.]]
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    if try !isFolder(path) { return .dataset(try Dataset(try readTimeSeries(path), source: path)) }
    var parts: [Value] = []
    for ending in ["_TRAIN.ts", "_TEST.ts"] {
      let found = try listFolder(path).filter { $0.hasSuffix(ending) }
      guard let name = found.first, found.count == 1 else {
        throw Fault(
          .file, "cannot find a training and a test part in \(shownPath(path))", label: "\(counted(found.count, "file")) in it end\(found.count == 1 ? "s" : "") in \(ending)",
          help: "name one file, or a folder with one NAME_TRAIN.ts and one NAME_TEST.ts")
      }
      var set = try readTimeSeries("\(path)/\(name)")
      set.name += ending == "_TRAIN.ts" ? " train" : " test"
      parts.append(.dataset(try Dataset(set, source: path)))
    }
    return .tuple(parts)
  },
  Builtin(
    "data.uci_har", [.required("path", .string, "the folder `UCI HAR Dataset`, which holds train and test"), groupsParameter],
    returns: "(dataset, dataset), or (dataset, dataset, list, list)", subject: "data",
    """
    UCI HAR (Anguita and others 2012): six activities of 30 people with a phone at the waist, windows [128, 9] of 2.56 s at 50 Hz: body
    acceleration in g, angular velocity in rad/s, and total acceleration, three axes each. 7,352 windows for training and 2,947 of
    other people for the test.

    Neighbouring windows overlap by half: what is held out must be people, never windows. `groups=true` tells them.
    """,
    example: """
      let parts = try { data.uci_har("no/such/folder") } catch e { e.message }
      print(parts)   # expect: cannot find UCI HAR: there is no folder `no/such/folder`
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    let (train, test) = (try readUCIHAR(path, part: "train"), try readUCIHAR(path, part: "test"))
    let parts = [Value.dataset(try Dataset(train, source: path)), .dataset(try Dataset(test, source: path))]
    if try !call.bool(1, default: false) { return .tuple(parts) }
    return .tuple(parts + [people(train), people(test)])
  },
  Builtin(
    "data.wisdm",
    [
      .required("path", .string, "the file WISDM_ar_v1.1_raw.txt, or its folder"), .optional("steps", .int, default: "200", "samples of a window, 20 a second"),
      .optional("hop", .int, default: "the steps", "samples from a window to the next"), groupsParameter,
    ],
    returns: "dataset, or (dataset, list)", subject: "data",
    """
    WISDM v1.1 (Kwapisz, Weiss and Moore 2010): six activities of 36 people with a phone in the pocket, windows [steps, 3] of its
    acceleration at 20 Hz. A window lies within one recording: where person or activity change or time has a gap, another begins.

    There is no published split: leave people out, whom `groups=true` tells. Records of the file that are none are left out.
    """,
    example: """
      write_text("/tmp/snn_wisdm.txt", "7,Walking,50000000,0.5,9.8,0.1;\\n7,Walking,100000000,0.6,9.7,0.2;\\n7,Walking,150000000,0.4,9.9,;\\n")
      print(data.wisdm("/tmp/snn_wisdm.txt", steps=2))   # expect: dataset WISDM: 1 sample of [2, 3], 1 class
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    let steps = try call.int(1, default: 200, atLeast: 1)
    let hop = try call.int(2, default: steps, atLeast: 1)
    for (place, count) in [(1, steps), (2, hop)] where count > 1 << 24 {
      throw call.wrong(place, "must be at most \(1 << 24), found \(count)")
    }
    let (set, rejected) = try readWISDM(path, steps: steps, hop: hop)
    let source = rejected == 0 ? path : "\(path) (\(counted(rejected, "record")) left out)"
    let data = Value.dataset(try Dataset(set, source: source))
    return try call.bool(3, default: false) ? .tuple([data, people(set)]) : data
  },
]

private func people(_ set: SeriesSet) -> Value { .list(set.groups.map { .string($0) }) }

extension Dataset {
  /// Series `[time, channels]` with their classes, or with numbers to come to.
  init(_ set: SeriesSet, source: String) throws(Fault) {
    let features = try Tensor(set.values, shape: [set.count, set.steps, set.channels])
    if set.targets.isEmpty {
      try self.init(name: set.name, features: features, labels: set.labels, classNames: set.classNames, source: source)
    } else {
      try self.init(name: set.name, features: features, targets: try Tensor(set.targets, shape: [set.count]), source: source)
    }
  }
}
