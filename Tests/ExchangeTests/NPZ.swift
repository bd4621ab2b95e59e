// Arrays of NumPy's .npz files, for golden data: a zip of .npy files, stored or deflated.

import CZlib
import Faults

@testable import Formats

/// The arrays of a .npz file by name.
func readNPZ(_ path: String) throws -> [String: NumericArray] {
  let bytes = try readBytes(path)
  func number(_ place: Int, _ size: Int) -> Int { (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
  struct Broken: Error {}
  guard let end = (0...max(0, bytes.count - 22)).last(where: { number($0, 4) == 0x0605_4b50 }) else { throw Broken() }
  var arrays: [String: NumericArray] = [:]
  var place = number(end + 16, 4)
  for _ in 0..<number(end + 10, 2) {
    let (method, packed, size) = (number(place + 10, 2), number(place + 20, 4), number(place + 24, 4))
    let (nameLength, extra, comment, header) = (
      number(place + 28, 2), number(place + 30, 2), number(place + 32, 2), number(place + 42, 4)
    )
    let name = String(decoding: bytes[place + 46..<place + 46 + nameLength], as: UTF8.self)
    let begin = header + 30 + number(header + 26, 2) + number(header + 28, 2)
    let part = Array(bytes[begin..<begin + packed])
    let content = method == 0 ? part : try inflate(part, size: size)
    if !name.hasPrefix("meta") { arrays[String(name.dropLast(4))] = try decodeNPY(content, name: name) }
    place += 46 + nameLength + extra + comment
  }
  return arrays
}

private func inflate(_ packed: [UInt8], size: Int) throws -> [UInt8] {
  struct Broken: Error {}
  var stream = z_stream()
  guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw Broken() }
  defer { inflateEnd(&stream) }
  var (input, output) = (packed, [UInt8](repeating: 0, count: size))
  let result = input.withUnsafeMutableBufferPointer { from in
    output.withUnsafeMutableBufferPointer { to in
      (stream.next_in, stream.avail_in) = (from.baseAddress, UInt32(from.count))
      (stream.next_out, stream.avail_out) = (to.baseAddress, UInt32(to.count))
      return CZlib.inflate(&stream, Z_FINISH)
    }
  }
  guard result == Z_STREAM_END else { throw Broken() }
  return output
}
