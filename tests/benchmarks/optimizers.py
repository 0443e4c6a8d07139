"""A step of Adam over three matrices of 1000 × 1000, in float32, by everyone who is installed;
and over a tiny network.

PyTorch has three implementations: a loop over the parameters, the default on CPUs; `foreach`, a list of them
at once; and `fused`, a kernel of its own that passes over memory once.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .race import quartiles, race, summary

# Shapes, and steps of a run.
SIZES = {"3 of 1000x1000": ([(1000, 1000)] * 3, 3), "xor": ([(4, 2), (4,), (2, 4), (2,)], 500)}


def ours(values: list[Any], gradients: list[Any]) -> Callable[[], None]:
    """The framework's."""
    from tinygrad_edu import Tensor, optim

    params = [Tensor(v, requires_grad=True) for v in values]
    for p, g in zip(params, gradients):
        p.grad = Tensor(g)
    return optim.Adam(params).step


def torch(**settings: bool) -> Callable[[list[Any], list[Any]], Callable[[], None]]:
    """PyTorch's, on one thread."""

    def make(values: list[Any], gradients: list[Any]) -> Callable[[], None]:
        import torch

        torch.set_num_threads(1)
        params = [torch.tensor(v, requires_grad=True) for v in values]
        for p, g in zip(params, gradients):
            p.grad = torch.tensor(g)
        return torch.optim.Adam(params, **settings).step

    return make


def timed(step: Callable[[], None], steps: int) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return time.perf_counter() - start

    return run


def report(rounds: int) -> dict[str, Any]:
    """Measure everyone and print a table."""
    makers = {"ours": ours}
    if find_spec("torch"):
        makers |= {"torch": torch(), "torch foreach": torch(foreach=True), "torch fused": torch(fused=True)}
    yardstick = "torch" if "torch" in makers else "ours"
    print(
        f"A step of Adam, float32, one thread; medians of {rounds} interleaved rounds, ratios with quartiles"
    )
    results = {}
    for name, (shapes, steps) in SIZES.items():
        rng = np.random.default_rng(0)
        values, gradients = ([rng.standard_normal(shape, np.float32) for shape in shapes] for _ in range(2))
        seconds = race(
            {who: timed(make(values, gradients), steps) for who, make in makers.items()},
            rounds,
            f"adam {name}",
        )
        results[name] = summary(seconds, steps, (yardstick,))
        for who, row in results[name].items():
            print(
                f"  {name:16}{who:15}{row['us']:10.1f} us a step   to {yardstick} "
                f"{quartiles(row[f'to {yardstick}'])}"
            )
    return results
