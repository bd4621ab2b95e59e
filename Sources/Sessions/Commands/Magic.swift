import Faults

/// A command of the prompt, `%name`. One declaration each: help, completion, the list and the nearest-name hint all
/// read it.
struct Magic: Sendable {
  /// What stands behind the name, for completion.
  enum Argument: Sendable {
    case nothing, code, path, name, magic, text
  }

  let name: String
  /// Other names, by which users of other prompts know it.
  let aliases: [String]
  /// What follows the name: `FILE [arguments]`.
  let usage: String
  let argument: Argument
  let help: String
  let body: @Sendable (Session, String) -> Void

  init(
    _ name: String, aliases: [String] = [], usage: String = "", _ argument: Argument = .nothing, help: String,
    body: @escaping @Sendable (Session, String) -> Void
  ) {
    self.name = name
    self.aliases = aliases
    self.usage = usage
    self.argument = argument
    self.help = help
    self.body = body
  }

  var signature: String { "%\(name)" + (usage.isEmpty ? "" : " \(usage)") }

  /// The first sentence of the help.
  var summary: String { String(help.prefix { $0 != "\n" && $0 != "." }) }

  var page: String {
    let others = aliases.isEmpty ? "" : "\nalso: " + aliases.map { "%\($0)" }.joined(separator: ", ")
    return "\(signature)\n\n\(help)\(others)"
  }

  /// Every magic, in the order of the list.
  static let all: [Magic] = timingMagics + stateMagics + fileMagics + historyMagics + shellMagics + helpMagics

  static func named(_ name: String) -> Magic? { all.first { $0.name == name || $0.aliases.contains(name) } }

  static var names: [String] { all.flatMap { [$0.name] + $0.aliases } }
}

/// The words of a magic's argument. Quotes keep blanks together; a backslash escapes one character.
func words(_ text: String) -> [String] {
  var result: [String] = []
  var word: String?
  var quote: Character?
  var characters = text.makeIterator()
  while let character = characters.next() {
    if character == "\\", quote != "'" {
      if let next = characters.next() { word = (word ?? "") + String(next) }
    } else if character == quote {
      quote = nil
    } else if quote == nil, character == "\"" || character == "'" {
      quote = character
      word = word ?? ""
    } else if quote == nil, character.isWhitespace {
      if let done = word { result.append(done) }
      word = nil
    } else {
      word = (word ?? "") + String(character)
    }
  }
  if let word { result.append(word) }
  return result
}

/// The inputs that `4`, `4-7` or `~2` (the last two) name, counted from 1 among `count`; nil where it names none.
func inputRange(_ text: String, count: Int) -> ClosedRange<Int>? {
  if text.hasPrefix("~") {
    guard let last = Int(text.dropFirst()), last > 0, count > 0 else { return nil }
    return max(1, count - min(last, count) + 1)...count
  }
  let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
  guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 1, first <= last,
    first <= count
  else { return nil }
  return first...min(last, count)
}
