// ECF, by which Prophesee packs the chunks of its HDF5 files (the filter 36559 of the HDF Group's register).
// The form of the data is told by github.com/prophesee-ai/hdf5_ecf.

/// Unpacks a chunk of events: times in runs, then places and polarities in one of three ways.
struct ECFDecoder {
  private var reader: ByteReader
  let count: Int
  private let hasWholeEvents: Bool
  private let hasPairs: Bool

  /// What chunks may hold, by the codec.
  static let most = 65_535

  /// Nil where there is no header, or it promises more than a chunk may hold.
  init?(_ bytes: [UInt8]) {
    reader = ByteReader(bytes)
    guard let head = reader.littleEndian(UInt32.self), Int(head >> 2) <= Self.most else { return nil }
    count = Int(head >> 2)
    hasWholeEvents = head >> 1 & 1 == 1
    hasPairs = head & 1 == 1
  }

  /// Where the decoder stands in the chunk.
  var offset: Int { reader.offset }

  struct Events {
    var times: [Int64] = []
    var x: [UInt16] = []
    var y: [UInt16] = []
    var isOn: [UInt8] = []
  }

  /// All events of the chunk; nil where it ends too early or a run reaches beyond the count.
  mutating func events() -> Events? {
    var events = Events()
    guard readTimes(&events.times) else { return nil }
    let isRead: Bool
    if hasWholeEvents {
      isRead = readWholeEvents(&events)
    } else if !readRuns(&events.y, shift: 5) {
      isRead = false
    } else if hasPairs {
      isRead = readPairs(&events)
    } else {
      isRead = readMasks(&events.x) && readPolarities(&events.isOn)
    }
    return isRead ? events : nil
  }

  /// A byte of time since the last run and of the run's length, 4 bits each. A time of 15 says that the other bits belong
  /// to a longer time, the lowest first; a length of 15 that the length follows in 16 bits.
  private mutating func readTimes(_ times: inout [Int64]) -> Bool {
    guard let first = reader.littleEndian(UInt64.self) else { return false }
    var time = Int64(bitPattern: first)
    times.reserveCapacity(count)
    var (long, shift) = (UInt64(0), UInt64(0))
    while times.count < count {
      guard let byte = reader.littleEndian(UInt8.self) else { return false }
      let (step, length) = (byte >> 4, byte & 15)
      if step == 15 {
        long |= shift < 64 ? UInt64(length) << shift : 0
        shift += 4
        continue
      }
      time = time &+ Int64(bitPattern: long) &+ Int64(step)
      (long, shift) = (0, 0)
      var run = Int(length)
      if length == 15 {
        guard let longer = reader.littleEndian(UInt16.self) else { return false }
        run = Int(longer)
      }
      if run > count - times.count { return false }
      times.append(contentsOf: repeatElement(time, count: run))
    }
    return true
  }

  /// Rows in runs: 11 bits of row and 5 of length, of which 31 says that the length follows in 16 bits.
  private mutating func readRuns(_ rows: inout [UInt16], shift: UInt16) -> Bool {
    rows.reserveCapacity(count)
    while rows.count < count {
      guard let word = reader.littleEndian(UInt16.self) else { return false }
      var run = Int(word & 31)
      if run == 31 {
        guard let longer = reader.littleEndian(UInt16.self) else { return false }
        run = Int(longer)
      }
      if run > count - rows.count { return false }
      rows.append(contentsOf: repeatElement(word >> shift, count: run))
    }
    return true
  }

  /// Columns with a mark for each of the next five, which of them has an event too.
  private mutating func readMasks(_ columns: inout [UInt16]) -> Bool {
    columns.reserveCapacity(count)
    while columns.count < count {
      guard let word = reader.littleEndian(UInt16.self) else { return false }
      let column = word >> 5
      columns.append(column)
      for next in UInt16(1)...5 where word >> (5 - next) & 1 == 1 && columns.count < count { columns.append(column + next) }
    }
    return true
  }

  /// Polarities in runs: a bit and 7 of length, of which 127 says that the length follows in 16 bits.
  private mutating func readPolarities(_ polarities: inout [UInt8]) -> Bool {
    polarities.reserveCapacity(count)
    while polarities.count < count {
      guard let byte = reader.littleEndian(UInt8.self) else { return false }
      var run = Int(byte & 127)
      if run == 127 {
        guard let longer = reader.littleEndian(UInt16.self) else { return false }
        run = Int(longer)
      }
      if run > count - polarities.count { return false }
      polarities.append(contentsOf: repeatElement(byte >> 7, count: run))
    }
    return true
  }

  /// Four columns with polarities of 12 bits in three words of 16.
  private mutating func readPairs(_ events: inout Events) -> Bool {
    while events.x.count < count {
      guard let a = reader.littleEndian(UInt16.self), let b = reader.littleEndian(UInt16.self), let c = reader.littleEndian(UInt16.self)
      else { return false }
      let pairs = [a >> 4, a & 0xf | (b >> 8) << 4, b & 0xff | (c >> 12) << 8, c & 0xfff]
      for pair in pairs.prefix(count - events.x.count) {
        events.x.append(pair >> 1)
        events.isOn.append(UInt8(pair & 1))
      }
    }
    return true
  }

  /// Four rows, columns and polarities of 24 bits in three words of 32.
  private mutating func readWholeEvents(_ events: inout Events) -> Bool {
    while events.x.count < count {
      guard let a = reader.littleEndian(UInt32.self), let b = reader.littleEndian(UInt32.self), let c = reader.littleEndian(UInt32.self)
      else { return false }
      let wholes = [a >> 8, a & 0xff | (b >> 16) << 8, b & 0xffff | (c >> 24) << 16, c & 0xff_ffff]
      for whole in wholes.prefix(count - events.x.count) {
        events.y.append(UInt16(whole >> 12 & 0x7ff))
        events.x.append(UInt16(whole >> 1 & 0x7ff))
        events.isOn.append(UInt8(whole & 1))
      }
    }
    return true
  }
}
