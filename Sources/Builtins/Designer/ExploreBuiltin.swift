// `explore`: a network's settings, tried side by side on validation data.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors

private let objectiveNames = Objective.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")

/// Candidates that are tried where nobody says how many.
private let standardBudget = 64
private let largestBudget = 10_000

let exploreBuiltin = Builtin(
  "explore",
  [
    .required("make", .function, "a function of settings by name that gives a network, or a network and its encoder"),
    .required("space", .map, "the settings to try: a map from names to lists"),
    .required("data", .foreign("dataset"), "labelled samples to learn from; never test data"),
    .required("chip", .foreign("chip"), "where the networks shall run"),
    .optional(
      "budget", .int | .quantity, default: "\(standardBudget)",
      "how many candidates to try, or for how long to begin new ones", dimension: .time),
    .optional("epochs", .int, default: "12", "epochs of the last rung"),
    .optional(
      "validation", .foreign("dataset") | .nil, default: "a fifth of data",
      "what candidates are judged by, if it is not to be split off"),
    .optional("objective", .string, default: "\"energy_delay\"", "what counts beside accuracy: \(objectiveNames)"),
    .optional("seeds", .int, default: "1", "networks of each candidate in the last rung"),
    .optional("rungs", .int, default: "3", "how often candidates are compared"),
    .optional("keep", .number, default: "0.5", "the share of designs that a rung leaves over"),
    .optional("resume", .string | .nil, default: "nil", "a folder for finished networks, from which a stopped run goes on"),
    .optional("quiet", .bool, default: "false", "whether to show no progress on a terminal"),
  ],
  returns: "exploration", subject: "chips",
  """
  Searches for the networks that are worth their price: the front of accuracy against energy-delay (or another objective)
  on a chip.

  `space` names the settings and their choices. A name that `make` has goes to `make`: widths, depth, strides, steps and
  base of a code. Others go to whatever has a setting of that name: `lambda` (the weight of `hardware_loss`), `prune` and
  what else that takes; `lr`, `optimizer`, `encode`, `epochs`, `batch`, `schedule` and more to `fit`; `weight_bits`, `clip`,
  `weight_scale`, `chips` to `place`. What is the same for all is a list of one: `batch: [32]`. All combinations are tried
  where there are at most `budget` of them, else so many drawn by the seed.

  Settings of `make` and `fit` are a design. Successive halving trains all designs for few epochs, keeps the better part,
  trains it on for more, and so on over the `rungs`: the last has `epochs` epochs, each before it the share `keep` of the
  next. Better is who lies on an earlier front of accuracy and objective, and there who stands alone. Up to the last rung
  the task is learnt alone: a price that is not yet paid tells nothing, so that candidates that differ in `lambda`, `prune`
  or `weight_bits` share what comes before (by the first of each they are placed there). In the last rung each candidate
  of the designs that are left goes on from its design's weights through a whole training with `hardware_loss`, which it
  pays from the start (`warmup: [0]`, `freeze: [0.5]`, unless the space has others or there is one rung alone); with
  `lambda: [0]` it pays nothing. Each rung is a training of its own, whose learning rate falls along a cosine unless
  `schedule` says otherwise. At least \(Halving.fewest) designs are kept in any rung.

  All choices are made on validation samples, a fifth of `data` unless given; accuracy, energy and time are those of
  `place(…, on=validation)`, energies and times simulated. Networks are trained side by side, a thread each; a loss of
  one's own is worked out by one thread alone, and then they are trained one after the other. The same seed gives the
  same result, whatever the threads. With `seeds=n` each candidate of the last rung is trained n times from its own first
  weights, and figures are means with deviations; its network is the first.

  Ctrl-C, or a `budget` of time that is over, ends the search with what is finished: those that no rung had left behind.
  `resume="folder"` keeps every finished network there; the same call then goes on from them, to the same result to the
  last bit. A folder of another space, data set, chip or seed is refused.

  The value prints as a table, and has `table` (a row for each candidate), `front` (those of the last rung that no other
  beats, the cheapest first), `networks` (theirs), `best(accuracy=0.97)` (of those that are as accurate, the cheapest),
  `best(energy=1uJ)` or `latency`, `energy_delay`, `power`, `memory`, `cores` (of those that take no more, the most
  accurate), and `evaluate(test)`: the front once more, on other data. What `front` and `best` give has `network`,
  `settings` and the figures. `plot.front` draws it.
  """,
  example: """
    let corners = data.from([[i % 2, i // 2 % 2] for i in 0..40], [i % 2 for i in 0..40])
    let make = (width, steps) => (input(2) |> dense(width) |> lif() |> dense(2) |> lif(), rate(steps=steps))
    let found = explore(make, {width: [4, 8], steps: [4, 8], lambda: [0]}, corners, chips.loihi2, epochs=2)
    print(len(found.table), found.best(accuracy=0.1).network.input_shape)   # expect: 4 [2]
    """
) { (call) throws(Fault) in
  let space = try ExploreSpace(call)
  let seed = call.machine.seed
  let chip = try call.chip(3)
  let epochs = try call.int(5, default: 12, atLeast: 1)
  let seeds = try call.int(8, default: 1, atLeast: 1)
  if seeds > 100 { throw call.wrong(8, "must be at most 100, found \(seeds)") }
  let halving = try Halving(rungs: try call.int(9, default: 3), keep: try call.number(10, default: 0.5))
  let (budget, seconds) = try exploreBudget(call)
  _ = try objectiveArgument(7, call)

  let grid = try DesignGrid(space.settings.map(\.choices.count))
  let drawn = grid.drawn(budget, stream: RandomStream(seed: seed, purpose: "explore, draw"))
  var maker = CandidateMaker(call, space, chip: chip, epochs: epochs, rungs: halving.rungs, seeds: seeds, seed: seed)
  for number in drawn { try maker.add(grid.choices(number)) }

  let whole = try call.dataset(2)
  try whole.checkLabels(for: "`explore`")
  let (data, validation): (Dataset, Dataset)
  if call.has(6), !call[6].isNil {
    (data, validation) = (whole, try call.dataset(6))
    try validation.checkLabels(for: "`explore`")
  } else {
    (data, validation) = try whole.split(0.8, stream: RandomStream(seed: seed, purpose: "explore, validation"))
  }
  if maker.designs.contains(where: { ($0.training.encoder ?? $0.networks.first?.encoder) == nil }) {
    try whole.held?.checkFinite("the samples of `data`")
    try validation.held?.checkFinite("the samples of `validation`")
  }

  var plan = Exploration(
    chip: chip, data: data, validation: validation, halving: halving, designs: maker.designs,
    candidates: maker.candidates, seed: seed)
  plan.isSerial = maker.designs.contains { $0.training.loss?.isSerial == true || $0.training.schedule.isSerial }
  if call.has(11), !call[11].isNil {
    plan.store = try ExplorationFiles(try call.string(11), of: plan, space: space.text, draws: drawn)
  }
  if let seconds {
    let end = FitDisplay.now + seconds
    plan.isOver = { FitDisplay.now >= end }
  }
  let display = ExploreDisplay(call.output)
  if call.output.isInteractive, try !call.bool(12, default: false) { plan.progress = { display.show($0) } }
  defer { display.end() }
  let outcome = try plan.run()
  if outcome.interrupted { call.machine.stopAfterStatement() }
  return .foreign(
    ExplorationValue(
      settings: maker.settings, outcome: outcome, plan: plan, objective: try objectiveArgument(7, call),
      combinations: grid.count))
}

/// How many candidates, and for how many seconds new networks are begun.
private func exploreBudget(_ call: Call) throws(Fault) -> (candidates: Int, seconds: Double?) {
  guard call.has(4) else { return (standardBudget, nil) }
  if call[4].asQuantity != nil {
    let seconds = try call.amount(4, .time)
    guard seconds > 0 else { throw call.wrong(4, "must be a time above zero, or a number of candidates") }
    return (standardBudget, seconds)
  }
  let candidates = try call.int(4, atLeast: 1)
  if candidates > largestBudget { throw call.wrong(4, "must be at most \(largestBudget), found \(candidates)") }
  return (candidates, nil)
}
