// Files of HDF5, written: made in memory, then put in their place whole, as all files are.

import Faults
import Glibc
import Libraries

/// An HDF5 file that is being made. Numbers, texts and lists are stored as Python's h5py stores them: bools as an
/// enumeration of FALSE and TRUE, texts as UTF-8 of variable length.
public final class HDF5Writer {
  private let handle: HDF5Handle
  /// Groups on the way to a name are made with it.
  private let linkRule: HDF5Handle

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    (handle, linkRule) = try HDF5Library.use { (library) throws(Fault) in
      let access = try HDF5Handle(library.createProperties(library.constant("H5P_CLS_FILE_ACCESS_ID_g")), library, or: Self.fault)
      if library.useMemory(access.id, 1 << 20, 0) < 0 { throw Self.fault(library.reason) }
      let file = try HDF5Handle(library.createFile(nextMemoryName(), HDF5Code.truncate, 0, access.id), library, or: Self.fault)
      let rule = try HDF5Handle(library.createProperties(library.constant("H5P_CLS_LINK_CREATE_ID_g")), library, or: Self.fault)
      if library.makeParents(rule.id, 1) < 0 { throw Self.fault(library.reason) }
      return (file, rule)
    }
  }

  private static func fault(_ reason: String) -> Fault { Fault(.file, "cannot make an HDF5 file", label: reason) }

  /// Makes a group, and those on the way to it; one that is there stays as it is.
  public func makeGroup(_ name: String) throws(Fault) {
    try checkName(name)
    try HDF5Library.use { (library) throws(Fault) in
      let id = library.openObject(handle.id, name, 0)
      if id >= 0 {
        defer { _ = library.close(id) }
        if library.kind(id) == HDF5Code.isGroup { return }
        throw Self.fault("\(shownPath(name)) is to be a group, and is a data set already")
      }
      _ = try HDF5Handle(library.createGroup(handle.id, name, linkRule.id, 0, 0), library) { Self.fault("the group \(shownPath(name)): \($0)") }
    }
  }

  /// Writes a data set, with the groups on the way to it.
  ///
  /// - Parameter packing: 0 for none, to 9 for the most that deflate can; single values and empty arrays stay unpacked
  /// - Throws: `.file` where there is something of that name; `.shape` where the items are not as many as the shape says.
  public func write(_ array: HDF5Array, to name: String, packing: Int = 0) throws(Fault) {
    try checkName(name)
    let what = "the data set \(shownPath(name))"
    try HDF5Library.use { (library) throws(Fault) in
      func fault(_ reason: String) -> Fault { Self.fault("\(what): \(reason)") }
      let stored = try HDF5Stored(array, library, what: what)
      let made = try HDF5Handle(library.createProperties(library.constant("H5P_CLS_DATASET_CREATE_ID_g")), library, or: fault)
      if packing > 0, !array.shape.isEmpty, array.values.count > 0 {
        let row = max(1, array.values.count / max(1, array.shape[0]))
        let sizes = ([min(array.shape[0], max(1, (1 << 16) / row))] + array.shape.dropFirst()).map { UInt64($0) }
        let isSet = library.setChunkSizes(made.id, Int32(sizes.count), sizes) >= 0
        if !isSet || library.deflate(made.id, UInt32(min(9, packing))) < 0 { throw fault(library.reason) }
      }
      let set = try HDF5Handle(
        library.createSet(handle.id, name, stored.type.id, stored.space.id, linkRule.id, made.id, 0), library, or: fault)
      try stored.write(or: fault) { raw in library.writeSet(set.id, stored.type.id, 0, 0, 0, raw) }
    }
  }

  /// Gives what stands at a path an attribute.
  public func setAttribute(_ name: String, _ array: HDF5Array, of path: String = "/") throws(Fault) {
    try checkName(name)
    try checkName(path)
    let what = "the attribute `\(name)` of \(shownPath(path))"
    try HDF5Library.use { (library) throws(Fault) in
      func fault(_ reason: String) -> Fault { Self.fault("\(what): \(reason)") }
      let object = try HDF5Handle(library.openObject(handle.id, path, 0), library, or: fault)
      let stored = try HDF5Stored(array, library, what: what)
      let attribute = try HDF5Handle(
        library.createAttribute(object.id, name, stored.type.id, stored.space.id, 0, 0), library, or: fault)
      try stored.write(or: fault) { raw in library.writeAttribute(attribute.id, stored.type.id, raw) }
    }
  }

  /// The bytes of the file as made so far.
  public func bytes() throws(Fault) -> [UInt8] {
    try HDF5Library.use { (library) throws(Fault) in
      if library.flush(handle.id, HDF5Code.wholeFile) < 0 { throw Self.fault(library.reason) }
      let size = library.image(handle.id, nil, 0)
      if size < 0 { throw Self.fault(library.reason) }
      var bytes = [UInt8](repeating: 0, count: size)
      if library.image(handle.id, &bytes, size) != size { throw Self.fault(library.reason) }
      return bytes
    }
  }

  /// Writes the file to its place, whole or not at all.
  public func save(to path: String) throws(Fault) { try writeBytes(try bytes(), to: path) }

  private func checkName(_ name: String) throws(Fault) {
    if name.isEmpty || name.utf8.contains(0) {
      throw Fault(.value, "a name in an HDF5 file has at least one character, and none that is NUL", label: "found \(shownPath(name))")
    }
  }
}
