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

from .function import FlatFunction

DOUBLE = 52  # bits of a float64's fraction
_STEPS = (
    0.23,
    0.33,
    0.13,
    0.42,
    0.52,
)  # as powers of the rounding error: 2⁻¹² for float64, then smaller and larger ones


class Direction(NamedTuple):
    """Elements of the flat input, and how far each of them moves for t = 1; a power of two for a single one."""

    index: Any
    step: Any


class Slopes(NamedTuple):
    """Directional derivatives: arrays of shape (directions, values).

    ``sound`` tells for each direction whether the error estimate itself can be trusted: it is small, or
    shrinks with the step, or is the rounding error of f.  Near a kink it is not.  ``still`` tells where no
    output moved at all.
    """

    value: Any
    error: Any
    sound: Any
    still: Any

    def where(self, chosen: Any) -> "Slopes":
        """Those of some of the directions."""
        return Slopes(*(array[chosen] for array in self))


def slopes(
    function: Callable[[Any], Any],
    z: Any,
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
    count = len(directions)
    value, error, still = (
        np.zeros((count, size.size)),
        np.full((count, size.size), np.inf),
        np.full(count, True),
    )
    first, small = (
        np.zeros_like(error),
        np.full_like(error, np.inf),
    )  # the errors at the first step, and at a thousandth of it
    steps = [2.0 ** -round(power * bits) for power in _STEPS]
    noise = np.ldexp(size, -bits)
    floor = 16 * noise / steps[0]
    todo = np.arange(count)
    for k, t in enumerate(steps):
        v, e, unmoved = _central(
            function, z, base, [directions[int(i)] for i in todo], t, weights, 2 * noise / t
        )
        still[todo] &= unmoved
        lost = (v == 0) & (
            error[todo] < 0.1 * np.abs(value[todo])
        )  # f was seen to move: this step is below its rounding
        better = (e < error[todo]) & ~lost
        value[todo], error[todo] = np.where(better, v, value[todo]), np.where(better, e, error[todo])
        if k in (0, 3):
            (small if k else first)[todo] = e
        enough = rtol * np.max(np.abs(value[todo]), axis=1, keepdims=True) + floor
        flat = (value[todo] == 0) & (error[todo] <= 2 * noise / t)  # a step function, seen from close enough
        todo = todo[~np.all((error[todo] <= enough) | flat, axis=1)]
        if not todo.size:
            break
    scale = np.max(np.abs(value), axis=1, keepdims=True)
    fine = error <= 1e-2 * scale + 1e-7 * np.max(scale, initial=0) + 8 * floor
    shrinks = (small <= first / 8) & np.isfinite(error)
    return Slopes(value, error, np.all(fine | shrinks, axis=1), still)


def _central(
    function: Callable[[Any], Any],
    z: Any,
    base: Any,
    directions: Sequence[Direction],
    t: float,
    weights: Any,
    rounding: Any,
) -> tuple[Any, Any, Any]:
    """Derivatives along directions with steps t and 2t, estimates of their errors, and where nothing moved."""
    samples = np.empty(
        (4, len(directions), len(base if weights is None else weights))
    )  # how far the values are from the base
    for i, (index, step) in enumerate(directions):
        for row, k in zip(samples, (t, -t, 2 * t, -2 * t)):
            moved = z.copy()
            moved[index] += k * step
            change = function(moved) - base
            row[i] = change if weights is None else weights @ change
    still = ~np.any(samples, axis=(0, 2))
    ahead, behind, far_ahead, far_behind = samples
    near, far = (ahead - behind) / (2 * t), (far_ahead - far_behind) / (4 * t)
    bend, far_bend = (ahead + behind) / t, (far_ahead + far_behind) / (2 * t)
    value = near + (near - far) / 3
    error = np.abs(near - far) / 3 + np.abs(far_bend - 2 * bend) + rounding
    return value, np.where(np.isfinite(value) & np.isfinite(error), error, np.inf), still


def complex_slopes(function: FlatFunction, weights: Any, z: Any, directions: Sequence[Direction]) -> Any:
    """Derivatives of an analytic function by the complex step, Im f(z + i·h·d) / h: no difference, no rounding error.

    Of shape (directions, weights); they are right only where f is analytic and computes with complex numbers:
    the caller must compare them with real differences.
    """
    h = 2.0**-70
    rows = []
    for index, step in directions:
        moved = z.astype(np.complex128)
        moved[index] += 1j * h * step
        rows.append(weights @ (function.complex_values(moved).imag / h))
    return np.stack(rows)


def one_by_one(flat: FlatFunction, z: Any) -> list[Direction]:
    """A direction for each element."""
    return [Direction(i, step) for i, step in enumerate(flat.sizes(z))]


def bits_of(flat: FlatFunction) -> int:
    """Bits of the fraction of the coarsest floating dtype that goes into f or comes out of it."""
    if not flat.outputs:
        _probe(flat)
    return min(
        DOUBLE,
        *(np.finfo(d).nmant for d in [*(s.dtype for s in flat.slots), *(dtype for _, dtype in flat.outputs)]),
    )


def _probe(flat: FlatFunction) -> list[tuple[tuple[int, ...], Any]]:
    flat.values(flat.point)
    return flat.outputs
