// Other programs, started by a script that may do so.

import Faults
import Glibc
import Tensors

/// What a program that has ended leaves: its status (128 and the signal's number where one ended it), and what it wrote.
public struct ProcessResult: Sendable {
  public let status: Int
  public let output: [UInt8]
  public let errors: [UInt8]
}

/// Runs a program to its end, without a shell: each argument reaches it as it stands.
///
/// - Throws: `.file` where this run may start none, or there is no such program; `.interrupt`, after ending it, when the
///   user asks to stop; `.limit` where it writes more than memory allows.
public func runProcess(_ command: String, _ arguments: [String], input: [UInt8]) throws(Fault) -> ProcessResult {
  let title = "cannot run \(shownPath(command))"
  if FileRules.current != .programs {
    throw Fault(.file, title, label: "this run may not start programs", help: "start it with --allow-run, as in `snn run --allow-run script.snn`")
  }
  if ([command] + arguments).contains(where: { $0.utf8.contains(0) }) { throw Fault(.file, title, label: "an argument cannot hold a NUL character") }
  var pipes = [Int32](repeating: -1, count: 6)
  defer { for pipe in pipes where pipe >= 0 { close(pipe) } }
  for place in 0..<3 {
    let ok = pipes.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { pipe($0 + 2 * place) == 0 } ?? false }
    if !ok { throw Fault(.file, title, label: systemReason()) }
    for pipe in pipes[(2 * place)..<(2 * place + 2)] { _ = fcntl(pipe, F_SETFD, FD_CLOEXEC) }
  }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, pipes[0], 0)
  posix_spawn_file_actions_adddup2(&actions, pipes[3], 1)
  posix_spawn_file_actions_adddup2(&actions, pipes[5], 2)
  var attributes = childAttributes()
  defer { posix_spawnattr_destroy(&attributes) }
  var words = ([command] + arguments).map { strdup($0) } + [nil]
  defer { words.forEach { free($0) } }
  var process: pid_t = 0
  let code = posix_spawnp(&process, command, &actions, &attributes, &words, environ)
  if code != 0 { throw Fault(.file, title, label: code == ENOENT ? "there is no such program" : systemReason(code)) }
  // A pipe is at its end when every writer has closed it, this process among them.
  for place in [0, 3, 5] {
    close(pipes[place])
    pipes[place] = -1
  }
  do throws(Fault) {
    let (output, errors) = try exchange(input, &pipes)
    return ProcessResult(status: try wait(for: process), output: output, errors: errors)
  } catch {
    kill(process, SIGTERM)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    throw error
  }
}

/// Writes the input and reads both outputs until they end.
private func exchange(_ input: [UInt8], _ pipes: inout [Int32]) throws(Fault) -> ([UInt8], [UInt8]) {
  var written = 0
  var outputs: [[UInt8]] = [[], []]
  let places = [2, 4]
  for place in [1, 2, 4] { _ = fcntl(pipes[place], F_SETFL, O_NONBLOCK) }
  while pipes[2] >= 0 || pipes[4] >= 0 {
    try Interrupt.check()
    if pipes[1] >= 0, written == input.count {
      close(pipes[1])
      pipes[1] = -1
    }
    var waits = [pollfd(fd: pipes[1], events: Int16(POLLOUT), revents: 0)] + places.map { pollfd(fd: pipes[$0], events: Int16(POLLIN), revents: 0) }
    poll(&waits, nfds_t(waits.count), 50)
    if pipes[1] >= 0, waits[0].revents != 0 {
      let part = min(65_536, input.count - written)
      let count = input.withUnsafeBytes { write(pipes[1], $0.baseAddress.map { $0 + written }, part) }
      if count >= 0 { written += count } else if errno != EAGAIN, errno != EINTR { written = input.count }
    }
    for (order, place) in places.enumerated() where pipes[place] >= 0 && waits[order + 1].revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = read(pipes[place], &buffer, buffer.count)
      if count > 0 {
        outputs[order] += buffer[..<count]
        try MemoryLimit.check(outputs[order].count, for: "what a program wrote")
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        close(pipes[place])
        pipes[place] = -1
      }
    }
  }
  return (outputs[0], outputs[1])
}

private func wait(for process: pid_t) throws(Fault) -> Int {
  var status: Int32 = 0
  while true {
    let ended = waitpid(process, &status, WNOHANG)
    if ended == process { break }
    if ended < 0, errno != EINTR { return -1 }
    try Interrupt.check()
    usleep(1000)
  }
  let signal = status & 0x7f
  return signal == 0 ? Int(status >> 8 & 0xff) : 128 + Int(signal)
}

/// How other programs are started: one that nobody listens to any more ends, though this one does not. To be destroyed by
/// whoever asked.
public func childAttributes() -> posix_spawnattr_t {
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  var signals = sigset_t()
  sigemptyset(&signals)
  sigaddset(&signals, SIGPIPE)
  posix_spawnattr_setsigdefault(&attributes, &signals)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
  return attributes
}
