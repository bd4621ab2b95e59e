import CEmbedded

/// The stdlib's modules by name, embedded in the program.
func stdlibSources() -> [String: String] {
  Dictionary(embedded(stdlib_module).map { ($0.name, $0.text) }) { _, last in last }
}

/// The chip files of the stdlib, in the order in which help lists them.
func stdlibChips() -> [(name: String, text: String)] { embedded(stdlib_chip) }

/// The notebooks of the language reference, in their order.
func stdlibReference() -> [(name: String, text: String)] { embedded(stdlib_reference) }

private func embedded(_ entry: (Int) -> UnsafePointer<stdlib_source>?) -> [(name: String, text: String)] {
  var files: [(name: String, text: String)] = []
  while let file = entry(files.count) {
    let bytes = UnsafeBufferPointer(start: file.pointee.text, count: file.pointee.size)
    files.append((String(cString: file.pointee.name), String(decoding: bytes, as: UTF8.self)))
  }
  return files
}
