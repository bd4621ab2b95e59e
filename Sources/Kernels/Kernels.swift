// Which build of the kernels runs on this machine.

@_exported import KernelTypes
import KernelsBaseline
import Glibc

#if arch(x86_64)
  import CPU
  import KernelsAVX2
  import KernelsAVX512
#endif

/// The kernels for this machine: those of the highest level that its CPU has, or of the one that the environment
/// variable `SNN_KERNELS` names, such as `SNN_KERNELS=baseline`.
public let kernels: any KernelLevel.Type = {
  let available = availableKernels
  if let wanted = getenv("SNN_KERNELS"), let level = available.first(where: { $0.name == String(cString: wanted) }) {
    return level
  }
  return available.last ?? KernelsBaseline.Level.self
}()

/// All levels that this machine's CPU can run, the lowest first.
public let availableKernels: [any KernelLevel.Type] = {
  var levels: [any KernelLevel.Type] = [KernelsBaseline.Level.self]
  #if arch(x86_64)
    if cpu_has_v3() != 0 { levels.append(KernelsAVX2.Level.self) }
    if cpu_has_v4() != 0 { levels.append(KernelsAVX512.Level.self) }
  #endif
  return levels
}()
