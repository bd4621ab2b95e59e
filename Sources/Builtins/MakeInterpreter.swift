import Faults
import Formats
import Machine

/// An interpreter with the whole library, reading modules from files beside the working folder.
public func makeInterpreter(output: any Output) -> Interpreter {
  let interpreter = Interpreter(library: standardLibrary(), output: output) { (definition, defaults) throws(Fault) in
    .foreign(try NeuronValue(definition, defaults: defaults))
  }
  interpreter.machine.readModule = { (path) throws(Fault) in try readText(path) }
  return interpreter
}
