// NumPy's `.npz`: a zip archive of `.npy` files, an array each.

import Faults

/// Reads the arrays of a `.npz` file, in the order of the archive; their names are those of the files without `.npy`.
///
/// Throws `.file` where it is no zip archive, is damaged, or holds what is no array that `readNPY` could read.
public func readNPZ(_ path: String, limit: Int = 1 << 34) throws(Fault) -> [(name: String, array: NumericArray)] {
  try decodeNPZ(try readBytes(path, limit: limit), name: shownPath(path))
}

func decodeNPZ(_ bytes: [UInt8], name: String) throws(Fault) -> [(name: String, array: NumericArray)] {
  let archive = try ZipReader(bytes, name: name)
  var arrays: [(name: String, array: NumericArray)] = []
  for entry in archive.entries where !entry.name.hasSuffix("/") {
    try Interrupt.check()
    guard entry.name.hasSuffix(".npy") else {
      throw Fault(.file, "\(name) is not a .npz file", label: "it holds \(shownPath(entry.name)), and only .npy files are expected")
    }
    arrays.append((String(entry.name.dropLast(4)), try decodeNPY(try archive.read(entry), name: "\(shownPath(entry.name)) in \(name)")))
  }
  return arrays
}

/// Writes arrays as a `.npz` file, as `numpy.savez` does, or packed as `numpy.savez_compressed` does.
public func writeNPZ(_ arrays: [(name: String, array: NumericArray)], compressed: Bool, to path: String) throws(Fault) {
  var files: [(name: String, bytes: [UInt8])] = []
  for (name, array) in arrays { files.append(("\(name).npy", try encodeNPY(array))) }
  try writeBytes(try encodeZip(files, compressed: compressed), to: path)
}
