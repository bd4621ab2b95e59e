// Coverage-guided hunting: libFuzzer makes the inputs, this gives them to the parser or to a reader of files. Built and run
// by `scripts/fuzz-coverage`, which links libFuzzer; without it this says so.
//
//     coverage-fuzz TARGET [LIBFUZZER-OPTION…]

import Builtins
import Glibc
import Language
import Machine

/// What is done with a file of each kind.
let readers = [
  "csv": "data.csv(PATH)", "npy": "data.npy(PATH)", "idx": "data.idx(PATH)", "network": "load(PATH)",
  "chip": "chips.read(PATH)", "text": "(read_text(PATH), read_lines(PATH))", "module": "(() => { use PATH as m })()",
  "events": "events.load(PATH)", "dat": "events.load(PATH, format=\"dat\")", "bin": "events.load(PATH, format=\"nmnist\")",
  "sound": "sound.load(PATH)", "npz": "data.npz(PATH)", "series": "data.ts(PATH)", "wisdm": "data.wisdm(PATH, steps=2)",
  "json": "json.parse(read_text(PATH))", "picture": "data.image(PATH)", "pattern": "find_all(\"aab 12\", read_text(PATH))",
]

let arguments = CommandLine.arguments
guard arguments.count > 1, arguments[1] == "parser" || readers[arguments[1]] != nil else {
  print("usage: coverage-fuzz TARGET [OPTION…], where TARGET is parser, \(readers.keys.sorted().joined(separator: ", "))")
  exit(64)
}
nonisolated(unsafe) let interpreter = makeInterpreter(output: BufferedOutput())
let path = "/dev/shm/coverage-fuzz-\(getpid())"
nonisolated(unsafe) let reading = readers[arguments[1]].map {
  SourceText("use events\nuse sound\nuse json\nlet r = " + $0.replacingPath(by: path), name: "fuzz")
}

extension String {
  func replacingPath(by path: String) -> String {
    split(separator: "PATH", omittingEmptySubsequences: false).joined(separator: "\"\(path)\"")
  }
}

func parse(_ bytes: UnsafeBufferPointer<UInt8>) {
  let source = SourceText(String(decoding: bytes, as: UTF8.self), name: "fuzz")
  _ = DiagnosticRenderer().render(interpreter.check(source))
  _ = textClasses(of: String(decoding: bytes, as: UTF8.self))
}

func read(_ bytes: UnsafeBufferPointer<UInt8>) {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  if file < 0 { return }
  _ = write(file, bytes.baseAddress, bytes.count)
  close(file)
  if let reading { _ = interpreter.run(reading, mode: .cell) }
  interpreter.reset()
}

typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
typealias Driver = @convention(c) (
  UnsafeMutablePointer<CInt>, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, Callback
) -> CInt
guard let symbol = dlsym(nil, "LLVMFuzzerRunDriver") else {
  print("libFuzzer is not linked: scripts/fuzz-coverage does that")
  exit(69)
}
var names = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = CInt(names.count - 1)
let status = names.withUnsafeMutableBufferPointer { buffer -> CInt in
  guard var list = buffer.baseAddress else { return 70 }
  return unsafeBitCast(symbol, to: Driver.self)(&count, &list) { data, size in
    let bytes = UnsafeBufferPointer(start: data, count: size)
    if reading == nil { parse(bytes) } else { read(bytes) }
    return 0
  }
}
unlink(path)
exit(status)
