"""Memory of a training step of a 10-layer, 1000-wide perceptron on 1000 examples:
the most bytes alive during the third step.

Parameters, moments, inputs and whatever else the network has are counted for everyone.  Arrays' bytes are
counted exactly: NumPy reports its own to `tracemalloc`, PyTorch its own to ``torch.profiler``.  Beside that
stands the resident memory of a process that does nothing else, interpreter and libraries included.  Each
figure is from a fresh process, which is this module run as a program.
"""

import json
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

from .contestants import available
from .imports import ROOT
from .race import progress
from .workload import DEEP, Problem

STEPS_BEFORE = 2  # Adam's moments exist, and nothing is made for the first time


def live_in_numpy(name: str) -> int:
    """The peak of the bytes that Python and NumPy hold."""
    make = available()[name]
    if name == "ours":
        import tinygrad_edu.nn
        import tinygrad_edu.optim  # noqa: F401  # code is not counted
    tracemalloc.start()
    step = make(Problem(DEEP))
    for _ in range(STEPS_BEFORE):
        step()
    tracemalloc.reset_peak()
    step()
    return tracemalloc.get_traced_memory()[1]


def live_in_torch() -> int:
    """The peak of the bytes that PyTorch's allocator holds.

    The profiler counts from before the first tensor.
    """
    from torch.profiler import ProfilerActivity, profile, record_function

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recording:
        step = available()["torch"](Problem(DEEP))
        for _ in range(STEPS_BEFORE):
            step()
        with record_function("measured step"):
            step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace.json")
        recording.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    start = next(e["ts"] for e in events if e.get("name") == "measured step")
    totals = [(e["ts"], e["args"]["Total Allocated"]) for e in events if e.get("name") == "[memory]"]
    before = max(t for t in totals if t[0] < start)[1]
    return max(before, *(total for at, total in totals if at >= start))  # type: ignore[no-any-return]


def resident(name: str) -> int:
    """The peak of this process's resident memory after three steps."""
    step = available()[name](Problem(DEEP))
    for _ in range(STEPS_BEFORE + 1):
        step().item()
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would also know of the parent process, as it was at the fork
        return next(
            int(line.split()[1]) * 1024
            for line in status.read_text().splitlines()
            if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def in_a_process(what: str, name: str) -> int:
    """A figure from a fresh process."""
    command = [sys.executable, "-m", f"{__package__}.memory", what, name]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def report() -> dict[str, Any]:
    """Measure everyone and print a table.

    JAX's allocator does not tell, so that it has resident memory alone.
    """
    names = {"hand-written": "idiomatic", "ours": "ours"} | {
        name: name for name in ("torch", "jax") if name in available()
    }
    results: dict[str, Any] = {}
    for (label, name), _ in zip(names.items(), progress(len(names), "memory")):
        live = None if name == "jax" else in_a_process("live", name)
        results[label] = {"live": live, "resident": in_a_process("resident", name)}
    print("Memory of a training step, 10 layers of 1000, batch 1000, Adam, float32: peak of the third step")
    for label, row in results.items():
        for other in ("torch", "hand-written"):
            if row["live"] and other in results:
                row[f"live to {other}"] = row["live"] / results[other]["live"]
        ratios = "".join(
            f"  {row[key]:.3f} of {other}'s"
            for other in ("torch", "hand-written")
            if (key := f"live to {other}") in row
        )
        live = f"{row['live'] / 1e6:8.1f} MB alive" if row["live"] else f"{'':17}"
        print(f"  {label:13}{live}{row['resident'] / 1e6:9.0f} MB resident{ratios}")
    return results


if __name__ == "__main__":
    what, name = sys.argv[1:]
    print(
        resident(name) if what == "resident" else live_in_torch() if name == "torch" else live_in_numpy(name)
    )
