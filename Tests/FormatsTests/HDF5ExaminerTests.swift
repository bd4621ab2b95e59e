// Damaged HDF5 files through the real program, which another process of it looks at first.

import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct HDF5ExaminerTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  /// The program, built beside the tests.
  static let program: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    let beside = splitPath(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)).folder + "/snn"
    return access(beside, X_OK) == 0 ? beside : ".build/debug/snn"
  }()
  static let isThere = access(program, X_OK) == 0

  /// A file with the layout of NIR, whose tables of names, heaps and chunks are all there to be damaged.
  private func bytes() throws -> [UInt8] {
    let writer = try HDF5Writer()
    for (name, array) in HDF5Tests.arrays { try writer.write(array, to: name) }
    try writer.write(HDF5Array(.int32((0..<1000).map { Int32($0) }), shape: [1000]), to: "/packed", packing: 4)
    try writer.write(HDF5Array("NIRGraph"), to: "/node/type")
    try writer.write(HDF5Array(shape: [1, 2], values: .texts(["a", "b"])), to: "/node/edges")
    for (node, kind) in [("a", "Input"), ("b", "Output")] {
      try writer.write(HDF5Array(kind), to: "/node/nodes/\(node)/type")
      try writer.write(HDF5Array(.int64([2]), shape: [1]), to: "/node/nodes/\(node)/shape")
    }
    try writer.setAttribute("gains", HDF5Array(.float64([0.5, 2]), shape: [2]), of: "/deep")
    return try writer.bytes()
  }

  @Test(.enabled(if: HDF5ExaminerTests.isThere)) func aSoundFileIsLetThroughAndRemembered() throws {
    let path = try folder.file("sound.h5", try bytes())
    try HDF5Examiner(command: Self.program).examine(path)
    // Known by now: no program is asked.
    try HDF5Examiner(command: "/bin/false").examine(path)
    try HDF5Examiner(command: "\(folder.path)/none").examine(try folder.file("other.h5", try bytes()))
  }

  @Test func whatBreaksTheProgramIsRefused() throws {
    let path = try folder.file("breaks.h5", try bytes())
    let script = try folder.file("crash", Array("#!/bin/sh\nkill -SEGV $$\n".utf8))
    chmod(script, 0o700)
    let found = fault { try HDF5Examiner(command: script).examine(path) }
    #expect(found?.title == "`\(path)` is damaged")
    #expect(found?.label == "reading it breaks the HDF5 library: it crashes")
  }

  @Test func theProgramIsEndedWhenTheUserAsks() throws {
    let path = try folder.file("slow.h5", try bytes())
    let script = try folder.file("slow", Array("#!/bin/sh\nexec sleep 10\n".utf8))
    chmod(script, 0o700)
    let start = ContinuousClock.now
    let found = Interrupt.inOwnRun {
      Interrupt.request()
      return fault { try HDF5Examiner(command: script).examine(path) }
    }
    #expect(found?.kind == .interrupt)
    #expect(ContinuousClock.now - start < .seconds(8))
  }

  @Test(.enabled(if: HDF5ExaminerTests.isThere)) func damagedFilesNeverBreakTheProgram() throws {
    let whole = try bytes()
    var random = SeededPlaces(state: 7)
    var count = 0
    for seed in 0..<50 {
      var bytes = whole
      bytes[random.next(bytes.count)] = UInt8(random.next(256))
      if seed % 10 == 9 { bytes = Array(bytes.prefix(random.next(bytes.count))) }
      _ = try folder.file("damaged\(seed).nir", bytes)
      count += 1
    }
    let code = """
      var done = 0
      for name in list_files("\(folder.path)", "damaged*") {
        try { load("\(folder.path)/" + name, source="exact") } catch e { len(e.message) }
        done += 1
      }
      print(done)
      """
    let result = try FileRules.$current.withValue(.programs) { try runProcess(Self.program, ["-e", code], input: []) }
    #expect(result.status == 0, "\(String(decoding: result.errors, as: UTF8.self))")
    #expect(String(decoding: result.output, as: UTF8.self) == "\(count)\n")
  }
}

/// Places that are the same in each run.
private struct SeededPlaces {
  var state: UInt64

  mutating func next(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(1, count)
  }
}
