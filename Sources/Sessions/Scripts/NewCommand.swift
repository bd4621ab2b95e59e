import Faults
import Formats
import Machine

/// Makes a folder with a script, a test and a README. Gives the exit status.
public func makeProject(_ name: String, output: any Output) -> Int32 {
  do throws(Fault) {
    guard name.first.map({ $0.isLetter || $0 == "_" }) ?? false, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
      throw Fault(.value, "`\(name)` cannot be the name of a module", help: "a letter or _, then letters, digits and _")
    }
    if try fileExists(name) { throw Fault(.file, "there is a `\(name)` already", label: "nothing was changed") }
    try makeFolder(name)
    for (file, text) in projectFiles(name) { try writeText(text, to: "\(name)/\(file)") }
    output.write("\(name)/ has \(name).snn, test.snn and README.md\nsnn run \(name)/\(name).snn, snn test \(name)\n")
    return 0
  } catch {
    writeError("error: \(error.title)\(error.label.map { ": \($0)" } ?? "")\n\(error.help.map { "  = help: \($0)\n" } ?? "")")
    return 1
  }
}

private func projectFiles(_ name: String) -> [(String, String)] {
  let script = """
    # What this module is for, in a line or two.

    ## The share of neurons that fire at least once.
    fn active_share(spikes) => mean(sum(spikes, axis=0) > 0)

    """
  let test = """
    use "./\(name).snn"

    test "neurons that fire are counted once" {
      assert \(name).active_share(spikes_at([[1, 2], []], steps=4)) == 0.5
    }

    """
  let readme = """
    # \(name)

    What it does, and for whom.

    ```
    use "\(name)"
    ```

    finds it where the folder that holds `\(name)/` is in the variable SNN_PATH. `snn test .` runs the tests.

    """
  return [("\(name).snn", script), ("test.snn", test), ("README.md", readme)]
}
