"""Tests of the session: its commands, its history, signals and terminals."""

import os
import signal
import subprocess

from harness import CTRL, ENTER, LEFT, UP, Prompt, program, test
from terminal import Terminal


@test
def evaluates_and_leaves(folder):
    with Prompt(folder) as prompt:
        prompt.send("1 + 2" + ENTER)
        prompt.wait_for_tail("snn> 1 + 2", "3", "snn>")
        prompt.send(CTRL["D"])
        assert prompt.wait_for_exit() == 0
        assert "2004" not in prompt.screen.modes


@test
def leaves_the_terminal_as_it_was(folder):
    with Prompt(folder) as prompt:
        prompt.wait_for(lambda _: prompt.is_raw() and "2004" in prompt.screen.modes)
        os.kill(prompt.process, signal.SIGTERM)
        prompt.read(5)
        assert prompt.wait_for_exit() == -signal.SIGTERM
        assert "2004" not in prompt.screen.modes


@test
def shares_history(folder):
    with Prompt(folder) as one, Prompt(folder) as two:
        one.send("from_one = 1" + ENTER)
        one.wait_for_tail("1", "snn>")
        two.send("from_two = 2" + ENTER)
        two.wait_for_tail("2", "snn>")
        two.send(UP + UP)
        two.wait_for_last("snn> from_one = 1")
        one.send("9" + ENTER)
        one.wait_for_tail("9", "snn>")
        one.send(CTRL["R"] + "two")
        one.wait_for_last("(search) two: from_two = 2")
    with Prompt(folder) as three:
        three.send(UP + UP)
        three.wait_for_last("snn> from_two = 2")
    path = os.path.join(folder, "history")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path) as file:
        assert len(file.readlines()) == 3


@test
def interrupts_a_computation(folder):
    with Prompt(folder) as prompt:
        prompt.send("x = 5" + ENTER)
        prompt.wait_for_tail("5", "snn>")
        prompt.send("spin" + ENTER)
        prompt.wait_for("spinning")
        prompt.send(CTRL["C"])
        prompt.wait_for("interrupted")
        prompt.send("x" + ENTER)
        prompt.wait_for_tail("snn> x", "5", "snn>")


@test
def can_leave_a_computation_that_does_not_stop(folder):
    with Prompt(folder) as prompt:
        prompt.send("deaf" + ENTER)
        prompt.wait_for("listening to nobody")
        while not any("press Ctrl-C again to leave" in line for line in prompt.screen.lines()):
            prompt.send(CTRL["C"])
            prompt.settle()
        prompt.send(CTRL["C"])
        assert prompt.wait_for_exit() == 130


@test
def takes_an_outside_interrupt(folder):
    with Prompt(folder) as prompt:
        prompt.send("abc")
        prompt.wait_for_last("snn> abc")
        os.kill(prompt.process, signal.SIGINT)
        prompt.wait_for_tail("snn> abc", "snn>")


@test
def runs_shell_commands(folder):
    with Prompt(folder) as prompt:
        prompt.send(";echo from the shell" + ENTER)
        prompt.wait_for_tail("from the shell", "snn>")
        prompt.send(";exit 3" + ENTER)
        prompt.wait_for_tail("exit status 3", "snn>")
        prompt.send(";cat" + ENTER)
        prompt.wait_for(lambda _: not prompt.is_raw(), "a cooked terminal")
        prompt.send("twice\n")
        prompt.wait_for_tail("twice", "twice")
        prompt.send(CTRL["C"])
        prompt.wait_for_tail("exit status 130", "snn>")


@test
def suspends_and_continues(folder):
    shell = Terminal(["/bin/sh", "-i"], environment={"PS1": "shell$ ", "ENV": None, "SNN_HISTORY": ""})
    try:
        shell.wait_for("shell$")
        shell.send(program() + ENTER)
        shell.wait_for("snn>")
        shell.send("1 + 1")
        shell.wait_for_last("snn> 1 + 1")
        shell.send(CTRL["Z"])
        shell.wait_for(lambda lines: Terminal.last(lines) == "shell$", "the shell's prompt")
        shell.send("fg" + ENTER)
        shell.wait_for_last("snn> 1 + 1")
        shell.send(ENTER)
        shell.wait_for_tail("2", "snn>")
        shell.send("spin" + ENTER)
        shell.wait_for("spinning")
        shell.send(CTRL["Z"])
        shell.wait_for(lambda lines: Terminal.last(lines) == "shell$", "the shell's prompt")
        shell.send("fg" + ENTER)
        # The shell names the job before it gives the terminal away; until then a Ctrl-C would be the shell's own.
        shell.wait_for(lambda lines: shell.foreground() != shell.process, "the program in the foreground")
        shell.send(CTRL["C"])
        shell.wait_for("interrupted")
        shell.wait_for_last("snn>")
    finally:
        shell.close()


@test
def knows_help_and_magics(folder):
    with Prompt(folder) as prompt:
        prompt.send("?lif" + ENTER)
        prompt.wait_for("leaky integrate-and-fire")
        prompt.send("linear??" + ENTER)
        prompt.wait_for("fn linear(x) { x }")
        prompt.send("%tiem 1" + ENTER)
        prompt.wait_for("did you mean `%time`")
        prompt.send("x = 3;" + ENTER + "%whos" + ENTER)
        prompt.wait_for("x    int  3")
        prompt.send("%time x" + ENTER)
        prompt.wait_for("wall ")
        prompt.send("%timeit -n 10 -r 2 x" + ENTER)
        prompt.wait_for("2 repeats of 10")
        prompt.send("%reset -f" + ENTER + "x" + ENTER)
        prompt.wait_for("unknown word `x`")
        prompt.send("%tb" + ENTER)
        prompt.wait_for("unknown word `x` in input")


@test
def saves_loads_and_runs(folder):
    with Prompt(folder) as prompt:
        prompt.send(f"%cd {folder}" + ENTER + "x = 2" + ENTER + "y = x + 1" + ENTER + "%save work.snn" + ENTER)
        prompt.wait_for("2 inputs written to work.snn")
        prompt.send("%reset -f" + ENTER + "%run work.snn a b" + ENTER + "y + arguments" + ENTER)
        prompt.wait_for_tail("5", "snn>")
        prompt.send("%load work.snn" + ENTER)
        prompt.wait_for_tail("snn> x = 2", "...> y = x + 1")
        prompt.send(ENTER)
        prompt.wait_for_tail("...> y = x + 1", "3", "snn>")
        prompt.send("%rerun 2-3" + ENTER)
        prompt.wait_for_tail("snn> x = 2", "2", "snn> y = x + 1", "3", "snn>")


@test
def edits_in_the_editor_of_choice(folder):
    editor = os.path.join(folder, "editor")
    with open(editor, "w") as file:
        file.write("#!/bin/sh\nsed -i 's/1/41/' \"$1\"\n")
    os.chmod(editor, 0o755)
    with Prompt(folder, environment={"EDITOR": editor, "VISUAL": None, "TMPDIR": folder}) as prompt:
        prompt.send("x = 1 + 1" + ENTER + "%edit" + ENTER + "x" + ENTER)
        prompt.wait_for_tail("snn> x", "42", "snn>")


@test
def works_on_a_dumb_terminal(folder):
    with Prompt(folder, environment={"TERM": "dumb"}) as prompt:
        prompt.send("{\nx = 4\n}\n")
        prompt.wait_for("4")
        prompt.wait_for_last("snn>")
        prompt.settle()
        prompt.send(CTRL["C"])
        prompt.send("spin\n")
        prompt.wait_for("spinning")
        prompt.send(CTRL["C"])
        prompt.wait_for("interrupted")
        prompt.send(CTRL["D"])
        assert prompt.wait_for_exit() == 0


@test
def works_on_other_terminals(folder):
    for name in ["vt100", "linux", "screen", "xterm-256color"]:
        with Prompt(folder, environment={"TERM": name}) as prompt:
            prompt.send("{" + ENTER + "x = 4" + ENTER + "}" + UP + CTRL["E"] + "0" + ENTER)
            prompt.wait_for_tail("snn> {", "...>   x = 40", "...> }", "40", "snn>")


@test
def falls_back_on_unknown_terminals(folder):
    for name in ["no-such-terminal", None]:
        with Prompt(folder, environment={"TERM": name}) as prompt:
            prompt.send("1 + 2\n")
            prompt.wait_for_tail("3", "snn>")


@test
def works_in_the_c_locale(folder):
    with Prompt(folder, environment={"LC_ALL": "C"}) as prompt:
        prompt.send("print 神経" + LEFT + ENTER)
        prompt.wait_for_tail("snn> print 神経", "神経", "snn>")


@test
def colours_unless_told_not_to(folder):
    with Prompt(folder, environment={"NO_COLOR": None}) as prompt:
        prompt.send("1 + 2" + ENTER)
        prompt.wait_for_tail("snn> 1 + 2", "3", "snn>")


@test
def runs_standard_input(folder):
    script = "{\n x = 3 }\n%who\nprint done\nbad\nprint never\n"
    done = subprocess.run([program()], input=script, capture_output=True, text=True, timeout=60)
    assert done.stdout == "ans  x\ndone\n", done.stdout
    assert done.returncode == 1 and "bad" in done.stderr, done
    done = subprocess.run([program()], input="print fine\n", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", ""), done


@test
def runs_the_startup_file(folder):
    os.makedirs(os.path.join(folder, ".config", "neuedge"))
    with open(os.path.join(folder, ".config", "neuedge", "startup.snn"), "w") as file:
        file.write("ready = 7\n")
    with Prompt(folder) as prompt:
        prompt.send("ready" + ENTER)
        prompt.wait_for_tail("7", "snn>")
