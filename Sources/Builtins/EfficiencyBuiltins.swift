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
      .optional(
        "together", .bool, default: "true",
        "of the label: whether all features are read together; otherwise each by itself, and their bits are added up"),
      .optional("levels", .int, default: "32", "of codes that draw in ways of their own: how finely a value is asked for"),
      .optional("samples", .int, default: "2000", "at most so many samples are used"),
    ],
    returns: "map", subject: "encoders",
    """
    What a code tells for each spike (Eq. 8 of arXiv 2602.02439): the mutual information between what was encoded and
    the spikes, over the number of spikes. Gives `efficiency` (bits a spike) and `information` (bits a sample), each with
    its standard error (`efficiency_error`, `information_error`); `entropy`, that of what is told of, which the information
    never exceeds but with together=false; `spikes` (a sample); `reading`, which is "joint" or "sum over features"; `estimator` in words;
    `is_lower_bound`; `samples` and `features`.

    Of the input, each feature is looked at by itself and their bits are added up, so what features share is counted more
    than once (`reading` says "sum over features"); a population's word is that of all its neurons. A code without chance tells the entropy of its words, which
    is estimated after Chao, Wang and Jost (2013), almost without bias; of the drawn rate code the probabilities of
    words are known for each value. Of other drawn codes a cross-validated reader is asked for the level of the value.

    Of the label, a naive Bayes reader tells the class from all features together, cross-validated in ten parts: what it
    tells of samples that it has not learnt from is a lower bound of the information, and 0 where there is none. Of a
    single feature it is an estimate: the mean of readers who have and who have not learnt from the sample, whose biases
    cancel. With together=false each feature has readers of its own; such a sum can be more than the label has, and with
    few samples (about 50, and many features) its bias is larger than the stated error.

    Errors are one standard deviation: by leaving out samples one by one, or of the reader's bits, with what is left of the
    bias; a feature whose words are all the same has an error of one bit over the number of samples. Two or three samples can
    tell neither: take ten at least. Information is never below 0, so that of nothing cannot average out to 0. Spikes are taken
    as counted.
    """,
    example: """
      let values = [[k % 8 / 7.0] for k in 0..800]    # eight values, each with a time of its own: 3 bits in 7 of 8 spikes
      let e = latency(steps=8) |> efficiency(values)
      print("{e.information:.3f} bits, {e.spikes:.3f} spikes, {e.efficiency:.2f} bits a spike")   # expect: 3.000 bits, 0.875 spikes, 3.43 bits a spike
      """
  ) { (call) throws(Fault) in
    let encoder = try call.foreign(0, as: EncoderValue.self).encoder
    var options = EfficiencyOptions()
    if call.has(2) { options.subject = try choice(2, call) }
    if call.has(3) { options.word = try choice(3, call) }
    options.together = try call.bool(4, default: options.together)
    options.levels = try call.int(5, default: options.levels, atLeast: 2)
    options.samples = try call.int(6, default: options.samples, atLeast: 2)
    options.seed = call.machine.seed
    let result: CodeEfficiency
    if let data = call[1].asForeign(DatasetValue.self)?.dataset {
      result = data.targets == nil
        ? try efficiency(of: encoder, on: try data.features, labels: data.labels, options)
        : try efficiency(of: encoder, on: try data.features, options)
    } else {
      try call.checkPlain(1)
      result = try efficiency(of: encoder, on: try call.tensor(1), options)
    }
    return .map([
      ("efficiency", .float(result.bitsPerSpike)), ("efficiency_error", .float(result.bitsPerSpikeError)),
      ("information", .float(result.information)), ("information_error", .float(result.error)),
      ("entropy", .float(result.entropy)), ("spikes", .float(result.spikes)),
      ("reading", .string(result.isSumOverFeatures ? "sum over features" : "joint")),
      ("estimator", .string(result.estimator)), ("is_lower_bound", .bool(result.isLowerBound)),
      ("samples", .int(result.samples)), ("features", .int(result.features)),
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
