import Faults
import Language

/// All that a program finds without defining it: the builtins, and the stdlib's source texts by module name.
public final class Library {
  public let builtins: [String: Builtin]
  /// Module name to source text; `prelude`'s names are always there.
  public let sources: [String: String]
  /// Modules whose names are always there, without `use`.
  public let openModules: Set<String>
  /// Names in their order of declaration, for the manual.
  public let orderedNames: [String]

  public init(builtins: [Builtin], sources: [String: String], openModules: Set<String> = ["data", "chips"]) {
    self.builtins = Dictionary(builtins.map { ($0.name, $0) }) { _, last in last }
    self.sources = sources
    self.openModules = openModules
    orderedNames = builtins.map(\.name)
  }

  /// Every module that `use` can bring.
  public var moduleNames: [String] {
    Set(builtins.values.compactMap(\.module)).union(sources.keys).subtracting(["prelude"]).sorted()
  }
}
