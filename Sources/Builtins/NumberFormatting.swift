import Glibc

/// The C library's number formats: `f`, `e` or `g` with a number of digits.
public func formatted(_ value: Double, _ conversion: Character, digits: Int) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
    let written = withVaList([Int32(min(digits, 60)), value]) { vsnprintf(buffer.baseAddress, 400, "%.*\(conversion)", $0) }
    guard written > 0, let base = buffer.baseAddress else { return "" }
    return String(cString: base)
  }
}
