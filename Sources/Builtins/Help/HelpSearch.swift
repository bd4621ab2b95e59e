import Machine

/// A search through names and documentation, by words as people say them: "average" finds `mean`, "learning rate" finds `lr`.
public struct HelpSearch {
  /// For each part of the question, the words of which one must be found.
  private let parts: [[String]]
  private let phrase: String

  public init(_ question: String) {
    phrase = question.lowercased().split { $0 == " " }.joined(separator: " ")
    var rest = Self.words(phrase)[...]
    var parts: [[String]] = []
    while let first = rest.first {
      // What two words say together, such as "standard deviation", is looked up before each alone.
      if let second = rest.dropFirst().first, let known = Self.synonyms["\(first) \(second)"] {
        parts.append(known)
        rest = rest.dropFirst(2)
        continue
      }
      if !Self.fillers.contains(first) || parts.isEmpty && rest.count == 1 {
        let stem = Self.stem(first)
        parts.append([stem] + (Self.synonyms[first] ?? Self.synonyms[stem] ?? []))
      }
      rest = rest.dropFirst()
    }
    self.parts = parts
  }

  /// How well an entry fits; nil where it lacks a part of the question.
  public func score(_ entry: HelpEntry) -> Int? {
    let name = entry.name.lowercased()
    if name == phrase || entry.aliases.contains(phrase) { return 10_000 }
    if parts.isEmpty { return phrase.isEmpty || !name.contains(phrase) && !entry.text.contains(phrase) ? nil : 1 }
    let nameWords = Self.words(name) + entry.aliases, summary = Self.words(entry.summary.lowercased())
    let text = Self.words((entry.text + " " + entry.keywords).lowercased())
    var total = 0
    for part in parts {
      var best = 0
      for (order, word) in part.enumerated() {
        // What was asked for counts for more than what may stand for it.
        let weight = order == 0 ? 2 : 1
        if nameWords.contains(word) { best = max(best, 100 * weight) }
        if word.count > 2, name.contains(word) { best = max(best, 40 * weight) }
        if summary.contains(where: { Self.fits($0, word) }) { best = max(best, 10 * weight) }
        if text.contains(where: { Self.fits($0, word) }) { best = max(best, 3 * weight) }
      }
      if best == 0 { return nil }
      total += best
    }
    return total
  }

  /// The entries that fit, the best first; of equal ones by name.
  public func found(among entries: [HelpEntry]) -> [HelpEntry] {
    entries.compactMap { entry in score(entry).map { (score: $0, entry: entry) } }
      .sorted { ($1.score, $0.entry.name) < ($0.score, $1.entry.name) }.map(\.entry)
  }

  private static func words(_ text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || "@^|>".contains($0)) }.map(String.init)
  }

  private static func fits(_ word: String, _ asked: String) -> Bool {
    asked.count > 2 ? word.hasPrefix(asked) : word == asked
  }

  /// A word without the ending of a plural or of a verb.
  private static func stem(_ word: String) -> String {
    for ending in ["ing", "es", "s"] where word.count > ending.count + 3 && word.hasSuffix(ending) && !word.hasSuffix("ss") {
      return String(word.dropLast(ending.count))
    }
    return word
  }

  private static let fillers: Set<String> = [
    "a", "an", "and", "can", "do", "does", "for", "from", "how", "i", "in", "into", "is", "it", "make", "my", "of", "on", "one", "the",
    "to", "what", "with",
  ]
}

extension Library {
  /// Everything whose name or documentation fits a question, the best first.
  public func search(_ question: String) -> [HelpEntry] { HelpSearch(question).found(among: helpEntries) }
}
