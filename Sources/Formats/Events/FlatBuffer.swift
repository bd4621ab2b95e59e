// FlatBuffers, read by hand: tables whose fields are found by a list of offsets. flatbuffers.dev, "FlatBuffer Internals".

/// Bytes of a buffer, of which every offset is checked before it is followed.
struct FlatBuffer {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// A table; its fields are numbered in the order of the schema.
  struct Table {
    fileprivate let place: Int
    fileprivate let offsets: Int
    fileprivate let offsetBytes: Int
  }

  /// A number at a place; nil where the bytes end.
  func read<Number: FixedWidthInteger>(_ place: Int, _: Number.Type) -> Number? {
    guard place >= 0, place <= bytes.count, bytes.count - place >= MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
  }

  /// The first table of a buffer that begins with its own length, and the four letters that say what it is.
  func root() -> (table: Table, identifier: String)? {
    guard let root = read(4, UInt32.self), bytes.count >= 12, let table = table(4 + Int(root)) else { return nil }
    return (table, String(decoding: bytes[8..<12], as: UTF8.self))
  }

  private func table(_ place: Int) -> Table? {
    guard let back = read(place, Int32.self) else { return nil }
    let offsets = place - Int(back)
    guard let size = read(offsets, UInt16.self), size >= 4 else { return nil }
    return Table(place: place, offsets: offsets, offsetBytes: Int(size))
  }

  /// Where a field lies; nil where it has its default.
  private func place(_ field: Int, _ table: Table) -> Int? {
    let slot = 4 + 2 * field
    guard slot + 2 <= table.offsetBytes, let offset = read(table.offsets + slot, UInt16.self), offset > 0 else { return nil }
    return table.place + Int(offset)
  }

  /// A number of a table.
  func number<Number: FixedWidthInteger>(_ field: Int, _ table: Table, default value: Number) -> Number {
    place(field, table).flatMap { read($0, Number.self) } ?? value
  }

  /// Where the items of a vector lie and how many there are, each of `width` bytes; nil where there is none or it
  /// reaches beyond the bytes.
  func vector(_ field: Int, _ table: Table, width: Int) -> (start: Int, count: Int)? {
    guard let place = place(field, table), let offset = read(place, UInt32.self) else { return nil }
    let start = place + Int(offset)
    guard let count = read(start, UInt32.self), Int(count) * width <= bytes.count - start - 4 else { return nil }
    return (start + 4, Int(count))
  }

  /// The tables of a vector; those that are not there are left out.
  func tables(_ field: Int, _ table: Table) -> [Table] {
    guard let (start, count) = vector(field, table, width: 4) else { return [] }
    return (0..<count).compactMap { k in
      let place = start + 4 * k
      return read(place, UInt32.self).flatMap { self.table(place + Int($0)) }
    }
  }

  /// Whether a field is there at all.
  func has(_ field: Int, _ table: Table) -> Bool { place(field, table) != nil }

  /// A text of a table.
  func text(_ field: Int, _ table: Table) -> String? {
    vector(field, table, width: 1).map { String(decoding: bytes[$0.start..<($0.start + $0.count)], as: UTF8.self) }
  }
}
