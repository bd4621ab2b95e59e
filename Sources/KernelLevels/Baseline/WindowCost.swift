// When a convolution goes through its active features one by one, and when it takes a dense product: by the cost of
// either, in the time of one vector's multiplication.

enum WindowCost {
  /// The most active features of a row that cost less than a dense product.
  static func mostActive(_ shape: WindowShape, outputs: Int) -> Int {
    mostActive(shape, outputs: outputs, fixed: turning * shape.outPixels * Level.paddedChannels(outputs))
  }

  /// The same for the gradient of the weights, whose dense product needs the gradient turned as well.
  static func mostActiveOfGradient(_ shape: WindowShape, outputs: Int) -> Int {
    mostActive(shape, outputs: outputs, fixed: 0)
  }

  /// Whether a dense product reads the images in place: where few taps or channels would not pay for a copy.
  static func prefersLines(_ shape: WindowShape, outputs: Int) -> Bool {
    LineProduct.suits(shape) && shape.taps <= lineTaps
  }

  #if KERNELS_AVX512
    private static var adding: Int { 6 }
  #elseif KERNELS_AVX2
    private static var adding: Int { 6 }
  #else
    private static var adding: Int { 6 }
  #endif
  /// Of a sum turned.
  private static var turning: Int { 3 }
  /// Of a number copied into a panel, by vectors.
  private static var copying: Int { 4 }
  private static var lineTaps: Int { 256 }

  private static func mostActive(_ shape: WindowShape, outputs: Int, fixed: Int) -> Int {
    let vectors = (shape.outPixels + vectorWidth - 1) / vectorWidth
    let left = vectors * shape.taps * (outputs + copying) - fixed
    let event = adding * shape.kernelHeight * shape.kernelWidth * (Level.paddedChannels(outputs) / vectorWidth)
    return left / event - (left < 0 ? 1 : 0)
  }
}
