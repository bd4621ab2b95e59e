/// What the headings of a page have been so far, so that their levels never skip one and their names are unique.
struct Outline {
  /// The text of the first heading of level 1.
  private(set) var title: String?
  /// Whether a heading has asked for level 1.
  private(set) var hasTop = false
  private var level = 0
  private var names: Set<String> = []

  /// The level that a heading gets which asks for one, and its name as the target of links.
  mutating func add(_ wanted: Int, _ text: String) -> (level: Int, id: String) {
    if wanted == 1 { hasTop = true }
    level = min(max(wanted, 1), level + 1)
    if level == 1, title == nil { title = text }
    return (level, unique(text))
  }

  /// A heading below the present one, without becoming the present one.
  mutating func aside(_ text: String) -> (level: Int, id: String) { (min(max(level, 1) + 1, 6), unique(text)) }

  private mutating func unique(_ text: String) -> String {
    let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
    let name = words.isEmpty ? "part" : words.joined(separator: "-")
    var candidate = name, count = 1
    while !names.insert(candidate).inserted {
      count += 1
      candidate = "\(name)-\(count)"
    }
    return candidate
  }
}
