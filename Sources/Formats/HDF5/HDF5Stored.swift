// The type, space and bytes by which an array goes into an HDF5 file.

import Faults
import Glibc
import Libraries

/// An array as the library takes it.
final class HDF5Stored {
  let type: HDF5Handle
  let space: HDF5Handle
  private let values: HDF5Values

  /// Throws `.shape` where the items are not as many as the shape says, and `.type` for what is not written.
  init(_ array: HDF5Array, _ library: HDF5Library, what: String) throws(Fault) {
    func fault(_ reason: String) -> Fault { Fault(.file, "cannot write \(what)", label: reason) }
    guard array.shape.count <= 32, checkedProduct(array.shape) == array.values.count else {
      throw Fault(.shape, "cannot write \(what)", label: "it has \(array.values.count) items for the shape \(array.shape)")
    }
    values = array.values
    type = try Self.type(array.values, library, what: what)
    if array.shape.isEmpty {
      space = try HDF5Handle(library.createSpace(HDF5Code.scalarSpace), library, or: fault)
    } else {
      space = try HDF5Handle(library.createSimpleSpace(Int32(array.shape.count), array.shape.map { UInt64($0) }, nil), library, or: fault)
    }
  }

  private static func type(_ values: HDF5Values, _ library: HDF5Library, what: String) throws(Fault) -> HDF5Handle {
    func fault(_ reason: String) -> Fault { Fault(.file, "cannot write \(what)", label: reason) }
    switch values {
    case .numbers(let numbers): return try type(of: numbers, library, what: what)
    case .texts:
      let type = try HDF5Handle(library.copyType(library.constant("H5T_C_S1_g")), library, or: fault)
      if library.setTypeSize(type.id, HDF5Code.variableSize) < 0 || library.setCharacters(type.id, HDF5Code.utf8) < 0 {
        throw fault(library.reason)
      }
      return type
    case .lists(let lists):
      guard case .numbers(let first) = lists.first ?? .numbers(.float32([])) else { break }
      let base = try type(of: first, library, what: what)
      for list in lists {
        guard case .numbers(let numbers) = list, numbers.hasType(of: first) else {
          throw Fault(.type, "cannot write \(what)", label: "its lists do not all hold numbers of one type")
        }
      }
      return try HDF5Handle(library.createVariable(base.id), library, or: fault)
    case .records: break
    }
    throw Fault(.type, "cannot write \(what)", label: "it holds \(values.noun)", help: "numbers, texts and lists of numbers are written")
  }

  private static func type(of numbers: NumericValues, _ library: HDF5Library, what: String) throws(Fault) -> HDF5Handle {
    func fault(_ reason: String) -> Fault { Fault(.file, "cannot write \(what)", label: reason) }
    let name: String
    switch numbers {
    case .bool:
      let type = try HDF5Handle(library.createEnumeration(library.constant("H5T_NATIVE_INT8_g")), library, or: fault)
      for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
        let isSet = withUnsafePointer(to: value) { library.insertValue(type.id, name, $0) >= 0 }
        if !isSet { throw fault(library.reason) }
      }
      return type
    case .uint8: name = "H5T_NATIVE_UINT8_g"
    case .int8: name = "H5T_NATIVE_INT8_g"
    case .int16: name = "H5T_NATIVE_INT16_g"
    case .int32: name = "H5T_NATIVE_INT32_g"
    case .int64: name = "H5T_NATIVE_INT64_g"
    case .uint64: name = "H5T_NATIVE_UINT64_g"
    case .float32: name = "H5T_NATIVE_FLOAT_g"
    case .float64: name = "H5T_NATIVE_DOUBLE_g"
    }
    return try HDF5Handle(library.copyType(library.constant(name)), library, or: fault)
  }

  /// Hands the items to `give` as the library takes them.
  func write(or fault: (String) -> Fault, _ give: (UnsafeRawPointer?) -> Int32) throws(Fault) {
    if values.count == 0 { return }
    let isWritten: Bool
    switch values {
    case .numbers(let numbers): isWritten = numbers.withBytes { give($0) } >= 0
    case .texts(let texts):
      if texts.contains(where: { $0.utf8.contains(0) }) { throw fault("a text holds a NUL character, which would end it") }
      var copies = texts.map { strdup($0) }
      defer { for copy in copies { free(copy) } }
      if copies.contains(where: { $0 == nil }) { throw fault("no memory for its texts") }
      isWritten = copies.withUnsafeMutableBytes { give($0.baseAddress) } >= 0
    case .lists(let lists):
      var items: [(Int, UnsafeMutableRawPointer?)] = []
      defer { for item in items { free(item.1) } }
      for case .numbers(let numbers) in lists {
        let copy = numbers.withBytes { source -> UnsafeMutableRawPointer? in
          guard let source, let copy = malloc(max(1, numbers.count * numbers.width)) else { return nil }
          memcpy(copy, source, numbers.count * numbers.width)
          return copy
        }
        if copy == nil, numbers.count > 0 { throw fault("no memory for its lists") }
        items.append((numbers.count, copy))
      }
      isWritten = items.withUnsafeBytes { give($0.baseAddress) } >= 0
    case .records: isWritten = false
    }
    if !isWritten { throw fault((try? HDF5Library.use { (library) throws(Fault) in library.reason }) ?? "it is refused") }
  }
}

extension NumericValues {
  /// Bytes a number.
  fileprivate var width: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16: 2
    case .int32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  fileprivate func withBytes<Result>(_ body: (UnsafeRawPointer?) -> Result) -> Result {
    switch self {
    case .bool(let values): values.map { UInt8($0 ? 1 : 0) }.withUnsafeBytes { body($0.baseAddress) }
    case .uint8(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .int8(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .int16(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .int32(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .int64(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .uint64(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .float32(let values): values.withUnsafeBytes { body($0.baseAddress) }
    case .float64(let values): values.withUnsafeBytes { body($0.baseAddress) }
    }
  }

  fileprivate func hasType(of other: NumericValues) -> Bool {
    switch (self, other) {
    case (.bool, .bool), (.uint8, .uint8), (.int8, .int8), (.int16, .int16), (.int32, .int32), (.int64, .int64),
      (.uint64, .uint64), (.float32, .float32), (.float64, .float64):
      true
    default: false
    }
  }
}
