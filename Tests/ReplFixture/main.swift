import Glibc
import Sessions

// The prompt for `scripts/test-repl`: over a language of a few words, or with `--language` over the real one.
let repl = Repl(version: "test")
exit(CommandLine.arguments.contains("--language") ? repl.run() : repl.run { FakeEvaluator(console: $0) })
