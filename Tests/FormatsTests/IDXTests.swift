import Faults
import Glibc
import Testing

@testable import Formats

@Suite struct IDXTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  static let small: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]

  @Test func readsPlainAndGzipped() throws {
    let expected = NumericArray(shape: [2, 3], values: .uint8([1, 2, 3, 4, 5, 6]))
    #expect(try readIDX(try folder.file("a", Self.small)) == expected)
    #expect(try readIDX(try gzipped(Self.small, folder)) == expected)
    #expect(try encodeIDX([1, 2, 3, 4, 5, 6], shape: [2, 3]) == Self.small)
  }

  @Test func readsEveryType() throws {
    func read(_ code: UInt8, _ data: [UInt8]) throws -> NumericValues {
      try readIDX(try folder.file("t\(code)", [0, 0, code, 1, 0, 0, 0, 1] + data)).values
    }
    #expect(try read(0x08, [200]) == .uint8([200]))
    #expect(try read(0x09, [0xff]) == .int8([-1]))
    #expect(try read(0x0b, [0x01, 0x02]) == .int16([258]))
    #expect(try read(0x0c, [0xff, 0xff, 0xff, 0xfe]) == .int32([-2]))
    #expect(try read(0x0d, [0x3f, 0xc0, 0, 0]) == .float32([1.5]))
    #expect(try read(0x0e, [0xbf, 0xf8, 0, 0, 0, 0, 0, 0]) == .float64([-1.5]))
  }

  @Test func everyTruncationIsAFault() throws {
    for length in 0..<Self.small.count {
      let path = try folder.file("cut", Array(Self.small.prefix(length)))
      let error = fault { _ = try readIDX(path) }
      #expect(error?.kind == .file)
      #expect(error?.title.contains(path) == true)
      let packed = try gzipped(Array(Self.small.prefix(length)), folder, name: "cut.gz")
      #expect(fault { _ = try readIDX(packed) }?.kind == .file)
    }
  }

  @Test func everyTruncationAndFlipOfGzipIsAFaultOrTheSameData() throws {
    let whole = try readBytes(try gzipped(Self.small, folder))
    let expected = try readIDX(try folder.file("plain", Self.small))
    for length in 0..<whole.count {
      let path = try folder.file("short.gz", Array(whole.prefix(length)))
      #expect(fault { _ = try readIDX(path) }?.kind == .file)
    }
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 0x5a
      let path = try folder.file("flip.gz", damaged)
      do {
        let array = try readIDX(path)
        // Only the parts of a gzip header that carry no data may change unnoticed: flags, time, system.
        #expect(array == expected && (3..<10).contains(index))
      } catch { #expect(error.kind == .file) }
    }
  }

  @Test func saysWhatIsWrong() throws {
    let trailing = fault { _ = try readIDX(try folder.file("trailing", Self.small + [0])) }
    #expect(trailing?.title.hasSuffix("does not end where it should") == true)
    let magic = fault { _ = try readIDX(try folder.file("magic", Array("P5 28 28 ".utf8))) }
    #expect(magic?.label == "it begins with 50 35 20 32")
    let type = fault { _ = try readIDX(try folder.file("type", [0, 0, 7, 1, 0, 0, 0, 0])) }
    #expect(type?.label == "its type code is 0x07")
    let short = fault { _ = try readIDX(try gzipped(Array(Self.small.dropLast()), folder)) }
    #expect(short?.label == "its header promises 2 x 3 numbers (6 bytes), 5 bytes are there")
    #expect(fault { _ = try readIDX("\(folder.path)/none") }?.label == "there is no such file or folder")
    #expect(fault { _ = try readIDX(folder.path) }?.label == "it is a folder")
    #expect(fault { _ = try readIDX("") }?.kind == .file)
    #expect(fault { _ = try readIDX("a\0b") }?.label == "a path cannot hold a NUL character")
  }

  @Test func hugePromisesTakeNoMemory() throws {
    let most: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    for dimensions in [1, 2, 3, 9, 255] {
      let header: [UInt8] = [0, 0, 8, UInt8(dimensions)] + (0..<dimensions).flatMap { _ in most }
      let plain = fault { _ = try readIDX(try folder.file("huge", header)) }
      #expect(plain?.kind == .file)
      #expect(fault { _ = try readIDX(try gzipped(header, folder)) }?.kind == .file)
    }
    // Below the limit, but more than the gzip file can hold: refused before anything is unpacked.
    let claim = try gzipped([0, 0, 8, 1, 0x7f, 0xff, 0xff, 0xff, 1], folder)
    #expect(fault { _ = try readIDX(claim) }?.title.hasSuffix("is truncated") == true)
    let limited = fault { _ = try readIDX(try folder.file("limit", Self.small), limit: 5) }
    #expect(limited?.title.hasSuffix("is too large") == true)
  }

  @Test func emptySizesAreFine() throws {
    let none = try readIDX(try folder.file("none", [0, 0, 8, 1, 0, 0, 0, 0]))
    #expect(none == NumericArray(shape: [0], values: .uint8([])))
    let scalar = try readIDX(try folder.file("scalar", [0, 0, 8, 0, 9]))
    #expect(scalar == NumericArray(shape: [], values: .uint8([9])))
  }

  @Test func pairsImagesWithLabels() throws {
    let images = try folder.file("images", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0])
    let labels = try folder.file("labels", [0, 0, 8, 1, 0, 0, 0, 2, 1, 0])
    let set = try readIDXImages(images: images, labels: labels)
    #expect(set.sampleShape == [1, 2])
    #expect(set.labels == [1, 0])
    #expect(set.floats == [0, 1, 0.2, 0])
    #expect(set.sample(1) == [0.2, 0])
    #expect(set.sample(2) == nil)
    #expect(set.classNames == ["0", "1"])

    let fewer = try folder.file("fewer", [0, 0, 8, 1, 0, 0, 0, 1, 1])
    #expect(fault { _ = try readIDXImages(images: images, labels: fewer) }?.label?.contains("has 1 labels") == true)
    let outside = fault { _ = try readIDXImages(images: images, labels: labels, classNames: ["only"]) }
    #expect(outside?.label == "1, but there is 1 class")
    #expect(fault { _ = try readIDXImages(images: labels, labels: images) }?.kind == .file)
    let negative = try folder.file("negative", [0, 0, 9, 1, 0, 0, 0, 2, 0xff, 0])
    #expect(fault { _ = try readIDXImages(images: images, labels: negative) }?.title.contains("negative") == true)
  }

  @Test func embeddedDigitsAreTheKnownOnes() {
    let digits = embeddedDigits()
    #expect(digits.count == 1797)
    #expect(digits.pixels.count == 1797 * 64)
    #expect(digits.labels.prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(digits.pixels.max() == 16)
    #expect(Array(digits.pixels.prefix(8)) == [0, 0, 5, 13, 9, 1, 0, 0])
    let perClass = (0..<10).map { label in digits.labels.count { $0 == label } }
    #expect(perClass == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    #expect(digits.sample(0)?[3] == 13.0 / 16)
  }

  @Test func missingFashionMNISTSaysWhatToInstall() {
    let error = fault { _ = try readFashionMNIST(folder: "\(folder.path)/none") }
    #expect(error?.title == "cannot find Fashion-MNIST")
    #expect(error?.help?.contains("apt install dataset-fashion-mnist") == true)
  }

  @Test(.enabled(if: access(fashionMNISTFolder, F_OK) == 0))
  func wholeFashionMNIST() throws {
    let data = try readFashionMNIST()
    #expect(data.train.count == 60_000 && data.test.count == 10_000)
    #expect(data.train.sampleShape == [28, 28])
    #expect((0..<10).allSatisfy { label in data.test.labels.count { $0 == label } == 1000 })
  }
}
