"""Memory over a thousand training steps without the garbage collector: flat,
because a graph has no reference cycles.
"""

import gc
import tracemalloc
from typing import Any

from .contestants import ours
from .race import progress
from .workload import WORKLOADS, Problem

STEPS, EVERY = 1000, 100
WARM_UP = (
    2500  # the interpreter keeps up to 2000 dead tuples of each length for reuse: those lists fill first
)


def report() -> dict[str, Any]:
    """Train, and print the live bytes at the beginning and at the end,
    and what a collection finds afterwards.
    """
    step = ours(Problem(WORKLOADS["iris"]))
    gc.collect()
    gc.disable()
    try:
        for _ in range(WARM_UP):
            step()
        tracemalloc.start()
        live = []
        for _ in progress(STEPS // EVERY, "flat"):
            for _ in range(EVERY):
                step()
            live.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        garbage = gc.collect()
    finally:
        gc.enable()
    print(f"Memory with the garbage collector off, {STEPS} steps of iris")
    print(f"  live after {EVERY} steps {live[0]:,} bytes, after {STEPS} steps {live[-1]:,} bytes")
    print(f"  a collection then finds {garbage} unreachable objects")
    return {"live bytes": live, "unreachable objects": garbage}
