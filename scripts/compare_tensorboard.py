"""Opens recorded runs with TensorBoard and compares each number with metrics.jsonl. Leaves with 1 where one differs."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def compare(folder, run, events):
    """The numbers of one run, of which each must be in the event file as it was logged."""
    with open(os.path.join(folder, run, "run.json"), encoding="utf-8") as file:
        began = json.load(file)["started_seconds"]
    logged = {}
    with open(os.path.join(folder, run, "metrics.jsonl"), encoding="utf-8") as file:
        for line in file:
            metric = json.loads(line)
            logged.setdefault(metric["name"], []).append((metric["step"], np.float32(metric["value"]), began + metric["seconds"]))
    # 0 keeps all.
    reader = EventAccumulator(os.path.join(events, run), size_guidance={"scalars": 0}, purge_orphaned_data=False)
    reader.Reload()
    assert set(reader.Tags()["scalars"]) == set(logged), (reader.Tags()["scalars"], list(logged))
    count = 0
    for name, wanted in logged.items():
        found = [(event.step, np.float32(event.value), event.wall_time) for event in reader.Scalars(name)]
        assert len(found) == len(wanted), (name, len(found), len(wanted))
        for (step, value, moment), (wanted_step, wanted_value, wanted_moment) in zip(found, wanted):
            assert step == wanted_step, (name, step, wanted_step)
            assert value.tobytes() == wanted_value.tobytes() or np.isnan(value) and np.isnan(wanted_value), (name, step, value, wanted_value)
            assert abs(moment - wanted_moment) < 1e-5, (name, moment, wanted_moment)
        count += len(wanted)
    return list(logged), count


def served(events):
    """The names that a running TensorBoard lists, by run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", "--logdir", events, "--host", "127.0.0.1", "--port", str(port), "--load_fast", "false"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for _ in range(120):
            time.sleep(0.5)
            try:
                with opener.open(f"http://127.0.0.1:{port}/data/plugin/scalars/tags", timeout=5) as answer:
                    tags = json.load(answer)
            except OSError:
                continue
            if tags:
                return {run: set(names) for run, names in tags.items()}
    finally:
        server.terminate()
        server.wait()
    raise SystemExit("TensorBoard did not answer")


def main():
    folder, written = sys.argv[1:]
    runs = sorted(os.listdir(folder))
    assert runs == sorted(os.listdir(written)) and runs
    for events in (folder, written):
        for run in runs:
            names, count = compare(folder, run, events)
            print(f"ok   {count} numbers under {len(names)} names, {'while it ran' if events == folder else 'from the record'}")
        listed = served(events)
        assert listed == {run: set(compare(folder, run, events)[0]) for run in runs}, listed
        print("ok   the server lists the same names")


if __name__ == "__main__":
    main()
