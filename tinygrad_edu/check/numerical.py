"""Numerical derivatives that know how far to trust themselves.

Central differences at two steps, t and 2t, are combined so that the error falls with t⁴ (Richardson), and their
disagreement estimates the error.  Where it is too large, other steps are tried and the best one is kept.  A kink shows in
the second difference, which for a smooth function is proportional to t, and across a kink is not: it counts as error too,
so that a slope at a kink is never trusted.

`numerical_vjp` and `numerical_jvp` are the public forms; `slopes` is what gradcheck uses.

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
_STEPS = (0.23, 0.33, 0.13, 0.42, 0.52)  # as powers of the rounding error: 2⁻¹² for float64, then smaller and larger ones


class Direction(NamedTuple):
    """Elements of the flat input, and how far each of them moves for t = 1; a power of two for a single one."""

    index: Any
    step: Any


class Slopes(NamedTuple):
    """Directional derivatives: arrays of shape (directions, values).

    ``sound`` tells for each direction whether the error estimate itself can be trusted: it is small, or shrinks with the
    step, or is the rounding error of f.  Near a kink it is not.
    """

    value: Any
    error: Any
    sound: Any

    def where(self, chosen: Any) -> "Slopes":
        """Those of some of the directions."""
        return Slopes(self.value[chosen], self.error[chosen], self.sound[chosen])


def slopes(
    function: Callable[[Any], Any],
    z: Any,
    directions: Sequence[Direction],
    size: Any,
    *,
    bits: int = DOUBLE,
    rtol: float = 1e-6,
    thorough: bool = False,
) -> Slopes:
    """Derivatives of a vector function along directions.

    Parameters
    ----------
    function : callable
        From a vector of shape (n,) to one of shape (c,).
    z : ndarray of shape (n,)
    directions : sequence of Direction
    size : ndarray of shape (c,)
        The magnitude of the terms that make up each value: times 2**-bits it is their rounding error.
    bits : int, default=52
        Bits of the fraction of the dtype that f computes in.
    rtol : float, default=1e-6
        The relative error at which no further steps are tried.
    thorough : bool, default=False
        Try all the steps, and count the spread of their results as error.

    Returns
    -------
    Slopes
    """
    count, base = len(directions), function(z)
    value, error = np.zeros((count, base.size)), np.full((count, base.size), np.inf)
    first, small = np.zeros_like(error), np.full_like(error, np.inf)  # the errors at the first step, and at a thousandth of it
    steps = [2.0 ** -round(power * bits) for power in _STEPS]
    noise = np.ldexp(size, -bits)
    floor = 16 * noise / steps[0]
    tried = []
    todo = np.arange(count)
    for k, t in enumerate(steps):
        v, e = _central(function, z, base, [directions[int(i)] for i in todo], t, 2 * noise / t)
        unmoved = (v == 0) & (error[todo] < 0.1 * np.abs(value[todo]))  # f was seen to move: this step is below its rounding
        better = (e < error[todo]) & ~unmoved
        value[todo], error[todo] = np.where(better, v, value[todo]), np.where(better, e, error[todo])
        if k in (0, 3):
            (small if k else first)[todo] = e
        if thorough:
            tried.append((v, e))
            continue
        enough = rtol * np.max(np.abs(value[todo]), axis=1, keepdims=True) + floor
        flat = (value[todo] == 0) & (error[todo] <= 2 * noise / t)  # a step function, seen from close enough
        todo = todo[~np.all((error[todo] <= enough) | flat, axis=1)]
        if not todo.size:
            break
    for v, e in tried:
        error = np.maximum(error, np.where(e <= 10 * error, np.abs(v - value), 0))
    scale = np.max(np.abs(value), axis=1, keepdims=True)
    fine = error <= 1e-2 * scale + 1e-7 * np.max(scale, initial=0) + 8 * floor
    shrinks = (small <= first / 8) & np.isfinite(error)
    return Slopes(value, error, np.all(fine | shrinks, axis=1))


def _central(function: Callable[[Any], Any], z: Any, base: Any, directions: Sequence[Direction], t: float, rounding: Any) -> tuple[Any, Any]:
    """Derivatives along directions with steps t and 2t, and estimates of their errors."""
    samples = np.empty((4, len(directions), base.size))
    for i, (index, step) in enumerate(directions):
        for row, k in zip(samples, (t, -t, 2 * t, -2 * t)):
            moved = z.copy()
            moved[index] += k * step
            row[i] = function(moved)
    ahead, behind, far_ahead, far_behind = samples
    near, far = (ahead - behind) / (2 * t), (far_ahead - far_behind) / (4 * t)
    bend, far_bend = (ahead + behind - 2 * base) / t, (far_ahead + far_behind - 2 * base) / (2 * t)
    value = near + (near - far) / 3
    error = np.abs(near - far) / 3 + np.abs(far_bend - 2 * bend) + rounding
    return value, np.where(np.isfinite(value) & np.isfinite(error), error, np.inf)


def complex_slopes(function: FlatFunction, weights: Any, z: Any, directions: Sequence[Direction]) -> Any:
    """Derivatives of an analytic function by the complex step, Im f(z + i·h·d) / h: no difference, no rounding error.

    Of shape (directions, weights); they are right only where f is analytic and computes with complex numbers: the caller
    must compare them with real differences.
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


def numerical_vjp(f: Callable[..., Any], inputs: Sequence[Any], cotangent: Any) -> tuple[list[Any], list[Any]]:
    """The gradients of ⟨cotangent, f(*inputs)⟩, element by element, by differences.

    Parameters
    ----------
    f : callable
        Takes the inputs by position; returns a Tensor or array, or a tuple, list or dict of them.
    inputs : sequence
        Floating tensors and arrays are differentiated; everything else is handed to f as it is.
    cotangent : array_like, or a sequence of them if f has several outputs

    Returns
    -------
    gradients : list of ndarray
        One for each floating input, of its shape, float64.
    errors : list of ndarray
        An estimate of the absolute error of each element; infinite where f is not finite nearby.

    Examples
    --------
    >>> (gradient,), (error,) = numerical_vjp(np.square, [np.array([1.0, 3.0])], np.array([1.0, -2.0]))
    >>> np.round(gradient, 6)
    array([  2., -12.])
    >>> bool(np.max(error) < 1e-6)
    True
    """
    flat = FlatFunction(f, inputs)
    parts = cotangent if isinstance(cotangent, (tuple, list)) and len(flat.outputs or _probe(flat)) > 1 else [cotangent]
    u = np.concatenate([np.ravel(np.asarray(getattr(part, "data", part) if hasattr(part, "backward") else part, np.float64)) for part in parts])
    directions = one_by_one(flat, flat.point)
    size = np.abs(u) @ np.abs(flat.values(flat.point))
    with np.errstate(all="ignore"):
        found = slopes(lambda z: np.atleast_1d(u @ flat.values(z)), flat.point, directions, np.atleast_1d(size), bits=bits_of(flat))
    step = np.array([d.step for d in directions])
    gradient, error = found.value[:, 0] / step, found.error[:, 0] / step
    return [gradient[s.range].reshape(s.shape) for s in flat.slots], [error[s.range].reshape(s.shape) for s in flat.slots]


def numerical_jvp(f: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The derivative of f along tangents, by differences.

    Parameters
    ----------
    f, inputs
        As for `numerical_vjp`.
    tangents : sequence of array_like
        One for each floating input.

    Returns
    -------
    tangents : list of ndarray
        One for each floating output, float64.
    errors : list of ndarray
        An estimate of the absolute error of each element.

    Examples
    --------
    >>> (tangent,), _ = numerical_jvp(np.square, [np.array([1.0, 3.0])], [np.array([1.0, -1.0])])
    >>> np.round(tangent, 6)
    array([ 2., -6.])
    """
    flat = FlatFunction(f, inputs)
    d = np.concatenate([np.zeros(0), *(np.ravel(np.asarray(getattr(t, "data", t) if hasattr(t, "backward") else t, np.float64)) for t in tangents)])
    moving = np.flatnonzero(d)
    scale = float(np.min(flat.sizes(flat.point)[moving] / np.abs(d[moving]), initial=np.inf))  # t = 1 moves no element by more than its size
    scale = scale if np.isfinite(scale) else 1.0
    with np.errstate(all="ignore"):
        found = slopes(flat.values, flat.point, [Direction(slice(None), scale * d)], np.abs(flat.values(flat.point)), bits=bits_of(flat))
    return _shaped(found.value[0] / scale, flat), _shaped(found.error[0] / scale, flat)


def bits_of(flat: FlatFunction) -> int:
    """Bits of the fraction of the coarsest floating dtype that goes into f or comes out of it."""
    if not flat.outputs:
        _probe(flat)
    return min(DOUBLE, *(np.finfo(d).nmant for d in [*(s.dtype for s in flat.slots), *(dtype for _, dtype in flat.outputs)]))


def _probe(flat: FlatFunction) -> list[tuple[tuple[int, ...], Any]]:
    flat.values(flat.point)
    return flat.outputs


def _shaped(vector: Any, flat: FlatFunction) -> list[Any]:
    ends = np.cumsum([int(np.prod(shape)) for shape, _ in flat.outputs])
    return [piece.reshape(shape) for piece, (shape, _) in zip(np.split(vector, ends[:-1]), flat.outputs)]
