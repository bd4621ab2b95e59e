/// Completion and completeness for every kind of input: the prompt's own commands and paths are settled here, the
/// language is asked for the rest.
import Texts

extension Session: LineAssistant {
  public func completeness(of text: String) -> Completeness {
    switch InputKind(text) {
    case .code(let program, _): return evaluator.completeness(of: program)
    case .magic(let name, let rest):
      guard let magic = Magic.named(name), magic.argument == .code, !rest.isEmpty else { return .complete }
      return evaluator.completeness(of: rest)
    case .blank, .shell, .help, .source: return .complete
    }
  }

  public func help(for name: String) -> String? {
    if name.hasPrefix("%") { return Magic.named(String(name.dropFirst()))?.page }
    return evaluator.help(name)
  }

  public func completions(in text: String, at cursor: Int) -> Completions {
    let head = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    let blanks = head.prefix { $0.isWhitespace }.utf8.count
    switch head.dropFirst(head.prefix { $0.isWhitespace }.count).first {
    case "%": return magicCompletions(head, text: text)
    case ";", "!": return shellCompletions(head, from: blanks + 1)
    case "?":
      let start = blanks + head.dropFirst(blanks).prefix { $0 == "?" }.count
      if head.utf8.dropFirst(start).first == UInt8(ascii: "%") { return magicNames(head, from: start + 1) }
      return languageCompletions(text, at: cursor, from: start)
    default: return languageCompletions(text, at: cursor, from: 0)
    }
  }

  /// The language's candidates for the part of a text behind an offset; a path, where a string is open and the
  /// language knows nothing to put there.
  private func languageCompletions(_ text: String, at cursor: Int, from start: Int) -> Completions {
    let part = String(decoding: text.utf8.dropFirst(start), as: UTF8.self)
    let found = evaluator.complete(part, at: cursor - start)
    if !found.candidates.isEmpty {
      return Completions(found.range.lowerBound + start..<found.range.upperBound + start, found.candidates)
    }
    let head = String(decoding: part.utf8.prefix(cursor - start), as: UTF8.self)
    guard let open = openStringStart(in: head) else { return .none(at: cursor) }
    let typed = String(decoding: head.utf8.dropFirst(open), as: UTF8.self)
    return Completions(open + start..<cursor, PathCompletion.candidates(for: typed))
  }

  private func magicNames(_ head: String, from start: Int) -> Completions {
    let typed = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    let names = Magic.all.filter { $0.name.hasPrefix(typed) }.sorted { $0.name < $1.name }
    return Completions(start..<head.utf8.count, names.map { Candidate($0.name, .command, $0.summary) })
  }

  private func magicCompletions(_ head: String, text: String) -> Completions {
    let cursor = head.utf8.count
    let start = head.prefix { $0.isWhitespace || $0 == "%" }.utf8.count
    let behind = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    guard let blank = behind.firstIndex(where: \.isWhitespace) else { return magicNames(head, from: start) }
    guard let magic = Magic.named(String(behind[..<blank])) else { return .none(at: cursor) }
    switch magic.argument {
    case .code, .name:
      let offset = start + behind[...blank].utf8.count
      return languageCompletions(text, at: cursor, from: offset)
    case .path: return pathCompletions(head)
    case .magic, .nothing, .text: return .none(at: cursor)
    }
  }

  /// The last word as a path, its blanks escaped.
  private func pathCompletions(_ head: String) -> Completions {
    let cursor = head.utf8.count
    let start = lastWordStart(head)
    let raw = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    let typed = words(raw).first ?? ""
    let escaped = PathCompletion.candidates(for: typed).map { candidate in
      Candidate(candidate.text.map { " \\'\"".contains($0) ? "\\\($0)" : "\($0)" }.joined(), candidate.kind)
    }
    return Completions(start..<cursor, escaped)
  }

  private func shellCompletions(_ head: String, from start: Int) -> Completions {
    let first = lastWordStart(head)
    let command = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    let isFirstWord = !trimmed(command).contains { $0.isWhitespace } && command.last?.isWhitespace != true
    if isFirstWord {
      let typed = trimmed(command)
      let begin = head.utf8.count - typed.utf8.count
      let found = PathCompletion.commands(for: typed)
      if !found.isEmpty { return Completions(begin..<head.utf8.count, found) }
    }
    return first < start ? .none(at: head.utf8.count) : pathCompletions(head)
  }

  private func lastWordStart(_ head: String) -> Int {
    let bytes = Array(head.utf8)
    var start = bytes.count
    while start > 0 {
      let isBlank = bytes[start - 1] == UInt8(ascii: " ") || bytes[start - 1] == UInt8(ascii: "\n")
      if isBlank, start < 2 || bytes[start - 2] != UInt8(ascii: "\\") { break }
      start -= 1
    }
    return start
  }
}
