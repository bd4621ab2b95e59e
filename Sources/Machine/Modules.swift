import Faults
import Glibc
import Language

/// Modules: the library's own by name, a user's by path.
extension Machine {
  @inline(never)
  func useModule(_ place: UnsafeMutablePointer<Value>, _ name: Value, isFile: Bool) -> Bool {
    attempt(nil, nil) { () throws(Fault) in
      let path = name.asString ?? ""
      if !isFile, let family = library.builtins[path] { return Machine.store(place, .function(family)) }
      let module = isFile ? try fileModule(located(path)) : try libraryModule(path)
      module.references += 1
      Machine.store(place, Value(owning: module, tag: .module))
    }
  }

  /// A module's path as seen from the folder of the file that names it.
  private func resolved(_ path: String) -> String {
    if path.hasPrefix("/") || frameCount == 0 { return path }
    let user = frames[frameCount - 1].prototype.source.name
    var parts = user.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != "..", last != "" {
        parts.removeLast()
      } else {
        parts.append(String(part))
      }
    }
    return parts.joined(separator: "/")
  }

  /// The file that a path names: as seen from the file that uses it, or in a folder of SNN_PATH where the path begins with
  /// neither `.` nor `/`. A folder stands for the file in it that has its name.
  private func located(_ path: String) -> String {
    let near = resolved(path)
    var places = [near]
    if !path.hasPrefix("."), !path.hasPrefix("/"), let folders = getenv("SNN_PATH") {
      places += String(cString: folders).split(separator: ":").map { "\($0)/\(path)" }
    }
    for place in places {
      var status = stat()
      guard !place.utf8.contains(0), stat(place, &status) == 0 else { continue }
      if status.st_mode & S_IFMT != S_IFDIR { return place }
      let inside = "\(place)/\(place.split(separator: "/").last ?? "").snn"
      if access(inside, F_OK) == 0 { return inside }
    }
    return near
  }

  func libraryModule(_ name: String) throws(Fault) -> ModuleObject {
    if let known = modules[name] { return known }
    let module = ModuleObject(name: name)
    modules[name] = module
    for builtin in library.builtins.values where builtin.module == name {
      module.members[builtin.baseName] =
        builtin.isConstant ? .constant(builtin) : .builtin(Value(owning: NativeObject(builtin), tag: .native))
    }
    if let text = library.sources[name] { try load(SourceText(text, name: "\(name).snn"), into: module) }
    return module
  }

  /// Puts the names of the library's `prelude` where every source finds them.
  ///
  /// - Returns: false where something came between, such as a request to stop.
  func readPrelude() -> Bool {
    guard let text = library.sources["prelude"] else { return true }
    do throws(Fault) {
      try load(SourceText(text, name: "prelude.snn"), in: prelude)
      return true
    } catch {
      if let diagnostic = pendingDiagnostic { output.write(DiagnosticRenderer().render(diagnostic)) }
      pendingDiagnostic = nil
      return false
    }
  }

  private func fileModule(_ path: String) throws(Fault) -> ModuleObject {
    if let known = modules[path] { return known }
    if loading.contains(path) {
      throw Fault(
        .file, "modules use each other in a circle", label: (loading + [path]).joined(separator: " uses "),
        help: "move what both need into a third file")
    }
    guard let read = readModule else {
      throw Fault(.file, "files cannot be used here", label: "no file access")
    }
    loading.append(path)
    defer { loading.removeLast() }
    let module = ModuleObject(name: path)
    try load(SourceText(try read(path), name: path), into: module)
    modules[path] = module
    return module
  }

  private func load(_ source: SourceText, into module: ModuleObject) throws(Fault) {
    let scope = GlobalScope()
    try load(source, in: scope)
    for (name, entry) in scope.names where !name.hasPrefix("_") { module.members[name] = .global(entry.slot) }
  }

  private func load(_ source: SourceText, in scope: GlobalScope) throws(Fault) {
    let parsed = parse(source)
    if let first = parsed.diagnostics.first {
      pendingDiagnostic = first
      throw first.fault
    }
    let savedResult = result
    result = .nil
    let testCount = tests.count
    defer {
      result.release()
      result = savedResult
      // A module's own tests are run with its file, not with its user's.
      tests[testCount...].forEach { $0.release() }
      tests.removeLast(tests.count - testCount)
    }
    switch compile(parsed.tree, in: scope, mode: .cell) {
    case .failure(let list):
      guard let first = list.diagnostics.first else { return }
      pendingDiagnostic = first
      throw first.fault
    case .success(let compiled):
      if let diagnostic = execute(compiled, in: scope) {
        pendingDiagnostic = diagnostic
        throw diagnostic.fault
      }
    }
  }
}
