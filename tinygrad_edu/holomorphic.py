"""The rows of a Jacobian where complex numbers take part: f', if there is such a thing.

A function of complex numbers has a derivative where its differential is a multiplication by a complex number:
where i times a direction gives i times the change.  `np.exp` has one; `np.abs`, `np.conj` and every function
with real values, but a constant, have none, and their real and imaginary parts have to be told apart.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import GraphError
from .evaluation import Evaluation
from .ops.parts import complex_of, times_i
from .tensor import Tensor

SPLIT = (
    "Split its argument into real numbers, lambda re, im: f(re + 1j * im) with argnums=(0, 1), and see to it "
    "that f returns real ones, np.stack([np.real(w), np.imag(w)]) in the place of w; or take vjp and jvp, "
    "which need no complex derivative."
)


def row(run: Evaluation, unit: list[Any]) -> Sequence[Tensor]:
    """The derivatives of one element of the outputs, the one that is 1 in ``unit``, in each variable."""
    first = run.pull(unit)
    marked = next(u for u in unit if u.any())
    if marked.dtype.kind != "c":
        for gradient, variable in zip(first, run.variables):
            if variable.dtype.kind == "c" and gradient._array.any():
                raise _not_holomorphic("f returns real values for complex ones")
        return first
    second = run.pull([times_i(u) if u is marked else u for u in unit])
    return [_derivative(*three) for three in zip(first, second, run.variables)]


def _derivative(first: Tensor, second: Tensor, variable: Tensor) -> Tensor:
    """From the gradients of the real and the imaginary part of an output, its derivative in a variable."""
    if variable.dtype.kind != "c":
        return complex_of(first, second)
    one, other = times_i(first._array), second._array
    tolerance = np.sqrt(np.finfo(one.dtype).eps) * np.max(np.abs(one), initial=0)
    if not np.allclose(one, other, rtol=0, atol=tolerance, equal_nan=True):
        raise _not_holomorphic("f has no complex derivative here")
    return first.conj()


def _not_holomorphic(why: str) -> GraphError:
    return GraphError(f"jacobian: {why}: it is not holomorphic.\n  {SPLIT}")
