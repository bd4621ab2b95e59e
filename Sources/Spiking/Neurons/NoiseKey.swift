// What names the random numbers of neurons: a seed, a layer and a sample; the step is a state of the neurons themselves.

import Faults
import Kernels
import Tensors

/// Where a population draws from.
public struct NoiseKey: Sendable, Equatable {
  public var seed: UInt64
  /// The number of the first sample in the whole batch.
  public var firstSample: Int

  public init(seed: UInt64 = 0, firstSample: Int = 0) {
    self.seed = seed
    self.firstSample = firstSample
  }

  func place(sample: Int, block: Int) -> NoisePlace {
    NoisePlace(
      seed: seed, sample: UInt32(truncatingIfNeeded: firstSample &+ sample), block: UInt32(truncatingIfNeeded: block))
  }

  /// The draws of a step of all neurons, `[1, batch, ...features]`.
  func values(_ form: NoiseForm, draw: Int, time: Float, shape: [Int]) throws(Fault) -> Tensor {
    let rows = shape.prefix(2).reduce(1, *)
    let neurons = shape.dropFirst(2).reduce(1, *)
    return try Tensor(shape: shape) { target in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: neuronLanes) { lanes in
        guard let drawn = lanes.baseAddress, let to = target.baseAddress else { return }
        for row in 0..<rows {
          for first in stride(from: 0, to: neurons, by: neuronLanes) {
            kernels.neuronNoise(form, place(sample: row, block: first / neuronLanes), time: time, draw: draw, out: drawn)
            (to + row * neurons + first).update(from: drawn, count: min(neuronLanes, neurons - first))
          }
        }
      }
    }
  }
}

extension Pass {
  /// Where the neurons of the layer that runs now draw from.
  var noiseKey: NoiseKey {
    let mixed = (noise ^ UInt64(truncatingIfNeeded: layerIndex) &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    return NoiseKey(seed: mixed ^ mixed >> 31, firstSample: firstSample)
  }
}

extension NeuronModel {
  /// The neurons with their draws named by a pass; others as they are.
  public func drawing(from pass: Pass) -> any NeuronModel {
    guard var equations = self as? EquationNeuron, equations.program.isNoisy else { return self }
    equations.noise = pass.noiseKey
    return equations
  }
}

extension Layer {
  /// The layer with the draws of its neurons named by a pass.
  func drawing(from pass: Pass) -> any Layer {
    if var neurons = self as? NeuronLayer {
      guard (neurons.model as? EquationNeuron)?.program.isNoisy == true else { return self }
      neurons.model = neurons.model.drawing(from: pass)
      return neurons
    }
    if var recurrent = self as? RecurrentLayer, (recurrent.model as? EquationNeuron)?.program.isNoisy == true {
      recurrent.model = recurrent.model.drawing(from: pass)
      return recurrent
    }
    return self
  }
}

extension Network {
  /// The network with the draws of its neurons named by a seed: for those who run its layers one by one.
  public func drawing(from seed: UInt64) throws(Fault) -> Network {
    func keyed(_ layers: [any Layer], _ pass: Pass) -> [any Layer] {
      layers.enumerated().map { index, layer in
        var own = pass
        own.layerIndex = index
        guard let branches = layer as? BranchLayer else { return layer.drawing(from: own) }
        return branches.with(
          branches.branches.enumerated().map { number, branch in
            var inner = own
            inner.noise = branches.noise(inside: own, number)
            return keyed(branch.layers, inner)
          })
      }
    }
    var pass = Pass()
    pass.noise = seed
    var rest = keyed(layers, pass)[...]
    return try mapLayers { (layer) throws(Fault) in rest.popFirst() ?? layer }
  }
}
