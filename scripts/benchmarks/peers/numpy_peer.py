"""NumPy, on the OpenBLAS in its wheel: products, the neuron in place, and inference by one product for all steps."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from serve import serve, timed
from sizes import BETA, Dense

rng = np.random.default_rng(1)


def uniform(*shape):
    return rng.random(shape, dtype=np.float32) * 2 - np.float32(0.5)


def gemm(threads):
    """`gemm M N K TRANSA TRANSB REPEATS`, as the kernels' own worker understands it."""
    threadpool_limits(threads)
    made = {}

    def answer(words):
        m, n, k, left, right = (int(word) for word in words[1:6])
        key = tuple(words[1:6])
        if key not in made:
            made.clear()
            a = uniform(k, m).T if left else uniform(m, k)
            b = uniform(n, k).T if right else uniform(k, n)
            made[key] = (a, b, np.empty((m, n), np.float32))
        a, b, c = made[key]
        np.matmul(a, b, out=c)
        return timed(words[6], lambda: np.matmul(a, b, out=c))

    return answer


def lif(threads):
    """`lif STEPS NEURONS REPEATS`: the drive of all steps is there, the spikes of all steps are kept."""
    threadpool_limits(threads)

    def answer(words):
        steps, neurons = int(words[1]), int(words[2])
        drive = uniform(steps, neurons)
        spikes = np.zeros((steps, neurons), np.float32)
        v = np.zeros(neurons, np.float32)

        def scan():
            for u, s in zip(drive, spikes):
                np.multiply(v, BETA, out=v)
                np.add(v, u, out=v)
                np.greater_equal(v, 1, out=s, casting="unsafe")
                np.subtract(v, s, out=v)

        scan()
        return timed(words[3], scan)

    return answer


def infer(threads):
    """`run DENSITY REPEATS`."""
    threadpool_limits(threads)
    weights = [(uniform(Dense.inputs, Dense.hidden) - 0.5) / 28, (uniform(Dense.hidden, Dense.outputs) - 0.5) / 32]
    inputs = {}

    def scan(drive):
        v = np.zeros_like(drive[0])
        spikes = np.empty_like(drive)
        for u, s in zip(drive, spikes):
            np.multiply(v, BETA, out=v)
            np.add(v, u, out=v)
            np.greater_equal(v, 1, out=s, casting="unsafe")
            np.subtract(v, s, out=v)
        return spikes

    def forward(x):
        for weight in weights:
            x = scan(x @ weight)
        return x

    def answer(words):
        if words[1] not in inputs:
            inputs[words[1]] = (rng.random((Dense.steps, Dense.inputs)) < float(words[1])).astype(np.float32)
        x = inputs[words[1]]
        forward(x)
        return timed(words[2], lambda: forward(x))

    return answer


def about(threads):
    """`about`: which OpenBLAS this is, and for which processor it takes this one."""
    np.ones((64, 64)) @ np.ones((64, 64))
    libraries = [library for library in threadpool_info() if library["internal_api"] == "openblas"]
    return lambda words: [f"{library['version']}/{library['architecture']}" for library in libraries] or ["no-OpenBLAS"]


serve({"gemm": gemm, "lif": lif, "infer": infer, "about": about})
