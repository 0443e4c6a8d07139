"""Compiled training steps: one step a call, guards included, beside everyone who does the same.

Perceptrons with softmax cross-entropy and Adam (`workload.WORKLOADS`, `workload.MORE`), a small convolutional
network (`cnn`), a layer of an LSTM and one of a transformer (`sequences`).  Ours eagerly, compiled to NumPy
and to C; PyTorch.  For perceptrons besides: ours for numba; NumPy by hand, idiomatic and tuned; C by hand
(``by_c.c``), called through ctypes; JAX; HIPS autograd; MyGrad; scikit-learn's MLPClassifier, of more than
two classes; torch.compile, which takes long to compile, for one of them.  Times are the processor's.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from . import cnn, contestants, cost, others, sequences
from .by_c import by_c
from .contestants import Step
from .race import race, short, summary
from .steps import agreement, timed
from .workload import MORE, WORKLOADS, Problem

# Steps of a round.
STEPS = {
    "xor": 300, "iris": 300, "blobs": 50, "mnist": 30, "wide": 2, "moons": 200, "spiral": 50, "logistic": 300,
    "cnn": 4, "lstm": 8, "transformer": 8,
}  # fmt: skip
ALL = (*WORKLOADS, *MORE, "cnn", "lstm", "transformer")
NAMES = {"numpy": "NumPy", "c": "C", "numba": "numba"}
BY_HAND = "C by hand"
YARDSTICKS, SLOWER = ("tuned", BY_HAND), ("ours", "torch", "jax")
COLUMNS = [f"to {y}" for y in YARDSTICKS] + [f"{y} takes" for y in SLOWER]
BY_TORCH = ("mnist",)  # which torch.compile is given, and where numba's compiling is timed

Makers = dict[str, Callable[[Any], Step]]


def contest(name: str) -> tuple[Any, Makers, Callable[[Any], Any]]:
    """What is computed, by whom, the yardsticks first, and what makes the step that is compiled."""
    problem: Any
    makers: Makers
    training: Callable[[Any], Any]
    backends = contestants.backends()
    if name in WORKLOADS or name in MORE:
        problem, training = Problem((WORKLOADS | MORE)[name]), contestants.training_of
        makers = contestants.available() | others.available(problem)
        if name in ("blobs", "mnist", "wide"):  # whose smallest probabilities that one's loss cuts off
            makers.pop("MLPClassifier", None)
        if name in BY_TORCH and find_spec("torch"):
            makers["torch.compile"] = contestants.lasting(contestants.torch_compiled)
        makers |= {BY_HAND: by_c} if "c" in backends else {}
    else:
        backends = [b for b in backends if b != "numba"]  # which compiles them for a minute
        part = cnn if name == "cnn" else sequences
        problem, training = cnn.Images() if name == "cnn" else sequences.Sequences(name), part.training_of
        makers = {"ours": part.ours} | ({"torch": part.torch} if find_spec("torch") else {})
    compiled = {f"compiled: {NAMES[b]}": contestants.compiled(b, training) for b in backends}
    return problem, makers | compiled, training


def measure(name: str, rounds: int) -> dict[str, Any]:
    """All contestants on one workload, after a check that their losses agree; and what compiling costs."""
    problem, makers, training = contest(name)
    worst = agreement(makers, problem, 10 if STEPS[name] < 20 else 20)
    runs = {who: timed(make, problem, STEPS[name], time.process_time) for who, make in makers.items()}
    there = [tuple(y for y in names if y in makers) for names in (YARDSTICKS, SLOWER)]
    table = summary(race(runs, rounds, name), STEPS[name], *there)
    timed_to_compile = [b for b in contestants.backends() if b != "numba" or name in BY_TORCH]
    price = {b: cost.of(b, lambda problem: training(problem)[0], problem) for b in timed_to_compile}
    for backend, row in price.items():
        saved = table["ours"]["us"] - table[f"compiled: {NAMES[backend]}"]["us"]
        for key in ("ms", "cached ms"):
            if key in row:
                steps = row[key] * 1000 / saved if saved > 0 else None
                row[key.replace("ms", "steps")] = steps
    made = {b: contestants.once_compiled(b, training) for b in price if b != "numba"}  # whose memory is C's
    memory = {who: cost.memory(make, problem) for who, make in {"ours": makers["ours"], **made}.items()}
    return {"contestants": table, "worst loss difference": worst, "cost": price, "memory": memory}


def show(name: str, result: dict[str, Any]) -> None:
    """Print the table of a workload."""
    rows = result["contestants"]
    for who, row in rows.items():
        cells = [short(row[key]) if key in row else "–" for key in COLUMNS]
        print(f"{name:12}{who:17}{row['us']:11.2f}  " + "".join(f"{cell:>20}" for cell in cells), flush=True)
    for who in ("torch", "jax", BY_HAND):
        if who not in rows:
            print(f"{'':12}{who}: not here")
    print(f"{'':12}losses agree to {result['worst loss difference']:.1e}")
    for backend, row in result["cost"].items():
        print(f"{'':12}to {NAMES[backend]}: {cost.told(row)}")
    memory = result["memory"]
    whole, arrays = memory["ours"]
    shares = (
        f"{NAMES[who]} {bytes_ / 1e6:.2f} MB, {bytes_ / whole:.2f} of it, {own / arrays:.2f} of its arrays"
        for who, (bytes_, own) in memory.items()
        if who != "ours"
    )
    print(f"{'':12}memory of a step at its peak: eagerly {whole / 1e6:.2f} MB, {'; '.join(shares)}")


def report(names: list[str], rounds: int) -> dict[str, Any]:
    """Measure the named workloads and print a table."""
    print(
        "A training step a call, guards included, float32; microseconds of the processor, "
        f"medians of {rounds} interleaved rounds.\n"
        "To a yardstick: parts of its time; … takes: how many times as long it takes; with quartiles"
    )
    print(f"{'':29}{'us a step':>11}  " + "".join(f"{key:>20}" for key in COLUMNS))
    results = {}
    for name in names:
        results[name] = measure(name, rounds)
        show(name, results[name])
    return results
