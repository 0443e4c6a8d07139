"""What the debug mode costs: the same training step with it and without it."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import tinygrad_edu as tg

from .contestants import available
from .race import quartiles, race, summary
from .workload import WORKLOADS, Problem, Workload


def timed(problem: Problem, steps: int, watched: bool) -> Callable[[], float]:
    """A run of a fresh network of ours, under the debug mode or not."""

    def run() -> float:
        step = available()["ours"](problem)
        with tg.debug() if watched else nullcontext():
            step().item()
            start = time.perf_counter()
            for _ in range(steps):
                step().item()
            return time.perf_counter() - start

    return run


def measure(workload: Workload, rounds: int, title: str) -> dict[str, Any]:
    """A step of one workload, with and without."""
    problem, steps = Problem(workload), max(workload.steps // 10, 5)
    runs = {"without": timed(problem, steps, False), "debug()": timed(problem, steps, True)}
    return summary(race(runs, rounds, title), steps, ("without",))


def report(rounds: int) -> dict[str, Any]:
    """Measure the workloads and print a table."""
    print(f"A training step under the debug mode; medians of {rounds} interleaved rounds, with quartiles")
    print(f"{'':8}{'us without':>12}{'us debug()':>12}   ratio")
    results = {}
    for name, workload in WORKLOADS.items():
        results[name] = measure(workload, rounds, f"debug {name}")
        without, watched = (results[name][which]["us"] for which in ("without", "debug()"))
        ratio = quartiles(results[name]["debug()"]["to without"])
        print(f"{name:8}{without:12.1f}{watched:12.1f}   {ratio}", flush=True)
    return results
