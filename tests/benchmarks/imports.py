"""Import: what ``import tinygrad_edu`` costs over ``import numpy``, in fresh processes, and
that it loads nothing optional.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .race import race

ROOT = Path(__file__).parents[2]
OPTIONAL = ("hypothesis", "jax", "matplotlib", "numba", "scipy", "sklearn", "torch", "tqdm")
LOADED = f"import json, sys, tinygrad_edu; print(json.dumps([m for m in {OPTIONAL} if m in sys.modules]))"


def python(code: str, cache: str) -> str:
    """What a fresh interpreter prints; as after an installation, modules are compiled once,
    here into a folder of their own.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPYCACHEPREFIX": cache
    }
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


def timed(code: str, cache: str) -> Callable[[], float]:
    """The seconds of a process, from start to end."""

    def run() -> float:
        start = time.perf_counter()
        python(code, cache)
        return time.perf_counter() - start

    return run


def report(rounds: int) -> dict[str, Any]:
    """Measure, and print what it costs."""
    codes = {"python": "pass", "numpy": "import numpy", "tinygrad_edu": "import tinygrad_edu"}
    with tempfile.TemporaryDirectory() as cache:
        seconds = race({name: timed(code, cache) for name, code in codes.items()}, rounds, "import")
        loaded = json.loads(python(LOADED, cache))
    milliseconds = {name: float(np.median(s)) * 1e3 for name, s in seconds.items()}
    over = [
        float(q) * 1e3
        for q in np.quantile(np.subtract(seconds["tinygrad_edu"], seconds["numpy"]), [0.25, 0.5, 0.75])
    ]
    print(f"Import, fresh processes, medians of {rounds} rounds")
    print("  " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in milliseconds.items()))
    print(
        f"  over NumPy: {over[1]:.1f} ms ({over[0]:.1f}-{over[2]:.1f}); optional modules loaded: "
        f"{', '.join(loaded) or 'none'}"
    )
    if loaded:
        raise SystemExit(f"importing tinygrad_edu loads {', '.join(loaded)}")
    return {"ms": milliseconds, "over numpy ms": over, "optional modules loaded": loaded}
