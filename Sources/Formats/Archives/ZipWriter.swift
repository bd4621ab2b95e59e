// Zip archives out, in the plain form of less than 4 GiB that every reader knows.

import Faults

/// The bytes of a zip archive with these files, stored or deflated. Their times are the format's first, so that the same
/// contents are the same bytes.
///
/// Throws `.limit` where the whole would pass 4 GiB or 65,535 files.
func encodeZip(_ files: [(name: String, bytes: [UInt8])], compressed: Bool) throws(Fault) -> [UInt8] {
  let tooLarge = Fault(.limit, "a zip archive would be too large", label: "it holds at most 65,535 files and 4 GiB", help: "write it in parts")
  if files.count > 65_534 { throw tooLarge }
  var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
  for (name, data) in files {
    let packed = compressed ? try deflated(data) : data
    let start = bytes.count
    guard data.count < Int(UInt32.max), start + packed.count + 4096 < Int(UInt32.max) - directory.count, name.utf8.count < 65_535 else { throw tooLarge }
    var common: [UInt8] = []
    appendLittleEndian(UInt16(20), to: &common)
    // A name in UTF-8 says so.
    appendLittleEndian(UInt16(name.utf8.allSatisfy { $0 < 128 } ? 0 : 0x0800), to: &common)
    appendLittleEndian(UInt16(compressed ? 8 : 0), to: &common)
    appendLittleEndian(UInt16(0), to: &common)
    // 1 January 1980.
    appendLittleEndian(UInt16(0x21), to: &common)
    appendLittleEndian(checksum(data[...]), to: &common)
    appendLittleEndian(UInt32(packed.count), to: &common)
    appendLittleEndian(UInt32(data.count), to: &common)
    appendLittleEndian(UInt16(name.utf8.count), to: &common)
    appendLittleEndian(UInt16(0), to: &common)
    bytes += [0x50, 0x4b, 3, 4] + common + Array(name.utf8) + packed
    directory += [0x50, 0x4b, 1, 2, 20, 3] + common + [UInt8](repeating: 0, count: 6)
    // Readable and writable by its owner, as Unix has it.
    appendLittleEndian(UInt32(0o100600) << 16, to: &directory)
    appendLittleEndian(UInt32(start), to: &directory)
    directory += Array(name.utf8)
  }
  let start = bytes.count
  bytes += directory + [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
  appendLittleEndian(UInt16(files.count), to: &bytes)
  appendLittleEndian(UInt16(files.count), to: &bytes)
  appendLittleEndian(UInt32(directory.count), to: &bytes)
  appendLittleEndian(UInt32(start), to: &bytes)
  return bytes + [0, 0]
}
