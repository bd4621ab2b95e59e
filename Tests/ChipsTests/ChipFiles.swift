import Chips
import Faults
import Glibc

/// Chip files for tests: those of the stdlib, and a small one to bend.
enum ChipFiles {
  static let names = ["loihi1", "loihi1_fitted", "loihi2", "truenorth", "spinnaker", "edge_cpu", "gpu"]

  static func text(_ name: String) -> String {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    guard let file = fopen(parts.joined(separator: "/") + "/stdlib/chips/\(name).yaml", "rb") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// A chip of the stdlib.
  static func chip(_ name: String) throws(Fault) -> Chip {
    try read(text(name))
  }

  /// A chip from a text, which may be based on those of the stdlib.
  static func read(_ text: String) throws(Fault) -> Chip {
    try readChip(text, name: "`mine.yaml`", baseNames: names) { (base) throws(Fault) in
      names.contains(base) ? try chip(base) : nil
    }
  }

  /// A chip file with all that is needed and no more.
  static let small = """
    name: small
    mesh:
      columns: {value: 2, grade: published, source: a test}
      rows: {value: 1, grade: published, source: a test}
      cores_per_tile: {value: 1, grade: published, source: a test}
      chips: {value: 1, grade: published, source: a test}
    limits:
      neurons: {value: 4, grade: published, source: a test}
      synapses: {value: 64, grade: published, source: a test}
    synapses:
      weight_bits: {value: 8, grade: published, source: a test}
      index_bits: {value: 0, grade: published, source: a test}
      axon_bits: {value: 0, grade: published, source: a test}
      word_bits: {value: 8, grade: published, source: a test}
    energy:
      synaptic_operation: {value: 20 pJ, grade: published, source: a test}
    time:
      synaptic_operation: {value: 3.5 ns, grade: published, source: a test}
    """

  /// The small chip file with each pair of texts exchanged.
  static func small(_ changes: (String, String)...) -> String {
    var text = small
    for (old, new) in changes {
      guard let range = range(of: old, in: text) else { return "missing: \(old)" }
      text.replaceSubrange(range, with: new)
    }
    return text
  }

  private static func range(of part: String, in text: String) -> Range<String.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
      start = text.index(after: start)
    }
    return nil
  }
}
