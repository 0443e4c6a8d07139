"""Resizing of sequences and images: each new element is read off between the old ones.

Along each axis the new elements are linear in the old ones, so linear and cubic interpolation and means are a
product with a matrix of weights for each axis; the nearest elements are taken, as 0 · ∞ would be NaN.
"""

import math
from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError, ShapeError
from ..foreign import beside
from ..table import primitive
from .adaptive import averages
from .window import Caller

MODES = {
    1: ("nearest", "nearest-exact", "area", "linear"),
    2: ("nearest", "nearest-exact", "area", "bilinear", "bicubic"),
}
CUBIC = -0.75  # the slope of the kernel at distance 1


# fmt: off
@primitive(x=lambda g, x_shape, places, axis: given_back(g, places, axis, x_shape[axis]))  # type: ignore[has-type]  # each the other's adjoint
def taken(x: Any, places: Any, axis: int) -> Any:
    """The elements at these places of an axis, which ascend: then their adjoint is several times as fast as np.take's."""
    return np.take(x, places, axis)

@primitive(y=lambda g, places, axis: taken(g, places, axis))
def given_back(y: Any, places: Any, axis: int, n: int) -> Any:
    """Zeros with n elements along an axis, with each element of y added at its place: all that are first there, then the second …"""
    there, first, times = np.unique(places, return_index=True, return_counts=True)
    total = np.zeros_like(y, order="C", shape=(*y.shape[:axis], n, *y.shape[axis + 1 :]))
    for k in range(np.max(times)):
        total[(*[slice(None)] * axis, as_slice(there[times > k]))] += np.take(y, first[times > k] + k, axis)
    return total
# fmt: on


def interpolate(
    x: Any, size: Any = None, *, scale_factor: Any = None, mode: str = "nearest", align_corners: bool = False
) -> Any:
    """Sequences or images of another size, whose elements are read off between the given ones.

    New element i is at the place (i + ½) s - ½ among the old ones, with s = 1 / scale_factor, or h / h'.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, l) or (n, c, h, w)
    size : int or (int, int), at least 1, optional
        Of the result; a number goes for both axes.
    scale_factor : float or (float, float), positive, optional
        In the place of a size: h' = ⌊h · scale_factor⌋.  An axis that keeps its length keeps its elements,
        in all modes but bicubic.
    mode : str, default="nearest"
        "nearest" takes the element ⌊i s⌋, and "nearest-exact" the one whose middle is nearest, ⌊(i + ½) s⌋;
        "linear" (of sequences) and "bilinear" (of images) are straight, and "bicubic" is smooth, between the
        neighbours; "area" takes means, as `adaptive_avg_pool2d`.  All but the nearest are products of
        matrices, in which 0 · ∞ is NaN: an infinite element makes NaN of the rest of its channel.
    align_corners : bool, default=False
        For linear, bilinear and bicubic: whether the ends of both are at the same places, with s = (h - 1) /
        (h' - 1) and new element i at i s.  PyTorch's recompute_scale_factor and antialias are not here.

    Returns
    -------
    Tensor or ndarray of shape (n, c, l') or (n, c, h', w')

    Raises
    ------
    ShapeError
        For an x of other axes, or an empty one.
    ArgumentError
        Unless one of size and scale_factor is given; for a mode that does not fit, and a size below 1.

    References
    ----------
    R. Keys (1981). Cubic convolution interpolation for digital image processing. IEEE Transactions on
    Acoustics, Speech, and Signal Processing 29. (with -0.75 for a)

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> x = np.array([[[1.0, 3.0]]])
    >>> tg.interpolate(x, scale_factor=2)
    array([[[1., 1., 3., 3.]]])
    >>> tg.interpolate(x, 4, mode="linear")
    array([[[1. , 1.5, 2.5, 3. ]]])
    >>> tg.interpolate(x, 5, mode="linear", align_corners=True)
    array([[[1. , 1.5, 2. , 2.5, 3. ]]])
    """
    return resized("interpolate", x, size, scale_factor, mode, align_corners)


def resized(name: str, x: Any, size: Any, scale_factor: Any, mode: str, align_corners: bool) -> Any:
    """The result of `interpolate`, for a function or layer of that name."""
    x = floating(x, name)
    if x.ndim not in (3, 4) or 0 in x.shape[2:]:
        raise ShapeError(
            f"{name} expects x of shape (n, c, l) or (n, c, h, w), and not empty; got {x.shape}."
        )
    caller = Caller(name, x.ndim - 2)
    check_settings(name, size, scale_factor, mode, align_corners)
    if mode not in MODES[caller.axes]:
        kind, fitting = ("sequences", "images")[caller.axes - 1], ", ".join(map(repr, MODES[caller.axes]))
        raise ArgumentError(
            f"{name}: the mode of {kind}, as {x.shape} are, is one of {fitting}; got {mode!r}."
        )
    lengths = x.shape[2:]
    if size is None:
        factors = positive(caller, scale_factor)
        counts = [math.floor(n * factor) for n, factor in zip(lengths, factors)]
        steps = [1 / factor for factor in factors]
    else:
        counts = list(caller.per_axis("size", size, 1))
        steps = [n / count for n, count in zip(lengths, counts)]
    if min(counts) < 1:
        raise ArgumentError(f"{name}: scale_factor {scale_factor} leaves nothing of x of shape {x.shape}.")
    for axis, (count, step) in enumerate(zip(counts, steps), 2):
        x = along(x, axis, count, step, mode, align_corners)
    return x


def positive(caller: Caller, scale_factor: Any) -> tuple[float, ...]:
    """A factor for each axis, from one for all or one for each."""
    factors = (
        tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * caller.axes
    )
    numbers = all(isinstance(f, (int, float, np.number)) and 0 < f < math.inf for f in factors)
    if len(factors) != caller.axes or not numbers:
        many = " or a pair of them" if caller.axes == 2 else ""
        raise ArgumentError(f"{caller.name}: scale_factor is a positive number{many}; got {scale_factor!r}.")
    return tuple(map(float, factors))


def check_settings(name: str, size: Any, scale_factor: Any, mode: str, align_corners: bool) -> None:
    """Refuse settings that fit no x."""
    if (size is None) == (scale_factor is None):
        raise ArgumentError(
            f"{name}: either size or scale_factor is given; got size={size} and scale_factor={scale_factor}."
        )
    if mode not in (known := list(dict.fromkeys([*MODES[1], *MODES[2]]))):
        raise ArgumentError(f"{name}: mode is one of {', '.join(map(repr, known))}; got {mode!r}.")
    if align_corners and mode not in ("linear", "bilinear", "bicubic"):
        raise ArgumentError(f"{name}: align_corners is for linear, bilinear and bicubic; got mode={mode!r}.")


def along(x: Any, axis: int, count: int, step: float, mode: str, align_corners: bool) -> Any:
    """x with so many elements along an axis, 2 or 3, each a step from the one before."""
    n = x.shape[axis]
    if count == n and mode != "bicubic":
        return x  # whatever the step, if a scale_factor changes nothing but for rounding
    if mode.startswith("nearest"):
        half = 0.5 if mode == "nearest-exact" else 0.0
        # In float32, as PyTorch has it for images: then both round i · step to the same integers.
        places = (np.arange(count, dtype=np.float32) + np.float32(half)) * np.float32(step)
        return taken(x, np.minimum(places.astype(int), n - 1), axis)
    if mode == "area":
        weights = averages(count, n, x.dtype)
    else:
        step = (n - 1) / max(count - 1, 1) if align_corners else step
        places = np.arange(count) * step if align_corners else (np.arange(count) + 0.5) * step - 0.5
        weights = (cubic if mode == "bicubic" else linear)(places, n).astype(x.dtype)
    return np.matmul(x, weights.T) if axis == x.ndim - 1 else np.matmul(weights, x)


def as_slice(places: Any) -> Any:
    """Ascending places as a slice, which is several times as fast as a key, if they are evenly spaced."""
    step = places[1] - places[0] if len(places) > 1 else 1
    even = np.array_equal(places, beside(np.arange(len(places)), places) * step + places[0])
    return slice(places[0], places[-1] + 1, step) if even else places


def linear(places: Any, n: int) -> Any:
    """(count, n): each row the shares of the two neighbours of a place, among n elements."""
    places = np.clip(places, 0, n - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(n)))


def cubic(places: Any, n: int) -> Any:
    """(count, n): each row the shares of the four neighbours of a place; the ends stand for those beyond."""
    low = np.floor(places).astype(int)
    weights = np.zeros((len(places), n))
    for neighbour in range(-1, 3):
        d = np.abs(places - low - neighbour)
        near = (CUBIC + 2) * d**3 - (CUBIC + 3) * d**2 + 1
        far = CUBIC * (d**3 - 5 * d**2 + 8 * d - 4)
        share = np.where(d <= 1, near, far)
        weights[np.arange(len(places)), np.clip(low + neighbour, 0, n - 1)] += share
    return weights
