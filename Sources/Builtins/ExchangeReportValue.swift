// What became of a network in another tool's file, as a value of the language.

import Exchange
import Faults
import Language
import Machine
import Texts

/// The report of a saved file.
public struct ExchangeReportValue: ForeignValue {
  public static let typeName = "exchange report"
  public let report: ExchangeReport

  public init(_ report: ExchangeReport) { self.report = report }

  public var summary: String { "\(report.path) for \(report.title): \(verdict)" }

  private var verdict: String {
    let agreement = report.agreement
    let later = agreement.lag == 0 ? "" : ", \(counted(agreement.lag, "step")) later"
    if report.isSame { return "the same output\(later)" }
    if agreement.different == 0 { return "the same output in what was run\(later)" }
    return "\(formatted(agreement.share * 100, "f", digits: 1))% of the output's spikes are the same\(later)"
  }

  public func display(_ style: DisplayStyle) -> String {
    var lines = [head, ""]
    lines += table.text(maximumWidth: style.width).split(separator: "\n").map(String.init)
    return (lines + [""] + notes).joined(separator: "\n")
  }

  public var richForm: RichForm? {
    let notes = ([head] + notes).map { "<p class=\"note\">\($0.escapedForMarkup)</p>" }
    return .markup(([notes[0], table.html] + notes.dropFirst()).joined(separator: "\n"))
  }

  private var head: String {
    let step = report.seconds.map { "steps of \(QuantityText.text($0, .time))" } ?? "time constants in steps"
    return "\(report.path) for \(report.title), \(step)"
  }

  private var table: TextTable {
    func text(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: false) }
    let rows = report.rows.map { row in
      [
        text(row.layer), text(row.node.isEmpty ? "left out" : row.node),
        text(row.differences.isEmpty ? "the same" : row.differences.joined(separator: "; ")),
      ]
    }
    return TextTable(header: ["layer", "node", "there"], rows: rows)
  }

  private var notes: [String] {
    let agreement = report.agreement
    let runs = "on \(counted(agreement.samples, "sample")) of \(counted(agreement.steps, "step")), every second input firing"
    return [
      "\(verdict), \(runs): \(agreement.here) here, \(agreement.there) there, \(agreement.different) differ"
    ] + report.notes
  }

  public var memberNames: [String] {
    ["path", "tool", "step", "layers", "same", "agreement", "lag", "spikes_here", "spikes_there", "different", "notes"]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "path": .string(report.path)
    case "tool": .string(report.tool)
    case "step": report.seconds.map { .quantity($0, .time) } ?? .nil
    case "layers":
      .list(
        report.rows.map { row in
          .map([
            ("layer", .string(row.layer)), ("node", .string(row.node)),
            ("same", .bool(row.isSame)), ("differences", .list(row.differences.map { .string($0) })),
          ])
        })
    case "same": .bool(report.isSame)
    case "agreement": .float(report.agreement.share)
    case "lag": .int(report.agreement.lag)
    case "spikes_here": .int(report.agreement.here)
    case "spikes_there": .int(report.agreement.there)
    case "different": .int(report.agreement.different)
    case "notes": .list(report.notes.map { .string($0) })
    default: nil
    }
  }
}
