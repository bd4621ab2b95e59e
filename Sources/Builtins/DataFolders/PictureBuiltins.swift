// The module `data`: pictures in batches, in files and in folders.

import Faults
import Formats
import Libraries
import Machine
import Spiking
import Tensors

private let flatParameter = BuiltinParameter.optional("flat", .bool, default: "false", "whether a sample is one row of pixels; otherwise [3, 32, 32]")

/// data.cifar10, data.cifar100, data.image and data.images.
let pictureBuiltins: [Builtin] = [
  Builtin(
    "data.cifar10", [.required("path", .string, "the folder of the binary version, with data_batch_1.bin"), flatParameter], returns: "(dataset, dataset)", subject: "data",
    """
    CIFAR-10 (Krizhevsky 2009) from its binary batches: 50,000 images for training and 10,000 for the test, [3, 32, 32] from 0 to 1, red,
    green and blue planes.
    """,
    example: """
      let parts = try { data.cifar10("no/such/folder") } catch e { e.message }
      print(parts)   # expect: cannot find CIFAR-10: there is no folder `no/such/folder`
      """
  ) { (call) throws(Fault) in try split(try readCIFAR10(try call.string(0)), flat: try call.bool(1, default: false), source: try call.string(0)) },
  Builtin(
    "data.cifar100",
    [
      .required("path", .string, "the folder of the binary version, with train.bin"), flatParameter,
      .optional("coarse", .bool, default: "false", "whether the 20 groups of classes are the classes"),
    ],
    returns: "(dataset, dataset)", subject: "data", "CIFAR-100 (Krizhevsky 2009) from its binary files: 100 classes in 20 groups, else as `data.cifar10`.",
    example: """
      let parts = try { data.cifar100("no/such/folder") } catch e { e.message }
      print(parts)   # expect: cannot find CIFAR-100: there is no folder `no/such/folder`
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    return try split(try readCIFAR100(path, isCoarse: try call.bool(2, default: false)), flat: try call.bool(1, default: false), source: path)
  },
  Builtin(
    "data.image", [.required("path", .string, "a PNG or JPEG file"), .optional("channels", .int | .nil, default: "as the file has", "1 for grey, 3 for colours")],
    returns: "tensor", subject: "data",
    "A picture as numbers from 0 to 1, [channels, height, width]; what is transparent is laid on black, sixteen bits become eight.",
    example: """
      let picture = try { data.image("no/such/picture.png") } catch e { e.message }
      """
  ) { (call) throws(Fault) in .tensor(try planes(try call.string(0), channels: try channels(call, 1))) },
  Builtin(
    "data.images",
    [
      .required("path", .string, "a folder with a folder of PNG or JPEG files for each class, or with `train` and `test` of that form"),
      .optional("channels", .int | .nil, default: "as the first picture has", "1 for grey, 3 for colours"),
      .optional("each", .function | .nil, default: "nil", "what becomes of a picture [channels, height, width], such as `x => x[.., 0..28, 0..28]`: numbers of one shape for all"),
    ],
    returns: "dataset, or (dataset, dataset)", subject: "data",
    """
    A data set of the pictures in a folder, [channels, height, width] from 0 to 1; the classes are the names of its folders, sorted. A folder
    that holds `train` and `test` gives both.
    """,
    example: """
      let set = try { data.images("no/such/folder") } catch e { e.message }
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    if try isFolder("\(path)/train"), try isFolder("\(path)/test") {
      let train = try pictures("\(path)/train", name: "train", classNames: nil, call)
      let test = try pictures("\(path)/test", name: "test", classNames: train.classNames, call)
      return .tuple([.dataset(train), .dataset(test)])
    }
    return .dataset(try pictures(path, name: path.split(separator: "/").last.map(String.init) ?? path, classNames: nil, call))
  },
]

private func split(_ split: ImageSplit, flat: Bool, source: String) throws(Fault) -> Value {
  func part(_ images: ImageSet) throws(Fault) -> Value {
    .dataset(try Dataset(images, sampleShape: flat ? [images.sampleSize] : images.sampleShape, source: source))
  }
  return .tuple([try part(split.train), try part(split.test)])
}

private func channels(_ call: Call, _ index: Int) throws(Fault) -> Int? {
  if !call.has(index) || call[index].isNil { return nil }
  let count = try call.int(index)
  if count != 1, count != 3 { throw call.wrong(index, "must be 1 or 3, found \(count)") }
  return count
}

private func planes(_ path: String, channels: Int?) throws(Fault) -> Tensor {
  var picture = try readPicture(path)
  if let channels { picture = channels == 1 ? picture.grey : picture.coloured }
  return try picture.planes()
}

/// The pictures of a folder as a data set.
///
/// - Parameter classNames: those of the training part, which those of the test must be among
private func pictures(_ folder: String, name: String, classNames: [String]?, _ call: Call) throws(Fault) -> Dataset {
  let (files, own) = try listPictures(folder)
  let names = classNames ?? own
  if let strange = own.first(where: { !names.contains($0) }) {
    throw Fault(.file, "\(shownPath(folder)) holds a class that the training part lacks", label: "the folder \(shownPath(strange))")
  }
  let wanted = try channels(call, 1)
  let function = call.has(2) && !call[2].isNil ? call[2] : nil
  var common: [Int]?
  let features = try gathered(files.count, of: shownPath(folder), empty: [1]) { (index) throws(Fault) in
    let path = files[index].path
    let picture = try planes(path, channels: wanted ?? common?.first)
    if let function { return try madeFeatures(of: picture, function, at: path, call) }
    if let common, common != picture.shape {
      throw Fault(
        .shape, "\(shownPath(path)) is of another size", label: "\(Shape.text(picture.shape)), the first is \(Shape.text(common))",
        help: "each=x => x[.., 0..h, 0..w] cuts pictures to one size")
    }
    common = picture.shape
    return picture
  }
  let labels = files.map { file in names.firstIndex(of: own[file.label]) ?? 0 }
  return try Dataset(name: name, features: features, labels: labels, classNames: names, source: folder)
}
