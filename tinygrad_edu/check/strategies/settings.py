"""What else functions are called with: axes, keys, subscripts of `numpy.einsum`, labels of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from .values import Draw, Shape, broadcastable, once


@st.composite
def axes(draw: Draw, ndim: int, *, none: bool = True, many: bool = True, min_size: int = 0) -> Any:
    """Values of ``axis=`` for ``ndim`` axes: None, an int of either sign, or a tuple of different ones.

    Parameters
    ----------
    ndim : int
    none : bool, default=True
        Whether None may be drawn; without axes, and without tuples, nothing else can be.
    many : bool, default=True
        Whether tuples may be drawn.
    min_size : int, default=0
        The smallest length of a tuple.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(axes(3), lambda axis: isinstance(axis, tuple) and len(axis) == 2)
    (0, 1)
    """
    return draw(_axes(ndim, none, many, min_size))


@once
def _axes(ndim: int, none: bool, many: bool, min_size: int) -> SearchStrategy[Any]:
    signed = [sign for axis in range(ndim) for sign in (axis, axis - ndim)]
    choices: list[SearchStrategy[Any]] = [st.none()] if none else []
    choices += [st.sampled_from(signed)] if signed else []
    if many and ndim >= min_size:
        one, place = st.sampled_from(signed or [0]), lambda axis: axis % max(ndim, 1)
        choices += [st.lists(one, min_size=min_size, max_size=ndim, unique_by=place).map(tuple)]
    return st.one_of(choices)


@st.composite
def keys(draw: Draw, shape: Shape, *, advanced: bool = True) -> Any:
    """Keys that index an array of that shape: integers, slices, Ellipsis, newaxis, arrays, masks.

    Integers may be negative, slices may run backwards, and arrays may name an element several times.

    Parameters
    ----------
    shape : tuple of int
    advanced : bool, default=True
        Whether arrays of integers and of booleans may be drawn, alone and among slices and integers.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(keys((3,)), lambda key: isinstance(key, np.ndarray) and key.dtype == int and key.size > 1)
    array([0, 0])
    """
    kinds = ["basic", "mask", "array", "array", "several"] if advanced and shape else ["basic"]
    kind = draw(st.sampled_from(kinds))
    if kind == "array" and shape[0]:
        return draw(_places(draw(_few), shape[0]))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=4))
    if kind == "mask":
        n = draw(st.integers(1, len(shape)))
        return draw(hnp.arrays(bool, shape[:n], elements=st.booleans(), fill=st.nothing()))
    together = draw(_few)
    parts: list[Any] = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        slices: list[SearchStrategy[Any]] = [st.just(slice(None)), st.slices(n)]
        places = [_places(together, n), st.integers(-n, n - 1)] if n else []
        parts.append(draw(st.one_of(places + slices)))
    if draw(st.booleans()) and len(parts) < 3:
        extra = draw(st.sampled_from([None, Ellipsis]))
        # The Ellipsis comes last where axes are to be left alone.
        anywhere = extra is None or len(parts) == len(shape)
        parts.insert(draw(st.integers(0, len(parts))) if anywhere else len(parts), extra)
    return parts[0] if len(parts) == 1 else tuple(parts)


_few = hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3)


@once
def _places(shape: Shape, n: int) -> SearchStrategy[Any]:
    """Arrays of places along an axis of n elements, counted from either end."""
    return hnp.arrays(np.intp, shape, elements=st.integers(-n, n - 1), fill=st.nothing())


@st.composite
def einsums(draw: Draw, max_operands: int = 3) -> tuple[str, tuple[Shape, ...]]:
    """Subscripts for `numpy.einsum` and shapes of operands: sums, diagonals, implicit outputs, ellipses.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(einsums(), lambda drawn: drawn[0].startswith("ii"))
    ('ii->', ((1, 1),))
    """
    sizes = {letter: draw(st.integers(1, 3)) for letter in "ijk"}
    terms = draw(st.lists(st.text("ijk", min_size=0, max_size=2), min_size=1, max_size=max_operands))
    used = sorted(set("".join(terms)))
    batches: Sequence[Shape] = [()] * len(terms)
    dots = ""
    if draw(st.integers(0, 3)) == 3:
        dots, batches = "...", draw(broadcastable(len(terms), max_dims=1, max_side=2))
    output = "".join(draw(st.permutations(used)))[: draw(st.integers(0, len(used)))] if used else ""
    subscripts = ",".join(dots + term for term in terms)
    if draw(st.integers(0, 3)) < 3:
        subscripts += "->" + dots + output
    operands = [(*batch, *(sizes[letter] for letter in term)) for batch, term in zip(batches, terms)]
    return subscripts, tuple(operands)


@once
def labels(shape: Shape, classes: int) -> SearchStrategy[Any]:
    """Arrays of class labels in [0, classes).

    Examples
    --------
    >>> from hypothesis import find
    >>> find(labels((2,), 3), lambda y: y.max() == 2)
    array([0, 2])
    """
    return hnp.arrays(np.intp, shape, elements=st.integers(0, classes - 1), fill=st.nothing())
