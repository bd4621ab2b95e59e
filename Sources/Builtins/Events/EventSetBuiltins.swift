// The module `data`: sets of recordings as they are published, with their official parts and classes.

import Faults
import Formats
import Machine

/// The builtins of sets of recordings.
let eventSetBuiltins: [Builtin] = [dataNMNIST, dataNCaltech101, dataDVSGesture, dataSHD, dataSSC]

private let pathParameter = BuiltinParameter.required("path", .string, "the folder of the set, unpacked")

private func missingExample(_ call: String, _ name: String, _ found: String) -> String {
  """
  let set = try { \(call)("no/such/folder") } catch e { e.message }
  print(set)   # expect: cannot find \(name): \(found)
  """
}

private func parts(_ parts: [EventSetPart]) -> Value { .tuple(parts.map { .recordings($0.set) }) }

private let lazyDocumentation = """
  A sample is read when it is asked for: `set[i]` is `(events, label)`, `set[a..b]` a smaller set, and `events.dataset` \
  makes a data set for training of it.
  """

private let dataNMNIST = Builtin(
  "data.nmnist", [pathParameter], returns: "(recordings, recordings)", subject: "data",
  """
  N-MNIST: 60,000 training and 10,000 test recordings of MNIST's digits by a moving event camera of 34x34 pixels, each \
  some 0.3 s long. The folder holds `Train` and `Test`, each with one folder for each digit.

  \(lazyDocumentation) By G. Orchard et al. (2015), CC BY-SA 4.0, from garrickorchard.com/datasets/n-mnist.
  """,
  example: missingExample("data.nmnist", "N-MNIST", "there is no folder `no/such/folder/Train`")
) { (call) throws(Fault) in parts(try nmnistSets(try call.string(0))) }

private let dataNCaltech101 = Builtin(
  "data.ncaltech101", [pathParameter], returns: "recordings", subject: "data",
  """
  N-Caltech101: recordings of Caltech101's pictures by a moving event camera, one folder for each class; the classes are \
  the folders that there are. It has no official split: say which you take.

  \(lazyDocumentation) By G. Orchard et al. (2015), from garrickorchard.com/datasets/n-caltech101.
  """,
  example: missingExample("data.ncaltech101", "N-Caltech101", "there is no folder `no/such/folder`")
) { (call) throws(Fault) in .recordings(try ncaltech101Set(try call.string(0))) }

private let dataDVSGesture = Builtin(
  "data.dvs_gesture", [pathParameter], returns: "(recordings, recordings)", subject: "data",
  """
  DVS128 Gesture: 11 gestures of 29 people in 3 lights, by an event camera of 128x128 pixels. The training part has users \
  1 to 23, the test part users 24 to 29, as `trials_to_train.txt` and `trials_to_test.txt` name them; `people` says whose \
  a sample is.

  A sample is a row of a recording's table, from its start to before its end: 1,176 and 288 of them. Other programs cut \
  otherwise and count 1,077 and 264. One row of user22_led is known to end after the next begins: rows may overlap.

  \(lazyDocumentation) By A. Amir et al. (CVPR 2017), CC BY 4.0, linked at research.ibm.com/interactive/dvsgesture.
  """,
  example: missingExample("data.dvs_gesture", "DVS128 Gesture", "there is no file `no/such/folder/trials_to_train.txt`")
) { (call) throws(Fault) in parts(try dvsGestureSets(try call.string(0))) }

private let dataSHD = Builtin(
  "data.shd", [pathParameter], returns: "(recordings, recordings)", subject: "data",
  """
  Spiking Heidelberg Digits: spoken digits in English and German as spikes of 700 channels of a model of the inner ear, \
  channel 0 the highest frequency; a training and a test part, from `shd_train.h5` and `shd_test.h5`, gzipped or not.

  The number of samples and the names of classes are those of the files. Times are 16-bit seconds, whose steps from 0.5 s \
  on are half a millisecond and more: bins of 1 ms are at the limit. There is no part for validation: hold out speakers, \
  whom `people` names; two of the test part are not in the training part.

  \(lazyDocumentation) By B. Cramer et al. (2022), CC BY 4.0, from zenkelab.org/datasets.
  """,
  example: missingExample("data.shd", "SHD", "there is no file `no/such/folder/shd_train.h5`, nor with .gz")
) { (call) throws(Fault) in parts(try shdSets(try call.string(0))) }

private let dataSSC = Builtin(
  "data.ssc", [pathParameter], returns: "(recordings, recordings, recordings)", subject: "data",
  """
  Spiking Speech Commands: spoken commands as spikes of 700 channels of a model of the inner ear; a training, a validation \
  and a test part, from `ssc_train.h5`, `ssc_valid.h5` and `ssc_test.h5`, gzipped or not. Its split is not that of the \
  Speech Commands themselves.

  \(lazyDocumentation) By B. Cramer et al. (2022), CC BY 4.0, from zenkelab.org/datasets.
  """,
  example: missingExample("data.ssc", "SSC", "there is no file `no/such/folder/ssc_train.h5`, nor with .gz")
) { (call) throws(Fault) in parts(try sscSets(try call.string(0))) }
