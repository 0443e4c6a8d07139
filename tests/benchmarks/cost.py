"""What compiling a step costs: the calls before it runs compiled, C's compiler among them, and memory."""

import gc
import resource
import tempfile
import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .contestants import Step, training_step
from .workload import WORKLOADS, Problem

ARRAYS = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)


def of(backend: str, function: Callable[[Any], Any], problem: Any) -> dict[str, Any]:
    """The processor's milliseconds of the calls that trace, emit and compile; C's with an empty cache and a
    full one.

    Keys
    ----
    traces
        How many calls traced: the first has no gradients before it, nor has the optimizer any memory.
    ms, cached ms
        Of all of these calls, less what the steps themselves take when compiled.
    compiler ms, loading ms
        Of that, finding the library in the cache, and making it if it is not there; of the slowest trace.
    """
    warm(backend)
    if backend != "c":
        traces, ms, _ = calls(backend, function, problem, None)
        return {"traces": traces, "ms": ms}
    with tempfile.TemporaryDirectory() as folder:
        traces, ms, making = calls(backend, function, problem, folder)
        _, cached, loading = calls(backend, function, problem, folder)
    row = {"traces": traces, "ms": ms, "cached ms": cached}
    return row | {"compiler ms": max(making), "loading ms": max(loading)}


@cache
def warm(backend: str) -> None:
    """Import, and make, what is imported and made once."""
    calls(backend, training_step, Problem(WORKLOADS["xor"]), None)


def calls(
    backend: str, function: Callable[[Any], Any], problem: Any, folder: str | None
) -> tuple[int, float, list[float]]:
    """Traces, milliseconds of the calls that traced, and milliseconds of each library."""
    import tinygrad_edu as tg
    from tinygrad_edu.compiler.c import native

    libraries, library = [], native.library

    def watched(*given: Any) -> Any:
        start = processor()
        found = library(*given)
        libraries.append((processor() - start) * 1000)
        return found

    native.library = watched
    try:
        step, seconds, traced, last = tg.compile(function(problem), backend=backend, cache=folder), 0.0, 0, 1
        times = []
        while traced < last or not times:
            traced, start = last if times else 0, processor()
            step(problem.X, problem.Y)
            times.append(processor() - start)
            last = step.traces
        seconds = sum(times[:-1]) - times[-1] * (len(times) - 1)
    finally:
        native.library = library
    return last, seconds * 1000, libraries


def processor() -> float:
    """Seconds of the processor that this process, and those that it started and that ended, have had."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def memory(make: Callable[[Any], Step], problem: Any) -> tuple[int, int]:
    """The peak of the bytes that Python and NumPy hold during a step, parameters and all, and how many of
    them are not those of Python's objects between two steps: arrays, and what the step makes itself.

    It is the less of two times: in one of them a table of Python's own may grow, that of all names.
    """
    return min(_memory(make, problem) for _ in range(2))


def _memory(make: Callable[[Any], Step], problem: Any) -> tuple[int, int]:
    tracemalloc.start()
    try:
        before, step = tracemalloc.get_traced_memory()[0], make(problem)
        for _ in range(3):
            step()
        gc.collect()  # Python keeps the memory of small tuples for others until then
        tracemalloc.reset_peak()
        between = tracemalloc.get_traced_memory()[0]
        step()
        peak = tracemalloc.get_traced_memory()[1]
        arrays = tracemalloc.take_snapshot().filter_traces([ARRAYS])
        return peak - before, peak - between + sum(trace.size for trace in arrays.traces)
    finally:
        tracemalloc.stop()


def told(row: dict[str, Any]) -> str:
    """A row in words."""
    text = f"{row['traces']} traces, {row['ms']:.0f} ms"
    if "compiler ms" in row:
        text += (
            f" ({row['compiler ms']:.0f} ms a library), {row['cached ms']:.0f} ms where it is in the cache "
        )
        text += f"({row['loading ms']:.1f} ms a library)"
    steps = row.get("cached steps", row.get("steps"))
    return text + (f"; it pays after {steps:.0f} steps" if steps else "; it pays never")
