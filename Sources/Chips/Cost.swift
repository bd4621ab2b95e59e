// What a load costs on a chip.

/// Energy and time of one inference, simulated from a chip's figures.
public struct Cost: Sendable, Equatable {
  /// Joules of each kind of event, and of standing by.
  public struct Parts: Sendable, Equatable {
    public var synapticOperations = 0.0
    public var updates = 0.0
    public var spikes = 0.0
    /// Packets that leave cores, enter them, and pass routers.
    public var hops = 0.0
    public var standing = 0.0

    public init() {}

    public var total: Double { synapticOperations + updates + spikes + hops + standing }
  }

  public var energy = Parts()
  /// Seconds of one step.
  public var stepTime = 0.0
  /// Seconds of one inference.
  public var latency = 0.0
  /// What decides the length of a step: "synaptic operations of core 3", "the barrier", "the fixed step".
  public var timeLimit = ""

  public init() {}

  /// Watts while it runs.
  public var power: Double { latency > 0 ? energy.total / latency : 0 }
  /// Joule seconds.
  public var energyDelay: Double { energy.total * latency }
}
