// Networks of every kind of layer in double precision and for one sample, in which each spike is replaced by its hard
// value plus the smooth deviation from a base run. Their true derivative at the base run is the surrogate gradient.

import Faults
import Spiking
import Tensors

struct SmoothLayer {
  enum Kind {
    case conv(stride: Int, padding: Int, kernel: Int)
    case pool(PoolLayer.Kind, size: Int, stride: Int)
    case dense
    case lif(LIF)
    case residual
  }

  var kind: Kind
  /// As in the layer: `[outputs, channels, height, width]`, `[inputs, outputs]`, or `[neurons, neurons]` of a recurrence.
  var weight: [Double] = []
  var bias: [Double] = []
  var branch: [SmoothLayer] = []

  /// The parameters in the order of the layer's.
  var parameters: [[Double]] {
    get { ([weight, bias].filter { !$0.isEmpty }) + branch.flatMap(\.parameters) }
    set {
      var rest = newValue[...]
      if !weight.isEmpty { weight = rest.removeFirst() }
      if !bias.isEmpty { bias = rest.removeFirst() }
      for index in branch.indices {
        let count = branch[index].parameters.count
        branch[index].parameters = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
    }
  }
}

/// A run over one sample's steps.
struct SmoothWalk {
  var surrogate: any Surrogate
  /// The potentials of a base run, by population, step and neuron; nil for the hard network.
  var base: [[[Double]]]?
  var potentials: [[[Double]]] = []
  var outputs: [[[Double]]] = []

  /// Walks through the layers with a signal [steps][features] of a shape; answers with what leaves them.
  mutating func run(
    _ layers: [SmoothLayer], _ input: [[Double]], shape: [Int]
  ) -> (signal: [[Double]], shape: [Int]) {
    var (signal, shape) = (input, shape)
    for layer in layers {
      switch layer.kind {
      case .dense:
        let outputs = layer.bias.count
        signal = signal.map { row in
          (0..<outputs).map { j in
            row.enumerated().reduce(layer.bias[j]) { $0 + $1.element * layer.weight[$1.offset * outputs + j] }
          }
        }
        shape = [outputs]
      case .conv(let stride, let padding, let kernel):
        let outputs = layer.bias.count
        let out = [outputs] + shape.dropFirst().map { ($0 + 2 * padding - kernel) / stride + 1 }
        signal = signal.map { conv($0, shape, layer, stride, padding, kernel, out) }
        shape = out
      case .pool(let kind, let size, let stride):
        let out = [shape[0]] + shape.dropFirst().map { ($0 - size) / stride + 1 }
        signal = signal.map { pool($0, shape, kind, size, stride, out) }
        shape = out
      case .lif(let model): signal = fire(signal, model, layer.weight)
      case .residual:
        let inner = run(layer.branch, signal, shape: shape)
        signal = zip(signal, inner.signal).map { zip($0, $1).map(+) }
      }
    }
    return (signal, shape)
  }

  private func conv(
    _ image: [Double], _ shape: [Int], _ layer: SmoothLayer, _ stride: Int, _ padding: Int, _ kernel: Int, _ out: [Int]
  ) -> [Double] {
    var result: [Double] = []
    for o in 0..<out[0] {
      for y in 0..<out[1] {
        for x in 0..<out[2] {
          var sum = layer.bias[o]
          for c in 0..<shape[0] {
            for i in 0..<kernel {
              for j in 0..<kernel {
                let (row, column) = (y * stride + i - padding, x * stride + j - padding)
                guard (0..<shape[1]).contains(row), (0..<shape[2]).contains(column) else { continue }
                sum += layer.weight[((o * shape[0] + c) * kernel + i) * kernel + j]
                  * image[(c * shape[1] + row) * shape[2] + column]
              }
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  private func pool(
    _ image: [Double], _ shape: [Int], _ kind: PoolLayer.Kind, _ size: Int, _ stride: Int, _ out: [Int]
  ) -> [Double] {
    var result: [Double] = []
    for c in 0..<out[0] {
      for y in 0..<out[1] {
        for x in 0..<out[2] {
          let window = (0..<size * size).map { tap in
            image[(c * shape[1] + y * stride + tap / size) * shape[2] + x * stride + tap % size]
          }
          switch kind {
          case .sum: result.append(window.reduce(0, +))
          case .average: result.append(window.reduce(0, +) / Double(size * size))
          case .max:
            // The gradient goes to the first of the largest of the base run, whose values are 0 and 1 here.
            let hard = window.map { $0.rounded() }
            result.append(window[hard.firstIndex(of: hard.max() ?? 0) ?? 0])
          }
        }
      }
    }
    return result
  }

  private mutating func fire(_ input: [[Double]], _ model: LIF, _ recurrent: [Double]) -> [[Double]] {
    let count = input[0].count
    let number = potentials.count
    let (beta, threshold) = (Double(model.beta), Double(model.threshold))
    var v = [Double](repeating: 0, count: count)
    var seen: [[Double]] = []
    var fired: [[Double]] = []
    for (t, row) in input.enumerated() {
      let heard = recurrent.isEmpty ? nil : fired.last
      var (before, now) = ([Double](), [Double]())
      for j in 0..<count {
        let feedback = heard.map { last in (0..<count).reduce(0) { $0 + last[$1] * recurrent[$1 * count + j] } } ?? 0
        v[j] = beta * v[j] + row[j] + feedback
        before.append(v[j])
        let x0 = (base?[number][t][j] ?? v[j]) - threshold
        let hard: Double = x0 >= 0 ? 1 : 0
        now.append(base == nil ? hard : hard + smoothStep(surrogate, v[j] - threshold) - smoothStep(surrogate, x0))
        switch model.reset {
        case .subtract: v[j] -= threshold * hard
        case .zero: v[j] *= 1 - hard
        case .none: break
        }
      }
      seen.append(before)
      fired.append(now)
    }
    potentials.append(seen)
    outputs.append(fired)
    return fired
  }
}

/// A network and its substitute with the same numbers.
struct SmoothPair {
  var network: Network
  var layers: [SmoothLayer] = []
  private var numbers: TestNumbers
  private var shape: [Int]

  init(_ input: [Int], seed: UInt64) throws {
    network = try Network(inputShape: input)
    shape = input
    numbers = TestNumbers(seed)
  }

  mutating func append(_ layer: any Layer) throws {
    network = try network.appending(layer, seed: 1)
    let place = network.layers.count - 1
    // Wider weights than the first ones, and offsets, so that all populations fire.
    let scale = 1.6
    var draws = numbers
    var built = network.layers[place]
    try built.updateParameters { (_, value) throws(Fault) in
      let isBias = value.rank == 1
      try value.withUnsafeMutableBuffer { (buffer) throws(Fault) in
        for i in buffer.indices {
          buffer[i] = isBias ? Float(0.3 * draws.next()) : buffer[i] * Float(scale) + Float(0.15 * draws.next())
        }
      }
    }
    numbers = draws
    var layers = network.layers
    layers[place] = built
    network = try network.replacingLayers(layers)
    self.layers.append(SmoothPair.smooth(network.layers[place]))
  }

  private static func smooth(_ layer: any Layer) -> SmoothLayer {
    func doubles(_ name: String) -> [Double] {
      (layer.parameters.first { $0.name == name }?.value.scalars ?? []).map(Double.init)
    }
    switch layer {
    case let conv as ConvLayer:
      return SmoothLayer(
        kind: .conv(stride: conv.stride.y, padding: conv.padding.y, kernel: conv.kernel.y), weight: doubles("weight"),
        bias: doubles("bias"))
    case let pool as PoolLayer: return SmoothLayer(kind: .pool(pool.kind, size: pool.size.y, stride: pool.stride.y))
    case is DenseLayer: return SmoothLayer(kind: .dense, weight: doubles("weight"), bias: doubles("bias"))
    case let recurrent as RecurrentLayer:
      return SmoothLayer(kind: .lif(recurrent.model as? LIF ?? LIF()), weight: doubles("recurrent"))
    case let residual as BranchLayer:
      return SmoothLayer(kind: .residual, branch: residual.layers.map { smooth($0) })
    case let neurons as NeuronLayer: return SmoothLayer(kind: .lif(neurons.model as? LIF ?? LIF()))
    default: return SmoothLayer(kind: .residual)
    }
  }
}
