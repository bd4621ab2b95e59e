// What a training run leaves behind for plots and reports.

/// The course of a training run; each list has one entry for each epoch.
public struct History: Sendable, Equatable {
  /// The mean loss over the training samples, measured while the parameters moved.
  public var loss: [Double] = []
  /// The share of training samples that were read right, measured while the parameters moved; empty where the targets
  /// are numbers.
  public var accuracy: [Double] = []
  /// On the validation data after each epoch; empty without any.
  public var validationLoss: [Double] = []
  public var validationAccuracy: [Double] = []
  /// Spikes of all neuron layers for a training sample.
  public var spikesPerSample: [Double] = []
  /// The time of each epoch, validation included.
  public var seconds: [Double] = []
  /// What else was measured for each epoch, by name: the terms of an objective beside the loss.
  public var terms: [Series] = []
  /// What was wrong with the network's activity: layers that fired nothing in an epoch, or in each step of it, each
  /// told of once.
  public var warnings: [String] = []
  /// The epoch, from 0, whose weights the network has, where training waited for a smaller validation loss.
  public var bestEpoch: Int?
  /// Whether the user stopped the run; the last epoch may then be incomplete.
  public var interrupted = false

  /// Numbers of one name, one for each epoch.
  public struct Series: Sendable, Equatable {
    public var name: String
    public var values: [Double]

    public init(name: String, values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  public init() {}

  /// The number of epochs that were begun and recorded.
  public var epochs: Int { loss.count }

  /// Forgets an epoch, from 0, that was recorded before it was over.
  mutating func dropEpoch(_ epoch: Int) {
    func cut(_ list: inout [Double]) { if list.count > epoch { list.removeLast(list.count - epoch) } }
    cut(&loss)
    cut(&accuracy)
    cut(&validationLoss)
    cut(&validationAccuracy)
    cut(&spikesPerSample)
    cut(&seconds)
    for place in terms.indices { cut(&terms[place].values) }
  }

  /// Adds an epoch's number to the series of a name.
  mutating func append(_ value: Double, to name: String) {
    if let place = terms.firstIndex(where: { $0.name == name }) {
      terms[place].values.append(value)
    } else {
      terms.append(Series(name: name, values: [value]))
    }
  }
}

/// Where a training run stands, for a progress display.
public struct FitProgress: Sendable {
  /// From 1.
  public var epoch: Int
  public var epochs: Int
  /// From 1.
  public var batch: Int
  public var batches: Int
  /// The mean over this epoch so far.
  public var loss: Double
  /// nil where the targets are numbers.
  public var accuracy: Double?
  /// The root of the mean squared distance from numbers; nil where the targets are classes.
  public var rmse: Double?
  /// The loss of the last batch alone.
  public var batchLoss: Double
  public var samplesPerSecond: Double
  public var secondsLeft: Double
  /// On the validation data, once this epoch has ended; nil before, and without any.
  public var validationAccuracy: Double?
  public var validationRMSE: Double?
  /// Whether this is the last report of its epoch.
  public var isEpochEnd: Bool
  /// The mean price of an objective beside the loss, then its terms; empty without one.
  public var terms: [(name: String, value: Double)]

  public init(
    epoch: Int, epochs: Int, batch: Int, batches: Int, loss: Double, accuracy: Double?, rmse: Double? = nil,
    batchLoss: Double, samplesPerSecond: Double, secondsLeft: Double, validationAccuracy: Double?,
    validationRMSE: Double? = nil, isEpochEnd: Bool, terms: [(name: String, value: Double)] = []
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.batch = batch
    self.batches = batches
    self.loss = loss
    self.accuracy = accuracy
    self.rmse = rmse
    self.batchLoss = batchLoss
    self.samplesPerSecond = samplesPerSecond
    self.secondsLeft = secondsLeft
    self.validationAccuracy = validationAccuracy
    self.validationRMSE = validationRMSE
    self.isEpochEnd = isEpochEnd
    self.terms = terms
  }
}
