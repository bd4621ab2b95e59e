// Random changes of samples: what `fit` takes as `augment`, and `augmented`, which shows what they do.

import Faults
import Machine
import Spiking
import Tensors

/// Every augmentation, and augmented.
let augmentationBuiltins: [Builtin] = augmentations.map { augmentationBuiltin($0) } + [
  Builtin(
    "augmented",
    [
      .required("data", .foreign("dataset"), "the samples"),
      .required("augment", .foreign(AugmentationValue.typeName) | .list, "an augmentation, or a list of them"),
    ],
    returns: "dataset", subject: "data",
    """
    A data set whose samples were changed at random once, each by draws of its own. `fit(…, augment=…)` changes them anew
    in each epoch; this shows what that looks like, or makes a test harder. `seed` decides the draws.
    """,
    example: """
      let moved = data.digits(flat=false) |> augmented([random_shift(1), random_erase(2)])
      print(moved.shape, moved.labels == data.digits().labels)   # expect: [1, 8, 8] true
      """
  ) { (call) throws(Fault) in
    let data = try call.dataset(0)
    return .dataset(try data.augmented(try augmentationsArgument(1, call), stream: call.machine.nextStream("augment")))
  }
]

private func augmentationBuiltin<Change: Augmentation>(_ change: Change.Type) -> Builtin {
  change.builtin(returns: AugmentationValue.typeName, subject: "data") { AugmentationValue(augmentation: $0) }
}

/// The augmentations in an argument: one, or a list of them.
func augmentationsArgument(_ index: Int, _ call: Call) throws(Fault) -> [any Augmentation] {
  try call.parts(index, "an augmentation, such as random_shift(2)") { value in
    value.asForeign(AugmentationValue.self)?.augmentation
      ?? value.asBuiltin.flatMap { builtin in augmentations.first { $0.componentName == builtin.name }?.init() }
  }
}
