// Folders and the names in them, and files that are moved, removed or added to.

import Faults
import Glibc

/// The names in a folder, in alphabetical order, without `.` and `..`. Throws `.file` where it cannot be read.
public func listFolder(_ path: String) throws(Fault) -> [String] {
  try FileRules.checkReading(path)
  let title = "cannot list \(shownPath(path))"
  if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
  guard let stream = opendir(path) else { throw Fault(.file, title, label: systemReason()) }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    if names.count & 0xFFF == 0xFFF { try Interrupt.check() }
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Whether a path names a folder; `.file` where this run may not read.
public func isFolder(_ path: String) throws(Fault) -> Bool {
  try FileRules.checkReading(path)
  var status = stat()
  return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Whether a path names a symbolic link, wherever it leads; `.file` where this run may not read.
func isLink(_ path: String) throws(Fault) -> Bool {
  try FileRules.checkReading(path)
  var status = stat()
  return !path.utf8.contains(0) && lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// Removes a file, a link, or a folder that is empty. Throws `.file` where there is none or the system refuses.
public func removeFile(_ path: String) throws(Fault) {
  try FileRules.checkWriting(path)
  let title = "cannot remove \(shownPath(path))"
  if path.isEmpty || path.utf8.contains(0) { throw Fault(.file, title, label: "it is no path of a file") }
  if remove(path) == 0 { return }
  let code = errno
  let isFull = code == ENOTEMPTY || code == EEXIST
  throw Fault(.file, title, label: isFull ? "the folder is not empty" : systemReason(code), help: isFull ? "remove what is in it first: list_files tells" : nil)
}

/// Gives a file or a folder another name; a file that has that name is replaced. Throws `.file`.
public func moveFile(_ old: String, to new: String) throws(Fault) {
  try FileRules.checkWriting(old)
  try FileRules.checkWriting(new)
  let title = "cannot move \(shownPath(old)) to \(shownPath(new))"
  if (old + new).utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
  if rename(old, new) != 0 { throw Fault(.file, title, label: systemReason()) }
}

/// Makes a folder that was not there before, by a number behind its name where that is taken; gives its path. Throws `.file`.
public func makeNewFolder(_ path: String) throws(Fault) -> String {
  try FileRules.checkWriting(path)
  let title = "cannot make the folder \(shownPath(path))"
  if path.utf8.contains(0) { throw Fault(.file, title, label: "a path cannot hold a NUL character") }
  for number in 1...10_000 {
    let name = number == 1 ? path : "\(path)-\(number)"
    if mkdir(name, 0o777) == 0 { return name }
    if errno != EEXIST { throw Fault(.file, title, label: systemReason()) }
  }
  throw Fault(.file, title, label: "there are 10,000 of that name")
}

/// Writes text behind what a file holds, and makes the file where there is none. Throws `.file`.
public func appendText(_ text: String, to path: String) throws(Fault) { try appendBytes(Array(text.utf8), to: path) }

/// The same of bytes.
func appendBytes(_ bytes: [UInt8], to path: String) throws(Fault) {
  try FileRules.checkWriting(path)
  let title = "cannot append to \(shownPath(path))"
  if path.isEmpty || path.utf8.contains(0) { throw Fault(.file, title, label: "it is no path of a file") }
  let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o666)
  if descriptor < 0 {
    let reason = systemReason()
    throw Fault(.file, title, label: reason, help: missingFolderHelp(splitPath(path).folder))
  }
  defer { close(descriptor) }
  try writeAll(bytes, descriptor, title: title)
}

/// The present folder.
public func presentFolder() throws(Fault) -> String {
  guard let path = getcwd(nil, 0) else { throw Fault(.file, "the present folder is not known", label: systemReason()) }
  defer { free(path) }
  return String(cString: path)
}
