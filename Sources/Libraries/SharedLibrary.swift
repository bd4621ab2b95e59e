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
  ///   - package: Debian's name for it
  ///   - purpose: what cannot be done without it
  public init(_ file: String, package: String, purpose: String) throws(Fault) {
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
      throw Fault(
        .file, "\(purpose) needs the library \(file), which is not installed",
        label: dlerror().map { String(cString: $0) } ?? "it cannot be loaded", help: "sudo apt-get install \(package)")
    }
    self.handle = handle
    self.file = file
    self.package = package
  }

  /// A function by its name; `type` is its C signature, as the library's header declares it.
  public func function<Signature>(_ name: String, as type: Signature.Type) throws(Fault) -> Signature {
    guard let address = dlsym(handle, name) else {
      throw Fault(
        .file, "the library \(file) has no function \(name)", label: "it is another version than expected",
        help: "sudo apt-get install --reinstall \(package)")
    }
    return unsafeBitCast(address, to: type)
  }
}
