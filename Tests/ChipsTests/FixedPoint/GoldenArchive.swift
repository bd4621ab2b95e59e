import CZlib
import Glibc

@testable import Formats

/// A NumPy archive of other tools' integers and traces, beside the repository in `../shared/data/golden`; absent elsewhere.
struct GoldenArchive {
  let name: String
  private var arrays: [String: NumericArray] = [:]

  static let folder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(5)
    return parts.joined(separator: "/") + "/shared/data/golden"
  }()

  /// The archives whose names begin so, in their order.
  static func all(_ prefix: String) -> [GoldenArchive] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(prefix), name.hasSuffix(".npz") { names.append(name) }
    }
    return names.sorted().compactMap { GoldenArchive($0) }
  }

  static var isThere: Bool { access(folder, R_OK) == 0 }

  init?(_ name: String) {
    self.name = name
    guard let file = fopen(Self.folder + "/" + name, "rb") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 21)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    func number(_ place: Int, _ width: Int) -> Int {
      (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    // The directory's end is 22 bytes long where the archive has no comment.
    let end = bytes.count - 22
    guard end >= 0, number(end, 4) == 0x0605_4b50 else { return nil }
    var place = number(end + 16, 4)
    for _ in 0..<number(end + 10, 2) {
      let (method, packed, size) = (number(place + 10, 2), number(place + 20, 4), number(place + 24, 4))
      let (nameLength, extra, comment) = (number(place + 28, 2), number(place + 30, 2), number(place + 32, 2))
      let local = number(place + 42, 4)
      let entry = String(decoding: bytes[(place + 46)..<(place + 46 + nameLength)], as: UTF8.self)
      let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
      let raw = Array(bytes[start..<(start + packed)])
      let data = method == 0 ? raw : Self.inflated(raw, size: size)
      if let array = try? decodeNPY(data, name: entry) { arrays[String(entry.dropLast(4))] = array }
      place += 46 + nameLength + extra + comment
    }
  }

  private static func inflated(_ packed: [UInt8], size: Int) -> [UInt8] {
    var (input, output) = (packed, [UInt8](repeating: 0, count: size))
    var stream = z_stream()
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return [] }
    defer { inflateEnd(&stream) }
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        _ = inflate(&stream, Z_FINISH)
      }
    }
    return output
  }

  func has(_ key: String) -> Bool { arrays[key] != nil }
  func shape(_ key: String) -> [Int] { arrays[key]?.shape ?? [] }
  func floats(_ key: String) -> [Float] { arrays[key]?.values.floats ?? [] }
  func doubles(_ key: String) -> [Double] {
    guard case .float64(let values)? = arrays[key]?.values else { return floats(key).map { Double($0) } }
    return values
  }
  func integers(_ key: String) -> [Int] { arrays[key]?.values.integers ?? [] }
  func numbers(_ key: String) -> [Int64] { integers(key).map { Int64($0) } }
  func number(_ key: String) -> Int64 { numbers(key).first ?? 0 }
  /// A row of a table `[steps, …]`.
  func row(_ key: String, _ step: Int) -> ArraySlice<Int64> {
    let width = max(1, shape(key).dropFirst().reduce(1, *))
    return numbers(key)[(step * width)..<((step + 1) * width)]
  }
}
