// HDF5 files are looked at by a process of its own before this one opens them: the library can crash on damaged ones, or
// never come back.

import Faults
import Glibc
import Synchronization
import Tensors

/// Starts a program that opens a file first, as `HDF5Examination` does.
///
/// What it finds holds for the file as it is: a file that is changed later is examined anew, one that is read twice is
/// examined once. Where no program can be started, files are read without.
public struct HDF5Examiner: Sendable {
  /// The argument by which the program is told what it was started for.
  static let argument = "--examine-hdf5"

  private let command: String

  /// - Parameter command: the path of a program that begins with `examineIfAsked()`; by default the one that runs
  public init(command: String = "/proc/self/exe") { self.command = command }

  /// How long the program may compute, in whole seconds: a few, and those of 50 MB/s.
  static func seconds(for size: Int) -> Int { 4 + max(0, size) / 50_000_000 }

  // MARK: Verdicts

  /// What tells a file and its state from others.
  private struct Identity: Hashable {
    var device: UInt64
    var number: UInt64
    var size: Int
    var written: [Int]
  }

  /// Why a file is refused; nil where it is sound.
  private static let verdicts = Mutex<[Identity: String?]>([:])
  private static let mostVerdicts = 4096

  /// Throws `.file` where the library crashes on a file or does not come back from it, and `.interrupt`, after ending the
  /// program, when the user asks to stop.
  ///
  /// - Parameter size: the bytes of a file that is gzipped, unpacked
  func examine(_ path: String, size: Int? = nil) throws(Fault) {
    var status = stat()
    if stat(path, &status) != 0 { return }
    let (written, changed) = (status.st_mtim, status.st_ctim)
    let identity = Identity(
      device: UInt64(status.st_dev), number: UInt64(status.st_ino), size: Int(status.st_size),
      written: [Int(written.tv_sec), Int(written.tv_nsec), Int(changed.tv_sec), Int(changed.tv_nsec)])
    let verdict: String?
    if let known = Self.verdicts.withLock({ $0[identity] }) {
      verdict = known
    } else {
      verdict = try problem(path, size: size ?? Int(status.st_size))
      Self.verdicts.withLock {
        if $0.count >= Self.mostVerdicts { $0 = [:] }
        $0[identity] = .some(verdict)
      }
    }
    guard let verdict else { return }
    throw Fault(
      .file, "\(shownPath(path)) is damaged", label: "reading it breaks the HDF5 library: \(verdict)",
      help: "fetch or copy the file again")
  }

  // MARK: The program

  /// Why the file is to be refused; nil where it is sound.
  private func problem(_ path: String, size: Int) throws(Fault) -> String? {
    // `/dev/stdin` is another file for another process.
    let resolved = realpath(path, nil)
    defer { free(resolved) }
    guard let process = start([Self.argument, String(size), resolved.map { String(cString: $0) } ?? path]) else { return nil }
    var status: Int32 = 0
    do throws(Fault) {
      // It ends itself when it computes too long; a disk may be slow besides.
      let start = ContinuousClock.now
      let most = Duration.seconds(5 * Self.seconds(for: size))
      var wait: UInt32 = 200
      while true {
        let ended = waitpid(process, &status, WNOHANG)
        if ended == process { break }
        if ended < 0, errno != EINTR { return nil }
        try Interrupt.check()
        if ContinuousClock.now - start > most {
          Self.end(process)
          return "it does not come back from it"
        }
        usleep(wait)
        wait = min(2 * wait, 5000)
      }
    } catch {
      Self.end(process)
      throw error
    }
    switch status & 0x7f {
    case SIGXCPU: return "it does not come back from it"
    case SIGKILL: return "it takes more time or memory than there is"
    case SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGSYS: return "it crashes"
    case 0: return nil
    case let signal:
      // Somebody else ended it, so nothing is known of the file.
      try Interrupt.check()
      throw Fault(.file, "cannot read \(shownPath(path))", label: "the process that looks at it first was ended by signal \(signal)", help: "try again")
    }
  }

  private static func end(_ process: pid_t) {
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// Starts the program with nothing but what it reads; nil where that is refused.
  private func start(_ arguments: [String]) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for output: Int32 in [1, 2] { posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0) }
    var attributes = childAttributes()
    defer { posix_spawnattr_destroy(&attributes) }
    // Memory that was never written or was given back holds what leads nowhere, so that its use is found. A crash is
    // expected, and not to be explained.
    let settings = [("MALLOC_PERTURB_", "165"), ("SWIFT_BACKTRACE", "enable=no")]
    var words = (["snn"] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    let added = settings.map { strdup("\($0.0)=\($0.1)") }
    defer { added.forEach { free($0) } }
    var environment = added
    var place = 0
    while let variable = environ[place] {
      if !settings.contains(where: { strncmp("\($0.0)=", variable, $0.0.utf8.count + 1) == 0 }) { environment.append(variable) }
      place += 1
    }
    environment.append(nil)
    var process: pid_t = 0
    return posix_spawn(&process, command, &actions, &attributes, &words, &environment) == 0 ? process : nil
  }
}
