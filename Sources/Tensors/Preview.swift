// How a tensor looks on a line: its head and its tail, never a wall of numbers.

extension Tensor {
  /// Up to about 80 columns of `preview(maximumWidth:)`.
  public var preview: String { preview(maximumWidth: 80) }

  /// Tensors of several axes with at most so many elements are shown whole.
  private static var mostWhole: Int { 48 }

  /// The elements in nested brackets with four significant digits, the middle of long axes shown as `…`; a mask
  /// shows `true` and `false`. Fewer elements of each axis are shown until the text fits.
  ///
  /// - Parameter write: writes an element in another way.
  public func preview(maximumWidth: Int, writing write: ((Double) -> String)? = nil) -> String {
    if rank > 1, count <= Self.mostWhole { return preview(edge: Self.mostWhole, write) }
    var text = ""
    for edge in stride(from: 6, through: 1, by: -1) {
      text = preview(edge: edge, write)
      if text.count <= maximumWidth { return text }
    }
    return text.count <= 4 * max(maximumWidth, 20) ? text : "[…]"
  }

  private func preview(edge: Int, _ write: ((Double) -> String)?) -> String {
    var text = ""
    appendPreview(&text, axis: 0, start: 0, edge: edge, write)
    return text
  }

  /// As deep as there are axes, which `Shape` keeps few enough in practice: beyond eight only the outermost are opened.
  private func appendPreview(_ text: inout String, axis: Int, start: Int, edge: Int, _ write: ((Double) -> String)?) {
    if axis == rank {
      text += isMask ? elementText(base[start]) : write?(Double(base[start])) ?? elementText(base[start])
      return
    }
    if axis >= 8 {
      text += "…"
      return
    }
    let size = shape[axis]
    let step = shape[(axis + 1)...].reduce(1, *)
    text += "["
    var place = 0
    while place < size {
      if place > 0 { text += ", " }
      if size > 2 * edge, place == edge {
        text += "…"
        place = size - edge
        continue
      }
      appendPreview(&text, axis: axis + 1, start: start + place * step, edge: edge, write)
      place += 1
    }
    text += "]"
  }

  func elementText(_ value: Float) -> String {
    if isMask { return value != 0 ? "true" : "false" }
    if value.magnitude < 1e10, let whole = Int(exactly: value) { return "\(whole)." }
    return NumberText.significant(Double(value), digits: 4)
  }
}
