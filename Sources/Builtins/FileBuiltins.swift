// Files and folders, paths as texts, standard error, and other programs.

import Faults
import Formats
import Machine
import Tensors

private let pathParameter = BuiltinParameter.required("path", .string, "a file or a folder")

/// What a script does with files beside reading and writing them whole.
let fileBuiltins: [Builtin] = [
  Builtin(
    "list_files",
    [
      .optional("folder", .string, default: "\".\"", "a folder"), .optional("pattern", .string, default: "\"*\"", "names that are wanted: * stands for any characters, ? for one"),
    ],
    returns: "list", subject: "files", "The names of the files and folders in a folder, in alphabetical order, without hidden ones unless the pattern begins with a point.",
    example: "print(list_files(\"/proc/self\", \"st*us\"))   # expect: [\"status\"]"
  ) { (call) throws(Fault) in
    let pattern = Array(try call.string(1, default: "*"))
    let names = try listFolder(try call.string(0, default: ".")).filter { ($0.first != "." || pattern.first == ".") && fits(Array($0), pattern) }
    return try .list(of: names)
  },
  Builtin(
    "is_folder", [pathParameter], returns: "bool", subject: "files", "Whether there is a folder at a path.", example: "print(is_folder(\"/\"), is_folder(\"/no/such\"))   # expect: true false"
  ) { (call) throws(Fault) in .bool(try isFolder(try call.string(0))) },
  Builtin(
    "make_folder", [.required("path", .string, "its name")], returns: "nil", subject: "files", "Makes a folder, and those that it stands in, where there is none yet.",
    example: "make_folder(\"/tmp/snn-example/inner\")\nprint(is_folder(\"/tmp/snn-example/inner\"))   # expect: true\nremove_file(\"/tmp/snn-example/inner\")\nremove_file(\"/tmp/snn-example\")"
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += part
      try makeFolder(made)
      made += "/"
    }
    if path.isEmpty { try makeFolder(path) }
    return .nil
  },
  Builtin(
    "remove_file", [pathParameter], returns: "nil", subject: "files", "Removes a file, or a folder that is empty, for good. A run with --no-write may not.",
    example: "write_text(\"/tmp/snn-example.txt\", \"\")\nremove_file(\"/tmp/snn-example.txt\")\nprint(exists(\"/tmp/snn-example.txt\"))   # expect: false"
  ) { (call) throws(Fault) in
    try removeFile(try call.string(0))
    return .nil
  },
  Builtin(
    "move_file", [pathParameter, .required("to", .string, "its new path; a file that is there is replaced")], returns: "nil", subject: "files", "Gives a file or a folder another name.",
    example: "write_text(\"/tmp/snn-a.txt\", \"hi\")\nmove_file(\"/tmp/snn-a.txt\", \"/tmp/snn-b.txt\")\nprint(read_text(\"/tmp/snn-b.txt\"))   # expect: hi\nremove_file(\"/tmp/snn-b.txt\")"
  ) { (call) throws(Fault) in
    try moveFile(try call.string(0), to: try call.string(1))
    return .nil
  },
  Builtin(
    "append_text", [.required("path", .string, "a file"), .required("text", .string, "what to add at its end")], returns: "nil", subject: "files",
    "Writes behind what a file holds, and makes it where there is none.",
    example: "write_text(\"/tmp/snn-log.txt\", \"a\")\nappend_text(\"/tmp/snn-log.txt\", \"b\")\nprint(read_text(\"/tmp/snn-log.txt\"))   # expect: ab\nremove_file(\"/tmp/snn-log.txt\")"
  ) { (call) throws(Fault) in
    try appendText(try call.string(1), to: try call.string(0))
    return .nil
  },
  Builtin(
    "read_bytes", [.required("path", .string, "a file")], returns: "list", subject: "files", "All bytes of a file, as ints from 0 to 255.",
    example: "write_bytes(\"/tmp/snn-example.bin\", [1, 255])\nprint(read_bytes(\"/tmp/snn-example.bin\"))   # expect: [1, 255]\nremove_file(\"/tmp/snn-example.bin\")"
  ) { (call) throws(Fault) in
    let bytes = try readBytes(try call.string(0), limit: call.machine.limits.elements)
    try call.machine.checkSize(bytes.count, of: .list)
    return .list(bytes.map { .int(Int($0)) })
  },
  Builtin(
    "write_bytes", [.required("path", .string, "a file"), .required("bytes", .list | .tuple | .tensor, "ints from 0 to 255")], returns: "nil", subject: "files",
    "Writes bytes as a file's new content.", example: "write_bytes(\"/tmp/snn-example.bin\", [104, 105])\nprint(read_text(\"/tmp/snn-example.bin\"))   # expect: hi\nremove_file(\"/tmp/snn-example.bin\")"
  ) { (call) throws(Fault) in
    var bytes: [UInt8] = []
    for int in try call.ints(1) {
      guard let byte = UInt8(exactly: int) else { throw call.wrong(1, "must be ints from 0 to 255, found \(int)") }
      bytes.append(byte)
    }
    try writeBytes(bytes, to: try call.string(0))
    return .nil
  },
  Builtin(
    "join_path", [.rest("parts", .string, "folders and a name")], returns: "string", subject: "files", "One path of several parts; a part that begins with / begins anew.",
    example: "print(join_path(\"runs\", \"lif\", \"loss.csv\"))   # expect: runs/lif/loss.csv"
  ) { (call) throws(Fault) in
    var path = ""
    for part in call.rest.compactMap(\.asString) where !part.isEmpty {
      path = part.hasPrefix("/") || path.isEmpty ? part : path.hasSuffix("/") ? path + part : "\(path)/\(part)"
    }
    return .string(path)
  },
  Builtin(
    "file_name", [pathParameter, .optional("extension", .bool, default: "true", "whether what stands behind the last point is kept")], returns: "string", subject: "files", "The last part of a path.",
    example: "print(file_name(\"runs/loss.csv\"), file_name(\"runs/loss.csv\", extension=false))   # expect: loss.csv loss"
  ) { (call) throws(Fault) in
    let name = try call.string(0).split(separator: "/").last ?? ""
    if try call.bool(1, default: true) { return .string(String(name)) }
    guard let point = name.lastIndex(of: "."), point != name.startIndex else { return .string(String(name)) }
    return .string(String(name[..<point]))
  },
  Builtin(
    "file_folder", [pathParameter], returns: "string", subject: "files", "A path without its last part: the folder; \".\" where none is named.",
    example: "print(file_folder(\"runs/lif/loss.csv\"), file_folder(\"a.csv\"))   # expect: runs/lif ."
  ) { (call) throws(Fault) in .string(splitPath(try call.string(0)).folder) },
  Builtin(
    "file_extension", [pathParameter], returns: "string", subject: "files", "What stands behind the last point of a file's name, with the point; \"\" where there is none.",
    example: "print(file_extension(\"runs/loss.csv\"))   # expect: .csv"
  ) { (call) throws(Fault) in
    let name = try call.string(0).split(separator: "/").last ?? ""
    guard let point = name.lastIndex(of: "."), point != name.startIndex else { return .string("") }
    return .string(String(name[point...]))
  },
  Builtin(
    "current_folder", [], returns: "string", subject: "files", "The folder from which paths are taken that do not begin with /.", example: "print(is_folder(current_folder()))   # expect: true"
  ) { (call) throws(Fault) in .string(try presentFolder()) },
  Builtin(
    "print_error", [.rest("values", .any, "what to print")], returns: "nil", subject: "output", "Prints like `print`, on standard error: what is no result of the program.",
    example: "print_error(\"reading\", 3, \"files\")"
  ) { (call) throws(Fault) in
    call.output.flush()
    call.output.writeError(call.rest.map { $0.description(of: .plain) }.joined(separator: " ") + "\n")
    return .nil
  },
  Builtin(
    "run",
    [
      .required("command", .string, "a program"), .optional("arguments", .list, default: "[]", "its arguments, each as it stands"),
      .optional("input", .string, default: "\"\"", "what it reads from standard input"),
    ],
    returns: "map", subject: "system",
    """
    Runs another program to its end, without a shell: its `status`, and what it wrote as `output` and `errors`. Only a run \
    that was started with `--allow-run` may. A status other than 0 is no error.
    """,
    example: "let answer = try { run(\"date\", [\"+%Y\"]).output } catch e { e.message }"
  ) { (call) throws(Fault) in
    let arguments = call.has(1) && !call[1].isNil ? try call.strings(1) : []
    call.output.flush()
    let result = try runProcess(try call.string(0), arguments, input: Array(try call.string(2, default: "").utf8))
    return .map([
      ("status", .int(result.status)), ("output", .string(String(decoding: result.output, as: UTF8.self))),
      ("errors", .string(String(decoding: result.errors, as: UTF8.self))),
    ])
  },
]

/// Whether a name fits a pattern of plain characters, `*` and `?`.
private func fits(_ name: [Character], _ pattern: [Character]) -> Bool {
  var (place, at, star, behind) = (0, 0, -1, 0)
  while place < name.count {
    if at < pattern.count, pattern[at] == "?" || (pattern[at] == name[place] && pattern[at] != "*") {
      place += 1
      at += 1
    } else if at < pattern.count, pattern[at] == "*" {
      star = at
      behind = place
      at += 1
    } else if star >= 0 {
      // The star takes one character more.
      behind += 1
      place = behind
      at = star + 1
    } else {
      return false
    }
  }
  return pattern[at...].allSatisfy { $0 == "*" }
}
