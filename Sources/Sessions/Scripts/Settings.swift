import Kernels

/// How many threads the kernels use, at least one.
public func setThreads(_ count: Int) { ThreadPool.shared.threads = max(1, count) }

/// The version that the program states of itself.
public let version = "0.1.0"
