"""A transformer's encoder layer: forward, mean squared error and the gradients of all weights,
beside PyTorch.
"""

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from .race import quartiles, race, summary

WIDTH, HEADS, TOKENS, BATCH = 64, 4, 32, 16
FEEDFORWARD = (256, 2048)  # four times the width, and what PyTorch takes by default
STEPS = 5

Step = Callable[[], float]


def ours(feedforward: int, x: Any, target: Any) -> tuple[Any, Step]:
    """The layer of this package, and a function that computes its loss and gradients."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn

    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, feedforward, dropout=0.0, rng=0)
    x, target = tg.Tensor(x), tg.Tensor(target)

    def step() -> float:
        layer.zero_grad()
        loss = np.mean((layer(x) - target) ** 2)
        loss.backward()
        return loss.item()

    return layer, step


def torch(feedforward: int, x: Any, target: Any, state: dict[str, Any]) -> tuple[Any, Step]:
    """PyTorch's layer with the same weights, in training mode, on one thread."""
    import torch

    torch.set_num_threads(1)
    layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, feedforward, dropout=0.0)
    layer.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    x, target = torch.tensor(x), torch.tensor(target)

    def step() -> float:
        layer.zero_grad()
        loss = torch.mean((layer(x) - target) ** 2)
        loss.backward()
        return loss.item()

    return layer, step


def seconds(step: Step) -> float:
    """How long STEPS steps take."""
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return time.perf_counter() - start


def measure(feedforward: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Both layers on one batch of (t, b, width).

    Their losses and gradients must agree before anything is timed.
    """
    rng = np.random.default_rng(0)
    x, target = (rng.standard_normal((TOKENS, BATCH, WIDTH)).astype(np.float32) for _ in range(2))
    layer, step = ours(feedforward, x, target)
    contestants, yardsticks = {"ours": partial(seconds, step)}, ("ours",)
    if find_spec("torch"):
        other, their_step = torch(feedforward, x, target, layer.state_dict())
        np.testing.assert_allclose(step(), their_step(), rtol=1e-5)
        for (name, p), q in zip(layer.named_parameters(), other.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.data, q.grad.numpy(), rtol=1e-3, atol=1e-6, err_msg=name)
        contestants["torch"], yardsticks = partial(seconds, their_step), ("torch",)
    return summary(race(contestants, rounds, f"transformer {feedforward}"), STEPS, yardsticks)


def report(rounds: int) -> dict[str, Any]:
    """Measure both sizes and print a table."""
    print(
        f"Encoder layer of width {WIDTH}, {HEADS} heads, {TOKENS} tokens, batch {BATCH}, float32, no "
        "dropout: "
        f"forward, loss, backward; medians of {rounds} rounds of {STEPS}"
    )
    results = {}
    for feedforward in FEEDFORWARD:
        results[str(feedforward)] = measure(feedforward, rounds)
        for who, row in results[str(feedforward)].items():
            ratio = "" if who == "ours" and "to torch" not in row else quartiles(row["to torch"])
            print(f"feedforward {feedforward:<6}{who:8}{row['us'] / 1000:9.2f} ms   {ratio}", flush=True)
    return results
