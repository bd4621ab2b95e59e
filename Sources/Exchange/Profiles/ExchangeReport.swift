// What became of a network in another tool's file.

import Faults

/// What a written file says to the tool that it was written for, and what it cannot say.
public struct ExchangeReport: Sendable {
  /// One layer and the node that it became.
  public struct Row: Sendable {
    public var layer: String
    /// The node's name and kind; empty for a layer that needs none.
    public var node: String
    /// What the tool does otherwise there, in words.
    public var differences: [String]
    /// Whether the spikes are the same there, later perhaps.
    public var isSame = true
  }

  /// How far the spikes of the tool are those of the network.
  public struct Agreement: Sendable {
    /// How many samples of how many steps were run.
    public var samples: Int
    public var steps: Int
    /// By how many steps the tool answers later.
    public var lag: Int
    /// The numbers that left the last layer here and there that are not 0, and those that differ.
    public var here: Int
    public var there: Int
    public var different: Int

    /// Of all spikes here or there, those that are in both: 1 where all are.
    public var share: Double {
      let common = max(0, here + there - different)
      let all = common + 2 * different
      return all == 0 ? 1 : Double(common) / Double(all)
    }
  }

  public var path: String
  public var tool: String
  public var title: String
  /// Seconds a step, or nil where time constants count steps.
  public var seconds: Double?
  public var rows: [Row]
  public var agreement: Agreement
  public var notes: [String]

  /// Whether the tool gives the same spikes, later perhaps: no layer does anything else, and none was seen to differ.
  public var isSame: Bool { rows.allSatisfy(\.isSame) && agreement.different == 0 }
}
