import Faults
import Glibc
import Machine
import Texts

/// `snn test`: every `.snn` file under a path, each in a session of its own, its own output held back.
public func runTests(paths: [String], filter: String?, output: any Output, options: ScriptSession.Options) -> Int32 {
  var passed = 0
  var failed = 0
  for root in paths {
    let files = scripts(under: root)
    if files.isEmpty {
      writeError("error: no .snn files at \(root)\n")
      return ExitStatus.withoutSource
    }
    for file in files {
      output.write("\(file)\n")
      let session = ScriptSession(output: SilentOutput(width: output.width), options: options)
      let result = session.test(path: file, filter: filter, log: output)
      passed += result.passed
      failed += result.failed
      if Interrupt.isRequested { break }
    }
  }
  output.write("\n\(passed) passed, \(failed) failed\n")
  (output as? StandardOutput)?.flush()
  if Interrupt.isRequested { return ExitStatus.interrupted }
  if let filter, passed + failed == 0 {
    writeError("error: no test's name holds '\(filter.withVisibleControls)'\n")
    return ExitStatus.failure
  }
  return failed == 0 ? ExitStatus.success : ExitStatus.failure
}

/// Where the output of tested and measured scripts goes.
final class SilentOutput: Output {
  let width: Int
  var usesColour: Bool { false }
  var isInteractive: Bool { false }

  init(width: Int) { self.width = width }
  func write(_ text: String) {}
  func warn(_ text: String) {}
  func show(_ value: any ForeignValue) {}
}

/// A file itself, or all `.snn` files below a folder in the order of their paths.
func scripts(under path: String) -> [String] {
  var status = stat()
  guard stat(path, &status) == 0 else { return [] }
  if status.st_mode & S_IFMT != S_IFDIR { return [path] }
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var found: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name.hasPrefix(".") { continue }
    let child = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
    if stat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      found += scripts(under: child)
    } else if name.hasSuffix(".snn") {
      found.append(child)
    }
  }
  return found.sorted()
}
