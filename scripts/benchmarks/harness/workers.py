"""Processes that live as long as a row and answer one request a line, so that rounds can take turns."""

import os
import select
import subprocess
import time

# Settings of one machine's owner that cripple OpenBLAS elsewhere: a peer is measured as its wheel is.
CRIPPLING = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]
# Threads of whoever had its turn before go on spinning: OpenBLAS' for about 20 ms, those of OpenMP for up to 200 ms.
SETTLING, SETTLING_OF_SEVERAL = 0.01, 0.25
THREAD_SETTINGS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]


class WorkerFailed(Exception):
    """A worker that ended, answered with an error, or took too long."""


class Worker:
    """One process. Its first line is `ready`, which comes before any request."""

    def __init__(self, name, command, threads, patience=600):
        self.threads = threads
        environment = {key: value for key, value in os.environ.items() if key not in CRIPPLING}
        environment.update({key: str(threads) for key in THREAD_SETTINGS})
        environment["PYTHONWARNINGS"] = "ignore"
        self.name = name
        self.patience = patience
        self.rest = b""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)

    def wait_until_ready(self):
        line = self.line()
        if line != "ready":
            raise WorkerFailed(line.removeprefix("error "))

    def ask(self, request):
        """The words of the answer."""
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise WorkerFailed("ended") from None
        answer = self.line()
        if answer.startswith("error"):
            raise WorkerFailed(answer.removeprefix("error "))
        return answer.split()

    def seconds(self, request):
        return [float(word) for word in self.ask(request)]

    def line(self):
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
            if not ready:
                raise WorkerFailed(f"no answer in {self.patience} s")
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                raise WorkerFailed(f"ended with status {self.process.wait()}")
            self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace")

    def peak_megabytes(self):
        """The most memory the process ever held at once, as the kernel saw it."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
        return float("nan")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Crew:
    """The workers of a row. Those that fail are left out and named; ours must not fail."""

    def __init__(self, workers):
        self.failures = {}
        self.workers = list(workers)
        for worker in list(self.workers):
            self.attempt(worker, worker.wait_until_ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()

    def attempt(self, worker, action):
        try:
            return action()
        except WorkerFailed as fault:
            if worker.name == "ours":
                raise
            self.failures[worker.name] = str(fault)
            self.workers.remove(worker)
            worker.close()
            return None

    def rounds(self, count, requests):
        """The seconds of each worker over interleaved rounds: ours, a peer, the next peer, ours again …

        `requests` is one request for all, or one for each name.
        """
        times = {}
        for _ in range(count):
            for worker in list(self.workers):
                time.sleep(SETTLING if worker.threads == 1 else SETTLING_OF_SEVERAL)
                request = requests if isinstance(requests, str) else requests[worker.name]
                seconds = self.attempt(worker, lambda: worker.seconds(request))
                if seconds:
                    times.setdefault(worker.name, []).extend(seconds)
        return times
