// `neurobench`: the figures by which networks are compared whatever the machine.

import Faults
import Machine
import Spiking

let neurobenchBuiltin = Builtin(
  "neurobench",
  [
    .required("network", .foreign("network"), "a network that was trained, or one with an encoder given"),
    .required("data", .foreign("dataset"), "samples; their targets do not matter"),
    .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
  ],
  returns: "map", subject: "training",
  """
  NeuroBench's figures of a network on samples (Yik et al. 2025), as its Python package reckons them, whatever the machine:

  `footprint` (bytes of the parameters and of what layers keep beside them), `parameters`, `connection_sparsity` (the share \
  of weights that are 0), `activation_sparsity` (the share of zeros among what left the neurons, over all steps and samples).

  Synaptic operations for a sample: `effective_acs` (weights other than 0 that were added, where inputs are only 0, 1 and \
  -1), `effective_macs` (multiplied and added, in steps with other inputs) and `dense_operations` (if no weight and no input \
  were 0). Biases, pools and norms count for none.

  `membrane_updates` for a sample: steps that left a neuron with another potential than the step before, after its reset; \
  the first step counts for each neuron.
  """,
  example: """
    let net = input(2) |> dense(3, weight=[[1, 0, 2], [1, 1, 0]], bias=false) |> lif()
    let one = data.from([[[1, 0], [0, 0]]], [0])
    let figures = neurobench(net, one)
    print(figures.footprint, figures.connection_sparsity, figures.effective_acs, figures.dense_operations)
    # expect: 24 0.3333333333333333 2.0 12.0
    """
) { (call) throws(Fault) in
  let network = try call.foreign(0, as: NetworkValue.self).network
  let encoder = call.isGiven("encode") ? try call.foreign(2, as: EncoderValue.self).encoder : nil
  let data = try call.samples(1, by: encoder ?? network.encoder)
  let figures = try neuroBench(network, data, encoder: encoder, seed: call.machine.seed)
  return .map([
    ("footprint", .int(figures.footprint)), ("parameters", .int(figures.parameters)), ("connection_sparsity", .float(figures.connectionSparsity)),
    ("activation_sparsity", .float(figures.activationSparsity)), ("effective_acs", .float(figures.effectiveACs)),
    ("effective_macs", .float(figures.effectiveMACs)), ("dense_operations", .float(figures.denseOperations)),
    ("membrane_updates", .float(figures.membraneUpdates)),
  ])
}
