// Files that are being written, under names that nobody can guess, and what killed writers left of such files.

import Faults
import Glibc
import Synchronization

/// A new file in a folder, locked by its writer and gone again unless it is finished.
///
/// The name is short, so that a file of the longest name that a folder takes can be written, and it is made with
/// `O_EXCL`, so that a link which somebody has put there is never followed. The lock tells a later writer that this one
/// is alive.
struct UnfinishedFile: ~Copyable {
  static let prefix = ".neuedge-"
  static let suffix = ".part"

  let descriptor: Int32
  /// The folder, held open: what is made, renamed and removed is in the same folder, whatever becomes of its path.
  private let folder: Int32
  private let name: String

  /// - Parameter old: the file that this one is to replace, whose owner and permissions it gets.
  init(in path: String, replacing old: stat?, title: String) throws(Fault) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder < 0 { throw Fault(.file, title, label: systemReason(), help: missingFolderHelp(path)) }
    let made: (descriptor: Int32, name: String)
    do throws(Fault) {
      made = try Self.make(in: folder, mode: old == nil ? 0o666 : 0o600, title: title)
    } catch {
      close(folder)
      throw error
    }
    (descriptor, name, self.folder) = (made.descriptor, made.name, folder)
    if let old {
      // Only the owner and root may give a file its old owner; where that is refused it belongs to who writes.
      _ = fchown(descriptor, old.st_uid, old.st_gid)
      fchmod(descriptor, old.st_mode & 0o7777)
    }
  }

  deinit {
    unlinkat(folder, name, 0)
    close(descriptor)
    close(folder)
  }

  private static func make(in folder: Int32, mode: mode_t, title: String) throws(Fault) -> (Int32, String) {
    while true {
      let name = prefix + String(UInt64.random(in: .min ... .max), radix: 36) + suffix
      let descriptor = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
      if descriptor < 0 {
        if errno == EEXIST || errno == EINTR { continue }
        throw Fault(.file, title, label: systemReason())
      }
      flock(descriptor, LOCK_EX)
      // Another writer may have taken it for a dead one's before the lock was there.
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return (descriptor, name) }
      close(descriptor)
    }
  }

  /// Brings the bytes to the disk and gives the file its name.
  consuming func finish(as target: String, title: String) throws(Fault) {
    if fsync(descriptor) != 0 { throw Fault(.file, title, label: systemReason()) }
    if renameat(folder, name, folder, target) != 0 { throw Fault(.file, title, label: systemReason()) }
    // Makes the rename survive a power cut. Some file systems refuse this on a folder, which does no harm.
    fsync(folder)
  }
}

/// Folders that this process has cleared, by path: one look is enough for a loop that writes many files.
private let cleared = Mutex<Set<String>>([])

/// Removes the unfinished files of writers that were killed: those of this user that nobody holds a lock on.
func clearUnfinishedFiles(in folder: String) {
  guard cleared.withLock({ $0.insert(folder).inserted }), let stream = opendir(folder) else { return }
  defer { closedir(stream) }
  let descriptor = dirfd(stream)
  var status = stat()
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    guard name.hasPrefix(UnfinishedFile.prefix), name.hasSuffix(UnfinishedFile.suffix) else { continue }
    let file = openat(descriptor, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if file < 0 { continue }
    defer { close(file) }
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else { continue }
    if flock(file, LOCK_EX | LOCK_NB) == 0 { unlinkat(descriptor, name, 0) }
  }
}

/// Writes text into a new file of the user's alone in a folder, to be handed to another program; gives its path.
///
/// - Parameter suffix: what its name ends in, as `.snn`.
public func writeTemporaryText(_ text: String, in folder: String, suffix: String) throws(Fault) -> String {
  let title = "cannot write a file in \(shownPath(folder))"
  while true {
    let path = "\(folder)/snn-\(String(UInt64.random(in: .min ... .max), radix: 36))\(suffix)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      if errno == EEXIST || errno == EINTR { continue }
      throw Fault(.file, title, label: systemReason(), help: missingFolderHelp(folder))
    }
    defer { close(descriptor) }
    do throws(Fault) {
      try writeAll(Array(text.utf8), descriptor, title: title)
      return path
    } catch {
      unlink(path)
      throw error
    }
  }
}
