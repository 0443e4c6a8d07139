"""Every layer, forward and backward, beside PyTorch's: float32, one thread, several sizes each.

A layer is measured as it works between others: its input is no leaf, so that no gradient is copied into one,
and images lie in memory as the layer before leaves them, with the batch last for ours and first for
PyTorch's.  The time is the processor's, so that other programs count little.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from . import hands, hands_of_images, hands_of_rows
from .race import quartiles, race, summary
from .recurrent_by_hand import KINDS, step_of

SECONDS = 0.004  # of one contestant in one round
RECURRENT = {name: partial(step_of, kind) for name, kind in KINDS.items()}
HANDS = {**hands.HANDS, **hands_of_rows.HANDS, **hands_of_images.HANDS, **RECURRENT}

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A layer with its arguments, by names that both frameworks have, and the shape of its input.

    Attributes
    ----------
    indices : int
        The input is of integers below this, if it is not 0.
    target : "real", "labels", "binary", "log" or ""
        What a loss is given beside its input.
    """

    layer: str
    arguments: tuple[Any, ...]
    shape: Shape
    settings: dict[str, Any] = field(default_factory=dict)
    indices: int = 0
    target: str = ""

    def __str__(self) -> str:
        given = [str(a) for a in self.arguments] + [f"{k}={v}" for k, v in self.settings.items()]
        return f"{self.layer}({', '.join(given)}) of {'×'.join(map(str, self.shape))}"


TABLES = [(32, 64), (64, 1024), (512, 1024)]
IMAGES = [(8, 16, 14, 14), (32, 16, 28, 28), (32, 64, 28, 28)]
SIGNALS = [(8, 16, 64), (32, 16, 256), (32, 64, 256)]
SEQUENCES = [(16, 8, 32), (64, 32, 64), (128, 16, 256)]
SCORES = [(32, 10), (512, 100), (4096, 100)]
ELEMENTWISE = (
    "ReLU", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softplus",
    "Softsign", "Hardswish", "Hardsigmoid", "Hardtanh", "ReLU6", "PReLU",
)  # fmt: skip
LOSSES = {
    "CrossEntropyLoss": "labels", "MSELoss": "real", "L1Loss": "real", "SmoothL1Loss": "real",
    "BCEWithLogitsLoss": "binary",
}  # fmt: skip


def cases() -> Iterator[Case]:
    """All cases."""
    yield from (
        Case("Linear", sizes, (n, sizes[0]))
        for sizes in ((16, 4), (64, 64), (784, 256))
        for n in (1, 32, 512)
    )
    yield from (
        Case("Embedding", sizes, (32, 20), indices=sizes[0])
        for sizes in ((100, 16), (2000, 64), (20000, 256))
    )
    for shape in TABLES:
        yield from (Case(layer, (), shape) for layer in ELEMENTWISE)
        yield Case("GELU", (), shape, {"approximate": "tanh"})
        yield from (Case(layer, (-1,), shape) for layer in ("Softmax", "LogSoftmax"))
        yield Case("Dropout", (0.5,), shape)
        yield from (Case(layer, shape[1:], shape) for layer in ("LayerNorm", "RMSNorm", "BatchNorm1d"))
    for shape in IMAGES:
        yield from of_images(shape)
    yield Case("Conv2d", (1, 8, 5), (64, 1, 28, 28), {"padding": 2})
    yield Case("Conv2d", (8, 16, 5), (64, 8, 14, 14), {"padding": 2})
    for shape in SIGNALS:
        yield Case("Conv1d", (shape[1], shape[1], 5), shape, {"padding": 2})
        yield Case("MaxPool1d", (2,), shape)
    for shape in (*SEQUENCES, (200, 8, 16), (32, 32, 256)):
        yield from (Case(layer, (shape[2], shape[2]), shape) for layer in ("RNN", "GRU", "LSTM"))
    for t, b, d in ((16, 8, 32), (64, 16, 64), (256, 4, 64)):
        yield Case("MultiheadAttention", (d, 4), (t, b, d))
    for t, b, d in ((16, 8, 32), (32, 16, 64), (128, 4, 128)):
        yield Case("TransformerEncoderLayer", (d, 4), (t, b, d), {"dim_feedforward": 4 * d, "dropout": 0.0})
    yield from (Case(layer, (), shape, target=target) for layer, target in LOSSES.items() for shape in SCORES)


def of_images(shape: Shape) -> Iterator[Case]:
    """Convolutions, pooling and normalization of images of a shape."""
    c = shape[1]
    yield Case("BatchNorm2d", (c,), shape)
    yield Case("GroupNorm", (4, c), shape)
    yield Case("Conv2d", (c, c, 3), shape, {"padding": 1})
    yield Case("Conv2d", (c, c, 1), shape)
    yield Case("Conv2d", (c, 2 * c, 3), shape, {"padding": 1, "stride": 2})
    yield Case("Conv2d", (c, c, 3), shape, {"padding": 1, "groups": c})
    yield Case("Conv2d", (c, c, 3), shape, {"padding": 1, "groups": 4})
    yield Case("Conv2d", (c, c, 3), (1, *shape[1:]), {"padding": 1})
    yield Case("ConvTranspose2d", (c, c, 2), shape, {"stride": 2})
    yield Case("MaxPool2d", (2,), shape)
    yield Case("AvgPool2d", (2,), shape)
    yield Case("AdaptiveAvgPool2d", (1,), shape)
    yield Case("AdaptiveAvgPool2d", (7,), shape)


NAMES = {case.layer for case in cases()}


def inputs(case: Case) -> tuple[Any, Any, Any]:
    """The input, the target and the gradient of the output's seed, the same for everyone."""
    rng = np.random.default_rng(0)
    x = (
        rng.integers(0, case.indices, case.shape)
        if case.indices
        else rng.standard_normal(case.shape, np.float32)
    )
    target = {
        "real": lambda: rng.standard_normal(case.shape, np.float32),
        "labels": lambda: rng.integers(0, case.shape[-1], case.shape[:1]),
        "binary": lambda: rng.integers(0, 2, case.shape).astype(np.float32),
        "": lambda: None,
    }[case.target]()
    return x, target, rng


def batch_last(x: Any) -> Any:
    """The same images or sequences, with the batch last in memory, as convolutions leave them."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)


LAST = ("Conv", "MaxPool", "AvgPool", "AdaptiveAvgPool", "BatchNorm2d", "GroupNorm")  # layers whose x lies so


def ours(case: Case, x: Any, target: Any, rng: Any, state: Any) -> tuple[Any, Callable[[], Any]]:
    """The layer of ours, and a step: forward and backward."""
    import tinygrad_edu as tg

    # The input of the layer is a result, of a number; whose gradient costs nothing.
    @tg.primitive(one=lambda g: np.zeros_like(g, shape=()))
    def source(one: Any) -> Any:
        return x

    layer = getattr(tg.nn, case.layer)(*case.arguments, **case.settings)
    if case.layer.startswith(LAST):
        x = batch_last(x)
    one = tg.Tensor(np.float32(1), requires_grad=not case.indices)

    def forward() -> Any:
        h = x if case.indices else source(one)
        given_to = (
            (h, h, h) if case.layer == "MultiheadAttention" else (h,) if target is None else (h, target)
        )
        y = layer(*given_to)
        return y[0] if isinstance(y, tuple) else y

    y = forward()
    g = None if y.ndim == 0 else rng.standard_normal(y.shape, np.float32)
    if g is not None and case.layer.startswith(LAST) and y.ndim > 2:
        g = batch_last(g)
    state.update(g=g, weights=layer.state_dict())

    def step() -> Any:
        layer.zero_grad()
        y = forward()
        y.backward(g) if g is not None else y.backward()
        return y

    return layer, step


def torch(case: Case, x: Any, target: Any, state: Any) -> tuple[Any, Callable[[], Any]]:
    """PyTorch's layer, and the same step, on one thread."""
    import torch

    torch.set_num_threads(1)

    class Source(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, one: Any) -> Any:
            return given.view_as(given)

        @staticmethod
        def backward(context: Any, g: Any) -> Any:
            return zero

    given, zero, one = torch.tensor(x), torch.zeros(()), torch.ones((), requires_grad=True)
    layer = getattr(torch.nn, case.layer)(*case.arguments, **case.settings)
    layer.load_state_dict({name: torch.tensor(np.asarray(value)) for name, value in state["weights"].items()})
    last = None if target is None else torch.tensor(target)
    g = None if state["g"] is None else torch.tensor(np.ascontiguousarray(state["g"]))

    def step() -> Any:
        layer.zero_grad()
        h = given if case.indices else Source.apply(one)
        given_to = (h, h, h) if case.layer == "MultiheadAttention" else (h,) if last is None else (h, last)
        y = layer(*given_to)
        y = y[0] if isinstance(y, tuple) else y
        y.backward(g) if g is not None else y.backward()
        return y

    return layer, step


def by_hand(case: Case, x: Any, target: Any, state: Any) -> Callable[[], Any] | None:
    """The same in NumPy in place, where there is one; its step returns the output first."""
    make = HANDS.get(case.layer)
    if make is None:
        return None
    if case.layer.startswith(LAST):
        x = batch_last(x)
    given_to = state["g"] if target is None else target
    return make(x, given_to, *(np.asarray(w) for w in state["weights"].values()), **case.settings)


def timed(step: Callable[[], Any]) -> tuple[Callable[[], float], int]:
    """A run of so many steps that it takes about `SECONDS`, and their number."""
    step()
    start = time.process_time()
    step()
    repeats = max(1, round(SECONDS / max(time.process_time() - start, 1e-6)))

    def run() -> float:
        start = time.process_time()
        for _ in range(repeats):
            step()
        return (time.process_time() - start) / repeats

    return run, repeats


def agree(case: Case, mine: Any, theirs: Any) -> None:
    """The outputs and the gradients of weights are the same, to rounding."""
    if case.layer == "Dropout":
        return
    (layer, step), (their_layer, their_step) = mine, theirs
    pairs = [(step().detach().numpy(), their_step().detach().numpy())]
    pairs += [(p.grad.numpy(), q.grad.numpy()) for p, q in zip(layer.parameters(), their_layer.parameters())]
    for a, b in pairs:
        np.testing.assert_allclose(
            a, b, rtol=2e-3, atol=2e-4 * max(1, float(np.abs(b).max())), err_msg=str(case)
        )


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """One case: medians in microseconds, and ratios with quartiles."""
    (x, target, rng), state = inputs(case), {}
    mine = ours(case, x, target, rng, state)
    contestants = {"ours": timed(mine[1])[0]}
    if find_spec("torch"):
        theirs = torch(case, x, target, state)
        agree(case, mine, theirs)
        contestants["torch"] = timed(theirs[1])[0]
    if hand := by_hand(case, x, target, state):
        y = mine[1]().detach().numpy()
        found = hand()
        np.testing.assert_allclose(found[0] if type(found) is tuple else found, y, rtol=2e-3, atol=1e-3)
        contestants["by hand"] = timed(hand)[0]
    return summary(race(contestants, rounds, str(case)), 1, tuple(contestants))


def report(rounds: int, only: list[str] | None = None) -> dict[str, Any]:
    """Measure all cases and print a table with the geometric mean."""
    print(
        "Layers, forward and backward, float32, one thread, between layers; medians of "
        f"{rounds} interleaved rounds"
    )
    results = {}
    for case in cases():
        if only and case.layer not in only:
            continue
        row = results[str(case)] = measure(case, rounds)
        shown = [f"{row['ours']['us']:10.1f} us"]
        shown += [
            f"to {who} {quartiles(row['ours'][f'to {who}'])}" for who in ("torch", "by hand") if who in row
        ]
        print(f"{case!s:75}" + "   ".join(shown), flush=True)
    ratios = np.array([row["ours"]["to torch"][1] for row in results.values() if "torch" in row])
    if ratios.size:
        mean = float(np.exp(np.mean(np.log(ratios))))
        print(
            f"{len(ratios)} cases, geometric mean {mean:.2f} of PyTorch's time, "
            f"{np.sum(ratios > 1.5)} over 1.5"
        )
    return results
