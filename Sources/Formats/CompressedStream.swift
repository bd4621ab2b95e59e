// Data sets come plain or gzipped; a reader asks for the next bytes and need not know which.

import CZlib
import Faults
import Glibc

/// A file read from its start to its end, unpacked on the way when it is gzipped.
struct CompressedStream: ~Copyable {
  let path: String
  private let stream: gzFile
  /// The most bytes that this file can possibly hold once unpacked, or nil for a pipe.
  let capacity: Int?

  /// Throws `.file` when there is nothing to read at `path`.
  init(path: String) throws(Fault) {
    let file = try OpenedFile(reading: path)
    if FilesRead.current != nil, file.size != nil {
      _ = try file.readAll(limit: 1 << 34)
      lseek(file.descriptor, 0, SEEK_SET)
    }
    guard let stream = gzdopen(dup(file.descriptor), "rb") else {
      throw Fault(.file, "cannot read \(shownPath(path))", label: systemReason())
    }
    gzbuffer(stream, 1 << 17)
    // Deflate packs at most 1032 bytes into one; a plain file packs one into one.
    let isPlain = gzdirect(stream) == 1
    self.capacity = file.size.map { isPlain ? $0 : $0.multipliedReportingOverflow(by: 1032).partialValue }
    self.path = path
    self.stream = stream
  }

  deinit { gzclose_r(stream) }

  /// The next bytes: `count` of them, or fewer at the end of the file. Memory grows with what really arrives.
  borrowing func next(_ count: Int) throws(Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    let chunk = 1 << 20
    while bytes.count < count {
      try Interrupt.check()
      let wanted = min(chunk, count - bytes.count)
      var got: Int32 = 0
      let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        got = gzread(stream, buffer.baseAddress, UInt32(wanted))
        filled = max(0, Int(got))
      }
      if got < 0 { throw damage() }
      if bytes.isEmpty, part.count == count { return part }
      if bytes.isEmpty { bytes.reserveCapacity(min(count, capacity ?? chunk)) }
      bytes.append(contentsOf: part)
      if part.count < wanted {
        var code: Int32 = 0
        gzerror(stream, &code)
        if code == Z_BUF_ERROR { throw cutOff() }
        break
      }
    }
    return bytes
  }

  private borrowing func cutOff() -> Fault {
    Fault(
      .file, "\(shownPath(path)) is truncated", label: "its gzip data stops in the middle",
      help: "fetch or copy the file again")
  }

  private borrowing func damage() -> Fault {
    var code: Int32 = 0
    let reason = gzerror(stream, &code).map { String(cString: $0) } ?? ""
    if code == Z_BUF_ERROR { return cutOff() }
    if code == Z_ERRNO { return Fault(.file, "cannot read \(shownPath(path))", label: systemReason()) }
    let detail = reason.split(separator: ": ").last.map(String.init) ?? "unreadable"
    return Fault(
      .file, "\(shownPath(path)) is damaged", label: "its gzip data cannot be unpacked: \(detail)",
      help: "fetch or copy the file again")
  }
}

/// The CRC-32 of some bytes, as gzip and PNG use it.
func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var sum = crc32(0, nil, 0)
  bytes.withUnsafeBufferPointer { buffer in
    var done = 0
    while done < buffer.count {
      let count = min(1 << 30, buffer.count - done)
      sum = crc32(sum, buffer.baseAddress.map { $0 + done }, UInt32(count))
      done += count
    }
  }
  return UInt32(truncatingIfNeeded: sum)
}
