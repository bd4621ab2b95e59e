// DSEC, driving seen by two event cameras, and M3ED in the same columns: a data set for each of x, y, t and p.
// dsec.ifi.uzh.ch/data-format.

import Faults

/// Times are microseconds, to which DSEC's `t_offset` is added. Coordinates are as the camera has them, distorted.
let dsecFormat = EventFormat(name: "dsec", extensions: ["h5", "hdf5"]) { source throws(Fault) in
  try columnGroup(source) != nil
} open: { source, collector throws(Fault) in
  let file = try HDF5File(source.path)
  guard let group = try columnGroup(source) else {
    throw Fault(.file, "\(source.shown) has no events", label: "it has neither /events nor /prophesee/\(source.options.camera)")
  }
  if try !collector.takeSize(source.options) {
    // The cameras of DSEC have 640 x 480 pixels, those of M3ED 1280 x 720.
    let isDSEC = group == "/events"
    try collector.setSize(isDSEC ? 640 : 1280, isDSEC ? 480 : 720, source)
  }
  let offset = try file.kind("/t_offset") == .dataset ? try file.read("/t_offset").integer : nil
  var sets: [HDF5Dataset] = []
  for name in ["t", "x", "y", "p"] { sets.append(try file.dataset("\(group)/\(name)")) }
  let rows = sets[0].rows
  guard sets.allSatisfy({ $0.shape == [rows] }) else {
    throw Fault(
      .file, "\(source.shown) is damaged", label: "found \(sets.map { "\($0.rows)" }.joined(separator: ", ")) of t, x, y and p, expected as many of each")
  }
  return EventRows(rows: rows, step: 1 << 18) { (part, collector) throws(Fault) in
    var columns: [NumericValues] = []
    for set in sets {
      guard let numbers = try set.read(rows: part).numbers else { throw collector.noColumns(set.name, "numbers", source) }
      columns.append(numbers)
    }
    try collector.append(
      EventColumnsOfFile(columns[0], columns[1], columns[2], columns[3]), Int64(offset ?? 0), from: part.lowerBound, source)
  }
}

/// The group with the columns; nil where there is none.
private func columnGroup(_ source: EventSource) throws(Fault) -> String? {
  for group in ["/events", "/prophesee/\(source.options.camera)"] where try source.hasHDF5("\(group)/t") { return group }
  return nil
}
