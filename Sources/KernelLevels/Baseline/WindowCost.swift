// When a convolution goes through its active features one by one, and when it takes a dense product: by the cost of
// either, in the time of one vector's multiplication.

enum WindowCost {
  /// The most active features of a row that cost less than a dense product.
  static func mostActive(_ shape: WindowShape, outputs: Int) -> Int {
    mostActive(shape, outputs: outputs, fixed: costs.turning * shape.outPixels * Level.paddedChannels(outputs))
  }

  /// The same for the gradient of the weights, whose dense product needs the gradient turned as well.
  static func mostActiveOfGradient(_ shape: WindowShape, outputs: Int) -> Int {
    mostActive(shape, outputs: outputs, fixed: 0)
  }

  /// Whether a dense product reads the images in place rather than a copy in panels: measured, for shapes that suit.
  static func prefersLines(_ shape: WindowShape, outputs: Int) -> Bool {
    if !LineProduct.suits(shape) { return false }
    #if KERNELS_AVX512
      // Four vectors of pixels share each weight, as long as the second cache holds those.
      return shape.taps * outputs <= 1 << 17
    #else
      return outputs <= (shape.taps >= 144 ? 24 : 12) && shape.taps >= 72
    #endif
  }

  /// Of an active feature, of a window that sees it, of a vector added to, and of a sum turned: measured where dense
  /// products and events are as fast as each other.
  private static var costs: (event: Int, window: Int, adding: Int, turning: Int) {
    @inline(__always) get {
      #if KERNELS_AVX512
        (24, 4, 3, 1)
      #else
        (48, 8, 3, 2)
      #endif
    }
  }
  /// Of a vector copied into a panel.
  private static var copying: Int { @inline(__always) get { 4 } }

  private static func mostActive(_ shape: WindowShape, outputs: Int, fixed: Int) -> Int {
    let vectors = Level.paddedChannels(outputs) / vectorWidth
    let left = (shape.outPixels + vectorWidth - 1) / vectorWidth * shape.taps * (outputs + copying) - fixed
    // A feature is seen by as many windows as there are taps, but for strides and edges.
    let windows = shape.kernelHeight * shape.kernelWidth * shape.outPixels
    let event = costs.event * shape.pixels + windows * (costs.window + costs.adding * vectors)
    return left < 0 ? -1 : left / event * shape.pixels + left % event * shape.pixels / event
  }
}
