import Faults
import Glibc
import Tensors

/// What the runs of a process may use.
public struct RunLimits: Sendable {
  /// Bytes that all values together may take; nil for three quarters of the machine's memory.
  public var memory: Int?
  /// Seconds from now; nil for no limit.
  public var seconds: Double?

  public init() {}

  /// Puts the limits into force, once for a process.
  public func begin() {
    if let memory { MemoryLimit.bytes = memory }
    MemoryLimit.watch()
    if let seconds { watchTime(seconds) }
  }
}

/// Asks the computation to stop once its time is over.
private func watchTime(_ seconds: Double) {
  final class Deadline { let seconds: Double; init(_ seconds: Double) { self.seconds = seconds } }
  let deadline = Unmanaged.passRetained(Deadline(seconds))
  let isStarted = startDetachedThread(deadline.toOpaque()) { context in
    guard let context else { return nil }
    let seconds = Unmanaged<Deadline>.fromOpaque(context).takeRetainedValue().seconds
    var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e9))
    // Signals are other threads' business: the sleep is whole.
    nanosleep(&left, nil)
    Interrupt.requestForTime("more than \(secondsText(seconds))")
    return nil
  }
  if !isStarted { deadline.release() }
}

private func secondsText(_ seconds: Double) -> String {
  let text = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
  return "\(text) second\(text == "1" ? "" : "s")"
}

/// A number of bytes as an option gives it: `500M`, `2GiB`, `1.5G`, or bare bytes; nil for anything else.
public func parsedBytes(_ text: String) -> Int? {
  let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let unit = text.dropFirst(digits.count).lowercased()
  guard let number = Double(digits), number > 0 else { return nil }
  let powers = ["": 0, "b": 0, "k": 1, "kb": 1, "kib": 1, "m": 2, "mb": 2, "mib": 2, "g": 3, "gb": 3, "gib": 3, "t": 4, "tb": 4, "tib": 4]
  guard let power = powers[unit] else { return nil }
  return Int(exactly: (number * pow(1024, Double(power))).rounded())
}

/// A duration as an option gives it: `90`, `1.5s`, `200ms`, `5m`, `2h`; nil for anything else.
public func parsedSeconds(_ text: String) -> Double? {
  let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let factors = ["": 1, "s": 1, "ms": 0.001, "m": 60, "min": 60, "h": 3600]
  guard let number = Double(digits), let factor = factors[String(text.dropFirst(digits.count))] else { return nil }
  let seconds = number * factor
  return seconds > 0 && seconds < 1e9 ? seconds : nil
}
