// Series of several channels with what they are of: what readers of motion data give.

/// Windows or whole series of one length, with classes or numbers to come to.
public struct SeriesSet: Equatable, Sendable {
  public var name: String
  /// `[series, time, channels]`; nan where a series has no value.
  public var values: [Float]
  public var steps: Int
  public var channels: Int
  /// The class of each series; empty where there are targets.
  public var labels: [Int]
  public var classNames: [String]
  /// A number for each series, where it has no class.
  public var targets: [Float]
  /// Who moved; empty where nothing says.
  public var groups: [String]

  public var count: Int { max(labels.count, targets.count) }

  public init(
    name: String, values: [Float], steps: Int, channels: Int, labels: [Int], classNames: [String], targets: [Float] = [], groups: [String] = []
  ) {
    (self.name, self.values, self.steps, self.channels) = (name, values, steps, channels)
    (self.labels, self.classNames, self.targets, self.groups) = (labels, classNames, targets, groups)
  }
}
