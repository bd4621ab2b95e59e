"""What the scripts know of the library: the names of its functions, from the program itself."""

import os
import re
import subprocess
import tempfile


def listed(program):
    """All names that `apropos` lists; parts of the language are among them, which are no functions."""
    listing = subprocess.run([program, "-e", 'apropos("")'], capture_output=True, text=True, check=True).stdout
    return sorted({line.split()[0] for line in listing.splitlines() if re.match(r" *[a-z]", line)})


def wrong_lines(program, lines):
    """The places of the lines that do not compile, by `snn check`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "names.snn")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        done = subprocess.run([program, "check", path], capture_output=True, text=True)
        return {int(line) - 1 for line in re.findall(r"names\.snn:(\d+):", done.stdout + done.stderr)}


def kept(program, before, lines):
    """Those of the lines that compile behind others."""
    while True:
        wrong = wrong_lines(program, before + lines)
        if not wrong:
            return lines
        lines = [line for place, line in enumerate(lines, len(before)) if place not in wrong]


def uses(program):
    """What must stand before a call of any function: a line for each module that a script has to name."""
    modules = sorted({name.split(".")[0] for name in listed(program) if "." in name})
    return kept(program, [], [f"use {module}" for module in modules])


def functions(program):
    """The names of all builtins and functions of the library."""
    before = uses(program)
    names = listed(program)
    called = [line[1:-1] for line in kept(program, before, [f"[{name}]" for name in names])]
    modules = {line.split()[1] for line in before}
    lost = [name for name in names if name.split(".")[0] in modules and "." in name and name not in called]
    if lost or len(called) < 400:
        raise SystemExit(f"{len(called)} functions are known, and these of modules are not: {', '.join(lost)}")
    return called


def parameters(program, names):
    """The names of the parameters of each of them, as help shows them."""
    code = "\n".join(uses(program) + [f"help({name})" for name in names])
    listing = subprocess.run([program, "-e", code], capture_output=True, text=True, check=True).stdout
    found, place = {}, 0
    # They stand in the order of the names; those of modules that are written in the language without the module.
    for name in names:
        short = re.escape(name.split(".")[-1])
        signature = re.compile(rf"^(?:(?:fn|neuron) {short}|{re.escape(name)})\((.*?)\)(?: -> [^\n]*)?$", re.MULTILINE | re.DOTALL).search(listing, place)
        place = signature.end() if signature else place
        found[name] = re.findall(r"(?:^|[,(]\s*|\n\s*)([a-z_]\w*)(?=\s*=\s|,|\s*$)", signature[1]) if signature else []
    return found
