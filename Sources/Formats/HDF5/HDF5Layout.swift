// How items of an HDF5 type lie in memory, and their values from there.

import Faults
import Libraries

/// The place and meaning of an item's bytes, in the machine's own order.
indirect enum HDF5Layout {
  case number(ElementKind)
  /// Bytes up to a NUL; nil: the address of such bytes.
  case text(bytes: Int?)
  /// A length and the address of so many items.
  case list(HDF5Layout, width: Int)
  case array([Int], HDF5Layout, width: Int)
  case record([(name: String, offset: Int, layout: HDF5Layout)])

  /// Types inside types inside types end somewhere in every file that somebody made on purpose.
  private static let deepest = 16

  /// - Parameters:
  ///   - type: a type as it lies in memory
  ///   - what: names the data set in messages
  init(_ type: HDF5ID, _ library: HDF5Library, what: String, depth: Int = 0) throws(Fault) {
    func cannot(_ found: String) -> Fault { Fault(.file, "cannot read \(what)", label: found) }
    if depth > Self.deepest { throw cannot("its types lie more than \(Self.deepest) deep in each other") }
    let size = library.typeSize(type)
    func base() throws(Fault) -> (HDF5Layout, Int) {
      let base = try HDF5Handle(library.typeBase(type), library) { cannot($0) }
      return (try HDF5Layout(base.id, library, what: what, depth: depth + 1), library.typeSize(base.id))
    }
    switch library.typeClass(type) {
    case 0, 4:
      guard let kind = Self.integer(size, isSigned: library.typeSign(type) == 1) else {
        throw cannot("it holds integers of \(size) bytes")
      }
      self = .number(kind)
    case 1:
      let kinds: [Int: ElementKind] = [2: .float16, 4: .float32, 8: .float64]
      guard let kind = kinds[size] else {
        throw Fault(.file, "cannot read \(what)", label: "it holds floats of \(size) bytes", help: "write it as 64-bit floats")
      }
      self = .number(kind)
    case 3:
      let isVariable = library.isVariableText(type)
      if isVariable < 0 || size <= 0 { throw cannot(library.reason) }
      self = .text(bytes: isVariable > 0 ? nil : size)
    case 6:
      var fields: [(name: String, offset: Int, layout: HDF5Layout)] = []
      for place in 0..<UInt32(max(0, library.memberCount(type))) {
        guard let name = library.memberName(type, place) else { throw cannot("a field of its records has no name") }
        defer { _ = library.freeMemory(name) }
        let member = try HDF5Handle(library.memberType(type, place), library) { cannot($0) }
        let offset = library.memberOffset(type, place)
        let end = offset.addingReportingOverflow(library.typeSize(member.id))
        if offset < 0 || end.overflow || end.partialValue > size { throw cannot("a field of its records lies outside them") }
        fields.append((String(cString: name), offset, try HDF5Layout(member.id, library, what: what, depth: depth + 1)))
      }
      self = .record(fields)
    case 8:
      // Python's bools are an enumeration of 0 and 1.
      let isBool = size == 1 && library.memberCount(type) == 2 && Self.names(type, library) == ["FALSE", "TRUE"]
      self = isBool ? .number(.bool) : try base().0
    case 9:
      let (layout, width) = try base()
      self = .list(layout, width: width)
    case 10:
      let rank = library.arrayRank(type)
      if rank < 1 || rank > 32 { throw cannot("its items have \(rank) dimensions") }
      var sizes = [UInt64](repeating: 0, count: Int(rank))
      if library.arraySizes(type, &sizes) < 0 { throw cannot(library.reason) }
      let (layout, width) = try base()
      let shape = sizes.compactMap { Int(exactly: $0) }
      guard shape.count == sizes.count, let count = checkedProduct(shape + [width]), count == size else {
        throw cannot("the sizes of its items do not fit their bytes")
      }
      self = .array(shape, layout, width: width)
    case let other:
      let kinds: [Int32: String] = [2: "times of an old kind", 5: "bytes without a meaning", 7: "references to other objects"]
      throw Fault(
        .file, "cannot read \(what)", label: "it holds \(kinds[other] ?? "items of a kind that is not known")",
        help: "numbers, texts, lists and records of these can be read")
    }
  }

  private static func integer(_ size: Int, isSigned: Bool) -> ElementKind? {
    switch size {
    case 1: isSigned ? .int8 : .uint8
    case 2: isSigned ? .int16 : .uint16
    case 4: isSigned ? .int32 : .uint32
    case 8: isSigned ? .int64 : .uint64
    default: nil
    }
  }

  private static func names(_ type: HDF5ID, _ library: HDF5Library) -> [String] {
    (0..<UInt32(max(0, library.memberCount(type)))).compactMap { place in
      guard let name = library.memberName(type, place) else { return nil }
      defer { _ = library.freeMemory(name) }
      return String(cString: name)
    }
  }

  /// The sizes that an item adds to those of its array.
  var itemShape: [Int] { if case .array(let shape, _, _) = self { shape } else { [] } }

  /// Whether items hold addresses of memory that the library gave and takes back.
  var isVariable: Bool {
    switch self {
    case .number: false
    case .text(let bytes): bytes == nil
    case .list: true
    case .array(_, let layout, _): layout.isVariable
    case .record(let fields): fields.contains { $0.layout.isVariable }
    }
  }

  /// The values of items, each `stride` bytes behind the one before. What lies there was put there by the library for
  /// this very type, so its addresses and lengths hold.
  func values(_ start: UnsafeRawPointer?, count: Int, stride: Int) -> HDF5Values {
    guard let start, count > 0 else { return empty }
    switch self {
    case .number(let kind):
      let width = kind.width
      let bytes = [UInt8](unsafeUninitializedCapacity: count * width) { target, filled in
        guard let out = target.baseAddress else { return }
        if stride == width {
          UnsafeMutableRawPointer(out).copyMemory(from: start, byteCount: count * width)
        } else {
          for k in 0..<count { UnsafeMutableRawPointer(out + k * width).copyMemory(from: start + k * stride, byteCount: width) }
        }
        filled = count * width
      }
      return .numbers(kind.decode(bytes[...], littleEndian: 1.littleEndian == 1))
    case .text(let bytes):
      return .texts(
        (0..<count).map { k in
          let item = start + k * stride
          if let bytes {
            let raw = UnsafeRawBufferPointer(start: item, count: bytes)
            return String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
          }
          return item.loadUnaligned(as: UnsafePointer<CChar>?.self).map { String(cString: $0) } ?? ""
        })
    case .list(let layout, let width):
      return .lists(
        (0..<count).map { k in
          let item = start + k * stride
          let length = item.loadUnaligned(as: Int.self)
          let address = item.loadUnaligned(fromByteOffset: MemoryLayout<Int>.size, as: UnsafeRawPointer?.self)
          return layout.values(address, count: max(0, length), stride: width)
        })
    case .array(let shape, let layout, let width):
      let inside = shape.reduce(1, *)
      if stride == inside * width { return layout.values(start, count: count * inside, stride: width) }
      return .joined((0..<count).map { layout.values(start + $0 * stride, count: inside, stride: width) })
    case .record(let fields):
      return .records(
        fields.map { field in
          HDF5Field(
            name: field.name, shape: field.layout.itemShape,
            values: field.layout.values(start + field.offset, count: count, stride: stride))
        }, count: count)
    }
  }

  private var empty: HDF5Values {
    switch self {
    case .number(let kind): .numbers(kind.decode([], littleEndian: true))
    case .text: .texts([])
    case .list: .lists([])
    case .array(_, let layout, _): layout.empty
    case .record(let fields):
      .records(fields.map { HDF5Field(name: $0.name, shape: $0.layout.itemShape, values: $0.layout.empty) }, count: 0)
    }
  }
}
