// One word for cutting things in parts: texts at a separator, data sets at a share of their samples.

import Faults
import Machine
import Spiking

let splitBuiltin = Builtin(
  "split",
  [
    .required("whole", .string | .foreign("dataset"), "a text or a data set"),
    .optional(
      "by", .string | .number, default: "blanks", "what stands between the parts of a text; a data set's first share"),
    .optional("stratified", .bool, default: "true", "whether both data sets get the same share of each class"),
  ],
  returns: "list or (dataset, dataset)", subject: "collections",
  """
  The parts of a text between separators, or between blanks where none is given.

  For a data set two data sets, the first with the share `by` of the samples, both shuffled. `seed` decides how.
  """,
  example: """
    print(split("a,b", ","))   # expect: ["a", "b"]
    let (train, test) = data.digits() |> split(0.8)
    print(len(train), len(test))   # expect: 1438 359
    """
) { (call) throws(Fault) in
  guard call[0].asString == nil else {
    if call.has(1), call[1].asString == nil {
      throw call.wrong(1, "must be a string where a text is split", kind: .type)
    }
    return try splitText(call[0], call[1])
  }
  guard call.has(1), let share = call[1].asNumber else {
    throw call.wrong(
      1, "must be a share between 0 and 1 where a data set is split", kind: .type,
      help: "split(d, 0.8) gives 80 % and 20 %")
  }
  let stream = call.machine.nextStream("split")
  let (first, second) = try call.dataset(0).split(
    share, stratified: try call.bool(2, default: true), stream: stream)
  return .tuple([.dataset(first), .dataset(second)])
}
