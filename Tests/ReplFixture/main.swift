import Glibc
import Sessions

// The prompt over a language of a few words, for `scripts/test-repl`.
exit(Repl(version: "test").run { FakeEvaluator(console: $0) })
