// What NIR has no field for, noted in a file beside the graph.

import Faults

/// For single nodes, how the neurons that were written fire, where the tool that they were written for fires otherwise.
/// No other tool reads it.
public struct SteppingMarks: Sendable, Equatable {
  public struct Mark: Sendable, Equatable {
    public enum Reset: String, Sendable {
      case to, subtract, later, held, blank
    }

    public var reset: Reset
    /// What the potential becomes, or what is taken off, in thresholds.
    public var amount: Double
    public var isStrict: Bool
    public var isMultiple: Bool
    public var isLate: Bool
    public var isBounded: Bool
  }

  public var marks: [String: Mark] = [:]

  public init() {}

  /// Lets neurons that a tool's profile made of a node fire as they did where they came from.
  func apply(to neuron: inout SteppedNeuron, _ name: String) {
    guard let mark = marks[name], var firing = neuron.firing else { return }
    if firing.isStrict != mark.isStrict {
      // One 32-bit float lies between a threshold that is reached and one that is passed.
      firing.threshold = firing.threshold.map { Double(firing.isStrict ? Float($0).nextUp : Float($0).nextDown) }
      firing.isStrict = mark.isStrict
    }
    let amount = firing.threshold * PerNeuron(mark.amount)
    firing.reset =
      switch mark.reset {
      case .to: .to(amount)
      case .subtract: .subtract(amount)
      case .later: .subtractLater(amount)
      case .held: .subtractHeld(amount)
      case .blank: .blank
      }
    (firing.isMultiple, firing.isLate) = (mark.isMultiple, mark.isLate)
    neuron.firing = firing
    if !mark.isBounded { neuron.floor = nil }
  }

  /// One line for each node: its name at the end, which may hold blanks.
  public var lines: [String] {
    marks.sorted { $0.key < $1.key }.map { name, mark in
      func bit(_ value: Bool) -> String { value ? "1" : "0" }
      return "\(mark.reset.rawValue) \(mark.amount) \(bit(mark.isStrict)) \(bit(mark.isMultiple)) \(bit(mark.isLate)) "
        + "\(bit(mark.isBounded)) \(name)"
    }
  }

  /// - Throws: `.value` for a line of another form.
  public init(lines: [String]) throws(Fault) {
    for line in lines {
      let words = line.split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false).map(String.init)
      guard words.count == 7, let reset = Mark.Reset(rawValue: words[0]), let amount = Double(words[1]), amount.isFinite,
        words[2..<6].allSatisfy({ $0 == "0" || $0 == "1" })
      else {
        throw Fault(.value, "what this program noted beside the graph cannot be read", label: "it says `\(line.prefix(60))`")
      }
      let bits = words[2..<6].map { $0 == "1" }
      marks[words[6]] = Mark(
        reset: reset, amount: amount, isStrict: bits[0], isMultiple: bits[1], isLate: bits[2], isBounded: bits[3])
    }
  }
}
