// Lines of numbers between blanks, as measurements are passed around in text.

import Faults
import Glibc

/// The numbers of a text file of lines that all hold the same count of them.
///
/// - Parameter name: the file, as messages name it
/// - Returns: the numbers line after line, and how many a line holds
/// - Throws: `.file`, with the line that is no such line
func readNumberLines(_ path: String, limit: Int = 1 << 33) throws(Fault) -> (numbers: [Float], width: Int) {
  let bytes = try readBytes(path, limit: limit)
  var numbers: [Float] = []
  var width: Int?
  var failure: Fault?
  let text = bytes + [10, 0]
  text.withUnsafeBytes { raw in
    guard let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
    var place = 0
    var line = 1
    while place < bytes.count {
      if line & 0x3FF == 0 {
        do throws(Fault) { try Interrupt.check() } catch {
          failure = error
          return
        }
      }
      let before = numbers.count
      // Blanks are stepped over here: `strtof` would step over line ends too.
      while true {
        while text[place] == 32 || text[place] == 9 || text[place] == 13 || text[place] == 44 { place += 1 }
        if text[place] == 10 { break }
        var end: UnsafeMutablePointer<CChar>?
        let value = strtof(base + place, &end)
        let next = end.map { UnsafePointer($0) - base } ?? place
        if next == place {
          let found = String(decoding: text[place...].prefix(20).prefix { $0 > 32 }, as: UTF8.self)
          failure = Fault(.file, "\(shownPath(path)) holds what is no number", label: "`\(found)` in line \(line), at byte \(place)")
          return
        }
        numbers.append(value)
        place = next
      }
      place += 1
      let count = numbers.count - before
      if count > 0 {
        if let width, width != count {
          failure = Fault(.file, "\(shownPath(path)) has lines of different lengths", label: "line \(line) holds \(counted(count, "number")), \(width) are expected", help: "fetch or copy the file again if it is the last line")
          return
        }
        width = count
      }
      line += 1
    }
  }
  if let failure { throw failure }
  guard let width else { throw Fault(.file, "\(shownPath(path)) is empty", label: "lines of numbers are expected") }
  return (numbers, width)
}
