import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct HDF5Tests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  /// What the writer makes of every kind of item.
  static let arrays: [(String, HDF5Array)] = [
    ("/scalar", HDF5Array(.float32([1.5]), shape: [])),
    ("/flag", HDF5Array(.bool([true]), shape: [])),
    ("/text", HDF5Array("Übung")),
    ("/texts", HDF5Array(shape: [3], values: .texts(["a", "", "süß"]))),
    ("/deep/er/int64", HDF5Array(.int64([.min, 0, .max]), shape: [3])),
    ("/deep/uint64", HDF5Array(.uint64([0, .max]), shape: [2])),
    ("/deep/bools", HDF5Array(.bool([true, false, true, true]), shape: [2, 2])),
    ("/deep/uint8", HDF5Array(.uint8([0, 255]), shape: [2])),
    ("/deep/int8", HDF5Array(.int8([-128, 127]), shape: [2])),
    ("/deep/int16", HDF5Array(.int16([-1, 2]), shape: [1, 2, 1])),
    ("/deep/int32", HDF5Array(.int32([-1, 2]), shape: [2])),
    ("/deep/double", HDF5Array(.float64([0.1, -.infinity]), shape: [2])),
    ("/empty", HDF5Array(.float32([]), shape: [0, 3])),
    ("/lists", HDF5Array(shape: [3], values: .lists([.numbers(.float32([1, 2])), .numbers(.float32([])), .numbers(.float32([3]))]))),
  ]

  @Test func everythingWrittenIsReadBack() throws {
    let path = "\(folder.path)/all.h5"
    let writer = try HDF5Writer()
    for (name, array) in Self.arrays { try writer.write(array, to: name) }
    try writer.setAttribute("version", HDF5Array("1.0"))
    try writer.setAttribute("gains", HDF5Array(.float64([0.5, 2]), shape: [2]), of: "/deep")
    try writer.makeGroup("/deep/er")
    try writer.makeGroup("/none")
    try writer.save(to: path)

    let file = try HDF5File(path)
    for (name, array) in Self.arrays { #expect(try file.read(name) == array, "\(name)") }
    #expect(try file.names() == ["deep", "empty", "flag", "lists", "none", "scalar", "text", "texts"])
    #expect(try file.names(in: "/none") == [])
    #expect(try file.attribute("version")?.text == "1.0")
    #expect(try file.attribute("gains", of: "/deep")?.numbers?.doubles == [0.5, 2])
    #expect(try file.attribute("other") == nil)
    #expect(try file.attributeNames(of: "/deep") == ["gains"])
    #expect(try file.kind("/deep") == .group)
    #expect(try file.kind("/scalar") == .dataset)
    #expect(try file.kind("/nowhere") == nil)
  }

  @Test func rowsAreReadWithoutTheRest() throws {
    let path = "\(folder.path)/rows.h5"
    let writer = try HDF5Writer()
    let numbers = (0..<300_000).map { Int32($0) }
    try writer.write(HDF5Array(.int32(numbers), shape: [100_000, 3]), to: "packed", packing: 4)
    try writer.save(to: path)
    let set = try HDF5File(path).dataset("packed")
    #expect(set.rows == 100_000)
    #expect(set.chunk == [21_845, 3])
    #expect(try set.read().values == .numbers(.int32(numbers)))
    #expect(try set.read(rows: 21_844..<21_847) == HDF5Array(.int32((65_532..<65_541).map { Int32($0) }), shape: [3, 3]))
    #expect(try set.read(rows: 99_999..<200_000).shape == [1, 3])
    #expect(try set.read(rows: 5..<5) == HDF5Array(.int32([]), shape: [0, 3]))
  }

  @Test func aGzippedFileIsTheSame() throws {
    let writer = try HDF5Writer()
    try writer.write(HDF5Array(.int64([7]), shape: [1]), to: "x")
    let path = try gzipped(try writer.bytes(), folder, name: "x.h5.gz")
    #expect(try HDF5File(path).read("x") == HDF5Array(.int64([7]), shape: [1]))
  }

  @Test func whatCannotBeWrittenIsAFault() throws {
    let writer = try HDF5Writer()
    let one = HDF5Array(.int64([7]), shape: [])
    #expect(fault { try writer.write(HDF5Array(.int64([7]), shape: [2]), to: "x") }?.kind == .shape)
    #expect(fault { try writer.write(HDF5Array("a\0b"), to: "x") }?.title == "cannot make an HDF5 file")
    #expect(fault { try writer.write(one, to: "") }?.kind == .value)
    try writer.write(one, to: "a")
    #expect(fault { try writer.write(one, to: "a") }?.label?.contains("`a`") == true)
    #expect(fault { try writer.makeGroup("a") }?.label == "`a` is to be a group, and is a data set already")
  }

  @Test func whatIsMissingIsNamed() throws {
    let path = "\(folder.path)/m.h5"
    let writer = try HDF5Writer()
    try writer.write(HDF5Array(.int64([7]), shape: [1]), to: "spikes/times")
    try writer.save(to: path)
    let file = try HDF5File(path)
    let missing = fault { _ = try file.read("/spikes/time") }
    #expect(missing?.title == "`\(path)` has no `/spikes/time`")
    #expect(missing?.label == "`/spikes` holds `times`")
    #expect(missing?.help == "did you mean `times`?")
    #expect(fault { _ = try file.read("/spikes") }?.title == "`/spikes` in `\(path)` is no data set")
    #expect(fault { _ = try file.names(in: "/spikes/times") }?.label == "it holds no names")
    #expect(fault { _ = try HDF5File("\(folder.path)/none.h5") }?.label == "there is no such file or folder")
    #expect(fault { _ = try HDF5File(folder.path) }?.label == "it is a folder")
  }

  @Test func otherBytesAreNotHDF5() throws {
    let empty = try folder.file("e.h5", [])
    #expect(fault { _ = try HDF5File(empty) }?.label == "it is empty")
    let text = try folder.file("t.h5", Array("not HDF5 at all".utf8))
    #expect(fault { _ = try HDF5File(text) }?.label == "it begins with 6e 6f 74 20 48 44 46 35")
    let packed = try gzipped(Array("not HDF5 at all".utf8), folder)
    #expect(fault { _ = try HDF5File(packed) }?.title == "`\(packed)` is not an HDF5 file")
  }

  @Test func everyTruncationIsAFault() throws {
    let writer = try HDF5Writer()
    for (name, array) in Self.arrays { try writer.write(array, to: name) }
    let bytes = try writer.bytes()
    for length in stride(from: 0, to: bytes.count, by: 97) {
      let path = try folder.file("cut.h5", Array(bytes.prefix(length)))
      #expect(fault { _ = try HDF5File(path) }?.kind == .file, "\(length) bytes")
    }
  }

  /// A size that a file promises and memory cannot hold is refused before any is taken.
  @Test func aLyingSizeIsAFault() throws {
    let writer = try HDF5Writer()
    try writer.write(HDF5Array(.int64([1, 2, 3]), shape: [3]), to: "x")
    var bytes = try writer.bytes()
    // The sizes of a space lie in its message, in 64 bits.
    let place = try #require((0..<(bytes.count - 8)).first { bytes[$0..<($0 + 8)].elementsEqual([3, 0, 0, 0, 0, 0, 0, 0]) })
    bytes[place + 5] = 0x10
    let path = try folder.file("lie.h5", bytes)
    let found = fault { _ = try HDF5File(path).read("x") }
    #expect(found?.kind == .file)
    #expect(found?.title.contains("`x` in `\(path)`") == true)
  }

  // MARK: Files of others

  static let fixtures = "../shared/data/formats"

  @Test(.enabled(if: access(HDF5Tests.fixtures, R_OK) == 0)) func readsSpokenDigits() throws {
    let file = try HDF5File("\(Self.fixtures)/shd_train.h5")
    #expect(try file.read("/spikes/units").values == .lists([.numbers(.int32([0, 699, 10])), .numbers(.int32([5]))]))
    guard case .lists(let times) = try file.read("/spikes/times").values else { return #expect(Bool(false)) }
    // 0.001 in 16 bits is 0.0010004.
    #expect(times == [.numbers(.float32([0x1.064p-10, 0.5, 1])), .numbers(.float32([0.25]))])
    #expect(try file.read("/labels").numbers?.integers == [3, 19])
    #expect(try file.read("/extra/keys").texts == ["zero", "neun"])
    #expect(try file.read("/extra/meta_info/gender").texts == ["m", "f"])
  }

  @Test(.enabled(if: access(HDF5Tests.fixtures, R_OK) == 0)) func readsRecordsAndTheirRawChunks() throws {
    let file = try HDF5File("\(Self.fixtures)/ecf1.hdf5")
    #expect(try file.attribute("geometry")?.text == "640x480")
    let set = try file.dataset("/CD/events")
    #expect(try set.filters() == [36559])
    #expect(set.chunk == [16_384])
    let raw = try set.rawChunk(at: 0)
    #expect(raw.isPlain == false)
    #expect(Array(raw.bytes.prefix(4)) == [6, 0, 0, 0])
    let found = fault { _ = try set.read() }
    #expect(found?.label == "its chunks are packed by a filter that is not installed: one of the number 36559")
    #expect(fault { _ = try set.rawChunk(at: 1 << 40) }?.kind == .file)
  }

  @Test(.enabled(if: access(HDF5Tests.fixtures, R_OK) == 0)) func readsBloscWhereItIsInstalled() throws {
    let file = try HDF5File("\(Self.fixtures)/big.h5")
    do throws(Fault) {
      #expect(try file.dataset("/events/t").read(rows: 9_999..<10_001).numbers?.integers == [9_999, 10_000])
    } catch {
      #expect(error.label == "its chunks are packed by a filter that is not installed: Blosc")
      #expect(error.help == "sudo apt-get install hdf5-filter-plugin-blosc-serial")
    }
  }
}
