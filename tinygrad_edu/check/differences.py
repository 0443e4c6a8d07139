"""Differences that know how far to trust themselves.

Central differences at two steps, t and 2t, are combined so that the error falls with t⁴ (Richardson), and
their disagreement estimates the error.  Where it is too large, other steps are tried and the best one is
kept.  A kink shows in the second difference, which for a smooth function is proportional to t, and across a
kink is not: it counts as error too, so that a slope at a kink is never trusted.

`slopes` is the first look that gradcheck takes; where it does not resolve a slope, `ladder` looks closer.

References
----------
C. Ridders (1982). Accurate computation of F′(x) and F′(x)F″(x). Advances in Engineering Software 4.
W. Squire, G. Trapp (1998). Using complex variables to estimate derivatives of real functions. SIAM Review 40.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .adapter import DOUBLE, FlatFunction
from .leaves import Array

VectorFunction = Callable[[Array], Array]  # from a vector of shape (n,) to one of shape (m,)

# As powers of the rounding error: 2⁻¹² for float64, then smaller and larger ones.
_STEPS = (0.23, 0.33, 0.13, 0.42, 0.52)


class Direction(NamedTuple):
    """Elements of the flat input, and how far each of them moves for t = 1.

    A single element moves by a power of two, so that its steps are exact.
    """

    index: Any
    step: Any

    @property
    def single(self) -> bool:
        """Whether it moves one element alone."""
        return np.ndim(self.index) == 0

    @property
    def unit(self) -> float:
        """What a slope is divided by to be reported: a single element's slope becomes its derivative."""
        return self.step if self.single else 1.0

    @property
    def distance(self) -> float:
        """How far it goes, all its elements together."""
        return float(np.sum(np.abs(self.step)))

    def moved(self, z: Array, t: Any) -> Array:
        """The point at t along the direction."""
        moved = z.copy()
        moved[self.index] += t * self.step
        return moved

    def along(self, gradients: Array) -> Array:
        """The slopes that gradients, of shape (c, n), claim in this direction."""
        part = gradients[:, self.index]
        return part * self.step if self.single else part @ self.step


class Slopes(NamedTuple):
    """Directional derivatives: arrays of shape (directions, values).

    ``sound`` tells for each direction whether the error estimate itself can be trusted: it is small, or
    shrinks with the step, or is the rounding error of f.  Near a kink it is not.  ``still`` tells where no
    output moved at all.
    """

    value: Array
    error: Array
    sound: Any
    still: Any

    def where(self, chosen: Any) -> "Slopes":
        """Those of some of the directions."""
        return Slopes(*(array[chosen] for array in self))


def slopes(
    function: VectorFunction,
    z: Array,
    directions: Sequence[Direction],
    *,
    weights: Any = None,
    terms: Any = None,
    bits: int = DOUBLE,
    rtol: float = 1e-6,
) -> Slopes:
    """Derivatives of ``weights @ function`` along directions.

    Parameters
    ----------
    function : callable
        From a vector of shape (n,) to one of shape (m,).
    z : ndarray of shape (n,)
    directions : sequence of Direction
    weights : ndarray of shape (c, m), optional
        By default the outputs are looked at one by one.
    terms : ndarray of shape (m,), optional
        The magnitude of the terms that make up each output, by default its own: times 2**-bits it is its
        rounding error.
    bits : int, default=52
        Bits of the fraction of the dtype that f computes in.
    rtol : float, default=1e-6
        The relative error at which no further steps are tried.

    Returns
    -------
    Slopes
    """
    base = function(z)
    size = np.abs(base) if terms is None else terms
    size = size if weights is None else np.abs(weights) @ size

    def change(direction: Direction, t: float) -> Array:
        moved = function(direction.moved(z, t)) - base
        return moved if weights is None else weights @ moved

    shape = len(directions), size.size
    value, error, still = np.zeros(shape), np.full(shape, np.inf), np.full(shape[0], True)
    first, small = np.zeros(shape), np.full(shape, np.inf)  # errors at the first step, and a thousandth of it
    steps = [2.0 ** -round(power * bits) for power in _STEPS]
    noise = np.ldexp(size, -bits)
    todo = np.arange(shape[0])
    for k, t in enumerate(steps):
        chosen, rounding = [directions[int(i)] for i in todo], 2 * noise / t
        v, e, unmoved = _central(change, chosen, t, rounding)
        still[todo] &= unmoved
        below_rounding = (v == 0) & (error[todo] < 0.1 * np.abs(value[todo]))  # f was seen to move
        better = (e < error[todo]) & ~below_rounding
        value[todo], error[todo] = np.where(better, v, value[todo]), np.where(better, e, error[todo])
        if k in (0, 3):
            (small if k else first)[todo] = e
        enough = rtol * np.max(np.abs(value[todo]), axis=1, keepdims=True) + 16 * noise / steps[0]
        flat = (value[todo] == 0) & (error[todo] <= rounding)  # a step function, seen from close enough
        todo = todo[~np.all((error[todo] <= enough) | flat, axis=1)]
        if not todo.size:
            break
    scale = np.max(np.abs(value), axis=1, keepdims=True)
    fine = error <= 1e-2 * scale + 1e-7 * np.max(scale, initial=0) + 128 * noise / steps[0]
    shrinks = (small <= first / 8) & np.isfinite(error)
    return Slopes(value, error, np.all(fine | shrinks, axis=1), still)


def _central(
    change: Callable[[Direction, float], Any], directions: list[Direction], t: float, rounding: Array
) -> tuple[Any, Any, Any]:
    """Derivatives along directions by steps t and 2t, estimates of their errors, and where nothing moved."""
    samples = np.empty((4, len(directions), rounding.size))
    for row, step in zip(samples, (t, -t, 2 * t, -2 * t)):
        for i, direction in enumerate(directions):
            row[i] = change(direction, step)
    still = ~np.any(samples, axis=(0, 2))
    ahead, behind, far_ahead, far_behind = samples
    near, far = (ahead - behind) / (2 * t), (far_ahead - far_behind) / (4 * t)
    bend, far_bend = (ahead + behind) / t, (far_ahead + far_behind) / (2 * t)
    value = near + (near - far) / 3
    error = np.abs(near - far) / 3 + np.abs(far_bend - 2 * bend) + rounding
    return value, np.where(np.isfinite(value) & np.isfinite(error), error, np.inf), still


def complex_slopes(
    function: FlatFunction, weights: Array, z: Array, directions: Sequence[Direction]
) -> Array:
    """Derivatives of an analytic function by the complex step, Im f(z + i·h·d) / h, without rounding errors.

    Of shape (directions, weights); they are right only where f is analytic and computes with complex numbers:
    the caller must compare them with real differences.
    """
    h = 2.0**-70
    z = z.astype(np.complex128)
    values = [function.complex_values(direction.moved(z, 1j * h)) for direction in directions]
    return np.stack([weights @ (value.imag / h) for value in values])


def one_by_one(flat: FlatFunction, z: Array) -> list[Direction]:
    """A direction for each element."""
    return [Direction(i, step) for i, step in enumerate(flat.sizes(z))]
