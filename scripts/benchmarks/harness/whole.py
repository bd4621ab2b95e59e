"""Whole processes that read their data, train and test: from the command to the accuracy."""

import time

from .environment import Missing, debian
from .report import Case
from .training import NAMES, TORCH_PEERS
from .workers import Worker, WorkerFailed

CODES = ["direct", "rate", "hybrid"]
EPOCHS, QUICK_EPOCHS = 6, 1


def fashion_mnist(run, code):
    problem = debian("dataset-fashion-mnist")
    if problem:
        raise Missing(problem)
    epochs = QUICK_EPOCHS if run.is_quick else EPOCHS
    for threads in run.threads:
        run.add(fashion_case(run, code, threads, epochs))


def fashion_case(run, code, threads, epochs):
    """Ours and the peers in turns, each round with processes of its own."""
    environment, words = run.environment, [code, str(epochs)]
    commands = {"ours": environment.script("fashion-mnist", threads, *words)}
    for peer in TORCH_PEERS:
        if environment.has(peer):
            commands[NAMES[peer]] = environment.peer(f"{peer}_peer", "fashion-mnist", threads, *words)
    failures, times, accuracies, spikes = run.absent(TORCH_PEERS), {}, {}, 0
    for _ in range(run.rounds):
        for name, command in list(commands.items()):
            try:
                seconds, (accuracy, *rest) = process(name, command, threads)
            except WorkerFailed as fault:
                if name == "ours":
                    raise
                failures[name] = str(fault)
                del commands[name]
                continue
            times.setdefault(name, []).append(seconds)
            accuracies.setdefault(name, []).append(accuracy)
            spikes = rest[0] if rest else spikes
    name = f"784-256-10, {code}, {epochs} {'epoch' if epochs == 1 else 'epochs'}"
    return Case(
        f"fashion-{code}", name, threads, times, unit="s", value=lambda seconds: seconds,
        goal=3.0 if code == "direct" and threads == 1 else None, failures=failures,
        notes=[f"ours fires {spikes:.0f} spikes of its neurons a sample once it is trained"],
        columns={"test accuracy": {name: f"{min(values):.2%}" for name, values in accuracies.items()}})


def process(name, command, threads):
    """The seconds from the command to the answer, and the answer: a test accuracy, and what else it tells."""
    begun = time.perf_counter()
    worker = Worker(name, command, threads, patience=1800)
    try:
        worker.wait_until_ready()
        answer = worker.seconds("accuracy")
        return time.perf_counter() - begun, answer
    finally:
        worker.close()
