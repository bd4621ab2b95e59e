// Zip archives, read by their central directory. After PKWARE's "APPNOTE.TXT - .ZIP File Format Specification", 6.3.

import CZlib
import Faults

/// A file inside a zip archive.
struct ZipEntry {
  var name: String
  /// 0: stored, 8: deflated.
  var method: Int
  var checksum: UInt32
  var packed: Int
  var size: Int
  /// Where its local header stands.
  var offset: Int
  var isEncrypted: Bool
}

/// The files of a zip archive whose bytes are in memory.
struct ZipReader {
  private let bytes: [UInt8]
  private let name: String
  let entries: [ZipEntry]

  /// Throws `.file`, with the byte where the archive is wrong.
  init(_ bytes: [UInt8], name: String) throws(Fault) {
    self.bytes = bytes
    self.name = name
    guard let end = Self.endOfDirectory(bytes) else {
      let isZip = bytes.starts(with: [0x50, 0x4b])
      throw Fault(
        .file, isZip ? "\(name) is truncated" : "\(name) is not a zip archive",
        label: isZip ? "its directory, which stands at the end, is not there" : "neither its beginning nor its end is that of one",
        help: isZip ? "fetch or copy the file again" : nil)
    }
    let directory = try Self.directory(bytes, end, name: name)
    var reader = ByteReader(bytes, at: directory.offset)
    var entries: [ZipEntry] = []
    var names: Set<String> = []
    for number in 0..<directory.count {
      if number & 0xFFF == 0 { try Interrupt.check() }
      let start = reader.offset
      guard let entry = Self.entry(&reader) else {
        throw Fault(.file, "\(name) has a damaged directory", label: "entry \(number + 1) of \(directory.count), at byte \(start), is not whole", help: "fetch or copy the file again")
      }
      if !names.insert(entry.name).inserted {
        throw Fault(.file, "\(name) has a damaged directory", label: "two files in it are called \(shownPath(entry.name))")
      }
      entries.append(entry)
    }
    self.entries = entries
  }

  /// Where the record at the end of the directory stands: before a comment of at most 65,535 bytes.
  private static func endOfDirectory(_ bytes: [UInt8]) -> Int? {
    var place = bytes.count - 22
    while place >= 0, place >= bytes.count - 22 - 65_535 {
      if bytes[place] == 0x50, bytes[place + 1] == 0x4b, bytes[place + 2] == 5, bytes[place + 3] == 6 {
        let comment = Int(bytes[place + 20]) | Int(bytes[place + 21]) << 8
        if place + 22 + comment <= bytes.count { return place }
      }
      place -= 1
    }
    return nil
  }

  private static func directory(_ bytes: [UInt8], _ end: Int, name: String) throws(Fault) -> (offset: Int, count: Int) {
    func damaged(_ what: String) -> Fault { Fault(.file, "\(name) has a damaged directory", label: what, help: "fetch or copy the file again") }
    var reader = ByteReader(bytes, at: end + 10)
    guard let count16 = reader.littleEndian(UInt16.self), let size32 = reader.littleEndian(UInt32.self), let offset32 = reader.littleEndian(UInt32.self) else {
      throw damaged("its end at byte \(end) is not whole")
    }
    var (count, size, offset) = (UInt64(count16), UInt64(size32), UInt64(offset32))
    if count16 == .max || size32 == .max || offset32 == .max {
      // The sizes stand in 64 bits in a record of its own, which another one before the end points to.
      var locator = ByteReader(bytes, at: end - 20)
      guard end >= 20, locator.littleEndian(UInt32.self) == 0x0706_4b50, locator.take(4) != nil, let place = locator.littleEndian(UInt64.self),
        let start = Int(exactly: place), start < end
      else { throw damaged("it promises sizes of 64 bits, and none stand before byte \(end)") }
      var long = ByteReader(bytes, at: start)
      guard long.littleEndian(UInt32.self) == 0x0606_4b50, long.take(28) != nil, let entries = long.littleEndian(UInt64.self),
        let longSize = long.littleEndian(UInt64.self), let longOffset = long.littleEndian(UInt64.self)
      else { throw damaged("its sizes of 64 bits at byte \(start) are not whole") }
      (count, size, offset) = (entries, longSize, longOffset)
    }
    // An entry takes at least 46 bytes.
    guard let first = Int(exactly: offset), let length = Int(exactly: size), first <= end, length <= end - first, count <= UInt64(length / 46) else {
      throw damaged("\(count) entries in \(size) bytes from byte \(offset) on do not fit before its end at byte \(end)")
    }
    return (first, Int(count))
  }

  private static func entry(_ reader: inout ByteReader) -> ZipEntry? {
    guard reader.littleEndian(UInt32.self) == 0x0201_4b50, reader.take(4) != nil, let flags = reader.littleEndian(UInt16.self),
      let method = reader.littleEndian(UInt16.self), reader.take(4) != nil, let checksum = reader.littleEndian(UInt32.self),
      let packed32 = reader.littleEndian(UInt32.self), let size32 = reader.littleEndian(UInt32.self), let nameLength = reader.littleEndian(UInt16.self),
      let extraLength = reader.littleEndian(UInt16.self), let commentLength = reader.littleEndian(UInt16.self), reader.take(8) != nil,
      let offset32 = reader.littleEndian(UInt32.self), let name = reader.take(Int(nameLength)), let extra = reader.take(Int(extraLength)),
      reader.take(Int(commentLength)) != nil
    else { return nil }
    var (packed, size, offset) = (UInt64(packed32), UInt64(size32), UInt64(offset32))
    // What does not fit 32 bits stands in a part of its own, in this order, each only where it is needed.
    var parts = ByteReader(Array(extra))
    while parts.remaining >= 4, let id = parts.littleEndian(UInt16.self), let length = parts.littleEndian(UInt16.self), let body = parts.take(Int(length)) {
      if id != 1 { continue }
      var long = ByteReader(Array(body))
      if size32 == .max {
        guard let value = long.littleEndian(UInt64.self) else { return nil }
        size = value
      }
      if packed32 == .max {
        guard let value = long.littleEndian(UInt64.self) else { return nil }
        packed = value
      }
      if offset32 == .max {
        guard let value = long.littleEndian(UInt64.self) else { return nil }
        offset = value
      }
    }
    guard let packed = Int(exactly: packed), let size = Int(exactly: size), let offset = Int(exactly: offset) else { return nil }
    return ZipEntry(
      name: String(decoding: name, as: UTF8.self), method: Int(method), checksum: checksum, packed: packed, size: size, offset: offset,
      isEncrypted: flags & 1 != 0)
  }

  /// The bytes of a file, unpacked and checked against its sum.
  func read(_ entry: ZipEntry, limit: Int = 1 << 34) throws(Fault) -> [UInt8] {
    let shown = "\(shownPath(entry.name)) in \(name)"
    func damaged(_ what: String) -> Fault { Fault(.file, "\(shown) is damaged", label: what, help: "fetch or copy the file again") }
    if entry.isEncrypted { throw Fault(.file, "\(shown) cannot be read", label: "it is encrypted") }
    guard entry.method == 0 || entry.method == 8 else {
      throw Fault(.file, "\(shown) cannot be read", label: "it is packed by method \(entry.method)", help: "stored (0) and deflated (8) can be read")
    }
    var header = ByteReader(bytes, at: entry.offset)
    guard entry.offset < bytes.count, header.littleEndian(UInt32.self) == 0x0403_4b50, header.take(22) != nil,
      let nameLength = header.littleEndian(UInt16.self), let extraLength = header.littleEndian(UInt16.self),
      header.take(Int(nameLength)) != nil, header.take(Int(extraLength)) != nil
    else { throw damaged("no local header stands at byte \(entry.offset)") }
    let start = header.offset
    guard let packed = header.take(entry.packed) else {
      throw damaged("\(entry.packed) bytes from byte \(start) on are promised, \(bytes.count - start) are there")
    }
    // Deflate packs at most 1032 bytes into one.
    let most = entry.method == 0 ? entry.packed : entry.packed.multipliedReportingOverflow(by: 1032).partialValue
    if entry.size > limit { throw Fault(.file, "\(shown) is too large", label: "it says \(shownBytes(entry.size)), the limit is \(shownBytes(limit))") }
    if entry.size > most || (entry.method == 0 && entry.size != entry.packed) {
      throw damaged("it says \(entry.size) bytes, which \(entry.packed) packed ones cannot be")
    }
    let data = entry.method == 0 ? Array(packed) : try inflated(packed, size: entry.size, shown: shown)
    let sum = checksum(data[...])
    if sum != entry.checksum {
      throw damaged("its sum is \(String(sum, radix: 16)), and \(String(entry.checksum, radix: 16)) is promised")
    }
    return data
  }
}

/// Unpacks raw deflate data of a known size.
func inflated(_ packed: ArraySlice<UInt8>, size: Int, shown: String) throws(Fault) -> [UInt8] {
  var stream = z_stream()
  guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    throw Fault(.limit, "\(shown) cannot be unpacked", label: "there is no memory for it")
  }
  defer { inflateEnd(&stream) }
  var out: [UInt8] = []
  var source = Array(packed)
  var code = Z_OK
  var stop: Fault?
  let room = 1 << 20
  var part = [UInt8](repeating: 0, count: min(room, max(1, size &+ 1)))
  source.withUnsafeMutableBufferPointer { input in
    var fed = 0
    while code == Z_OK {
      do throws(Fault) { try Interrupt.check() } catch {
        stop = error
        return
      }
      if stream.avail_in == 0, fed < input.count {
        let count = min(1 << 30, input.count - fed)
        stream.next_in = input.baseAddress.map { $0 + fed }
        stream.avail_in = UInt32(count)
        fed += count
      }
      let got = part.withUnsafeMutableBufferPointer { target in
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        code = inflate(&stream, Z_NO_FLUSH)
        return target.count - Int(stream.avail_out)
      }
      out.append(contentsOf: part[..<got])
      if out.count > size || (got == 0 && stream.avail_in == 0 && fed == input.count) { return }
    }
  }
  if let stop { throw stop }
  if code != Z_STREAM_END || out.count != size {
    throw Fault(
      .file, "\(shown) is damaged",
      label: code == Z_DATA_ERROR ? "its data cannot be unpacked, after \(out.count) of \(size) bytes" : "it unpacks to \(out.count)\(code == Z_STREAM_END ? "" : " or more") bytes, and \(size) are promised",
      help: "fetch or copy the file again")
  }
  return out
}

/// Packs bytes as raw deflate data.
func deflated(_ bytes: [UInt8]) throws(Fault) -> [UInt8] {
  var stream = z_stream()
  guard deflateInit2_(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    throw Fault(.limit, "bytes cannot be packed", label: "there is no memory for it")
  }
  defer { deflateEnd(&stream) }
  var out: [UInt8] = []
  var source = bytes
  var part = [UInt8](repeating: 0, count: 1 << 20)
  var stop: Fault?
  source.withUnsafeMutableBufferPointer { input in
    var fed = 0
    while true {
      do throws(Fault) { try Interrupt.check() } catch {
        stop = error
        return
      }
      if stream.avail_in == 0, fed < input.count {
        let count = min(1 << 20, input.count - fed)
        stream.next_in = input.baseAddress.map { $0 + fed }
        stream.avail_in = UInt32(count)
        fed += count
      }
      var code = Z_OK
      let got = part.withUnsafeMutableBufferPointer { target in
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        code = deflate(&stream, fed == input.count ? Z_FINISH : Z_NO_FLUSH)
        return target.count - Int(stream.avail_out)
      }
      out.append(contentsOf: part[..<got])
      if code == Z_STREAM_END || (code != Z_OK && code != Z_BUF_ERROR) { return }
    }
  }
  if let stop { throw stop }
  return out
}
