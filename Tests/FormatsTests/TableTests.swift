import Faults
import Testing

@testable import Formats

@Suite struct TableTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  @Test func npyComesBack() throws {
    let path = "\(folder.path)/a.npy"
    let arrays = [
      NumericArray(shape: [2, 3], values: .float32([1, 2, 3, 4, .nan, 6].map { $0.isNaN ? 5 : $0 })),
      NumericArray(shape: [3], values: .int64([.min, 0, .max])),
      NumericArray(shape: [], values: .float64([0.1])),
      NumericArray(shape: [0, 2], values: .uint8([])),
      NumericArray(shape: [1, 1], values: .int16([-3])),
      NumericArray(shape: [3], values: .uint64([.max, 0, 1 << 63])),
      NumericArray(shape: [2], values: .bool([true, false])),
    ]
    for array in arrays {
      try writeNPY(array, to: path)
      #expect(try readNPY(path) == array)
      #expect(try readBytes(path).count % 64 == array.values.count * width(array.values) % 64)
    }
    #expect(fault { try writeNPY(NumericArray(shape: [2], values: .uint8([1])), to: path) }?.kind == .shape)
  }

  private func width(_ values: NumericValues) -> Int {
    switch values {
    case .bool, .uint8, .int8: 1
    case .int16: 2
    case .int32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  private func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    var bytes: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]
    if version == 1 {
      appendLittleEndian(UInt16(header.utf8.count), to: &bytes)
    } else {
      appendLittleEndian(UInt32(header.utf8.count), to: &bytes)
    }
    return bytes + Array(header.utf8) + data
  }

  @Test func npyOrdersAndVersions() throws {
    let fortran = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", [1, 4, 2, 5, 3, 6])
    #expect(try decodeNPY(fortran, name: "x") == NumericArray(shape: [2, 3], values: .uint8([1, 2, 3, 4, 5, 6])))
    let big = npy("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\">i2\"}", [1, 0, 0, 2], version: 2)
    #expect(try decodeNPY(big, name: "x") == NumericArray(shape: [2], values: .int16([256, 2])))
  }

  /// Bytes as NumPy 1.24 writes them.
  @Test func npyTypes() throws {
    func read(_ type: String, _ count: Int, _ data: [UInt8], fortran: Bool = false) throws -> NumericValues {
      let header = "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(count),), }\n"
      return try decodeNPY(npy(header, data), name: "x").values
    }
    #expect(
      try read("<f2", 6, [0, 62, 0, 192, 255, 123, 0, 124, 1, 0, 102, 46])
        == .float32([1.5, -2, 65504, .infinity, 0x1p-24, 0.0999755859375]))
    #expect(try read("<f2", 1, [1, 126]).floats[0].isNaN)
    #expect(
      try read(">u8", 3, [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1, 128, 0, 0, 0, 0, 0, 0, 0])
        == .uint64([.max, 1, 1 << 63]))
    #expect(try read("<u2", 2, [255, 255, 1, 0]) == .int32([65535, 1]))
    #expect(try read(">u4", 1, [255, 255, 255, 255]) == .int64([4_294_967_295]))
    #expect(try read("|b1", 3, [1, 0, 1], fortran: true) == .bool([true, false, true]))
    #expect(fault { _ = try read("<c8", 1, [UInt8](repeating: 0, count: 8)) }?.kind == .file)
  }

  @Test func wholeNumbersKeepTheirDigits() throws {
    let table = try parseCSV(
      "a,b,c,d,e\n1700000000000001,9007199254740993,18446744073709551615,0.5,-0\n2,,1,9007199254740993,1", name: "x")
    #expect(table.columns[0] == .numbers([1_700_000_000_000_001, 2]))
    #expect(table.columns[1] == .integers([9_007_199_254_740_993, nil]))
    #expect(table.columns[2] == .text(["18446744073709551615", "1"]))
    #expect(table.columns[3] == .text(["0.5", "9007199254740993"]))
    #expect(try parseCSV(table.text(), name: "x").columns[1] == table.columns[1])
    #expect(fault { _ = try parseCSV("t,v,v\n1,2,3", name: "x") }?.label == "`v` is the name of columns 2 and 3")
    #expect(try parseCSV(",b,\n1,2,3", name: "x").names == ["c0", "b", "c2"])
    let twice = CSVTable(names: ["a", "a"], columns: [.numbers([1]), .numbers([2])])
    #expect(fault { try writeCSV(twice, to: "\(folder.path)/t.csv") }?.kind == .file)
    #expect(try parseCSV(CSVTable(names: ["z"], columns: [.numbers([-0.0])]).text(), name: "x").columns == [.numbers([-0.0])])
  }

  @Test func malformedNPYIsAFault() throws {
    let whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", [0, 0, 128, 63, 0, 0, 0, 64])
    #expect(try decodeNPY(whole, name: "x").values == .float32([1, 2]))
    for length in 0..<whole.count {
      #expect(fault { _ = try decodeNPY(Array(whole.prefix(length)), name: "x") }?.kind == .file)
    }
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 0x15
      do { _ = try decodeNPY(damaged, name: "x") } catch { #expect(error.kind == .file) }
    }
    let headers = [
      "", "{}", "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "'descr': '",
    ]
    for header in headers { #expect(fault { _ = try decodeNPY(npy(header, []), name: "x") }?.kind == .file) }
  }

  @Test func csvReadsTables() throws {
    let table = try parseCSV("# made by hand\r\nt,\"v, mV\",who\r\n0,-65,\"a \"\"b\"\"\"\r\n1,,c\r\n\r\n", name: "x")
    #expect(table.names == ["t", "v, mV", "who"])
    #expect(table.columns[0] == .numbers([0, 1]))
    #expect(table.columns[2] == .text(["a \"b\"", "c"]))
    guard case .numbers(let volts) = table.columns[1] else { return #expect(Bool(false)) }
    #expect(volts[0] == -65 && volts[1].isNaN)
    #expect(try parseCSV("1;2\n3;4", name: "x").names == ["c0", "c1"])
    #expect(try parseCSV("a\tb\n 1 \t2e3", name: "x").columns == [.numbers([1]), .numbers([2000])])
  }

  @Test func csvComesBack() throws {
    let table = CSVTable(
      names: ["x", "na,me"], columns: [.numbers([1, 0.1, -1e300, .infinity]), .text(["", "a\nb", "\"", "#"])])
    let path = "\(folder.path)/t.csv"
    try writeCSV(table, to: path)
    #expect(try readCSV(path) == table)
    let gap = CSVTable(names: ["x"], columns: [.numbers([1, .nan, 2])])
    #expect(try parseCSV(gap.text(), name: "x").rowCount == 3)
  }

  @Test func malformedCSVIsAFault() throws {
    #expect(fault { _ = try parseCSV("", name: "x") }?.title == "x is empty")
    #expect(fault { _ = try parseCSV("a,b\n1,2\n1,2,3\n", name: "x") }?.label == "line 3 has 3 cells, line 1 has 2")
    #expect(fault { _ = try parseCSV("a,b\n1,\"2\n", name: "x") }?.label?.contains("line 2 is not closed") == true)
  }

  @Test func textFilesAreChecked() throws {
    let path = try folder.file("a", [0xef, 0xbb, 0xbf] + Array("héllo\n".utf8))
    #expect(try readText(path) == "héllo\n")
    #expect(fault { _ = try readText(path, limit: 3) }?.title.hasSuffix("is too large") == true)
    let binary = fault { _ = try readText(try folder.file("b", [0x7f, 0x45, 0, 1])) }
    #expect(binary?.label?.contains("NUL byte at offset 2") == true)
    let latin = fault { _ = try readText(try folder.file("c", Array("ok\ncaf".utf8) + [0xe9, 0x0a])) }
    #expect(latin?.label == "the byte 0xe9 on line 2 (offset 6) begins no character")
    #expect(fault { _ = try readText(try folder.file("d", [0xff, 0xfe, 0x41, 0])) }?.label == "it begins like UTF-16")
    #expect(fault { _ = try readText("\(folder.path)/a/b") }?.label == "a part of its path is not a folder")
    #expect(fault { _ = try readText(folder.path) }?.label == "it is a folder")
    #expect(fault { _ = try readText("/dev/zero", limit: 5_000_000) }?.label == "it is a device, not a file")
    #expect(try readText("/dev/null") == "")
  }
}
