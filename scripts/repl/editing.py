"""Tests of the editor: keys in, pictures out."""

import os
import random

from harness import (
    ALT_ENTER, BACKSPACE, CTRL, DOWN, ENTER, LEFT, PASTE, PASTE_END, RIGHT, TAB, UP, Prompt, test)


@test
def goes_on_while_incomplete(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "x = 4" + ENTER + "}" + ENTER + "x" + ENTER)
        prompt.wait_for_tail("snn> {", "...>   x = 4", "...> }", "4", "snn> x", "4", "snn>")


@test
def alt_enter_is_always_a_new_line(folder):
    with Prompt(folder) as prompt:
        prompt.send("x = 1" + ALT_ENTER + "y = 2" + ENTER + "x + y" + ENTER)
        prompt.wait_for_tail("snn> x = 1", "...> y = 2", "2", "snn> x + y", "3", "snn>")


@test
def edits_inside_a_block(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "x = 4" + ENTER + "}" + UP + CTRL["E"] + "0" + DOWN)
        prompt.wait_for_tail("snn> {", "...>   x = 40", "...> }")
        prompt.send(ENTER)
        prompt.wait_for_tail("...> }", "40", "snn>")


@test
def joins_lines_by_backspace(folder):
    with Prompt(folder) as prompt:
        prompt.send("1 +" + ALT_ENTER + "2" + CTRL["A"] + BACKSPACE + " " + ENTER)
        prompt.wait_for_tail("snn> 1 + 2", "3", "snn>")


@test
def kills_yanks_and_undoes(folder):
    with Prompt(folder) as prompt:
        prompt.send("1 + 2" + CTRL["W"] + CTRL["W"])
        prompt.wait_for_last("snn>")
        prompt.send(CTRL["Y"] + "+ 5")
        prompt.wait_for_last("snn> 1 + + 5")
        prompt.send(CTRL["U"] + "7" + CTRL["_"] + CTRL["_"])
        prompt.wait_for_last("snn> 1 + + 5")


@test
def pastes_a_block_as_one(folder):
    with Prompt(folder) as prompt:
        prompt.send(PASTE + "{\n  x = 1\n  y = x + 1\n}\n" + PASTE_END)
        prompt.wait_for_tail("snn> {", "...>   x = 1", "...>   y = x + 1", "...> }")
        prompt.send(ENTER)
        prompt.wait_for_tail("...> }", "2", "snn>")


@test
def leaves_a_paste_without_an_end(folder):
    with Prompt(folder) as prompt:
        prompt.send(PASTE + "lost\n")
        prompt.settle()
        prompt.send(CTRL["C"] + "3 + 4" + ENTER)
        prompt.wait_for("7")


@test
def strips_a_pasted_transcript(folder):
    with Prompt(folder) as prompt:
        prompt.send(PASTE + "snn> x = {\n...>   3 }\n3\nsnn> x + 1\n4\n" + PASTE_END)
        prompt.wait_for_tail("snn> x = {", "...>   3 }", "...> x + 1")


@test
def pastes_more_than_the_screen(folder):
    with Prompt(folder, rows=10) as prompt:
        lines = ["{"] + [f"  v{n} = {n}" for n in range(40)] + ["}"]
        prompt.send(PASTE + "\n".join(lines) + PASTE_END)
        prompt.wait_for_tail("...>   v38 = 38", "...>   v39 = 39", "...> }")
        prompt.send(UP * 41)
        prompt.wait_for(lambda shown: shown[0] == "snn> {" or "snn> {" in shown, "the first line")
        prompt.send(DOWN + CTRL["E"] + "7" + ENTER)
        prompt.wait_for_last("snn>")
        prompt.send("v0 + v39" + ENTER)
        prompt.wait_for("46")


@test
def accepts_a_paste_without_marks(folder):
    with Prompt(folder) as prompt:
        prompt.send("{\r  x = 8\r}\rx + 1\r")
        prompt.wait_for("9")


@test
def recalls_blocks_whole(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "x = 4" + ENTER + "}" + ENTER)
        prompt.wait_for_last("snn>")
        prompt.send("1" + ENTER + UP + UP)
        prompt.wait_for_tail("snn> {", "...>   x = 4", "...> }")


@test
def searches_by_prefix(folder):
    # Without colours: what is suggested would stand behind what is typed.
    with Prompt(folder, environment={"NO_COLOR": "1"}) as prompt:
        for text in ["alpha = 1", "beta = 2", "alpha = 3", "gamma = 4"]:
            prompt.send(text + ENTER)
        prompt.wait_for_tail("snn> gamma = 4", "4", "snn>")
        prompt.send("al" + UP)
        prompt.wait_for_last("snn> alpha = 3")
        prompt.send(UP)
        prompt.wait_for_last("snn> alpha = 1")
        prompt.send(DOWN + DOWN)
        prompt.wait_for_last("snn> al")


@test
def searches_incrementally(folder):
    with Prompt(folder) as prompt:
        for text in ["first = 1", "second = 2", "third = 3"]:
            prompt.send(text + ENTER)
        prompt.wait_for_tail("snn> third = 3", "3", "snn>")
        prompt.send(CTRL["R"] + "s")
        prompt.wait_for_last("(search) s: second = 2")
        prompt.send(CTRL["R"])
        prompt.wait_for_last("(search) s: first = 1")
        prompt.send("x")
        prompt.wait_for_last("(no match) sx: first = 1")
        prompt.send(BACKSPACE + ENTER)
        prompt.wait_for_tail("snn> second = 2", "2", "snn>")
        prompt.send("keep" + CTRL["R"] + "fir" + CTRL["G"])
        prompt.wait_for_last("snn> keep")
        prompt.send(CTRL["C"] + CTRL["R"] + "thi" + CTRL["E"] + " + 1" + ENTER)
        prompt.wait_for_tail("snn> third = 3 + 1", "4", "snn>")


@test
def searches_from_a_block(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "x = 4" + ENTER + "}" + ENTER)
        prompt.wait_for_last("snn>")
        prompt.send("{" + ENTER + "y" + CTRL["R"] + "x =")
        prompt.wait_for_tail("(search) x =: {", "...>   x = 4", "...> }")
        prompt.send(RIGHT)
        prompt.wait_for_tail("snn> {", "...>   x = 4", "...> }")


@test
def completes(folder):
    with Prompt(folder) as prompt:
        prompt.send("al" + TAB)
        prompt.wait_for_last("snn> alpha")
        prompt.send(TAB)
        prompt.wait_for_tail("alpha     the first letter", "alphabet  all letters", "snn> alpha")
        prompt.send("b" + TAB)
        prompt.wait_for_last("snn> alphabet")
        prompt.send(CTRL["C"] + "%whos" + TAB + CTRL["C"] + "%relo" + BACKSPACE * 2 + "r" + TAB)
        prompt.wait_for_last("snn> %rerun")


@test
def completes_in_a_block(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "li" + TAB)
        prompt.wait_for_tail("lif     leaky integrate-and-fire", "linear  a straight line", "snn> {", "...>   li")
        prompt.send("n" + TAB + ENTER + "}")
        prompt.wait_for_tail("snn> {", "...>   linear", "...> }")


@test
def asks_before_many_candidates(folder):
    with Prompt(folder, rows=10) as prompt:
        prompt.send("many" + TAB)
        prompt.wait_for_last("show all 200 candidates? (y or n)")
        prompt.send("n")
        prompt.wait_for_last("snn> many")
        prompt.send(TAB + "y")
        prompt.wait_for_last("more: space, line: Enter, stop: q")
        prompt.send("q")
        prompt.wait_for_last("snn> many")


@test
def completes_paths(folder):
    os.mkdir(os.path.join(folder, "models"))
    open(os.path.join(folder, "models", "my net.snn"), "w").close()
    with Prompt(folder) as prompt:
        prompt.send(f"%cd {folder}" + ENTER)
        prompt.wait_for_last("snn>")
        prompt.send("%run mod" + TAB)
        prompt.wait_for_last("snn> %run models/")
        prompt.send(TAB)
        prompt.wait_for_last("snn> %run models/my\\ net.snn")
        prompt.send(CTRL["C"] + 'print "models/m' + TAB)
        prompt.wait_for_last('snn> print "models/my net.snn')


@test
def clears_the_line(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "abc" + CTRL["C"])
        prompt.wait_for_tail("snn> {", "...>   abc", "snn>")
        prompt.send("1" + ENTER)
        prompt.wait_for_tail("1", "snn>")


@test
def shows_wide_characters(folder):
    with Prompt(folder, columns=20) as prompt:
        prompt.send("print 神経回路" + LEFT + LEFT + "の")
        prompt.wait_for_tail("snn> print 神経の回", "路")
        prompt.send(ENTER)
        prompt.wait_for("神経の回路")
        prompt.wait_for_last("snn>")


@test
def wraps_long_lines(folder):
    with Prompt(folder, columns=20) as prompt:
        prompt.send("print 12345678901234567890abc" + CTRL["A"] + RIGHT * 8 + "X")
        prompt.wait_for_tail("snn> print 12X345678", "901234567890abc")
        prompt.send(ENTER)
        prompt.wait_for("12X345678901234567890abc"[:20])


@test
def resizes(folder):
    with Prompt(folder) as prompt:
        prompt.send("{" + ENTER + "x = 4")
        prompt.wait_for_last("...>   x = 4")
        prompt.resize(40, 12)
        prompt.send("2" + ENTER)
        prompt.wait_for_tail("snn> {", "...>   x = 42", "...>")
        prompt.resize(100, 30)
        prompt.send("}" + ENTER)
        prompt.wait_for_tail("snn> {", "...>   x = 42", "...> }", "42", "snn>")


@test
def suggests_from_the_history(folder):
    with Prompt(folder, environment={"NO_COLOR": ""}) as prompt:
        prompt.send("alpha = 11" + ENTER + "{" + ENTER + "beta = 2" + ENTER + "}" + ENTER)
        prompt.wait_for_tail("2", "snn>")
        prompt.send("al")
        prompt.wait_for_last("snn> alpha = 11")
        prompt.send("x")
        prompt.wait_for_last("snn> alx")
        prompt.send(BACKSPACE + RIGHT + " + 1" + ENTER)
        prompt.wait_for_tail("snn> alpha = 11 + 1", "12", "snn>")
        prompt.send("{" + ENTER)
        prompt.wait_for_last("...>   beta = 2 …")
        prompt.send(CTRL["E"] + ENTER)
        prompt.wait_for_tail("snn> {", "...>   beta = 2", "...> }", "2", "snn>")
        prompt.send("al" + ENTER)
        prompt.wait_for_tail("snn> al", "error: unknown word `al`", "snn>")


RANDOM_KEYS = (
    list('abc{}() "') + ["神", "é", "x = 1", ALT_ENTER] * 2 + [UP, DOWN, RIGHT, LEFT] * 3 + [BACKSPACE] * 4
    + [CTRL[letter] for letter in "AEKUWYT_"] + [PASTE + "{\n  y = 2\n}\n" + PASTE_END]
    + ["\x1bb", "\x1bf", "\x1b<", "\x1b>", "\x1bd", "\x1b[Z", "\x1b[3~", "\x1bp", "\x1bn", "z" + LEFT + CTRL["D"]]
    + [CTRL["R"] + "ab" + CTRL["G"], CTRL["R"] + "{" + CTRL["E"]]
)


@test
def draws_whatever_is_typed(folder):
    """After any keys, what has been drawn bit by bit is what one drawing from nothing shows."""
    for seed in range(8):
        chance = random.Random(seed)
        columns, rows = chance.choice([(80, 24), (20, 8), (40, 10)])
        with Prompt(folder, columns=columns, rows=rows, environment={"NO_COLOR": chance.choice(["", "1"])}) as prompt:
            keys = [chance.choice(RANDOM_KEYS) for _ in range(chance.randrange(5, 60))]
            prompt.send("".join(keys))
            prompt.settle()
            before, cursor = prompt.screen.lines(), prompt.screen.row
            prompt.send(CTRL["L"])
            prompt.settle()
            after = prompt.screen.lines()
            while after and not after[-1]:
                after.pop()
            shift = cursor - prompt.screen.row
            drawn = before[shift:] + [""] * len(after)
            assert drawn[:len(after)] == after and not any(drawn[len(after):]), f"seed {seed}\n{prompt.picture()}"
