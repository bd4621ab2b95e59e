// Text in and out: scripts, notes and tables are UTF-8, and a file that is not says what it is instead.

import Faults

/// Reads a whole file as UTF-8 text; a byte-order mark at its start is dropped.
///
/// Throws `.file` when the file is missing, a folder, larger than `limit` bytes, binary, or not UTF-8
/// (with the line and the byte where it stops being so).
public func readText(_ path: String, limit: Int = 64 << 20) throws(Fault) -> String {
  let file = try OpenedFile(reading: path)
  return try decodeText(try file.readAll(limit: limit) { !$0.contains(0) }, name: shownPath(path))
}

/// Decodes UTF-8, where `name` says in a fault whose bytes these are.
public func decodeText(_ bytes: [UInt8], name: String) throws(Fault) -> String {
  if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
    throw Fault(.file, "\(name) is not UTF-8", label: "it begins like UTF-16", help: "save it as UTF-8")
  }
  if let zero = bytes.firstIndex(of: 0) {
    throw Fault(.file, "\(name) is not text", label: "it holds a NUL byte at offset \(zero), so it is a binary file")
  }
  let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  guard let text = String(validating: bytes[start...], as: UTF8.self) else {
    let bad = firstInvalidByte(bytes)
    let line = 1 + bytes[..<bad].count { $0 == 10 }
    throw Fault(
      .file, "\(name) is not UTF-8",
      label: "the byte 0x\(String(bytes[bad], radix: 16)) on line \(line) (offset \(bad)) begins no character",
      help: "save the file as UTF-8")
  }
  return text
}

/// Writes text as UTF-8, replacing the file whole or not at all. Throws `.file`.
///
/// - Parameter input: a file that must not be written over, because it is what is read.
public func writeText(_ text: String, to path: String, sparing input: String? = nil) throws(Fault) {
  try writeBytes(Array(text.utf8), to: path, sparing: input)
}

/// The offset of the first byte that no valid UTF-8 sequence covers.
private func firstInvalidByte(_ bytes: [UInt8]) -> Int {
  var decoder = Unicode.UTF8.ForwardParser()
  var iterator = bytes.makeIterator()
  var offset = 0
  while true {
    switch decoder.parseScalar(from: &iterator) {
    case .valid(let scalar): offset += scalar.count
    case .emptyInput, .error: return min(offset, bytes.count - 1)
    }
  }
}
