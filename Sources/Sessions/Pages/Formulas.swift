// Formulas in TeX's notation as MathML, which browsers set as mathematics and screen readers speak. What is not known
// stays as it was written.

import Texts

/// The MathML of a formula; one for display stands on a line of its own.
func formulaHTML(_ source: String, isDisplay: Bool) -> String {
  var reader = FormulaReader(Array(source))
  let display = isDisplay ? " display=\"block\"" : ""
  let formula = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"\(display)>\(reader.formula())</math>"
  // One that is wider than a phone can be moved.
  return isDisplay ? "<span class=\"formula\">\(formula)</span>" : formula
}

private let letters: [String: String] = [
  "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
  "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
  "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
  "ell": "ℓ", "hbar": "ℏ",
]
private let uprightLetters: [String: String] = [
  "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
  "Psi": "Ψ", "Omega": "Ω", "infty": "∞", "partial": "∂", "nabla": "∇", "emptyset": "∅", "ldots": "…", "dots": "…",
  "cdots": "⋯", "%": "%", "$": "$", "&": "&", "_": "_", "#": "#",
]
private let operators: [String: String] = [
  "cdot": "·", "times": "×", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
  "approx": "≈", "sim": "∼", "equiv": "≡", "propto": "∝", "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩", "to": "→",
  "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒", "mapsto": "↦", "ll": "≪", "gg": "≫", "lfloor": "⌊", "rfloor": "⌋",
  "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "mid": "∣", "vert": "|", "odot": "⊙", "otimes": "⊗", "oplus": "⊕",
  "circ": "∘", "ast": "∗", "star": "⋆", "forall": "∀", "exists": "∃", "neg": "¬", "land": "∧", "lor": "∨", "int": "∫",
  "{": "{", "}": "}", "|": "‖",
]
private let limitOperators: [String: String] = ["sum": "∑", "prod": "∏"]
private let functions: Set<String> = ["log", "ln", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sgn", "det", "dim"]
private let limitFunctions: Set<String> = ["max", "min", "lim", "sup", "inf", "argmax", "argmin"]
private let spaces: [String: String] = [",": "0.17em", ":": "0.22em", ";": "0.28em", " ": "0.25em", "quad": "1em", "qquad": "2em", "!": "0em"]
private let accents: [String: String] = ["hat": "^", "bar": "¯", "tilde": "~", "vec": "→", "dot": "˙", "ddot": "¨", "overline": "¯"]

private struct FormulaReader {
  /// A piece that may be raised or lowered by what follows it.
  private struct Piece {
    var markup: String
    /// Whether what is raised or lowered stands above and below it in a formula for display.
    var hasLimits = false
  }

  private let text: [Character]
  private var at = 0
  private var depth = 0
  /// Groups nested deeper than this are taken apart.
  private static let deepest = 32

  init(_ text: [Character]) { self.text = text }

  mutating func formula() -> String {
    var out = ""
    while at < text.count { out += scripted { $0.piece() } }
    return out
  }

  /// A piece with what is raised and lowered behind it.
  private mutating func scripted(_ read: (inout Self) -> Piece) -> String {
    let isScript = text[at] == "^" || text[at] == "_"
    let base = isScript ? Piece(markup: "<mrow></mrow>") : read(&self)
    var low: String?, high: String?
    while true {
      let start = at
      skipBlanks()
      if at < text.count, text[at] == "_", low == nil {
        at += 1
        low = argument()
      } else if at < text.count, text[at] == "^", high == nil {
        at += 1
        high = argument()
      } else if at < text.count, text[at] == "'", high == nil {
        at += 1
        high = "<mo>′</mo>"
      } else {
        at = start
        break
      }
    }
    let names = base.hasLimits ? (both: "munderover", low: "munder", high: "mover") : (both: "msubsup", low: "msub", high: "msup")
    switch (low, high) {
    case (let low?, let high?): return "<\(names.both)>\(base.markup)\(low)\(high)</\(names.both)>"
    case (let low?, nil): return "<\(names.low)>\(base.markup)\(low)</\(names.low)>"
    case (nil, let high?): return "<\(names.high)>\(base.markup)\(high)</\(names.high)>"
    case (nil, nil): return base.markup
    }
  }

  private mutating func skipBlanks() { while at < text.count, text[at].isWhitespace { at += 1 } }

  /// One character, number, command or group, and moves behind it.
  private mutating func piece(isArgument: Bool = false) -> Piece {
    let character = text[at]
    if !isArgument, character.isASCII, character.isNumber { return Piece(markup: number()) }
    at += 1
    switch character {
    case "\\": return command()
    case "{": return Piece(markup: "<mrow>\(group { $0 == "}" })</mrow>")
    case "}", " ", "\n", "\t", "&": return Piece(markup: "")
    case "~": return Piece(markup: "<mspace width=\"0.25em\"/>")
    case "-": return Piece(markup: "<mo>−</mo>")
    case "*": return Piece(markup: "<mo>∗</mo>")
    case "(", ")", "[", "]", "|": return Piece(markup: "<mo stretchy=\"false\">\(character)</mo>")
    case _ where character.isLetter: return Piece(markup: "<mi>\(String(character).escapedForMarkup)</mi>")
    case _ where character.isNumber: return Piece(markup: "<mn>\(String(character).escapedForMarkup)</mn>")
    default: return Piece(markup: "<mo>\(String(character).escapedForMarkup)</mo>")
    }
  }

  private mutating func number() -> String {
    var digits = ""
    while at < text.count, text[at].isASCII && text[at].isNumber || text[at] == "." && at + 1 < text.count && text[at + 1].isNumber {
      digits.append(text[at])
      at += 1
    }
    return "<mn>\(digits.escapedForMarkup)</mn>"
  }

  /// What stands up to a closing character, which is passed.
  private mutating func group(until isEnd: (Character) -> Bool) -> String {
    depth += 1
    defer { depth -= 1 }
    var out = ""
    while at < text.count, !isEnd(text[at]) {
      if depth < Self.deepest {
        out += scripted { $0.piece() }
      } else {
        out += "<mtext>\(String(text[at]).escapedForMarkup)</mtext>"
        at += 1
      }
    }
    at = min(at + 1, text.count)
    return out
  }

  private mutating func argument() -> String {
    skipBlanks()
    if at >= text.count || depth > Self.deepest { return "<mrow></mrow>" }
    depth += 1
    defer { depth -= 1 }
    let markup = piece(isArgument: true).markup
    return markup.isEmpty ? "<mrow></mrow>" : markup
  }

  private mutating func command() -> Piece {
    guard at < text.count else { return Piece(markup: "<mtext>\\</mtext>") }
    var name = String(text[at])
    at += 1
    if name.first?.isLetter == true {
      while at < text.count, text[at].isLetter, text[at].isASCII {
        name.append(text[at])
        at += 1
      }
    }
    switch name {
    case "frac", "dfrac", "tfrac":
      let (above, below) = (argument(), argument())
      return Piece(markup: "<mfrac>\(above)\(below)</mfrac>")
    case "sqrt": return Piece(markup: "<msqrt>\(argument())</msqrt>")
    case "text", "mathrm", "operatorname": return Piece(markup: "<mtext>\(words())</mtext>")
    case "mathcal", "mathbf", "boldsymbol", "mathbb", "displaystyle": return Piece(markup: argument())
    case "left": return Piece(markup: fenced())
    case "right", "\\": return Piece(markup: "")
    default: break
    }
    if let sign = accents[name] { return Piece(markup: "<mover accent=\"true\">\(argument())<mo>\(sign)</mo></mover>") }
    if let sign = letters[name] { return Piece(markup: "<mi>\(sign)</mi>") }
    if let sign = uprightLetters[name] { return Piece(markup: "<mi mathvariant=\"normal\">\(sign.escapedForMarkup)</mi>") }
    if let sign = limitOperators[name] { return Piece(markup: "<mo>\(sign)</mo>", hasLimits: true) }
    if let sign = operators[name] {
      let stays = "{}|‖⌊⌋⌈⌉⟨⟩".contains(sign) ? " stretchy=\"false\"" : ""
      return Piece(markup: "<mo\(stays)>\(sign)</mo>")
    }
    if limitFunctions.contains(name) { return Piece(markup: "<mi>\(name)</mi>", hasLimits: true) }
    if functions.contains(name) { return Piece(markup: "<mi>\(name)</mi>\(gap())") }
    if let width = spaces[name] { return Piece(markup: "<mspace width=\"\(width)\"/>") }
    return Piece(markup: "<mtext>\("\\\(name)".escapedForMarkup)</mtext>")
  }

  /// The space between a function's name and what it is applied to, which brackets make superfluous.
  private func gap() -> String {
    let next = text[at...].first { !$0.isWhitespace }
    return next.map { "([^_".contains($0) } ?? true ? "" : "<mspace width=\"0.17em\"/>"
  }

  /// `\left( … \right)`: brackets as high as what they hold.
  private mutating func fenced() -> String {
    func fence(_ sign: String) -> String { sign == "." || sign.isEmpty ? "" : "<mo>\(sign.escapedForMarkup)</mo>" }
    let opening = fence(delimiter())
    depth += 1
    defer { depth -= 1 }
    var inside = ""
    while at < text.count, depth < Self.deepest, !text[at...].starts(with: Array("\\right")) { inside += scripted { $0.piece() } }
    if at < text.count, depth < Self.deepest { at += 6 }
    return "<mrow>\(opening)\(inside)\(fence(delimiter()))</mrow>"
  }

  private mutating func delimiter() -> String {
    skipBlanks()
    guard at < text.count else { return "" }
    at += 1
    if text[at - 1] != "\\" { return String(text[at - 1]) }
    var name = ""
    while at < text.count, text[at].isLetter || name.isEmpty {
      name.append(text[at])
      at += 1
      if name.first?.isLetter != true { break }
    }
    return operators[name] ?? name
  }

  /// The plain words in a group.
  private mutating func words() -> String {
    guard at < text.count, text[at] == "{" else { return "" }
    let end = text[at...].firstIndex(of: "}") ?? text.count
    // The blanks at its ends would be lost otherwise.
    let inner = String(text[at + 1..<end].map { $0 == " " ? "\u{A0}" : $0 })
    at = min(end + 1, text.count)
    return inner.escapedForMarkup
  }
}
