import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct CheckpointTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  static let sample = Checkpoint(
    about: [
      "kind": "network", "layers": [["name": "dense", "units": 3], ["name": "lif", "beta": 0.9]], "note": "é\n\"x\"",
    ],
    tensors: [
      NamedTensor(name: "0.weight", shape: [2, 3], values: [1, -0.0, .infinity, .leastNonzeroMagnitude, 5, 0.1]),
      NamedTensor(name: "0.bias", shape: [3], values: [7, 8, 9]),
      NamedTensor(name: "empty", shape: [0, 4], values: []),
      NamedTensor(name: "scalar", shape: [], values: [3]),
    ])

  @Test func comesBackBitForBit() throws {
    let path = "\(folder.path)/a.snnet"
    try Self.sample.save(to: path)
    let back = try Checkpoint.load(path)
    #expect(back == Self.sample)
    #expect(back["0.weight"]?.values.map(\.bitPattern) == Self.sample.tensors[0].values.map(\.bitPattern))
    #expect(back["none"] == nil)
    #expect(folder.names == ["a.snnet"])
  }

  @Test func everyTruncationIsAFault() throws {
    let bytes = try Self.sample.encoded()
    for length in 0..<bytes.count {
      let error = fault { _ = try Checkpoint.decode(Array(bytes.prefix(length)), name: "x") }
      #expect(error?.kind == .file)
      if length > 0 { #expect(error?.title == "x is truncated") }
      if length >= 32 { #expect(error?.label == "it ends after \(length) of \(bytes.count) bytes") }
    }
    #expect(fault { _ = try Checkpoint.decode(bytes + [0], name: "x") }?.kind == .file)
  }

  @Test func everyFlippedBitIsAFault() throws {
    let bytes = try Self.sample.encoded()
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        let error = fault { _ = try Checkpoint.decode(damaged, name: "x") }
        #expect(error?.title == (index < 8 ? "x is not a NeuEdge network" : "x is damaged"))
      }
    }
  }

  /// The bytes of a file with another version or header, its checksums made right again.
  private func forged(
    version: UInt32 = 1, header: String, data: [UInt8] = [], promisedHeader: UInt32? = nil
  ) -> [UInt8] {
    let text = Array(header.utf8)
    let start = (32 + text.count + 63) / 64 * 64
    var bytes = Checkpoint.magic
    appendLittleEndian(version, to: &bytes)
    appendLittleEndian(promisedHeader ?? UInt32(text.count), to: &bytes)
    appendLittleEndian(UInt64(start + data.count + 4), to: &bytes)
    appendLittleEndian(UInt32(0), to: &bytes)
    appendLittleEndian(checksum(bytes[...]), to: &bytes)
    bytes += text + [UInt8](repeating: 0, count: start - bytes.count - text.count) + data
    appendLittleEndian(checksum(bytes[...]), to: &bytes)
    return bytes
  }

  @Test func aNewerVersionSaysSo() {
    let error = fault { _ = try Checkpoint.decode(forged(version: 2, header: "{}"), name: "x") }
    #expect(error?.title == "x was written by a newer version")
  }

  @Test func nonsenseWithRightChecksumsIsAFault() {
    let headers = [
      "", "{}", "[]", "{\"about\":1}", "{\"about\":{},\"tensors\":1}", "{\"about\":{},\"tensors\":[1]}",
      "{\"about\":{},\"tensors\":[{\"name\":\"a\",\"shape\":[1]}]}",
      "{\"about\":{},\"tensors\":[{\"name\":\"a\",\"shape\":[-1]}]}",
      "{\"about\":{},\"tensors\":[{\"name\":\"a\",\"shape\":[9223372036854775807,2]}]}",
      "{\"about\":{},\"tensors\":[{\"name\":\"a\",\"shape\":[2305843009213693952]}]}",
      "{\"about\":{},\"tensors\":[{\"name\":\"a\",\"shape\":[0]},{\"name\":\"a\",\"shape\":[0]}]}",
      String(repeating: "[", count: 100_000), "{\"about\":{},\"tensors\":[]} x",
    ]
    for header in headers {
      #expect(fault { _ = try Checkpoint.decode(forged(header: header), name: "x") }?.kind == .file)
    }
    let good = "{\"about\":{},\"tensors\":[]}"
    #expect(fault { _ = try Checkpoint.decode(forged(header: good, data: [1]), name: "x") }?.kind == .file)
    for size in [0, 5, 60, 4000, UInt32.max] {
      #expect(fault { _ = try Checkpoint.decode(forged(header: good, promisedHeader: size), name: "x") }?.kind == .file)
    }
  }

  @Test func wrongTensorsAreNotSaved() {
    let short = Checkpoint(about: [:], tensors: [NamedTensor(name: "w", shape: [2, 2], values: [1])])
    #expect(fault { _ = try short.encoded() }?.kind == .shape)
    let twin = NamedTensor(name: "w", shape: [1], values: [1])
    #expect(fault { _ = try Checkpoint(about: [:], tensors: [twin, twin]).encoded() }?.kind == .value)
  }

  @Test func otherFilesAreNamed() throws {
    let other = try folder.file("other.snnet", Array("PK\u{3}\u{4} something else".utf8))
    #expect(fault { _ = try Checkpoint.load(other) }?.title == "`\(other)` is not a NeuEdge network")
    let empty = try folder.file("empty.snnet", [])
    #expect(fault { _ = try Checkpoint.load(empty) }?.title == "`\(empty)` is empty")
    let near = fault { _ = try Checkpoint.load("\(folder.path)/othr.snnet") }
    #expect(near?.help == "did you mean `other.snnet`?")
  }

  @Test func savingReplacesWholeFilesOnly() throws {
    let path = "\(folder.path)/a.snnet"
    try Self.sample.save(to: path)
    chmod(path, 0o640)
    try Self.sample.save(to: path)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    #expect(folder.names == ["a.snnet"])

    symlink(path, "\(folder.path)/link")
    try writeText("through the link", to: "\(folder.path)/link")
    #expect(try readText(path) == "through the link")

    let missing = fault { try Self.sample.save(to: "\(folder.path)/none/a.snnet") }
    #expect(missing?.help?.contains("does not exist") == true)
    #expect(fault { try Self.sample.save(to: folder.path) }?.label == "it is a folder")
    #expect(fault { try Self.sample.save(to: "") }?.kind == .file)
    #expect(fault { try Self.sample.save(to: "/dev/full") }?.label == "no space is left on the disk")
  }

  @Test func jsonComesBack() throws {
    let value: JSON = [
      "a": [1, -2, 0.5, true, .null, "\u{1}\t\\/😀"], "b": .object([]), "c": .list([]), "d": .integer(.min),
      "e": .number(1e300), "f": .number(-.infinity),
    ]
    #expect(try JSON.parse(value.text) == value)
    #expect(try JSON.parse(" { \"x\" : [ 1 , 2e1 ] } ")["x"]?.listValue == [1, 20.0])
    #expect(try JSON.parse("\"\\ud83d\\ude00\\u00e9\"") == "😀é")
    let wrong = [
      "", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":1,\"a\":2}", "01x", "+1", "--1", "1e", "nul", "\"a", "\"\\q\"",
      "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\udc00\"", "\"\\u12\"", "\"\\u+123\"", "1 2", "\"\u{1}\"", "1e999", ".5",
    ]
    for text in wrong { #expect(fault { _ = try JSON.parse(text) }?.kind == .file, "\(text)") }
  }
}
