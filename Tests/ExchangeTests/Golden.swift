// Runs of other tools on NIR files, which stand beside the project where they are at all.

import Faults
import Formats
import Glibc
import Spiking
import Tensors

@testable import Exchange

enum Golden {
  static let folder = "../shared/data/golden"
  static let paper = "../shared/data/nir"
  static var isHere: Bool { access(folder, R_OK) == 0 && access(paper, R_OK) == 0 }

  /// The files of a folder that end in something, in order.
  static func files(_ name: String, _ ending: String) throws -> [String] {
    guard let folder = opendir("\(Self.folder)/\(name)") else { throw Fault(.file, "no folder \(name)") }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(ending) { names.append(name) }
    }
    return names.sorted()
  }

  /// A current over time for one sample.
  static func input(_ name: String) throws -> Signal {
    let arrays = try readNPZ("\(folder)/\(name).npz")
    guard let x = arrays["x"] else { throw Fault(.file, "no x in \(name)") }
    return .tensor(try Tensor(x.values.floats, shape: [x.shape[0], 1] + x.shape.dropFirst()))
  }

  /// The numbers that left a tool's network.
  static func output(_ path: String) throws -> [Float] {
    guard let out = try readNPZ("\(folder)/\(path).npz")["s_out"] else { throw Fault(.file, "no s_out in \(path)") }
    return out.values.floats
  }

  /// How many numbers of a run differ from a tool's.
  static func differences(_ name: String, _ output: String, _ options: ReadingOptions) throws -> (different: Int, spikes: Int) {
    let network = try NIRFile("\(folder)/\(name).nir").graph.network(options).network
    let ours = try network.run(try input(name)).tensor().scalars
    let theirs = try Self.output(output)
    guard ours.count == theirs.count else { return (max(ours.count, theirs.count), theirs.count { $0 != 0 }) }
    return (zip(ours, theirs).count { $0 != $1 }, theirs.count { $0 != 0 })
  }
}
