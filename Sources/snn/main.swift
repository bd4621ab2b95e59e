import Builtins
import Language
import Machine
import Glibc
final class Out: Output {
  func write(_ text: String) { var t = text; t.withUTF8 { _ = Glibc.write(1, $0.baseAddress, $0.count) } }
  var width: Int { 80 }
  var usesColour: Bool { false }
  var isInteractive: Bool { false }
}
let text = CommandLine.arguments[1] == "-e" ? CommandLine.arguments[2] : (try String(contentsOfFile: CommandLine.arguments[1]))
extension String { init(contentsOfFile p: String) throws { var s = ""; let f = fopen(p, "r")!; var b = [UInt8](repeating: 0, count: 1<<20); let n = fread(&b, 1, 1<<20, f); s = String(decoding: b[..<n], as: UTF8.self); self = s } }
let i = Interpreter(library: standardLibrary(), output: Out())
switch i.run(SourceText(text, name: "a.snn"), mode: .script) {
case .value(let v): if !v.isNil { print(display(v, style: DisplayStyle())) }
case .failed(let d): print(DiagnosticRenderer().render(d))
}
