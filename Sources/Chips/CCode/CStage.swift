// The layers of a network as the steps of a C program.

import Faults
import Spiking
import Tensors

/// One layer as C runs it.
struct CStage {
  enum Kind {
    case dense(weight: Tensor, bias: [Float]?)
    case conv(weight: Tensor, bias: [Float]?, Window)
    case pool(PoolLayer.Kind, Window, scale: Float)
    case lif(LIF)
    case recurrent(LIF, weight: Tensor)
    case li(beta: Float)
  }

  var kind: Kind
  /// "layer 2, conv(8, kernel=3)".
  var title: String
  var inputs: Int
  var outputs: Int
  /// Whether what enters, and what leaves, are spikes rather than numbers.
  var takesSpikes: Bool
  var givesSpikes: Bool

  /// Threshold neurons.
  var lif: LIF? {
    switch kind {
    case .lif(let lif), .recurrent(let lif, _): lif
    default: nil
    }
  }

  /// The stages of a network, folded.
  ///
  /// - Parameter fromSpikes: whether the input is spikes rather than numbers.
  ///
  /// - Throws: `.value` for a layer or neurons that cannot be written as C, naming them.
  static func all(of network: Network, fromSpikes: Bool) throws(Fault) -> [CStage] {
    var stages: [CStage] = []
    var shape = network.inputShape
    var isSpikes = fromSpikes
    for (index, layer) in network.layers.enumerated() {
      let output = try layer.outputShape(for: shape)
      let title = "layer \(index), \(layer.callText)"
      func cannot(_ reason: String, help: String) -> Fault {
        Fault(.value, "`\(layer.name)` cannot be written as C", label: "\(title): \(reason)", help: help)
      }
      func add(_ kind: Kind, givesSpikes: Bool) {
        stages.append(
          CStage(
            kind: kind, title: title, inputs: shape.reduce(1, *), outputs: output.reduce(1, *), takesSpikes: isSpikes,
            givesSpikes: givesSpikes))
        isSpikes = givesSpikes
      }
      switch layer {
      case is FlattenLayer, is DropoutLayer: break
      case let dense as DenseLayer:
        guard let weight = dense.weight else { throw cannot("it has no weights yet", help: "put it into a network first") }
        add(.dense(weight: weight, bias: dense.bias?.scalars), givesSpikes: false)
      case let conv as ConvLayer:
        guard let weight = conv.weight, case .window(let window) = conv.wiring(for: shape) else {
          throw cannot("it has no weights yet", help: "put it into a network first")
        }
        add(.conv(weight: weight, bias: conv.bias?.scalars, window), givesSpikes: false)
      case let pool as PoolLayer:
        guard case .window(let window) = pool.wiring(for: shape) else {
          throw cannot("it has no window", help: "give pool a size")
        }
        let size = Float(window.kernel.y * window.kernel.x)
        add(.pool(pool.kind, window, scale: pool.kind == .average ? 1 / size : 1), givesSpikes: isSpikes && pool.kind == .max)
      case let neurons as NeuronLayer:
        if let lif = neurons.model as? LIF {
          add(.lif(lif), givesSpikes: true)
        } else if let li = neurons.model as? LeakyIntegrator {
          add(.li(beta: li.beta), givesSpikes: false)
        } else {
          throw cannot("its equations are not those of lif or li", help: "lif(), recurrent(lif()) and li() can be written")
        }
      case let recurrent as RecurrentLayer:
        guard recurrent.kernel == nil else {
          throw cannot("there is no C for a kernel among neurons", help: "without a kernel, recurrent(lif()) can be written")
        }
        guard let lif = recurrent.model as? LIF, let weight = recurrent.recurrent else {
          throw cannot("its neurons are \(recurrent.model.callText)", help: "recurrent(lif()) can be written")
        }
        add(.recurrent(lif, weight: weight), givesSpikes: true)
      default:
        throw cannot(
          "there is no C for it", help: "dense, conv, pool, flatten, dropout, batch_norm behind weights, lif, recurrent and li can be written")
      }
      shape = output
    }
    guard !stages.isEmpty else {
      throw Fault(.value, "the network has nothing to write as C", label: "it has no layers with weights or neurons")
    }
    return stages
  }
}
