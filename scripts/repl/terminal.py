"""A pseudo-terminal with a program in it, and a small screen that shows what the program has drawn.

Only what libedit and the prompt send is understood (xterm's cursor movement, erasing, insertion and deletion); an
unknown escape sequence is an error, so that nothing is tested against a wrong picture.
"""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import unicodedata


def width(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of cells; the second cell of a wide character holds an empty string."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.pending = ""
        self.modes = set()
        self.scrolled = []

    def resize(self, columns, rows):
        self.cells = [(line + [" "] * columns)[:columns] for line in self.cells]
        while len(self.cells) > rows and self.row < len(self.cells) - 1:
            self.cells.pop()
        while len(self.cells) > rows:
            self.scrolled.append(self.cells.pop(0))
            self.row -= 1
        while len(self.cells) < rows:
            self.cells.append([" "] * columns)
        self.columns, self.rows = columns, rows
        self.column = min(self.column, columns)

    def lines(self):
        return ["".join(line).rstrip() for line in self.cells]

    def feed(self, text):
        text = self.pending + text
        self.pending = ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.put(text[at])
                at += 1
                continue
            end = self.escape_end(text, at)
            if end is None:
                self.pending = text[at:]
                return
            self.escape(text[at:end])
            at = end

    @staticmethod
    def escape_end(text, at):
        if at + 1 >= len(text):
            return None
        if text[at + 1] == "(":
            return at + 3 if at + 2 < len(text) else None
        if text[at + 1] != "[":
            return at + 2
        end = at + 2
        while end < len(text) and not "@" <= text[end] <= "~":
            end += 1
        return end + 1 if end < len(text) else None

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.down()
        elif character == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif character in "\a\0":
            pass
        else:
            cells = width(character)
            if cells == 0:
                return
            if self.column + cells > self.columns:
                self.column = 0
                self.down()
            self.cells[self.row][self.column] = character
            if cells == 2:
                self.cells[self.row][self.column + 1] = ""
            self.column += cells

    def down(self):
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.scrolled.append(self.cells.pop(0))
            self.cells.append([" "] * self.columns)

    def escape(self, code):
        if code in ("\x1b=", "\x1b>") or code.startswith("\x1b("):
            return
        if code == "\x1bM":
            self.row = max(0, self.row - 1)
            return
        if not code.startswith("\x1b["):
            raise ValueError(f"unknown escape {code!r}")
        body, final = code[2:-1], code[-1]
        if body.startswith("?"):
            (self.modes.add if final == "h" else self.modes.discard)(body[1:])
            return
        numbers = [int(part) if part else 0 for part in body.split(";")]
        count = max(1, numbers[0])
        line = self.cells[self.row]
        column = min(self.column, self.columns - 1)
        if final == "m":
            return
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif final == "C":
            self.column = min(self.columns - 1, column + count)
        elif final == "D":
            self.column = max(0, column - count)
        elif final == "G":
            self.column = min(self.columns, count) - 1
        elif final == "H":
            self.row = min(self.rows, count) - 1
            self.column = min(self.columns, max(1, numbers[1] if len(numbers) > 1 else 1)) - 1
        elif final == "K":
            line[column:] = [" "] * (self.columns - column)
        elif final == "J":
            start = self.row + 1
            if numbers[0] == 2:
                start = 0
            else:
                line[column:] = [" "] * (self.columns - column)
            for row in range(start, self.rows):
                self.cells[row] = [" "] * self.columns
        elif final == "@":
            line[column:column] = [" "] * count
            del line[self.columns:]
        elif final == "P":
            del line[column:column + count]
            line += [" "] * (self.columns - len(line))
        else:
            raise ValueError(f"unknown escape {code!r}")


class Failure(Exception):
    pass


class Terminal:
    """A program under a pseudo-terminal. `send` types, `wait_for` reads until the screen is as it should be."""

    PATIENCE = 20

    def __init__(self, command, columns=80, rows=24, environment=None):
        self.screen = Screen(columns, rows)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.status = None
        settings = dict(os.environ)
        settings.update({"TERM": "xterm", "LC_ALL": "C.UTF-8"})
        settings.setdefault("NO_COLOR", "1")
        settings.update(environment or {})
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, {name: value for name, value in settings.items() if value is not None})
        self.set_size(columns, rows)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        self.set_size(columns, rows)

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            ready = select.select([self.master], [self.master], [], 5)
            if ready[0]:
                self.read(0)
            if ready[1]:
                data = data[os.write(self.master, data[:512]):]

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            if self.status is None:
                self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
            return False
        self.screen.feed(self.decoder.decode(data))
        return True

    def wait_for(self, what, meaning=None):
        """Waits for a text on the screen or for a condition over the screen's lines."""
        holds = what if callable(what) else lambda lines: any(what in line for line in lines)
        deadline = time.monotonic() + self.PATIENCE
        while not holds(self.screen.lines()):
            left = deadline - time.monotonic()
            if left <= 0 or (self.status is not None):
                raise Failure(f"waited for {meaning or what!r}; the screen is\n{self.picture()}")
            self.read(min(left, 0.5))

    def wait_for_last(self, expected):
        """Waits until the last line that is not empty is as given."""
        self.wait_for(lambda lines: self.last(lines) == expected.rstrip(), f"last line {expected!r}")

    def wait_for_tail(self, *expected):
        """Waits until the last lines that are not empty are as given."""
        wanted = [line.rstrip() for line in expected]

        def holds(lines):
            while lines and not lines[-1]:
                lines.pop()
            return lines[-len(wanted):] == wanted

        self.wait_for(holds, f"tail {wanted!r}")

    def foreground(self):
        """The process group that has the terminal."""
        return os.tcgetpgrp(self.master)

    def settle(self):
        """Reads until nothing has come for a while."""
        while self.read(0.3):
            pass

    @staticmethod
    def last(lines):
        filled = [line for line in lines if line]
        return filled[-1] if filled else ""

    def wait_for_exit(self):
        deadline = time.monotonic() + self.PATIENCE
        while self.status is None:
            if time.monotonic() > deadline:
                raise Failure(f"the program did not end; the screen is\n{self.picture()}")
            self.read(0.5)
        return self.status

    def picture(self):
        lines = self.screen.lines()
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join("  | " + line for line in lines)

    def is_raw(self):
        """Whether the terminal is in the editor's mode."""
        return not termios.tcgetattr(self.master)[3] & termios.ICANON

    def close(self):
        if self.status is None:
            try:
                os.kill(self.process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.waitpid(self.process, 0)
        os.close(self.master)
