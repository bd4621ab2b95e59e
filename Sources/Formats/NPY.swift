// NumPy's `.npy`: how arrays travel between Python and here. Follows the format's description in NumPy's manual
// ("numpy.lib.format", versions 1.0 to 3.0).

import Faults

private let npyMagic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/// Reads a `.npy` file of booleans, of integers of 8 to 64 bits with or without sign, or of floats of 16 to 64 bits, in
/// either byte order; Fortran order is turned into row-major order. Every number is exact.
///
/// Throws `.file` when it is not such a file, is truncated, holds another type, or has more than `limit` bytes.
public func readNPY(_ path: String, limit: Int = 1 << 34) throws(Fault) -> NumericArray {
  try decodeNPY(try readBytes(path, limit: limit, magic: npyMagic), name: shownPath(path))
}

/// Writes a `.npy` file of version 1.0. Throws `.file`, or `.shape` when the shape and the count differ.
public func writeNPY(_ array: NumericArray, to path: String) throws(Fault) {
  try writeBytes(try encodeNPY(array), to: path)
}

func encodeNPY(_ array: NumericArray) throws(Fault) -> [UInt8] {
  if checkedProduct(array.shape) != array.values.count || array.shape.count > 1000 {
    throw Fault(
      .shape, "an array cannot be saved",
      label: "its shape is \(array.shape) and it has \(array.values.count) numbers")
  }
  let (type, data): (String, [UInt8]) =
    switch array.values {
    case .bool(let values): ("|b1", values.map { $0 ? 1 : 0 })
    case .uint8(let values): ("|u1", values)
    case .int8(let values): ("|i1", pack(values))
    case .int16(let values): ("<i2", pack(values))
    case .int32(let values): ("<i4", pack(values))
    case .int64(let values): ("<i8", pack(values))
    case .uint64(let values): ("<u8", pack(values))
    case .float32(let values): ("<f4", pack(values))
    case .float64(let values): ("<f8", pack(values))
    }
  let sizes = array.shape.map(String.init).joined(separator: ", ") + (array.shape.count == 1 ? "," : "")
  var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
  let unpadded = npyMagic.count + 4 + header.utf8.count + 1
  header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
  var bytes = npyMagic + [1, 0]
  appendLittleEndian(UInt16(header.utf8.count), to: &bytes)
  return bytes + Array(header.utf8) + data
}

/// What the header of a `.npy` file says.
struct NPYLayout {
  var shape: [Int]
  var kind: ElementKind
  var littleEndian: Bool
  var isFortran: Bool
  /// Numbers in the whole array, and the byte at which they begin.
  var count: Int
  var start: Int
}

/// Reads the header from the beginning of a file.
func npyLayout(_ bytes: [UInt8], name: String) throws(Fault) -> NPYLayout {
  if !bytes.starts(with: npyMagic) {
    throw Fault(.file, "\(name) is not a .npy file", label: "it does not begin with NumPy's six magic bytes")
  }
  var reader = ByteReader(bytes, at: npyMagic.count)
  let truncated = Fault(.file, "\(name) is truncated", label: "it ends inside its header")
  guard let version = reader.take(2)?.first else { throw truncated }
  let length: Int? =
    switch version {
    case 1: reader.littleEndian(UInt16.self).map { Int($0) }
    case 2, 3: reader.littleEndian(UInt32.self).map { Int($0) }
    default: throw Fault(.file, "\(name) cannot be read", label: "its .npy version is \(version), known are 1 to 3")
    }
  guard let length, let headerBytes = reader.take(length) else { throw truncated }
  let header = NPYHeader(String(decoding: headerBytes, as: UTF8.self))
  guard let header, let count = checkedProduct(header.shape) else {
    throw Fault(.file, "\(name) has a malformed header", label: "its type and shape cannot be made out")
  }
  guard let (kind, littleEndian) = npyKind(header.type) else {
    throw Fault(
      .file, "\(name) holds numbers of an unknown type", label: "NumPy calls it '\(header.type)'",
      help: "booleans, integers of 8 to 64 bits and floats of 16 to 64 bits can be read; save it with "
        + ".astype(\"float64\") or \"int64\"")
  }
  return NPYLayout(
    shape: header.shape, kind: kind, littleEndian: littleEndian, isFortran: header.isFortran, count: count,
    start: bytes.count - reader.remaining)
}

extension NPYLayout {
  /// A fault unless so many bytes after the header are what the array takes.
  func check(_ bytes: Int, name: String) throws(Fault) {
    guard checkedProduct([count, kind.width]) == bytes else {
      throw Fault(
        .file, "\(name) has the wrong size",
        label: "\(count) numbers of \(kind.width) bytes, shape \(shape), do not fill the \(bytes) bytes after the header")
    }
  }
}

func decodeNPY(_ bytes: [UInt8], name: String) throws(Fault) -> NumericArray {
  let layout = try npyLayout(bytes, name: name)
  try layout.check(bytes.count - layout.start, name: name)
  let values = layout.kind.decode(bytes[layout.start...], littleEndian: layout.littleEndian)
  let array = NumericArray(shape: layout.shape, values: values)
  return layout.isFortran ? array.fromColumnMajor() : array
}

private func npyKind(_ type: String) -> (ElementKind, littleEndian: Bool)? {
  let kind: ElementKind? =
    switch type.dropFirst() {
    case "b1": .bool
    case "u1": .uint8
    case "i1": .int8
    case "u2": .uint16
    case "i2": .int16
    case "u4": .uint32
    case "i4": .int32
    case "u8": .uint64
    case "i8": .int64
    case "f2": .float16
    case "f4": .float32
    case "f8": .float64
    default: nil
    }
  guard let kind, let order = type.first, "<>|=".contains(order) else { return nil }
  return (kind, littleEndian: order != ">")
}

/// The three entries of the Python dictionary at the start of a `.npy` file.
private struct NPYHeader {
  var type = ""
  var isFortran = false
  var shape: [Int] = []

  init?(_ text: String) {
    guard let type = Self.entry("descr", in: text), type.count > 2, let quote = type.first,
      quote == "'" || quote == "\"", let end = type.dropFirst().firstIndex(of: quote),
      let order = Self.entry("fortran_order", in: text),
      let shapeText = Self.entry("shape", in: text), shapeText.hasPrefix("("),
      let close = shapeText.firstIndex(of: ")")
    else { return nil }
    self.type = String(type[type.index(after: type.startIndex)..<end])
    self.isFortran = order.hasPrefix("True")
    for part in shapeText[..<close].dropFirst().split(separator: ",") {
      let digits = part.drop { $0 == " " }.prefix { $0 != " " && $0 != "L" }
      if digits.isEmpty { continue }
      guard let size = Int(digits), size >= 0 else { return nil }
      shape.append(size)
    }
  }

  /// The text after `'name':`.
  private static func entry(_ name: String, in text: String) -> Substring? {
    for quote in ["'", "\""] {
      var rest = Substring(text)
      while let start = rest.firstIndex(of: Character(quote)) {
        rest = rest[start...]
        let key = "\(quote)\(name)\(quote)"
        if rest.hasPrefix(key) {
          let after = rest.dropFirst(key.count).drop { $0 == " " }
          if after.first == ":" { return after.dropFirst().drop { $0 == " " } }
        }
        rest = rest.dropFirst()
      }
    }
    return nil
  }
}

extension NumericArray {
  /// The same array, its numbers moved from column-major into row-major order.
  func fromColumnMajor() -> NumericArray {
    func reorder<T>(_ values: [T]) -> [T] {
      var source = [Int](repeating: 0, count: values.count)
      var stride = 1, repeats = values.count
      for size in shape where size > 0 {
        repeats /= size
        for index in source.indices { source[index] += (index / repeats % size) * stride }
        stride *= size
      }
      return source.map { values[$0] }
    }
    let moved: NumericValues =
      switch values {
      case .bool(let numbers): .bool(reorder(numbers))
      case .uint8(let numbers): .uint8(reorder(numbers))
      case .int8(let numbers): .int8(reorder(numbers))
      case .int16(let numbers): .int16(reorder(numbers))
      case .int32(let numbers): .int32(reorder(numbers))
      case .int64(let numbers): .int64(reorder(numbers))
      case .uint64(let numbers): .uint64(reorder(numbers))
      case .float32(let numbers): .float32(reorder(numbers))
      case .float64(let numbers): .float64(reorder(numbers))
      }
    return NumericArray(shape: shape, values: moved)
  }
}
