"""What functions are called with: numbers, shapes, arrays of every layout, and gradients of outputs."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from ...debug import read_only
from ...tensor import Tensor

Shape = tuple[int, ...]
Draw = Callable[[SearchStrategy[Any]], Any]

STEP = 1 / 16


def numbers(
    low: float = -3, high: float = 3, *, away_from: Sequence[float] = (), margin: float = 1 / 8
) -> SearchStrategy[float]:
    """Finite floats of sensible size: multiples of 1/16, the simplest first.

    Parameters
    ----------
    low, high : float, default=-3, 3
        The range, both ends included.
    away_from : sequence of float, default=()
        Kinks and poles.
    margin : float, default=1/8
        How far to stay from them.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(numbers(away_from=(0,)), lambda x: x < 0)
    -0.125
    """
    return _numbers(low, high, tuple(away_from), margin)


# A strategy is made once for each of its settings: to make one takes longer than to draw from it.
once = lru_cache(maxsize=4096)


@once
def _numbers(low: float, high: float, away_from: tuple[float, ...], margin: float) -> SearchStrategy[float]:
    return st.sampled_from(_grid(low, high, away_from, margin))


@once
def _grid(low: float, high: float, away_from: tuple[float, ...], margin: float) -> tuple[float, ...]:
    grid = [k * STEP for k in range(math.ceil(low / STEP), math.floor(high / STEP) + 1)]
    allowed = [x for x in grid if all(abs(x - p) >= margin for p in away_from)]
    return tuple(sorted(allowed, key=lambda x: (abs(x), -x)))


@once
def _several(values: tuple[float, ...], n: int, distinct: bool = False) -> SearchStrategy[list[float]]:
    """Lists of n of these values: a byte of one draw for each, where that can be, since draws take time."""
    if distinct or len(values) > 256:
        return st.lists(st.sampled_from(values), min_size=n, max_size=n, unique=distinct)
    return st.binary(min_size=n, max_size=n).map(lambda drawn: [values[k % len(values)] for k in drawn])


@once
def shapes(
    min_dims: int = 0, max_dims: int = 3, *, min_side: int = 0, max_side: int = 3
) -> SearchStrategy[Shape]:
    """Shapes of arrays with at most twelve elements; 0-d and empty ones if ``min_dims``, ``min_side`` allow.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(min_side=1), lambda shape: len(shape) == 2)
    (1, 1)
    """
    drawn = hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return drawn.filter(lambda s: math.prod(s) <= 12)


@once
def broadcastable(n: int = 2, *, max_dims: int = 2, max_side: int = 3) -> SearchStrategy[tuple[Shape, ...]]:
    """Tuples of ``n`` shapes that broadcast together; any may be 0-d or empty, or have axes of length 1.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(broadcastable(2), lambda shapes: shapes[0] == (1,) and shapes[1] != (1,))
    ((1,), ())
    """
    several = hnp.mutually_broadcastable_shapes
    drawn = several(num_shapes=n, max_dims=max_dims, min_side=0, max_side=max_side)
    return drawn.map(lambda shapes: shapes.input_shapes)


def arrays(
    shape: Shape | SearchStrategy[Shape] | None = None,
    *,
    low: float = -3,
    high: float = 3,
    away_from: Sequence[float] = (),
    margin: float = 1 / 8,
    distinct: bool = False,
    dtype: Any = np.float64,
) -> SearchStrategy[Any]:
    """Arrays of `numbers`, away from the kinks.

    Parameters
    ----------
    shape : tuple of int, or a strategy of them, optional
        By default any of `shapes`.
    low, high : float, default=-3, 3
        The range, both ends included.
    away_from : sequence of float, default=()
        Kinks and poles.
    margin : float, default=1/8
        How far to stay from them.
    distinct : bool, default=False
        Whether no two elements may be equal: ties are kinks of max and min.
    dtype : dtype, default=float64

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays((2,), distinct=True), lambda x: True)
    array([0.    , 0.0625])
    """
    shape = shapes() if shape is None else shape
    return _arrays(shape, _grid(low, high, tuple(away_from), margin), distinct, np.dtype(dtype))


@once
def _arrays(
    shape: Shape | SearchStrategy[Shape], values: tuple[float, ...], distinct: bool, dtype: Any
) -> SearchStrategy[Any]:
    return _filled(shape, values, distinct, dtype)


@st.composite
def _filled(
    draw: Draw, shape: Shape | SearchStrategy[Shape], values: tuple[float, ...], distinct: bool, dtype: Any
) -> Any:
    shape = shape if isinstance(shape, tuple) else draw(shape)
    return np.array(draw(_several(values, math.prod(shape), distinct)), dtype=dtype).reshape(shape)


def complexes(shape: Shape | SearchStrategy[Shape] | None = None, **options: Any) -> SearchStrategy[Any]:
    """Complex arrays: the real parts as `arrays` draws them, with these options; the imaginary ones as
    `imaginary` does.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(complexes((1,), low=1), lambda z: True)
    array([1.+0.3125j])
    """
    return arrays(shape, **options).flatmap(imaginary)


def imaginary(real: Any) -> SearchStrategy[Any]:
    """Complex arrays with the given real part: off the real axis, where branches are cut, and so near to it
    that the cuts of the imaginary axis, which begin at ±i, are out of reach; and at no step of a rounding.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(imaginary(np.ones(1)), lambda z: z.imag[0] < 0)
    array([1.-0.3125j])
    """
    parts = _several(_IMAGINARY, real.size)
    return parts.map(lambda drawn: np.asarray(real + 1j * np.array(drawn, real.dtype).reshape(real.shape)))


_IMAGINARY = tuple(sign * k * STEP for k in (5, 7, 9, 11) for sign in (1, -1))


def tensors(shape: Shape | SearchStrategy[Shape] | None = None, **options: Any) -> SearchStrategy[Tensor]:
    """Tensors that require a gradient; the options are those of `arrays`.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(tensors(()), lambda x: x.item() > 1)
    Tensor(1.0625, requires_grad=True)
    """
    return arrays(shape, **options).map(lambda array: Tensor(array, requires_grad=True))


def cotangents(like: Any) -> SearchStrategy[Any]:
    """Gradients for an output: of both signs, never 0 or ±1, so that a rule that forgets g is seen.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(cotangents(np.ones(2, np.float32)), lambda g: True)
    array([0.125, 0.125], dtype=float32)
    """
    kind = np.finfo(like.dtype).dtype if like.dtype.kind == "c" else like.dtype
    drawn = arrays(like.shape, low=-2, high=2, away_from=(-1, 0, 1), dtype=kind)
    return drawn.flatmap(imaginary) if like.dtype.kind == "c" else drawn


_LAYOUTS = [st.sampled_from(["C", "F", "reversed", "strided", *["broadcast"] * n]) for n in (False, True)]


@st.composite
def layouts(draw: Draw, array: Any, *, repeats: bool = True) -> Any:
    """The array in another layout: C, Fortran, reversed, every other element, stride 0; perhaps read-only.

    Stride 0 repeats the first element along an axis, so that its values differ from those of ``array``; the
    shape and the dtype are the same in every layout.

    Parameters
    ----------
    array : ndarray
    repeats : bool, default=True
        Whether stride 0 may be drawn: it makes a matrix singular.

    Examples
    --------
    >>> from hypothesis import find
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> find(layouts(x), lambda y: y.strides == (-24, -8)).tolist()
    [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    """
    everywhere: Any = (..., *[slice(None, None, -1)] * array.ndim)
    kind = draw(_LAYOUTS[repeats])
    if kind == "reversed":
        array = array[everywhere].copy()[everywhere]
    elif kind == "strided":
        every_other: Any = (..., *[slice(None, None, 2)] * array.ndim)
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        wide[every_other] = array
        array = wide[every_other]
    elif kind == "broadcast" and array.size and array.ndim:
        axis = draw(st.integers(0, array.ndim - 1))
        array = np.broadcast_to(np.take(array, [0], axis), array.shape)  # read-only already
    else:
        array = array.copy(order="F" if kind == "F" else "C")
    return read_only(array) if draw(st.booleans()) else array
