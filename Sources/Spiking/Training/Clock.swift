// The time that progress reports and histories show; results never depend on it.

import Glibc

public enum Clock {
  /// Seconds since some fixed moment, never going back.
  public static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
