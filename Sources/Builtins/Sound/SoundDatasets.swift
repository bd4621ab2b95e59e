// The module `data`: sets of recordings, as samples or as what a function makes of them.

import Faults
import Formats
import Machine
import Spiking
import Tensors

private let eachParameter = BuiltinParameter.optional(
  "each", .function | .nil, default: "nil", "what becomes of the samples of a recording, such as `x => sound.mel(x, 16kHz)`: numbers of one shape for all")

/// data.speech_commands and data.sounds.
let soundDatasetBuiltins: [Builtin] = [
  Builtin(
    "data.speech_commands",
    [
      .required("path", .string, "the folder that holds validation_list.txt"), .optional("words", .list | .nil, default: "all 35", "the classes, in their order"), eachParameter,
      .optional("samples", .int, default: "16000", "of a recording: zeros follow shorter ones, longer ones are cut"),
      .optional("partial", .bool, default: "false", "whether files that the lists name and that are not there are passed over"),
      .optional("lazy", .bool, default: "false", "whether a recording is read when it is needed, and none is in memory"),
    ],
    returns: "(dataset, dataset, dataset)", subject: "sound",
    """
    Speech Commands v2 (P. Warden 2018, CC BY 4.0), 105,829 words of one second at 16 kHz: training, validation and test as its own lists
    divide them, 84,843, 9,981 and 11,005, so that a speaker is in one part alone.

    The recordings themselves take 6.8 GB as tensors: `words` takes some, `each` keeps features instead, and with `lazy` they stay in their files:
    `fit` and `evaluate` read each batch when it is due, and the second core reads the next one meanwhile. Background noise is not among them.
    """,
    example: """
      let parts = try { data.speech_commands("no/such/folder") } catch e { e.message }
      print(parts)   # expect: cannot find Speech Commands: there is no folder `no/such/folder`
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    let words = call.has(1) && !call[1].isNil ? try call.strings(1) : speechCommandWords
    try checkClasses(words, call, 1)
    let parts = try listSpeechCommands(path, words: words, partial: try call.bool(4, default: false))
    let samples = try call.int(3, default: 16_000, atLeast: 1)
    func part(_ entries: [SoundEntry], _ name: String) throws(Fault) -> Value {
      .dataset(
        try soundDataset(
          entries, classNames: words, name: "Speech Commands \(name)", source: "Warden, Speech Commands v0.02 (CC BY 4.0), \(path)", samples: samples, rate: 16_000, each: 2,
          lazy: 5, call))
    }
    return .tuple([try part(parts.train, "train"), try part(parts.validation, "validation"), try part(parts.test, "test")])
  },
  Builtin(
    "data.sounds",
    [
      .required("path", .string, "a folder of sound files"),
      .optional(
        "by", .string, default: "\"folder\"",
        "what tells the class: \"folder\" (CLASS/any.wav), \"name\" (SPEAKER/CLASS.wav, also deeper) or \"prefix\" (CLASS_SPEAKER_any.wav)"),
      .optional("names", .list | .nil, default: "all, sorted", "the classes, in their order; other files are left out"), eachParameter,
      .optional("samples", .int | .nil, default: "the longest", "of a recording: zeros follow shorter ones, longer ones are cut"),
      .optional("groups", .bool, default: "false", "whether the speaker of each recording, or what its folders say, comes with it"),
      .optional("within", .string | .nil, default: "nil", "the name of the folder that a file must lie in, such as \"digits\""),
      .optional("lazy", .bool, default: "false", "whether a recording is read when it is needed, and none is in memory"),
    ],
    returns: "dataset, or (dataset, list)", subject: "sound",
    """
    A data set of the recordings in a folder, which must be of one rate and have one channel.

    With `groups=true` a tuple: the data set, and for each recording what its name says beside its class, by which speakers are kept apart.
    Free prompts of several voices are in Debian's packages asterisk-core-sounds-en-wav, -es-, -fr-, -it- and -ru-:
    `data.sounds("/usr/share/asterisk/sounds", by="name", within="digits", names=[str(d) for d in
    0..10], groups=true)`. Links to folders are not followed. With `lazy`, which needs `samples`, only the first is read at once.
    """,
    example: """
      use sound
      for folder in ["/tmp/snn_words", "/tmp/snn_words/no", "/tmp/snn_words/yes"] { make_folder(folder) }
      for word in ["no", "yes"] { sound.save([0.1, 0.2], "/tmp/snn_words/{word}/anna.wav", 8kHz) }
      print(data.sounds("/tmp/snn_words"))   # expect: dataset snn_words: 2 samples of [2], 2 classes
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    let name = try call.string(1, default: "folder")
    guard let rule = SoundLayoutRule(rawValue: name) else { throw call.wrong(1, "must be \"folder\", \"name\" or \"prefix\", found \"\(name)\"") }
    let wanted = call.has(2) && !call[2].isNil ? try call.strings(2) : []
    try checkClasses(wanted, call, 2)
    let (entries, names) = try listSounds(path, by: rule, wanted: wanted, within: call.has(6) && !call[6].isNil ? try call.string(6) : nil)
    let samples = call.has(4) && !call[4].isNil ? try call.int(4, atLeast: 1) : nil
    let title = path.split(separator: "/").last.map(String.init) ?? path
    let set = try soundDataset(entries, classNames: names, name: title, source: path, samples: samples, rate: nil, each: 3, lazy: 7, call)
    if try !call.bool(5, default: false) { return .dataset(set) }
    return .tuple([.dataset(set), .list(entries.map { .string($0.group) })])
  },
]

func checkClasses(_ names: [String], _ call: Call, _ index: Int) throws(Fault) {
  if Set(names).count < names.count { throw call.wrong(index, "names a class twice") }
}

/// The recordings of some files as a data set.
///
/// - Parameters:
///   - samples: of each recording; nil for those of the longest
///   - rate: what each must have; nil for that of the first
///   - each: the place of the argument that makes features of samples
///   - lazy: that of whether recordings stay in their files
private func soundDataset(
  _ entries: [SoundEntry], classNames: [String], name: String, source: String, samples: Int?, rate: Int?, each: Int, lazy: Int, _ call: Call
) throws(Fault) -> Dataset {
  if try call.bool(lazy, default: false) {
    if call.isGiven("each") {
      throw call.wrong(each, "keeps features in memory, and lazy=true nothing", help: "leave one of them out; a network may begin with what `each` does")
    }
    guard let samples else {
      throw call.wrong(call.place("samples"), "is missing", help: "with lazy=true nobody knows the longest recording: samples=16000")
    }
    var first = rate ?? 1
    if rate == nil, let entry = entries.first { first = try readVoice(entry, rate: nil).rate }
    return try Dataset(
      name: name, samples: SoundSamples(entries: entries, length: samples, rate: first), labels: entries.map(\.label), classNames: classNames, source: source)
  }
  var rate = rate
  func read(_ entry: SoundEntry) throws(Fault) -> SoundRecording {
    let recording = try readVoice(entry, rate: rate)
    rate = recording.rate
    return recording
  }
  var held: [[Float]] = []
  var longest = samples ?? 0
  if samples == nil {
    // The longest is known when all are read.
    var total = 0
    for entry in entries {
      try Interrupt.check()
      let recording = try read(entry)
      longest = max(longest, recording.frames)
      total += recording.frames
      try MemoryLimit.check(total.multipliedReportingOverflow(by: 4).partialValue, for: "the recordings of \(name)")
      held.append(recording.samples)
    }
  }
  let function = call.has(each) && !call[each].isNil ? call[each] : nil
  let length = longest
  let features = try gathered(entries.count, of: name, empty: [length]) { (index) throws(Fault) in
    let source = held.isEmpty ? try read(entries[index]).samples : held[index]
    let row = try Tensor(shape: [length]) { out in
      let count = min(length, source.count)
      for place in 0..<length { out[place] = place < count ? source[place] : 0 }
    }
    guard let function else { return row }
    return try madeFeatures(of: row, function, at: entries[index].path, call)
  }
  return try Dataset(name: name, features: features, labels: entries.map(\.label), classNames: classNames, source: source)
}

/// A recording of one channel and, where one is expected, of a rate.
private func readVoice(_ entry: SoundEntry, rate: Int?) throws(Fault) -> SoundRecording {
  let recording = try readSound(entry.path)
  guard recording.channels == 1 else {
    throw Fault(.file, "\(shownPath(entry.path)) has \(recording.channels) channels", label: "a data set is made of recordings with one")
  }
  if let rate, recording.rate != rate {
    throw Fault(
      .file, "\(shownPath(entry.path)) is of another rate", label: "\(recording.rate) samples a second, \(rate) are expected",
      help: "make all of one rate first: signal.resample(x, n)")
  }
  return recording
}

/// Recordings that stay in their files, each padded with zeros or cut to one length.
private struct SoundSamples: SampleSource {
  let entries: [SoundEntry]
  let length: Int
  let rate: Int

  var count: Int { entries.count }
  var sampleShape: [Int] { [length] }
  /// The files by name: that none of them was written since costs a look at each, which 100,000 are too many for.
  var identity: String { "\(entries.count) sounds from \(entries.first?.path ?? "") to \(entries.last?.path ?? ""), \(length) samples at \(rate) Hz" }

  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    try Tensor(shape: [indices.count, length]) { (out) throws(Fault) in
      out.update(repeating: 0)
      for (row, index) in indices.enumerated() {
        try Interrupt.check()
        let samples = try readVoice(entries[index], rate: rate).samples
        for place in 0..<min(length, samples.count) { out[row * length + place] = samples[place] }
      }
    }
  }
}

/// What a function makes of a sample.
func madeFeatures(of sample: Tensor, _ function: Value, at path: String, _ call: Call) throws(Fault) -> Tensor {
  let argument = Value.tensor(sample)
  defer { argument.release() }
  let result = try call.invoke(function, [argument])
  defer { result.release() }
  guard let tensor = try result.convertedToTensor() else {
    throw Fault(.type, "`each` of `\(call.builtin.name)` must give numbers", label: "it gives \(result.description(of: .kind)) for \(shownPath(path))")
  }
  return tensor.detached
}

/// Samples of one shape as one tensor, `[count, ...shape]`.
///
/// - Parameters:
///   - name: the set that they belong to, for messages
///   - empty: the shape of a sample where there are none
func gathered(_ count: Int, of name: String, empty: [Int], _ sample: (Int) throws(Fault) -> Tensor) throws(Fault) -> Tensor {
  guard count > 0 else { return try Tensor([], shape: [0] + empty) }
  let first = try sample(0)
  let size = first.count
  let (bytes, overflow) = size.multipliedReportingOverflow(by: count * 4)
  try MemoryLimit.check(overflow ? .max : bytes, for: name)
  return try Tensor(shape: [count] + first.shape) { (out) throws(Fault) in
    for index in 0..<count {
      try Interrupt.check()
      let tensor = index == 0 ? first : try sample(index)
      guard tensor.shape == first.shape else {
        throw Fault(
          .shape, "the samples of \(name) differ in shape", label: "the first is \(Shape.text(first.shape)), that of place \(index) \(Shape.text(tensor.shape))")
      }
      tensor.withUnsafeBuffer { source in
        if let from = source.baseAddress, let to = out.baseAddress { (to + index * size).update(from: from, count: size) }
      }
    }
  }
}
