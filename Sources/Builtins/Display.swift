import Faults
import Language
import Machine
import Tensors
import Texts

/// A value as the prompt echoes it, and as `describe` shows it: shape, unit and a preview, never a wall of numbers.
public func display(_ value: Value, style: DisplayStyle, isDescription: Bool = false) -> String {
  switch value.tag {
  case .tensor:
    guard let tensor = value.asTensor else { return "" }
    if tensor.rank == 0 { return tensor.preview(maximumWidth: style.width) }
    return "tensor \(Shape.text(tensor.shape))\(tensor.isMask ? " of bools" : "")\n\(tensor.page(maximumWidth: style.width))"
  case .spikes: return value.asSpikes.map { spikesDisplay($0, style: style) } ?? ""
  case .list, .tuple:
    let count = value.elements?.count ?? 0
    let text = clipped(value.description(of: .quoted), style.width * 4)
    return isDescription ? "\(value.typeName) of \(count): \(text)" : text
  case .map:
    guard let map = value.asMap else { return "" }
    // A map that does not fit on a line shows a key a line.
    let text = value.description(of: .quoted)
    if !isDescription, text.count <= style.width { return text }
    let lines = map.pairs.prefix(map.count <= mostKeys ? mostKeys : mostKeys / 2).map { pair in
      "  \(pair.key.description(of: .plain)): \(clipped(pair.value.description(of: .quoted), style.width))"
    }
    let rest = map.count > lines.count ? ["  … \(groupedDigits(map.count - lines.count)) more"] : []
    return (["map of \(map.count):"] + lines + rest).joined(separator: "\n")
  case .native: return value.asBuiltin.map { builtinHelp($0) } ?? ""
  case .foreign: return value.asForeign?.display(style) ?? ""
  case .string: return isDescription ? "string of \(value.asString?.count ?? 0): \(clipped(value.description(of: .quoted), style.width * 4))" : clipped(value.description(of: .quoted), style.width * 10)
  default:
    let text = value.description(of: .quoted)
    return isDescription ? "\(value.typeName): \(text)" : text
  }
}

/// Maps with more keys are shown in part.
private let mostKeys = 200

private func clipped(_ text: String, _ width: Int) -> String {
  text.count <= width ? text : "\(text.prefix(width / 2)) … \(text.suffix(width / 4))"
}

/// Spikes as their density and a strip of the first sample's raster: a column a step, a row a feature.
func spikesDisplay(_ spikes: Spikes, style: DisplayStyle) -> String {
  let percent = formatted(spikes.density * 100, "f", digits: 1)
  let head = "spikes \(Shape.text(spikes.shape)): \(counted(spikes.total, "spike")), density \(percent)%"
  guard spikes.steps > 0, spikes.batch > 0, spikes.features > 0 else { return head }
  let columns = min(spikes.steps, max(10, style.width - 4))
  let rows = min(spikes.features, 8)
  var strip = [[Bool]](repeating: [Bool](repeating: false, count: columns), count: rows)
  for step in 0..<columns {
    spikes.forEachActive(step: step, sample: 0) { feature in if feature < rows { strip[feature][step] = true } }
  }
  let lines = strip.map { row in "  " + row.map { $0 ? "|" : "·" }.joined() }
  let isCut = rows < spikes.features || columns < spikes.steps
  let note = isCut ? ["  … \(counted(spikes.features, "feature")), \(counted(spikes.steps, "step"))"] : []
  return ([head] + lines + note).joined(separator: "\n")
}

/// A builtin's help: signature, documentation, parameters, example.
public func builtinHelp(_ builtin: Builtin) -> String {
  var lines = [builtin.signature, "", builtin.documentation]
  if !builtin.parameters.isEmpty {
    lines.append("")
    let width = builtin.parameters.map { $0.signature.displayWidth }.max() ?? 0
    for parameter in builtin.parameters {
      let padding = String(repeating: " ", count: width - parameter.signature.displayWidth)
      lines.append("  \(parameter.signature)\(padding)  \(parameter.documentation) (\(parameter.kind.name))")
    }
  }
  if !builtin.example.isEmpty { lines += ["", "Example:"] + builtin.example.split(separator: "\n").map { "  \($0)" } }
  return lines.joined(separator: "\n")
}
