"""Plain things with lists, texts and tensors, beside CPython and NumPy: a user's loop is not to be slower by more than 3."""

from .environment import Missing
from .report import Case
from .workers import Crew, Worker

LEAST = 1 / 3


def plain(run):
    """One thread: what is compared is the interpreter and its builtins."""
    environment = run.environment
    if not environment.has("numpy"):
        raise Missing(environment.problems["numpy"])
    for peer, kind in [("CPython", "python"), ("NumPy", "numpy")]:
        workers = [
            Worker("ours", environment.script("plain", 1), 1),
            Worker(peer, environment.peer("plain_peer", "plain", 1, kind), 1)]
        with Crew(workers) as team:
            for name in team.workers[1].ask("names"):
                times = team.rounds(run.rounds, f"{name} 3")
                run.add(Case("plain", name.replace("_", " "), 1, times, goal=LEAST, failures=team.failures))
