// The IDX format, in which MNIST and its relatives are published: a magic number, the sizes, then the numbers.
// Described at the end of the MNIST page by Y. LeCun, C. Cortes and C. Burges.

import Faults

/// Reads an IDX file, plain or gzipped, with any of the format's six number types.
///
/// The magic is two zero bytes, a type code and the number of dimensions; each size is a big-endian 32-bit
/// integer. Throws `.file`, naming the file, what was found and what was expected, when it is not IDX, is
/// truncated, goes on after its last number, or would unpack to more than `limit` bytes.
public func readIDX(_ path: String, limit: Int = 1 << 32) throws(Fault) -> NumericArray {
  let stream = try CompressedStream(path: path)
  let (kind, shape) = try readIDXHeader(stream)
  let sizes = shape.map(String.init).joined(separator: " x ")
  guard let count = checkedProduct(shape), let size = checkedProduct([count, kind.width]), size <= limit else {
    throw Fault(
      .file, "\(shownPath(path)) is too large", label: "its header promises \(sizes) numbers",
      help: "the limit is \(shownBytes(limit)); if the file is smaller than that, its header is damaged")
  }
  func truncated(_ found: String) -> Fault {
    Fault(
      .file, "\(shownPath(path)) is truncated",
      label: "its header promises \(sizes) numbers (\(size) bytes), \(found)", help: "fetch or copy the file again")
  }
  if let capacity = stream.capacity, size > capacity { throw truncated("the file is too short to hold them") }
  let bytes = try stream.next(size)
  if bytes.count < size { throw truncated("\(bytes.count) bytes are there") }
  if try !stream.next(1).isEmpty {
    throw Fault(
      .file, "\(shownPath(path)) does not end where it should",
      label: "its header promises \(sizes) numbers, and more bytes follow the last")
  }
  return NumericArray(shape: shape, values: kind.decode(bytes[...], littleEndian: false))
}

/// The type and the sizes at the start of an IDX file.
private func readIDXHeader(_ stream: borrowing CompressedStream) throws(Fault) -> (ElementKind, [Int]) {
  let path = shownPath(stream.path)
  let magic = try stream.next(4)
  func notIDX(_ found: String) -> Fault {
    Fault(
      .file, "\(path) is not an IDX file", label: found,
      help: "IDX files begin with two zero bytes, a type code and the number of dimensions")
  }
  if magic.isEmpty { throw Fault(.file, "\(path) is empty", label: "an IDX file has at least 4 bytes") }
  if magic.count < 4 { throw notIDX("it has only \(shownBytes(magic.count))") }
  let kind: ElementKind? =
    switch magic[2] {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0b: .int16
    case 0x0c: .int32
    case 0x0d: .float32
    case 0x0e: .float64
    default: nil
    }
  if magic[0] != 0 || magic[1] != 0 {
    let found = magic.map { hexadecimal($0) }.joined(separator: " ")
    throw notIDX("it begins with \(found)")
  }
  guard let kind else { throw notIDX("its type code is 0x\(hexadecimal(magic[2]))") }
  let dimensions = Int(magic[3])
  let sizes = try stream.next(4 * dimensions)
  if sizes.count < 4 * dimensions {
    throw Fault(
      .file, "\(path) is truncated", label: "it stops inside its header of \(4 + 4 * dimensions) bytes")
  }
  return (kind, unpack(sizes[...], as: UInt32.self, littleEndian: false).map { Int($0) })
}

/// A byte as two hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
  byte < 16 ? "0\(String(byte, radix: 16))" : String(byte, radix: 16)
}

/// The bytes of an IDX file that holds unsigned bytes of a shape.
public func encodeIDX(_ values: [UInt8], shape: [Int]) throws(Fault) -> [UInt8] {
  guard let count = checkedProduct(shape), count == values.count, shape.count < 256,
    shape.allSatisfy({ UInt32(exactly: $0) != nil })
  else {
    throw Fault(.shape, "an IDX file cannot hold this shape", label: "\(shape) for \(values.count) numbers")
  }
  var bytes: [UInt8] = [0, 0, 0x08, UInt8(shape.count)]
  for size in shape {
    for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
  }
  return bytes + values
}
