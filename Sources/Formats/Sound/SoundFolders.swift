// Folders of recordings, whose names say what is heard and who speaks.

import Faults

/// A recording in a folder of many.
public struct SoundEntry: Equatable, Sendable {
  public var path: String
  /// Its class, by its place in the names of classes.
  public var label: Int
  /// Whom or what it belongs with beside its class, such as the speaker; empty where nothing says.
  public var group: String
}

/// How names tell classes.
public enum SoundLayoutRule: String, CaseIterable, Sendable {
  /// A folder for each class: `yes/1.wav`; what stands above it is the group.
  case folder
  /// A file for each class, in a folder for each speaker: `en/digits/7.wav`; the first folder is the group.
  case name
  /// Parts of a name: `7_jackson_32.wav` is of class 7 and group jackson.
  case prefix
}

private let soundEndings = ["wav", "flac", "ogg", "aiff", "aif", "au", "w64", "caf", "mp3"]

/// The sound files below a folder in the order of their names, with their classes; folders that begin with `_` or `.` are
/// left out, and links to folders are not followed: the same recording under two names would be in two parts of a split.
///
/// - Parameters:
///   - wanted: the classes, in their order; empty for all, sorted by name
///   - within: the name that a sound's own folder must have; nil for any
/// - Throws: `.file` where there is no such folder, or none of its sounds is of a wanted class.
public func listSounds(_ folder: String, by rule: SoundLayoutRule, wanted: [String] = [], within: String? = nil) throws(Fault) -> (entries: [SoundEntry], names: [String]) {
  var found: [(path: String, label: String, group: String)] = []
  var folders = [(path: folder, inside: [String]())]
  while let (path, inside) = folders.popLast() {
    for name in try listFolder(path) where !name.hasPrefix(".") && !name.hasPrefix("_") {
      let whole = "\(path)/\(name)"
      let parts = name.split(separator: ".")
      if let ending = parts.last?.lowercased(), parts.count > 1, soundEndings.contains(ending) {
        if let within, inside.last != within { continue }
        let stem = String(name.dropLast(ending.utf8.count + 1))
        switch rule {
        case .folder:
          guard let label = inside.last else { continue }
          found.append((whole, label, inside.dropLast().joined(separator: "/")))
        case .name: found.append((whole, stem, inside.first ?? ""))
        case .prefix:
          let words = stem.split(separator: "_")
          found.append((whole, words.first.map(String.init) ?? stem, words.count > 1 ? String(words[1]) : ""))
        }
        if found.count > 5_000_000 { throw Fault(.limit, "\(shownPath(folder)) holds too many sounds", label: "the limit is 5,000,000") }
      } else if inside.count < 8, try isFolder(whole), try !isLink(whole) {
        folders.append((whole, inside + [name]))
      }
    }
  }
  let names = wanted.isEmpty ? Set(found.map(\.label)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : wanted
  let numbers = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
  var entries = found.compactMap { sound in numbers[sound.label].map { SoundEntry(path: sound.path, label: $0, group: sound.group) } }
  if entries.isEmpty {
    let example = found.first.map { "; the first sound is \(shownPath($0.path))" } ?? ""
    throw Fault(
      .file, "\(shownPath(folder)) holds no sounds\(wanted.isEmpty ? "" : " of these classes")",
      label: "\(counted(found.count, "sound file")) in it\(example)",
      help: "by=\"folder\" wants CLASS/any.wav, by=\"name\" wants SPEAKER/CLASS.wav, by=\"prefix\" wants CLASS_SPEAKER_any.wav")
  }
  entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  return (entries, names)
}

/// The 35 words of Speech Commands v2 (P. Warden, "Speech Commands: A dataset for limited-vocabulary speech recognition",
/// 2018), sorted.
public let speechCommandWords = [
  "backward", "bed", "bird", "cat", "dog", "down", "eight", "five", "follow", "forward", "four", "go", "happy", "house", "learn", "left", "marvin",
  "nine", "no", "off", "on", "one", "right", "seven", "sheila", "six", "stop", "three", "tree", "two", "up", "visual", "wow", "yes", "zero",
]

/// The three parts of Speech Commands, as its lists divide it.
public struct SpeechCommands: Equatable, Sendable {
  public var train: [SoundEntry] = []
  public var validation: [SoundEntry] = []
  public var test: [SoundEntry] = []
}

/// The recordings of Speech Commands in a folder: those that `validation_list.txt` and `testing_list.txt` name, and the rest
/// for training, each in the order of their names; the group is the speaker. Noise and files without `_nohash_` are left out.
///
/// - Parameters:
///   - words: the classes, in their order
///   - partial: whether files that the lists name and that are not there are passed over, and not a fault
/// - Throws: `.file`, saying what is missing and how it is had.
public func listSpeechCommands(_ folder: String, words: [String], partial: Bool) throws(Fault) -> SpeechCommands {
  let help = "unpack speech_commands_v0.02.tar.gz (P. Warden, CC BY 4.0, 2.4 GB) and give the folder that holds validation_list.txt and 35 folders of words"
  func missing(_ what: String) -> Fault { Fault(.file, "cannot find Speech Commands", label: what, help: help) }
  if try !isFolder(folder) { throw missing("there is no folder \(shownPath(folder))") }
  var lists: [Set<String>] = []
  for name in ["validation_list.txt", "testing_list.txt"] {
    let path = "\(folder)/\(name)"
    if try !fileExists(path) { throw missing("\(name) is not in \(shownPath(folder))") }
    lists.append(try wordList(path))
  }
  if let both = lists[0].intersection(lists[1]).min() {
    throw Fault(.file, "the lists of Speech Commands contradict each other", label: "\(shownPath(both)) stands in validation_list.txt and in testing_list.txt")
  }
  var parts = SpeechCommands()
  var seen: [Set<String>] = [[], []]
  for (label, word) in words.enumerated() {
    if word.contains("/") || word.utf8.contains(0) { throw Fault(.value, "a word cannot be the name of a folder", label: "found \"\(word)\"") }
    let inside = "\(folder)/\(word)"
    if try !isFolder(inside) { throw missing("there is no folder \(shownPath(inside)) for the word `\(word)`") }
    for name in try listFolder(inside) where name.hasSuffix(".wav") {
      guard let mark = name.firstRange(of: "_nohash_") else { continue }
      let entry = SoundEntry(path: "\(inside)/\(name)", label: label, group: String(name[..<mark.lowerBound]))
      let listed = "\(word)/\(name)"
      if lists[0].contains(listed) {
        seen[0].insert(listed)
        parts.validation.append(entry)
      } else if lists[1].contains(listed) {
        seen[1].insert(listed)
        parts.test.append(entry)
      } else {
        parts.train.append(entry)
      }
    }
  }
  if !partial {
    let wanted = Set(words)
    for (list, name) in [(0, "validation_list.txt"), (1, "testing_list.txt")] {
      let gone = lists[list].subtracting(seen[list]).filter { wanted.contains(String($0.prefix { $0 != "/" })) }
      if let first = gone.min() {
        throw missing("\(counted(gone.count, "file")) that \(name) names \(gone.count == 1 ? "is" : "are") not there, the first \(shownPath(first)); partial=true passes them over")
      }
    }
  }
  let order = { (a: SoundEntry, b: SoundEntry) in a.path.utf8.lexicographicallyPrecedes(b.path.utf8) }
  parts.train.sort(by: order)
  parts.validation.sort(by: order)
  parts.test.sort(by: order)
  return parts
}

/// The lines of a list, each `word/file.wav`.
private func wordList(_ path: String) throws(Fault) -> Set<String> {
  var names: Set<String> = []
  for (number, line) in try readText(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    let name = line.hasSuffix("\r") ? line.dropLast() : line
    if name.isEmpty { continue }
    guard name.split(separator: "/", omittingEmptySubsequences: false).count == 2, name.hasSuffix(".wav") else {
      throw Fault(.file, "\(shownPath(path)) is no list of Speech Commands", label: "line \(number + 1) is \(shownPath(String(name.prefix(80)))), and `word/file.wav` is expected")
    }
    names.insert(String(name))
  }
  return names
}
