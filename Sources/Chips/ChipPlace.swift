// Reading YAML nodes with messages that name the file, the line and the column.

import Faults
import Yams

/// A chip file, as its messages see it.
struct ChipPlace {
  /// The file as a message shows it.
  let file: String

  func fault(_ node: Node, _ problem: String, help: String?) -> Fault { fault(node.mark, problem, help: help) }

  private func fault(_ mark: Mark?, _ problem: String, help: String?) -> Fault {
    let position = mark.map { "line \($0.line), column \($0.column): " } ?? ""
    return Fault(.file, "\(file) does not describe a chip", label: position + problem, help: help)
  }

  /// The parsed text.
  func root(of text: String) throws(Fault) -> Node {
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw fault(error)
    } catch {
      throw fault(nil, "it cannot be read as YAML", help: nil)
    }
    guard let node else { throw fault(nil, "it is empty", help: "a chip file has a name, limits and energies") }
    return node
  }

  private func fault(_ error: YamlError) -> Fault {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return fault(mark, "it is not YAML there: \(problem)", help: "a text with `: ` or `#` in it needs quotes")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "`\(visible($0))`" }.joined(separator: ", ")
      return fault(context.mark, "\(names) is given twice", help: "keep one of them")
    case .reader(let problem, _, _, _): return fault(nil, "it is not YAML: \(problem)", help: nil)
    default: return fault(nil, "it cannot be read as YAML", help: nil)
    }
  }

  /// What a node is, for a message.
  func found(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "`\(visible(scalar.string))`"
    case .mapping: "a map"
    case .sequence: "a list"
    default: "an alias"
    }
  }

  /// At most 40 characters, control characters made harmless.
  private func visible(_ text: String) -> String {
    let shown = String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    return shown.count > 40 ? shown.prefix(40) + "…" : shown
  }

  private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 32 || (0x7f..<0xa0).contains(scalar.value) || (0x2028...0x202e).contains(scalar.value)
  }

  func pairs(of node: Node, _ subject: String) throws(Fault) -> [(key: Node, value: Node)] {
    guard case .mapping(let mapping) = node else {
      throw fault(node, "\(subject) is \(found(node)), keys with values are expected", help: nil)
    }
    return mapping.map { ($0.key, $0.value) }
  }

  /// The values of a map by key, where each key is one of `keys`.
  func fields(of node: Node, _ subject: String, keys: [String]) throws(Fault) -> [String: Node] {
    var fields: [String: Node] = [:]
    for (keyNode, value) in try pairs(of: node, subject) {
      guard case .scalar(let scalar) = keyNode else {
        throw fault(keyNode, "\(found(keyNode)) is no key", help: nil)
      }
      guard keys.contains(scalar.string) else {
        throw fault(
          keyNode, "\(subject) has no key `\(visible(scalar.string))`",
          help: didYouMean(visible(scalar.string), among: keys) ?? "its keys are \(keys.joined(separator: ", "))")
      }
      fields[scalar.string] = value
    }
    return fields
  }

  /// A text that is not empty, on one line, without what a terminal would obey.
  func text(_ node: Node, _ subject: String) throws(Fault) -> String {
    guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
      throw fault(node, "`\(subject)` is \(found(node)), a text is expected", help: nil)
    }
    var words = scalar.string.split { $0.isNewline }.joined(separator: " ")[...]
    while words.last == " " { words.removeLast() }
    if words.unicodeScalars.contains(where: isControl) {
      throw fault(node, "`\(subject)` holds a control character", help: nil)
    }
    return String(words)
  }

  func flag(_ node: Node, _ subject: String) throws(Fault) -> Bool {
    switch try text(node, subject) {
    case "true": return true
    case "false": return false
    default: throw fault(node, "`\(subject)` is \(found(node)), `true` or `false` is expected", help: nil)
    }
  }

  /// Whether a value says that there is nothing.
  func isNone(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node else { return false }
    return ["none", "null", "~"].contains(scalar.string)
  }
}
