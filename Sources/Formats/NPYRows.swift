// Rows of a `.npy` file that stays on the disk: for arrays larger than memory.

import Faults

/// An array `[rows, ...]` in a `.npy` file, of which rows are read when they are asked for. Several threads may read at
/// once.
public final class NPYRows: Sendable {
  private let file: OpenedFile
  private let layout: NPYLayout
  /// Numbers in a row.
  private let width: Int
  /// The array's shape.
  public var shape: [Int] { layout.shape }
  /// Name, size and time of the file.
  public let identity: String

  /// - Throws: `.file` when there is no such file, it is none of NumPy's, its size is not what its header says, or its rows
  ///   do not lie together.
  public init(_ path: String) throws(Fault) {
    let name = shownPath(path)
    file = try OpenedFile(reading: path)
    guard let size = file.size else {
      throw Fault(.file, "\(name) cannot be read in parts", label: "it is no file on a disk", help: "data.npy reads it whole")
    }
    layout = try npyLayout(try file.bytes(min(size, 1 << 16), at: 0), name: name)
    try layout.check(size - layout.start, name: name)
    guard !layout.isFortran || layout.shape.count <= 1 else {
      throw Fault(
        .file, "\(name) cannot be read in rows", label: "its numbers lie column by column (Fortran order)",
        help: "save it with numpy.ascontiguousarray(x)")
    }
    guard !layout.shape.isEmpty, let width = checkedProduct(Array(layout.shape.dropFirst())) else {
      throw Fault(.file, "\(name) has no rows", label: "its shape is \(layout.shape)")
    }
    self.width = width
    let time = file.lastWritten()
    identity = "\(path), \(size) bytes, written at \(time) ns"
    FilesRead.current?.note(path, about: "\(size) bytes, read in parts")
  }

  /// Some rows one after the other, rounded to float32; all of them exist.
  ///
  /// - Throws: `.file` where the file was cut short meanwhile, or the system refuses.
  public func floats(_ rows: [Int]) throws(Fault) -> [Float] {
    let bytes = width * layout.kind.width
    var numbers: [Float] = []
    numbers.reserveCapacity(rows.count * width)
    var place = 0
    while place < rows.count {
      // Rows that lie one after the other are read at once, up to some megabytes.
      var count = 1
      while place + count < rows.count, rows[place + count] == rows[place] + count, (count + 1) * bytes <= 1 << 24 { count += 1 }
      let part = try file.bytes(count * bytes, at: layout.start + rows[place] * bytes)
      guard part.count == count * bytes else {
        throw Fault(
          .file, "\(shownPath(file.path)) is truncated", label: "row \(rows[place]) ends after \(part.count) of \(count * bytes) bytes",
          help: "it was whole when it was opened, and has been written since")
      }
      numbers += layout.kind.decode(part[...], littleEndian: layout.littleEndian).floats
      place += count
    }
    return numbers
  }
}
