import Glibc
import Testing

@testable import Builtins

/// A folder that keeps an exploration's networks, and what it refuses.
@Suite struct ExplorationFilesTests {
  private let folder = "/tmp/neuedge-exploration-\(getpid())-\(UInt32.random(in: 0 ... .max))"

  private func source(_ rest: String, seed: Int = 1, width: String = "[2, 3, 5, 8, 9]") -> String {
    """
    seed(\(seed))
    let bits = data.from([[n % 2, n // 2 % 2] for n in 0..40], [n % 2 for n in 0..40])
    let make = (width) => (input(2) |> dense(width) |> lif() |> dense(2) |> lif(), rate(steps=4))
    let space = {width: \(width), lambda: [0, 0.1], lr: [0.01]}
    fn run(folder) => explore(make, space, bits, chips.loihi2, epochs=2, resume=folder)
    \(rest)
    """
  }

  private func run(_ rest: String, seed: Int = 1, width: String = "[2, 3, 5, 8, 9]") -> Execution {
    Execution.of(source(rest, seed: seed, width: width), name: "exploration")
  }

  private var files: [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func clean() {
    for name in files { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  @Test func aRunThatWasKilledGoesOnToTheSameFront() {
    defer { clean() }
    #expect(run("print(run(nil) == run(\"\(folder)\"))").output == ["true"])
    // Five designs in the first rung, four in the second, two candidates of each of these in the last.
    #expect(files.count == 1 + 5 + 4 + 8)
    // As if it had been killed in the second rung.
    for name in files where name.hasPrefix("candidate") || name.contains("rung-2") && name != "design-2-rung-2.snnet" {
      unlink("\(folder)/\(name)")
    }
    #expect(run("print(run(\"\(folder)\") == run(nil))").output == ["true"])
    #expect(files.count == 18)
    // From the files alone.
    #expect(run("print(run(\"\(folder)\") == run(nil))").output == ["true"])
    let loaded = run("print(load(\"\(folder)/\(files[0])\").encoder)")
    #expect(loaded.output == ["rate(steps=4)"])
  }

  @Test func whatIsOfAnotherExplorationIsRefused() {
    defer { clean() }
    #expect(run("print(len(run(\"\(folder)\").table))").output == ["10"])
    let message = "print(try { run(\"\(folder)\") } catch e { e.message })"
    let seeds = run(message, seed: 2).output.first ?? ""
    #expect(seeds.contains("holds another exploration: its seed: 1; here: 2"))
    let spaces = run(message, width: "[2, 3, 5, 8, 10]").output.first ?? ""
    #expect(spaces.contains("holds another exploration: its space: width: [2, 3, 5, 8, 9]"))
    #expect(spaces.contains("here: width: [2, 3, 5, 8, 10]"))
    let data = run(
      "print(try { explore(make, space, data.from([[0, 1], [1, 0]] * 20, [0, 1] * 20), chips.loihi2, epochs=2, resume=\"\(folder)\") } catch e { e.message })"
    ).output.first ?? ""
    #expect(data.contains("its data set: data, 32 samples"))
    let makes = run(
      "print(try { explore(width => (input(2) |> dense(width) |> lif(beta=0.5) |> dense(2) |> lif(), rate(steps=4)), space, bits, chips.loihi2, epochs=2, resume=\"\(folder)\") } catch e { e.message })"
    ).output.first ?? ""
    #expect(makes.contains("its networks that `make` gives:"))
    // A damaged file is found out.
    if let file = fopen("\(folder)/design-1-rung-1.snnet", "r+b") {
      fseek(file, 200, SEEK_SET)
      fputs("damage", file)
      fclose(file)
    }
    #expect(run(message).output.first?.contains("is damaged") == true)
  }
}
