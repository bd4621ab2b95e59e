"""Tests of the language behind the prompt."""

import os

from harness import ALT_ENTER, CTRL, ENTER, TAB, Prompt, test


def language(folder, **options):
    return Prompt(folder, arguments=["--language"], **options)


@test
def echoes_values(folder):
    with language(folder) as prompt:
        prompt.send("let x = 20ms" + ENTER + "x" + ENTER)
        prompt.wait_for_tail("snn> let x = 20ms", "snn> x", "20 ms", "snn>")
        prompt.send("ans * 2" + ENTER + "_ * 2;" + ENTER + "ans" + ENTER)
        prompt.wait_for_tail("snn> ans * 2", "40 ms", "snn> _ * 2;", "snn> ans", "80 ms", "snn>")
        prompt.send('{name: "lif", steps: [1, 2]}' + ENTER)
        prompt.wait_for_tail('{name: "lif", steps: [1, 2]}', "snn>")


@test
def goes_on_inside_a_function(folder):
    with language(folder) as prompt:
        prompt.send("fn f(a) {" + ENTER + "if a > 1 {" + ENTER + '"big"' + ENTER + "} else {" + ENTER)
        prompt.send('"small"' + ENTER + "}" + ENTER + "}" + ENTER)
        prompt.wait_for_tail(
            "snn> fn f(a) {", "...>   if a > 1 {", '...>     "big"', "...>   } else {", '...>     "small"', "...>   }",
            "...> }", "snn>")
        prompt.send("f(2)" + ENTER)
        prompt.wait_for_tail('"big"', "snn>")


@test
def shows_errors_and_keeps_names(folder):
    with language(folder) as prompt:
        prompt.send("let value = 3" + ENTER + "vlaue" + ENTER)
        prompt.wait_for("did you mean `value`")
        prompt.send("value" + ENTER)
        prompt.wait_for_tail("snn> value", "3", "snn>")
        prompt.send("[1, 2][7]" + ENTER + "%reset -f" + ENTER + "%tb" + ENTER)
        prompt.wait_for("everything is forgotten")


@test
def stops_any_loop(folder):
    with language(folder) as prompt:
        prompt.send("var n = 0" + ENTER)
        prompt.wait_for_tail("snn> var n = 0", "snn>")
        endless = ["while true { n += 1 }", "for i in 0..10^12 { n = i }"]
        for text in endless + [f"fn f() {{ while true {{}} }}{ALT_ENTER}f()"]:
            prompt.send(text + ENTER)
            prompt.wait_for(lambda _: not prompt.is_raw(), "a running program")
            # A stop is heard at once: the loop is given a moment to get somewhere.
            prompt.settle()
            prompt.send(CTRL["C"])
            prompt.wait_for(lambda lines: "interrupted at" in [line for line in lines if line][-2], "interrupted")
            prompt.wait_for_last("snn>")
        prompt.send("n > 1000" + ENTER)
        prompt.wait_for_tail("true", "snn>")


@test
def keeps_what_training_has_reached(folder):
    with language(folder, columns=100) as prompt:
        prompt.send("let net = input(64) |> dense(10) |> lif()" + ENTER)
        prompt.send("let trained = net |> fit(data.digits(), encode=rate(steps=2), epochs=100000)" + ENTER)
        prompt.wait_for("/100000")
        prompt.send(CTRL["C"])
        prompt.wait_for_tail("stopped early: what was reached is kept", "snn>")
        prompt.send("trained.history.interrupted" + ENTER)
        prompt.wait_for_tail("true", "snn>")
        prompt.send("trained.layers[0].wei" + TAB)
        prompt.wait_for_last("snn> trained.layers[0].weight")


@test
def reads_lines_and_stops_waiting(folder):
    with language(folder) as prompt:
        prompt.send('read_line("name? ")' + ENTER)
        prompt.wait_for_last("name?")
        prompt.send("Ada" + ENTER)
        prompt.wait_for_tail("name? Ada", '"Ada"', "snn>")
        prompt.send('read_line("again? ")' + ENTER)
        prompt.wait_for_last("again?")
        prompt.send(CTRL["C"])
        prompt.wait_for_tail("again? ^C", "interrupted at input 2, line 1", "snn>")


@test
def completes_the_language(folder):
    with language(folder) as prompt:
        prompt.send("let sample = {rate: 2, shape: 3}" + ENTER + "sample.r" + TAB + ENTER)
        prompt.wait_for_tail("snn> sample.rate", "2", "snn>")
        prompt.send("conv(4, ker" + TAB)
        prompt.wait_for_last("snn> conv(4, kernel=")
        prompt.send(CTRL["U"] + "20mi" + TAB)
        prompt.wait_for_last("snn> 20min")
        prompt.send(CTRL["U"] + "use plo" + TAB + ENTER + "plot.hea" + TAB)
        prompt.wait_for_last("snn> plot.heatmap")
        prompt.send(CTRL["U"] + "whi" + TAB)
        prompt.wait_for_last("snn> while")
        prompt.send(CTRL["U"] + 'sample["sh' + TAB)
        prompt.wait_for_last('snn> sample["shape')


@test
def helps_with_the_language(folder):
    with language(folder, rows=40) as prompt:
        prompt.send("?sum" + ENTER)
        prompt.wait_for("The sum of all elements")
        prompt.send("## Adds one." + ALT_ENTER + "fn up(n) => n + 1" + ENTER + "up?" + ENTER)
        prompt.wait_for_tail("snn> up?", "fn up(n)", "", "Adds one.", "snn>")
        prompt.send("up??" + ENTER)
        prompt.wait_for_tail("fn up(n) => n + 1", "snn>")
        prompt.send("?mW" + ENTER)
        prompt.wait_for("a unit of power")
        prompt.send("?nosuchthing" + ENTER)
        prompt.wait_for("nothing is known about `nosuchthing`")


@test
def keeps_what_a_binding_bound(folder):
    with language(folder) as prompt:
        prompt.send("let x = 20ms" + ENTER + "ans" + ENTER)
        prompt.wait_for_tail("snn> let x = 20ms", "snn> ans", "20 ms", "snn>")
        prompt.send("var n = 1" + ENTER + "n += 4" + ENTER + "_ * 2" + ENTER)
        prompt.wait_for_tail("snn> var n = 1", "snn> n += 4", "snn> _ * 2", "10", "snn>")
        prompt.send("|> sqrt" + ENTER)
        prompt.wait_for_last("snn>")


@test
def reads_documentation_line_by_line(folder):
    with language(folder, rows=40) as prompt:
        prompt.send("## Adds two." + ENTER + "fn more(n) => n + 2" + ENTER + "?more" + ENTER)
        prompt.wait_for_tail("snn> ?more", "fn more(n)", "", "Adds two.", "snn>")


@test
def asks_before_it_forgets(folder):
    with language(folder) as prompt:
        prompt.send("let x = 3" + ENTER + "%reset" + ENTER)
        prompt.wait_for("forget the name that you have bound?")
        prompt.send("n" + ENTER)
        prompt.wait_for("nothing is changed")
        prompt.send("x" + ENTER)
        prompt.wait_for_tail("snn> x", "3", "snn>")


@test
def completes_values(folder):
    with language(folder) as prompt:
        prompt.send("[3, 1] |> sorte" + TAB)
        prompt.wait_for_last("snn> [3, 1] |> sorted")
        prompt.send(CTRL["U"] + "let t = tensor([1, 2])" + ENTER + "t.sha" + TAB)
        prompt.wait_for_last("snn> t.shape")
        prompt.send(CTRL["U"] + "t.argmi" + TAB)
        prompt.wait_for_last("snn> t.argmin")
        prompt.send(CTRL["U"] + "to(3pJ, k" + TAB)
        prompt.wait_for_last("snn> to(3pJ, kJ")
        prompt.send(CTRL["U"] + 'fit(net, d, schedule="cos' + TAB)
        prompt.wait_for_last('snn> fit(net, d, schedule="cosine')
        prompt.send(CTRL["U"] + "rate(steps=3, random=f" + TAB)
        prompt.wait_for_last("snn> rate(steps=3, random=false")
        prompt.send(CTRL["U"] + "fit(net, d, optimizer=sg" + TAB)
        prompt.wait_for_last("snn> fit(net, d, optimizer=sgd")


@test
def explains_the_language(folder):
    with language(folder, rows=60, columns=100) as prompt:
        for question, answer in [
                ("?for", "for: going through values"), ("?operators", "Operators, loosest first"), ("?units", "Units: quantities"),
                ("?topics", "The parts of the language"), ("%apropos learning rate", "adam"), ("%apropos average", "mean")]:
            prompt.send(question + ENTER)
            prompt.wait_for(answer)


@test
def knows_the_chips(folder):
    with language(folder, rows=40) as prompt:
        prompt.send("?chips" + ENTER)
        prompt.wait_for("module chips: always there")
        prompt.wait_for(lambda lines: any(line.startswith("  chips.names ") for line in lines), "a line for chips.names")
        prompt.wait_for(lambda lines: any(line.startswith("  chips.read ") for line in lines), "a line for chips.read")
        prompt.send("chips.loihi2.cores" + ENTER)
        prompt.wait_for_tail("snn> chips.loihi2.cores", "128", "snn>")
        prompt.send("chips.gp" + TAB)
        prompt.wait_for_last("snn> chips.gpu")
        prompt.send(CTRL["U"] + "?chips.truenorth" + ENTER)
        prompt.wait_for("chips.truenorth: chip")


@test
def runs_files_with_modules(folder):
    with open(os.path.join(folder, "half.snn"), "w") as file:
        file.write("fn half(x) => x / 2\n")
    with open(os.path.join(folder, "main.snn"), "w") as file:
        file.write('use "./half.snn" as tools\nlet answer = tools.half(parse_int(args[0]))\nprint("ran")\n')
    with language(folder) as prompt:
        prompt.send(f"%run {folder}/main.snn 84" + ENTER)
        prompt.wait_for_tail("ran", "snn>")
        prompt.send("answer" + ENTER)
        prompt.wait_for_tail("42.0", "snn>")
        prompt.send("%timeit -n 5 -r 2 answer + 1" + ENTER)
        prompt.wait_for("2 repeats of 5")


@test
def draws_plots_once(folder):
    with language(folder) as prompt:
        prompt.send("use plot" + ENTER + CTRL["L"] + 'plot.line([1, 3, 2], title="once")' + ENTER)
        prompt.wait_for_last("snn>")
        prompt.wait_for(lambda lines: sum("once" in line for line in lines) == 2, "one title")


@test
def exits_with_a_status(folder):
    with language(folder) as prompt:
        prompt.send("exit(3)" + ENTER)
        assert prompt.wait_for_exit() == 3
