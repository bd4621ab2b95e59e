// The one place where Formats opens, reads and closes files, so that every refusal of the system reads the same.

import Events
import Faults
import Glibc
import Tensors
import Texts

/// What the system says about its last refusal, in lower case.
func systemReason(_ code: Int32 = errno) -> String {
  switch code {
  case ENOENT: "there is no such file or folder"
  case EACCES, EPERM: "permission denied"
  case EISDIR: "it is a folder"
  case ENOTDIR: "a part of its path is not a folder"
  case ENOSPC: "no space is left on the disk"
  default: strerror(code).map { String(cString: $0).lowercased() } ?? "error \(code)"
  }
}

/// A path as a message shows it: quoted, with what would steer a terminal made visible.
public func shownPath(_ path: String) -> String { "`\(path.withVisibleControls)`" }

/// How many bytes, as people read it: `812 bytes`, `3.4 MiB`.
func shownBytes(_ count: Int) -> String {
  if count < 1024 { return "\(count) byte\(count == 1 ? "" : "s")" }
  var size = Double(count), unit = 0
  let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
  size /= 1024
  while size >= 1024, unit < units.count - 1 { size /= 1024; unit += 1 }
  let tenths = Int((size * 10).rounded())
  return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}

/// A file opened for reading, with what the system said of it when it was opened.
struct OpenedFile: ~Copyable {
  let descriptor: Int32
  let path: String
  /// Bytes on the disk, or nil for a pipe or a device, whose length nobody knows.
  let size: Int?

  /// Throws `.file` when there is nothing to read at `path`, or it is a folder.
  init(reading path: String) throws(Fault) {
    if path.isEmpty { throw Fault(.file, "cannot read a file without a name", label: "the path is empty") }
    try FileRules.checkReading(path)
    let title = "cannot read \(shownPath(path))"
    if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
    // A named pipe is opened at once, be there a writer or not, and then refused.
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    if opened < 0 {
      let code = errno
      throw Fault(.file, title, label: systemReason(code), help: code == ENOENT ? Self.nearbyHelp(path) : nil)
    }
    var status = stat()
    if fstat(opened, &status) != 0 {
      let reason = systemReason()
      close(opened)
      throw Fault(.file, title, label: reason)
    }
    if let reason = Self.refusal(of: status, path) {
      close(opened)
      throw Fault(.file, title, label: reason.found, help: reason.help)
    }
    _ = fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK)
    self.descriptor = opened
    self.path = path
    self.size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  deinit { close(descriptor) }

  /// What is no file: folders, devices, whose bytes may never end, and pipes, whose bytes may never come. A pipe or a
  /// terminal that the shell has opened for this process (`/dev/stdin`, `<(command)`) is one that somebody writes to.
  private static func refusal(of status: stat, _ path: String) -> (found: String, help: String)? {
    let inherited = ["/dev/fd/", "/proc/self/fd/"].contains { path.hasPrefix($0) } || path == "/dev/stdin"
    switch status.st_mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFDIR: return ("it is a folder", "name a file inside it")
    case S_IFIFO where inherited: return nil
    case S_IFIFO: return ("it is a pipe, not a file", "read what comes through it from standard input, by read_lines()")
    case S_IFCHR where inherited || path == "/dev/null": return nil
    default: return ("it is a device, not a file", "copy what is to be read into a file first")
    }
  }

  /// Suggests a file of a similar name in the same folder.
  private static func nearbyHelp(_ path: String) -> String? {
    let (folder, name) = splitPath(path)
    guard let stream = opendir(folder) else {
      return folder == "." ? nil : "the folder \(shownPath(folder)) cannot be opened either"
    }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < 2000, let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return didYouMean(name, among: names)
  }
}

/// The folder and the last part of a path; the folder is `.` where none is named.
public func splitPath(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = String(path[..<slash])
  return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
}

extension OpenedFile {
  /// Every byte of the file, at most `limit` of them; more is a fault, found before memory is taken where possible.
  ///
  /// - Parameter isWanted: whether bytes that begin so are to be read to their end; their beginning is given where
  ///   they are not.
  borrowing func readAll(limit: Int, isWanted: ([UInt8]) -> Bool = { _ in true }) throws(Fault) -> [UInt8] {
    let limit = min(limit, Tensor.memoryLimit)
    if let size, size > 1 << 20 {
      var head: [UInt8] = []
      while head.count < 4096, case let part = try readSome(4096 - head.count), !part.isEmpty { head += part }
      if !isWanted(head) { return head }
      lseek(descriptor, 0, SEEK_SET)
    }
    if let size, size > limit { throw tooLarge(found: "it has \(shownBytes(size))", limit: limit) }
    // A size is a promise: what does not fit it is read behind, by and by.
    var bytes = try readInPlace(min(size ?? 0, limit))
    let chunk = 1 << 20
    while true {
      try Interrupt.check()
      let part = try readSome(chunk)
      if part.isEmpty {
        FilesRead.current?.note(path, bytes)
        return bytes
      }
      if bytes.count + part.count > limit { throw tooLarge(found: "it goes on", limit: limit) }
      bytes.append(contentsOf: part)
    }
  }

  /// Up to `count` bytes straight into their place; memory is taken as they come.
  private borrowing func readInPlace(_ count: Int) throws(Fault) -> [UInt8] {
    var stopped: Fault?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      if let base = buffer.baseAddress { useLargePages(base, count) }
      while filled < count, stopped == nil {
        do throws(Fault) {
          try Interrupt.check()
          let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, min(count - filled, 1 << 22))
          if got == 0 { break }
          if got > 0 {
            filled += got
          } else if errno != EINTR {
            stopped = Fault(.file, "cannot read \(shownPath(path))", label: systemReason())
          }
        } catch {
          stopped = error
        }
      }
    }
    if let stopped { throw stopped }
    return bytes
  }

  /// Up to `count` bytes from where the file stands, fewer only at its end.
  borrowing func readBeginning(_ count: Int) throws(Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, case let part = try readSome(count - bytes.count), !part.isEmpty { bytes += part }
    return bytes
  }

  /// Up to `count` next bytes; empty at the end of the file.
  private borrowing func readSome(_ count: Int) throws(Fault) -> [UInt8] {
    while true {
      var failure: Int32 = 0
      let part = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let got = read(descriptor, buffer.baseAddress, count)
        if got < 0 { failure = errno }
        filled = max(got, 0)
      }
      if failure == 0 { return part }
      if failure != EINTR { throw Fault(.file, "cannot read \(shownPath(path))", label: systemReason(failure)) }
      try Interrupt.check()
    }
  }

  /// Bytes from a place in the file on; fewer at its end. Several threads may read so at once.
  borrowing func bytes(_ count: Int, at offset: Int) throws(Fault) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    if failure != 0 { throw Fault(.file, "cannot read \(shownPath(path))", label: systemReason(failure)) }
    return bytes
  }

  /// When the file was last written, in nanoseconds.
  borrowing func lastWritten() -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return 0 }
    return Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(status.st_mtim.tv_nsec)
  }

  private borrowing func tooLarge(found: String, limit: Int) -> Fault {
    Fault(.file, "\(shownPath(path)) is too large", label: "\(found), the limit is \(shownBytes(limit))")
  }
}

/// Reads a whole file as bytes. Throws `.file` when it is missing, a folder, unreadable or above `limit` bytes.
///
/// - Parameter magic: what the file must begin with to be read to its end; of another one only the beginning is given,
///   for the reader to say what it is.
public func readBytes(_ path: String, limit: Int = 1 << 34, magic: [UInt8] = []) throws(Fault) -> [UInt8] {
  let file = try OpenedFile(reading: path)
  return try file.readAll(limit: limit) { $0.starts(with: magic) }
}

/// The first bytes of a file, fewer where it is shorter; for whoever asks what kind of file it is.
public func readBeginning(_ path: String, count: Int) throws(Fault) -> [UInt8] {
  let file = try OpenedFile(reading: path)
  return try file.readBeginning(count)
}

/// Makes a folder where there is none yet, inside one that there is. Throws `.file` where that is refused.
public func makeFolder(_ path: String) throws(Fault) {
  try FileRules.checkWriting(path)
  let title = "cannot make the folder \(shownPath(path))"
  if path.isEmpty || path.utf8.contains(0) { throw Fault(.file, title, label: "a folder needs a name without NUL characters") }
  var status = stat()
  if stat(path, &status) == 0 {
    if status.st_mode & S_IFMT == S_IFDIR { return }
    throw Fault(.file, title, label: "there is a file of that name")
  }
  if mkdir(path, 0o777) != 0, errno != EEXIST { throw Fault(.file, title, label: systemReason()) }
}

/// Whether there is anything at a path; `.file` where this run may not read.
public func fileExists(_ path: String) throws(Fault) -> Bool {
  try FileRules.checkReading(path)
  return !path.utf8.contains(0) && access(path, F_OK) == 0
}
