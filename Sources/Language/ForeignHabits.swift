import Faults

extension Parser {
  /// What people write in Python, Julia, MATLAB, C or Rust at this token, and how it is written here.
  func foreignHabit(at index: Int) -> (title: String, help: String)? {
    let next = tokens[min(index + 1, tokens.count - 1)].kind
    let before = index > 0 ? tokens[index - 1].kind : .newline
    switch tokens[index].kind {
    case .symbol(let text):
      if text == "//" || text == "%", before == .newline { return Self.commentHabit }
      if text == "=", before == .symbol("..") { return ("`..=` is not an operator", "an end is not included: write `1..4` for 1, 2, 3") }
      if text == "..", tokens[..<index].suffix(4).contains(where: { $0.kind == .symbol("..") }) {
        return ("a range has two ends", "a step is written `0..10 by 2`")
      }
      if text == ",", index >= 2, case .name = before, [.keyword(.let), .keyword(.var)].contains(tokens[index - 2].kind) {
        return ("several names stand in parentheses", "write `let (a, b) = (1, 2)`")
      }
      return symbolHabit(text)
    case .name(let word):
      if isBehindSlashes(index) { return Self.commentHabit }
      if isNumber(before), units[word] != nil {
        return ("a unit stands right behind its number", "write it without the blank: `20ms`")
      }
      if let habit = wordHabit(word, followedBy: next) { return habit }
      if case .name(let previous) = before { return wordHabit(previous, followedBy: .name(word)) }
      return nil
    case .keyword(.if) where isNumber(before) || before == .symbol(")"):
      return ("a choice begins with its condition", "write `if c { a } else { b }`")
    case .string, .int, .float:
      if before == .name("print") { return ("`print` is a function", "write `print(…)`") }
      if isNumber(before), isNumber(tokens[index].kind) {
        return ("elements stand apart by commas", "write `[1, 2]`; a matrix is `[[1, 2], [3, 4]]`")
      }
      if case .string = tokens[index].kind, [.name("import"), .name("from"), .name("include")].contains(before) {
        return ("`import` is not a word of the language", "write `use plot` or `use \"./file.snn\" as name`")
      }
      if before == .name("f") { return ("a string needs no `f` before it", "every string takes values: \"x is {x}\"") }
      return nil
    default: return nil
    }
  }

  private static let commentHabit = ("this is not how a comment begins", "a comment begins with `#`")

  /// Whether `//` stands earlier on the line, where it divides: words behind it are probably meant as a comment.
  private func isBehindSlashes(_ index: Int) -> Bool {
    tokens[..<index].reversed().prefix { $0.kind != .newline }.contains { $0.kind == .symbol("//") }
  }

  private func isNumber(_ kind: TokenKind) -> Bool {
    switch kind {
    case .int, .float: true
    default: false
    }
  }

  private func symbolHabit(_ text: String) -> (title: String, help: String)? {
    switch text {
    case "**", "**=": ("`**` is not an operator", "powers are written `x ^ 2`")
    case "&&": ("`&&` is not an operator", "write `and`")
    case "||": ("`||` is not an operator", "write `or`")
    case "!": ("`!` is not an operator", "write `not x`; `!=` compares")
    case "->": ("`->` is not an operator", "a function is written `x => x * x`")
    case ".*", "./", ".^", ".+", ".-":
      ("`\(text)` is not an operator", "arithmetic on tensors is element-wise already: write `\(text.dropFirst())`; the matrix product is `@`")
    case "++", "--": ("`\(text)` is not an operator", "write `x \(text.first ?? "+")= 1`")
    case ":=": ("`:=` is not an operator", "write `let x = 1` or `var x = 1`")
    case "===", "!==": ("`\(text)` is not an operator", "write `\(text.dropLast())`")
    case "~=", "<>": ("`\(text)` is not an operator", "write `!=`")
    case "...": ("`...` is not an operator", "a range is written `a..b`, without `b`")
    case "?": ("`?` is not an operator", "a choice is written `if c { a } else { b }`")
    case "'": ("strings stand in double quotes", "write \"text\"; a transpose is `transpose(x)`")
    case "=": ("`=` cannot stand here", "`==` compares; `name = value` is a statement, and an argument only inside a call")
    case ":": ("`:` cannot stand here", "blocks stand in braces: `if x > 0 { … }`; slices are written `x[2..5]`")
    case "&": ("`&` is not an operator", "write `and` between bools and masks, bit_and(a, b) for the bits of ints")
    case "::": ("`::` is not an operator", "members are written `module.name`")
    case "<<", ">>": ("`\(text)` is not an operator", "bits are moved by shift_left(n, count) and shift_right(n, count)")
    case "|": ("`|` is not an operator", "write `or` between bools and masks, bit_or(a, b) for the bits of ints")
    case "~", "$", "`": ("`\(text)` is not an operator", "see ?operators for those there are")
    default: nil
    }
  }

  private func wordHabit(_ word: String, followedBy next: TokenKind) -> (title: String, help: String)? {
    let isBeforeName: Bool
    if case .name = next { isBeforeName = true } else { isBeforeName = false }
    switch word {
    case "def" where isBeforeName, "function" where isBeforeName, "func" where isBeforeName:
      return ("`\(word)` is not a word of the language", "a function is written `fn name(a, b) { … }`")
    case "elif", "elseif", "elsif":
      return ("`\(word)` is not a word of the language", "write `else if`")
    case "end": return ("`end` is not a word of the language", "a block ends with `}`")
    case "lambda": return ("`lambda` is not a word of the language", "a function is written `x => x * x`")
    case "import" where isBeforeName, "from" where isBeforeName, "using" where isBeforeName:
      return ("`\(word)` is not a word of the language", "write `use plot` or `use \"./file.snn\" as name`")
    case "const" where isBeforeName: return ("`const` is not a word of the language", "write `let`")
    case "except", "finally": return ("`\(word)` is not a word of the language", "write `try { … } catch e { … }`")
    case "raise": return ("`raise` is not a word of the language", "write `throw`")
    case "is": return ("`is` is not an operator", "write `==`")
    case "switch", "case": return ("`\(word)` is not a word of the language", "write `match x { 1 => …, _ => … }`")
    case "class", "struct": return ("there are no classes", "a map `{name: \"a\", size: 3}` holds named values")
    case "print" where next != .symbol("("): return ("`print` is a function", "write `print(…)`")
    case "del": return ("`del` is not a word of the language", "write `remove(m, key)`")
    case "with" where isBeforeName:
      return ("`with` is not a word of the language", "`read_text(path)` gives a file's text, and nothing is left open")
    case "pass": return ("`pass` is not a word of the language", "an empty block is `{ }`")
    default: return nil
    }
  }
}
