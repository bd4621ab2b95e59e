"""What a run needs: our build, the peers in a virtual environment, Debian's interpreters."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
PEERS = SCRIPTS / "benchmarks" / "peers"
OURS = SCRIPTS / "benchmarks" / "ours"
FOLDER = ROOT / ".venv-bench"
PYTHON = FOLDER / "bin" / "python"

# A peer, what pip installs for it, and what must import afterwards. The pins of torch and numpy hold for all.
PINS = ["torch==2.13.0", "numpy==2.4.6"]
PACKAGES = {
    "numpy": (["numpy==2.4.6", "threadpoolctl==3.8.0"], "numpy, threadpoolctl"),
    "torch": (["torch==2.13.0", "numpy==2.4.6"], "torch"),
    "snntorch": (["snntorch==1.0.0"], "snntorch"),
    "spikingjelly": (["spikingjelly==2.0.0"], "spikingjelly.activation_based.neuron"),
    "norse": (["norse==1.1.0"], "norse.torch"),
    "spyx": (["spyx==1.0.0", "jax==0.10.2"], "spyx"),
}


class Missing(Exception):
    """Something that a run cannot do without."""


def note(text):
    print(text, file=sys.stderr, flush=True)


def debian(*packages):
    """Installs Debian packages where they are missing; gives what went wrong, or None."""
    source = f"source '{SCRIPTS}/common.sh'; need_packages {' '.join(packages)}"
    done = subprocess.run(["bash", "-c", source], stdout=sys.stderr)
    return None if done.returncode == 0 else f"apt could not install {' '.join(packages)}"


def interpreter(name, package):
    """The path of an interpreter from Debian, or None."""
    if shutil.which(name) is None:
        debian(package)
    return shutil.which(name)


class Environment:
    """The builds and the peers that were asked for so far, with what is wrong with those that are not there."""

    def __init__(self, build=None):
        self.given = pathlib.Path(build).resolve() if build else None
        self.built = set()
        self.problems = {}
        self.versions = {}

    def program(self, product):
        """The path of one of our programs, built where its sources have changed."""
        folder = self.given or ROOT / ".build" / "release"
        if not self.given and product not in self.built:
            self.built.add(product)
            note(f"building {product} …")
            # snn's own script also installs what its build needs.
            command = [SCRIPTS / "snn", "-e", "nil"]
            if product != "snn":
                command = ["swift", "build", "-c", "release", "--product", product]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise Missing(f"{product} does not build:\n{done.stdout[-2000:]}")
        if not (folder / product).exists():
            raise Missing(f"there is no {product} in {folder}")
        return str(folder / product)

    def has(self, peer):
        """Whether a peer can be used, installed first where it is missing."""
        if peer not in self.versions and peer not in self.problems:
            problem = self.install(peer)
            if problem:
                self.problems[peer] = problem
                note(f"{peer}: not installed: {problem}")
            else:
                self.versions[peer] = self.version(peer)
        return peer in self.versions

    def install(self, peer):
        if not PYTHON.exists():
            note("making .venv-bench …")
            if subprocess.run([sys.executable, "-m", "venv", FOLDER], stdout=sys.stderr).returncode != 0:
                problem = debian("python3-venv")
                if problem or subprocess.run([sys.executable, "-m", "venv", FOLDER], stdout=sys.stderr).returncode != 0:
                    raise Missing("python3 cannot make a virtual environment: install python3-venv")
        packages, modules = PACKAGES[peer]
        if self.imports(modules) is None:
            return None
        note(f"installing {' '.join(packages)} …")
        constraints = FOLDER / "pins.txt"
        constraints.write_text("\n".join(PINS) + "\n")
        done = subprocess.run(
            [PYTHON, "-m", "pip", "install", "--quiet", "-c", constraints, *packages], capture_output=True, text=True)
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        return self.imports(modules)

    def imports(self, modules):
        """What goes wrong when these are imported, or None."""
        done = subprocess.run([PYTHON, "-W", "ignore", "-c", f"import {modules}"], capture_output=True, text=True)
        return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it does not import"])[-1]

    def version(self, peer):
        names = [package.split("==")[0] for package in PACKAGES[peer][0]]
        code = "import importlib.metadata as m, sys; print(*[f'{n} {m.version(n)}' for n in sys.argv[1:]], sep=', ')"
        done = subprocess.run([PYTHON, "-c", code, *names], capture_output=True, text=True)
        return done.stdout.strip()

    def peer(self, file, task, threads, *words):
        """The command of a peer's worker, with what the task is told beside the threads."""
        return [str(PYTHON), str(PEERS / f"{file}.py"), task, str(threads), *words]

    def script(self, name, threads, *words):
        """The command of our worker that runs a script, with its arguments."""
        return [self.program("snn"), "run", "--threads", str(threads), str(OURS / f"{name}.snn"), *words]
