// Libraries of C that are loaded when something first asks for them: a start pays for none of them, and a machine that
// lacks one misses only what it is for.

import Faults
import Glibc

/// A shared library of the system.
public struct SharedLibrary: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer
  private let file: String
  private let package: String

  /// Throws `.file`, with the package to install, where the system has no such library.
  ///
  /// - Parameters:
  ///   - file: its name with the version of its binary interface
  ///   - others: names under which other systems have the same interface, tried where the first is missing
  ///   - package: Debian's name for it
  ///   - purpose: what cannot be done without it
  public init(_ file: String, or others: [String] = [], package: String, purpose: String) throws(Fault) {
    var reason: String?
    for name in [file] + others {
      if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
        (self.handle, self.file, self.package) = (handle, name, package)
        return
      }
      let found = dlerror().map { String(cString: $0) }
      reason = reason ?? found
    }
    throw Fault(
      .file, "\(purpose) needs the library \(file), which is not installed",
      label: reason ?? "it cannot be loaded", help: "sudo apt-get install \(package)")
  }

  /// A variable by its name; `type` is its C type.
  public func variable<Element: BitwiseCopyable>(_ name: String, as type: Element.Type) throws(Fault) -> Element {
    try address(name).load(as: type)
  }

  /// A function by its name; `type` is its C signature, as the library's header declares it.
  public func function<Signature>(_ name: String, as type: Signature.Type) throws(Fault) -> Signature {
    unsafeBitCast(try address(name), to: type)
  }

  private func address(_ name: String) throws(Fault) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, name) else {
      throw Fault(
        .file, "the library \(file) has no \(name)", label: "it is another version than expected",
        help: "sudo apt-get install --reinstall \(package)")
    }
    return address
  }
}
