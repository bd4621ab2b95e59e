import Events
import Faults
import Glibc
import Tensors
import Testing

@testable import Formats

@Suite struct EventFileTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  /// Events in the order of time, some at one time, with pauses longer than a piece.
  private func drawn(_ count: Int, isSorted: Bool = true) throws -> EventStream {
    var draws = RandomStream(seed: 5, purpose: "events")
    let builder = try EventBuilder(width: 640, height: 480, capacity: count)
    var time: Int64 = 1_000_000
    for k in 0..<count {
      time += k % 1000 == 0 ? 5000 : Int64(draws.integer(below: 3))
      let late = isSorted || k % 977 > 0 ? 0 : Int64(draws.integer(below: 20_000))
      try builder.append(
        time: time - late, x: UInt16(draws.integer(below: 640)), y: UInt16(draws.integer(below: 480)), isOn: UInt8(draws.integer(below: 2)))
    }
    return builder.finish()
  }

  private func check(_ file: EventFile, _ events: EventStream) throws {
    #expect(file.count == events.count && file.timeRange == events.timeRange && file.isSorted == events.isSorted)
    #expect((file.width, file.height) == (events.width, events.height))
    for places in [0..<1, 5..<70_000, 65_000..<66_000, 199_999..<events.count, events.count - 1..<events.count, 7..<7, events.count..<events.count + 9] {
      #expect(try file.part(places) == (try events.part(places)), "\(places)")
    }
    let range = try #require(events.timeRange)
    let length = range.upperBound - range.lowerBound
    for (start, end) in [(0, 1), (0, length), (length / 3, length / 3 + 777), (length / 2, length), (length, length + 1), (length + 5, length + 9), (9, 3)] {
      let (start, end) = (range.lowerBound + start, range.lowerBound + end)
      #expect(try file.between(start, end) == (try events.between(start, end)), "\(start) to \(end)")
    }
  }

  @Test func anyStretchOfAFileIsThatOfTheEvents() throws {
    let events = try drawn(300_000)
    try check(try EventFile(try folder.file("e.raw", try encodeEVT3(events))), events)
    try check(try EventFile(try folder.file("e.aedat4", try encodeAEDAT4(events))), events)
    try check(try EventFile(try folder.file("p.aedat4", try encodeAEDAT4(events, isPacked: false))), events)
  }

  @Test func stepsBackInTimeAreFoundWhereverTheyLie() throws {
    let events = try drawn(300_000, isSorted: false)
    let file = try EventFile(try folder.file("b.aedat4", try encodeAEDAT4(events)))
    try check(file, events)
    #expect(file.notes.contains { $0.contains("steps back in time") })
  }

  @Test func aFileThatWasWrittenSinceSaysSo() throws {
    let events = try drawn(300_000)
    let bytes = try encodeAEDAT4(events, isPacked: false)
    let path = try folder.file("c.aedat4", bytes)
    let file = try EventFile(path)
    #expect(truncate(path, off_t(bytes.count / 2)) == 0)
    #expect(throws: Fault.self) { _ = try file.part(299_000..<300_000) }
    do throws(Fault) {
      _ = try file.part(299_000..<300_000)
    } catch {
      #expect(error.kind == .file && error.title.contains("is truncated at byte"), "\(error)")
      #expect(error.label == "it had \(bytes.count) bytes when it was opened", "\(error)")
    }
    #expect(try file.part(0..<100) == (try events.part(0..<100)))
  }

  @Test func damageIsFoundWhenAFileIsOpened() throws {
    let events = try drawn(250_000)
    var bytes = try encodeEVT3(events)
    bytes.removeLast()
    let path = try folder.file("d.raw", bytes)
    do throws(Fault) {
      _ = try EventFile(path)
      Issue.record("opened")
    } catch {
      #expect(error.title == "`\(path)` is truncated at byte \(bytes.count - 1)" && error.help?.contains("partial=true gives the") == true)
    }
    var options = EventOptions()
    options.isPartial = true
    let file = try EventFile(path, options)
    #expect(file.count >= 249_999 && file.notes.contains { $0.contains("truncated") })
    #expect(try file.part(100_000..<100_010) == (try events.part(100_000..<100_010)))
  }
}
