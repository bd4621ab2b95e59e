// Files of HDF5, read: their groups, attributes and data sets.

import Faults
import Glibc
import Libraries
import Synchronization
import Tensors
import Texts

/// An HDF5 file that is open for reading, plain or gzipped as SHD is published. Paths inside it are as `/spikes/times`.
///
/// Nothing outside the file is read: links to other files and data sets whose numbers lie in other files are faults.
/// Sizes are checked before memory is taken, and truncated files are faults. What lies deeper the library itself checks,
/// not always: release 1.10.8 crashes on some files in which a byte was changed, and never comes back from others. So a
/// process that has an `examiner` lets another one read a file first, and refuses it where that one comes to harm: all
/// groups, attributes, types and indexes of chunks, and up to 64 MiB of data. Of data sets beyond that the other process
/// reads the first and the last chunk, so that a file made to harm may still hide something between them. Without an
/// examiner, only files that can be trusted should be opened.
public final class HDF5File {
  public let path: String
  let handle: HDF5Handle
  /// How a link is followed: not out of the file.
  private let linkRule: HDF5Handle

  /// Looks at files before this process opens them; nil where none was set, as for a program that brings no process for it.
  public static var examiner: HDF5Examiner? {
    get { currentExaminer.withLock { $0 } }
    set { currentExaminer.withLock { $0 = newValue } }
  }
  private static let currentExaminer = Mutex<HDF5Examiner?>(nil)

  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Whether bytes at the start of a file are those of HDF5.
  public static func begins(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: signature) }

  /// Throws `.file` where there is no file, it is not HDF5, is truncated, breaks the library, or the library is missing.
  ///
  /// - Parameter limit: the most bytes that a gzipped file may unpack to
  public convenience init(_ path: String, limit: Int = 1 << 33) throws(Fault) {
    let head = try Self.checkedBeginning(path)
    let unpacked = head.starts(with: [0x1f, 0x8b]) ? try Self.unpacked(path, limit: min(limit, Tensor.memoryLimit)) : nil
    if let unpacked, !Self.begins(unpacked) { throw Self.notHDF5(shownPath(path), unpacked) }
    try Self.examiner?.examine(path, size: unpacked?.count)
    try self.init(unpacked, path: path)
  }

  /// Opens a file of which nobody asks whether it may be read.
  ///
  /// - Parameter unpacked: the file's bytes, where they are not those at the path
  init(_ unpacked: [UInt8]?, path: String) throws(Fault) {
    self.path = path
    let shown = shownPath(path)
    (handle, linkRule) = try HDF5Library.use { (library) throws(Fault) in
      let access = try HDF5Handle(library.createProperties(library.constant("H5P_CLS_FILE_ACCESS_ID_g")), library) {
        Fault(.file, "cannot read \(shown)", label: $0)
      }
      // A file that only is read needs no lock, which folders of other machines may not give.
      if let lockFiles = library.lockFiles { _ = lockFiles(access.id, false, true) }
      if var unpacked {
        if library.useMemory(access.id, 1 << 20, 0) < 0 || library.setImage(access.id, &unpacked, unpacked.count) < 0 {
          throw Fault(.file, "cannot read \(shown)", label: library.reason)
        }
      }
      let id = library.openFile(unpacked == nil ? path : nextMemoryName(), HDF5Code.readOnly, access.id)
      if id < 0 { throw Self.cannotOpen(path, library.reason) }
      let file = try HDF5Handle(id, library) { Self.cannotOpen(path, $0) }
      let links = try HDF5Handle(library.createProperties(library.constant("H5P_CLS_LINK_ACCESS_ID_g")), library) {
        Fault(.file, "cannot read \(shown)", label: $0)
      }
      if library.onOtherFile(links.id, { _, _, _, _, _, _, _ in -1 }, nil) < 0 {
        throw Fault(.file, "cannot read \(shown)", label: library.reason)
      }
      return (file, links)
    }
  }

  /// The first bytes of a file that can be read from any place, and is noted as read.
  private static func checkedBeginning(_ path: String) throws(Fault) -> [UInt8] {
    let file = try OpenedFile(reading: path)
    if file.size == nil {
      throw Fault(.file, "cannot read \(shownPath(path))", label: "HDF5 is read from a file, not from a pipe", help: "copy it into a file first")
    }
    let head = try file.readBeginning(8)
    if FilesRead.current != nil {
      lseek(file.descriptor, 0, SEEK_SET)
      _ = try file.readAll(limit: 1 << 34)
    }
    return head
  }

  private static func unpacked(_ path: String, limit: Int) throws(Fault) -> [UInt8] {
    let stream = try CompressedStream(path: path)
    let bytes = try stream.next(limit)
    if bytes.count == limit, try !stream.next(1).isEmpty {
      throw Fault(
        .file, "\(shownPath(path)) is too large", label: "it unpacks to more than \(shownBytes(limit))",
        help: "unpack it on the disk first, as by gunzip")
    }
    return bytes
  }

  private static func notHDF5(_ shown: String, _ head: [UInt8]) -> Fault {
    let found = head.isEmpty ? "it is empty" : "it begins with \(head.prefix(8).map { hexadecimal($0) }.joined(separator: " "))"
    return Fault(.file, "\(shown) is not an HDF5 file", label: found, help: "HDF5 files begin with 89 48 44 46 0d 0a 1a 0a")
  }

  /// Why the library refused a file: bytes of another kind, or its own reason.
  private static func cannotOpen(_ path: String, _ reason: String) -> Fault {
    let head = (try? readBeginning(path, count: 8)) ?? []
    if !begins(head), reason.contains("signature") || head.isEmpty { return notHDF5(shownPath(path), head) }
    let isShort = reason.contains("truncated")
    return Fault(
      .file, "\(shownPath(path)) is \(isShort ? "truncated" : "damaged")", label: reason,
      help: "fetch or copy the file again")
  }

  // MARK: Objects

  /// What stands at a path.
  public enum Kind: Sendable { case group, dataset, other }

  /// What stands at a path; nil for nothing, and for a link to another file.
  public func kind(_ name: String) throws(Fault) -> Kind? {
    if name.utf8.contains(0) { return nil }
    return try HDF5Library.use { (library) throws(Fault) in
      let id = library.openObject(handle.id, name, linkRule.id)
      if id < 0 { return nil }
      defer { _ = library.close(id) }
      switch library.kind(id) {
      case HDF5Code.isGroup: return .group
      case HDF5Code.isSet: return .dataset
      default: return .other
      }
    }
  }

  /// The names in a group, in alphabetical order. Throws `.file` where there is no such group.
  public func names(in group: String = "/") throws(Fault) -> [String] {
    let object = try open(group)
    return try HDF5Library.use { (library) throws(Fault) in
      guard library.kind(object.id) == HDF5Code.isGroup, let links = library.linkCount(object.id) else {
        throw Fault(.file, "\(shownPath(path)): \(shownPath(group)) is no group", label: "it holds no names")
      }
      var names: [String] = []
      for place in 0..<links {
        if names.count & 0xFF == 0xFF { try Interrupt.check() }
        let length = library.linkName(object.id, ".", HDF5Code.byName, HDF5Code.rising, place, nil, 0, 0)
        // A link's name is one message of the file, none of which is longer than 64 KiB.
        if length < 0 || length > 1 << 16 { throw damaged("a name in \(shownPath(group))", library.reason) }
        var buffer = [CChar](repeating: 0, count: length + 1)
        _ = library.linkName(object.id, ".", HDF5Code.byName, HDF5Code.rising, place, &buffer, buffer.count, 0)
        names.append(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      return names
    }
  }

  /// The data set at a path. Throws `.file`, with the names beside it, where there is none.
  public func dataset(_ name: String) throws(Fault) -> HDF5Dataset { try HDF5Dataset(self, name, try open(name)) }

  /// All of the data set at a path.
  public func read(_ name: String) throws(Fault) -> HDF5Array { try dataset(name).read() }

  /// The names of the attributes of what stands at a path.
  public func attributeNames(of name: String = "/") throws(Fault) -> [String] {
    let object = try open(name)
    return try HDF5Library.use { (library) throws(Fault) in
      var names: [String] = []
      for place in 0..<UInt64(max(0, library.attributeCount(object.id))) {
        let attribute = try HDF5Handle(
          library.openAttributeAt(object.id, ".", HDF5Code.byName, HDF5Code.rising, place, 0, 0), library
        ) { damaged("an attribute of \(shownPath(name))", $0) }
        let length = library.attributeName(attribute.id, 0, nil)
        if length < 0 || length > 1 << 16 { throw damaged("an attribute of \(shownPath(name))", library.reason) }
        var buffer = [CChar](repeating: 0, count: length + 1)
        _ = library.attributeName(attribute.id, buffer.count, &buffer)
        names.append(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      return names
    }
  }

  /// An attribute of what stands at a path; nil where it has none of that name.
  public func attribute(_ attribute: String, of name: String = "/") throws(Fault) -> HDF5Array? {
    if attribute.utf8.contains(0) { return nil }
    let object = try open(name)
    let what = "the attribute `\(attribute)` of \(shownPath(name)) in \(shownPath(path))"
    return try HDF5Library.use { (library) throws(Fault) in
      if library.attributeExists(object.id, attribute) <= 0 { return nil }
      func fault(_ reason: String) -> Fault { Fault(.file, "cannot read \(what)", label: reason) }
      let opened = try HDF5Handle(library.openAttribute(object.id, attribute, 0), library, or: fault)
      let stored = try HDF5Handle(library.attributeType(opened.id), library, or: fault)
      let space = try HDF5Handle(library.attributeSpace(opened.id), library, or: fault)
      let form = try HDF5Form(stored: stored.id, space: space.id, library, what: what)
      let bytes = try form.checkedBytes(form.shape, limit: 1 << 28)
      return try form.array(form.shape, bytes: bytes, space: space.id, properties: 0, library) { raw, type in
        library.readAttribute(opened.id, type, raw)
      }
    }
  }

  /// The object at a path.
  private func open(_ name: String) throws(Fault) -> HDF5Handle {
    if name.utf8.contains(0) { throw Fault(.file, "a name in an HDF5 file cannot hold a NUL character") }
    let handle: HDF5Handle? = try HDF5Library.use { (library) throws(Fault) in
      let id = library.openObject(self.handle.id, name, linkRule.id)
      return id < 0 ? nil : try HDF5Handle(id, library) { Fault(.file, $0) }
    }
    if let handle { return handle }
    throw missing(name)
  }

  /// That nothing stands at a path, with what stands where its last group is.
  private func missing(_ name: String) -> Fault {
    var group = ""
    for part in name.split(separator: "/") {
      guard (try? kind("\(group)/\(part)")) == .group else { break }
      group += "/\(part)"
    }
    let there = (try? names(in: group.isEmpty ? "/" : group)) ?? []
    let wanted = name.split(separator: "/").dropFirst(group.split(separator: "/").count).first.map(String.init) ?? name
    let found = there.isEmpty ? "nothing" : there.prefix(12).map { "`\($0)`" }.joined(separator: ", ") + (there.count > 12 ? ", …" : "")
    let isLink = there.contains(wanted)
    return Fault(
      .file, "\(shownPath(path)) has no \(shownPath(name))",
      label: isLink ? "`\(wanted)` leads nowhere, or to another file, which is not followed" : "\(group.isEmpty ? "the file" : shownPath(group)) holds \(found)",
      help: isLink ? nil : didYouMean(wanted, among: there))
  }

  private func damaged(_ what: String, _ reason: String) -> Fault {
    Fault(.file, "cannot read \(what) in \(shownPath(path))", label: reason.isEmpty ? "the library gave no reason" : reason)
  }
}
