"""The machine that the numbers belong to."""

import os
import platform


def field(path, key, separator):
    try:
        with open(path) as file:
            for line in file:
                name, _, value = line.partition(separator)
                if name.strip() == key:
                    return value.strip().strip('"')
    except OSError:
        pass
    return "unknown"


def describe():
    """Lines about the processor, the system and how busy it is."""
    processor = field("/proc/cpuinfo", "model name", ":")
    family = "/".join(field("/proc/cpuinfo", key, ":") for key in ["cpu family", "model", "stepping"])
    system = field("/etc/os-release", "PRETTY_NAME", "=")
    memory = int(field("/proc/meminfo", "MemTotal", ":").split()[0]) / 1024 / 1024
    return [
        f"{processor} (family/model/stepping {family}), {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB",
        f"{system}, Linux {platform.release()}, Python {platform.python_version()}",
        f"load average {busy()}",
    ]


def busy():
    """How many processes wanted a core: above what the run itself needs, the numbers are disturbed."""
    return f"{os.getloadavg()[0]:.1f}"
