// The one place where a way of mapping is defined: conform a type in a file of its own, and name it here.

import Faults

/// A way of dividing a network among cores and of laying the cores on the mesh.
public protocol MappingStrategy: Sendable {
  /// As scripts name it.
  static var name: String { get }
  init()
  /// A mapping that keeps every limit.
  ///
  /// - Throws: `.limit` for what does not fit; `.interrupt` when the user stops before there is any mapping.
  func place(_ problem: PlacementProblem) throws(Fault) -> PlacedMapping
}

/// All strategies, the baseline first.
public let mappingStrategies: [any MappingStrategy.Type] = [SequentialStrategy.self, JointStrategy.self]

/// The strategy of a name.
///
/// - Throws: `.value` for a name that no strategy has.
public func mappingStrategy(_ name: String) throws(Fault) -> any MappingStrategy {
  if let type = mappingStrategies.first(where: { $0.name == name }) { return type.init() }
  let names = mappingStrategies.map { $0.name }
  throw Fault(
    .value, "there is no strategy \"\(name)\"",
    help: didYouMean(name, among: names) ?? "it is one of " + names.map { "\"\($0)\"" }.joined(separator: ", "))
}
