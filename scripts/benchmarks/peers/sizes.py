"""The networks that are measured, the same for everyone; ours has them in scripts/benchmarks/ours."""

BETA = 0.9
SLOPE = 25


class Dense:
    """784-1000-10, as in the peers' figures of the README."""

    inputs, hidden, outputs = 784, 1000, 10
    steps, batch, density = 25, 128, 0.1


class Conv:
    """2x34x34, 16c3-p2-32c3-p2-10, the size of N-MNIST's events."""

    channels, side = 2, 34
    first, second, outputs = 16, 32, 10
    # 34 -> 32 -> 16 -> 14 -> 7.
    flat = 32 * 7 * 7
    steps, batch, density = 16, 32, 0.05
