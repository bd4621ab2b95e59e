// The one writer of the program. Files are replaced whole or not at all: a crash or a full disk in the middle of a save
// leaves the old file as it was.

import Faults
import Glibc

/// Writes `bytes` to `path`: into a new file beside it, synced to the disk, then renamed over it.
///
/// An existing file keeps its permissions and its owner; a symbolic link keeps pointing where it did, and what it names
/// is written, be it there yet or not; a pipe or a device is written to directly.
///
/// - Parameter input: a file that must not be written over, because it is what is read.
/// - Throws: `.file` when the folder is missing, read-only or full, or the path names the input.
public func writeBytes(_ bytes: [UInt8], to path: String, sparing input: String? = nil) throws(Fault) {
  switch try WriteTarget(path, sparing: input) {
  case .through(let isFile): try writeThrough(bytes, path, isFile: isFile)
  case .file(let folder, let name, let old):
    let title = "cannot write \(shownPath(path))"
    clearUnfinishedFiles(in: folder)
    let unfinished = try UnfinishedFile(in: folder, replacing: old, title: title)
    try writeAll(bytes, unfinished.descriptor, title: title)
    try unfinished.finish(as: name, title: title)
  }
}

/// Refuses a path that `writeBytes` could not write to, before the work that makes its bytes.
public func checkWritable(_ path: String, sparing input: String? = nil) throws(Fault) {
  guard case .file(let folder, _, _) = try WriteTarget(path, sparing: input) else { return }
  if access(folder, W_OK | X_OK) == 0 { return }
  let reason = systemReason()
  let help = missingFolderHelp(folder)
  throw Fault(
    .file, "cannot write \(shownPath(path))", label: help == nil ? "its folder cannot be written: \(reason)" : reason,
    help: help)
}

/// Whether two paths lead to the same file, by whatever names and links.
public func isSameFile(_ a: String, _ b: String) -> Bool {
  var first = stat(), second = stat()
  return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

func missingFolderHelp(_ folder: String) -> String? {
  access(folder, F_OK) == 0 ? nil : "the folder \(shownPath(folder)) does not exist: make it first, as by `mkdir -p`"
}

/// Where the bytes for a path go.
enum WriteTarget {
  /// A device, a pipe, or a file that a descriptor of some process stands for (`/dev/stdout`): it stays what it is.
  case through(isFile: Bool)
  /// A file of this name in this folder, and what is there now.
  case file(folder: String, name: String, old: stat?)

  init(_ path: String, sparing input: String?) throws(Fault) {
    try FileRules.checkWriting(path)
    FilesRead.current?.noteWriting(path)
    let title = "cannot write \(shownPath(path))"
    if path.isEmpty { throw Fault(.file, "cannot write a file without a name", label: "the path is empty") }
    if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
    if let input, isSameFile(input, path) {
      throw Fault(.file, title, label: "it is the file that is read", help: "give another name")
    }
    var status = stat()
    let exists = stat(path, &status) == 0
    if path.hasSuffix("/") || (exists && status.st_mode & S_IFMT == S_IFDIR) {
      throw Fault(.file, title, label: "it is a folder", help: "name a file inside it")
    }
    let isFile = exists && status.st_mode & S_IFMT == S_IFREG
    if exists, access(path, W_OK) != 0 { throw Fault(.file, title, label: systemReason()) }
    if exists, !isFile {
      self = .through(isFile: false)
      return
    }
    guard let target = try Self.behindLinks(path, title: title) else {
      self = .through(isFile: isFile)
      return
    }
    let (folder, name) = splitPath(target)
    var place = stat()
    if stat(folder, &place) == 0, place.st_mode & S_IFMT != S_IFDIR {
      throw Fault(.file, title, label: "\(shownPath(folder)) is not a folder")
    }
    self = .file(folder: folder, name: name, old: exists ? status : nil)
  }

  /// The path that a chain of symbolic links ends at; nil where it leads through the descriptors of a process.
  private static func behindLinks(_ path: String, title: String) throws(Fault) -> String? {
    var current = path
    for _ in 0..<40 {
      let (folder, _) = splitPath(current)
      if let real = realpath(folder, nil) {
        defer { free(real) }
        if String(cString: real).hasPrefix("/proc/") { return nil }
      }
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(current, &buffer, buffer.count)
      if count < 0 { return current }
      let link = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      current = link.hasPrefix("/") ? link : "\(folder)/\(link)"
    }
    throw Fault(.file, title, label: systemReason(ELOOP))
  }
}

/// Writes to what stays as it is. A pipe that nobody reads yet is waited for, as long as nobody presses Ctrl-C.
private func writeThrough(_ bytes: [UInt8], _ path: String, isFile: Bool) throws(Fault) {
  let title = "cannot write \(shownPath(path))"
  var descriptor: Int32 = -1
  while true {
    try Interrupt.check()
    descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (isFile ? O_APPEND : 0))
    if descriptor >= 0 { break }
    if errno != ENXIO && errno != EINTR { throw Fault(.file, title, label: systemReason()) }
    usleep(20_000)
  }
  defer { close(descriptor) }
  try writeAll(bytes, descriptor, title: title)
}

/// Writes all bytes to a descriptor, through interruptions of the system's; Ctrl-C ends it.
func writeAll(_ bytes: [UInt8], _ descriptor: Int32, title: String) throws(Fault) {
  var done = 0
  while done < bytes.count {
    try Interrupt.check()
    let count = min(bytes.count - done, 4 << 20)
    let written = bytes.withUnsafeBytes { write(descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]).baseAddress, count) }
    if written >= 0 {
      done += written
      continue
    }
    if errno == EAGAIN {
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&ready, 1, 50)
    } else if errno != EINTR {
      throw Fault(.file, title, label: systemReason())
    }
  }
}
