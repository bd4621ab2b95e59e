"""Writes recordings of drawn events by faery, reads them by the peers, and compares with what ours said of them."""

import json
import pathlib
import sys
import time

import expelliarmus
import faery
import numpy

WIDTH, HEIGHT = 1280, 720
ROUNDS = 5


def write(folder, count):
    draws = numpy.random.default_rng(7)
    events = numpy.zeros(count, dtype=faery.EVENTS_DTYPE)
    events["t"] = numpy.cumsum(draws.integers(0, 8, count) == 0)
    events["x"], events["y"] = draws.integers(0, WIDTH, count), draws.integers(0, HEIGHT, count)
    events[events.dtype.names[3]] = draws.integers(0, 2, count).astype(bool)
    for ending in ["raw", "aedat4"]:
        faery.events_stream_from_array(events, (WIDTH, HEIGHT)).to_file(folder / f"events.{ending}")


def by_faery(path):
    return numpy.concatenate(list(faery.events_stream_from_file(path)))


def by_expelliarmus(path):
    return expelliarmus.Wizard(encoding="evt3").read(path)


def timed(read, path):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        events = read(path)
        best = min(best, time.perf_counter() - start)
    return events, best


def compare(folder):
    is_same = True
    for line in (folder / "ours").read_text().splitlines():
        ours = json.loads(line)
        path = folder / ours["file"]
        events, seconds = timed(by_faery, path)
        counts = numpy.bincount(events["y"].astype(int) * WIDTH + events["x"], minlength=WIDTH * HEIGHT)
        polarity = events.dtype.names[3]
        row = lambda place: [int(events[place]["t"]), int(events[place]["x"]), int(events[place]["y"]), int(events[place][polarity])]
        theirs = {"count": len(events), "first": row(0), "last": row(-1), "busiest": counts.max(), "quiet": (counts == 0).sum()}
        is_same &= all(ours[name] == value for name, value in theirs.items())
        speeds = {"ours": ours["seconds"], "faery": seconds}
        if path.suffix == ".raw":
            speeds["expelliarmus"] = timed(by_expelliarmus, path)[1]
        shown = ", ".join(f"{name} {len(events) / seconds / 1e6:.1f}" for name, seconds in speeds.items())
        print(f"{ours['file']}: {len(events)} events, million a second: {shown}")
    print("the events are the same" if is_same else "THE EVENTS DIFFER")
    return 0 if is_same else 1


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[2])
    sys.exit(write(place, int(sys.argv[3])) if sys.argv[1] == "write" else compare(place))
