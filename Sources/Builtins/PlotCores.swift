// The module `plot`: where the cores of a placed network lie on its chip.

import Faults
import Machine
import Plots

let plotCores = Builtin(
  "plot.cores",
  [
    .required("mapping", .foreign("mapping"), "what `place` gave"),
    .optional("title", .string, default: "strategy and chip", "what the figure shows"),
    .optional("show", .bool, default: "true", "whether to show the figure at once"),
  ],
  returns: "figure", subject: "plot",
  """
  Draws the mesh of a placed network's chip: each core in use shaded by how much of its bottleneck resource is taken, \
  with the layers that it holds, and the links between neighbouring tiles by the packets that pass them.

  Of a large mesh only the part in use is drawn, with a note. Several chips stand side by side.
  """,
  example: """
    use plot
    let net = input(64) |> dense(128) |> lif() |> dense(10) |> lif()
    net |> place(chips.loihi2) |> plot.cores()
    """
) { (call) throws(Fault) in
  let report = try call.foreign(0, as: MappingValue.self).report
  let title = try call.string(1, default: "\(report.placed.strategy), on \(report.chip.title)")
  let value = FigureValue(Figure(.mesh(report.meshPlot), title: title))
  return try call.bool(2, default: true) ? ShownValue.show(value, on: call.machine) : .foreign(value)
}
