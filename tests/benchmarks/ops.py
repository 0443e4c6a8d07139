"""One recorded operation: what ``x * y`` costs on tensors that need gradients,
beside `numpy.multiply` on arrays.
"""

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from .race import quartiles, race, summary

SHAPES: dict[str, tuple[int, ...]] = {"()": (), "(4,)": (4,), "(32, 32)": (32, 32)}
CALLS, CHAIN = 8000, 100


def forward(function: Callable[[Any, Any], Any], x: Any, y: Any) -> float:
    """Seconds of CALLS calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        function(x, y)
    return time.perf_counter() - start


def both_ways(x: Any, y: Any) -> float:
    """Seconds of as many multiplications, in chains with a backward pass each."""
    ones = x.detach() * 0 + 1
    start = time.perf_counter()
    for _ in range(CALLS // CHAIN):
        z = x
        for _ in range(CHAIN):
            z = z * y
        z.backward(ones)
        x.grad = y.grad = None
    return time.perf_counter() - start


def times(x: Any, y: Any) -> Any:
    """What the user writes."""
    return x * y


def measure(shape: tuple[int, ...], rounds: int) -> dict[str, dict[str, Any]]:
    """NumPy, ours, and PyTorch where installed, on one shape."""
    import tinygrad_edu as tg

    x, y = np.full(shape, 1.01, np.float32), np.full(shape, 0.99, np.float32)
    tx, ty = tg.Tensor(x, requires_grad=True), tg.Tensor(y, requires_grad=True)
    contestants = {
        "np.multiply": partial(forward, np.multiply, x, y),
        "ours, recorded": partial(forward, times, tx, ty),
        "ours, both ways": partial(both_ways, tx, ty),
    }
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        px, py = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
        contestants["torch, recorded"] = partial(forward, times, px, py)
        contestants["torch, both ways"] = partial(both_ways, px, py)
    return summary(race(contestants, rounds, f"ops {shape}"), CALLS, ("np.multiply",))


def report(rounds: int) -> dict[str, Any]:
    """Measure every shape and print a table."""
    print(
        f"One operation x * y, float32; both ways: with the backward pass, in chains of {CHAIN}; medians of "
        f"{rounds} rounds"
    )
    results = {}
    for name, shape in SHAPES.items():
        results[name] = measure(shape, rounds)
        for who, row in results[name].items():
            print(f"{name:10}{who:18}{row['us']:9.3f} us   {quartiles(row['to np.multiply'])}", flush=True)
    return results
