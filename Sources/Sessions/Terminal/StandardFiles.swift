import Glibc

/// Gives the standard files that the process was started without (`snn <&-`, some daemons) something to be.
///
/// The next file or pipe that the program opens would get their numbers, and then be read as the user's input or be
/// written over with output. Input that is not there is empty; output that is not there cannot be written, which is
/// reported as any output that fails.
public func holdStandardFiles() {
  // Opened in the order of their numbers: each gets the lowest that is free.
  for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
    _ = open("/dev/null", O_RDONLY)
  }
}
