"""Networks: training, memory, inference."""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys

from .report import Case
from .workers import Crew, Worker

DENSE_PEERS = ["torch", "snntorch", "spikingjelly", "spyx"]
TORCH_PEERS = ["torch", "snntorch", "spikingjelly"]
NAMES = {"torch": "torch fused", "snntorch": "snnTorch", "spikingjelly": "SpikingJelly", "spyx": "Spyx"}


def crew(run, task, peers, threads, *words):
    """Ours and those of the peers that are there; all are told these words."""
    environment = run.environment
    workers = [Worker("ours", environment.script(task, threads, *words), threads)]
    for peer in peers:
        if environment.has(peer):
            workers.append(Worker(NAMES[peer], environment.peer(f"{peer}_peer", task, threads, *words), threads))
    return Crew(workers)


def train(run, task, peers, name, batch, repeats, goal=None, words=(), keeps_time=True, keeps_memory=False):
    for threads in run.threads:
        with crew(run, task, peers, threads, *words) as team:
            times = team.rounds(run.rounds, f"run {repeats}")
            failures = {**run.absent(peers), **team.failures}
            activity = team.workers[0].seconds("activity")[0]
            peaks = {worker.name: [worker.peak_megabytes()] for worker in team.workers}
        if keeps_time:
            run.add(Case(
                task, name, threads, times, unit="samples/s", value=lambda seconds: batch / seconds,
                goal=goal if threads == 1 else None, failures=failures,
                notes=[f"ours begins with {activity:.0f} spikes of its neurons a sample"]))
        if keeps_memory:
            run.add(Case("memory", "peak while training", threads, peaks, unit="MB", value=lambda megabytes: megabytes))


def train_dense(run, **choice):
    choice = choice or {"keeps_memory": True}
    train(run, "train-dense", DENSE_PEERS, "784-1000-10", 128, 3, 3.0, **choice)


def memory(run):
    train_dense(run, keeps_time=False, keeps_memory=True)


def train_conv(run):
    train(run, "train-conv", TORCH_PEERS, "16c3-p2-32c3-p2-10", 32, 2, 4.0)


def train_conv1d(run):
    train(run, "train-conv1d", TORCH_PEERS, "32c5p2-p2-64c5p2-p2-10 along rows", 32, 2, 3.0)


def train_batch_norm(run):
    # snnTorch has no statistics over all steps: its loop normalises each step by itself.
    train(run, "train-batch-norm", ["torch", "spikingjelly"], "16c3-bn-p2-32c3-bn-p2-10", 32, 2, 3.0)


def train_rgb(run):
    train(run, "train-rgb", TORCH_PEERS, "32c3p1-p2-64c3p1-p2-10, direct", 32, 2, 4.0, words=["direct"])
    train(run, "train-rgb", TORCH_PEERS, "32c3p1-p2-64c3p1-p2-10, 30 % input", 32, 2, words=["rate"])


def train_deep(run):
    train(run, "train-deep", TORCH_PEERS, "64-64-p2-128-128-p2-256-256-p2-10, direct", 32, 1, 2.5, words=["direct"])


def train_recurrent(run):
    train(run, "train-recurrent", TORCH_PEERS, "700-256 recurrent-20", 64, 3)


@contextlib.contextmanager
def busy_cores():
    """Other programs that would each take a core."""
    loop = [sys.executable, "-c", "while True: pass"]
    programs = [subprocess.Popen(loop) for _ in range(len(os.sched_getaffinity(0)))]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def neighbours(run):
    """Half the time of each core is left: twice as slow is fair, more is a collapse."""
    threads = max(run.threads)
    with crew(run, "train-dense", ["torch"], threads) as team:
        quiet = team.rounds(run.rounds, "run 3")
        with busy_cores():
            busy = team.rounds(run.rounds, "run 3")
        slower = {name: [statistics.median(busy[name]) / statistics.median(quiet[name])] for name in busy}
        run.add(Case(
            "neighbours", "784-1000-10 with every core taken", threads, slower, unit="times slower",
            value=lambda factor: factor, failures={**run.absent(["torch"]), **team.failures}))


def infer(run):
    for threads in run.threads:
        environment = run.environment
        workers = [Worker("ours", environment.script("infer", threads), threads)]
        if environment.has("numpy"):
            workers.append(Worker("NumPy", environment.peer("numpy_peer", "infer", threads), threads))
        if environment.has("torch"):
            workers.append(Worker("torch fused", environment.peer("torch_peer", "infer", threads), threads))
            if shutil.which("g++") or shutil.which("clang++"):
                command = environment.peer("torch_peer", "infer-compiled", threads)
                workers.append(Worker("torch.compile", command, threads))
        absent = run.absent(["numpy", "torch"])
        with Crew(workers) as team:
            for density in ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]:
                times = team.rounds(run.rounds, f"run {density} 40")
                run.add(Case(
                    "infer", f"{float(density):.1%} input".replace(".0%", "%"), threads, times,
                    goal=5.0 if threads == 1 and density == "0.1" else None, failures={**absent, **team.failures}))


def infer_batch(run):
    for threads in run.threads:
        with crew(run, "infer-batch", TORCH_PEERS, threads) as team:
            for code, about in [("direct", "direct"), ("rate", "10 % input")]:
                for batch, repeats in [(32, 10), (1024, 2)]:
                    times = team.rounds(run.rounds, f"run {code} {batch} {repeats}")
                    activity = team.workers[0].seconds(f"activity {code} {batch}")[0]
                    run.add(Case(
                        "infer-batch", f"{batch:,} samples, {about}", threads, times, unit="samples/s",
                        value=lambda seconds, batch=batch: batch / seconds,
                        failures={**run.absent(TORCH_PEERS), **team.failures},
                        notes=[f"ours fires {activity:.0f} spikes of its neurons a sample"]))
