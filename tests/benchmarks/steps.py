"""Training steps: forward, softmax cross-entropy, backward and Adam, in float32,
by everyone who is installed.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .contestants import Step, available
from .race import quartiles, race, summary
from .workload import WORKLOADS, Problem, Workload

YARDSTICKS = ("idiomatic", "tuned")


def agreement(makers: dict[str, Callable[[Any], Step]], problem: Any, steps: int = 20) -> float:
    """The largest relative difference of anyone's losses from the first one's over the first steps.

    Above 1e-4 is an error.
    """
    losses = {}
    for name, make in makers.items():
        step = make(problem)
        losses[name] = [float(step().item()) for _ in range(steps)]
    worst, reference = 0.0, next(iter(losses.values()))
    for name, mine in losses.items():
        np.testing.assert_allclose(
            mine, reference, rtol=1e-4, err_msg=f"{name} does not compute what {next(iter(losses))} computes"
        )
        worst = max(worst, float(np.max(np.abs(np.divide(mine, reference) - 1))))
    return worst


def timed(
    make: Callable[[Any], Step], problem: Any, steps: int, clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """A run of a fresh network: always the same steps, so that no network trains so long
    that its moments become denormal.
    """

    def run() -> float:
        step = make(problem)
        step().item()
        step().item()
        start = clock()
        for _ in range(steps):
            loss = step()
        loss.item()
        return clock() - start

    return run


def measure(name: str, workload: Workload, rounds: int) -> dict[str, Any]:
    """All contestants on one workload."""
    problem, makers = Problem(workload), available()
    worst = agreement(makers, problem)
    seconds = race(
        {who: timed(make, problem, workload.steps) for who, make in makers.items()}, rounds, f"steps {name}"
    )
    return {"contestants": summary(seconds, workload.steps, YARDSTICKS), "worst loss difference": worst}


def report(names: list[str], rounds: int) -> dict[str, Any]:
    """Measure the named workloads and print a table."""
    print(
        f"Training steps, float32, one thread; medians of {rounds} interleaved rounds, ratios with quartiles"
    )
    print(f"{'':8}{'':12}{'us a step':>12}   {'to idiomatic':<20}{'to tuned':<20}")
    results = {}
    for name in names:
        results[name] = measure(name, WORKLOADS[name], rounds)
        for who, row in results[name]["contestants"].items():
            ratios = "".join(f"{quartiles(row[f'to {yardstick}']):<20}" for yardstick in YARDSTICKS)
            print(f"{name:8}{who:12}{row['us']:12.1f}   {ratios}".rstrip(), flush=True)
        print(f"{'':8}losses agree over 20 steps to {results[name]['worst loss difference']:.1e}")
    return results
