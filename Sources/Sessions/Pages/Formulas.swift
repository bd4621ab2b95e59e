// Formulas in TeX's notation as HTML text: Greek letters and signs by their characters, raised and lowered parts, and
// fractions with their bar. What is not known stays as it was written.

import Texts

/// The HTML of a formula.
func formulaHTML(_ source: String) -> String {
  var reader = FormulaReader(Array(source))
  return "<span class=\"formula\">\(reader.html())</span>"
}

private let formulaSigns: [String: String] = [
  "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
  "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
  "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
  "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "cdot": "·", "times": "×", "pm": "±", "le": "≤", "leq": "≤",
  "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "propto": "∝", "infty": "∞", "sum": "∑", "prod": "∏",
  "int": "∫", "partial": "∂", "nabla": "∇", "in": "∈", "to": "→", "rightarrow": "→", "leftarrow": "←", "ll": "≪",
  "gg": "≫", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "ldots": "…", "dots": "…", "cdots": "⋯",
  "log": "log", "ln": "ln", "exp": "exp", "max": "max", "min": "min", "quad": "\u{2003}", "left": "", "right": "",
  ",": "\u{2009}", ";": " ", " ": " ", "{": "{", "}": "}", "%": "%", "_": "_", "$": "$", "&": "&",
]

private struct FormulaReader {
  private let text: [Character]
  private var at = 0
  private var depth = 0

  init(_ text: [Character]) { self.text = text }

  mutating func html() -> String {
    var out = ""
    while at < text.count { out += piece() }
    return out
  }

  /// One character, command or group, and moves behind it.
  private mutating func piece() -> String {
    let character = text[at]
    at += 1
    switch character {
    case "\\": return command()
    case "{": return group()
    case "}": return ""
    case "^": return "<sup>\(argument())</sup>"
    case "_": return "<sub>\(argument())</sub>"
    case "-": return "−"
    case "\n": return " "
    case _ where character.isLetter: return "<i>\(String(character).escapedForMarkup)</i>"
    default: return String(character).escapedForMarkup
    }
  }

  /// What stands up to the closing brace.
  private mutating func group() -> String {
    depth += 1
    defer { depth -= 1 }
    var out = ""
    while at < text.count, text[at] != "}" { out += depth < 32 ? piece() : String(text[next()]).escapedForMarkup }
    at += 1
    return out
  }

  private mutating func next() -> Int {
    at += 1
    return at - 1
  }

  private mutating func argument() -> String {
    while at < text.count, text[at] == " " { at += 1 }
    if at >= text.count || depth > 32 { return "" }
    depth += 1
    defer { depth -= 1 }
    return piece()
  }

  private mutating func command() -> String {
    guard at < text.count else { return "\\" }
    var name = ""
    if text[at].isLetter {
      while at < text.count, text[at].isLetter, text[at].isASCII { name.append(text[next()]) }
    } else {
      name.append(text[next()])
    }
    switch name {
    case "frac":
      return "<span class=\"frac\"><span>\(argument())</span><span class=\"bar\">/</span><span>\(argument())</span></span>"
    case "sqrt": return "√(\(argument()))"
    case "hat": return argument() + "\u{302}"
    case "text", "mathrm", "operatorname": return words()
    case "mathcal", "mathbf": return argument()
    default:
      if let sign = formulaSigns[name] { return sign.escapedForMarkup }
      return "\\\(name)".escapedForMarkup
    }
  }

  /// The plain words in a group.
  private mutating func words() -> String {
    guard at < text.count, text[at] == "{" else { return "" }
    let end = text[at...].firstIndex(of: "}") ?? text.count
    let inner = String(text[at + 1..<end])
    at = min(end + 1, text.count)
    return inner.escapedForMarkup
  }
}
