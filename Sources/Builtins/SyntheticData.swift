// Data sets that are drawn instead of read, for trying things out; each says so in its name.

import Faults
import Machine
import Spiking

let dataSyntheticEvents = Builtin(
  "data.synthetic_events",
  [
    .optional("samples", .int, default: "600", "how many samples, with the classes in turn"),
    .optional("classes", .int, default: "4", "how many directions of movement, 2 to 8"),
    .optional("steps", .int, default: "16", "time steps of a sample"),
    .optional("size", .int, default: "34", "pixels of a side"),
    .optional("seed", .int, default: "0", "the same seed gives the same set"),
    .optional("noise", .number, default: "0.002", "how likely a pixel fires at a step without a cause"),
  ],
  returns: "dataset", subject: "data",
  """
  A synthetic set in the form of an event camera's recordings, `[steps, 2, size, size]` of 0 and 1 a sample: a bar \
  that moves in one of a few directions. Channel 0 holds the events of pixels that became bright, channel 1 of those \
  that became dark.

  It is drawn, not recorded: figures from it say nothing about a real camera. The samples have a time axis, so they \
  need no code.
  """,
  example: """
    let d = data.synthetic_events(samples=8, size=16)
    print(d.shape, d.class_names)   # expect: [16, 2, 16, 16] ["right", "down", "left", "up"]
    """
) { (call) throws(Fault) in
  var events = SyntheticEvents()
  events.samples = try call.int(0, default: events.samples)
  events.classes = try call.int(1, default: events.classes)
  events.steps = try call.int(2, default: events.steps)
  events.size = try call.int(3, default: events.size)
  events.seed = UInt64(bitPattern: Int64(try call.int(4, default: 0)))
  events.noise = try call.number(5, default: events.noise)
  return .dataset(try events.dataset())
}
