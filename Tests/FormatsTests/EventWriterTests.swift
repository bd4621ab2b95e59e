import Events
import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct EventWriterTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  /// Some events of a large sensor, with silences longer than the clock of EVT 3.0, and times as AEDAT 4 has them.
  private func recording(from start: Int64) throws -> EventStream {
    let steps: [Int64] = [0, 0, 1, 4094, 1, 5000, 8_388_608, 20_000_000, 100_000_000, 3] + (0..<40_000).map { Int64($0 % 7) }
    var (time, times) = (start, [Int64]())
    for step in steps {
      time += step
      times.append(time)
    }
    return try EventStream(
      times: times, x: times.indices.map { UInt16($0 * 37 % 1280) }, y: times.indices.map { UInt16($0 / 3 % 720) },
      isOn: times.indices.map { UInt8($0 % 2) }, width: 1280, height: 720)
  }

  @Test(arguments: [0, 1, 1_700_000_000_000_000] as [Int64]) func whatIsWrittenIsReadBack(_ start: Int64) throws {
    let events = try recording(from: start)
    #expect(try readEvents(try folder.file("e.raw", try encodeEVT3(events))).events == events)
    #expect(try readEvents(try folder.file("e.aedat4", try encodeAEDAT4(events))).events == events)
    #expect(try readEvents(try folder.file("p.aedat4", try encodeAEDAT4(events, isPacked: false))).events == events)
  }

  @Test func emptyRecordingsAreWritten() throws {
    let events = EventStream(width: 10, height: 20)
    #expect(try readEvents(try folder.file("e.raw", try encodeEVT3(events))).events == events)
    #expect(try readEvents(try folder.file("e.aedat4", try encodeAEDAT4(events))).events == events)
  }

  @Test func whatAFormatCannotSayIsAFault() throws {
    let back = try EventStream(times: [5, 3], x: [0, 0], y: [0, 0], isOn: [1, 1], width: 2, height: 1)
    #expect(fault { _ = try encodeEVT3(back) }?.kind == .value)
    #expect(try readEvents(try folder.file("b.aedat4", try encodeAEDAT4(back))).events == back)
    #expect(fault { _ = try encodeEVT3(EventStream(width: 2049, height: 1)) }?.kind == .value)
    #expect(fault { _ = try encodeAEDAT4(EventStream(width: 1, height: 40_000)) }?.kind == .value)
    let far = try EventStream(times: [0, 1 << 40], x: [0, 0], y: [0, 0], isOn: [1, 1], width: 2, height: 1)
    #expect(fault { _ = try encodeEVT3(far) }?.title == "EVT 3.0 cannot say such a long silence")
  }
}
