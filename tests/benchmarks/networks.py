"""Whole networks, a training step each, beside PyTorch's: float32, one thread, the same weights."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .layers import timed
from .race import quartiles, race, summary

LEARNING_RATE = 1e-3


def images(n: Any, *between: str, gelu: bool = False) -> list[Any]:
    """Two convolutions and a linear layer; what stands between a convolution and its pooling has a name."""
    act = n.GELU if gelu else n.ReLU
    layers = []
    for c, o in ((1, 16), (16, 32)):
        layers += [
            n.Conv2d(c, o, 3, padding=1),
            *([n.BatchNorm2d(o)] if "norm" in between else []),
            act(),
            n.MaxPool2d(2),
        ]
    return [*layers, n.Flatten(), n.Linear(32 * 49, 10)]


def separable(n: Any) -> list[Any]:
    """Depthwise convolutions, each with one of 1×1 behind it."""
    layers = [n.Conv2d(1, 16, 3, padding=1), n.ReLU()]
    for c, o in ((16, 32), (32, 32)):
        layers += [
            n.Conv2d(c, c, 3, padding=1, groups=c),
            n.Conv2d(c, o, 1),
            n.BatchNorm2d(o),
            n.ReLU(),
            n.MaxPool2d(2),
        ]
    return [*layers, n.Flatten(), n.Linear(32 * 49, 10)]


NETWORKS: dict[str, tuple[Callable[[Any], list[Any]], tuple[int, ...]]] = {
    "CNN": (images, (64, 1, 28, 28)),
    "CNN, BatchNorm": (lambda n: images(n, "norm"), (64, 1, 28, 28)),
    "CNN, GELU": (lambda n: images(n, gelu=True), (64, 1, 28, 28)),
    "CNN, separable": (separable, (64, 1, 28, 28)),
} | {
    f"MLP, {act}": (
        lambda n, act=act: [
            n.Linear(784, 256),
            getattr(n, act)(),
            n.Linear(256, 128),
            getattr(n, act)(),
            n.Linear(128, 10),
        ],
        (128, 784),
    )
    for act in (
        "ReLU",
        "LeakyReLU",
        "ELU",
        "SELU",
        "GELU",
        "SiLU",
        "Mish",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Softsign",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
        "ReLU6",
        "PReLU",
    )
}


def ours(name: str, x: Any, y: Any, state: dict[str, Any]) -> Callable[[], float]:
    """A training step of ours, whose initial weights become the state."""
    import tinygrad_edu as tg

    model = tg.nn.Sequential(*NETWORKS[name][0](tg.nn))
    state.update({k: np.array(v) for k, v in model.state_dict().items()})
    optimizer = tg.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def step() -> float:
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def torch(name: str, x: Any, y: Any, state: dict[str, Any]) -> Callable[[], float]:
    """PyTorch's, from the same weights, on one thread."""
    import torch

    torch.set_num_threads(1)
    model = torch.nn.Sequential(*NETWORKS[name][0](torch.nn))
    model.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    x, y = torch.tensor(x), torch.tensor(y)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def report(rounds: int, only: list[str] | None = None) -> dict[str, Any]:
    """Race all networks, after a check that both compute the same losses, and print a table."""
    print(f"Networks, a training step with Adam, float32, one thread; medians of {rounds} interleaved rounds")
    rng, results = np.random.default_rng(0), {}
    for name, (_, shape) in NETWORKS.items():
        if only and name not in only:
            continue
        x, y, state = rng.standard_normal(shape, np.float32), rng.integers(0, 10, shape[0]), {}
        steps = {"ours": ours(name, x, y, state)}
        if find_spec("torch"):
            steps["torch"] = torch(name, x, y, state)
            np.testing.assert_allclose(
                *([step() for _ in range(5)] for step in steps.values()), rtol=1e-3, err_msg=name
            )
        row = results[name] = summary(
            race({k: timed(s)[0] for k, s in steps.items()}, rounds, name), 1, tuple(steps)
        )
        ratio = f"   to torch {quartiles(row['ours']['to torch'])}" if "torch" in row else ""
        print(f"{name:20}{row['ours']['us'] / 1000:9.2f} ms{ratio}", flush=True)
    return results
