"""Kernels on their own: products, spike products, the neuron."""

import statistics

from . import report
from .report import Case, Line
from .workers import Crew, Worker

# Shapes as they come: narrow, flat, prime, one above and one below what tiles like.
ODD = [
    (1, 10, 1000), (2, 3, 5), (3, 1000, 7), (5, 17, 129), (7, 7, 7), (10, 1000, 3200), (11, 13, 1021), (13, 509, 64),
    (16, 16, 2048), (17, 1, 300), (25, 10, 1000), (25, 1000, 784), (31, 33, 257), (32, 10, 1568), (47, 101, 499),
    (61, 127, 31), (64, 65, 63), (67, 997, 10), (97, 96, 95), (100, 1000, 784), (100, 100, 3), (113, 2, 997),
    (128, 10, 1000), (129, 1000, 65), (131, 257, 521), (160, 7, 4096), (191, 193, 197), (250, 10, 64), (255, 257, 255),
    (300, 300, 1), (333, 67, 1001), (384, 385, 386), (400, 16, 144), (511, 513, 127), (601, 599, 8), (784, 10, 128),
    (1000, 10, 3200), (1023, 31, 1025), (1568, 10, 512), (3200, 10, 1000),
]
SQUARES = [256, 384, 512, 768, 1024, 1536, 2048]
NETWORK = (3200, 1000, 784)


def pair(run, threads, task):
    """Ours and NumPy's, for kernels."""
    environment = run.environment
    workers = [Worker("ours", [environment.program("kernel-bench")], threads)]
    if environment.has("numpy"):
        workers.append(Worker("NumPy", environment.peer("numpy_peer", task, threads), threads))
    team = Crew(workers)
    team.workers[0].ask(f"threads {threads}")
    return team


def print_openblas(run):
    """Which OpenBLAS is the peer, and which processor it takes this one for: both decide how fast it is."""
    if not run.environment.has("numpy"):
        return
    with Crew([Worker("NumPy", run.environment.peer("numpy_peer", "about", 1), 1)]) as team:
        for worker in team.workers:
            print(f"OpenBLAS of NumPy's wheel: {', '.join(worker.ask('about'))}", flush=True)


def repeats(floating, target=0.04):
    """So many that a round takes about `target` seconds, where a core makes 50 GFLOP/s."""
    return max(1, min(2000, round(target * 50e9 / floating)))


def gemm(run):
    print_openblas(run)
    for threads in run.threads:
        with pair(run, threads, "gemm") as team:
            for m, n, k in [(size, size, size) for size in SQUARES] + [NETWORK]:
                times = team.rounds(run.rounds, f"gemm {m} {n} {k} 0 0 {repeats(2 * m * n * k)}")
                work = 2e-9 * m * n * k
                run.add(Case(
                    "gemm", f"{m}x{k}x{n}", threads, times, unit="GFLOP/s", value=lambda s, work=work: work / s,
                    goal=0.97 if threads == 1 else None, failures={**run.absent(["numpy"]), **team.failures}))
            odd_shapes(run, threads, team)


def odd_shapes(run, threads, team):
    """Forty shapes, each with both sides as they are and transposed: a table of ratios."""
    rows, bests, medians = [], [], []
    worst = None
    for m, n, k in ODD:
        cells = []
        for transposes in ["0 0", "0 1", "1 0", "1 1"]:
            times = team.rounds(run.rounds, f"gemm {m} {n} {k} {transposes} {repeats(2 * m * n * k + 50_000, 0.005)}")
            case = Case("gemm", f"{m}x{k}x{n}", threads, times)
            best, median = case.ratio(case.best), case.ratio(case.median)
            if best is None:
                return
            bests.append(best)
            medians.append(median)
            if best == min(bests):
                worst = f"{m}x{k}x{n} {dict(zip(['0 0', '0 1', '1 0', '1 1'], ['nn', 'nt', 'tn', 'tt']))[transposes]}"
            cells.append(report.ratio(best))
        rows.append([f"{m}x{k}x{n}", *cells])
    print(f"\ngemm: ratios to OpenBLAS by best times, odd shapes MxKxN, {report.threads(threads)}")
    print(report.table(["", "a b", "a b^T", "a^T b", "a^T b^T"], rows), flush=True)
    run.lines.append(Line(
        f"gemm: the slowest of 160 odd ones ({worst})", threads, "", "", "", "NumPy", min(bests), min(medians),
        0.8 if threads == 1 else None))
    run.lines.append(Line(
        "gemm: the median of 160 odd ones", threads, "", "", "", "NumPy", statistics.median(bests),
        statistics.median(medians)))


FORWARD_GOALS = {0.02: 12.0, 0.05: 7.0, 0.1: 4.0}
GRADIENT_GOALS = {0.02: 8.0, 0.05: 5.0, 0.1: 3.0}


def spikes(run):
    """One thread. The peer's product is dense: it does not depend on the density."""
    print_openblas(run)
    rows, columns, features = NETWORK
    with pair(run, 1, "gemm") as team:
        for density in [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]:
            for kind, request, dense, goals in [
                ("forward", "spikes", f"{rows} {columns} {features} 0 0", FORWARD_GOALS),
                ("weight gradient", "weightgrad", f"{features} {columns} {rows} 1 0", GRADIENT_GOALS),
            ]:
                count = 3
                times = team.rounds(run.rounds, {
                    "ours": f"{request} {rows} {features} {columns} {density} {count}",
                    "NumPy": f"gemm {dense} {count}",
                })
                run.add(Case(
                    "spike-products", f"{kind}, {density:.0%}", 1, times, goal=goals.get(density, 1.0),
                    failures={**run.absent(["numpy"]), **team.failures}))


def reach(run):
    """The gradient of spikes through a surrogate that ends near the threshold; the peer's product is dense."""
    print_openblas(run)
    for threads in run.threads:
        with pair(run, threads, "gemm") as team:
            for rows, neurons, outputs in [(3200, 1000, 1000), (3200, 1000, 100)]:
                for share in [0.02, 0.05, 0.1, 0.2, 0.4]:
                    times = team.rounds(run.rounds, {
                        "ours": f"reach {rows} {neurons} {outputs} {share} 2",
                        "NumPy": f"gemm {rows} {neurons} {outputs} 0 1 2",
                    })
                    run.add(Case(
                        "reach", f"{rows}x{outputs}x{neurons}, {share:.0%}", threads, times,
                        failures={**run.absent(["numpy"]), **team.failures}))


# Channels, size, outputs, kernel, stride, padding and images: the layers of the 3x32x32 network and of the six-layer one,
# then what fits vectors badly.
CONVOLUTIONS = [
    (3, 32, 32, 3, 1, 1, 32), (32, 16, 64, 3, 1, 1, 32), (64, 32, 64, 3, 1, 1, 8), (64, 16, 128, 3, 1, 1, 16),
    (128, 16, 128, 3, 1, 1, 16), (128, 8, 256, 3, 1, 1, 32), (256, 8, 256, 3, 1, 1, 32), (256, 4, 256, 3, 1, 1, 128),
    (1, 28, 32, 5, 1, 0, 32), (16, 15, 32, 3, 1, 0, 32), (64, 16, 128, 3, 2, 1, 16), (64, 8, 128, 1, 1, 0, 64),
]


def convolutions(run):
    """Numbers, so no event is spared; the peer's product has the same multiplications, over windows already copied."""
    print_openblas(run)
    for threads in run.threads:
        with pair(run, threads, "gemm") as team:
            for channels, size, outputs, kernel, stride, padding, images in CONVOLUTIONS:
                pixels = images * ((size + 2 * padding - kernel) // stride + 1) ** 2
                taps = channels * kernel ** 2
                name = f"{channels}x{size}x{size}, {outputs} of {kernel}x{kernel}, stride {stride}"
                for number, kind, product in [
                    (0, "forward", f"{outputs} {pixels} {taps} 0 0"),
                    (1, "gradient of the input", f"{taps} {pixels} {outputs} 1 0"),
                    (2, "gradient of the weights", f"{outputs} {taps} {pixels} 0 1"),
                ]:
                    floating = 2 * pixels * taps * outputs
                    count = repeats(floating, 0.02)
                    shape = f"{channels} {size} {size} {outputs} {kernel} {stride} {padding} {images}"
                    times = team.rounds(
                        run.rounds, {"ours": f"conv {shape} 1 {number} {count}", "NumPy": f"gemm {product} {count}"})
                    run.add(Case(
                        "convolutions", f"{name}, {kind}", threads, times, unit="GFLOP/s",
                        value=lambda s, work=1e-9 * floating: work / s, goal=0.7 if threads == 1 else None,
                        failures={**run.absent(["numpy"]), **team.failures}))


# Bytes that must move for a neuron-step. With all steps at hand the drive becomes the potential, and a bit is written;
# alone, a step also reads and writes the state. Backward reads potentials, and gradients become those of the drive.
BLOCKED_BYTES, STEP_BYTES, BACKWARD_BYTES = 8.125, 16.125, 12.0
# The triad's bytes as STREAM counts them: two reads and a write.
TRIAD_BYTES = 12.0


def lif(run):
    for threads in run.threads:
        environment = run.environment
        team = pair(run, threads, "lif")
        if environment.has("torch"):
            worker = Worker("torch", environment.peer("torch_peer", "lif", threads), threads)
            team.workers.append(worker)
            team.attempt(worker, worker.wait_until_ready)
        absent = run.absent(["numpy", "torch"])
        with team:
            for neurons in [8_192, 1 << 20, 1 << 24]:
                for steps, kind, size in [(16, "16 steps at once", BLOCKED_BYTES), (1, "one step", STEP_BYTES)]:
                    count = max(3, min(400, 40_000_000 // (steps * neurons)))
                    times = team.rounds(run.rounds, f"lif {steps} {neurons} {count}")
                    # Alone, a step walks over the state besides.
                    bandwidth = triad(run, team, (steps if steps > 1 else 2) * neurons)
                    case = Case(
                        "lif", f"{neurons:,} neurons, {kind}", threads, times, unit="ns a neuron-step",
                        value=lambda s, n=steps * neurons: s * 1e9 / n,
                        goal=2.0 if threads == 1 and neurons == 8_192 and steps > 1 else None,
                        failures={**absent, **team.failures})
                    case.notes.append(share(case, size * steps * neurons, bandwidth))
                    run.add(case)
                backward(run, team, threads, neurons)


def triad(run, team, floats):
    """The bandwidth that the triad reaches with about as much memory as the neurons take; bytes a second."""
    count = max(1024, floats // 3)
    seconds = []
    for _ in range(run.rounds):
        seconds += team.workers[0].seconds(f"triad {count} {max(3, min(400, 40_000_000 // count))}")
    return TRIAD_BYTES * count / min(seconds)


def share(case, size, bandwidth):
    reached = size / case.best("ours")
    return (
        f"ours moves {reached / 1e9:.1f} GB/s, {reached / bandwidth:.0%} of the triad's {bandwidth / 1e9:.1f} GB/s "
        "in as much memory")


def backward(run, team, threads, neurons):
    """No peer has this as one kernel: beside the triad alone."""
    steps = 16
    seconds = []
    count = max(3, min(400, 40_000_000 // (steps * neurons)))
    for _ in range(run.rounds):
        seconds += team.workers[0].seconds(f"lifback {steps} {neurons} {count}")
    case = Case(
        "lif", f"{neurons:,} neurons, backward over 16 steps", threads, {"ours": seconds}, unit="ns a neuron-step",
        value=lambda s: s * 1e9 / (steps * neurons))
    case.notes.append(share(case, BACKWARD_BYTES * steps * neurons, triad(run, team, steps * neurons)))
    run.add(case)
