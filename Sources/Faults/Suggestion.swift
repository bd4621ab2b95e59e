/// Names near a misspelt one, nearest first: at most three.
public func nearestNames(to name: String, among candidates: some Sequence<String>) -> [String] {
  let limit = max(1, name.count / 3)
  let scored = Set(candidates).compactMap { candidate -> (Int, String)? in
    // One letter resembles every other letter.
    if candidate == name || (name.count == 1 && candidate.lowercased() != name.lowercased()) { return nil }
    let distance = editDistance(Array(name.lowercased()), Array(candidate.lowercased()), upTo: limit)
    return distance.map { ($0, candidate) }
  }
  return scored.sorted { $0 < $1 }.prefix(3).map(\.1)
}

/// "did you mean `a`, `b` or `c`?", or nil when nothing is near.
public func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String? {
  let near = nearestNames(to: name, among: candidates).map { "`\($0)`" }
  guard let last = near.last else { return nil }
  if near.count == 1 { return "did you mean \(last)?" }
  return "did you mean \(near.dropLast().joined(separator: ", ")) or \(last)?"
}

/// The optimal-string-alignment distance (a swap of neighbours counts as one edit), or nil above the limit.
private func editDistance(_ a: [Character], _ b: [Character], upTo limit: Int) -> Int? {
  if abs(a.count - b.count) > limit { return nil }
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 1...a.count {
    var row = [i]
    for j in 1...b.count {
      var best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
      row.append(best)
    }
    if row.min() ?? 0 > limit { return nil }
    beforeLast = last
    last = row
  }
  return last[b.count] <= limit ? last[b.count] : nil
}
