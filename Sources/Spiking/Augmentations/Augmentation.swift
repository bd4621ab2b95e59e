// Random changes of samples while a network is trained, which leave what the samples are: more data from the same.

import Faults
import Tensors

/// A random change of training samples.
public protocol Augmentation: Component {
  /// Samples `[batch, ...sample shape]`, each changed by draws of its own.
  ///
  /// - Throws: `.shape` for samples without the axes that it moves along.
  func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor
}

/// All augmentations, in the order in which help lists them; a new one is a file in this folder and its name here.
public let augmentations: [any Augmentation.Type] = [
  RandomShift.self, RandomFlip.self, RandomErase.self, RandomDelay.self, RandomDrop.self, RandomNoise.self, RandomGain.self,
  RandomMask.self,
]

extension [any Augmentation] {
  /// Samples changed by one after the other.
  func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    var samples = samples
    var stream = stream
    for augmentation in self {
      samples = try augmentation.changed(samples, stream: RandomStream(seed: stream.nextBits(), purpose: "augment"))
    }
    return samples
  }

  /// As a call in the language would make them.
  var text: String { map(\.callText).joined(separator: ", ") }
}

extension Augmentation {
  /// A fault for samples with fewer axes than are needed.
  func checkAxes(_ samples: Tensor, atLeast axes: Int, _ names: String) throws(Fault) {
    guard samples.rank > axes else {
      throw Fault(
        .shape, "`\(name)` needs samples with \(names)",
        label: "a sample is \(Shape.text(Array(samples.shape.dropFirst())))",
        help: axes == 2 ? "keep the images' axes: data.digits(flat=false)" : "their axes are [samples, time, ...features]")
    }
  }
}

extension Float {
  /// The nearest number between two bounds, of which either may be none.
  func clamped(_ low: Double?, _ high: Double?) -> Float {
    let raised = low.map { Swift.max(self, Float($0)) } ?? self
    return high.map { Swift.min(raised, Float($0)) } ?? raised
  }
}

extension Tensor {
  /// Samples written anew, one by one, from what they are: `body` gets the sample's number, its numbers, and where the new
  /// ones go, which are 0.
  func eachSample(
    _ body: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws(Fault) -> Tensor {
    let width = shape.dropFirst().reduce(1, *)
    return try Tensor(shape: shape) { (target) throws(Fault) in
      target.update(repeating: 0)
      withUnsafeBuffer { source in
        for sample in 0..<(width == 0 ? 0 : shape[0]) {
          let range = sample * width..<(sample + 1) * width
          body(sample, UnsafeBufferPointer(rebasing: source[range]), UnsafeMutableBufferPointer(rebasing: target[range]))
        }
      }
    }
  }
}
