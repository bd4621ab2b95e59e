import CEmbedded

/// The stdlib's modules by name, embedded in the program.
func stdlibSources() -> [String: String] {
  var sources: [String: String] = [:]
  var index = 0
  while let module = stdlib_module(index) {
    let bytes = UnsafeBufferPointer(start: module.pointee.text, count: module.pointee.size)
    sources[String(cString: module.pointee.name)] = String(decoding: bytes, as: UTF8.self)
    index += 1
  }
  return sources
}
