"""What any program does with lists, texts and arrays: plain Python, and NumPy where it has its own way."""

import json
import re

import numpy as np

from serve import serve, timed

COUNT = 1_000_000
ints = [i * 7919 % 1_000_003 for i in range(COUNT)]
floats = [0.5 * i for i in ints]
texts = [str(i) for i in ints]
array = np.array(floats, np.float32)
places = [i * 31 % COUNT for i in range(COUNT)]
words = "spike train " * 500_000
fields = "12,7;" * 1_000_000
random = np.random.default_rng(0)
square = random.random((400, 400), np.float32) + 400 * np.eye(400, dtype=np.float32)
symmetric = square + square.T
tall = random.random((600, 200), np.float32)
wave = random.random(65_536, np.float32)
numbers, others = random.random(COUNT, np.float32), random.random(COUNT, np.float32)
counted = np.array([i * 7919 % 1000 for i in range(COUNT)])
edges = np.arange(1000, dtype=np.float32) * np.float32(0.001)
sentence = "the 12 spikes of neuron 7, at 3.5 ms; " * 20_000
record = {"rows": [{"name": f"neuron {i}", "rate": 0.5 * i, "times": [i, i + 1]} for i in range(5_000)]}
written = json.dumps(record)


def set_elements():
    y = np.zeros(100_000, np.float32)
    for i in range(100_000):
        y[i] = 0.5


def set_rows():
    y = np.zeros((1000, 1000), np.float32)
    for i in range(1000):
        y[i] = 0.5


def append_elements():
    xs = []
    for i in range(200_000):
        xs.append(i)


def pop_elements():
    xs = list(range(100_000))
    while len(xs) > 0:
        xs.pop()


def push_and_pop():
    xs = list(range(1000))
    for i in range(100_000):
        xs.append(i)
        xs.pop()


def take_from_front():
    xs = list(range(50_000))
    while len(xs) > 0:
        xs = xs[1:]


def remove_first():
    xs = list(range(50_000))
    while len(xs) > 0:
        xs.pop(0)


PYTHON = {
    "append_elements": append_elements, "push_elements": append_elements, "pop_elements": pop_elements,
    "push_and_pop": push_and_pop, "take_from_front": take_from_front, "remove_first": remove_first,
    "unique_ints": lambda: list(dict.fromkeys(ints)), "unique_texts": lambda: list(dict.fromkeys(texts)),
    "sort_ints": lambda: sorted(ints), "sort_floats": lambda: sorted(floats), "sort_texts": lambda: sorted(texts),
    "sort_by": lambda: sorted(ints, key=lambda x: -x), "reverse_list": lambda: list(reversed(ints)),
    "sum_list": lambda: sum(ints), "max_list": lambda: max(ints), "split_words": lambda: words.split(),
    "split_fields": lambda: fields.split(";"), "join_texts": lambda: ",".join(texts),
    "replace_text": lambda: fields.replace(",", "--"), "count_text": lambda: fields.count("7;"),
    "find_all": lambda: re.findall(r"\d+", sentence), "json_text": lambda: json.dumps(record), "json_parse": lambda: json.loads(written),
}
NUMPY = {
    "set_elements": set_elements, "set_rows": set_rows, "unique_tensor": lambda: np.unique(array), "sort_tensor": lambda: np.sort(array),
    "gather": lambda: array[places],
    "solve": lambda: np.linalg.solve(square, square[0]), "inverse": lambda: np.linalg.inv(square),
    "svd": lambda: np.linalg.svd(tall, full_matrices=False), "qr": lambda: np.linalg.qr(tall),
    "eigenvalues": lambda: np.linalg.eigvalsh(symmetric), "fft": lambda: np.fft.fft(wave), "rfft": lambda: np.fft.rfft(wave),
    "convolve": lambda: np.convolve(wave, wave[:1024]), "median": lambda: np.median(numbers),
    "quantile": lambda: np.quantile(numbers, 0.9), "correlation": lambda: np.corrcoef(numbers, others),
    "cumsum": lambda: np.cumsum(numbers), "diff": lambda: np.diff(numbers), "tile": lambda: np.tile(numbers, 4),
    "roll": lambda: np.roll(numbers, 1000), "bincount": lambda: np.bincount(counted),
    "digitize": lambda: np.digitize(numbers, edges), "interp": lambda: np.interp(numbers, edges, edges),
    "topk": lambda: np.sort(np.partition(numbers, -10)[-10:]), "nonzero_list": lambda: np.nonzero(numbers > 0.5)[0].tolist(),
    "masks": lambda: (numbers > 0.2) & (numbers < 0.8), "strided": lambda: numbers[::3].copy(),
    "einsum": lambda: np.einsum("ij,jk->ik", square, square), "outer": lambda: np.outer(square[0], square[0]),
    "kron": lambda: np.kron(square[:40, :40], square[:20, :20]), "normal": lambda: random.standard_normal(COUNT, np.float32),
}


def plain(threads, kind):
    tasks = {"python": PYTHON, "numpy": NUMPY}[kind]

    def answer(request):
        if request == ["names"]:
            return list(tasks)
        return timed(request[1], tasks[request[0]])

    return answer


serve({"plain": plain})
