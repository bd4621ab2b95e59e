// The module `sound`: samples as spikes at their own times, not yet cut into the steps of a network.

import Faults
import Glibc
import Machine
import Tensors

/// sound.delta_spikes and sound.lif_spikes.
let soundSpikeBuiltins: [Builtin] = [
  Builtin(
    "sound.delta_spikes",
    [
      .required("x", .array, "a signal along its last axis"), .required("threshold", .number, "the change that makes a spike"),
      .optional("most", .int | .nil, default: "nil", "how many spikes a sample may send; nil for all that it crosses"),
    ],
    returns: "tensor", subject: "sound",
    """
    Send on delta: how many thresholds each sample crosses, upwards as a positive number, downwards as a negative one, of the shape of x.

    What was told last begins as the first sample and moves by one threshold with each spike. With `most=1` a steep edge is told of over
    several samples, and what is too fast is lost: the encoder `delta` does that in a network's steps, rises and falls on channels of
    their own.
    """,
    example: """
      use sound
      print(sound.delta_spikes([0, 0.3, 1.1, 1, 0], 0.5))           # expect: tensor[5] [0., 0., 2., 0., -2.]
      print(sound.delta_spikes([0, 0.3, 1.1, 1, 0], 0.5, most=1))   # expect: tensor[5] [0., 0., 1., 1., -1.]
      """
  ) { (call) throws(Fault) in
    let x = try call.sounds(0)
    try x.checkFinite("the samples of `x`")
    let threshold = try call.number(1)
    if !(threshold > 0 && threshold.isFinite) { throw call.wrong(1, "must be above 0, found \(floatText(threshold))") }
    let most = call.has(2) && !call[2].isNil ? Double(try call.int(2, atLeast: 1)) : .infinity
    let samples = x.shape.last ?? 1
    return .tensor(
      try Tensor(shape: x.shape) { (out) throws(Fault) in
        try x.withUnsafeBuffer { (source) throws(Fault) in
          for start in stride(from: 0, to: source.count, by: samples) {
            // What was told is counted in thresholds, so that nothing adds up.
            let first = Double(source[start])
            var told = 0.0
            try Interrupt.parts(samples) { part in
              for n in part {
                let moved = (Double(source[start + n]) - first) / threshold - told
                let crossed = min(most, abs(moved).rounded(.down)) * (moved < 0 ? -1 : 1)
                told += crossed
                out[start + n] = Float(crossed) + 0
              }
            }
          }
        }
      })
  },
  Builtin(
    "sound.lif_spikes",
    [
      .required("x", .array, "a signal along its last axis"), .required("rate", .number | .quantity, "samples a second", dimension: .frequency),
      .optional("tau", .number | .quantity, default: "5ms", "the time constant of the leak", dimension: .time), .optional("gain", .number, default: "4", "of the signal's size"),
      .optional("threshold", .number, default: "1", "at which it spikes"), .optional("reset", .string, default: "\"zero\"", "after a spike: to \"zero\", or by \"subtract\"ing the threshold"),
    ],
    returns: "tensor", subject: "sound",
    """
    The spikes, 1 or 0, of a leaky integrator that hears the size of a signal: v = a v + (1 - a) gain |x| with a = exp(-1 / (rate tau)), of
    the shape of x.
    """,
    example: """
      use sound
      print(sound.lif_spikes(ones([6]), 1kHz, tau=2ms, gain=2))   # expect: tensor[6] [0., 1., 0., 1., 0., 1.]
      """
  ) { (call) throws(Fault) in
    let x = try call.sounds(0)
    try x.checkFinite("the samples of `x`")
    let rate = try call.soundRate(1)
    let tau = try call.amount(2, .time, default: 5e-3)
    if !(tau > 0 && tau.isFinite) { throw call.wrong(2, "must be above 0, found \(floatText(tau))") }
    let (gain, threshold) = (try call.number(3, default: 4), try call.number(4, default: 1))
    if !gain.isFinite { throw call.wrong(3, "must be finite, found \(floatText(gain))") }
    if !(threshold > 0 && threshold.isFinite) { throw call.wrong(4, "must be above 0, found \(floatText(threshold))") }
    let reset = try call.string(5, default: "zero")
    if reset != "zero", reset != "subtract" { throw call.wrong(5, "must be \"zero\" or \"subtract\", found \"\(reset)\"") }
    let keep = exp(-1 / (Double(rate) * tau))
    let samples = x.shape.last ?? 1
    return .tensor(
      try Tensor(shape: x.shape) { (out) throws(Fault) in
        try x.withUnsafeBuffer { (source) throws(Fault) in
          for start in stride(from: 0, to: source.count, by: samples) {
            var v = 0.0
            try Interrupt.parts(samples) { part in
              for n in part {
                v = keep * v + (1 - keep) * gain * Double(abs(source[start + n]))
                let spikes = v >= threshold
                if spikes { v = reset == "zero" ? 0 : v - threshold }
                out[start + n] = spikes ? 1 : 0
              }
            }
          }
        }
      })
  },
]
