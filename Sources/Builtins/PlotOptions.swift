// The arguments that every plot takes: its title, its axes' labels, and whether to show it at once.

import Faults
import Language
import Machine
import Plots

/// The common arguments of plots, which stand behind a plot's own.
struct PlotOptions {
  let title: String
  let x: String
  let y: String
  let isShown: Bool

  /// Values to mark; a plot that has them puts this behind its own arguments.
  static let marks = BuiltinParameter.optional(
    "marks", .map, default: "nil", "values to mark with a line across the figure, by name: {\"paper\": 4.7}")

  /// What an axis covers at least; a plot that has it puts this behind its marks.
  static let yRange = range("y_range", "vertical")
  static let xRange = range("x_range", "horizontal")

  private static func range(_ name: String, _ axis: String) -> BuiltinParameter {
    .optional(
      name, .list | .tuple, default: "that of the data",
      "two values that the \(axis) axis covers at least: give figures that are to be compared the same")
  }

  static func parameters(x: String = "\"\"", y: String = "\"\"") -> [BuiltinParameter] {
    [
      .optional("title", .string, default: "\"\"", "what the figure shows"),
      .optional("x", .string, default: x, "what the horizontal axis measures, with its unit"),
      .optional("y", .string, default: y, "what the vertical axis measures, with its unit"),
      .optional("show", .bool, default: "true", "whether to show the figure at once"),
    ]
  }

  /// Reads the arguments from a position on.
  init(_ call: Call, from first: Int, x: String = "", y: String = "") throws(Fault) {
    title = try call.string(first, default: "")
    self.x = try call.string(first + 1, default: x)
    self.y = try call.string(first + 2, default: y)
    isShown = try call.bool(first + 3, default: true)
  }

  /// Makes the figure, shows it unless told otherwise, and gives it as a value.
  func finish(_ content: Figure.Content, _ call: Call, xUnit: String? = nil, yUnit: String? = nil) throws(Fault) -> Value {
    let content = call.machine.withColours(content)
    let figure = Figure(content, title: title, xLabel: Self.label(x, xUnit), yLabel: Self.label(y, yUnit))
    let value = FigureValue(figure)
    let shown = isShown ? ShownValue.show(value, on: call.machine) : .foreign(value)
    do throws(Fault) {
      try Interrupt.check()
    } catch {
      shown.release()
      throw error
    }
    return shown
  }

  /// A label with its unit, where it does not name one already.
  private static func label(_ text: String, _ unit: String?) -> String {
    guard let unit, !text.contains("(") else { return text }
    return text.isEmpty ? unit : "\(text) (\(unit))"
  }
}

extension Call {
  /// The two values of a range that an axis must cover, in the unit of the axis where it has one; none when left out.
  func plotRange(_ index: Int, unit: String?) throws(Fault) -> [Double] {
    guard has(index), !self[index].isNil else { return [] }
    let elements = try elements(index)
    let values = elements.compactMap { value -> Double? in
      if let number = value.asNumber { return number }
      guard let quantity = value.asQuantity, let unit = unit.flatMap({ units[$0] }), unit.dimension == quantity.dimension
      else { return nil }
      return quantity.amount / unit.scale
    }
    guard elements.count == 2, values.count == 2, values.allSatisfy(\.isFinite), values[0] < values[1] else {
      throw wrong(index, "must be two values, the lower first", help: "for example (0, 100)")
    }
    return values
  }

  /// Stretches of the horizontal axis, each a pair of its ends.
  func plotShades(_ index: Int) throws(Fault) -> [Shade] {
    guard has(index), !self[index].isNil else { return [] }
    var shades: [Shade] = []
    for element in try elements(index) {
      let ends = element.elements?.compactMap(\.asNumber) ?? []
      guard ends.count == 2, element.elements?.count == 2, ends.allSatisfy(\.isFinite), ends[0] < ends[1] else {
        throw wrong(
          index, "must hold pairs of numbers, the lower first", kind: .type,
          help: "for example [(0, 20), (40, 60)]; found \(element.description(of: .kind))")
      }
      shades.append(Shade(ends[0], ends[1]))
    }
    return shades
  }

  /// Values to mark with a line across the figure: a map from their names, in the unit of the axis where it has one.
  func plotMarks(_ index: Int, unit: String?) throws(Fault) -> [ReferenceLine] {
    guard has(index), !self[index].isNil, let map = self[index].asMap else { return [] }
    var marks: [ReferenceLine] = []
    for pair in map.pairs {
      let name = pair.key.description(of: .plain)
      if let number = pair.value.asNumber {
        marks.append(ReferenceLine(number, name: name))
      } else if let quantity = pair.value.asQuantity, let unit = unit.flatMap({ units[$0] }),
        unit.dimension == quantity.dimension
      {
        marks.append(ReferenceLine(quantity.amount / unit.scale, name: name))
      } else {
        throw wrong(
          index, "must hold numbers, or quantities of the axis' dimension", kind: .type,
          help: "`\(name)` is \(pair.value.description(of: .kind))")
      }
    }
    return marks
  }
}
