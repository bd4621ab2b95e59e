// `snn run --record`: a script that leaves behind what it was.

import Builtins
import Faults
import Formats
import Glibc
import Kernels
import Language
import Machine

/// Where a run is recorded.
public struct RecordOptions: Sendable {
  public var folder: String
  /// Whether TensorBoard is to find its numbers.
  public var writesEvents = false
  /// The command as it was typed.
  public var command: String

  public init(folder: String, writesEvents: Bool = false, command: String) {
    (self.folder, self.writesEvents, self.command) = (folder, writesEvents, command)
  }
}

/// One run under record.
final class RecordedScript {
  private let session: ScriptSession
  private let folder: RunFolder
  private let filesRead: FilesRead
  private let began = secondsNow()
  /// What is known from the start on.
  private let facts: [JSONMember]

  init(_ source: SourceText, _ session: ScriptSession, _ options: RecordOptions) throws(Fault) {
    self.session = session
    filesRead = FilesRead(try Digest(purpose: "the checksums of a run's data"))
    let isFile = source.name.hasSuffix(".snn")
    let name = isFile ? String(splitPath(source.name).name.dropLast(4)) : "script"
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let started = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    folder = try RunFolder(in: options.folder, name: name, started: started, writesEvents: options.writesEvents)
    let given = session.options
    facts = [
      JSONMember("neuedge run", 1), JSONMember("script", .string(source.name)), JSONMember("arguments", .list(given.arguments.map { .string($0) })),
      JSONMember("command", .string(options.command)), JSONMember("seed", given.seed.map { .integer($0) } ?? .null),
      JSONMember("form", .string(given.form.rawValue)), JSONMember("commit", repositoryState(of: source.name).map { .string($0) } ?? .null),
      JSONMember("version", .string(version)), JSONMember("machine", .string(machineDescription())), JSONMember("host", .string(hostName())),
      JSONMember("threads", .integer(ThreadPool.shared.threads)), JSONMember("process", .integer(Int(getpid()))),
      JSONMember("started", .string(dateText(started, "%Y-%m-%dT%H:%M:%SZ"))), JSONMember("started_seconds", .number(started)),
    ]
    let output = session.output
    folder.warn = { output.warn($0) }
    folder.write(script: String(decoding: source.bytes, as: UTF8.self))
    write(status: nil)
  }

  /// Runs a script and gives its exit status.
  func run(_ body: () -> Int32) -> Int32 {
    session.interpreter.machine.runFolder = folder
    (session.output as? RecordingOutput)?.folder = folder
    folder.fitBegins = { [self] in write(status: nil) }
    let status = FilesRead.$current.withValue(filesRead) { body() }
    write(status: status)
    return status
  }

  /// Writes what is known by now; without a status the run goes on.
  private func write(status: Int32?) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let finished = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    let seeds = session.interpreter.machine.usedSeeds
    let data = filesRead.list.map { JSON.object([JSONMember("name", .string($0.name)), JSONMember("sha256", .string($0.checksum))]) }
    folder.write(
      .object(
        facts + [
          // 0 where none was set.
          JSONMember("seeds", .list(seeds.isEmpty ? [0] : seeds.map { seed in Int(exactly: seed).map { .integer($0) } ?? .string("\(seed)") })),
          JSONMember("data", .list(data)),
          JSONMember("finished", status == nil ? .null : .string(dateText(finished, "%Y-%m-%dT%H:%M:%SZ"))),
          JSONMember("seconds", status == nil ? .null : .number(secondsNow() - began)),
          JSONMember("status", status.map { .integer(Int($0)) } ?? .null),
          JSONMember("error", session.failure.map { .string($0) } ?? .null),
        ]))
  }
}

/// A script's output, whose figures are kept as well.
public final class RecordingOutput: Output {
  private let output: any Output
  var folder: RunFolder?

  public init(_ output: any Output) { self.output = output }

  public var width: Int { output.width }
  public var usesColour: Bool { output.usesColour }
  public var isInteractive: Bool { output.isInteractive }
  public func write(_ text: String) { output.write(text) }
  public func warn(_ text: String) { output.warn(text) }
  public func writeError(_ text: String) { output.writeError(text) }
  public func flush() { output.flush() }

  public func show(_ value: any ForeignValue) {
    if case .picture(_, let svg, _)? = value.richForm { folder?.add(figure: svg(PageOutput.wide)) }
    output.show(value)
  }
}
