/// One walk through the history while a line is edited. What was typed is the walk's prefix: only entries that begin
/// with it are visited, each text once, and coming down again brings back what was typed.
struct HistoryNavigator {
  private let entries: [String]
  private var position: Int
  private var typed = ""
  private var visited: [Int] = []

  init(_ entries: [String]) {
    self.entries = entries
    position = entries.count
  }

  private var isWalking: Bool { position < entries.count }

  /// Whether the text is still what the walk showed last; a text changed since begins a new walk.
  private func isShowing(_ text: String) -> Bool { isWalking && entries[position] == text }

  mutating func older(than text: String) -> String? {
    if !isShowing(text) {
      typed = text
      position = entries.count
      visited = []
    }
    var candidate = position - 1
    let shown = Set(visited.map { entries[$0] })
    while candidate >= 0 {
      let entry = entries[candidate]
      if entry != typed, entry.hasPrefix(typed), !shown.contains(entry) {
        visited.append(candidate)
        position = candidate
        return entry
      }
      candidate -= 1
    }
    return nil
  }

  mutating func newer(than text: String) -> String? {
    guard isShowing(text) else { return nil }
    visited.removeLast()
    position = visited.last ?? entries.count
    return isWalking ? entries[position] : typed
  }
}

/// An incremental search: each key narrows it, and it can go on to older and newer matches.
struct HistorySearch {
  private let entries: [String]
  private(set) var pattern = ""
  /// The entry that matches now.
  private(set) var found: Int?
  private(set) var hasFailed = false

  init(_ entries: [String]) { self.entries = entries }

  var match: String? { found.map { entries[$0] } }

  /// Where the pattern stands in the match, in Unicode scalars.
  var matchOffset: Int? {
    guard let match else { return nil }
    return offset(of: pattern, in: match)
  }

  mutating func extend(_ scalar: Unicode.Scalar) {
    pattern.unicodeScalars.append(scalar)
    search(from: found ?? entries.count - 1, by: -1)
  }

  mutating func shorten() {
    if pattern.isEmpty { return }
    pattern.unicodeScalars.removeLast()
    found = nil
    hasFailed = false
    if !pattern.isEmpty { search(from: entries.count - 1, by: -1) }
  }

  mutating func older() { search(from: (found ?? entries.count) - 1, by: -1) }

  mutating func newer() {
    guard let found else { return }
    search(from: found + 1, by: 1)
  }

  /// Starts over with a pattern, as a second Ctrl-R on an empty search does.
  mutating func restart(_ newPattern: String) {
    pattern = newPattern
    found = nil
    search(from: entries.count - 1, by: -1)
  }

  private mutating func search(from start: Int, by step: Int) {
    let current = match
    var index = start
    while index >= 0, index < entries.count {
      if offset(of: pattern, in: entries[index]) != nil, index == found || entries[index] != current {
        found = index
        hasFailed = false
        return
      }
      index += step
    }
    hasFailed = true
  }

  /// Capitals matter only where the pattern has some.
  private func offset(of pattern: String, in text: String) -> Int? {
    let exact = pattern.contains(where: \.isUppercase)
    let needle = Array((exact ? pattern : pattern.lowercased()).unicodeScalars)
    let hay = Array((exact ? text : text.lowercased()).unicodeScalars)
    if needle.isEmpty { return nil }
    guard hay.count >= needle.count else { return nil }
    return (0...hay.count - needle.count).first { hay[$0..<$0 + needle.count].elementsEqual(needle) }
  }
}
