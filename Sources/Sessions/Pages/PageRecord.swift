// What a page carries of its run, so that the run can be made again from the page alone.

import Builtins
import Faults
import Formats
import Machine
import Texts

struct PageRecord: Equatable {
  /// The script's path as it was given, which stands in its messages.
  var path: String
  var source: String
  /// The files that the script uses as modules, by their paths.
  var modules: [String: String] = [:]
  var form = RunForm.usual
  /// Of `--seed`.
  var seed: Int?
  var title: String?
  var files = FileRules.open
  var version: String
  /// The kernels that ran: others add up in another order.
  var kernels: String
  /// What the clock was read to be.
  var clock: [Double] = []
  var isInterrupted = false

  var json: JSON {
    func optional<Part>(_ part: Part?, _ json: (Part) -> JSON) -> JSON { part.map(json) ?? .null }
    return .object([
      JSONMember("neuedge page", .integer(1)), JSONMember("version", .string(version)), JSONMember("kernels", .string(kernels)),
      JSONMember("path", .string(path)), JSONMember("form", .string(form.rawValue)), JSONMember("seed", optional(seed) { .integer($0) }),
      JSONMember("title", optional(title) { .string($0) }), JSONMember("files", .string(files.rawValue)),
      JSONMember("interrupted", .bool(isInterrupted)), JSONMember("clock", .list(clock.map { .number($0) })),
      JSONMember("source", .string(source)),
      JSONMember("modules", .object(modules.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })),
    ])
  }

  init(path: String, source: String, version: String, kernels: String) {
    (self.path, self.source, self.version, self.kernels) = (path, source, version, kernels)
  }

  /// Throws `.file` where the JSON is not what `json` gives.
  init(_ json: JSON) throws(Fault) {
    guard json["neuedge page"]?.integerValue == 1, let path = json["path"]?.stringValue, let source = json["source"]?.stringValue,
      let version = json["version"]?.stringValue, let kernels = json["kernels"]?.stringValue,
      let form = json["form"]?.stringValue.flatMap(RunForm.init), let files = json["files"]?.stringValue.flatMap(FileRules.init),
      let clock = json["clock"]?.listValue, case .object(let modules)? = json["modules"], case .bool(let isInterrupted)? = json["interrupted"]
    else { throw Self.damaged("its record lacks a part") }
    self.init(path: path, source: source, version: version, kernels: kernels)
    (self.form, self.files, self.isInterrupted) = (form, files, isInterrupted)
    (seed, title) = (json["seed"]?.integerValue, json["title"]?.stringValue)
    self.clock = clock.compactMap(\.numberValue)
    for module in modules { self.modules[module.name] = module.value.stringValue }
  }

  /// The record that a page carries. Throws `.file` where it carries none, or a damaged one.
  init(page: String, _ digest: Digest) throws(Fault) {
    let start = "href=\"data:application/json;base64,"
    guard page.hasPrefix("<!doctype html>"), let found = lastRange(of: start, in: page) else {
      throw Fault(
        .file, "this is no page that can be verified", label: "it carries no script and no record of its run",
        help: "`snn render SCRIPT -o PAGE` makes pages that do")
    }
    guard page.hasSuffix("</html>\n") else { throw Self.damaged("it stops before its end") }
    let encoded = page[found.upperBound...].prefix { $0 != "\"" }
    guard let bytes = digest.bytes(ofBase64: encoded) else { throw Self.damaged("its record is no base64") }
    let json: JSON
    do throws(Fault) { json = try JSON.parse(try decodeText(bytes, name: "the record")) } catch {
      throw Self.damaged("its record cannot be read: \(error.title)")
    }
    try self.init(json)
  }

  private static func damaged(_ reason: String) -> Fault {
    Fault(.file, "the page is damaged", label: reason, help: "render its script again")
  }
}

/// Where a text stands in another for the last time.
private func lastRange(of part: String, in text: String) -> Range<String.Index>? {
  var found: Range<String.Index>?
  var rest = text[...]
  while let range = firstRange(of: part, in: rest) {
    found = range
    rest = text[range.upperBound...]
  }
  return found
}
