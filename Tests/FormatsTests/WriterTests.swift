import Faults
import Glibc
import Testing
import Texts

@testable import Formats

/// The one writer of the program: what it replaces, what it leaves as it is, and what it cleans up.
@Suite struct WriterTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  @Test func aFileKeepsItsPermissionsAndALinkItsTarget() throws {
    let path = try folder.file("secret", Array("old".utf8))
    for permissions in [0o600, 0o640, 0o755] as [mode_t] {
      chmod(path, permissions)
      try writeText("new", to: path)
      #expect(mode(path) == permissions)
    }
    symlink("secret", "\(folder.path)/link")
    symlink("link", "\(folder.path)/chain")
    try writeText("through", to: "\(folder.path)/chain")
    #expect(try readText(path) == "through")
    // A link to a file that is not there yet makes that file.
    symlink("later", "\(folder.path)/early")
    try writeText("made", to: "\(folder.path)/early")
    #expect(try readText("\(folder.path)/later") == "made")
    var status = stat()
    for name in ["link", "chain", "early"] {
      #expect(lstat("\(folder.path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
    symlink("round", "\(folder.path)/round")
    #expect(fault { try writeText("x", to: "\(folder.path)/round") }?.kind == .file)
    #expect(folder.names == ["chain", "early", "later", "link", "round", "secret"])
  }

  @Test func theLongestNamesCanBeWritten() throws {
    for name in [String(repeating: "n", count: 255), String(repeating: "é", count: 127)] {
      try writeText("long", to: "\(folder.path)/\(name)")
      #expect(try readText("\(folder.path)/\(name)") == "long")
    }
    #expect(fault { try writeText("", to: "\(folder.path)/\(String(repeating: "n", count: 256))") }?.kind == .file)
    #expect(folder.names.count == 2)
  }

  @Test func aFileIsNoFolder() throws {
    try writeText("x", to: "\(folder.path)/file")
    let inside = "\(folder.path)/file/page"
    #expect(fault { try checkWritable(inside) }?.label?.hasSuffix("file` is not a folder") == true)
    #expect(fault { try writeText("y", to: inside) }?.label?.hasSuffix("file` is not a folder") == true)
    #expect(try readText("\(folder.path)/file") == "x")
  }

  @Test func pipesStayPipes() throws {
    let path = "\(folder.path)/pipe"
    mkfifo(path, 0o600)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    try writeText("through the pipe", to: path)
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(reader, &bytes, bytes.count)
    #expect(String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "through the pipe")
    close(reader)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  @Test func theInputIsNeverTheOutput() throws {
    let path = try folder.file("script.snn", Array("print(1)".utf8))
    symlink(path, "\(folder.path)/other")
    link(path, "\(folder.path)/twin")
    for name in ["script.snn", "other", "twin", "./script.snn"] {
      let refused = fault { try writeText("page", to: "\(folder.path)/\(name)", sparing: path) }
      #expect(refused?.label == "it is the file that is read")
      #expect(fault { try checkWritable("\(folder.path)/\(name)", sparing: path) } == refused)
    }
    #expect(try readText(path) == "print(1)")
    try writeText("page", to: "\(folder.path)/page", sparing: path)
  }

  /// What a killed writer has left goes at the next write; what a living one writes stays, and so does what is no
  /// file of ours.
  @Test func leftoversAreCleared() throws {
    let dead = "\(folder.path)/\(UnfinishedFile.prefix)dead\(UnfinishedFile.suffix)"
    let alive = "\(folder.path)/\(UnfinishedFile.prefix)alive\(UnfinishedFile.suffix)"
    let linked = "\(folder.path)/\(UnfinishedFile.prefix)link\(UnfinishedFile.suffix)"
    close(open(dead, O_CREAT | O_WRONLY, 0o600))
    let writer = open(alive, O_CREAT | O_WRONLY, 0o600)
    flock(writer, LOCK_EX)
    defer { close(writer) }
    symlink(alive, linked)
    try writeText("x", to: "\(folder.path)/x")
    #expect(access(dead, F_OK) != 0 && access(alive, F_OK) == 0)
    #expect(folder.names.contains("x") && folder.names.count == 3)
  }

  @Test func theNameOfATemporaryFileIsNotForetold() throws {
    let one = try writeTemporaryText("a", in: folder.path, suffix: ".snn")
    let two = try writeTemporaryText("b", in: folder.path, suffix: ".snn")
    #expect(one != two && mode(one) == 0o600 && one.hasSuffix(".snn"))
    #expect(try readText(one) == "a" && readText(two) == "b")
    #expect(fault { _ = try writeTemporaryText("", in: "\(folder.path)/none", suffix: "") }?.kind == .file)
  }
}

/// Files are looked at before they are read.
@Suite struct ReadingTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  @Test func whatIsNoFileIsRefusedAtOnce() throws {
    mkfifo("\(folder.path)/pipe", 0o600)
    #expect(fault { _ = try readBytes("\(folder.path)/pipe") }?.label == "it is a pipe, not a file")
    #expect(fault { _ = try readBytes("/dev/zero") }?.label == "it is a device, not a file")
    #expect(fault { _ = try readIDX("/dev/zero") }?.label == "it is a device, not a file")
    #expect(try readBytes("/dev/null").isEmpty)
  }

  @Test func hugeEmptyFilesEndAtTheirBeginning() throws {
    let path = try folder.file("sparse", [])
    truncate(path, 60 << 30)
    #expect(fault { _ = try readText(path) }?.title.hasSuffix("is not text") == true)
    #expect(fault { _ = try Checkpoint.load(path) }?.title.hasSuffix("is not a NeuEdge network") == true)
    #expect(fault { _ = try readNPY(path) }?.title.hasSuffix("is not a .npy file") == true)
    #expect(fault { _ = try readCSV(path) }?.kind == .file)
    #expect(fault { _ = try readIDX(path) }?.kind == .file)
    #expect(fault { _ = try readBytes(path) }?.title.hasSuffix("is too large") == true)
  }

  @Test func namesFromOutsideSteerNoTerminal() {
    for name in ["\u{1b}[31m", "\u{9b}31m", "\u{202e}nns", "\u{2066}x", "\u{2028}"] {
      let shown = fault { _ = try readBytes("/nowhere/\(name)") }?.title ?? ""
      #expect(shown.hasPrefix("cannot read") && !shown.unicodeScalars.contains { $0.steersTerminal })
    }
  }
}
