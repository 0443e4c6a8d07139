"""A configuration, and the numbers that go into it: drawn from its name, the same on every machine
and every NumPy.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np


def uniform(seed: str, size: int) -> np.ndarray:
    """Numbers in [0, 1).  From the raw stream, which NumPy promises to keep.

    The distributions of Generator may change (NEP 19).
    """
    return (np.random.PCG64(zlib.crc32(seed.encode())).random_raw(size) >> np.uint64(11)) * 2.0**-53


@dataclass(frozen=True)
class Draw:
    """Values that a configuration asks for: ``make`` maps uniform numbers of this shape to them."""

    kind: str
    shape: tuple[int, ...]
    make: Callable[[np.ndarray], np.ndarray] = field(repr=False, compare=False)

    def __call__(self, seed: str) -> np.ndarray:
        return np.asarray(self.make(uniform(seed, prod(self.shape)).reshape(self.shape)))

    def __repr__(self) -> str:
        return f"{self.kind}{list(self.shape)}".replace(" ", "")


def real(*shape: int, scale: float = 2.0) -> Draw:
    return Draw("real" if scale == 2 else f"real<{scale:g}", shape, lambda u: scale * (2 * u - 1))


def positive(*shape: int) -> Draw:
    return Draw("positive", shape, lambda u: u + 0.5)


def probability(*shape: int) -> Draw:
    return Draw("probability", shape, lambda u: 0.05 + 0.9 * u)


def extreme(*shape: int) -> Draw:
    """Probabilities near zero and one; at these themselves torch's slope is 1e12 rounded to float32."""
    return Draw("extreme", shape, lambda u: np.where(u < 0.5, 1e-9 * (u + 0.1), 1 - 1e-6 * u))


def rows(*shape: int, axis: int = -1) -> Draw:
    """Positive numbers that sum to one along an axis."""
    return Draw("rows", shape, lambda u: (u + 0.1) / np.sum(u + 0.1, axis=axis, keepdims=True))


def log_rows(*shape: int) -> Draw:
    return Draw("log rows", shape, lambda u: np.log((u + 0.1) / np.sum(u + 0.1, axis=-1, keepdims=True)))


def binary(*shape: int) -> Draw:
    return Draw("binary", shape, lambda u: np.round(u))


def signs(*shape: int) -> Draw:
    return Draw("signs", shape, lambda u: np.where(u < 0.5, -1.0, 1.0))


def labels(*shape: int, high: int, ignored: int | None = None) -> Draw:
    """Integers in [0, high); the first one is ``ignored``, if that is given."""

    def make(u: np.ndarray) -> np.ndarray:
        drawn = (u * high).astype(np.int64)
        if ignored is not None:
            drawn.flat[0] = ignored
        return drawn

    return Draw(f"labels<{high}" + (f",{ignored}" if ignored is not None else ""), shape, make)


def counts(*shape: int) -> Draw:
    """Whole numbers from 0 to 9, as floating ones."""
    return Draw("counts", shape, lambda u: np.floor(10 * u))


def lists(*shape: int) -> Draw:
    """Rows of different classes: one, or two, or all of them, and -1 after them."""

    def make(u: np.ndarray) -> np.ndarray:
        places = np.arange(shape[-1])
        return np.where(places > np.floor(u[..., :1] * shape[-1]), -1, np.argsort(u, axis=-1)).astype(
            np.int64
        )

    return Draw("lists", shape, make)


def causal(n: int) -> Draw:
    """True above the diagonal: what an element must not look at."""
    return Draw("causal", (n, n), lambda u: np.triu(np.ones(u.shape, bool), 1))


def some(*shape: int) -> Draw:
    """A mask, True for about a third of the entries, never in the first column."""
    return Draw("some", shape, lambda u: (u < 0.33) & (np.arange(shape[-1]) > 0))


def padding(n: int, length: int) -> Draw:
    """True for the padded ends of n sequences: one element of the first sequence, two of the second, …"""
    return Draw("padding", (n, length), lambda u: np.arange(length) >= length - 1 - np.arange(n)[:, None])


def drawn(value: Any, seed: str) -> Any:
    """The value, with each Draw inside it replaced by its numbers."""
    if isinstance(value, Draw):
        return value(seed)
    if isinstance(value, (tuple, list)):
        return type(value)(drawn(v, f"{seed}.{i}") for i, v in enumerate(value))
    if isinstance(value, dict):
        return {k: drawn(v, f"{seed}.{k}") for k, v in value.items()}
    return value


def leaves(value: Any) -> list[Any]:
    """What is inside nested tuples and lists, in order; None is nothing."""
    if isinstance(value, (tuple, list)):
        return [leaf for v in value for leaf in leaves(v)]
    return [] if value is None else [value]


@dataclass(frozen=True)
class Part:
    """A layer that another one is made of."""

    kind: str
    args: tuple[Any, ...]
    settings: dict[str, Any]

    def __repr__(self) -> str:
        settings = [f"{k}={v!r}" for k, v in self.settings.items()]
        return f"{self.kind}({', '.join([*map(repr, self.args), *settings])})"


def part(kind: str, *args: Any, **settings: Any) -> Part:
    return Part(kind, args, settings)


@dataclass(frozen=True)
class Case:
    """A layer or a loss with its settings, its inputs, and what else a call of it takes.

    Parameters
    ----------
    kind : str
        The class, of the same name in torch.nn and in tinygrad_edu.nn.
    args, settings
        What it is made with; Draws become arrays, Parts layers.
    inputs : tuple
        The arguments of the call by position; floating ones are differentiated, except those at the positions
        in ``constant``.
    call : dict
        The arguments of the call by keyword; none is differentiated.
    train : bool
        The mode in which it is called.
    ours : dict
        Settings that this package has instead of, or beside, PyTorch's.
    """

    kind: str
    args: tuple[Any, ...]
    settings: dict[str, Any]
    inputs: tuple[Any, ...]
    call: dict[str, Any]
    constant: tuple[int, ...]
    train: bool
    ours: dict[str, Any]

    @property
    def name(self) -> str:
        made = ", ".join([*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.settings.items())])
        called = ", ".join([*map(repr, self.inputs), *(f"{k}={v!r}" for k, v in self.call.items())])
        return f"{self.kind}({made})({called})" + ("" if self.train else ".eval")

    def draw(self, part: str) -> Any:
        """The numbers of "args", "settings", "inputs" or "call"."""
        return drawn(getattr(self, part), f"{self.name}/{part}")

    def state(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The value of a parameter or buffer: counts are 3, variances are positive,
        everything else is in ±1.
        """
        u = uniform(f"{self.name}/state/{name}", prod(shape)).reshape(shape)
        if name.endswith("num_batches_tracked"):
            return np.array(3)
        return u + 0.5 if name.endswith("running_var") else 2 * u - 1

    def cotangent(self, i: int, shape: tuple[int, ...]) -> np.ndarray:
        """What the i-th output is multiplied by before it is differentiated."""
        return 2 * uniform(f"{self.name}/cotangent/{i}", prod(shape)).reshape(shape) - 1


def case(
    kind: str,
    *args: Any,
    of: tuple[Any, ...] | Draw,
    call: dict[str, Any] | None = None,
    constant: tuple[int, ...] = (),
    train: bool = True,
    ours: dict[str, Any] | None = None,
    **settings: Any,
) -> Case:
    """A `Case`, as the lists write it: ``case("Linear", 4, 3, bias=False, of=real(5, 4))``."""
    return Case(
        kind, args, settings, (of,) if isinstance(of, Draw) else of, call or {}, constant, train, ours or {}
    )
