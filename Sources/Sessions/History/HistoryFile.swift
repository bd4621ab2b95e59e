import Faults
import Formats
import Glibc

/// The history on disk, shared by every session of the user: each entry is appended in one write under a lock, and
/// each session reads what the others have appended whenever it asks for the next input.
///
/// The file belongs to the user alone (mode 0600). It is trimmed through a temporary file and a rename, so that a
/// crash leaves the old file or the new one. Nothing here fails aloud: a history that cannot be written is kept in
/// memory.
public final class HistoryFile {
  /// Every entry known, oldest first, neighbours different.
  public private(set) var entries: [String] = []
  private let path: String?
  private let keep: Int
  /// A file that is larger is no history of ours: it is neither read nor waited for.
  private static let mostBytes = 1 << 28
  private var readTo = 0
  private var identity: (device: UInt, file: UInt)?

  /// - Parameters:
  ///   - path: the file, or nil for a history that ends with the session.
  ///   - keep: how many entries survive a trim; the file is trimmed when it holds twice as many.
  public init(path: String?, keep: Int = 10_000) {
    self.path = path
    self.keep = max(1, keep)
    if let path { makeFolder(of: path) }
    refresh()
    if entries.count > 2 * self.keep { trim() }
  }

  /// Reads what other sessions have appended since the last look.
  public func refresh() {
    guard let path else { return }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { return }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.mostBytes else { return }
    let found = (UInt(status.st_dev), UInt(status.st_ino))
    if let identity, identity == found, status.st_size >= readTo {
      if status.st_size == readTo { return }
    } else {
      entries = []
      readTo = 0
    }
    identity = found
    let bytes = readBytes(descriptor, from: readTo)
    guard let lastNewline = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
    readTo += lastNewline + 1
    for line in String(decoding: bytes[...lastNewline], as: UTF8.self).split(separator: "\n") {
      if let entry = HistoryEntry(line: line) { remember(entry.text) }
    }
  }

  /// Adds an entry for this and every other session. Blank texts, texts that begin with a blank (a way to keep a
  /// line out of the history) and a repetition of the last entry are not kept.
  public func append(_ text: String) {
    guard let first = text.first, !first.isWhitespace else { return }
    refresh()
    if entries.last == text { return }
    guard let path, write(HistoryEntry(time: time(nil), text: text), to: path) else { return remember(text) }
    refresh()
  }

  private func remember(_ text: String) {
    if entries.last != text { entries.append(text) }
  }

  // MARK: the file

  private func write(_ entry: HistoryEntry, to path: String) -> Bool {
    guard let descriptor = openLocked(path) else { return false }
    defer { close(descriptor) }
    var line = Array(entry.line.utf8)
    if !endsWithNewline(descriptor) { line.insert(UInt8(ascii: "\n"), at: 0) }
    return line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == line.count
  }

  /// Opens and locks the file that has the name now: a trim by another session puts a new file in its place.
  private func openLocked(_ path: String) -> Int32? {
    for _ in 0..<10 {
      let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
      if descriptor < 0 { return nil }
      var opened = stat()
      var named = stat()
      guard fstat(descriptor, &opened) == 0, opened.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        return nil
      }
      if flock(descriptor, LOCK_EX) == 0, fstat(descriptor, &opened) == 0, stat(path, &named) == 0,
        opened.st_ino == named.st_ino, opened.st_dev == named.st_dev
      {
        return descriptor
      }
      close(descriptor)
    }
    return nil
  }

  /// Keeps the newest entries, each once.
  private func trim() {
    guard let path, let descriptor = openLocked(path) else { return }
    defer { close(descriptor) }
    let lines = String(decoding: readBytes(descriptor, from: 0), as: UTF8.self).split(separator: "\n")
    var seen: Set<String> = []
    var kept: [HistoryEntry] = []
    for line in lines.reversed() where kept.count < keep {
      if let entry = HistoryEntry(line: line), seen.insert(entry.text).inserted { kept.append(entry) }
    }
    kept.reverse()
    let bytes = Array(kept.map(\.line).joined().utf8)
    if (try? writeBytes(bytes, to: path)) != nil { refresh() }
  }

  private func readBytes(_ descriptor: Int32, from offset: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, offset + bytes.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private func endsWithNewline(_ descriptor: Int32) -> Bool {
    let size = lseek(descriptor, 0, SEEK_END)
    if size <= 0 { return true }
    var last: UInt8 = 0
    return pread(descriptor, &last, 1, size - 1) != 1 || last == UInt8(ascii: "\n")
  }

  private func makeFolder(of path: String) {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += (folder.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
      mkdir(folder, 0o700)
    }
  }
}
