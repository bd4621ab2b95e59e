import Faults
import Machine
import Texts

/// Printing and describing.
let outputBuiltins: [Builtin] = [
  Builtin(
    "print", [.rest("values", .any, "what to print")], returns: "nil", subject: "output",
    "Prints its arguments with blanks between them, and ends the line.",
    example: """
      print("spikes:", 3)   # expect: spikes: 3
      """
  ) { (call) throws(Fault) in
    let text = call.rest.map { $0.description(of: .plain) }.joined(separator: " ") + "\n"
    // A terminal draws what a text holds, and obeys none of it.
    call.output.write(call.output.isInteractive ? text.showingControls(keeping: ["\n", "\t"]) : text)
    return .nil
  },
  Builtin(
    "describe", [.required("value", .any, "anything")], returns: "string", subject: "output",
    """
    Shows what a value is: shape, range and a preview of a tensor, density and a raster strip of spikes, the table of
    a network, the documentation of a function. The text that was shown is what it gives.
    """,
    example: """
      describe([1, 2, 3])   # expect: list of 3: [1, 2, 3]
      """
  ) { (call) throws(Fault) in
    let text = display(call[0], style: call.output.style, isDescription: true)
    if let held = call[0].asForeign { call.output.show(held) } else { call.output.write(text + "\n") }
    return ShownValue.keep(.string(text), on: call.machine)
  },
  tableBuiltin,
]
