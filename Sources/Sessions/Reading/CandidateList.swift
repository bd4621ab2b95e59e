import Language
import Texts

/// Completion candidates as they stand under the line: in columns, read downwards, with the kind in colour; a single
/// one, or a few with something to say, each on a line with its summary.
struct CandidateList {
  let console: Console

  static let mostWithSummary = 8

  func lines(_ candidates: [Candidate], columns: Int) -> [String] {
    let widest = candidates.map { $0.text.displayWidth }.max() ?? 0
    if candidates.count <= Self.mostWithSummary, candidates.contains(where: { !$0.summary.isEmpty }) {
      return candidates.map { candidate in
        let gap = String(repeating: " ", count: widest - candidate.text.displayWidth + 2)
        let room = max(0, columns - widest - 3)
        return painted(candidate) + gap + console.styled(clipped(candidate.summary, to: room), .faint)
      }
    }
    let cell = widest + 2
    let across = max(1, columns / max(cell, 1))
    let down = (candidates.count + across - 1) / across
    return (0..<down).map { row in
      stride(from: row, to: candidates.count, by: down).map { index in
        let isLast = index + down >= candidates.count
        let gap = isLast ? 0 : cell - (candidates[index].text).displayWidth
        return painted(candidates[index]) + String(repeating: " ", count: gap)
      }.joined()
    }
  }

  private func painted(_ candidate: Candidate) -> String {
    switch candidate.kind {
    case .function, .command: console.styled(candidate.text, .cyan)
    case .module, .folder: console.styled(candidate.text, .blue)
    case .keyword: console.styled(candidate.text, .magenta)
    case .argument: console.styled(candidate.text, .yellow)
    case .unit, .constant: console.styled(candidate.text, .green)
    case .variable, .member, .file, .value: candidate.text
    }
  }
}

/// A text cut to a number of cells, with an ellipsis where it was cut.
func clipped(_ text: String, to cells: Int) -> String {
  if text.displayWidth <= cells { return text }
  var result = ""
  var width = 0
  for character in text {
    width += character.displayWidth
    if width >= cells { break }
    result.append(character)
  }
  return cells > 0 ? result + "…" : ""
}
