import Events
import Faults
import Glibc
import Testing

@testable import Formats

/// An event as the tables of the formats' sheet write it: x, y, microseconds, polarity.
private struct Row: Equatable, CustomStringConvertible {
  var time: Int64
  var x: Int
  var y: Int
  var isOn: Int
  init(_ time: Int64, _ x: Int, _ y: Int, _ isOn: Int) { (self.time, self.x, self.y, self.isOn) = (time, x, y, isOn) }
  var description: String { "(\(time), \(x), \(y), \(isOn))" }
}

private func rows(_ events: EventStream) -> [Row] {
  (0..<events.count).map { Row(events.times[$0], Int(events.x[$0]), Int(events.y[$0]), Int(events.isOn[$0])) }
}

private func bytesOf(_ hexadecimal: String) -> [UInt8] {
  let digits = hexadecimal.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
  return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func words<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
  var bytes: [UInt8] = []
  for word in words { appendLittleEndian(word, to: &bytes) }
  return bytes
}

@Suite struct EventFormatTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  private func read(_ name: String, _ bytes: [UInt8], partial: Bool = false, format: String? = nil) throws -> EventRecording {
    var options = EventOptions()
    (options.isPartial, options.format) = (partial, format)
    let path = try folder.file(name, bytes)
    let whole = Result<EventRecording, Fault> { () throws(Fault) in try readEvents(path, options) }
    // A recording that stays in its file has the same events, the same notes and the same faults.
    let opened = Result<EventFile, Fault> { () throws(Fault) in try EventFile(path, options) }
    switch (whole, opened) {
    case (.success(let recording), .success(let file)):
      #expect(try file.part(0..<file.count) == recording.events && file.notes == recording.notes && file.format == recording.format)
      #expect(try file.between(.min, .max).count == recording.events.count)
    case (.failure(let fault), .failure(let other)): #expect(fault == other)
    default: Issue.record("\(name): read \(whole), opened \(opened)")
    }
    return try whole.get()
  }

  /// Each cut of a file is read to the end of its last whole event or is a fault at a byte of it, and nothing before is lost.
  private func checkTruncations(_ name: String, _ whole: [UInt8], from start: Int, _ place: SourceLocation = #_sourceLocation) throws {
    let all = rows(try read(name, whole).events)
    var faults = 0
    for length in start..<whole.count {
      let cut = Array(whole.prefix(length))
      do {
        let part = rows(try read(name, cut).events)
        #expect(all.starts(with: part), "\(length) bytes", sourceLocation: place)
      } catch let fault as Fault {
        faults += 1
        #expect(fault.kind == .file && fault.title.contains(folder.path), "\(length) bytes: \(fault)", sourceLocation: place)
        guard fault.help?.contains("partial=true") == true else { continue }
        let part = try read(name, cut, partial: true)
        #expect(all.starts(with: rows(part.events)) && part.events.count > 0, sourceLocation: place)
        #expect(part.notes.contains { $0.contains("truncated") }, sourceLocation: place)
      }
    }
    #expect(faults > 0, sourceLocation: place)
  }

  // MARK: ATIS

  private static let atis = bytesOf("00 21 80 00 00  21 00 01 11 70  0c 05 84 93 e0")

  @Test func readsATIS() throws {
    let found = try read("n.bin", Self.atis)
    #expect(rows(found.events) == [Row(0, 0, 33, 1), Row(70_000, 33, 0, 0), Row(300_000, 12, 5, 1)])
    #expect((found.events.width, found.events.height) == (34, 34))
    #expect(found.format == "nmnist" && found.notes == [])
    // An event in row 240 moves those behind it by 2^13 us.
    let moved = try read("m.bin", bytesOf("01 02 80 00 0a  00 f0 00 00 00  03 04 00 00 14"))
    #expect(rows(moved.events) == [Row(10, 1, 2, 1), Row(8212, 3, 4, 0)])
    // N-Caltech101 has the whole sensor; 23 bits of time wrap.
    let wide = try read("w.bin", bytesOf("c8 64 7f ff ff  c8 64 00 00 01"))
    #expect((wide.events.width, wide.events.height) == (240, 180))
    #expect(rows(wide.events) == [Row(0x7fffff, 200, 100, 0), Row(0x800001, 200, 100, 0)])
    try checkTruncations("t.bin", Self.atis, from: 1)
    let found2 = fault { _ = try read("l.bin", Self.atis + bytesOf("f8 21 80 00 00")) }
    #expect(found2?.title == "`\(folder.path)/l.bin` is damaged at byte 15")
    #expect(found2?.label == "found event 3 at x 248, y 33, expected a place on the sensor of 240 x 180 pixels")
  }

  // MARK: AEDAT 2 and 3.1

  private static let aedat2 = Array("#!AER-DAT2.0\r\n# AEChip: DVS128\r\n".utf8) + bytesOf("00 00 07 0b 00 00 00 64  00 00 fe 00 00 00 00 c8")

  @Test func readsAEDAT2() throws {
    let found = try read("a.aedat", Self.aedat2)
    // Row 7 from below.
    #expect(rows(found.events) == [Row(100, 5, 120, 1)])
    #expect(found.notes == ["1 external event left out"])
    #expect((found.events.width, found.events.height) == (128, 128))
    let davis = Array("#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.DAVIS346\r\n".utf8)
      + bytesOf("80 00 00 00 00 00 00 01  00 c0 38 00 00 00 00 02")
    let wide = try read("d.aedat", davis)
    #expect(rows(wide.events) == [Row(2, 3, 256, 1)])
    #expect(wide.notes == ["1 record of pictures or movement left out"])
    try checkTruncations("t.aedat", Self.aedat2, from: 34)
  }

  private static let aedat3 =
    Array("#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 0: DVS128\r\n#!END-HEADER\r\n".utf8)
    + bytesOf("0100 0000 08000000 04000000 00000000 02000000 02000000 02000000  1f000a00 64000000  0100fe00 c8000000")
    + bytesOf("0000 0000 08000000 04000000 00000000 01000000 01000000 01000000  01000000 fa000000")
    + bytesOf("0100 0000 08000000 04000000 01000000 01000000 01000000 01000000  0b000200 03000000")

  @Test func readsAEDAT3() throws {
    let found = try read("a.aedat", Self.aedat3)
    #expect(rows(found.events) == [Row(100, 5, 7, 1), Row(200, 127, 0, 0), Row(2_147_483_651, 1, 2, 1)])
    #expect(found.notes == ["1 event of another kind left out"])
    try checkTruncations("t.aedat", Self.aedat3, from: 80)
    var lying = Self.aedat3
    let place = try #require(lying.firstRange(of: bytesOf("02000000 02000000"))?.lowerBound)
    lying[place] = 1
    #expect(fault { _ = try read("l.aedat", lying) }?.label == "found a packet of 2 events of 8 bytes with room for 1, expected no more events than room")
  }

  // MARK: Prophesee

  private static func raw(_ format: String) -> [UInt8] {
    Array("% date 2024-01-01 00:00:00\n% format \(format);height=480;width=640\n% end\n".utf8)
  }

  @Test func readsEVT2() throws {
    let file = Self.raw("EVT2") + words([0x8000_0001, 0x1900_2807, 0x0953_f9df, 0x8000_0003, 0x1200_0001, 0xa200_0000] as [UInt32])
    let found = try read("e.raw", file)
    #expect(found.format == "evt2")
    #expect(rows(found.events) == [Row(100, 5, 7, 1), Row(101, 639, 479, 0), Row(200, 0, 1, 1)])
    try checkTruncations("t.raw", file, from: Self.raw("EVT2").count)
    let early = try read("early.raw", Self.raw("EVT2") + words([0x1900_2807, 0x8fff_ffff, 0x1900_2807, 0x8000_0000, 0x1000_2807] as [UInt32]))
    #expect(early.notes == ["1 event before the first time left out"])
    #expect(early.events.times == [(0x0fff_ffff << 6) + 36, 1 << 34])
    let beside = fault { _ = try read("b.raw", Self.raw("EVT2") + words([0x8000_0001, 0x1900_2807, 0x1100_01e0] as [UInt32])) }
    #expect(beside?.label == "found event 1 at x 0, y 480, expected a place on the sensor of 640 x 480 pixels")
    #expect(beside?.help == "fetch or copy the file again; partial=true gives the 1 event before")
  }

  @Test func readsEVT21InBothOrders() throws {
    let all = [0x8000_0001_0000_0000, 0x1901_0007_8000_0005, 0x0942_0008_0000_0001] as [UInt64]
    let expected = [Row(100, 32, 7, 1), Row(100, 34, 7, 1), Row(100, 63, 7, 1), Row(101, 64, 8, 0)]
    let file = Self.raw("EVT21") + words(all)
    let found = try read("e.raw", file)
    #expect(rows(found.events) == expected)
    try checkTruncations("t.raw", file, from: Self.raw("EVT21").count)
    let legacy = Array("% format EVT21;endianness=legacy;height=480;width=640\n% end\n".utf8) + words(all.map { $0 << 32 | $0 >> 32 })
    #expect(rows(try read("legacy.raw", legacy).events) == expected)
    let beside = fault { _ = try read("b.raw", Self.raw("EVT21") + words([all[0], 0x1913_f807_8000_0000] as [UInt64])) }
    #expect(beside?.label == "found event 0 at x 670, y 7, expected a place on the sensor of 640 x 480 pixels")
  }

  static let evt3: [UInt16] = [
    0x8000, 0x6064, 0x0007, 0x2805, 0x60c8, 0x0009, 0x3820, 0x4801, 0x4001, 0x5080, 0x212c, 0x4001, 0x8001, 0x6004, 0x2806,
  ]

  /// A vector behind a single event goes on from the vector before it, with its polarity: OpenEB's rule.
  @Test func readsEVT3() throws {
    let file = Self.raw("EVT3") + words(Self.evt3)
    let found = try read("e.raw", file)
    #expect(
      rows(found.events) == [
        Row(100, 5, 7, 1), Row(200, 32, 9, 1), Row(200, 43, 9, 1), Row(200, 44, 9, 1), Row(200, 63, 9, 1), Row(200, 300, 9, 0),
        Row(200, 64, 9, 1), Row(4100, 6, 9, 1),
      ])
    #expect((found.events.width, found.events.height) == (640, 480) && found.notes == [])
    try checkTruncations("t.raw", file, from: Self.raw("EVT3").count)
    let beside = fault { _ = try read("b.raw", Self.raw("EVT3") + words([0x8000, 0x0007, 0x2005, 0x3a7f, 0x4003] as [UInt16])) }
    #expect(beside?.label == "found event 1 at x 640, y 7, expected a place on the sensor of 640 x 480 pixels")
    #expect(beside?.title.hasSuffix("is damaged at byte \(Self.raw("EVT3").count + 8)") == true)
  }

  @Test func timesOfEVT3Wrap() throws {
    let found = try read("w.raw", Self.raw("EVT3") + words([0x2001, 0x8fff, 0x6fff, 0x2001, 0x8000, 0x2001, 0x6001, 0x2001] as [UInt16]))
    #expect(found.events.times == [16_777_215, 16_777_216, 16_777_217])
    #expect(found.notes == ["1 event before the first time left out"])
  }

  @Test func readsDAT() throws {
    let head = Array("% Data file containing CD events\n% Version 2\n% Height 480\n% Width 640\n".utf8)
    let data = bytesOf("64000000 05c00110  65000000 7fc27700  c8000000 00400010")
    let expected = [Row(100, 5, 7, 1), Row(101, 639, 479, 0), Row(200, 0, 1, 1)]
    let file = head + [0x0c, 8] + data
    #expect(rows(try read("d.dat", file).events) == expected)
    let bare = try read("bare.dat", data)
    #expect(rows(bare.events) == expected)
    #expect(bare.notes == ["the sensor's size is not known: 640 x 480 is what the events need"])
    try checkTruncations("t.dat", file, from: head.count + 1)
    #expect(fault { _ = try read("k.dat", head + [0x0e, 8] + data) }?.label == "found events of kind 0x0e, expected changes of pixels, 0x00 or 0x0c")
    #expect(fault { _ = try read("s.dat", head + [0x0c, 9] + data) }?.label == "found events of 9 bytes, expected 8")
    // The clock of 32 bits wraps.
    let wrapped = try read("w.dat", bytesOf("ffffffff 05c00110  01000000 05c00110"))
    #expect(wrapped.events.times == [0xffff_ffff, 0x1_0000_0001])
  }

  // MARK: ECF

  /// Three chunks, decoded by the codec itself.
  @Test func unpacksECF() throws {
    func rows(_ chunk: [UInt8]) -> [Row]? {
      var decoder = ECFDecoder(chunk)
      return decoder?.events().map { events in
        events.times.indices.map { Row(events.times[$0], Int(events.x[$0]), Int(events.y[$0]), Int(events.isOn[$0])) }
      }
    }
    let one = bytesOf("06000000 0400000000000000 01 00022000 00000000 00000000")
    #expect(rows(one) == [Row(4, 1, 2, 0)])
    let four = bytesOf("12000000 0400000000000000 02 51 fffdf3 01 ff022000 0b60f41d 0e800000")
    #expect(rows(four) == [Row(4, 1, 2, 0), Row(4, 639, 479, 1), Row(9, 5, 6, 1), Row(1000, 7, 8, 0)])
    let masked = bytesOf("0c000000 3200000000000000 03 6300 5401 82 01")
    #expect(rows(masked) == [Row(50, 10, 3, 1), Row(50, 11, 3, 1), Row(50, 13, 3, 0)])
    // Pairs of column and polarity: a row of two events at columns 5 and 6.
    #expect(rows(bytesOf("09000000 0100000000000000 02 e200 bc00 0000 0000")) == [Row(1, 5, 7, 1), Row(1, 6, 7, 0)])
    for chunk in [one, four, masked] {
      for length in 0..<chunk.count where length > 12 { #expect(rows(Array(chunk.prefix(length))) == nil) }
    }
    // More events than a chunk may hold, and runs beyond the count.
    #expect(ECFDecoder(bytesOf("ffffffff 00")) == nil)
    #expect(rows(bytesOf("06000000 0400000000000000 0f ffff 00022000 00000000 00000000")) == nil)
  }

  // MARK: HDF5

  private func write(_ name: String, _ sets: [(String, HDF5Array)]) throws -> String {
    let writer = try HDF5Writer()
    for (name, array) in sets { try writer.write(array, to: name) }
    try writer.save(to: "\(folder.path)/\(name)")
    return "\(folder.path)/\(name)"
  }

  @Test func readsDSEC() throws {
    var sets: [(String, HDF5Array)] = [
      ("/events/x", HDF5Array(.int32([1, 639]), shape: [2])), ("/events/y", HDF5Array(.int32([0, 479]), shape: [2])),
      ("/events/p", HDF5Array(.uint8([0, 1]), shape: [2])), ("/events/t", HDF5Array(.int64([0, 999]), shape: [2])),
      ("/t_offset", HDF5Array(.int64([1_000_000_000_000]), shape: [])),
    ]
    let found = try readEvents(try write("d.h5", sets))
    #expect(found.format == "dsec")
    #expect(rows(found.events) == [Row(1_000_000_000_000, 1, 0, 0), Row(1_000_000_000_999, 639, 479, 1)])
    sets[1].1 = HDF5Array(.int32([0, 480]), shape: [2])
    #expect(fault { _ = try readEvents(try write("b.h5", sets)) }?.label == "found x 639, y 480, expected a place on the sensor of 640 x 480 pixels")
    sets[1].1 = HDF5Array(.int32([0]), shape: [1])
    #expect(fault { _ = try readEvents(try write("c.h5", sets)) }?.label == "found 2, 2, 1, 2 of t, x, y and p, expected as many of each")
  }

  @Test func readsMVSEC() throws {
    let numbers: [Double] = [5, 7, 1_504_645_177.123456, 1, 345, 259, 1_504_645_177.5, -1]
    let path = try write("m.hdf5", [("/davis/left/events", HDF5Array(.float64(numbers), shape: [2, 4]))])
    let found = try readEvents(path)
    #expect(found.format == "mvsec")
    #expect(rows(found.events) == [Row(1_504_645_177_123_456, 5, 7, 1), Row(1_504_645_177_500_000, 345, 259, 0)])
    var right = EventOptions()
    right.camera = "right"
    #expect(fault { _ = try readEvents(path, right) }?.title == "`\(path)` has no `/davis/right/events`")
    let bad = try write("b.hdf5", [("/davis/left/events", HDF5Array(.float64([5, 7, .nan, 1]), shape: [1, 4]))])
    #expect(fault { _ = try readEvents(bad) }?.label == "found nan seconds, expected a time")
  }

  // MARK: AEDAT 4

  /// A file of one stream, by hand: two events, packed in no way.
  static func aedat4(table: Int64 = -1, packet: [UInt8]? = nil) -> [UInt8] {
    let xml = #"<dv version="2.0"><node name="outInfo" path="/outInfo/"><node name="3" path="/outInfo/3/"><attr key="typeIdentifier" type="string">EVTS</attr><node name="info" path="/outInfo/3/info/"><attr key="sizeX" type="int">320</attr><attr key="sizeY" type="int">240</attr></node></node></node></dv>"#
    var head: [UInt8] = []
    head += words([UInt32(20)]) + Array("IOHE".utf8)  // the root lies at 20 of what follows the length
    head += words([UInt16(0), 10, 16, 0, 4, 12])  // offsets at 10: their size, the table's size, fields 0, 1 and 2
    head += words([Int32(10)]) + words([table]) + words([UInt32(4)])
    head += words([UInt32(xml.utf8.count)]) + Array(xml.utf8) + [0]
    let payload = packet ?? Self.payload
    return Array("#!AER-DAT4.0\r\n".utf8) + words([UInt32(head.count)]) + head + words([Int32(3), Int32(payload.count)]) + payload
  }

  static let payload = bytesOf(
    """
    3c000000 10000000 45565453 00000600 08000400 06000000 04000000 02000000 00401e18240a0600 0a001400 01000000
    05401e18240a0600 3f01ef00 00000000
    """)

  @Test func readsAEDAT4() throws {
    let file = Self.aedat4()
    let found = try read("a.aedat4", file)
    #expect(rows(found.events) == [Row(1_700_000_000_000_000, 10, 20, 1), Row(1_700_000_000_000_005, 319, 239, 0)])
    #expect((found.events.width, found.events.height) == (320, 240))
    for length in stride(from: 14, to: file.count, by: 3) where length != file.count - Self.payload.count - 8 {
      #expect(fault { _ = try read("t.aedat4", Array(file.prefix(length))) }?.kind == .file, "\(length)")
    }
    // The second of two packets is cut off; the first stays.
    let second = words([Int32(3), Int32(Self.payload.count)]) + Self.payload.prefix(20)
    let cut = fault { _ = try read("c.aedat4", file + second) }
    #expect(cut?.title == "`\(folder.path)/c.aedat4` is truncated at byte \(file.count + 8)")
    #expect(try read("c.aedat4", file + second, partial: true).events.count == 2)
  }

  @Test func lyingAEDAT4IsAFault() throws {
    #expect(fault { _ = try read("t.aedat4", Self.aedat4(table: 1 << 40)) }?.label == "its table of packets is to begin at byte 1099511627776")
    #expect(fault { _ = try read("t.aedat4", Self.aedat4(table: 3)) }?.label?.contains("a table of packets at byte 3") == true)
    var many = Self.payload
    many[24] = 0xff
    #expect(fault { _ = try read("m.aedat4", Self.aedat4(packet: many)) }?.label == "found more events than the packet has bytes for, expected 16 bytes an event")
    var beside = Self.payload
    beside[41] = 0x80
    #expect(fault { _ = try read("b.aedat4", Self.aedat4(packet: beside)) }?.label?.contains("event 0 at x -32758, y 20") == true)
    // Any byte may lie; none may trap.
    let file = Self.aedat4()
    for place in Array(14..<70) + Array((file.count - Self.payload.count - 8)..<file.count) {
      for value in [0x00, 0x7f, 0xff] as [UInt8] {
        var lie = file
        lie[place] = value
        _ = try? read("any.aedat4", lie, partial: true)
      }
    }
  }

  @Test func otherFilesAreNoRecordings() throws {
    let found = fault { _ = try read("x.txt", Array("hello".utf8)) }
    #expect(found?.title == "`\(folder.path)/x.txt` is no recording of an event camera that is known")
    #expect(found?.label == "it begins with 68 65 6c 6c 6f")
    #expect(fault { _ = try read("x.bin", [], format: "evt4") }?.kind == .value)
    #expect(try read("e.bin", []).events.count == 0)
  }

  // MARK: Files of others

  static let fixtures = "../shared/data/formats"
  static let hasFixtures = access(fixtures, R_OK) == 0

  @Test(.enabled(if: hasFixtures)) func readsTheFilesOfOtherPrograms() throws {
    let two = [Row(1_700_000_000_000_000, 10, 20, 1), Row(1_700_000_000_000_005, 319, 239, 0)]
    let three = [Row(100, 5, 7, 1), Row(101, 639, 479, 0), Row(5000, 0, 1, 1)]
    let raw = [Row(100, 5, 7, 1), Row(101, 639, 479, 0), Row(200, 0, 1, 1)]
    let rows21 = [Row(100, 32, 7, 1), Row(100, 34, 7, 1), Row(100, 63, 7, 1), Row(101, 64, 8, 0)]
    let ecf = [Row(4, 1, 2, 0), Row(4, 639, 479, 1), Row(9, 5, 6, 1), Row(1000, 7, 8, 0)]
    let all: [(String, [Row])] = [
      ("dv_none.aedat4", two), ("dv_lz4.aedat4", two), ("dv_zstd.aedat4", two), ("f.aedat4", three), ("f2.raw", three),
      ("f3.raw", three), ("f.dat", three), ("d.dat", raw), ("e2.raw", raw), ("e21.raw", rows21), ("e21b.raw", rows21),
      ("a2.aedat", [Row(100, 5, 120, 1), Row(200, 127, 127, 0)]),
      ("a3.aedat", [Row(100, 5, 7, 1), Row(200, 127, 0, 0), Row(2_147_483_651, 1, 2, 1)]),
      ("n.bin", [Row(0, 0, 33, 1), Row(70_000, 33, 0, 0), Row(300_000, 12, 5, 1)]),
      ("n2.bin", [Row(10, 1, 2, 1), Row(8212, 3, 4, 0)]), ("ecf1.hdf5", [ecf[0]]), ("ecf4.hdf5", ecf),
      ("ecfm.hdf5", [Row(50, 10, 3, 1), Row(50, 11, 3, 1), Row(50, 13, 3, 0)]),
    ]
    for (name, expected) in all { #expect(rows(try readEvents("\(Self.fixtures)/\(name)").events) == expected, "\(name)") }
  }

  @Test(.enabled(if: hasFixtures)) func readsDSECPackedByBlosc() throws {
    do {
      let found = try readEvents("\(Self.fixtures)/events.h5")
      #expect(found.events.times == [0, 10, 999, 1000, 2500].map { $0 + 1_000_000_000_000 })
      #expect(found.events.x == [1, 2, 3, 4, 5] && found.events.isOn == [0, 1, 1, 0, 1])
    } catch let fault as Fault {
      #expect(fault.help == "sudo apt-get install hdf5-filter-plugin-blosc-serial")
    }
  }
}
