"""What the prompt's tests share: their list, the keys by name, and a session in a folder of its own."""

import os

from terminal import Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
ENTER, TAB, ALT_ENTER, BACKSPACE = "\r", "\t", "\x1b\r", "\x7f"
CTRL = {letter: chr(ord(letter) & 31) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"}
PASTE, PASTE_END = "\x1b[200~", "\x1b[201~"
TESTS = []
"""The tests in their order."""
PROGRAMS = []
"""The program under test, once it is known."""


def program():
    return PROGRAMS[0]


def test(function):
    """Adds a test; it gets an empty folder."""
    TESTS.append(function)
    return function


class Prompt:
    """A session in a folder of its own."""

    def __init__(self, folder, **options):
        environment = {"HOME": folder, "SNN_HISTORY": os.path.join(folder, "history"), "XDG_CONFIG_HOME": None}
        environment.update(options.pop("environment", {}))
        arguments = options.pop("arguments", [])
        self.terminal = Terminal([program()] + arguments, environment=environment, **options)
        self.terminal.wait_for("snn>")

    def __getattr__(self, name):
        return getattr(self.terminal, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()
