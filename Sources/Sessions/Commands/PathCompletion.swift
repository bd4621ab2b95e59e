import Glibc

/// Files as completion candidates.
enum PathCompletion {
  /// The paths that begin with what is typed; folders end in a slash. Hidden files come only when asked for.
  static func candidates(for typed: String, isCommand: Bool = false) -> [Candidate] {
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let start = slash.map { String(typed[typed.index(after: $0)...]) } ?? typed
    let opened = folder.isEmpty ? "." : expandedPath(folder)
    return names(in: opened).filter { $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix(".")) }.sorted()
      .map { name in
        let isFolder = isFolder(opened + "/" + name)
        return Candidate(folder + name + (isFolder ? "/" : ""), isFolder ? .folder : .file)
      }
  }

  /// The programs on the search path that begin with a text.
  static func commands(for typed: String) -> [Candidate] {
    if typed.isEmpty || typed.contains("/") { return [] }
    let folders = (environment("PATH") ?? "").split(separator: ":")
    let found = folders.flatMap { folder in
      names(in: String(folder)).filter { $0.hasPrefix(typed) && access("\(folder)/\($0)", X_OK) == 0 }
    }
    return Set(found).sorted().map { Candidate($0, .command) }
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// Where a string literal that is open at the end of a text begins: the offset behind its quote in UTF-8; nil outside.
func openStringStart(in text: String) -> Int? {
  var start: Int?
  var quote: [UInt8] = []
  let bytes = Array(text.utf8)
  var at = 0
  while at < bytes.count {
    if start != nil {
      if bytes[at] == UInt8(ascii: "\\") {
        at += 1
      } else if bytes[at...].starts(with: quote) {
        at += quote.count - 1
        start = nil
      }
    } else if bytes[at] == UInt8(ascii: "\"") {
      quote = Array((bytes[at...].starts(with: "\"\"\"".utf8) ? "\"\"\"" : "\"").utf8)
      at += quote.count - 1
      start = at + 1
    } else if bytes[at] == UInt8(ascii: "#") {
      while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
    }
    at += 1
  }
  return start
}
