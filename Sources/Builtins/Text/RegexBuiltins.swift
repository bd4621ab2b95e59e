// Regular expressions.

import Faults
import Libraries
import Machine
import Tensors

private let textParameter = BuiltinParameter.required("text", .string, "a text")
private let patternParameter = BuiltinParameter.required("pattern", .string, "a regular expression, best as a raw text r\"…\"")

/// matches, find_all, replace_pattern, split_pattern.
let regexBuiltins: [Builtin] = [
  Builtin(
    "matches", [textParameter, patternParameter], returns: "list or nil", subject: "text",
    """
    The first place where a regular expression matches: a list of the matched text and what each group in parentheses took, \
    nil for a group without part in it; nil where nothing matches. `^` and `$` hold it to the ends, `(?i)` ignores case.
    """,
    example: """
      print(matches("lif_03", r"[a-z]+_(\\d+)"))   # expect: ["lif_03", "03"]
      print(matches("alif", r"^lif") == nil)   # expect: true
      """
  ) { (call) throws(Fault) in
    try searching(call) { (expression, bytes) throws(Fault) in
      guard let ranges = try expression.match(bytes, from: 0) else { return .nil }
      return .list(parts(ranges, bytes))
    }
  },
  Builtin(
    "find_all", [textParameter, patternParameter], returns: "list", subject: "text",
    "Every match of a regular expression: texts, or for a pattern with groups lists as `matches` gives.",
    example: """
      print(find_all("a1 b22", r"\\d+"), find_all("a1 b22", r"(\\w)(\\d+)"))   # expect: ["1", "22"] [["a1", "a", "1"], ["b22", "b", "22"]]
      """
  ) { (call) throws(Fault) in
    try searching(call) { (expression, bytes) throws(Fault) in
      try ListBuilder.build { (list) throws(Fault) in
        if expression.groups == 0 {
          try expression.forEachWhole(bytes) { (whole) throws(Fault) in try list.append(text(bytes, whole)) }
        } else {
          try expression.forEachMatch(bytes) { (ranges, _) throws(Fault) in try list.append(.list(parts(ranges, bytes))) }
        }
      }
    }
  },
  Builtin(
    "replace_pattern",
    [
      textParameter, patternParameter,
      .required("new", .string | .function, "the new text, in which $0 is the match and $1, $2 … are groups ($$ is a dollar); or a function of what `matches` gives"),
    ],
    returns: "string", subject: "text", "A text with every match of a regular expression replaced. `replace` takes plain text.",
    example: """
      print(replace_pattern("lif_3, li_4", r"(\\w+)_(\\d)", "$2 $1"))   # expect: 3 lif, 4 li
      print(replace_pattern("a1 b22", r"\\d+", m => str(2 * int(m[0]))))   # expect: a2 b44
      """
  ) { (call) throws(Fault) in
    try searching(call) { (expression, bytes) throws(Fault) in
      let template = try call[2].asString.map { (text) throws(Fault) in try pieces(of: text, groups: expression.groups, call) }
      var out: [UInt8] = []
      var done = 0
      try expression.forEachMatch(bytes) { (ranges, whole) throws(Fault) in
        out += bytes[done..<whole.lowerBound]
        done = whole.upperBound
        if let template {
          for piece in template {
            switch piece {
            case .text(let text): out += text
            case .group(let group): if let range = ranges[group] { out += bytes[range] }
            }
          }
        } else {
          let found = Value.list(parts(ranges, bytes))
          defer { found.release() }
          let new = try call.invoke(call[2], [found])
          defer { new.release() }
          guard let text = new.asString else {
            throw Fault(.type, "the function of `replace_pattern` must give a text", label: "it gave \(new.description(of: .kind))", help: "str(x) makes a text of any value")
          }
          out += text.utf8
        }
        try MemoryLimit.check(out.count, for: "a text with replacements")
      }
      out += bytes[done...]
      return .string(String(decoding: out, as: UTF8.self))
    }
  },
  Builtin(
    "split_pattern", [textParameter, patternParameter], returns: "list", subject: "text", "The parts of a text between the matches of a regular expression.",
    example: """
      print(split_pattern("a, b;c", r"[,;]\\s*"))   # expect: ["a", "b", "c"]
      """
  ) { (call) throws(Fault) in
    try searching(call) { (expression, bytes) throws(Fault) in
      try ListBuilder.build { (list) throws(Fault) in
        var done = 0
        try expression.forEachWhole(bytes) { (whole) throws(Fault) in
          if whole.isEmpty { return }
          try list.append(text(bytes, done..<whole.lowerBound))
          done = whole.upperBound
        }
        try list.append(text(bytes, done..<bytes.count))
      }
    }
  },
]

private enum TemplatePiece {
  case text([UInt8])
  case group(Int)
}

/// A replacement's plain parts and groups.
private func pieces(of template: String, groups: Int, _ call: Call) throws(Fault) -> [TemplatePiece] {
  var pieces: [TemplatePiece] = []
  var rest = Substring(template)
  while let dollar = rest.firstIndex(of: "$") {
    pieces.append(.text(Array(rest[..<dollar].utf8)))
    rest = rest[rest.index(after: dollar)...]
    if rest.first == "$" {
      pieces.append(.text(Array("$".utf8)))
      rest.removeFirst()
      continue
    }
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let group = Int(digits), group <= groups else {
      throw call.wrong(2, "names a group that the pattern has not: $\(digits)", help: "it has \(counted(groups, "group")) in parentheses; a dollar is $$")
    }
    pieces.append(.group(group))
    rest = rest.dropFirst(digits.count)
  }
  return pieces + [.text(Array(rest.utf8))]
}

private func text(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Value {
  .string(String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self))
}

private func parts(_ ranges: [Range<Int>?], _ bytes: UnsafeBufferPointer<UInt8>) -> [Value] {
  ranges.map { $0.map { text(bytes, $0) } ?? .nil }
}

/// Patterns that were compiled, since a loop asks for the same ones again.
private final class CompiledPatterns {
  var known: [String: RegularExpression] = [:]
}

/// Runs a body with the compiled pattern and the text's bytes.
private func searching(
  _ call: Call, _ body: (RegularExpression, UnsafeBufferPointer<UInt8>) throws(Fault) -> Value
) throws(Fault) -> Value {
  try call.machine.checkReading("`\(call.builtin.name)`")
  let pattern = try call.string(1)
  let key = ObjectIdentifier(CompiledPatterns.self)
  let patterns = call.machine.state[key] as? CompiledPatterns ?? CompiledPatterns()
  call.machine.state[key] = patterns
  let expression: RegularExpression
  if let known = patterns.known[pattern] {
    expression = known
  } else {
    expression = try RegularExpression(pattern)
    if patterns.known.count >= 100 { patterns.known = [:] }
    patterns.known[pattern] = expression
  }
  return try Array(try call.string(0).utf8).withUnsafeBufferPointer { (bytes) throws(Fault) in try body(expression, bytes) }
}
