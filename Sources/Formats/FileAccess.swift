// The one place where Formats opens, reads and closes files, so that every refusal of the system reads the same.

import Faults
import Glibc

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

/// A path as a message shows it: quoted, with control characters made visible.
func shownPath(_ path: String) -> String {
  let visible = path.unicodeScalars.map { scalar in
    scalar.value < 32 || (0x7f..<0xa0).contains(scalar.value)
      ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
  return "`\(visible.joined())`"
}

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
    let title = "cannot read \(shownPath(path))"
    if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
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
    if status.st_mode & S_IFMT == S_IFDIR {
      close(opened)
      throw Fault(.file, title, label: "it is a folder", help: "name a file inside it")
    }
    self.descriptor = opened
    self.path = path
    self.size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  deinit { close(descriptor) }

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
func splitPath(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = String(path[..<slash])
  return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
}

extension OpenedFile {
  /// Every byte of the file, at most `limit` of them; more is a fault, found before memory is taken where possible.
  borrowing func readAll(limit: Int) throws(Fault) -> [UInt8] {
    if let size, size > limit { throw tooLarge(found: "it has \(shownBytes(size))", limit: limit) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size ?? 0)
    let chunk = 1 << 20
    while true {
      try Interrupt.check()
      let part = try readSome(chunk)
      if part.isEmpty { return bytes }
      if bytes.count + part.count > limit { throw tooLarge(found: "it goes on", limit: limit) }
      bytes.append(contentsOf: part)
    }
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

  private borrowing func tooLarge(found: String, limit: Int) -> Fault {
    Fault(.file, "\(shownPath(path)) is too large", label: "\(found), the limit is \(shownBytes(limit))")
  }
}

/// Reads a whole file as bytes. Throws `.file` when it is missing, a folder, unreadable or above `limit` bytes.
public func readBytes(_ path: String, limit: Int = 1 << 34) throws(Fault) -> [UInt8] {
  let file = try OpenedFile(reading: path)
  return try file.readAll(limit: limit)
}

/// Makes a folder where there is none yet, inside one that there is. Throws `.file` where that is refused.
public func makeFolder(_ path: String) throws(Fault) {
  let title = "cannot make the folder \(shownPath(path))"
  if path.isEmpty || path.utf8.contains(0) { throw Fault(.file, title, label: "a folder needs a name without NUL characters") }
  var status = stat()
  if stat(path, &status) == 0 {
    if status.st_mode & S_IFMT == S_IFDIR { return }
    throw Fault(.file, title, label: "there is a file of that name")
  }
  if mkdir(path, 0o777) != 0, errno != EEXIST { throw Fault(.file, title, label: systemReason()) }
}

/// Whether there is anything at a path.
public func fileExists(_ path: String) -> Bool {
  !path.utf8.contains(0) && access(path, F_OK) == 0
}
