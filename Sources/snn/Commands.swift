import ArgumentParser
import Formats
import Glibc
import Machine
import Sessions
import Texts

@main
struct Snn: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snn",
    abstract: "Spiking neural networks at a prompt and in scripts.",
    discussion: "Without a command it opens the prompt. `snn FILE` runs a script, as does `#!/usr/bin/env snn` in its first line.",
    version: "NeuEdge \(version)",
    subcommands: [Prompt.self, Run.self, Render.self, Verify.self, Test.self, Check.self, Bench.self, New.self, Runs.self],
    defaultSubcommand: Prompt.self)

  /// `snn FILE …` and `snn -e CODE` are `snn run FILE …` and `snn run -e CODE`.
  static func main() {
    HDF5Examiner.examineIfAsked()
    holdStandardFiles()
    HDF5File.examiner = HDF5Examiner()
    // Whoever started this process may have had no interest in how others end.
    signal(SIGCHLD, SIG_DFL)
    var arguments = withCommand(Array(CommandLine.arguments.dropFirst()))
    // What follows `run` belongs to the script, but for a question about the command itself.
    if arguments.first == "run", arguments.count == 2, ["--help", "-h"].contains(arguments[1]) { arguments = ["help", "run"] }
    if arguments.first == "run", let status = runPlainly(arguments.dropFirst()) { Glibc.exit(status) }
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Ends the process with what the argument parser says: help and the version are output like any other.
  private static func end(with error: any Error) {
    let code = exitCode(for: error)
    let text = fullMessage(for: error)
    if !text.isEmpty { code == .success ? writeOutput(text + "\n") : writeError(text + "\n") }
    Glibc.exit(code.rawValue)
  }

  /// The words with their command in front: `snn FILE` and `snn -e CODE` run, also behind options that every command
  /// takes, as in `snn --threads 1 FILE` and `snn --seed 1 test`.
  static func withCommand(_ words: [String]) -> [String] {
    let commands = ["repl", "run", "render", "verify", "test", "check", "bench", "new", "runs", "help"]
    let withValue = ["--seed", "--threads", "--memory", "--time", "--record"]
    var place = 0
    while place < words.count, words[place].hasPrefix("--"), words[place] != "--" {
      let name = String(words[place].prefix { $0 != "=" })
      let isShared = withValue.contains(name) || ["--quick", "--full", "--no-files", "--no-write", "--allow-run", "--tensorboard"].contains(name)
      if !isShared { return words }
      place += withValue.contains(words[place]) ? 2 : 1
    }
    guard place < words.count else { return words }
    let first = words[place]
    if commands.contains(first) { return [first] + words[..<place] + words[(place + 1)...] }
    return first == "-e" || first == "-" || !first.hasPrefix("-") ? ["run"] + words : words
  }

  /// Runs what has no options but `-e`, as most do: the argument parser alone would take as long as all the rest of a
  /// start. Nil for everything else, and for what is wrong.
  private static func runPlainly(_ words: ArraySlice<String>) -> Int32? {
    let isCode = words.first == "-e"
    let words = Array(isCode ? words.dropFirst() : words)
    guard let first = words.first, !words.contains(where: { $0.hasPrefix("-") }), askedKernelsProblem() == nil else { return nil }
    RunLimits().begin()
    var options = ScriptSession.Options()
    options.arguments = Array(words.dropFirst())
    return runScript(code: isCode ? first : nil, path: first, options: options, recorded: recording(nil, writesEvents: false))
  }
}

/// The command as it was typed.
private var commandText: String { (["snn"] + CommandLine.arguments.dropFirst()).map(shellQuoted).joined(separator: " ") }

/// Where the run is to be recorded: in the folder asked for, or else in that of the environment variable `SNN_RUNS`.
private func recording(_ folder: String?, writesEvents: Bool) -> RecordOptions? {
  let folder = folder ?? getenv("SNN_RUNS").map { String(cString: $0) } ?? ""
  return folder.isEmpty ? nil : RecordOptions(folder: folder, writesEvents: writesEvents, command: commandText)
}

private func askedKernelsProblem() -> String? { kernelsProblem(getenv("SNN_KERNELS").map { String(cString: $0) }) }

/// Runs a text where there is one, else a file.
private func runScript(code: String?, name: String = "-e", path: String, options: ScriptSession.Options, recorded: RecordOptions? = nil) -> Int32 {
  onLargeStack {
    stopOnInterrupt()
    let output: any Output = recorded == nil ? StandardOutput() : RecordingOutput(StandardOutput())
    // The process ends with the run: what the script still holds is left to the system.
    let session = Unmanaged.passRetained(ScriptSession(output: output, options: options)).takeUnretainedValue()
    if let code { return session.run(code: code, name: name, recorded: recorded) }
    return session.run(path: path, recorded: recorded)
  }
}

/// The settings that all commands share.
struct CommonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Fixes every random draw, as `seed(n)` does.")
  var seed: Int?

  @Flag(help: "Asks scripts to do less: they read it as `is_quick()`, and train for fewer epochs.")
  var quick = false

  @Flag(help: "Asks scripts to do more: they read it as `is_full()`, and take more seeds, settings and data.")
  var full = false

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if quick, full { throw ValidationError("Give --quick or --full, not both.") }
  }

  func sessionOptions(arguments: [String] = []) -> ScriptSession.Options {
    var options = limits.sessionOptions()
    options.seed = seed
    options.form = quick ? .quick : full ? .full : .usual
    options.arguments = arguments
    return options
  }
}

/// What a run may use.
struct LimitOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "How many threads the kernels use; all cores by default.")
  var threads: Int?

  @Option(help: "The memory that all values may take, as 500M or 2G; three quarters of the machine's by default.")
  var memory: String?

  @Option(help: "How long the run may take, as 30s, 5m or 1h; as long as it likes by default.")
  var time: String?

  @Flag(help: "The program reads and writes no files.")
  var noFiles = false

  @Flag(help: "The program writes no files.")
  var noWrite = false

  @Flag(help: "The program may start other programs, by run(…); they do what they like.")
  var allowRun = false

  func validate() throws {
    if allowRun, noFiles || noWrite { throw ValidationError("--allow-run does not go with --no-files or --no-write: a program could use files.") }
    if let threads, threads < 1 { throw ValidationError("--threads wants a positive number, found \(threads).") }
    if let memory, parsedBytes(memory) == nil { throw ValidationError("--memory wants an amount such as 500M or 2G, found '\(memory)'.") }
    if let time, parsedSeconds(time) == nil { throw ValidationError("--time wants a duration such as 30s or 5m, found '\(time)'.") }
    if let problem = askedKernelsProblem() { throw ValidationError(problem) }
  }

  func sessionOptions() -> ScriptSession.Options {
    if let threads { setThreads(threads) }
    var limits = RunLimits()
    limits.memory = memory.flatMap(parsedBytes)
    limits.seconds = time.flatMap(parsedSeconds)
    limits.begin()
    var options = ScriptSession.Options()
    options.files = noFiles ? .closed : noWrite ? .noWriting : allowRun ? .programs : .open
    return options
  }
}

struct Prompt: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "repl", abstract: "Opens the prompt.")
  @OptionGroup var common: CommonOptions

  func run() throws {
    let options = common.sessionOptions()
    throw ExitCode(Repl(version: version).run(seed: options.seed, files: options.files))
  }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs a script.")
  @OptionGroup var common: CommonOptions

  @Option(name: .customShort("e"), parsing: .unconditional, help: ArgumentHelp("Runs this text and prints its value.", valueName: "code"))
  var code: String?

  @Option(
    help: ArgumentHelp(
      "Leaves in this folder what the run was: script, arguments, seeds, commit, data, machine, metrics and figures. Also by the variable SNN_RUNS.",
      valueName: "folder"))
  var record: String?

  @Flag(help: "Writes the recorded metrics for TensorBoard too.")
  var tensorboard = false

  @Argument(parsing: .captureForPassthrough, help: "The script (- for standard input), and its arguments.")
  var file: [String] = []

  func run() throws {
    if code == nil, file.isEmpty { throw ValidationError("Name a script to run, or - for standard input.") }
    let recorded = recording(record, writesEvents: tensorboard)
    if record == "" { throw ValidationError("--record wants a folder.") }
    if tensorboard, recorded == nil { throw ValidationError("--tensorboard goes with --record FOLDER.") }
    let options = common.sessionOptions(arguments: code == nil ? Array(file.dropFirst()) : file)
    throw ExitCode(runScript(code: code, path: file.first ?? "", options: options, recorded: recorded))
  }
}

struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a script cell by cell and writes a page of what it shows.",
    discussion: "The page is one HTML file that needs nothing beside it. An error stands where it happened, and is the exit status too.")
  @OptionGroup var common: CommonOptions

  @Option(name: .shortAndLong, help: "The page; beside the script, ending in .html, by default; - for standard output.")
  var output: String?

  @Option(help: "The page's title; its first heading by default.")
  var title: String?

  @Argument(help: "The script.")
  var file: String

  func run() throws {
    var options = RenderOptions(path: file, output: output, title: title, command: commandText)
    options.session = common.sessionOptions()
    let asked = options
    throw ExitCode(
      onLargeStack {
        stopOnInterrupt()
        return renderPage(asked)
      })
  }
}

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the script that a page carries again and compares all that the page shows.",
    discussion: """
      The run has the form, the seed and the modules of the page's own run, and its clock shows what the page kept. Every \
      number and every picture must be equal: the status is 0 then, and 1 where something differs, which is told. The script \
      runs with your rights: --no-files and --no-write keep it from your files. It runs in the present folder, where the \
      files that it reads must be.
      """)
  @OptionGroup var limits: LimitOptions

  @Argument(help: "The page.")
  var page: String

  func run() throws {
    let options = VerifyOptions(path: page, session: limits.sessionOptions())
    throw ExitCode(
      onLargeStack {
        stopOnInterrupt()
        return verifyPage(options)
      })
  }
}

struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs the test blocks of scripts.")
  @OptionGroup var common: CommonOptions

  @Option(help: "Runs only the tests whose names hold this text.")
  var filter: String?

  @Argument(help: "Files or folders.")
  var paths: [String] = ["."]

  func run() throws {
    let (paths, filter, options) = (paths, filter, common.sessionOptions())
    throw ExitCode(
      onLargeStack {
        stopOnInterrupt()
        return runTests(paths: paths, filter: filter, output: StandardOutput(), options: options)
      })
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Finds the errors that can be found without running.")

  @Argument(help: "The scripts.")
  var files: [String]

  func run() throws {
    let files = files
    throw ExitCode(
      onLargeStack {
        let session = ScriptSession(output: StandardOutput())
        return files.map { session.check(path: $0) }.max() ?? 0
      })
  }
}

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how long code takes.",
    discussion: """
      `snn bench FILE` runs a script again and again, each time with nothing defined. `snn bench -e CODE` measures a piece \
      of code; with a FILE besides, the file runs first, once, and the code sees its names. What they print is not shown.
      """)
  @OptionGroup var common: CommonOptions

  @Option(name: .customShort("e"), parsing: .unconditional, help: ArgumentHelp("Measures this text.", valueName: "code"))
  var code: String?

  @Option(
    name: .customShort("n"),
    help: ArgumentHelp("How many passes a repeat has; by default about a fifth of a second of them, of a script ten at most.", valueName: "passes"))
  var passes: Int?

  @Option(name: .customShort("r"), help: ArgumentHelp("How many repeats.", valueName: "repeats"))
  var repeats = 7

  @Argument(help: "A script.")
  var file: String?

  func validate() throws {
    if file == nil, code == nil { throw ValidationError("Name a script to measure, or give code with -e.") }
    if let passes, passes < 1 { throw ValidationError("-n wants a positive number, found \(passes).") }
    if repeats < 1 { throw ValidationError("-r wants a positive number, found \(repeats).") }
  }

  func run() throws {
    let bench = BenchOptions(path: file, code: code, passes: passes, repeats: repeats)
    let options = common.sessionOptions()
    throw ExitCode(
      onLargeStack {
        stopOnInterrupt()
        return runBench(bench, output: StandardOutput(), options: options)
      })
  }
}

struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a folder with a script, a test and a README to begin with.",
    discussion: "Other scripts use it by its path, or by its name where the folder that it stands in is in SNN_PATH.")

  @Argument(help: "The name: letters, digits and _.")
  var name: String

  func run() throws { throw ExitCode(makeProject(name, output: StandardOutput())) }
}

struct Runs: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what runs left behind under `snn run --record FOLDER`.",
    discussion: """
      `snn runs FOLDER` lists the runs, the newest last; with two of them, by the number in front or a part of the folder's \
      name, it tells in which settings they differ and sets their metrics side by side; with --plot it draws a metric of \
      all. In the language, `use runs` has all of it.
      """)

  @Option(help: ArgumentHelp("Draws this metric of all runs.", valueName: "metric"))
  var plot: String?

  @Argument(help: "The folder, and the two runs to compare.")
  var words: [String]

  func validate() throws {
    if words.count != 1, words.count != 3 || plot != nil { throw ValidationError("Give a folder, and two runs to compare or --plot METRIC.") }
  }

  func run() throws {
    var options = ScriptSession.Options()
    options.arguments = words + (plot.map { [$0] } ?? [])
    RunLimits().begin()
    let call = plot != nil ? "runs.plot(args[0], args[1])" : words.count == 3 ? "runs.compare(args[0], args[1], args[2])" : "runs.show(args[0])"
    throw ExitCode(runScript(code: "use runs\n\(call)", name: "snn runs", path: "", options: options))
  }
}
