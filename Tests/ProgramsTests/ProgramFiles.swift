import Glibc

/// Where the conformance programs lie, found from this file's own place, and how they are read.
enum ProgramFiles {
  /// The package's folder. Paths in messages are relative to it.
  static let packageFolder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let relativeFolder = "Tests/Programs"

  /// A word that conformance programs must have in their paths; nil to take all (`scripts/test --filter`).
  static let wanted: String? = getenv("SNN_PROGRAMS").map { String(cString: $0) }

  /// The programs with expectations in their comments.
  static let conformance: [Program] = programs { path in !path.hasPrefix("messages/") && (wanted.map { path.contains($0) } ?? true) }
  /// The inputs of the golden messages.
  static let messages: [Program] = programs { $0.hasPrefix("messages/") }

  /// What users read and use: programs without expectations.
  static let published: [Program] = programs(in: "stdlib") + programs(in: "tutorials")

  private static func programs(in folder: String = relativeFolder, _ isWanted: (String) -> Bool = { _ in true }) -> [Program] {
    var found: [String] = []
    collect(folder, into: &found)
    return found.sorted().compactMap { path in
      let name = String(path.dropFirst(folder.count + 1).dropLast(".snn".count))
      guard isWanted(name), let bytes = read(path) else { return nil }
      return Program(name: name, path: path, source: String(decoding: bytes, as: UTF8.self))
    }
  }

  private static func collect(_ folder: String, into found: inout [String]) {
    guard let stream = opendir("\(packageFolder)/\(folder)") else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") || name == "helpers" { continue }
      if entry.pointee.d_type == DT_DIR {
        collect("\(folder)/\(name)", into: &found)
      } else if name.hasSuffix(".snn") {
        found.append("\(folder)/\(name)")
      }
    }
  }

  /// The bytes of a file under the package's folder, or nil when there is none.
  static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen("\(packageFolder)/\(path)", "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&block, 1, block.count, file)
      if count == 0 { return bytes }
      bytes += block[0..<count]
    }
  }

  static func write(_ text: String, to path: String) -> Bool {
    guard let file = fopen("\(packageFolder)/\(path)", "wb") else { return false }
    defer { fclose(file) }
    return fputs(text, file) >= 0
  }
}
