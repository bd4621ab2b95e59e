// A folder of its own for each test, gone when the test is.

import CZlib
import Faults
import Glibc
import Testing

@testable import Formats

final class TestFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/neuedge-formats-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    path = String(cString: try #require(made))
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// What is in the folder, hidden files too.
  var names: [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { found.append(name) }
    }
    return found.sorted()
  }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try writeBytes(bytes, to: "\(path)/\(name)")
    return "\(path)/\(name)"
  }
}

/// The fault that an action throws; records an issue when it throws none.
func fault(_ action: () throws -> Void, at place: SourceLocation = #_sourceLocation) -> Fault? {
  let thrown = #expect(throws: Fault.self, sourceLocation: place) { try action() }
  return thrown
}

/// Writes a gzipped file and gives its path.
func gzipped(_ bytes: [UInt8], _ folder: TestFolder, name: String = "z.gz") throws -> String {
  let path = "\(folder.path)/\(name)"
  let stream = try #require(gzopen(path, "wb"))
  #expect(Int(gzwrite(stream, bytes, UInt32(bytes.count))) == bytes.count)
  gzclose_w(stream)
  return path
}
