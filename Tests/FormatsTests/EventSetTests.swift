import Faults
import Glibc
import Testing

@testable import Formats

/// Small trees in the exact form of the published sets.
@Suite struct EventSetTests {
  let folder: TestTree
  init() throws { folder = try TestTree() }

  private static let recording: [UInt8] = [0, 33, 0x80, 0, 0, 33, 0, 1, 0x11, 0x70, 12, 5, 0x84, 0x93, 0xe0]

  @Test func nmnistHasItsSplit() throws {
    for part in ["Train", "Test"] {
      for digit in 0..<10 { try folder.file("\(part)/\(digit)/0000\(digit).bin", Self.recording) }
    }
    try folder.file("Train/3/00099.bin", Self.recording)
    let sets = try nmnistSets(folder.path)
    #expect(sets.map(\.name) == ["train", "test"])
    #expect(sets.map(\.set.samples.count) == [11, 10])
    #expect(sets[0].set.samples.map(\.label) == [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9])
    let events = try sets[0].set.events(4)
    #expect((events.width, events.height, events.count) == (34, 34, 3))
    #expect(events.times == [0, 70_000, 300_000])
    #expect(fault { _ = try sets[1].set.events(10) }?.kind == .value)
    #expect(fault { _ = try nmnistSets("\(folder.path)/Train") }?.label == "there is no folder `\(folder.path)/Train/Train`")
  }

  @Test func ncaltech101IsListed() throws {
    try folder.file("Faces/image_0001.bin", Self.recording)
    try folder.file("BACKGROUND_Google/image_0001.bin", Self.recording)
    try folder.file("BACKGROUND_Google/notes.txt", [])
    try folder.file("empty/notes.txt", [])
    let set = try ncaltech101Set(folder.path)
    #expect(set.classNames == ["BACKGROUND_Google", "Faces"])
    #expect(set.samples.map(\.label) == [0, 1])
    #expect(try set.events(1).width == 240)
    let found = fault { _ = try ncaltech101Set("\(folder.path)/empty") }
    #expect(found?.label == "no folder in `\(folder.path)/empty` holds a .bin file")
  }

  private static let gestures =
    Array("#!AER-DAT3.1\r\n#Source 0: DVS128\r\n#!END-HEADER\r\n".utf8)
    + [1, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0]
    + [0x1f, 0, 10, 0, 100, 0, 0, 0, 0x1f, 0, 10, 0, 199, 0, 0, 0, 0x1f, 0, 10, 0, 200, 0, 0, 0]

  @Test func dvsGestureIsCutByItsTables() throws {
    for user in ["user01_lab", "user24_led"] {
      try folder.file("\(user).aedat", Self.gestures)
      // The rows overlap, as some of the set's do.
      try folder.file("\(user)_labels.csv", Array("class,startTime_usec,endTime_usec\n1,100,200\n11,150,300\n".utf8))
    }
    try folder.file("trials_to_train.txt", Array("user01_lab.aedat\n".utf8))
    #expect(fault { _ = try dvsGestureSets(folder.path) }?.label == "there is no file `\(folder.path)/trials_to_test.txt`")
    try folder.file("trials_to_test.txt", Array("user24_led.aedat\r\n\r\n".utf8))
    let sets = try dvsGestureSets(folder.path)
    #expect(sets.map(\.set.samples.count) == [2, 2])
    #expect(sets[1].set.samples.map(\.person) == [24, 24])
    #expect(sets[0].set.samples.map(\.label) == [0, 10])
    #expect(try sets[0].set.events(0).times == [100, 199])
    #expect(try sets[0].set.events(1).times == [199, 200])
    try folder.file("user24_led_labels.csv", Array("class,startTime_usec,endTime_usec\n12,100,200\n".utf8))
    let found = fault { _ = try dvsGestureSets(folder.path) }
    #expect(found?.title == "`\(folder.path)/user24_led_labels.csv` is damaged in line 2")
    try folder.file("trials_to_test.txt", Array("user25_led.aedat\n".utf8))
    #expect(
      fault { _ = try dvsGestureSets(folder.path) }?.label
        == "trials_to_test.txt names user25_led.aedat, and there is no `\(folder.path)/user25_led.aedat`")
  }

  private func heidelberg(_ name: String, labels: [Int64], lists: Int = 2) throws {
    let writer = try HDF5Writer()
    let times = (0..<lists).map { HDF5Values.numbers(.float32([0.5, 1 + Float($0) / 1024])) }
    let units = (0..<lists).map { _ in HDF5Values.numbers(.int32([0, 699])) }
    try writer.write(HDF5Array(shape: [lists], values: .lists(times)), to: "/spikes/times")
    try writer.write(HDF5Array(shape: [lists], values: .lists(units)), to: "/spikes/units")
    try writer.write(HDF5Array(.int64(labels), shape: [labels.count]), to: "/labels")
    try writer.write(HDF5Array(shape: [2], values: .texts(["zero", "neun"])), to: "/extra/keys")
    try writer.write(HDF5Array(.int32([4, 5]), shape: [2]), to: "/extra/speaker")
    try folder.file(name, try writer.bytes())
  }

  @Test func heidelbergSetsHaveTheirParts() throws {
    try heidelberg("shd_train.h5", labels: [1, 0])
    #expect(fault { _ = try shdSets(folder.path) }?.label == "there is no file `\(folder.path)/shd_test.h5`, nor with .gz")
    try heidelberg("shd_test.h5", labels: [0, 1])
    let sets = try shdSets(folder.path)
    #expect(sets.map(\.name) == ["train", "test"])
    let train = sets[0].set
    #expect(train.classNames == ["zero", "neun"])
    #expect(train.samples.map(\.label) == [1, 0] && train.samples.map(\.person) == [4, 5])
    let events = try train.events(1)
    #expect((events.width, events.height) == (700, 1))
    #expect(events.times == [500_000, 1_000_977] && events.x == [0, 699])
    try heidelberg("shd_test.h5", labels: [0])
    #expect(fault { _ = try shdSets(folder.path) }?.label == "found 2 lists of times and 1 labels, expected as many of each, and of units")
    try heidelberg("shd_test.h5", labels: [0, .max])
    #expect(fault { _ = try shdSets(folder.path) }?.label == "found the label 9223372036854775807 of row 1, expected a class")
    #expect(fault { _ = try sscSets(folder.path) }?.title == "cannot find SSC")
  }

  static let fixtures = "../shared/data/formats"

  /// 16-bit seconds, widened before they become microseconds.
  @Test(.enabled(if: access(fixtures, R_OK) == 0)) func sixteenBitsOfSecondsAreWidened() throws {
    try folder.file("shd_train.h5", try readBytes("\(Self.fixtures)/shd_train.h5"))
    try folder.file("shd_test.h5", try readBytes("\(Self.fixtures)/shd_train.h5"))
    let train = try shdSets(folder.path)[0].set
    #expect(train.samples.map(\.label) == [3, 19])
    #expect(train.classNames.prefix(3) == ["zero", "neun", "2"])
    #expect(try train.events(0).times == [1000, 500_000, 1_000_000])
  }
}

/// A folder with folders inside, gone when the test is.
final class TestTree {
  let path: String

  init() throws {
    var template = Array("/tmp/neuedge-tree-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    path = String(cString: try #require(made))
  }

  deinit { remove(path) }

  func file(_ name: String, _ bytes: [UInt8]) throws {
    var place = path
    for part in name.split(separator: "/").dropLast() {
      place += "/\(part)"
      try makeFolder(place)
    }
    try writeBytes(bytes, to: "\(path)/\(name)")
  }

  private func remove(_ place: String) {
    for name in (try? listFolder(place)) ?? [] { remove("\(place)/\(name)") }
    try? removeFile(place)
  }
}
