// One step of an optimiser over a run of parameters, each number read and written once.

extension Level {
  public static func sgdStep(
    _ step: SGDStep, count: Int, _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    speed: UnsafeMutablePointer<Float>?
  ) {
    let rate = Vector(repeating: step.rate)
    let decay = Vector(repeating: step.decay)
    let kept = Vector(repeating: step.momentum)
    var i = 0
    while i < count {
      let rest = count - i
      let p = loadHead(UnsafePointer(parameters + i), rest)
      var slope = loadHead(gradient + i, rest) + decay * p
      if let speed {
        slope = kept * loadHead(UnsafePointer(speed + i), rest) + slope
        storeHead(slope, speed + i, rest)
      }
      storeHead(p - rate * slope, parameters + i, rest)
      i += vectorWidth
    }
  }

  public static func adamStep(
    _ step: AdamStep, count: Int, _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    mean: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>
  ) {
    let (b1, b2) = (Vector(repeating: step.beta1), Vector(repeating: step.beta2))
    let (rest1, rest2) = (Vector(repeating: step.rest1), Vector(repeating: step.rest2))
    let (size, spread) = (Vector(repeating: step.size), Vector(repeating: step.spread))
    let (shrink, decay) = (Vector(repeating: step.shrink), Vector(repeating: step.decay))
    let epsilon = Vector(repeating: step.epsilon)
    var i = 0
    while i < count {
      let rest = count - i
      let p = loadHead(UnsafePointer(parameters + i), rest)
      let slope = loadHead(gradient + i, rest) + decay * p
      let m = b1 * loadHead(UnsafePointer(mean + i), rest) + rest1 * slope
      let v = b2 * loadHead(UnsafePointer(square + i), rest) + rest2 * slope * slope
      storeHead(m, mean + i, rest)
      storeHead(v, square + i, rest)
      storeHead(p * shrink - size * m / (squareRoot(v) / spread + epsilon), parameters + i, rest)
      i += vectorWidth
    }
  }
}
