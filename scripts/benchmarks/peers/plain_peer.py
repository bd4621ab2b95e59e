"""What any program does with lists, texts and arrays: plain Python, and NumPy where it has its own way."""

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
}
NUMPY = {
    "set_elements": set_elements, "set_rows": set_rows, "unique_tensor": lambda: np.unique(array), "sort_tensor": lambda: np.sort(array),
    "gather": lambda: array[places],
}


def plain(threads, kind):
    tasks = {"python": PYTHON, "numpy": NUMPY}[kind]

    def answer(request):
        if request == ["names"]:
            return list(tasks)
        return timed(request[1], tasks[request[0]])

    return answer


serve({"plain": plain})
