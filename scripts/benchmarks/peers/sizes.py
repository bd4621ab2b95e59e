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


class Rows:
    """2x256, 32c5p2-p2-64c5p2-p2-10: convolutions along rows."""

    channels, length = 2, 256
    first, second, kernel, outputs = 32, 64, 5, 10
    flat = 64 * 64
    steps, batch, density = 16, 32, 0.05


class Rgb:
    """3x32x32, 32c3p1-p2-64c3p1-p2-10, the size of CIFAR-10's images."""

    channels, side = 3, 32
    first, second, outputs = 32, 64, 10
    flat = 64 * 8 * 8
    steps, batch, density = 8, 32, 0.3


class Deep:
    """Six layers of 3x3, 64-64-p2-128-128-p2-256-256-p2-10 with padding, on 3x32x32."""

    channels, side, outputs = 3, 32, 10
    widths = [64, 64, 128, 128, 256, 256]
    flat = 256 * 4 * 4
    steps, batch = 4, 32


class Recurrent:
    """700-256-20 whose hidden neurons hear each other, the size of the spoken digits of SHD."""

    inputs, hidden, outputs = 700, 256, 20
    steps, batch, density = 100, 64, 0.02


class Fashion:
    """Fashion-MNIST with 784-256-10, from the files to the test accuracy."""

    # Where Debian's package dataset-fashion-mnist puts them.
    folder = "/usr/share/datasets/fashion-mnist"
    inputs, hidden, outputs = 784, 256, 10
    steps, batch, slope, rate = 8, 128, 5, 1e-3
