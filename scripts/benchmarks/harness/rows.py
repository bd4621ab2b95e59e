"""The rows of the benchmark by name, and what they are given."""

import functools
from dataclasses import dataclass, field

from . import report
from .environment import Environment


@dataclass
class Run:
    """One call of `scripts/bench`: what rows need, and the lines of the last table that they leave."""

    environment: Environment
    rounds: int
    threads: list
    out: str | None = None
    # Whether what trains for minutes does so for one epoch, to try it.
    is_quick: bool = False
    lines: list = field(default_factory=list)

    def add(self, case):
        report.show(case)
        self.lines.append(report.line(case))

    def absent(self, peers):
        """Why each of these peers takes no part; nothing for those that do."""
        problems = {peer: self.environment.problems[peer] for peer in peers if not self.environment.has(peer)}
        return {peer: f"not installed: {problem}" for peer, problem in problems.items()}


@dataclass
class Row:
    name: str
    about: str
    run: object
    # Rows that a former one measures along the way, or that take most of an hour, stay out of `all`.
    in_all: bool = True


def every_row():
    from . import kernels, others, plain, training, whole

    return [
        Row("train-dense", "training 784-1000-10, T 25, batch 128, and the memory it takes", training.train_dense),
        Row("memory", "the peak memory of that training alone", training.memory, in_all=False),
        Row("train-conv", "training 2x34x34, 16c3-p2-32c3-p2-10, T 16, batch 32", training.train_conv),
        Row("train-conv1d", "training 2x256, 32c5p2-p2-64c5p2-p2-10 along rows, T 16, batch 32", training.train_conv1d),
        Row("train-batch-norm", "training 2x34x34, 16c3-bn-p2-32c3-bn-p2-10, T 16, batch 32", training.train_batch_norm),
        Row("train-rgb", "training 3x32x32, 32c3p1-p2-64c3p1-p2-10: direct, 30 % input", training.train_rgb),
        Row("train-deep", "training six 3x3 layers of 64 to 256 channels, T 4, batch 32, direct", training.train_deep),
        Row("train-recurrent", "training 700-256 recurrent-20, T 100, batch 64", training.train_recurrent),
        *(
            Row(
                f"fashion-{code}", f"Fashion-MNIST, 784-256-10, {code}, from the command to the test accuracy",
                functools.partial(whole.fashion_mnist, code=code), in_all=False)
            for code in whole.CODES),
        Row("neighbours", "how much slower that training gets while other programs take every core", training.neighbours),
        Row("infer", "inference of 784-1000-10 at batch 1, over the density of its input", training.infer),
        Row("infer-batch", "inference of 784-1000-10 at batch 32 and 1,024: direct, 10 % input", training.infer_batch),
        Row("lif", "the neuron's step in cache and from memory, and the triad's bandwidth", kernels.lif),
        Row("gemm", "dense products of squares, the network's shape and forty odd ones", kernels.gemm),
        Row("convolutions", "convolutions of numbers and their gradients against dense products", kernels.convolutions),
        Row("spike-products", "spikes times weights and the weight gradient against dense products", kernels.spikes),
        Row("reach", "the gradient through a surrogate of compact support against a dense product", kernels.reach),
        Row("plain", "plain things with lists, texts and tensors, beside CPython and NumPy", plain.plain),
        Row("language", "six small programs in .snn, Lua and Python", others.language),
        Row("start", "from the command to the first line, and the peers' imports", others.start),
        Row("growth", "how cost grows with neurons, steps and batch (--out FILE.svg draws it)", others.growth),
    ]
