"""The language, the start, and how cost grows."""

import os
import subprocess
import time

from .environment import OURS, PYTHON, SCRIPTS, Missing, interpreter
from .report import Case
from .workers import CRIPPLING

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


def growth(run):
    """Ours alone: what one more neuron, step or sample costs as there are more of them."""
    for threads in run.threads:
        command = [*run.environment.script("growth", threads), str(run.rounds)]
        if run.out:
            stem, dot, ending = run.out.rpartition(".")
            command.append(run.out if len(run.threads) == 1 or not dot else f"{stem}-{threads}.{ending}")
        print(f"\ngrowth: {threads} thread{'s' if threads > 1 else ''}", flush=True)
        if subprocess.run(command).returncode != 0:
            raise Missing("scripts/benchmarks/ours/growth.snn failed")
