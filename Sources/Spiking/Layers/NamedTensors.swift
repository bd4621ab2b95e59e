// The parameters of a layer as a list with names.

import Faults
import Tensors

/// Tensors by name, in order; empty before the layer is part of a network.
struct NamedTensors: Sendable {
  private(set) var list: [(name: String, value: Tensor)] = []

  init(_ list: [(name: String, value: Tensor)] = []) { self.list = list }

  /// From a file.
  ///
  /// - Throws: `.value` for one that is missing.
  init(_ names: [String], _ description: ComponentDescription, _ parameter: (String) -> Tensor?) throws(Fault) {
    for name in names {
      guard let value = parameter(name) else { throw description.wrong(name) }
      list.append((name, value))
    }
  }

  var isEmpty: Bool { list.isEmpty }

  mutating func update(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    for index in list.indices { try body(index, &list[index].value) }
  }

  /// Checks the shapes.
  ///
  /// - Throws: `.shape` for weights of another input.
  func check(_ shapes: [[Int]], of layer: String, for input: [Int]) throws(Fault) {
    for (entry, shape) in zip(list, shapes) where entry.value.shape != shape {
      throw Fault(
        .shape, "the weights of this `\(layer)` layer are for another input",
        label: "`\(entry.name)` is \(Shape.text(entry.value.shape)), the input \(Shape.text(input))",
        help: "this input needs \(Shape.text(shape))")
    }
  }
}
