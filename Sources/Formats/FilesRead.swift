// Which data a run rested on: the files that it read and the parts of the program that it used, with their checksums.

import Faults
import Synchronization

/// The data of one run.
public final class FilesRead: Sendable {
  /// That of the run under way; nil where nobody asks.
  @TaskLocal public static var current: FilesRead?

  private struct State {
    var found: [(name: String, checksum: String)] = []
    var written: Set<String> = []
  }

  private let state = Mutex(State())
  private let digest: Digest
  /// More files than this are not listed one by one.
  private static let most = 1000

  public init(_ digest: Digest) { self.digest = digest }

  /// In the order in which they were first read; a file that changed meanwhile stands there once for each content.
  public var list: [(name: String, checksum: String)] { state.withLock { $0.found } }

  /// Does something whose reading is not the run's.
  public static func unnoticed<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    let result = $current.withValue(nil) { Swift.Result { () throws(Fault) in try body() } }
    return try result.get()
  }

  func note(_ name: String, _ bytes: [UInt8]) {
    // What the run itself wrote is no data of it.
    if state.withLock({ $0.written.contains(name) || $0.found.count >= Self.most }) { return }
    let checksum = digest.sha256Text(bytes)
    state.withLock { state in
      if !state.found.contains(where: { $0 == (name, checksum) }) { state.found.append((name, checksum)) }
    }
  }

  /// A file that is read in parts, and never as a whole: what tells it stands for its checksum.
  func note(_ name: String, about identity: String) {
    state.withLock { state in
      if state.written.contains(name) || state.found.count >= Self.most || state.found.contains(where: { $0 == (name, identity) }) { return }
      state.found.append((name, identity))
    }
  }

  func noteWriting(_ name: String) { state.withLock { _ = $0.written.insert(name) } }
}
