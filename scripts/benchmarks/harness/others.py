"""The language, the start, and how cost grows."""

import os
import statistics
import subprocess
import time

from . import report
from .environment import PYTHON, SCRIPTS, Missing, interpreter
from .report import Case
from .workers import CRIPPLING, Crew, Worker

IMPORTS = {
    "torch": "import torch", "snntorch": "import snntorch", "norse": "import norse.torch", "spyx": "import spyx",
    "spikingjelly": "import spikingjelly.activation_based.neuron",
}


def language(run):
    """Measured by a script of its own, which also runs alone."""
    command = [SCRIPTS / "bench-language", "--rounds", str(run.rounds), "--snn", run.environment.program("snn")]
    print(f"\nlanguage: scripts/bench-language --rounds {run.rounds}", flush=True)
    if subprocess.run(command).returncode != 0:
        raise Missing("scripts/bench-language failed")


def start(run):
    """Whole processes, interleaved."""
    commands = {"ours": [run.environment.program("snn"), "-e", "nil"]}
    for name, package in [("lua5.4", "lua5.4"), ("luajit", "luajit")]:
        path = interpreter(name, package)
        if path:
            commands[name] = [path, "-e", ""]
    commands["python3"] = ["python3", "-c", ""]
    for peer, code in IMPORTS.items():
        if run.environment.has(peer):
            commands[code] = [str(PYTHON), "-W", "ignore", "-c", code]
    times = {name: [] for name in commands}
    environment = {key: value for key, value in os.environ.items() if key not in CRIPPLING}
    for _ in range(run.rounds):
        for name, command in commands.items():
            # The quick ones are over before a clock has anything to tell: more of them a round.
            for _ in range(1 if name.startswith("import") else 5):
                begun = time.perf_counter()
                done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
                if done.returncode != 0:
                    raise Missing(f"{' '.join(command)} failed")
                times[name].append(time.perf_counter() - begun)
    frameworks = {name: seconds for name, seconds in times.items() if name == "ours" or name.startswith("import")}
    others = {name: seconds for name, seconds in times.items() if not name.startswith("import")}
    run.add(Case("start", "beside interpreters", 1, others))
    if len(frameworks) > 1:
        run.add(Case("start", "beside frameworks", 1, frameworks, failures=run.absent(IMPORTS)))


# What grows, its sizes, the name of its cost, and that cost in seconds: of one neuron's step or one sample's step.
SWEEPS = [
    ("neurons", [1_000, 10_000, 100_000, 1_000_000, 10_000_000], "ns a neuron-step", lambda s, n: s * 1e9 / (10 * n)),
    ("steps", [10, 30, 100, 300, 1_000], "us a sample's step", lambda s, t: s * 1e6 / (16 * t)),
    ("batch", [1, 4, 16, 64, 256, 1_024], "us a sample's step", lambda s, b: s * 1e6 / (25 * b)),
]


def growth(run):
    """Ours alone: what one more neuron, step or sample costs as there are more of them."""
    points = []
    for threads in run.threads:
        with Crew([Worker("ours", run.environment.script("growth", threads), threads)]) as team:
            points += [point for sweep in SWEEPS for point in grow(run, team.workers[0], threads, *sweep)]
    if run.out:
        lines = "".join(f"{kind} {threads} {size} {cost}\n" for kind, threads, size, cost in points)
        command = [*run.environment.script("growth-plot", 1), run.out]
        if subprocess.run(command, input=lines, text=True).returncode != 0:
            raise Missing("the picture of growth could not be drawn")
        print(f"drawn in {run.out}")


def grow(run, worker, threads, kind, sizes, unit, cost):
    """One table; a column says how the cost of one more compares with that of the size before."""
    rows, points = [], []
    for size in sizes:
        seconds = []
        for _ in range(run.rounds):
            seconds += worker.seconds(f"{kind} {size} {max(2, min(200, sizes[-1] // size))}")
        best = cost(min(seconds), size)
        change = "" if not points else f"{best / points[-1][3]:.2f}"
        points.append((kind, threads, size, best))
        rows.append([
            f"{size:,}", report.number(1000 * min(seconds)), report.number(best),
            report.number(cost(statistics.median(seconds), size)), change])
    print(f"\ngrowth with {kind}, {report.threads(threads)}")
    print(report.table([kind, "best ms", f"best {unit}", f"median {unit}", "times the former"], rows), flush=True)
    return points
