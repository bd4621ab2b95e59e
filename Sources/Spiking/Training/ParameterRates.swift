// Learning rates of some parameters beside that of all.

import Faults

/// Factors of the learning rate, by the number of a layer or the name of a parameter; 0 freezes. Where several fit, they
/// are multiplied.
public struct ParameterRates: Sendable, Equatable {
  /// "3" for layer 3, "beta" for all parameters of that name, "3.beta" for one.
  public var factors: [String: Double]

  public init(_ factors: [String: Double] = [:]) { self.factors = factors }

  /// - Throws: `.value` for a factor that is none, `.name` for a name that no parameter of the network has.
  func check(_ network: Network) throws(Fault) {
    for (name, factor) in factors.sorted(by: { $0.key < $1.key }) {
      guard Bounds.notNegative.contains(factor) else {
        throw Fault(.value, "a factor of the learning rate must be 0 or more", label: "that of \(name) is \(factor)")
      }
      let isKnown = network.layers.enumerated().contains { index, layer in
        layer.parameters.contains { Self.names(index, $0.name).contains(name) }
      }
      guard isKnown else {
        let names = network.layers.enumerated().flatMap { index, layer in layer.parameters.map { "\(index).\($0.name)" } }
        throw Fault(
          .name, "no parameter is called `\(name)`", label: "the network has \(names.prefix(12).joined(separator: ", "))",
          help: "name a layer by its number, a parameter by its name, or one of a layer as in \"2.weight\"")
      }
    }
  }

  /// For each layer the factor of each parameter.
  func table(_ network: Network) -> [[Double]] {
    network.layers.enumerated().map { index, layer in
      layer.parameters.map { parameter in
        Self.names(index, parameter.name).reduce(1) { $0 * (factors[$1] ?? 1) }
      }
    }
  }

  private static func names(_ layer: Int, _ parameter: String) -> [String] { ["\(layer)", parameter, "\(layer).\(parameter)"] }
}
