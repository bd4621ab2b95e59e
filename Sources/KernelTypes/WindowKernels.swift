// Windows that slide over images: convolutions and pools.

/// A window over images of `[channels, height, width]`.
public struct WindowShape: Sendable, Equatable {
  public var channels: Int, height: Int, width: Int
  public var kernelHeight: Int, kernelWidth: Int
  public var strideY: Int, strideX: Int
  /// Rows and columns of zeros around the image, fewer than the kernel's.
  public var paddingY: Int, paddingX: Int

  public init(
    channels: Int, height: Int, width: Int, kernelHeight: Int, kernelWidth: Int, strideY: Int = 1, strideX: Int = 1,
    paddingY: Int = 0, paddingX: Int = 0
  ) {
    (self.channels, self.height, self.width) = (channels, height, width)
    (self.kernelHeight, self.kernelWidth) = (kernelHeight, kernelWidth)
    (self.strideY, self.strideX) = (strideY, strideX)
    (self.paddingY, self.paddingX) = (paddingY, paddingX)
  }

  public var outHeight: Int { (height + 2 * paddingY - kernelHeight) / strideY + 1 }
  public var outWidth: Int { (width + 2 * paddingX - kernelWidth) / strideX + 1 }
  /// The pixels of one channel, before and after.
  public var pixels: Int { height * width }
  public var outPixels: Int { outHeight * outWidth }
  /// The features of a sample.
  public var features: Int { channels * pixels }
  /// Whether windows are of two by two and lie side by side.
  public var isPairs: Bool {
    kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2 && paddingY == 0 && paddingX == 0
  }
  /// The weights of one output channel of a convolution.
  public var taps: Int { channels * kernelHeight * kernelWidth }
}

/// The input of a convolution: rows of bits, or of floats.
public enum ConvolutionInput {
  /// Rows of `wordsPerRow` words.
  case spikes(UnsafePointer<UInt64>, wordsPerRow: Int)
  /// Rows of as many floats as there are features.
  case values(UnsafePointer<Float>)
}

/// Convolutions of many images by one set of weights, and their gradients.
public protocol ConvolutionKernels {
  /// The channels that whole vectors hold.
  static func paddedChannels(_ channels: Int) -> Int

  /// The floats that packed weights take: `[taps, paddedChannels(outputs)]`.
  static func packedConvolutionCount(_ shape: WindowShape, outputs: Int) -> Int

  /// Copies weights `[outputs, channels, kernelHeight, kernelWidth]` so that all outputs of a tap lie side by side.
  static func packConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  )

  /// out[r, o, y, x] = bias[o] + the sum over channel and kernel of weight times input, for the given rows.
  ///
  /// - Parameters:
  ///   - packed: the weights from `packConvolution`.
  ///   - bias: `outputs` floats, or nil.
  ///   - out: rows of `[outputs, outHeight, outWidth]`.
  ///   - rows: images of the input; any division of them gives the same bits.
  static func convolutionForward(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, packed: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  )

  /// Copies weights `[outputs, channels, kernelHeight, kernelWidth]` for `convolutionInputGradient`: turned by half a
  /// turn, with all input channels of an output's tap side by side, or transformed for minimal filtering.
  static func packTurnedConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  )

  /// The floats that `packTurnedConvolution` writes.
  static func packedTurnedCount(_ shape: WindowShape, outputs: Int) -> Int

  /// The gradient of the input `[channels, height, width]` from that of the output, for the given rows.
  ///
  /// It is a convolution too: of the output's gradient, its pixels a stride apart and with a border, by the turned
  /// weights.
  static func convolutionInputGradient(
    _ shape: WindowShape, outputs: Int, gradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, rows: Range<Int>
  )

  /// Adds the gradients of the weights and of the offsets from the given rows.
  ///
  /// - Parameters:
  ///   - gradient: of the output, rows of `[outputs, outHeight, outWidth]`.
  ///   - weightSums: `[taps, paddedChannels(outputs)]`, added to.
  ///   - biasSums: `outputs` floats, added to; or nil.
  static func convolutionWeightGradient(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, gradient: UnsafePointer<Float>,
    weightSums: UnsafeMutablePointer<Float>, biasSums: UnsafeMutablePointer<Float>?, rows: Range<Int>
  )

  /// The sums of `convolutionWeightGradient` as weights `[outputs, channels, kernelHeight, kernelWidth]`.
  static func unpackConvolution(
    _ shape: WindowShape, outputs: Int, packed: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>
  )
}

/// Pools: the sum, the mean or the largest of each window of each channel, and their gradients.
public protocol PoolKernels {
  /// out[r, c, y, x] = scale * the sum of the window, for the given rows. Windows lie inside the image: no padding.
  static func poolSums(
    _ shape: WindowShape, scale: Float, input: ConvolutionInput, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  )

  /// The spikes of windows in which any neuron fires, for the given rows of words (all zero before).
  static func poolSpikes(
    _ shape: WindowShape, words: UnsafePointer<UInt64>, wordsPerRow: Int, out: UnsafeMutablePointer<UInt64>,
    outWordsPerRow: Int, rows: Range<Int>
  )

  /// out[r, c, y, x] = the largest number of the window, for the given rows.
  static func poolMaxima(
    _ shape: WindowShape, values: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  )

  /// The gradient of the input of `poolSums`.
  static func poolSumsGradient(
    _ shape: WindowShape, scale: Float, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    rows: Range<Int>
  )

  /// The gradient of the input of `poolMaxima` and `poolSpikes`: it flows to the first of the largest.
  static func poolMaximaGradient(
    _ shape: WindowShape, input: ConvolutionInput, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    rows: Range<Int>
  )
}
