// Gradients of a layer against central differences.

import Faults
import Spiking
import Tensors
import Testing

/// The layer with weights of its own, drawn for these tests.
func filled(_ layer: any Layer, _ features: [Int], spread: Double = 0.5) throws -> any Layer {
  var ready = try layer.built(for: features, stream: RandomStream(seed: 1, purpose: "test"))
  var numbers = TestNumbers(3)
  try ready.updateParameters { (_, value) throws(Fault) in
    value = try Tensor(numbers.floats(value.count, from: -spread, to: spread), shape: value.shape)
  }
  return ready
}

/// Compares the gradients by the input and by each parameter with central differences of a weighted sum of the output.
func expectSlopes(
  of layer: any Layer, _ shape: [Int], step: Float = 0.02, tolerance: Double = 3e-3, every: Int = 1
) throws {
  var numbers = TestNumbers(11)
  let count = shape.reduce(1, *)
  // Far enough apart that a step changes no maximum.
  let values = numbers.floats(count, from: -1, to: 1)
  let pass = Pass(isTraining: true, drops: false)
  let run = try layer.forward(.tensor(try Tensor(values, shape: shape)), pass)
  let output = run.output.shape
  let weights = try Tensor(numbers.floats(output.reduce(1, *), from: -1, to: 1), shape: output)
  func value(_ layer: any Layer, _ x: [Float]) throws -> Double {
    try (layer.forward(.tensor(try Tensor(x, shape: shape)), pass).output.tensor() * weights).total()
  }
  let slopes = try layer.backward(weights, memory: run.memory, wantsInput: true, pass)
  let input = try #require(slopes.input)
  #expect(input.shape == shape)
  for place in stride(from: 0, to: count, by: every) {
    var (up, down) = (values, values)
    up[place] += step
    down[place] -= step
    let expected = (try value(layer, up) - value(layer, down)) / Double(2 * step)
    #expect(abs(Double(input.scalars[place]) - expected) < tolerance * max(1, abs(expected)), "\(layer.callText), input \(place)")
  }
  #expect(slopes.parameters.count == layer.parameters.count)
  for (number, parameter) in layer.parameters.enumerated() {
    #expect(slopes.parameters[number].shape == parameter.value.shape)
    let slope = slopes.parameters[number].scalars
    for place in 0..<parameter.value.count {
      func moved(_ amount: Float) throws -> Double {
        var other = layer
        try other.updateParameters { (index, value) throws(Fault) in
          guard index == number else { return }
          var scalars = value.scalars
          scalars[place] += amount
          value = try Tensor(scalars, shape: value.shape)
        }
        return try value(other, values)
      }
      let expected = (try moved(step) - moved(-step)) / Double(2 * step)
      #expect(
        abs(Double(slope[place]) - expected) < tolerance * max(1, abs(expected)), "\(layer.callText), \(parameter.name) \(place)")
    }
  }
}

/// A network of layers, with weights drawn from a seed.
func network(_ input: [Int], _ layers: [any Layer], seed: UInt64 = 4) throws -> Network {
  var net = try Network(inputShape: input)
  for layer in layers { net = try net.appending(layer, seed: seed) }
  return net
}

/// The same network from its description and its parameters, as a file gives them.
func reread(_ network: Network) throws -> Network {
  try Network(network.plan, parameters: Dictionary(network.namedParameters.map { ($0.name, $0.value) }) { first, _ in first })
}
