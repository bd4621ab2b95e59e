// What a trained network is worth on a chip, in the few numbers by which designs are compared.

import Faults
import Spiking

/// Figures of one network on some data. The accuracy is that of the rounded network that the chip runs; energies and times
/// are simulated, means over the data's samples.
public struct DesignFigures: Sendable, Equatable {
  /// From 0 to 1.
  public var accuracy: Double
  /// Joules of an inference.
  public var energy: Double
  /// Seconds of an inference.
  public var latency: Double
  /// Joules times seconds.
  public var energyDelay: Double
  /// Watts.
  public var power: Double
  /// Bytes of synaptic memory in all cores.
  public var memory: Int
  public var cores: Int
  public var neurons: Int
  public var synapses: Int
  /// The number of the objective that the mapper made small: what a design is judged by beside its accuracy.
  public var price: Double

  public init(
    accuracy: Double, energy: Double, latency: Double, energyDelay: Double, power: Double, memory: Int, cores: Int,
    neurons: Int, synapses: Int, price: Double
  ) {
    self.accuracy = accuracy
    self.energy = energy
    self.latency = latency
    self.energyDelay = energyDelay
    self.power = power
    self.memory = memory
    self.cores = cores
    self.neurons = neurons
    self.synapses = synapses
    self.price = price
  }

  /// Places a network on a chip, by the samples of the options.
  ///
  /// Neurons with more inputs than fit are divided, as `splitsFanIn` says, where the network cannot be placed without: a
  /// network that has not yet paid for its inputs has all of them.
  ///
  /// - Throws: `.limit` for a network that doesn't fit even so; `.interrupt`, also where the mapper was stopped.
  public init(of network: Network, on chip: Chip, _ options: PlaceOptions) throws(Fault) {
    let report: MappingReport
    do throws(Fault) {
      report = try place(network, on: chip, options)
    } catch {
      guard error.kind == .limit, !options.splitsFanIn else { throw error }
      var divided = options
      divided.splitsFanIn = true
      do throws(Fault) {
        report = try place(network, on: chip, divided)
      } catch let second {
        // What the user asked for is what failed first.
        throw second.kind == .limit ? error : second
      }
    }
    if report.placed.isInterrupted { throw Fault(.interrupt, "interrupted") }
    guard let accuracy = report.accuracy else {
      throw Fault(
        .value, "the network cannot be judged by these samples",
        label: "\(options.data?.name ?? "the data set") has labels that are no outputs of it")
    }
    let cost = report.placed.cost
    self.init(
      accuracy: accuracy, energy: cost.energy.total, latency: cost.latency, energyDelay: cost.energyDelay,
      power: cost.power, memory: report.synapticMemory, cores: report.cores, neurons: report.neurons,
      synapses: report.synapses, price: report.placed.score)
  }

  public var merit: Merit { Merit(accuracy: accuracy, price: price) }
}
