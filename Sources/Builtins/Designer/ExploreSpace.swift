// What `space` of `explore` says: the settings to try, and whom each of them concerns.

import Faults
import Language
import Machine
import Spiking

/// The settings of an exploration with their choices, borrowed from the call's argument.
struct ExploreSpace {
  /// Who takes a setting.
  enum Owner {
    case make, fit
    /// What candidates of one design differ in: `hardware_loss`, `place`, or both.
    case candidate
  }

  struct Setting {
    var name: String
    var owner: Owner
    var choices: [Value]
  }

  let settings: [Setting]

  /// The settings as text: the same for spaces that are the same.
  var text: String {
    settings.map { "\($0.name): [\($0.choices.map { $0.description(of: .quoted) }.joined(separator: ", "))]" }
      .joined(separator: ", ")
  }

  /// - Throws: `.type` for what is no map of lists or no function of named parameters, `.name` for a setting that nobody has.
  init(_ call: Call) throws(Fault) {
    guard let parameters = call[0].parameterNames else {
      throw call.wrong(
        0, "must be a function of settings by name, found \(call[0].description(of: .kind))", kind: .type,
        help: "such as: width => (input(64) |> dense(width) |> lif() |> dense(10) |> lif(), rate(steps=20))")
    }
    guard let map = call[1].asMap, map.count > 0 else {
      throw call.wrong(1, "must hold at least one setting", help: "such as {width: [64, 128], lambda: [0, 0.03]}")
    }
    var settings: [Setting] = []
    for pair in map.pairs {
      guard let name = pair.key.asString else {
        throw call.wrong(1, "must name its settings, found \(pair.key.description(of: .quoted))", kind: .type)
      }
      if ExploreFigure(rawValue: name) != nil || ExplorationValue.rowNames.contains(name) {
        throw Fault(
          .name, "`\(name)` cannot be a setting of `space`", label: "the result has a figure of that name",
          help: "give the parameter of `make` another name")
      }
      let owner = try Self.owner(of: name, makeParameters: parameters, call)
      settings.append(Setting(name: name, owner: owner, choices: try Self.choices(pair.value, name)))
    }
    self.settings = settings
  }

  private static func owner(of name: String, makeParameters: [String], _ call: Call) throws(Fault) -> Owner {
    if makeParameters.contains(name) { return .make }
    if ExploreSettings.fitNames.contains(name) { return .fit }
    if ExploreSettings.candidateNames.contains(name) { return .candidate }
    let known = makeParameters + ExploreSettings.fitNames + ExploreSettings.candidateNames
    let takes = makeParameters.isEmpty ? "`make` has no parameters" : "`make` has \(makeParameters.joined(separator: ", "))"
    throw Fault(
      .name, "nobody takes the setting `\(name)` of `space`", label: "no parameter of `make`, and no setting of training",
      help: didYouMean(name, among: known)
        ?? "\(takes); training has lambda, prune, weight_bits, lr, epochs and more: see ?explore")
  }

  private static func choices(_ value: Value, _ name: String) throws(Fault) -> [Value] {
    var choices: [Value] = []
    if value.tag == .list, let elements = value.elements {
      choices = Array(elements)
    } else if let range = value.asRange, !range.isOpen, range.count <= 1000 {
      choices = (0..<range.count).map { .int(range.number(at: $0)) }
    } else {
      throw Fault(
        .type, "the choices of `\(name)` in `space` must be a list", label: "found \(value.description(of: .kind))",
        help: "a setting that is the same for all is a list of one: {\(name): [\(value.description(of: .quoted).prefix(40))]}")
    }
    if choices.isEmpty {
      throw Fault(.value, "the setting `\(name)` of `space` has no choices", label: "its list is empty")
    }
    return choices
  }
}
