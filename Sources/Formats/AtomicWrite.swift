// Files are replaced whole or not at all: a crash or a full disk in the middle of a save leaves the old file as it was.

import Faults
import Glibc

/// Writes `bytes` to `path`: into a new file beside it, synced to the disk, then renamed over it.
///
/// An existing file keeps its permissions, a symbolic link keeps pointing where it did, and a pipe or
/// a device is written to directly. Throws `.file` when the folder is missing, read-only or full.
public func writeBytes(_ bytes: [UInt8], to path: String) throws(Fault) {
  let title = "cannot write \(shownPath(path))"
  if path.isEmpty { throw Fault(.file, "cannot write a file without a name", label: "the path is empty") }
  if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
  let target = resolvedLink(path)
  var status = stat()
  let exists = stat(target, &status) == 0
  if exists, status.st_mode & S_IFMT == S_IFDIR {
    throw Fault(.file, title, label: "it is a folder", help: "name a file inside it")
  }
  if exists, status.st_mode & S_IFMT != S_IFREG {
    let descriptor = open(target, O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw Fault(.file, title, label: systemReason()) }
    defer { close(descriptor) }
    return try writeAll(bytes, descriptor, title: title)
  }
  if exists, access(target, W_OK) != 0 { throw Fault(.file, title, label: systemReason()) }

  let (folder, name) = splitPath(target)
  let temporary = try writeTemporary(
    bytes, folder: folder, name: name, mode: exists ? status.st_mode & 0o7777 : nil, title: title)
  if rename(temporary, target) != 0 {
    let reason = systemReason()
    unlink(temporary)
    throw Fault(.file, title, label: reason)
  }
  syncFolder(folder)
}

/// Where a path points when it is a symbolic link, else the path itself.
private func resolvedLink(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// Writes a new file in `folder` and syncs it; removes it again when that fails. Gives its path.
private func writeTemporary(
  _ bytes: [UInt8], folder: String, name: String, mode: mode_t?, title: String
) throws(Fault) -> String {
  for attempt in 0..<100 {
    let temporary = "\(folder)/.\(name.prefix(100)).\(getpid()).\(attempt).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 {
      if errno == EEXIST { continue }
      let reason = systemReason()
      throw Fault(
        .file, title, label: reason,
        help: access(folder, F_OK) == 0 ? nil : "the folder \(shownPath(folder)) does not exist")
    }
    do throws(Fault) {
      if let mode { fchmod(descriptor, mode) }
      try writeAll(bytes, descriptor, title: title)
      if fsync(descriptor) != 0 { throw Fault(.file, title, label: systemReason()) }
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    if close(descriptor) != 0 {
      let reason = systemReason()
      unlink(temporary)
      throw Fault(.file, title, label: reason)
    }
    return temporary
  }
  throw Fault(.file, title, label: "the folder holds a hundred unfinished files of this name")
}

private func writeAll(_ bytes: [UInt8], _ descriptor: Int32, title: String) throws(Fault) {
  var done = 0
  while done < bytes.count {
    try Interrupt.check()
    let count = min(bytes.count - done, 4 << 20)
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, count) }
    if written < 0 {
      if errno == EINTR { continue }
      throw Fault(.file, title, label: systemReason())
    }
    done += written
  }
}

/// Makes a rename survive a power cut. Some file systems refuse this on a folder, which does no harm.
private func syncFolder(_ folder: String) {
  let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if descriptor < 0 { return }
  fsync(descriptor)
  close(descriptor)
}
