// What spikes tell for their price: Eq. 8 of the paper.

import Faults
import Machine
import Spiking
import Tensors

/// efficiency.
let efficiencyBuiltins: [Builtin] = [
  Builtin(
    "efficiency",
    [
      .required("code", .foreign("encoder"), "a code that makes spikes"),
      .required("data", .foreign("dataset") | .array, "samples to encode: a data set, or values [samples, features]"),
      .optional("of", .string, default: "\"input\"", "what the spikes tell of: each feature's \"input\", or the \"label\""),
      .optional(
        "word", .string, default: "\"both\"",
        "what is read from a feature's spikes: their \"count\", the time of the \"first\", \"both\", or the whole \"train\""
      ),
      .optional("levels", .int, default: "32", "finer values are put into so many equal bins"),
      .optional("samples", .int, default: "2000", "at most so many samples are used"),
      .optional("correction", .string, default: "\"miller_madow\"", "of the bias: \"miller_madow\", \"shuffle\" or \"none\""),
    ],
    returns: "map", subject: "encoders",
    """
    What a code tells for each spike (Eq. 8 of arXiv 2602.02439): the mutual information between what was encoded and
    the spikes, over the number of spikes. Gives `efficiency` (bits a spike), `information` (bits a sample), `spikes` (a
    sample), `estimator`, `correction`, `samples` and `features`.

    The estimator is the plug-in one, feature by feature: a table of the value (or the class) against the word read from
    that feature's spikes; a population's word is that of all its neurons. The sum over features is the information of a
    sample where features are independent; it leaves out what they share. Plug-in estimates from N samples are too large:
    "miller_madow" takes off (cells - rows - columns + 1) / (2 N ln 2) of the table's occupied cells, the estimate of
    Panzeri and Treves with observed words; "shuffle" takes off what shuffled pairings seem to tell, which is too
    much for deterministic codes. Where nothing is told the result may be a little below 0.
    """,
    example: """
      let values = [[k / 7.0] for k in 0..8]          # eight values, each with a time of its own: 3 bits in 7 spikes
      let e = latency(steps=8) |> efficiency(values, correction="none")
      print("{e.information:.3f} bits, {e.spikes:.3f} spikes, {e.efficiency:.2f} bits a spike")   # expect: 3.000 bits, 0.875 spikes, 3.43 bits a spike
      """
  ) { (call) throws(Fault) in
    let encoder = try call.foreign(0, as: EncoderValue.self).encoder
    var options = EfficiencyOptions()
    if call.has(2) { options.subject = try choice(2, call) }
    if call.has(3) { options.word = try choice(3, call) }
    options.levels = try call.int(4, default: options.levels, atLeast: 2)
    options.samples = try call.int(5, default: options.samples, atLeast: 2)
    if call.has(6) { options.correction = try choice(6, call) }
    options.seed = call.machine.seed
    let result: CodeEfficiency
    if let data = call[1].asForeign(DatasetValue.self)?.dataset {
      result = try efficiency(of: encoder, on: data.features, labels: data.labels, options)
    } else {
      result = try efficiency(of: encoder, on: try call.tensor(1), options)
    }
    return .map([
      ("efficiency", .float(result.bitsPerSpike)), ("information", .float(result.information)),
      ("spikes", .float(result.spikes)), ("estimator", .string(result.estimator)),
      ("correction", .string(result.correction.rawValue)), ("samples", .int(result.samples)),
      ("features", .int(result.features)),
    ])
  }
]

/// One of the names of an enumeration; another name is an error that suggests the nearest.
func choice<Choice: RawRepresentable<String> & CaseIterable>(_ index: Int, _ call: Call) throws(Fault) -> Choice {
  let name = try call.string(index)
  if let known = Choice(rawValue: name) { return known }
  let names = Choice.allCases.map(\.rawValue)
  let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
  throw call.wrong(index, "is not known: \"\(name)\"", help: didYouMean(name, among: names) ?? "it is one of \(list)")
}
