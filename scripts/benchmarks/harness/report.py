"""Numbers as tables: one for each case with all times, and at the end one of the ratios."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Case:
    """What one comparison measured. Times are seconds of single repeats, by name; ours are under `ours`."""

    row: str
    name: str
    threads: int
    times: dict
    # What a time is shown as, and whether more of it is better.
    unit: str = "ms"
    value: object = lambda seconds: 1000 * seconds
    # What the ratio must reach, where the issue names it.
    goal: float | None = None
    failures: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    # Further columns: by their headings, what each name shows there.
    columns: dict = field(default_factory=dict)

    def best(self, name):
        return min(self.times[name])

    def median(self, name):
        return statistics.median(self.times[name])

    def peers(self):
        return [name for name in self.times if name != "ours"]

    def ratio(self, pick):
        """How many times as fast ours is as the fastest peer; `pick` is best or median. None without a peer."""
        others = [pick(name) for name in self.peers()]
        return min(others) / pick("ours") if others else None


def number(value):
    """A value with three digits, for a table's cell."""
    if value is None:
        return "-"
    if value != 0 and not 0.001 <= abs(value) < 100_000:
        return f"{value:.2e}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f}"


def ratio(value):
    return "-" if value is None else f"{value:.2f}x"


def table(header, rows):
    """Lines with columns of equal width: the first to the left, the others to the right."""
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        first = row[0].ljust(widths[0])
        lines.append("  ".join([first] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def show(case):
    """Prints a case with the time of everyone who took part."""
    print(f"\n{case.row}: {case.name}, {threads(case.threads)}")
    rows = []
    for name in case.times:
        rows.append([
            name, number(case.value(case.best(name))), number(case.value(case.median(name))), len(case.times[name]),
            "" if name == "ours" else ratio(case.best(name) / case.best("ours")),
            "" if name == "ours" else ratio(case.median(name) / case.median("ours")),
            *(column.get(name, "") for column in case.columns.values()),
        ])
    header = ["", f"best {case.unit}", f"median {case.unit}", "runs", "ours, by best", "ours, by median", *case.columns]
    print(table(header, rows))
    for name, problem in case.failures.items():
        print(f"{name}: {problem}")
    for text in case.notes:
        print(text)
    print("", end="", flush=True)


def threads(count):
    return "1 thread" if count == 1 else f"{count} threads"


@dataclass
class Line:
    """A comparison's line in the last table."""

    name: str
    threads: int
    ours: str
    peer: str
    unit: str
    fastest: str
    best: float | None
    median: float | None
    goal: float | None = None


def line(case):
    """Ours beside the fastest peer of a case."""
    fastest = min(case.peers(), key=case.best, default=None)
    return Line(
        f"{case.row}: {case.name}", case.threads, number(case.value(case.best("ours"))),
        number(case.value(case.best(fastest))) if fastest else "-", case.unit, fastest or "-",
        case.ratio(case.best), case.ratio(case.median), case.goal)


def summary(lines):
    header = ["ours beside the fastest peer", "threads", "ours", "peer", "unit", "fastest", "best", "median", "goal"]
    return table(header, [[
        one.name, one.threads, one.ours, one.peer, one.unit, one.fastest, ratio(one.best), ratio(one.median),
        ratio(one.goal) if one.goal else "",
    ] for one in lines])
