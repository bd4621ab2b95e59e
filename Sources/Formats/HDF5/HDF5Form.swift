// The type and the sizes of an HDF5 array, and its items from raw memory.

import Faults
import Glibc
import Libraries
import Tensors

/// What an array of HDF5 holds and how its items lie in memory once they are read.
final class HDF5Form {
  /// The type of items in memory.
  let type: HDF5Handle
  let layout: HDF5Layout
  /// The sizes of the array, without those of its items.
  let shape: [Int]
  /// Bytes an item.
  let width: Int
  let what: String

  init(stored: HDF5ID, space: HDF5ID, _ library: HDF5Library, what: String) throws(Fault) {
    func fault(_ reason: String) -> Fault { Fault(.file, "cannot read \(what)", label: reason) }
    // Types that the machine has none for (references, bytes without a meaning) are told of by their own names.
    let native = library.nativeType(stored, 1)
    type = native < 0 ? try HDF5Handle(library.copyType(stored), library, or: fault) : try HDF5Handle(native, library, or: fault)
    layout = try HDF5Layout(type.id, library, what: what)
    width = library.typeSize(type.id)
    if width <= 0 { throw fault("its items have no size") }
    let kind = library.spaceKind(space)
    if kind == HDF5Code.emptySpace {
      shape = [0]
      self.what = what
      return
    }
    let rank = library.spaceRank(space)
    if rank < 0 || rank > 32 { throw fault("it has \(rank) dimensions") }
    var sizes = [UInt64](repeating: 0, count: Int(rank))
    if rank > 0, library.spaceSizes(space, &sizes, nil) < 0 { throw fault(library.reason) }
    let whole = sizes.compactMap { Int(exactly: $0) }
    if whole.count < sizes.count { throw fault("its sizes are \(sizes.map(String.init).joined(separator: " x "))") }
    shape = whole
    self.what = what
  }

  /// The bytes of an array of a shape. Throws `.file` where they are more than `limit`, or than memory may hold.
  func checkedBytes(_ shape: [Int], limit: Int) throws(Fault) -> Int {
    let limit = min(limit, Tensor.memoryLimit)
    if let bytes = checkedProduct(shape + [width]), bytes <= limit { return bytes }
    throw Fault(
      .file, "\(what) is too large", label: "it has \(shape.map(String.init).joined(separator: " x ")) items of \(shownBytes(width))",
      help: "the limit is \(shownBytes(limit)); if the file is smaller than that, it is damaged")
  }

  /// Items that `read` puts into memory of `bytes` bytes.
  func array(
    _ shape: [Int], bytes: Int, space: HDF5ID, properties: HDF5ID, _ library: HDF5Library,
    _ read: (UnsafeMutableRawPointer?, HDF5ID) -> Int32
  ) throws(Fault) -> HDF5Array {
    let count = bytes / width
    if count == 0 { return HDF5Array(shape: shape + layout.itemShape, values: layout.values(nil, count: 0, stride: width)) }
    // Zeroed, so that no address is left to chance where the library stops in the middle.
    guard let raw = calloc(count, width) else { throw Fault(.limit, "no memory for \(what)") }
    defer { free(raw) }
    if read(raw, type.id) < 0 {
      let reason = library.reason
      throw Fault(.file, "cannot read \(what)", label: reason.isEmpty ? "the library gave no reason" : reason, help: "fetch or copy the file again")
    }
    defer { if layout.isVariable { _ = library.reclaim(type.id, space, properties, raw) } }
    return HDF5Array(shape: shape + layout.itemShape, values: layout.values(raw, count: count, stride: width))
  }
}
