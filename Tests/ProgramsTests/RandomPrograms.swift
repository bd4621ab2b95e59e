/// Programs made from a seed: soups of tokens, expressions that parse, and programs with pieces cut and swapped.
struct RandomPrograms {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  private mutating func pick(_ items: [String]) -> String { items[below(items.count)] }

  private static let words = [
    "let", "var", "fn", "if", "else", "for", "in", "while", "match", "try", "catch", "return", "break", "continue",
    "throw", "assert", "and", "or", "not", "true", "false", "nil", "test", "use", "neuron", "state", "spike", "when",
    "on", "a", "b", "f", "xs", "print", "len", "sum", "tensor", "lif", "0", "1", "2.5", "1e308", "20ms", "3pJ",
    "9223372036854775807", "\"s\"", "\"{a}\"", "\"{1:>4}\"", "r\"x\"", "(", ")", "[", "]", "{", "}", ",", ";", ":", ".",
    "..", "=", "==", "!=", "<", "+", "-", "*", "/", "//", "%", "^", "@", "|>", "|", "=>", "+=", "\n", "\n", "#c\n", "_",
    "**", "&&", "!", "?", "'", "é", "\"", "\"\"\"", "\\",
  ]

  mutating func tokens(count: Int) -> String {
    (0..<count).map { _ in pick(Self.words) }.joined(separator: below(3) == 0 ? "" : " ")
  }

  // MARK: programs that parse

  mutating func program() -> String {
    var lines = ["var a = \(expression(2, []))", "var b = \(expression(2, ["a"]))"]
    let names = ["a", "b"]
    for _ in 0..<(1 + below(6)) { lines.append(statement(3, names)) }
    lines.append("print(a, b)")
    return lines.joined(separator: "\n")
  }

  private mutating func statement(_ depth: Int, _ names: [String]) -> String {
    switch below(9) {
    case 0: "\(pick(names)) = \(expression(depth, names))"
    case 1: "\(pick(names)) \(pick(["+=", "-=", "*=", "/=", "%="])) \(expression(depth, names))"
    case 2: "if \(condition(depth, names)) { \(body(depth, names)) } else { \(body(depth, names)) }"
    case 3: "for i in \(expression(depth, names)) { \(body(depth, names + ["i"])); if i == 2 { break } }"
    case 4: "try { \(body(depth, names)) } catch e { print(e.kind) }"
    case 5: "\(pick(names))[\(expression(1, names))] = \(expression(depth, names))"
    case 6:
      "fn g(x, y = \(expression(1, names))) { \(body(depth, names + ["x", "y"])) }\n"
        + "print(g(\(expression(1, names))))"
    case 7: "let (p, q) = \(expression(depth, names))"
    default: "print(\(expression(depth, names)))"
    }
  }

  private mutating func body(_ depth: Int, _ names: [String]) -> String {
    depth <= 0 ? expression(0, names) : statement(depth - 1, names)
  }

  private mutating func condition(_ depth: Int, _ names: [String]) -> String {
    "\(expression(depth - 1, names)) \(pick(["==", "!=", "<", ">=", "in"])) \(expression(depth - 1, names))"
  }

  private mutating func expression(_ depth: Int, _ names: [String]) -> String {
    if depth <= 0 { return leaf(names) }
    let d = depth - 1
    switch below(20) {
    case 0...4:
      return "(\(expression(d, names)) \(pick(["+", "-", "*", "/", "//", "%", "^", "@", ".."])) \(expression(d, names)))"
    case 5: return "[\(expression(d, names)), \(expression(d, names))]"
    case 6: return "{k: \(expression(d, names)), \"x y\": \(expression(d, names))}"
    case 7: return "(\(expression(d, names)), \(expression(d, names)))"
    case 8: return "(if \(condition(d, names)) { \(expression(d, names)) } else { \(expression(d, names)) })"
    case 9: return "[q for q in \(expression(d, names)) if \(condition(d, names + ["q"]))]"
    case 10: return "\(call())(\(expression(d, names)))"
    case 11: return "(\(expression(d, names)) |> \(call()))"
    case 12: return "(x => \(expression(d, names + ["x"])))(\(expression(d, names)))"
    case 13: return "\"<{\(expression(d, names)):\(pick([">6", "<3", ".2f", ".1%", "^9", ".3"]))}>\""
    case 14: return "(\(expression(d, names)))[\(expression(d, names))]"
    case 15: return "(\(expression(d, names))).\(pick(["k", "len()", "sum()", "shape", "message", "a"]))"
    case 16:
      return "match \(expression(d, names)) "
        + "{ 1 => 2, (m, n) => m, [m, n] | [n, m] => n, w if w == 1 => w, _ => \(leaf(names)) }"
    case 17: return "(not \(condition(d, names)))"
    case 18: return "(-\(expression(d, names)))"
    default: return "(\(condition(d, names)))"
    }
  }

  private mutating func call() -> String {
    pick([
      "len", "str", "int", "float", "type", "list", "tuple", "sum", "min", "max", "abs", "round", "sqrt", "sort",
      "reverse", "enumerate", "keys", "values", "all", "any", "tensor", "zeros", "ones", "upper", "chars", "describe",
      "print", "value", "unit", "range", "mean", "transpose", "exp", "log", "floor", "trim", "split", "bool",
    ])
  }

  private mutating func leaf(_ names: [String]) -> String {
    if !names.isEmpty, below(3) == 0 { return pick(names) }
    return pick([
      "0", "1", "-1", "2", "7", "63", "9223372036854775807", "0.5", "1e308", "(0.0 / 0.0)", "\"\"", "\"añ\"", "nil",
      "true", "[]", "{}", "[1, 2, 3]", "(1, 2)", "(0..3)", "(3..0)", "20ms", "-3pJ", "tensor([1, 2])",
      "zeros([2, 2])", "zeros([0])", "print", "(x => x)",
    ])
  }

  // MARK: programs with damage

  mutating func damaged(_ source: String) -> String {
    var characters = Array(source)
    for _ in 0..<(1 + below(4)) where !characters.isEmpty {
      let at = below(characters.count)
      switch below(4) {
      case 0: characters.remove(at: at)
      case 1: characters.insert(contentsOf: pick(Self.words), at: at)
      case 2: characters.removeSubrange(at..<min(characters.count, at + 1 + below(12)))
      default: characters.swapAt(at, below(characters.count))
      }
    }
    return String(characters)
  }
}
