"""`numerical_vjp`, `numerical_jvp`: derivatives of functions of trees, with an estimate of each error."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import plain
from .adapter import FlatFunction
from .differences import Direction, one_by_one, slopes
from .ladder import Ladder
from .leaves import Array, as_parts, from_parts


def numerical_vjp(
    f: Callable[..., Any], inputs: Sequence[Any], cotangent: Any
) -> tuple[list[Array], list[Array]]:
    """The gradients of ``⟨cotangent, f(*inputs)⟩``, element by element, by differences.

    Parameters
    ----------
    f : callable
        Takes the inputs by position; returns a Tensor or array, or a tuple, list or dict of them.
    inputs : sequence
        Trees of tensors, arrays and numbers, as `grad` takes them: the floating leaves are differentiated,
        everything else is handed to f as it is.
    cotangent : array_like, or a sequence of them if f has several outputs

    Returns
    -------
    gradients : list of ndarray
        One for each floating leaf, in their order, of its shape, float64.
    errors : list of ndarray
        An estimate of the absolute error of each element; infinite where f is not finite nearby.  Of a
        complex element, real and imaginary parts apart, as gradients have them.

    Examples
    --------
    >>> (gradient,), (error,) = numerical_vjp(np.square, [np.array([1.0, 3.0])], np.array([1.0, -2.0]))
    >>> np.round(gradient, 6)
    array([  2., -12.])
    >>> bool(np.max(error) < 1e-6)
    True
    """
    flat = FlatFunction(f, inputs)
    point, bits, base = flat.point, flat.bits, flat.values(flat.point)
    several = isinstance(cotangent, (tuple, list)) and len(flat.outputs) > 1
    parts = cotangent if several else [cotangent]
    u = np.concatenate([_vector(part, "numerical_vjp: cotangent") for part in parts])
    directions, terms = one_by_one(flat, point), np.abs(base)
    with np.errstate(all="ignore"):
        found = slopes(flat.values_around, point, directions, weights=u[None], bits=bits)
        value, error = found.value[:, 0], found.error[:, 0]
        for i in np.flatnonzero(~found.sound | (error > 1e-6 * np.abs(value))):
            closer = Ladder(flat.values_around, point, base, directions[i], bits).slope(u[None], terms)
            if closer is not None and (closer[1][0] < error[i] or not found.sound[i]):
                (value[i],), (error[i],) = closer
    step = np.array([d.step for d in directions])
    gradient, error = value / step, error / step
    return [slot.of(gradient) for slot in flat.slots], [slot.of(error) for slot in flat.slots]


def numerical_jvp(
    f: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]
) -> tuple[list[Array], list[Array]]:
    """The derivative of f along tangents, by differences.

    Parameters
    ----------
    f, inputs
        As for `numerical_vjp`.
    tangents : sequence of array_like
        One for each floating leaf of the inputs.

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
    tangent = np.concatenate([np.zeros(0), *(_vector(t, "numerical_jvp: a tangent") for t in tangents)])
    moving = np.flatnonzero(tangent)
    sizes = flat.sizes(flat.point, 2.0**-10)[moving]
    scale = float(np.min(sizes / np.abs(tangent[moving]), initial=np.inf))
    scale = scale if np.isfinite(scale) else 1.0  # t = 1 moves no element by more than its size
    direction = Direction(slice(None), scale * tangent)
    with np.errstate(all="ignore"):
        found = slopes(flat.values_around, flat.point, [direction], bits=flat.bits)
    return _shaped(found.value[0] / scale, flat), _shaped(found.error[0] / scale, flat)


def _vector(values: Any, who: str) -> Array:
    """The elements of an array_like, float64; of complex ones both parts in turn."""
    return as_parts(plain(values, who)).astype(np.float64)


def _shaped(vector: Array, flat: FlatFunction) -> list[Array]:
    """The outputs of f, from a vector of all their elements."""
    pieces = np.split(vector, np.cumsum(flat.counts)[:-1])
    return [from_parts(piece, *output) for piece, output in zip(pieces, flat.outputs)]
