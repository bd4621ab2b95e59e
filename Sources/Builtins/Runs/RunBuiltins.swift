// What a run leaves behind: numbers that a script logs, and the module `runs`, which reads them again.

import Faults
import Formats
import Machine
import Spiking

private final class RunFolderState {
  var folder: RunFolder?
}

extension Machine {
  /// Where the run is recorded; nil where it is not.
  public var runFolder: RunFolder? {
    get { (state[ObjectIdentifier(RunFolderState.self)] as? RunFolderState)?.folder }
    set {
      let made = RunFolderState()
      made.folder = newValue
      state[ObjectIdentifier(RunFolderState.self)] = made
    }
  }
}

/// Logs the course of one training epoch by epoch: under the names of its history, and from a run's second training on under
/// `fit2/loss` and so on.
final class FitLog {
  private let folder: RunFolder
  private let prefix: String
  /// The next epoch.
  private var epoch: Int

  /// - Parameter epoch: that with which the training begins: above 0 where it goes on from an earlier one.
  init?(_ folder: RunFolder?, epoch: Int) {
    guard let folder else { return nil }
    let number = folder.nextFit()
    (self.folder, self.epoch, prefix) = (folder, epoch, number == 1 ? "" : "fit\(number)/")
  }

  /// Logs the epochs that came since the last time.
  func add(_ history: History) {
    var numbers: [(name: String, step: Int?, value: Double)] = []
    for epoch in epoch..<max(epoch, history.epochs) {
      for (name, values) in historySeries(history) where values.indices.contains(epoch) { numbers.append((prefix + name, epoch, values[epoch])) }
    }
    epoch = max(epoch, history.epochs)
    if !numbers.isEmpty { folder.log(numbers) }
  }
}

/// log_metric, runs.load and runs.tensorboard; the rest of the module is stdlib/runs.snn.
let runBuiltins: [Builtin] = [
  Builtin(
    "log_metric",
    [
      .required("name", .string, "what was measured; a / makes groups of names, as in \"test/accuracy\""), .required("value", .number, "how much it is"),
      .optional("step", .int, default: "one more than the last of this name", "when, from 0: an epoch, a batch, a trial"),
    ],
    returns: "nil", subject: "runs",
    """
    Logs a number of this run, where it is recorded: by `snn run --record FOLDER`, or with a folder in the variable SNN_RUNS. \
    Else nothing happens, so that a script may always log. `fit` logs its history by itself, epoch by epoch: of a run's second \
    training under the names `fit2/loss` and so on.
    """,
    example: """
      for trial in 0..3 { log_metric("error", 1 / (trial + 1)) }
      log_metric("test/accuracy", 0.97, step=12)
      """
  ) { (call) throws(Fault) in
    let (name, value) = (try call.string(0), try call.number(1))
    let step = call.has(2) && !call[2].isNil ? try call.int(2, atLeast: 0) : nil
    if name.isEmpty || name.count > 200 { throw call.wrong(0, "must have 1 to 200 characters, found \(name.count)") }
    call.machine.runFolder?.log([(name, step, value)])
    return .nil
  },
  Builtin(
    "runs.load", [.required("folder", .string, "what `snn run --record` was given")], returns: "list", subject: "runs",
    """
    The runs that a folder holds, in the order in which they began: maps for `table` and `plot`. Each has `name`, `path`, \
    `script`, `arguments`, `seeds`, `commit`, `started` (as text), `seconds`, `status` (0 where all went well, nil while it \
    runs and where it was killed), `state` ("running", "finished" or "killed"), `last` (the last number of each metric), \
    `metrics` (for each a map of `steps`, `values` and `seconds`), `figures`, `data` (SHA-256 by file) and `facts`, all that \
    `run.json` says.
    """,
    example: """
      use runs
      make_folder("/tmp/snn-no-runs")
      print(runs.load("/tmp/snn-no-runs"))   # expect: []
      remove_file("/tmp/snn-no-runs")
      """
  ) { (call) throws(Fault) in
    let found = try RecordedRun.all(in: try call.string(0))
    return try ListBuilder.build(capacity: found.count) { (list) throws(Fault) in
      for run in found { try list.append(try value(of: run)) }
    }
  },
  Builtin(
    "runs.tensorboard", [.required("folder", .string, "what `snn run --record` was given"), .required("out", .string, "a folder for the event files")],
    returns: "int", subject: "runs",
    """
    Writes the metrics of recorded runs as event files, one folder a run, and gives how many runs there are: \
    `tensorboard --logdir OUT` shows them. Numbers become 32-bit floats there. `snn run --record FOLDER --tensorboard` writes \
    such a file while the script runs.
    """,
    example: """
      use runs
      make_folder("/tmp/snn-no-runs")
      print(runs.tensorboard("/tmp/snn-no-runs", "/tmp/snn-no-runs"))   # expect: 0
      remove_file("/tmp/snn-no-runs")
      """
  ) { (call) throws(Fault) in
    let out = try call.string(1)
    let found = try RecordedRun.all(in: try call.string(0))
    try makeFolder(out)
    for run in found {
      let folder = "\(out)/\(run.name)"
      try makeFolder(folder)
      for name in try listFolder(folder) where name.hasPrefix("events.out.tfevents.") {
        throw Fault(.file, "\(shownPath(folder)) has an event file already", label: name, help: "TensorBoard would show each number twice: give another folder")
      }
      try TensorBoardEvents(in: folder, started: run.started).add(run.metrics)
    }
    return .int(found.count)
  },
]

private func value(of run: RecordedRun) throws(Fault) -> Value {
  var names: [String] = []
  var series: [String: [RunMetric]] = [:]
  for metric in run.metrics {
    if series[metric.name] == nil { names.append(metric.name) }
    series[metric.name, default: []].append(metric)
  }
  func metric(_ name: String) -> Value {
    let all = series[name] ?? []
    let steps = Value.list(all.map { Value.int($0.step) })
    let values = Value.list(all.map { Value.float($0.value) })
    return .map([("steps", steps), ("values", values), ("seconds", Value.list(all.map { Value.float($0.seconds) }))])
  }
  func fact(_ name: String) throws(Fault) -> Value { try valueOfJSON(run.facts[name] ?? .null) }
  let isFinished = run.facts["finished"].map { $0 != .null } ?? false
  let state = isFinished ? "finished" : run.isRunning ? "running" : "killed"
  let seconds: Double? = run.facts["seconds"]?.numberValue ?? run.metrics.last?.seconds
  var last: [(String, Value)] = []
  var metrics: [(String, Value)] = []
  for name in names {
    last.append((name, .float(series[name]?.last?.value ?? .nan)))
    metrics.append((name, metric(name)))
  }
  var data: [(String, Value)] = []
  for file in run.facts["data"]?.listValue ?? [] {
    if let name = file["name"]?.stringValue { data.append((name, .string(file["sha256"]?.stringValue ?? ""))) }
  }
  var members: [(String, Value)] = [("name", .string(run.name)), ("path", .string(run.path))]
  for name in ["script", "arguments", "seeds", "commit", "started", "status"] { members.append((name, try fact(name))) }
  members.append(("seconds", seconds.map { Value.float($0) } ?? .nil))
  members.append(("state", .string(state)))
  members.append(("last", .map(last)))
  members.append(("metrics", .map(metrics)))
  members.append(("figures", try .list(of: run.figures.map { "\(run.path)/\($0)" })))
  members.append(("data", .map(data)))
  members.append(("facts", try valueOfJSON(run.facts)))
  return .map(members)
}
