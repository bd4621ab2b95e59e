// MVSEC, flights and drives with two DAVIS 346 cameras: rows of x, y, seconds and polarity in 64-bit floats.
// A. Z. Zhu et al., "The Multivehicle Stereo Event Camera Dataset" (2018), daniilidis-group.github.io/mvsec.

import Faults

/// Seconds by the clock of the world, of which 64 bits keep a fifth of a microsecond: they are rounded to microseconds.
let mvsecFormat = EventFormat(name: "mvsec", extensions: ["hdf5", "h5"]) { source throws(Fault) in
  for side in ["left", "right"] where try source.hasHDF5("/davis/\(side)/events") { return true }
  return false
} open: { source, collector throws(Fault) in
  let set = try HDF5File(source.path).dataset("/davis/\(source.options.camera)/events")
  guard set.shape.count == 2, set.shape[1] == 4 else {
    throw Fault(.file, "\(source.shown) is damaged", label: "found \(set.name) of \(set.shape), expected rows of x, y, t and p")
  }
  if try !collector.takeSize(source.options) { try collector.setSize(346, 260, source) }
  return EventRows(rows: set.rows, step: 1 << 17) { (part, collector) throws(Fault) in
    guard let numbers = try set.read(rows: part).numbers?.doubles else { throw collector.noColumns(set.name, "numbers", source) }
    func column(_ place: Int) -> NumericValues { .float64(stride(from: place, to: numbers.count, by: 4).map { numbers[$0] }) }
    let times = column(2).doubles.map { Int64(exactly: ($0 * 1e6).rounded()) }
    if let bad = times.firstIndex(where: { $0 == nil }) {
      throw Fault(
        .file, "\(source.shown) is damaged at event \(part.lowerBound + bad)", label: "found \(numbers[bad * 4 + 2]) seconds, expected a time")
    }
    try collector.append(
      EventColumnsOfFile(microseconds: times.compactMap { $0 }, column(0), column(1), column(3)), 0, from: part.lowerBound, source)
  }
}
