// Sets of recordings as they are published: which files, which parts of them, and what each is of.

import Events
import Faults
import Synchronization

/// Labelled recordings that are read when they are asked for; the set itself holds only where they lie.
public final class EventSet: @unchecked Sendable {
  /// Where a recording lies.
  public enum Place: Sendable, Equatable {
    case file
    /// The events of a file from one time on and before another.
    case window(Int64, Int64)
    /// A row of an HDF5 file with lists of times and units, as SHD's.
    case row(Int)
  }

  /// A recording with its class.
  public struct Sample: Sendable {
    public var path: String
    public var place: Place
    public var label: Int
    /// Who was recorded, where the set says it; -1 where not.
    public var person: Int

    public init(path: String, place: Place = .file, label: Int, person: Int = -1) {
      (self.path, self.place, self.label, self.person) = (path, place, label, person)
    }
  }

  public let name: String
  /// The citation and the licence.
  public let source: String
  public let classNames: [String]
  public let samples: [Sample]
  /// The size of the sensor, the same for all recordings; a set of sounds has its channels as columns of one row.
  public let width: Int
  public let height: Int
  /// Whether events say brighter or darker.
  public let hasPolarity: Bool

  /// What was read last: many samples are parts of one file.
  private enum Last {
    case recording(path: String, EventStream)
    case spikes(path: String, HDF5Dataset, HDF5Dataset)
  }
  private let turn = Mutex(())
  private var last: Last?

  public init(
    name: String, source: String, classNames: [String], samples: [Sample], width: Int, height: Int, hasPolarity: Bool = true
  ) {
    (self.name, self.source, self.classNames, self.samples) = (name, source, classNames, samples)
    (self.width, self.height, self.hasPolarity) = (width, height, hasPolarity)
  }

  /// Some of the samples, in the given order. Throws `.value` for one that is not there.
  public func part(_ indices: [Int]) throws(Fault) -> EventSet {
    for index in indices where !samples.indices.contains(index) {
      throw Fault(.value, "\(name) has no sample \(index)", label: "it has \(counted(samples.count, "sample"))")
    }
    return EventSet(
      name: name, source: source, classNames: classNames, samples: indices.map { samples[$0] }, width: width, height: height,
      hasPolarity: hasPolarity)
  }

  /// The events of a sample. Throws `.value` where there is none, and as the reader of its file does.
  public func events(_ index: Int) throws(Fault) -> EventStream {
    guard samples.indices.contains(index) else {
      throw Fault(.value, "\(name) has no sample \(index)", label: "it has \(counted(samples.count, "sample"))")
    }
    let sample = samples[index]
    let result = turn.withLock { _ in
      Result { () throws(Fault) in
        switch sample.place {
        case .file: try recording(sample.path)
        case .window(let start, let end): try recording(sample.path).between(start, end)
        case .row(let row): try spikes(sample.path, row)
        }
      }
    }
    return try result.get()
  }

  private func recording(_ path: String) throws(Fault) -> EventStream {
    if case .recording(path, let events) = last { return events }
    var options = EventOptions()
    (options.width, options.height) = (width, height)
    let events = try readEvents(path, options).events
    last = .recording(path: path, events)
    return events
  }

  /// A row of `/spikes/times`, in seconds, and `/spikes/units`. Seconds of 16 bits are widened before they become
  /// microseconds, which 16 bits cannot hold.
  private func spikes(_ path: String, _ row: Int) throws(Fault) -> EventStream {
    let times, units: HDF5Dataset
    if case .spikes(path, let first, let second) = last {
      (times, units) = (first, second)
    } else {
      let file = try HDF5File(path)
      (times, units) = (try file.dataset("/spikes/times"), try file.dataset("/spikes/units"))
      last = .spikes(path: path, times, units)
    }
    func list(_ set: HDF5Dataset) throws(Fault) -> NumericValues {
      guard case .lists(let lists) = try set.read(rows: row..<(row + 1)).values, case .numbers(let numbers) = lists.first else {
        throw Fault(.file, "\(shownPath(path)) is damaged", label: "found no list in row \(row) of \(set.name), expected one of numbers")
      }
      return numbers
    }
    let (seconds, channels) = (try list(times).doubles, try list(units).integers ?? [])
    guard seconds.count == channels.count else {
      throw Fault(
        .file, "\(shownPath(path)) is damaged", label: "found \(seconds.count) times and \(channels.count) units in row \(row), expected as many of each")
    }
    let builder = try EventBuilder(width: width, height: height, capacity: seconds.count)
    for (second, channel) in zip(seconds, channels) {
      guard let time = Int64(exactly: (second * 1e6).rounded()), channel >= 0, channel < width else {
        throw Fault(
          .file, "\(shownPath(path)) is damaged", label: "found unit \(channel) at \(second) s in row \(row), expected a unit from 0 to \(width - 1)")
      }
      try builder.append(time: time, x: UInt16(channel), y: 0, isOn: 1)
    }
    return builder.finish()
  }
}

/// The parts of a set that is published in parts, in the order in which it names them.
public struct EventSetPart: Sendable {
  public var name: String
  public var set: EventSet
}

/// What is missing of a set, and how it can be had.
func missingSet(_ name: String, _ what: String, help: String) -> Fault {
  Fault(.file, "cannot find \(name)", label: what, help: help)
}
