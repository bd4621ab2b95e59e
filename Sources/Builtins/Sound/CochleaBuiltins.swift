// The module `sound`: the inner ear, in its parts and whole.

import Faults
import Glibc
import Kernels
import Machine
import Tensors

private let soundParameter = BuiltinParameter.required("x", .array, "samples along the last axis: one sound, or many of one length")
private let rateParameter = BuiltinParameter.required("rate", .number | .quantity, "samples a second", dimension: .frequency)
private let preparation: [BuiltinParameter] = [
  .optional("level", .number, default: "0.3", "the root mean square that each sound is brought to; 0 leaves it"),
  .optional("fades", .bool, default: "true", "whether a sound is faded in over its first half and out over its second"),
]

/// sound.membrane, sound.hair_cells and sound.cochlea.
let cochleaBuiltins: [Builtin] = [
  Builtin(
    "sound.membrane", [soundParameter, rateParameter, .optional("channels", .int, default: "700", "places along it, the highest frequency first")] + preparation,
    returns: "tensor", subject: "sound",
    """
    How the basilar membrane of the ear moves, [..., channels, samples // 2 + 1], at half the rate: the hydrodynamic model of Sieroka,
    Dosch and Rupp (2006) with the constants by which the Spiking Heidelberg Digits were made.
    """,
    example: """
      use sound
      let tone = sin(tau * 1000 * arange(320) / 16000)
      let v = sound.membrane(tone, 16kHz, channels=8)
      print(list(v.shape), argmax(mean(v ^ 2, axis=1)))   # expect: [8, 161] 4
      """
  ) { (call) throws(Fault) in
    let ear = try Ear(call)
    let bins = ear.steps
    return .tensor(
      try Tensor(shape: ear.x.shape.dropLast() + [ear.channels, bins]) { (out) throws(Fault) in
        try ear.forEach { (sound, range, rows) throws(Fault) in
          let start = (sound * ear.channels + range.lowerBound) * bins
          try Interrupt.parts(rows.count) { part in for place in part { out[start + place] = Float(rows[place]) } }
        }
      })
  },
  Builtin(
    "sound.hair_cells", [.required("v", .array, "movement along the last axis, as `sound.membrane` gives it"), rateParameter], returns: "tensor", subject: "sound",
    "The probability by which a fibre behind each inner hair cell spikes in each sample, of the same shape: the model of Meddis (1986).",
    example: """
      use sound
      print(round(10000 * sound.hair_cells([0, 10, 0], 8kHz)))   # expect: tensor[3] [81., 256., 57.]
      """
  ) { (call) throws(Fault) in
    let v = try call.sounds(0)
    let rate = Double(try call.soundRate(1))
    let samples = v.shape.last ?? 1
    return .tensor(
      try Tensor(shape: v.shape) { (out) throws(Fault) in
        try v.withUnsafeBuffer { (source) throws(Fault) in
          for start in stride(from: 0, to: source.count, by: samples) {
            var cell = HairCell(rate: rate)
            try Interrupt.parts(samples) { part in for n in part { out[start + n] = Float(cell.step(Double(source[start + n]))) } }
          }
        }
      })
  },
  Builtin(
    "sound.cochlea",
    [
      soundParameter, rateParameter, .optional("channels", .int, default: "70", "neurons, the highest frequency first"),
      .optional("step", .number | .quantity, default: "1ms", "of time: a step spikes where its neuron does at least once", dimension: .time),
      .optional("fibres", .int, default: "40", "of the auditory nerve to each neuron"),
    ] + preparation,
    returns: "spikes", subject: "sound",
    """
    Spikes [time, sounds, channels] of a model ear, as the Spiking Heidelberg Digits were made with 700 channels: basilar membrane
    (`sound.membrane`), inner hair cells (`sound.hair_cells`), fibres that spike by chance, and bushy cells on which they end. What is drawn
    follows `seed`.
    """,
    example: """
      use sound
      let tone = sin(tau * 1000 * arange(800) / 16000)
      let heard = sound.cochlea(tone, 16kHz, channels=8, step=5ms)
      print(list(heard.shape))   # expect: [11, 1, 8]
      """
  ) { (call) throws(Fault) in
    let ear = try Ear(call)
    let step = try call.amount(call.place("step"), .time, default: 1e-3)
    let fibres = try call.int(call.place("fibres"), default: 40, atLeast: 1)
    if fibres > 10_000 { throw call.wrong(call.place("fibres"), "must be at most 10000, found \(fibres)") }
    let rate = Double(max(1, ear.rate / 2))
    guard step * rate >= 0.999, step.isFinite else {
      throw call.wrong(call.place("step"), "must be at least a sample of the membrane, \(floatText(1000 / rate)) ms, found \(floatText(step * 1000)) ms")
    }
    let bins = Int((Double(ear.steps) / (step * rate)).rounded(.up))
    let (sounds, channels) = (ear.x.count / ear.samples, ear.channels)
    var fired = [UInt8](repeating: 0, count: sounds * channels * bins)
    var draws = call.machine.nextStream("cochlea")
    let seed = draws.nextBits()
    try fired.withUnsafeMutableBufferPointer { (buffer) throws(Fault) in
      let out = UnsafeSend(buffer)
      try ear.forEach { (sound, range, rows) throws(Fault) in
        ThreadPool.shared.run(tasks: range.count) { task in
          let unit = sound * channels + range.lowerBound + task
          var stream = RandomStream(seed: seed, purpose: "cochlea", index: UInt64(unit))
          var (hair, bushy) = (HairCell(rate: rate), BushyCell(rate: rate, fibres: fibres))
          for n in 0..<ear.steps {
            if n & 0x3FFF == 0, Interrupt.isRequested { return }
            if bushy.step(hair.step(rows[task * ear.steps + n]), &stream) { out.value[unit * bins + min(bins - 1, Int(Double(n) / (step * rate)))] = 1 }
          }
        }
        try Interrupt.check()
      }
    }
    var spikes = try Spikes(shape: [bins, sounds, channels])
    let width = spikes.wordsPerRow
    for unit in 0..<sounds * channels {
      let (sound, channel) = (unit / channels, unit % channels)
      for bin in 0..<bins where fired[unit * bins + bin] != 0 {
        spikes.words[(bin * sounds + sound) * width + channel / 64] |= 1 << UInt64(channel % 64)
      }
    }
    return .spikes(spikes)
  },
]

/// What goes into an ear, from the arguments of a call.
private struct Ear {
  let x: Tensor
  let samples: Int
  let rate: Int
  let channels: Int
  private let prepared: [Double]

  /// Samples of the membrane's movement.
  var steps: Int { samples / 2 + 1 }

  init(_ call: Call) throws(Fault) {
    x = try call.sounds(0)
    try x.checkFinite("the samples of `x`")
    samples = x.shape.last ?? 1
    rate = try call.soundRate(1)
    if rate < 4 { throw call.wrong(1, "must be at least 4 samples a second, found \(rate)") }
    channels = try call.int(2, default: call.builtin.baseName == "membrane" ? 700 : 70, atLeast: 1)
    if channels > 100_000 { throw call.wrong(2, "must be at most 100000, found \(channels)") }
    let level = try call.number(call.place("level"), default: 0.3)
    if !(level >= 0 && level.isFinite) { throw call.wrong(call.place("level"), "must be 0 or more, found \(floatText(level))") }
    let size = (x.count / samples).multipliedReportingOverflow(by: channels)
    let bytes = size.partialValue.multipliedReportingOverflow(by: (samples / 2 + 1) * 4)
    try MemoryLimit.check(size.overflow || bytes.overflow ? .max : bytes.partialValue, for: "an ear of \(channels) channels")
    prepared = try BasilarMembrane.prepared(x, level: level, fades: try call.bool(call.place("fades"), default: true))
  }

  func forEach(_ body: (_ sound: Int, _ channels: Range<Int>, _ rows: [Double]) throws(Fault) -> Void) throws(Fault) {
    try BasilarMembrane.forEach(prepared, samples: samples, rate: rate, channels: channels, try fourier(), body)
  }
}
