"""The collection: functions with a right rule and a wrong one, in terms of a namespace ``xp`` of arrays.

A rule is given the gradient of the output and the inputs, and returns the gradient of the first input, or a
tuple of those of all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
A = RNG.normal(size=(3, 4))
COLUMN, ROWS = np.array([[0.5], [-1.0], [2.0]]), np.array([2, 0, 2, 2])
SYMMETRIC = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.5]])
SIGNS = np.ones(500)
SIGNS[317] = -1
LONG = np.random.default_rng(0).normal(size=500)
NOISE = np.random.default_rng(1)


@dataclass(frozen=True)
class Case:
    """A mistake: what is computed, at which inputs, by which rules.

    Attributes
    ----------
    mistake : str
        What the wrong rule does, in words.
    forward, right, wrong : callable
        Of (xp, *inputs), (xp, g, *inputs) and (xp, g, *inputs).
    inputs : tuple of array
    without : frozenset of str
        The libraries in which it is none: JAX's arrays never change, and PyTorch's engine sums a gradient
        whose shape its input broadcasts to.
    """

    mistake: str
    forward: Callable[..., Any]
    right: Callable[..., Any]
    wrong: Callable[..., Any]
    inputs: tuple[Any, ...]
    without: frozenset[str] = frozenset()


def added(xp: Any, g: Any, x: Any) -> Any:
    """The gradient of x[ROWS]: what belongs to one row is added up."""
    return xp.matmul(xp.asarray(np.eye(3)[ROWS].T), g)


def last(xp: Any, g: Any, x: Any) -> Any:
    """The same, in which the last write wins."""
    chosen = np.zeros((3, 4))
    chosen[0, 1], chosen[2, 3] = 1, 1
    return xp.matmul(xp.asarray(chosen), g)


def normalized(xp: Any, x: Any) -> Any:
    """A batch normalization without parameters."""
    centred = x - xp.mean(x, axis=0)
    return centred / xp.sqrt(xp.mean(centred * centred, axis=0) + 1e-5)


def of_normalized(xp: Any, g: Any, x: Any) -> Any:
    """Its gradient."""
    n, centred = x.shape[0], x - xp.mean(x, axis=0)
    s = xp.sqrt(xp.mean(centred * centred, axis=0) + 1e-5)
    y = centred / s
    return (g - xp.sum(g, axis=0) / n - y * xp.sum(g * y, axis=0) / n) / s


def negated_in_place(xp: Any, g: Any, x: Any) -> Any:
    """-g, written over g."""
    g *= -1
    return g


def noisy(xp: Any, g: Any, x: Any) -> Any:
    """The gradient of sin, wrong by another thousandth each time."""
    return g * xp.cos(x) * (1 + 1e-3 * NOISE.random())


def inside(xp: Any, x: Any) -> Any:
    return xp.where(xp.abs(x) < 1, 1.0, 0.0)


# fmt: off
CASES = [
    Case("clip: g comes in twice, g · g · mask",
         lambda xp, x: xp.clip(x, -1, 1), lambda xp, g, x: g * inside(xp, x), lambda xp, g, x: g * g * inside(xp, x),
         (np.array([-2.0, -0.3, 0.4, 1.5]),)),
    Case("1e-9 x²: 35 times too large",
         lambda xp, x: 1e-9 * x * x, lambda xp, g, x: g * x * 2e-9, lambda xp, g, x: g * x * 70e-9, (A,)),
    Case("exp: 1.0005 times too large",
         lambda xp, x: xp.exp(x), lambda xp, g, x: g * xp.exp(x), lambda xp, g, x: g * xp.exp(x) * 1.0005, (A,)),
    Case("sin: ignores g, returns the slope",
         lambda xp, x: xp.sin(x), lambda xp, g, x: g * xp.cos(x), lambda xp, g, x: xp.cos(x), (A,)),
    Case("column + matrix: the gradient is not summed",
         lambda xp, a, b: a + b, lambda xp, g, a, b: (xp.sum(g, axis=1, keepdims=True), g), lambda xp, g, a, b: (g[:, :1], g), (COLUMN, A)),
    Case("column + matrix: the gradient has the matrix's shape",
         lambda xp, a, b: a + b, lambda xp, g, a, b: (xp.sum(g, axis=1, keepdims=True), g), lambda xp, g, a, b: (g, g),
         (COLUMN, A), frozenset({"PyTorch"})),
    Case("x[[2, 0, 2, 2]]: the last write wins",
         lambda xp, x: x[ROWS], added, last, (np.array([1.0, -2.0, 3.0]),)),
    Case("mean: not divided by n",
         lambda xp, x: xp.mean(x, axis=0), lambda xp, g, x: (g + 0 * x) / 3, lambda xp, g, x: g + 0 * x, (A,)),
    Case("sin: the sign of one element of 500",
         lambda xp, x: xp.sin(x), lambda xp, g, x: g * xp.cos(x), lambda xp, g, x: g * xp.cos(x) * xp.asarray(SIGNS), (LONG,)),
    Case("a @ b, b symmetric: not transposed",
         lambda xp, a, b: xp.matmul(a, b), lambda xp, g, a, b: (xp.matmul(g, b.T), xp.matmul(a.T, g)),
         lambda xp, g, a, b: (xp.matmul(g, b), xp.matmul(a.T, g)), (A.T, SYMMETRIC)),
    Case("batch normalization: the gradient is 0",
         normalized, of_normalized, lambda xp, g, x: 0 * g, (A,)),
    Case("-x: changes g in place",
         lambda xp, x: -x, lambda xp, g, x: -g, negated_in_place, (A,), frozenset({"JAX"})),
    Case("sin: the gradient is another one each time",
         lambda xp, x: xp.sin(x), lambda xp, g, x: g * xp.cos(x), noisy, (A,)),
]
# fmt: on
