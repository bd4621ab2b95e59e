import Faults
import Tensors
import Testing

@testable import Events

/// A small stream of 8x8 pixels, on which tonic 1.7.0, faery 0.7.1 and dv-processing 2.0.4 were run for the numbers below.
private let rows: [(UInt16, UInt16, Int64, UInt8)] = [
  (2, 2, 0, 1), (3, 2, 500, 0), (7, 7, 600, 1), (3, 3, 900, 1), (2, 2, 1000, 1), (2, 2, 1500, 0), (2, 2, 1800, 1),
  (7, 6, 5000, 1), (0, 0, 9000, 0), (3, 2, 10_000, 1),
]

private func stream() throws -> EventStream {
  try EventStream(
    times: rows.map(\.2), x: rows.map(\.0), y: rows.map(\.1), isOn: rows.map(\.3), width: 8, height: 8)
}

private func fault(_ action: () throws -> Void, at place: SourceLocation = #_sourceLocation) -> Fault? {
  #expect(throws: Fault.self, sourceLocation: place) { try action() }
}

@Suite struct EventTests {
  @Test func aStreamTellsOfItself() throws {
    let events = try stream()
    #expect(events.count == 10)
    #expect(events.timeRange == 0...10_000)
    #expect(events.duration == 10_000)
    #expect(events.isSorted)
    #expect(try stream() == events)
    #expect(try events.part(1..<3).times.elementsEqual([500, 600]))
    #expect(try events.part(8..<99).count == 2)
    #expect(try events.between(500, 1000).times.elementsEqual([500, 600, 900]))
    #expect(try events.shifted(zero: -5).times.first == 5)
    #expect(EventStream(width: 1, height: 1).timeRange == nil)
  }

  @Test func whatDoesNotFitIsAFault() throws {
    #expect(fault { _ = try EventStream(times: [1], x: [8], y: [0], isOn: [1], width: 8, height: 8) }?.kind == .value)
    #expect(fault { _ = try EventStream(times: [1], x: [0], y: [0], isOn: [2], width: 8, height: 8) }?.kind == .value)
    #expect(fault { _ = try EventStream(times: [1], x: [], y: [0], isOn: [1], width: 8, height: 8) }?.kind == .shape)
    #expect(fault { _ = try EventBuilder(width: 0, height: 1) }?.kind == .value)
    let far = try EventStream(times: [.max], x: [0], y: [0], isOn: [1], width: 1, height: 1)
    #expect(fault { _ = try far.shifted(zero: -1) }?.kind == .value)
    #expect(fault { _ = try stream().cropped(x: 5, y: 0, width: 4, height: 1) }?.kind == .value)
    #expect(fault { _ = try stream().downsampled(by: 0) }?.kind == .value)
  }

  @Test func unsortedTimesAreCutAllTheSame() throws {
    let events = try EventStream(times: [5, 1, 3], x: [0, 0, 0], y: [0, 0, 0], isOn: [1, 1, 1], width: 1, height: 1)
    #expect(!events.isSorted)
    #expect(try events.between(1, 5).times.elementsEqual([1, 3]))
    #expect(events.timeRange == 1...5)
  }

  @Test func denoisingIsTonics() throws {
    #expect(try stream().denoised(window: 1000).times.elementsEqual([0, 500, 600, 900, 1000]))
    #expect(
      try stream().denoised(window: 1000, neighbours: .eight).times.elementsEqual([0, 500, 600, 900, 1000, 1500, 1800]))
    #expect(fault { _ = try stream().denoised(window: -1) }?.kind == .value)
  }

  @Test func deadTimeIsTonicsWhereAskedFor() throws {
    #expect(try stream().refractory(period: 500, from: .all).times.elementsEqual([500, 600, 900, 1000, 5000, 9000, 10_000]))
    #expect(try stream().refractory(period: 1000, from: .all).times.elementsEqual([500, 600, 900, 5000, 9000, 10_000]))
  }

  /// By hand: pixel (2, 2) speaks at 0, 1000, 1500 and 1800.
  @Test func deadTimeFollowsWhatIsKept() throws {
    #expect(try stream().refractory(period: 1000).times.elementsEqual([0, 500, 600, 900, 1000, 5000, 9000, 10_000]))
    #expect(try stream().refractory(period: 500).times.elementsEqual([0, 500, 600, 900, 1000, 1500, 5000, 9000, 10_000]))
  }

  @Test func hotPixelsAreThoseOfTonicAndFaery() throws {
    #expect(try stream().hotPixels(rate: 150) == [.init(x: 2, y: 2), .init(x: 3, y: 2)])
    #expect(try stream().hotPixels(ratio: 2) == [.init(x: 0, y: 0)])
    #expect(try stream().without([.init(x: 2, y: 2), .init(x: 99, y: 0)]).count == 6)
  }

  @Test func placesAreCutAndDivided() throws {
    let half = try stream().downsampled(by: 2)
    #expect((half.width, half.height) == (4, 4))
    #expect(half.count == 10)
    #expect((half.x[0], half.y[0]) == (1, 1) && (half.x[3], half.y[3]) == (1, 1))
    let corner = try stream().cropped(x: 2, y: 2, width: 2, height: 1)
    #expect(corner.times.elementsEqual([0, 500, 1000, 1500, 1800, 10_000]))
    #expect(corner.x.elementsEqual([0, 1, 0, 0, 0, 1]) && corner.y.allSatisfy { $0 == 0 })
  }

  /// Sums of frames; none loses the last event, which lies on the end of the last frame of tonic's.
  @Test func framesKeepTheLastEvent() throws {
    func sums(_ cut: EventCut, _ start: Int64? = nil, _ end: Int64? = nil) throws -> [Float] {
      let frames = try stream().frames(cut, start: start, end: end)
      let size = 2 * 64
      return (0..<frames.shape[0]).map { frame in (0..<size).reduce(0) { $0 + frames.scalars[frame * size + $1] } }
    }
    #expect(try sums(.every(2500)) == [7, 0, 1, 1, 1])
    #expect(try sums(.every(2500), 0, 10_000) == [7, 0, 1, 1])
    #expect(try sums(.into(3)) == [7, 1, 2])
    #expect(try sums(.events(3)) == [3, 3, 3, 1])
    #expect(try sums(.into(2), 20_000, 30_000) == [0, 0])
    #expect(try EventStream(width: 3, height: 2).frames(.into(2)).shape == [2, 2, 2, 3])
    #expect(try EventStream(width: 3, height: 2).frames(.every(5)).shape == [0, 2, 2, 3])
    for cut in [EventCut.every(0), .into(0), .events(0)] { #expect(fault { _ = try sums(cut) }?.kind == .value) }
    #expect(fault { _ = try sums(.every(5), 10, 0) }?.kind == .value)
    #expect(fault { _ = try sums(.events(5), 0) }?.kind == .value)
    #expect(fault { _ = try sums(.into(2), .min, .max) }?.kind == .value)
  }

  @Test func framesHaveChannelsAndPlaces() throws {
    let frames = try stream().frames(.into(1))
    // Brighter at (2, 2) three times, darker once.
    #expect(frames.scalars[64 + 2 * 8 + 2] == 3)
    #expect(frames.scalars[2 * 8 + 2] == 1)
    let spikes = try stream().spikes(.into(1))
    #expect(spikes.shape == [1, 1, 2, 8, 8])
    #expect(try spikes.tensor().scalars == frames.scalars.map { min($0, 1) })
  }

  @Test func surfacesFadeAndGridsShare() throws {
    let surface = try stream().timeSurface(tau: 1000)
    #expect(surface.scalars[64 + 2 * 8 + 3] == 1)
    #expect(abs(surface.scalars[0] - 0.367879441) < 1e-6)
    #expect(try stream().timeSurface(tau: 1000, at: 500).scalars.max() == 1)
    // At 5000 of 10000 an event lies in the middle of three layers; at 1000 its share of the second is 0.2.
    let grid = try stream().voxelGrid(bins: 3)
    #expect(grid.scalars[64 + 6 * 8 + 7] == 1)
    let early = try stream().part(0..<10).voxelGrid(bins: 3).scalars[64 + 3 * 8 + 3]
    #expect(abs(early - 0.18) < 1e-6)
    #expect(fault { _ = try stream().voxelGrid(bins: 0) }?.kind == .value)
    #expect(fault { _ = try stream().timeSurface(tau: 0) }?.kind == .value)
  }
}
