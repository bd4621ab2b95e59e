import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct ArchiveTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  static let arrays: [(name: String, array: NumericArray)] = [
    ("t", NumericArray(shape: [3], values: .int64([0, 1, 1_700_000_000_000_001]))), ("frames", NumericArray(shape: [2, 2], values: .float32([0.5, -1, 2, 3]))),
    ("mask", NumericArray(shape: [2], values: .bool([true, false]))),
  ]

  private func written(compressed: Bool) throws -> [UInt8] {
    let path = "\(folder.path)/a.npz"
    try writeNPZ(Self.arrays, compressed: compressed, to: path)
    return try readBytes(path)
  }

  @Test(arguments: [false, true]) func arraysComeBack(_ compressed: Bool) throws {
    let read = try decodeNPZ(try written(compressed: compressed), name: "it")
    #expect(read.map(\.name) == ["t", "frames", "mask"])
    for (one, other) in zip(read, Self.arrays) { #expect(one.array == other.array) }
  }

  @Test(arguments: [false, true]) func everyTruncationIsAFault(_ compressed: Bool) throws {
    let whole = try written(compressed: compressed)
    for length in 0..<whole.count { #expect(fault { _ = try decodeNPZ(Array(whole.prefix(length)), name: "it") }?.kind == .file) }
  }

  @Test(arguments: [false, true]) func everyFlipIsAFaultOrTheSameArrays(_ compressed: Bool) throws {
    let whole = try written(compressed: compressed)
    for index in whole.indices {
      for flip in [0x01, 0x80, 0xff] as [UInt8] {
        var damaged = whole
        damaged[index] ^= flip
        do {
          let read = try decodeNPZ(damaged, name: "it")
          // What tells of times, versions and rights may change unnoticed, and a letter of a name; numbers never.
          for (one, other) in zip(read, Self.arrays) { #expect(one.array == other.array) }
        } catch { #expect(error.kind == .file) }
      }
    }
  }

  @Test func liesAreFound() throws {
    let whole = try written(compressed: false)
    let end = whole.count - 22
    func label(_ change: (inout [UInt8]) -> Void) -> String? {
      var file = whole
      change(&file)
      return fault { _ = try decodeNPZ(file, name: "it") }?.label
    }
    #expect(label { $0[end + 10] = 200 }?.contains("200 entries") == true)
    #expect(label { $0[end + 16] = 0xff; $0[end + 17] = 0xff; $0[end + 18] = 0xff; $0[end + 19] = 0xff }?.contains("none stand before") == true)
    // The last number of the first array.
    let place = 30 + 5 + 128 + 16
    #expect(label { $0[place] ^= 1 }?.contains("its sum is") == true)
    #expect(fault { _ = try decodeNPZ(Array("no archive at all, but some text".utf8), name: "it") }?.title == "it is not a zip archive")
    // A small file that promises a large one.
    var bomb = try encodeZip([("a.npy", [UInt8](repeating: 0, count: 100))], compressed: true)
    let directory = try #require((0..<bomb.count - 4).first { Array(bomb[$0..<$0 + 4]) == [0x50, 0x4b, 1, 2] })
    bomb.replaceSubrange(directory + 24..<directory + 28, with: [0, 0, 0, 0x7f])
    #expect(fault { _ = try decodeNPZ(bomb, name: "it") }?.label?.contains("packed ones cannot be") == true)
  }

  @Test(.enabled(if: access("../shared/data/formats", F_OK) == 0)) func numpysFilesAreRead() throws {
    let stored = try readNPZ("../shared/data/formats/n.npz")
    #expect(stored.map(\.name) == ["t", "x"])
    #expect(stored[0].array == NumericArray(shape: [3], values: .int64([0, 1, 2])) && stored[1].array == NumericArray(shape: [3], values: .int32([1, 2, 3])))
    let packed = try readNPZ("../shared/data/formats/nc.npz")
    #expect(packed.count == 1 && packed[0].array == stored[0].array)
  }
}
