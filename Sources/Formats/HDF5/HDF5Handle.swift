// Objects of the HDF5 library, closed by whoever holds them last.

import Faults
import Libraries
import Synchronization

/// An open object of the library: a file, group, data set, attribute, type, space or list of properties.
final class HDF5Handle {
  let id: HDF5ID

  /// Throws what `fault` makes of the library's reason where it gave no object.
  init(_ id: HDF5ID, _ library: HDF5Library, or fault: (String) -> Fault) throws(Fault) {
    if id < 0 { throw fault(library.reason) }
    self.id = id
  }

  deinit {
    let id = id
    // The library was there when the object was opened.
    try? HDF5Library.use { (library) throws(Fault) in _ = library.close(id) }
  }
}

/// The library's numbers for what its functions take, from its headers.
enum HDF5Code {
  static let readOnly: UInt32 = 0
  static let truncate: UInt32 = 2
  static let wholeFile: Int32 = 1  // what a flush covers
  static let byName: Int32 = 0
  static let rising: Int32 = 0
  static let isGroup: Int32 = 2
  static let isSet: Int32 = 5
  static let scalarSpace: Int32 = 0
  static let emptySpace: Int32 = 2
  static let setSelection: Int32 = 0
  static let chunked: Int32 = 2
  static let virtual: Int32 = 3
  static let utf8: Int32 = 1
  static let variableSize = -1
}

private let memoryFiles = Atomic<Int>(0)

/// A name that no other file in memory has: the library takes files of one name for one file.
func nextMemoryName() -> String { "memory-\(memoryFiles.add(1, ordering: .relaxed).newValue)" }
