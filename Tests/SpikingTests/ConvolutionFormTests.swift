// Convolutions along rows, with groups and gaps, and transposed; adaptive pools and pools of rows.

import Faults
import Spiking
import Tensors
import Testing

@Suite struct ConvolutionFormTests {
  /// The geometry of a convolution: kernel, stride, padding, dilation, groups.
  struct Case: Sendable, CustomStringConvertible {
    var axes: Int, kernel: [Int], stride: [Int], padding: [Int], dilation: [Int], groups: Int
    var description: String { "\(axes)-d, kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation), groups \(groups)" }
    var geometry: ConvGeometry {
      func pair(_ sizes: [Int], _ rest: Int) -> Window.Pair { axes == 1 ? .init(rest, sizes[0]) : .init(sizes[0], sizes[1]) }
      return ConvGeometry(
        axes: axes, kernel: pair(kernel, 1), stride: pair(stride, 1), padding: pair(padding, 0), dilation: pair(dilation, 1),
        groups: groups)
    }
    var features: [Int] { axes == 1 ? [4, 11] : [4, 7, 6] }
  }

  static let cases = [
    Case(axes: 1, kernel: [3], stride: [1], padding: [0], dilation: [1], groups: 1),
    Case(axes: 1, kernel: [4], stride: [2], padding: [1], dilation: [1], groups: 2),
    Case(axes: 1, kernel: [3], stride: [1], padding: [2], dilation: [2], groups: 1),
    Case(axes: 1, kernel: [2], stride: [3], padding: [0], dilation: [5], groups: 4),
    Case(axes: 1, kernel: [2], stride: [1], padding: [4], dilation: [9], groups: 1),
    Case(axes: 2, kernel: [3, 2], stride: [1, 1], padding: [1, 0], dilation: [1, 1], groups: 4),
    Case(axes: 2, kernel: [2, 3], stride: [2, 1], padding: [0, 2], dilation: [1, 2], groups: 1),
    Case(axes: 2, kernel: [2, 2], stride: [1, 2], padding: [1, 1], dilation: [3, 2], groups: 2),
  ]

  /// The sum of the definition, in double precision.
  private func expected(_ given: Case, _ values: [Float], _ weight: Tensor, _ bias: [Float], rows: Int) throws -> [Float] {
    let geometry = given.geometry
    let (channels, height, width) = given.axes == 1 ? (given.features[0], 1, given.features[1]) : (given.features[0], given.features[1], given.features[2])
    let reach = ((geometry.kernel.y - 1) * geometry.dilation.y, (geometry.kernel.x - 1) * geometry.dilation.x)
    let outHeight = (height + 2 * geometry.padding.y - reach.0 - 1) / geometry.stride.y + 1
    let outWidth = (width + 2 * geometry.padding.x - reach.1 - 1) / geometry.stride.x + 1
    let own = channels / given.groups, outputs = bias.count
    let weights = weight.scalars
    var result: [Float] = []
    for row in 0..<rows {
      for o in 0..<outputs {
        for y in 0..<outHeight {
          for x in 0..<outWidth {
            var sum = Double(bias[o])
            for c in 0..<own {
              for i in 0..<geometry.kernel.y {
                for j in 0..<geometry.kernel.x {
                  let r = y * geometry.stride.y + i * geometry.dilation.y - geometry.padding.y
                  let s = x * geometry.stride.x + j * geometry.dilation.x - geometry.padding.x
                  guard (0..<height).contains(r), (0..<width).contains(s) else { continue }
                  let channel = o / (outputs / given.groups) * own + c
                  sum += Double(weights[((o * own + c) * geometry.kernel.y + i) * geometry.kernel.x + j])
                    * Double(values[((row * channels + channel) * height + r) * width + s])
                }
              }
            }
            result.append(Float(sum))
          }
        }
      }
    }
    return result
  }

  @Test(arguments: cases) func itIsTheSumOfTheDefinition(given: Case) throws {
    let layer = try filled(GroupedConvLayer(outputs: 8, given.geometry), given.features)
    var numbers = TestNumbers(7)
    let shape = [2, 3] + given.features
    let values = numbers.floats(shape.reduce(1, *)).map { $0 > 0 ? Float(1) : 0 }
    let tensor = try Tensor(values, shape: shape)
    let sums = try expected(given, values, layer.parameters[0].value, layer.parameters[1].value.scalars, rows: 6)
    for signal in [Signal.tensor(tensor), .spikes(try Spikes(tensor))] {
      let output = try layer.forward(signal, Pass()).output
      #expect(try output.featureShape == layer.outputShape(for: given.features))
      let found = try output.tensor().scalars
      #expect(found.count == sums.count)
      for (a, b) in zip(found, sums) { #expect(abs(a - b) < 1e-4) }
    }
  }

  @Test(arguments: cases) func gradientsAreFiniteDifferences(given: Case) throws {
    try expectSlopes(of: filled(GroupedConvLayer(outputs: 4, given.geometry), given.features), [2, 2] + given.features, every: 5)
  }

  /// A chip's plain convolution, and what a file gives back, do the same.
  @Test(arguments: cases) func thePlainFormAndTheFileDoTheSame(given: Case) throws {
    let conv = try filled(GroupedConvLayer(outputs: 4, given.geometry), given.features)
    let net = try network(given.features, [conv, NeuronLayer(LIF()), FlattenLayer(), DenseLayer(outputs: 3), NeuronLayer(LIF())])
    var numbers = TestNumbers(5)
    let input = Signal.tensor(try Tensor(numbers.floats(6 * 2 * given.features.reduce(1, *), from: 0, to: 2), shape: [6, 2] + given.features))
    let output = try net.run(input).tensor()
    let chips = try net.forChips()
    #expect(chips.layers[0] is ConvLayer)
    #expect(Tensor.identical(try chips.run(input).tensor(), output))
    #expect(Tensor.identical(try reread(net).run(input).tensor(), output))
    #expect(try reread(net).layers[0].callText == net.layers[0].callText)
    // The synapses that are counted are those that the plain weights keep.
    let graph = chips.graph
    let number = try #require(graph.projections.firstIndex { $0.target == 1 })
    let kept = graph.synapses(of: graph.projections[number])
    let inputs = given.features.reduce(1, *)
    let total = (0..<graph.populations[1].neurons).reduce(0) { $0 + kept.fanIn(of: $1, sources: inputs) }
    #expect(total == net.layers[0].synapses(for: given.features))
  }

  @Test func normalisationFoldsIntoThem() throws {
    let depthwise = GroupedConvLayer(outputs: 4, ConvGeometry(axes: 2, kernel: .init(3, 3), padding: .init(1, 1), groups: 4))
    let larger = TransposedConvLayer(outputs: 3, ConvGeometry(axes: 2, kernel: .init(2, 2), stride: .init(2, 2)))
    var net = try network([4, 5, 5], [depthwise, BatchNormLayer(), NeuronLayer(LIF()), larger, BatchNormLayer()])
    var layers = net.layers
    for index in [1, 4] { layers[index] = try filled(layers[index], net.inputOf(index)) }
    net = try net.replacingLayers(layers)
    var numbers = TestNumbers(2)
    let input = Signal.tensor(try Tensor(numbers.floats(5 * 2 * 100, from: 0, to: 2), shape: [5, 2, 4, 5, 5]))
    let folded = try net.folded()
    #expect(folded.layers.map(\.name) == ["conv", "lif", "conv_transpose"])
    for (a, b) in zip(try net.run(input).tensor().scalars, try folded.run(input).tensor().scalars) { #expect(abs(a - b) < 1e-4) }
  }

  /// <conv(x), y> = <x, transposed(y)>, and lengths as the definition says.
  @Test(arguments: [(3, 1, 0, 0), (4, 2, 1, 0), (3, 2, 1, 1), (2, 3, 0, 2), (5, 1, 2, 0)])
  func theTransposedConvolutionIsTheAdjoint(kernel: Int, stride: Int, padding: Int, more: Int) throws {
    for axes in [1, 2] {
      let pair = { (size: Int, rest: Int) in Window.Pair(axes == 1 ? rest : size, size) }
      let geometry = ConvGeometry(axes: axes, kernel: pair(kernel, 1), stride: pair(stride, 1), padding: pair(padding, 0))
      let features = axes == 1 ? [3, 5] : [3, 5, 4]
      let plain = TransposedConvLayer(outputs: 2, geometry, outputPadding: pair(more, 0), bias: false)
      let layer = try filled(plain, features)
      let large = try layer.outputShape(for: features)
      #expect(large[1] == (5 - 1) * stride - 2 * padding + kernel + more)
      let forward = try GroupedConvLayer(weight: layer.parameters[0].value, bias: nil, geometry)
      var numbers = TestNumbers(9)
      let y = try Tensor(numbers.floats(2 * features.reduce(1, *)), shape: [2, 1] + features)
      let x = try Tensor(numbers.floats(2 * large.reduce(1, *)), shape: [2, 1] + large)
      let left = try (forward.forward(.tensor(x), Pass()).output.tensor() * y).total()
      let right = try (layer.forward(.tensor(y), Pass()).output.tensor() * x).total()
      #expect(abs(left - right) < 1e-3 * max(1, abs(left)))
      try expectSlopes(of: filled(TransposedConvLayer(outputs: 2, geometry, outputPadding: pair(more, 0)), features), [2, 2] + features, every: 3)
      let net = try network(features, [layer, FlattenLayer(), DenseLayer(outputs: 2)])
      let input = Signal.tensor(y)
      #expect(Tensor.identical(try reread(net).run(input).tensor(), try net.run(input).tensor()))
    }
  }

  @Test(arguments: PoolLayer.Kind.allCases) func poolsOfRowsAndAdaptivePools(kind: PoolLayer.Kind) throws {
    // Numbers that lie far apart, so that a small step changes no maximum.
    try expectSlopes(of: filled(LinePoolLayer(size: 3, kind: kind, stride: 2), [2, 9]), [2, 2, 2, 9], step: 1e-3, tolerance: 2e-2)
    try expectSlopes(of: filled(LinePoolLayer(size: nil, kind: kind), [2, 9]), [2, 2, 2, 9], step: 1e-3, tolerance: 2e-2)
    try expectSlopes(of: AdaptivePoolLayer(output: .init(3, 2), kind: kind), [2, 1, 2, 7, 5], step: 1e-3, tolerance: 2e-2)
    try expectSlopes(of: AdaptivePoolLayer(output: .init(1, 4), kind: kind), [2, 1, 2, 6], step: 1e-3, tolerance: 2e-2)
    // Where all windows are alike it is the plain pool, of spikes too.
    var numbers = TestNumbers(5)
    let spikes = try Spikes(try Tensor(numbers.floats(2 * 2 * 6 * 4).map { $0 > 0.2 ? 1 : 0 }, shape: [2, 1, 2, 6, 4]))
    let adaptive = try AdaptivePoolLayer(output: .init(3, 2), kind: kind).forward(.spikes(spikes), Pass()).output
    let plain = try PoolLayer(size: .init(2, 2), kind: kind).forward(.spikes(spikes), Pass()).output
    #expect((adaptive.spikes == nil) == (kind != .max))
    for (a, b) in zip(try adaptive.tensor().scalars, try plain.tensor().scalars) { #expect(abs(a - b) < 1e-6) }
    for layer in [LinePoolLayer(size: 3, kind: kind, stride: 2), LinePoolLayer(size: nil, kind: kind), AdaptivePoolLayer(output: .init(1, 3), kind: kind)] as [any Layer] {
      let net = try network([2, 9], [layer, FlattenLayer(), DenseLayer(outputs: 3), NeuronLayer(LIF())])
      let row = Signal.tensor(try Tensor(numbers.floats(4 * 18, from: 0, to: 2), shape: [4, 1, 2, 9]))
      #expect(Tensor.identical(try reread(net).run(row).tensor(), try net.run(row).tensor()))
      #expect(Tensor.identical(try net.forChips().run(row).tensor(), try net.run(row).tensor()))
    }
  }

  @Test func whatCannotBeIsSaid() throws {
    func fault(_ layer: any Layer, _ input: [Int]) -> Fault? {
      do { _ = try network(input, [layer]) } catch { return error as? Fault }
      return nil
    }
    func row(_ kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) -> GroupedConvLayer {
      GroupedConvLayer(
        outputs: 4,
        ConvGeometry(axes: 1, kernel: .init(1, kernel), stride: .init(1, stride), padding: .init(0, padding), dilation: .init(1, dilation), groups: groups))
    }
    #expect(fault(row(3), [4])?.title == "`conv1d` takes rows, [channels, length]")
    #expect(fault(row(9), [4, 5])?.title == "the kernel of `conv1d` is larger than its input")
    #expect(fault(row(2, dilation: 5), [4, 5])?.label?.contains("reaches over 6") == true)
    #expect(fault(row(3, padding: 3), [4, 5])?.title.contains("padding") == true)
    #expect(fault(row(3, stride: 0), [4, 5])?.title == "the stride of `conv1d` must be at least 1")
    #expect(fault(row(3, groups: 3), [4, 5])?.title == "the channels of `conv1d` cannot be parted into 3 groups")
    #expect(fault(row(3, groups: 0), [4, 5])?.kind == .value)
    #expect(fault(row(Int.max), [4, 5])?.kind == .limit)
    #expect(fault(row(1 << 20, dilation: 1 << 20), [4, 5])?.kind == .shape)
    let wide = TransposedConvLayer(outputs: 1, ConvGeometry(axes: 1, kernel: .init(1, 1), stride: .init(1, 1 << 20)))
    #expect(fault(wide, [1, 1 << 20])?.kind == .shape)
    let more = TransposedConvLayer(outputs: 1, ConvGeometry(axes: 1, kernel: .init(1, 3)), outputPadding: .init(0, 1))
    #expect(fault(more, [1, 5])?.title.contains("output_padding") == true)
    #expect(fault(AdaptivePoolLayer(output: .init(6, 6)), [1, 5, 9])?.kind == .shape)
    #expect(fault(LinePoolLayer(size: 6), [1, 5])?.kind == .shape)
    do {
      _ = try network([1, 5], [wide]).forChips()
      Issue.record("a transposed convolution went onto a chip")
    } catch { #expect((error as? Fault)?.title == "no chip runs `conv1d_transpose`") }
  }
}
