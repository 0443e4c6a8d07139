"""What surrounds the figures: the machine that they were measured on, and the file
that they are written to.
"""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np


def machine() -> dict[str, Any]:
    """The processor, and the versions of what was measured."""
    found: dict[str, Any] = {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    found["python"] = platform.python_version()
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    found["blas"] = f"{blas['name']} {blas['version']}"
    for package in ("numpy", "torch", "jax", "numba"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["compiler"], found["date"] = c_compiler(), time.strftime("%Y-%m-%d")
    return found


def c_compiler() -> str | None:
    """The name and version of the compiler of C that `tg.compile` takes."""
    from tinygrad_edu.compiler.c.cache import compiler

    command = compiler()
    if command is None:
        return None
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
    return told.partition("\n")[0] or None


def pin() -> str:
    """Hold this process, and those that it starts, to one core; "" where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        return ""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"core {core} alone"


def cpu() -> str:
    """The processor's name, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """Write the whole file or none of it: beside its place first, then moved there."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(figures, indent=1) + "\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
