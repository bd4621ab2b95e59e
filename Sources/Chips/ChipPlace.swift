// Reading YAML nodes with messages that name the file, the line and the column.

import Faults
import Libraries

/// A chip file, as its messages see it.
struct ChipPlace {
  /// The file as a message shows it.
  let file: String

  func fault(_ node: YAMLNode, _ problem: String, help: String?) -> Fault {
    fault("line \(node.line), column \(node.column): \(problem)", help: help)
  }

  private func fault(_ label: String, help: String?) -> Fault {
    Fault(.file, "\(file) does not describe a chip", label: label, help: help)
  }

  /// The parsed text.
  func root(of text: String) throws(Fault) -> YAMLNode {
    let yaml = try YAML()
    let node: YAMLNode?
    do throws(YAMLProblem) {
      node = try yaml.document(text)
    } catch {
      throw fault(
        "line \(error.line), column \(error.column): it is not YAML there: \(visible(error.text))",
        help: "a text with `: ` or `#` in it needs quotes")
    }
    guard let node else { throw fault("it is empty", help: "a chip file has a name, limits and energies") }
    return node
  }

  /// What a node is, for a message.
  func found(_ node: YAMLNode) -> String {
    switch node.value {
    case .scalar(let text): text.isEmpty ? "empty" : "`\(visible(text))`"
    case .mapping: "a map"
    case .sequence: "a list"
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

  func pairs(of node: YAMLNode, _ subject: String) throws(Fault) -> [(key: YAMLNode, value: YAMLNode)] {
    guard case .mapping(let pairs) = node.value else {
      throw fault(node, "\(subject) is \(found(node)), keys with values are expected", help: nil)
    }
    return pairs
  }

  /// The values of a map by key, where each key is one of `keys`.
  func fields(of node: YAMLNode, _ subject: String, keys: [String]) throws(Fault) -> [String: YAMLNode] {
    var fields: [String: YAMLNode] = [:]
    for (keyNode, value) in try pairs(of: node, subject) {
      guard case .scalar(let key) = keyNode.value else {
        throw fault(keyNode, "\(found(keyNode)) is no key", help: nil)
      }
      guard keys.contains(key) else {
        throw fault(
          keyNode, "\(subject) has no key `\(visible(key))`",
          help: didYouMean(visible(key), among: keys) ?? "its keys are \(keys.joined(separator: ", "))")
      }
      fields[key] = value
    }
    return fields
  }

  /// A text that is not empty, on one line, without what a terminal would obey.
  func text(_ node: YAMLNode, _ subject: String) throws(Fault) -> String {
    guard case .scalar(let written) = node.value, !written.isEmpty else {
      throw fault(node, "`\(subject)` is \(found(node)), a text is expected", help: nil)
    }
    var words = written.split { $0.isNewline }.joined(separator: " ")[...]
    while words.last == " " { words.removeLast() }
    if words.unicodeScalars.contains(where: isControl) {
      throw fault(node, "`\(subject)` holds a control character", help: nil)
    }
    return String(words)
  }

  func flag(_ node: YAMLNode, _ subject: String) throws(Fault) -> Bool {
    switch try text(node, subject) {
    case "true": return true
    case "false": return false
    default: throw fault(node, "`\(subject)` is \(found(node)), `true` or `false` is expected", help: nil)
    }
  }

  /// Whether a value says that there is nothing.
  func isNone(_ node: YAMLNode) -> Bool {
    guard case .scalar(let text) = node.value else { return false }
    return ["none", "null", "~"].contains(text)
  }
}
