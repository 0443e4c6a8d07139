"""Compiled training steps: one step a call, guards included, beside everyone who does the same.

Perceptrons with softmax cross-entropy and Adam (`workload.WORKLOADS`), and a small convolutional network
(`cnn`).  Ours eagerly, compiled to NumPy, to C and for numba; NumPy by hand, idiomatic and tuned; C by hand
(``by_c.c``), called through ctypes; PyTorch; JAX.  Times are the processor's.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from . import cnn, contestants, cost
from .by_c import by_c
from .contestants import Step
from .race import race, short, summary
from .steps import agreement, timed
from .workload import WORKLOADS, Problem

# Steps of a round.
STEPS = {"xor": 1000, "iris": 1000, "blobs": 100, "mnist": 50, "wide": 2, "cnn": 5}
NAMES = {"numpy": "NumPy", "c": "C", "numba": "numba"}
BY_HAND = "C by hand"
YARDSTICKS, SLOWER = ("tuned", BY_HAND), ("ours", "torch", "jax")
COLUMNS = [f"to {y}" for y in YARDSTICKS] + [f"{y} takes" for y in SLOWER]

Makers = dict[str, Callable[[Any], Step]]


def perceptrons() -> Makers:
    """Who trains perceptrons, the yardsticks first."""
    makers: Makers = dict(contestants.available())
    backends = contestants.backends()
    makers |= {f"compiled: {NAMES[b]}": contestants.compiled(b) for b in backends}
    return makers | ({BY_HAND: by_c} if "c" in backends else {})


def networks() -> Makers:
    """Who trains the convolutional network: nobody has written that by hand."""
    makers: Makers = {"ours": cnn.ours} | ({"torch": cnn.torch} if find_spec("torch") else {})
    backends = contestants.backends()
    return makers | {f"compiled: {NAMES[b]}": contestants.compiled(b, cnn.training_step) for b in backends}


def problem_of(name: str) -> tuple[Any, Makers]:
    """What is computed, and by whom."""
    return (cnn.Images(), networks()) if name == "cnn" else (Problem(WORKLOADS[name]), perceptrons())


def measure(name: str, rounds: int) -> dict[str, Any]:
    """All contestants on one workload, after a check that their losses agree; and what compiling costs."""
    problem, makers = problem_of(name)
    worst = agreement(makers, problem, 10 if name in ("wide", "cnn") else 20)
    runs = {who: timed(make, problem, STEPS[name], time.process_time) for who, make in makers.items()}
    there = [tuple(y for y in names if y in makers) for names in (YARDSTICKS, SLOWER)]
    table = summary(race(runs, rounds, name), STEPS[name], *there)
    made = {who: makers[f"compiled: {NAMES[who]}"] for who in contestants.backends()}
    function = cnn.training_step if name == "cnn" else contestants.training_step
    price = {b: cost.of(b, function, problem) for b in made}
    for backend, row in price.items():
        saved = table["ours"]["us"] - table[f"compiled: {NAMES[backend]}"]["us"]
        for key in ("ms", "cached ms"):
            if key in row:
                steps = row[key] * 1000 / saved if saved > 0 else None
                row[key.replace("ms", "steps")] = steps
    memory = {who: cost.memory(make, problem) for who, make in {"ours": makers["ours"], **made}.items()}
    return {"contestants": table, "worst loss difference": worst, "cost": price, "memory": memory}


def show(name: str, result: dict[str, Any]) -> None:
    """Print the table of a workload."""
    rows = result["contestants"]
    for who, row in rows.items():
        cells = [short(row[key]) if key in row else "–" for key in COLUMNS]
        print(f"{name:6}{who:17}{row['us']:11.2f}  " + "".join(f"{cell:>20}" for cell in cells), flush=True)
    for who in ("torch", "jax", BY_HAND):
        if who not in rows:
            print(f"{'':6}{who}: not here")
    print(f"{'':6}losses agree to {result['worst loss difference']:.1e}")
    for backend, row in result["cost"].items():
        print(f"{'':6}to {NAMES[backend]}: {cost.told(row)}")
    memory = result["memory"]
    shares = (
        f"{NAMES[who]} {bytes_ / 1e6:.2f} MB, {bytes_ / memory['ours']:.2f} of it"
        for who, bytes_ in memory.items()
        if who != "ours"
    )
    print(f"{'':6}memory of a step at its peak: eagerly {memory['ours'] / 1e6:.2f} MB, {', '.join(shares)}")


def report(names: list[str], rounds: int) -> dict[str, Any]:
    """Measure the named workloads and print a table."""
    print(
        "A training step a call, guards included, float32; microseconds of the processor, "
        f"medians of {rounds} interleaved rounds.\n"
        "To a yardstick: parts of its time; … takes: how many times as long it takes; with quartiles"
    )
    print(f"{'':23}{'us a step':>11}  " + "".join(f"{key:>20}" for key in COLUMNS))
    results = {}
    for name in names:
        results[name] = measure(name, rounds)
        show(name, results[name])
    return results
