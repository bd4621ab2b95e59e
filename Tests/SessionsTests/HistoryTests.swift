import Formats
import Glibc
import Testing

@testable import Sessions

@Suite struct HistoryTests {
  private let path = "/tmp/snn-history-\(getpid())-\(UInt32.random(in: 0..<UInt32.max))/state/history"

  private func lines() -> [String] {
    ((try? readText(path)) ?? "").split(separator: "\n").map(String.init)
  }

  @Test(arguments: ["x", "a\nb", "\"quoted\\\" \t\u{1}", "神経"])
  func entriesComeBack(_ text: String) {
    let entry = HistoryEntry(time: 12, text: text)
    #expect(entry.line.hasSuffix("\n") && entry.line.filter { $0 == "\n" }.count == 1)
    #expect(HistoryEntry(line: entry.line.dropLast()) == entry)
  }

  @Test(arguments: ["", "{", "{}", "{\"text\":}", "{\"text\":\"a", "[1]", "{\"text\":\"\\u12\"}", "\u{0}"])
  func damagedLinesAreSkipped(_ line: String) {
    #expect(HistoryEntry(line: line[...]) == nil)
  }

  @Test func twoWritersSeeEachOther() {
    let one = HistoryFile(path: path)
    let two = HistoryFile(path: path)
    one.append("first")
    two.append("second\nblock")
    one.append("third")
    two.refresh()
    #expect(one.entries == ["first", "second\nblock", "third"])
    #expect(two.entries == one.entries)
    #expect(lines().count == 3)
  }

  @Test func repetitionsAndPrivateLinesAreNotKept() {
    let file = HistoryFile(path: path)
    for text in ["a", "a", " secret", "", "b"] { file.append(text) }
    #expect(file.entries == ["a", "b"])
  }

  @Test func theFileIsTheUsersAlone() {
    HistoryFile(path: path).append("a")
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func trimsToTheNewestAndOthersGoOn() {
    let other = HistoryFile(path: path, keep: 5)
    for number in 0..<12 { other.append("entry \(number % 8)") }
    let trimming = HistoryFile(path: path, keep: 5)
    #expect(trimming.entries == ["entry 7", "entry 0", "entry 1", "entry 2", "entry 3"])
    other.append("after")
    trimming.refresh()
    #expect(trimming.entries.last == "after" && other.entries == trimming.entries)
    #expect(lines().count == 6)
  }

  @Test func aTornLineLosesOnlyItself() throws {
    let file = HistoryFile(path: path)
    file.append("kept")
    let descriptor = open(path, O_WRONLY | O_APPEND)
    _ = write(descriptor, "{\"time\":1,\"te", 13)
    close(descriptor)
    file.append("next")
    #expect(HistoryFile(path: path).entries == ["kept", "next"])
  }

  @Test func aHistoryThatCannotBeWrittenIsKeptInMemory() {
    let file = HistoryFile(path: "/proc/none/history")
    file.append("a")
    #expect(file.entries == ["a"])
  }

  /// Neither a pipe nor a device holds the prompt.
  @Test func aHistoryThatIsNoFileHoldsNobody() {
    let pipe = "/tmp/snn-history-pipe-\(getpid())"
    mkfifo(pipe, 0o600)
    defer { unlink(pipe) }
    for path in [pipe, "/dev/zero"] {
      let file = HistoryFile(path: path)
      file.append("a")
      #expect(file.entries == ["a"])
    }
  }

  @Test func walksThroughWhatBeginsAsTyped() {
    var navigator = HistoryNavigator(["let a", "print", "let b", "let a"])
    #expect(navigator.older(than: "let") == "let a")
    #expect(navigator.older(than: "let a") == "let b")
    #expect(navigator.older(than: "let b") == nil)
    #expect(navigator.newer(than: "let b") == "let a")
    #expect(navigator.newer(than: "let a") == "let")
    #expect(navigator.newer(than: "let") == nil)
    #expect(navigator.older(than: "pr") == "print")
  }

  @Test func anEditedEntryBeginsANewWalk() {
    var navigator = HistoryNavigator(["one", "two"])
    #expect(navigator.older(than: "") == "two")
    #expect(navigator.older(than: "o") == "one")
    #expect(navigator.newer(than: "one") == "o")
  }

  @Test func searchesAsTyped() {
    var search = HistorySearch(["alpha", "Beta", "alphabet"])
    search.extend("a")
    #expect(search.match == "alphabet" && search.matchOffset == 0)
    search.extend("l")
    search.older()
    #expect(search.match == "alpha")
    search.older()
    #expect(search.match == "alpha" && search.hasFailed)
    search.newer()
    #expect(search.match == "alphabet")
    search.restart("bet")
    #expect(search.match == "alphabet" && search.matchOffset == 5)
    search.restart("Bet")
    #expect(search.match == "Beta")
    search.shorten()
    search.shorten()
    search.shorten()
    #expect(search.pattern.isEmpty && search.match == nil)
  }
}
