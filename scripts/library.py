"""What the scripts know of the library: the names of its functions."""

import os
import re
import subprocess
import tempfile

# What must stand before a call of any of them.
USES = ["use plot", "use stats", "use neurons"]


def functions(program):
    """The names of all builtins and functions of the library; help also lists parts of the language, which are none."""
    listing = subprocess.run([program, "-e", 'apropos("")'], capture_output=True, text=True, check=True).stdout
    names = sorted({line.split()[0] for line in listing.splitlines() if re.match(r" *[a-z]", line)})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "names.snn")
        while True:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(USES + [f"[{name}]" for name in names]))
            done = subprocess.run([program, "check", path], capture_output=True, text=True)
            wrong = {int(line) - len(USES) - 1 for line in re.findall(r"names\.snn:(\d+):", done.stdout + done.stderr)}
            if not wrong:
                break
            names = [name for place, name in enumerate(names) if place not in wrong]
    if len(names) < 150:
        raise SystemExit(f"only {len(names)} functions are listed: next to nothing would be called")
    return names


def parameters(program, names):
    """The names of the parameters of each of them, as help shows them."""
    code = "\n".join(USES + [f"help({name})" for name in names])
    listing = subprocess.run([program, "-e", code], capture_output=True, text=True, check=True).stdout
    found = {}
    for name in names:
        signature = re.search(rf"^(?:fn )?{re.escape(name)}\((.*?)\)(?: -> .*)?$", listing, re.MULTILINE)
        found[name] = re.findall(r"(?:^|, )([a-z_]\w*)(?= = |, |$)", signature[1]) if signature else []
    return found
