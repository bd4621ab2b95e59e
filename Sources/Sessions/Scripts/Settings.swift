import Kernels

/// How many threads the kernels use, at least one.
public func setThreads(_ count: Int) { ThreadPool.shared.threads = max(1, count) }

/// What is wrong with the kernels that a user asks for in the environment variable `SNN_KERNELS`; nil for nothing.
public func kernelsProblem(_ wanted: String?) -> String? {
  let names = availableKernels.map { $0.name }
  guard let wanted, !names.contains(wanted) else { return nil }
  return "SNN_KERNELS asks for the kernels '\(wanted)', and this machine runs \(names.joined(separator: ", "))"
}

/// The version that the program states of itself.
public let version = "0.1.0"
