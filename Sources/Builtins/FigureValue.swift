// Figures as values of the language: drawn where they are made, kept where they are bound, saved where they are asked.

import Faults
import Machine
import Plots

/// A figure that a program holds.
public final class FigureValue: ForeignValue {
  public static let typeName = "figure"
  public let figure: Figure

  public init(_ figure: Figure) { self.figure = figure }

  public var summary: String {
    let kind =
      switch figure.content {
      case .curves(let plot): plot.drawsLines ? "line" : "scatter"
      case .raster: "raster"
      case .heatmap: "heatmap"
      case .confusion: "confusion"
      case .histogram: "histogram"
      case .bars(let plot): plot.mark == .dot ? "dots" : "bar"
      case .mesh: "cores"
      }
    return figure.title.isEmpty ? "figure (\(kind))" : "figure (\(kind), \"\(figure.title)\")"
  }

  /// Terminal text of at most 100 columns: wider figures are harder to read, not easier.
  public func display(_ style: DisplayStyle) -> String {
    figure.terminalText(TerminalOptions(width: min(style.width, 100), color: style.usesColour))
  }

  public var richForm: RichForm? {
    let figure = figure
    return .picture(
      title: figure.title, svg: { width in figure.svg(width: width, height: min(max(width * 0.6, 280), 400)) },
      data: { figure.csv })
  }

  public var memberNames: [String] { ["title", "svg", "text"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "title": .string(figure.title)
    case "svg": .string(figure.svg())
    case "text": .string(figure.terminalText())
    default: nil
    }
  }

  public func isEqual(to other: any ForeignValue) -> Bool { (other as? FigureValue)?.figure == figure }
}

/// The figure or description that a session showed last, so that the prompt need not echo it a second time.
public final class ShownValue {
  /// Owned.
  private var last = Value.nil

  deinit { last.release() }

  private static func of(_ machine: Machine) -> ShownValue {
    let key = ObjectIdentifier(ShownValue.self)
    if let known = machine.state[key] as? ShownValue { return known }
    let made = ShownValue()
    machine.state[key] = made
    return made
  }

  /// Takes note of a value whose text was shown, and gives it back.
  static func keep(_ value: Value, on machine: Machine) -> Value {
    let state = of(machine)
    state.last.release()
    state.last = value.retained()
    return value
  }

  /// Shows a figure on the machine's output, and gives it as a value.
  static func show(_ figure: FigureValue, on machine: Machine) -> Value {
    machine.output.show(figure)
    return keep(.foreign(figure), on: machine)
  }

  /// Whether a value is the one that was shown last; asking forgets it.
  public static func takeIsShown(_ value: Value, on machine: Machine) -> Bool {
    let state = of(machine)
    defer {
      state.last.release()
      state.last = .nil
    }
    return !value.isNil && value.isSameObject(as: state.last)
  }
}
