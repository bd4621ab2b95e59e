// The choice among what an exploration found, and its figures on data that no choice has seen.

import Chips
import Faults
import Machine
import Spiking

extension ExplorationValue {
  /// `best(accuracy=0.97)`: the cheapest that is so accurate; `best(energy=1uJ)`: the most accurate that takes no more.
  func best(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.positional.isEmpty else {
      throw Fault(
        .call, "`best` is called with limits by name", label: "found \(arguments.positional[0].description(of: .kind))",
        help: "such as best(accuracy=0.97) or best(energy=1uJ)")
    }
    let limits = try arguments.named.map { (argument) throws(Fault) in
      (try Self.figure(argument.name), try Self.limit(argument.name, argument.value))
    }
    let all = compared
    let suitable = all.filter { row in
      limits.allSatisfy { figure, limit in
        let amount = row.trials.mean(figure)
        return figure.isGood ? amount >= limit : amount <= limit
      }
    }
    let asksForAccuracy = limits.contains { $0.0 == .accuracy }
    // Candidates come cheapest first, and the first of equals is taken.
    let chosen =
      asksForAccuracy
      ? suitable.first
      : suitable.reduce(nil as Row?) { best, row in
        best.map { $0.trials.mean(.accuracy) >= row.trials.mean(.accuracy) } ?? false ? best : row
      }
    guard let chosen else { throw unmet(limits, all) }
    return choice(chosen)
  }

  private func unmet(_ limits: [(ExploreFigure, Double)], _ all: [Row]) -> Fault {
    let wanted = limits.map { "\($0.rawValue) of at \($0.isGood ? "least" : "most") \($0.text($1))" }
    let reached = limits.compactMap { figure, _ -> String? in
      let amounts = all.map { $0.trials.mean(figure) }
      return (figure.isGood ? amounts.max() : amounts.min()).map { "\(figure.rawValue) \(figure.text($0))" }
    }
    return Fault(
      .value, all.isEmpty ? "no candidate was finished" : "no candidate is as good as that",
      label: all.isEmpty
        ? nil : "wanted: \(wanted.joined(separator: ", ")); the best there is: \(reached.joined(separator: ", "))",
      help: "ask for less, or explore more: a wider space, more epochs")
  }

  private static func figure(_ name: String) throws(Fault) -> ExploreFigure {
    if let figure = ExploreFigure(rawValue: name) { return figure }
    throw Fault(
      .call, "`best` has no limit `\(name)`", label: "not one of its names",
      help: didYouMean(name, among: ExploreFigure.names) ?? "it takes \(ExploreFigure.names.joined(separator: ", "))")
  }

  /// A limit in base units: a quantity of the figure's dimension, or a number.
  private static func limit(_ name: String, _ value: Value) throws(Fault) -> Double {
    let dimension = try figure(name).dimension
    if let quantity = value.asQuantity {
      guard quantity.dimension == dimension else {
        throw Fault(
          .unit, "`\(name)` of `best` is of another dimension",
          label: "found \(quantity.dimension.name), expected \(dimension?.name ?? "a number")")
      }
      return quantity.amount
    }
    if let number = value.asNumber, !number.isNaN { return number }
    throw Fault(
      .type, "`\(name)` of `best` must be a number\(dimension == nil ? "" : " or a quantity")",
      label: "found \(value.description(of: .kind))")
  }

  /// `evaluate(test)`: each of the front placed by other data, as a list of what `front` has.
  func evaluated(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1,
      let data = arguments.positional[0].asForeign(DatasetValue.self)?.dataset
    else {
      throw Fault(
        .call, "`evaluate` of an exploration is called with a data set",
        label: arguments.positional.first.map { "found \($0.description(of: .kind))" }, help: "found.evaluate(test)")
    }
    let rows = front
    let jobs = rows.indices.flatMap { row in rows[row].trials.indices.map { (row: row, trial: $0) } }
    let figures = try Interrupt.kept { () throws(Fault) in
      try sideBySide(jobs.count, each: 1) { (place) throws(Fault) in
        var options = rows[jobs[place].row].candidate.placing
        options.data = data
        options.seed = seed
        return try DesignFigures(of: rows[jobs[place].row].trials[jobs[place].trial].network, on: chip, options)
      }
    }
    var judged = rows
    for (place, job) in jobs.enumerated() { judged[job.row].finding.trials[job.trial].figures = figures[place] }
    return .list(judged.map { choice($0) })
  }
}
