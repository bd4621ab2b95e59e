// Data sets of HDF5, read whole or by rows.

import Faults
import Glibc
import Libraries

/// A data set of an open HDF5 file. Its first dimension is called its rows.
public final class HDF5Dataset {
  /// Its path in the file.
  public let name: String
  /// Its sizes, without those of its items.
  public var shape: [Int] { form.shape }
  /// The bytes of an item in memory; lists and texts of variable length lie elsewhere.
  public var itemBytes: Int { form.width }
  /// The sizes of its chunks; nil where it lies in one piece.
  public let chunk: [Int]?

  private let file: HDF5File
  private let handle: HDF5Handle
  private let form: HDF5Form

  /// How many rows there are; a single value is one row.
  public var rows: Int { shape.first ?? 1 }

  init(_ file: HDF5File, _ name: String, _ handle: HDF5Handle) throws(Fault) {
    (self.file, self.name, self.handle) = (file, name, handle)
    let what = "\(shownPath(name)) in \(shownPath(file.path))"
    (form, chunk) = try HDF5Library.use { (library) throws(Fault) in
      func fault(_ reason: String) -> Fault { Fault(.file, "cannot read \(what)", label: reason) }
      if library.kind(handle.id) != HDF5Code.isSet {
        throw Fault(.file, "\(what) is no data set", label: "it is a group or a type", help: "name a data set inside it")
      }
      let stored = try HDF5Handle(library.setType(handle.id), library, or: fault)
      let space = try HDF5Handle(library.setSpace(handle.id), library, or: fault)
      let form = try HDF5Form(stored: stored.id, space: space.id, library, what: what)
      let made = try HDF5Handle(library.setProperties(handle.id), library, or: fault)
      let layout = library.layout(made.id)
      if layout == HDF5Code.virtual || library.externalCount(made.id) > 0 {
        throw Fault(
          .file, "cannot read \(what)", label: "its numbers lie in other files, which are not followed",
          help: "copy them into one file, as by h5repack")
      }
      guard layout == HDF5Code.chunked, !form.shape.isEmpty else { return (form, nil) }
      var sizes = [UInt64](repeating: 0, count: form.shape.count)
      if library.chunkSizes(made.id, Int32(sizes.count), &sizes) < 0 { throw fault(library.reason) }
      return (form, sizes.map { Int(clamping: $0) })
    }
  }

  /// The numbers of the filters through which its chunks are packed, the first applied first.
  public func filters() throws(Fault) -> [Int] {
    try HDF5Library.use { (library) throws(Fault) in
      let made = try HDF5Handle(library.setProperties(handle.id), library) { Fault(.file, "cannot read \(form.what)", label: $0) }
      return (0..<UInt32(max(0, library.filterCount(made.id)))).map { place in
        var (flags, count) = (UInt32(0), 0)
        return Int(library.filter(made.id, place, &flags, &count, nil, 0, nil, nil))
      }
    }
  }

  /// All of it. Throws `.file` where it is damaged or larger than memory may hold.
  public func read() throws(Fault) -> HDF5Array {
    if shape.isEmpty || shape == [0] { return try HDF5Library.use { (library) throws(Fault) in try block(nil, library) } }
    return try read(rows: 0..<rows)
  }

  /// Some of its rows, read in parts between which Ctrl-C is heard. Rows that it has not are left out.
  public func read(rows asked: Range<Int>) throws(Fault) -> HDF5Array {
    guard let all = shape.first else { return try read() }
    let wanted = asked.clamped(to: 0..<all)
    let result = [wanted.count] + shape.dropFirst()
    let bytes = try form.checkedBytes(result, limit: .max)
    try checkFilters()
    if bytes == 0 { return try HDF5Library.use { (library) throws(Fault) in try block(wanted, library) } }
    let step = rowsAtOnce(bytes / wanted.count)
    var parts: [HDF5Values] = []
    var start = wanted.lowerBound
    while start < wanted.upperBound {
      try Interrupt.check()
      // Ends where a chunk ends, which is then unpacked once.
      let end = min(wanted.upperBound, (start / step + 1) * step)
      parts.append(try HDF5Library.use { (library) throws(Fault) in try block(start..<end, library).values })
      start = end
    }
    return HDF5Array(shape: result + form.layout.itemShape, values: .joined(parts))
  }

  /// Rows of about 16 MiB, in whole chunks.
  private func rowsAtOnce(_ rowBytes: Int) -> Int {
    let fitting = max(1, (16 << 20) / max(1, rowBytes))
    guard let chunkRows = chunk?.first, chunkRows > 0 else { return fitting }
    return chunkRows >= fitting ? chunkRows : fitting / chunkRows * chunkRows
  }

  /// Reads a range of rows, or a single value, at one go.
  private func block(_ rows: Range<Int>?, _ library: HDF5Library) throws(Fault) -> HDF5Array {
    func fault(_ reason: String) -> Fault { Fault(.file, "cannot read \(form.what)", label: reason) }
    let shape = rows.map { [$0.count] + form.shape.dropFirst() } ?? form.shape
    let bytes = try form.checkedBytes(shape, limit: .max)
    let space = try HDF5Handle(library.setSpace(handle.id), library, or: fault)
    let memory: HDF5Handle
    if let rows, bytes > 0 {
      let start = [UInt64(rows.lowerBound)] + [UInt64](repeating: 0, count: shape.count - 1)
      let sizes = shape.map { UInt64($0) }
      if library.select(space.id, HDF5Code.setSelection, start, nil, sizes, nil) < 0 { throw fault(library.reason) }
      memory = try HDF5Handle(library.createSimpleSpace(Int32(sizes.count), sizes, nil), library, or: fault)
    } else {
      memory = try HDF5Handle(library.createSpace(HDF5Code.scalarSpace), library, or: fault)
    }
    let transfer = try HDF5Handle(
      library.createProperties(library.constant("H5P_CLS_DATASET_XFER_ID_g")), library, or: fault)
    let budget = VariableMemory()
    let context = Unmanaged.passUnretained(budget).toOpaque()
    if form.layout.isVariable, library.onVariableMemory(transfer.id, VariableMemory.take, context, VariableMemory.give, nil) < 0 {
      throw fault(library.reason)
    }
    return try withExtendedLifetime(budget) { () throws(Fault) in
      do throws(Fault) {
        return try form.array(shape, bytes: bytes, space: memory.id, properties: transfer.id, library) { raw, type in
          library.readSet(handle.id, type, memory.id, space.id, transfer.id, raw)
        }
      } catch {
        if !budget.isExceeded { throw error }
        throw Fault(
          .file, "\(form.what) is too large", label: "its lists take more than \(shownBytes(VariableMemory.limit)) at once",
          help: "if the file is smaller than that, it is damaged")
      }
    }
  }

  /// Throws `.file`, with the package to install, where chunks are packed by a filter that the library lacks: it would
  /// only say that it finds no plugin.
  func checkFilters() throws(Fault) {
    for filter in try filters() where try !HDF5Library.use({ (library) throws(Fault) in library.isFilterThere(Int32(clamping: filter)) > 0 }) {
      let known = [32001: ("Blosc", "sudo apt-get install hdf5-filter-plugin-blosc-serial"), 32015: ("Zstandard", "sudo apt-get install hdf5-filter-plugin-zfp-serial")]
      let (name, help) = known[filter].map { ($0.0, $0.1) } ?? ("one of the number \(filter)", "repack the file without it, as by h5repack -f NONE")
      throw Fault(.file, "cannot read \(form.what)", label: "its chunks are packed by a filter that is not installed: \(name)", help: help)
    }
  }

  // MARK: What lies behind it

  /// Whether its items are lists or texts of variable length, or hold some.
  var isVariable: Bool { form.layout.isVariable }

  /// Looks at each chunk's place in the file, and at no data.
  func walkIndex() { try? HDF5Library.use { (library) throws(Fault) in _ = library.storedBytes(handle.id) } }

  // MARK: Chunks as they are

  /// The packed bytes of the chunk that begins at some item of a data set of one dimension, and whether its only filter
  /// was left out for it. Throws `.file` where there is none.
  public func rawChunk(at start: Int, limit: Int = 1 << 28) throws(Fault) -> (bytes: [UInt8], isPlain: Bool) {
    try HDF5Library.use { (library) throws(Fault) in
      var size: UInt64 = 0
      let place = [UInt64(max(0, start))]
      if shape.count != 1 || library.chunkSize(handle.id, place, &size) < 0 {
        throw Fault(.file, "cannot read \(form.what)", label: "there is no chunk at item \(start): \(library.reason)")
      }
      guard let count = Int(exactly: size), count <= limit else {
        throw Fault(.file, "cannot read \(form.what)", label: "the chunk at item \(start) has \(size) bytes, the limit is \(shownBytes(limit))")
      }
      var mask: UInt32 = 0
      var bytes = [UInt8](repeating: 0, count: count)
      if count > 0, library.readChunk(handle.id, 0, place, &mask, &bytes) < 0 {
        throw Fault(.file, "cannot read \(form.what)", label: "the chunk at item \(start): \(library.reason)", help: "fetch or copy the file again")
      }
      return (bytes, mask & 1 != 0)
    }
  }
}

/// Memory for lists and texts of variable length, whose lengths come from the file: no more than a limit at a time.
private final class VariableMemory {
  static let limit = 1 << 32
  private var taken = 0
  private(set) var isExceeded = false

  static let take: HDF5Library.Take = { size, context in
    guard let context else { return nil }
    let memory = Unmanaged<VariableMemory>.fromOpaque(context).takeUnretainedValue()
    let (sum, isOver) = memory.taken.addingReportingOverflow(size)
    if size < 0 || isOver || sum > limit {
      memory.isExceeded = true
      return nil
    }
    memory.taken = sum
    return malloc(size)
  }

  static let give: HDF5Library.Free = { address, _ in free(address) }
}
