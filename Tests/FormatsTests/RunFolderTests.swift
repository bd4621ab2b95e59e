import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct RunFolderTests {
  @Test func checksumsOfThePublishedExamples() {
    // RFC 3720, appendix B.4, and the usual check of nine digits.
    #expect(crc32c(Array("123456789".utf8)) == 0xE306_9283)
    #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  }

  /// Frames as TFRecord's description gives them: a length, its masked checksum, the bytes, theirs.
  @Test func recordsAreFramed() {
    let record = TensorBoardEvents.record([1, 2, 3])
    #expect(record.count == 8 + 4 + 3 + 4)
    #expect(Array(record[..<8]) == [3, 0, 0, 0, 0, 0, 0, 0] && Array(record[12..<15]) == [1, 2, 3])
    let sum = crc32c(Array(record[..<8]))
    let masked = ((sum >> 15) | (sum << 17)) &+ 0xA282_EAD8
    #expect(Array(record[8..<12]) == (0..<4).map { UInt8(truncatingIfNeeded: masked >> (8 * $0)) })
  }

  @Test func aRunIsReadAgain() throws {
    try inFolder { folder in
      let run = try RunFolder(in: folder, name: "a b/c", started: 1_700_000_000, writesEvents: true)
      #expect(run.path == "\(folder)/2023-11-14-221320-a_b_c")
      let other = try RunFolder(in: folder, name: "a b/c", started: 1_700_000_000, writesEvents: false)
      #expect(other.path == run.path + "-2")
      run.write(["neuedge run": 1, "started_seconds": 1_700_000_000, "finished": "now"])
      run.write(script: "print(1)\n")
      run.add(figure: "<svg/>")
      run.log([("loss", nil, 0.5), ("ä/\"b\"", 7, .nan)])
      run.log([("loss", nil, 0.25)])
      // A line that was being written when the run was killed.
      try appendText("{\"name\":\"loss\",\"st", to: "\(run.path)/metrics.jsonl")
      let found = try RecordedRun.all(in: folder)
      let read = try #require(found.first)
      #expect(found.count == 1 && read.name == "2023-11-14-221320-a_b_c" && read.figures == ["figure-1.svg"] && !read.isRunning)
      #expect(read.metrics.map(\.name) == ["loss", "ä/\"b\"", "loss"] && read.metrics.map(\.step) == [0, 7, 1])
      #expect(read.metrics[0].value == 0.5 && read.metrics[1].value.isNaN && read.metrics[2].value == 0.25)
      let events = try listFolder(run.path).filter { $0.hasPrefix("events.out.tfevents.1700000000.") }
      #expect(events.count == 1)
    }
  }

  @Test func aFolderThatIsGoneIsToldOnce() throws {
    try inFolder { folder in
      let run = try RunFolder(in: folder, name: "a", started: 0, writesEvents: false)
      var told: [String] = []
      run.warn = { told.append($0) }
      try removeFile(run.path)
      run.log([("loss", nil, 1)])
      run.log([("loss", nil, 1)])
      #expect(told.count == 1 && told.first?.contains("not recorded whole") == true)
    }
  }

  @Test func theProcessOfARunIsKnown() throws {
    func run(_ process: Int, finished: JSON) -> RecordedRun {
      RecordedRun(name: "", path: "", facts: ["process": .integer(process), "finished": finished], metrics: [], figures: [])
    }
    #expect(run(Int(getpid()), finished: .null).isRunning)
    #expect(!run(Int(getpid()), finished: "now").isRunning)
    #expect(!run(Int(Int32.max), finished: .null).isRunning && !run(-1, finished: .null).isRunning && !run(0, finished: .null).isRunning)
  }

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = "/tmp/neuedge-runs-\(UInt64.random(in: 0 ... .max))"
    try makeFolder(folder)
    defer { clear(folder) }
    try body(folder)
  }

  private func clear(_ folder: String) {
    for name in (try? listFolder(folder)) ?? [] {
      let path = "\(folder)/\(name)"
      if (try? isFolder(path)) == true { clear(path) } else { try? removeFile(path) }
    }
    try? removeFile(folder)
  }
}
