// One colour for one name: who has seen a series in a figure finds it again in the next.

import Machine
import Plots

/// Which names have had a colour in a session.
private final class SeriesColours {
  private var places: [String: Int] = [:]
  /// As many as readers can tell apart.
  private static let count = 6

  /// The series with colours: a name keeps the one that it had, and no two of a figure share one while there are enough.
  func coloured(_ series: [Series]) -> [Series] {
    if series.count > Self.count || series.allSatisfy(\.name.isEmpty) { return series }
    var series = series
    var taken: Set<Int> = []
    for index in series.indices {
      guard let place = places[series[index].name], taken.insert(place).inserted else { continue }
      series[index].colour = place
    }
    for index in series.indices where series[index].colour == nil {
      // A colour that no name has had yet, or else any that is free in this figure.
      let used = Set(places.values)
      let free = (0..<Self.count).filter { !taken.contains($0) }
      guard let place = free.first(where: { !used.contains($0) }) ?? free.first else { continue }
      taken.insert(place)
      series[index].colour = place
      let name = series[index].name
      if !name.isEmpty, places[name] == nil, places.count < 1000 { places[name] = place }
    }
    return series
  }
}

extension Machine {
  /// A figure whose series have the colours that their names have in this session.
  func withColours(_ content: Figure.Content) -> Figure.Content {
    let key = ObjectIdentifier(SeriesColours.self)
    let colours = state[key] as? SeriesColours ?? SeriesColours()
    state[key] = colours
    switch content {
    case .curves(var plot):
      plot.series = colours.coloured(plot.series)
      return .curves(plot)
    case .bars(var plot) where plot.series.count > 1:
      plot.series = colours.coloured(plot.series)
      return .bars(plot)
    default: return content
    }
  }
}
