// Numbers and names as C writes them.

enum CText {
  /// A 32-bit number as a hexadecimal constant, which is exactly that number.
  static func number(_ value: Float) -> String {
    if value == 0 { return "0.0f" }
    let bits = value.bitPattern
    let (exponent, fraction) = (Int(bits >> 23 & 0xff), bits & 0x7f_ffff)
    var digits = String(fraction << 1, radix: 16)
    digits = String(repeating: "0", count: 6 - digits.count) + digits
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    // Numbers too small for a leading one begin with a zero.
    let whole = exponent == 0 ? "0" : "1"
    return "\(value < 0 ? "-" : "")0x\(whole).\(digits)p\(exponent == 0 ? -126 : exponent - 127)f"
  }

  /// A 64-bit number, exactly.
  static func number(_ value: Double) -> String {
    if value == 0 { return "0.0" }
    let bits = value.bitPattern
    let (exponent, fraction) = (Int(bits >> 52 & 0x7ff), bits & 0xf_ffff_ffff_ffff)
    var digits = String(fraction, radix: 16)
    digits = String(repeating: "0", count: 13 - digits.count) + digits
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    return "\(value < 0 ? "-" : "")0x\(exponent == 0 ? "0" : "1").\(digits)p\(exponent == 0 ? -1022 : exponent - 1023)"
  }

  /// A list in lines of about 110 characters, inside braces.
  static func list(_ items: some Sequence<String>) -> String {
    var text = "{\n"
    var line = "  "
    for item in items {
      if line.utf8.count + item.utf8.count > 110 {
        text += line + "\n"
        line = "  "
      }
      line += item + ", "
    }
    return text + line + "\n}"
  }

  /// A name for C from that of a file: "my-net.c" gives `my_net`.
  static func identifier(_ file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    let stem = name.split(separator: ".").first.map(String.init) ?? "net"
    var text = String(String.UnicodeScalarView(stem.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? $0 : "_" }))
    if text.isEmpty || text.first == "_" || text.first?.isNumber == true { text = "net_" + text }
    // What is a word of the language is none of ours.
    return text.count > 40 ? String(text.prefix(40)) : keywords.contains(text) ? text + "_net" : text
  }

  private static let keywords: Set<String> = [
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
    "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static",
    "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "main", "memset", "memcpy",
  ]
}
