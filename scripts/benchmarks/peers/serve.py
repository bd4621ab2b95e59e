"""What every peer's worker shares: it is made once, then answers one request a line with the seconds of each repeat."""

import os
import sys
import time


def serve(tasks):
    """Runs the task named on the command line, with so many threads.

    A task is made by `tasks[name](threads)`, with further words of the command line behind the threads. It gives a
    function from a request's words to a list of numbers, mostly seconds.
    """
    # Frameworks print at import and while they compile; what is read as an answer must be only that.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    name, threads = sys.argv[1], int(sys.argv[2])
    answer = tasks[name](threads, *sys.argv[3:])
    print("ready", file=answers)
    for line in sys.stdin:
        try:
            print(*answer(line.split()), file=answers)
        except Exception as fault:  # noqa: BLE001: whatever it is, the driver reports it and goes on without this peer
            print("error", type(fault).__name__, " ".join(str(fault).split())[:200], file=answers)


def timed(repeats, body, before=None):
    """The seconds of each of some repeats; `before` is not counted."""
    seconds = []
    for _ in range(int(repeats)):
        if before:
            before()
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return seconds


def repeated(body, warm=2):
    """A task whose request is `run REPEATS`, warmed up before it counts as ready."""
    for _ in range(warm):
        body()
    return lambda words: timed(words[1], body)


def pin(threads):
    """Keeps the process to so many cores: the only way to hold back a runtime that has no setting for it."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
