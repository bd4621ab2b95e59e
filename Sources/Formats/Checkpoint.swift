// Trained networks in a file, `.snnet`: a description anybody can read, the weights bit for bit, and a checksum
// over everything, so that a damaged file is found out instead of giving a slightly wrong network.

import Faults

/// A float32 tensor with the name under which a network knows it, in row-major order.
public struct NamedTensor: Equatable, Sendable {
  public var name: String
  public var shape: [Int]
  public var values: [Float]

  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// What an `.snnet` file holds: a description and named tensors.
///
/// The file, all integers least significant byte first:
///
///     offset  bytes  what
///     0       8      magic: 89 "SNNET" 0d 0a
///     8       4      version of the format
///     12      4      size of the header
///     16      8      size of the whole file
///     24      4      zero
///     28      4      CRC-32 of bytes 0 to 27
///     32      h      header: JSON with `about` and, for each tensor, `name` and `shape`
///     32 + h  ...    zeros up to a multiple of 64, then the tensors' numbers one after the other
///     end     4      CRC-32 of everything before it
public struct Checkpoint: Equatable, Sendable {
  /// The description: an object whose meaning is its writer's.
  public var about: JSON
  public var tensors: [NamedTensor]

  public init(about: JSON, tensors: [NamedTensor]) {
    self.about = about
    self.tensors = tensors
  }

  /// The tensor of a name, or nil.
  public subscript(name: String) -> NamedTensor? { tensors.first { $0.name == name } }

  static let magic: [UInt8] = [0x89, 0x53, 0x4e, 0x4e, 0x45, 0x54, 0x0d, 0x0a]
  static let version: UInt32 = 1
  static let prologueSize = 32
  static let alignment = 64

  /// Writes the checkpoint whole or not at all. Throws `.file`, or `.shape` where a tensor's shape and count differ.
  public func save(to path: String) throws(Fault) {
    try writeBytes(try encoded(), to: path)
  }

  /// Reads a checkpoint and checks all of it. Throws `.file`, naming the damage.
  public static func load(_ path: String) throws(Fault) -> Checkpoint {
    try decode(try readBytes(path, limit: 1 << 36, magic: magic), name: shownPath(path))
  }
}

extension Checkpoint {
  /// The bytes of the file.
  public func encoded() throws(Fault) -> [UInt8] {
    for tensor in tensors where checkedProduct(tensor.shape) != tensor.values.count {
      throw Fault(
        .shape, "a tensor cannot be saved",
        label: "`\(tensor.name)` has shape \(tensor.shape) and \(tensor.values.count) numbers")
    }
    if Set(tensors.map(\.name)).count < tensors.count {
      throw Fault(.value, "a network cannot be saved", label: "two of its tensors have the same name")
    }
    let entries: [JSON] = tensors.map { tensor in
      ["name": .string(tensor.name), "shape": .list(tensor.shape.map { .integer($0) })]
    }
    let header = Array((["about": about, "tensors": .list(entries)] as JSON).text.utf8)
    guard let headerSize = UInt32(exactly: header.count) else {
      throw Fault(.limit, "a network cannot be saved", label: "its description has \(shownBytes(header.count))")
    }
    let start = Self.dataStart(headerSize: header.count)
    let total = start + tensors.reduce(0) { $0 + 4 * $1.values.count } + 4

    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    bytes += Self.magic
    appendLittleEndian(Self.version, to: &bytes)
    appendLittleEndian(headerSize, to: &bytes)
    appendLittleEndian(UInt64(total), to: &bytes)
    appendLittleEndian(UInt32(0), to: &bytes)
    appendLittleEndian(checksum(bytes[...]), to: &bytes)
    bytes += header
    bytes += [UInt8](repeating: 0, count: start - bytes.count)
    for tensor in tensors { bytes += pack(tensor.values) }
    appendLittleEndian(checksum(bytes[...]), to: &bytes)
    return bytes
  }

  private static func dataStart(headerSize: Int) -> Int {
    (prologueSize + headerSize + alignment - 1) / alignment * alignment
  }

  /// Reads the bytes of a file, where `name` says in a fault whose they are.
  public static func decode(_ bytes: [UInt8], name: String) throws(Fault) -> Checkpoint {
    let headerSize = try checkPrologue(bytes, name: name)
    let body = bytes.count - 4
    var end = ByteReader(bytes, at: body)
    guard let stored = end.littleEndian(UInt32.self), stored == checksum(bytes[..<body]) else {
      throw Fault(
        .file, "\(name) is damaged", label: "its checksum does not match its contents",
        help: "restore it from a backup or train and save again")
    }
    // What follows is as its writer meant it; a writer may still have meant nonsense.
    let nonsense = Fault(.file, "\(name) is not a usable network file", label: "its header contradicts its contents")
    var reader = ByteReader(bytes, at: prologueSize)
    guard let headerBytes = reader.take(headerSize), let text = String(validating: headerBytes, as: UTF8.self) else {
      throw nonsense
    }
    let header = try JSON.parse(text)
    guard let about = header["about"], let entries = header["tensors"]?.listValue else { throw nonsense }
    let start = dataStart(headerSize: headerSize)
    reader = ByteReader(bytes, at: start)
    if start > body || !bytes[(prologueSize + headerSize)..<start].allSatisfy({ $0 == 0 }) { throw nonsense }
    var tensors: [NamedTensor] = []
    for entry in entries {
      guard let tensorName = entry["name"]?.stringValue, let sizes = entry["shape"]?.listValue else { throw nonsense }
      let shape = sizes.compactMap(\.integerValue)
      guard shape.count == sizes.count, let count = checkedProduct(shape), let size = checkedProduct([count, 4]),
        let data = reader.take(size)
      else { throw nonsense }
      tensors.append(
        NamedTensor(name: tensorName, shape: shape, values: unpack(data, as: Float.self, littleEndian: true)))
    }
    if reader.offset != body || Set(tensors.map(\.name)).count < tensors.count { throw nonsense }
    return Checkpoint(about: about, tensors: tensors)
  }

  /// Checks the fixed first part and the file's size; gives the header's size.
  private static func checkPrologue(_ bytes: [UInt8], name: String) throws(Fault) -> Int {
    if bytes.isEmpty { throw Fault(.file, "\(name) is empty", label: "a network file was expected") }
    if !magic.starts(with: bytes.prefix(magic.count)), !bytes.starts(with: magic) {
      throw Fault(
        .file, "\(name) is not a NeuEdge network", label: "it does not begin as `save` writes network files",
        help: "`load` reads files that `save` wrote")
    }
    func truncated(of total: String) -> Fault {
      Fault(
        .file, "\(name) is truncated", label: "it ends after \(bytes.count) of \(total) bytes",
        help: "copy it again, restore it from a backup, or train and save again")
    }
    if bytes.count < prologueSize { throw truncated(of: "at least \(prologueSize)") }
    var reader = ByteReader(bytes, at: magic.count)
    guard let version = reader.littleEndian(UInt32.self), let headerSize = reader.littleEndian(UInt32.self),
      let total = reader.littleEndian(UInt64.self), reader.littleEndian(UInt32.self) != nil,
      let stored = reader.littleEndian(UInt32.self)
    else { throw truncated(of: "at least \(prologueSize)") }
    if stored != checksum(bytes[..<(prologueSize - 4)]) {
      throw Fault(
        .file, "\(name) is damaged", label: "its first \(prologueSize) bytes do not match their checksum",
        help: "restore it from a backup or train and save again")
    }
    if version != Self.version {
      throw Fault(
        .file, "\(name) was written by a newer version",
        label: "its format is number \(version), this program reads number \(Self.version)",
        help: "update this program, or save the network again with the older one")
    }
    if UInt64(bytes.count) < total { throw truncated(of: "\(total)") }
    if UInt64(bytes.count) > total {
      throw Fault(
        .file, "\(name) is damaged", label: "it has \(bytes.count) bytes, its header promises \(total)",
        help: "restore it from a backup or train and save again")
    }
    return Int(headerSize)
  }
}
