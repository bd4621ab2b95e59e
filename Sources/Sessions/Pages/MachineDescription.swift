import Glibc
import Kernels

/// The computer in words: processor, cores, the kernels in use and operating system.
func machineDescription() -> String {
  let processor =
    systemValue("/proc/cpuinfo", "model name", separator: ":") ?? systemValue("/proc/cpuinfo", "Model", separator: ":")
  let system = systemValue("/etc/os-release", "PRETTY_NAME", separator: "=").map { $0.filter { $0 != "\"" } }
  let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  var name = utsname()
  uname(&name)
  let architecture = withUnsafePointer(to: &name.machine) {
    $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
  }
  let parts = [
    processor ?? "\(architecture) processor", "\(count) core\(count == 1 ? "" : "s")", "\(kernels.name) kernels",
    system ?? "an unknown system",
  ]
  return parts.joined(separator: ", ")
}

/// The value of the first line of a file that begins with a name.
private func systemValue(_ path: String, _ name: String, separator: Character) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var line: UnsafeMutablePointer<CChar>?
  var size = 0
  defer { free(line) }
  while getline(&line, &size, file) > 0 {
    guard let text = line.map({ String(cString: $0) }), text.hasPrefix(name),
      let place = text.firstIndex(of: separator)
    else { continue }
    let value = text[text.index(after: place)...].drop { $0.isWhitespace }
    return String(value.reversed().drop { $0.isWhitespace }.reversed())
  }
  return nil
}

/// The present date and time in the world's time: `2026-02-14 09:30 UTC`.
func presentDate() -> String {
  var now = time(nil)
  var parts = tm()
  gmtime_r(&now, &parts)
  func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)) UTC"
}

/// Seconds since a moment in the past that stays the same while the program runs.
func secondsNow() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
