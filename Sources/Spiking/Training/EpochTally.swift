// Sums over the batches of an epoch.

import Faults
import Tensors

struct EpochTally {
  var samples = 0
  /// What an objective beside the loss came to.
  var charges = ChargeTally()
  private(set) var activity = ActivityTally()
  private var loss = 0.0
  private var spikes = 0
  /// Classes that were read right, of those that were read.
  private var right = 0
  private var read = 0
  /// Squared distances from numbers, of as many.
  private var squares = 0.0
  private var numbers = 0
  /// Steps of the optimiser, and those whose gradient was cut.
  var steps = 0
  var clipped = 0

  init() {}

  mutating func add(samples: Int, loss: Double, activity populations: [(place: [Int], output: Signal)], counting: Set<[Int]>) throws(Fault) {
    self.samples += samples
    self.loss += loss * Double(samples)
    spikes += try activity.add(populations, counting: counting)
  }

  mutating func add(right: Int, of read: Int) {
    self.right += right
    self.read += read
  }

  /// - Parameter target: nan where there is none.
  mutating func add(_ values: Tensor, target: Tensor) {
    for (value, wanted) in zip(values.scalars, target.scalars) where !wanted.isNaN {
      let error = Double(value) - Double(wanted)
      squares += error * error
      numbers += 1
    }
  }

  var meanLoss: Double { loss / Double(max(1, samples)) }
  /// nil where no classes were read.
  var accuracy: Double? { read == 0 ? nil : Double(right) / Double(read) }
  /// nil where no numbers were read.
  var rmse: Double? { numbers == 0 ? nil : (squares / Double(numbers)).squareRoot() }
  var spikesPerSample: Double { Double(spikes) / Double(max(1, samples)) }

  /// What the running epoch of a stopped run is put together from again.
  var sums: [String: Double] {
    [
      "samples": Double(samples), "loss": loss, "spikes": Double(spikes), "right": Double(right), "read": Double(read),
      "squares": squares, "numbers": Double(numbers), "steps": Double(steps), "clipped": Double(clipped),
    ]
  }

  init(sums: [String: Double]) {
    func whole(_ name: String) -> Int { Int(exactly: sums[name] ?? 0) ?? 0 }
    samples = whole("samples")
    loss = sums["loss"] ?? 0
    spikes = whole("spikes")
    (right, read) = (whole("right"), whole("read"))
    (squares, numbers) = (sums["squares"] ?? 0, whole("numbers"))
    (steps, clipped) = (whole("steps"), whole("clipped"))
  }
}
