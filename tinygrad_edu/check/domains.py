"""Where each function of the table is differentiable: how to call it, and which points to stay away from.

`DOMAINS` has one entry for every function that differentiates or is composite; the test of the table runs every property
on calls drawn from it.  In a call, every floating array is differentiated; integer and boolean arrays and Python numbers
are settings.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from ..ops import activation, contraction, elementwise, indexing, loss, random, shape
from .strategies import Draw, arrays, axes, broadcastable, einsums, keys, labels, shapes

CLOSE = 1 / 32  # nothing is drawn nearer to a kink; numerical differentiation steps less far


class Call(NamedTuple):
    """The arguments of one call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Domain:
    """How a function can be called where it is differentiable.

    Attributes
    ----------
    calls : strategy of Call
        Calls away from the kinks.
    reference : callable, optional
        The same function in plain NumPy, written for clarity; by default NumPy's own, which our own operations lack.
    exact : bool, default=True
        Whether the values of tensors are bit for bit those of the reference, and not only up to rounding.
    """

    calls: SearchStrategy[Call]
    reference: Callable[..., Any] | None = None
    exact: bool = True


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


def case(draw_call: Callable[[Draw], Call], *, kinks: Callable[..., Any] | None = None, **options: Any) -> Domain:
    """A domain from a function that draws a call; ``kinks``, of the same arguments, is zero where there is a kink."""
    calls = st.composite(draw_call)()
    if kinks is not None:
        calls = calls.filter(lambda c: bool(np.all(np.absolute(kinks(*c.args)) > CLOSE)))
    return Domain(calls, **options)


def unary(low: float = -3, high: float = 3, away_from: tuple[float, ...] = (), **options: Any) -> Domain:
    return case(lambda d: call(d(arrays(low=low, high=high, away_from=away_from))), **options)


def binary(x1: SearchStrategy[Any] | None = None, x2: SearchStrategy[Any] | None = None, **options: Any) -> Domain:
    """Two arguments that broadcast; the elements of each from a strategy of `arrays` that takes the shape."""

    def drawn(d: Draw) -> Call:
        first, second = d(broadcastable())
        return call(d(arrays(first, **(x1 or {}))), d(arrays(second, **(x2 or {}))))

    return case(drawn, **options)


def outer(x1: Any = None, x2: Any = None, kinks: Callable[..., Any] | None = None) -> Domain:
    """Two arguments of any shapes, each element of the one with each of the other."""
    vector = shapes(max_dims=2, max_side=2)
    pairs = None if kinks is None else lambda a, b: kinks(np.reshape(a, (-1, 1)), np.reshape(b, -1))
    return case(lambda d: call(d(arrays(vector, **(x1 or {}))), d(arrays(vector, **(x2 or {})))), kinks=pairs)


def reduction(low: float = -3, min_side: int = 0, distinct: bool = False, **options: Any) -> Domain:
    def drawn(d: Draw) -> Call:
        a = d(arrays(shapes(min_side=min_side), low=low, distinct=distinct))
        return call(a, axis=d(axes(a.ndim)), keepdims=d(st.booleans()))

    return case(drawn, **options)


def running(none: bool = False) -> Domain:
    return case(lambda d: call(a := d(arrays(shapes(min_dims=1))), axis=d(axes(a.ndim, none=none, many=False))))


def spread() -> Domain:
    """Variance and deviation: at least two different values in each group, so that neither is 0."""

    def drawn(d: Draw) -> Call:
        a = d(arrays(shapes(min_dims=1, min_side=2), distinct=True))
        return call(a, axis=d(axes(a.ndim, min_size=1)), ddof=d(st.sampled_from([0, 1, 0.5])), keepdims=d(st.booleans()))

    return case(drawn)


def several(*sides: int, min_dims: int = 0, max_dims: int = 2) -> Domain:
    """Functions of a list of arrays that differ at most along one axis."""

    def drawn(d: Draw) -> Call:
        s = d(shapes(min_dims=min_dims, max_dims=max_dims, max_side=2))
        return call([d(arrays(s)) for _ in range(d(st.integers(1, 3)))])

    return case(drawn)


def joined(function: str, axis: int) -> Domain:
    """Lists of arrays of different lengths along one axis."""

    def drawn(d: Draw) -> Call:
        s = d(shapes(min_dims=axis + 1, max_side=2))
        lengths = d(st.lists(st.integers(0, 2), min_size=1, max_size=3))
        return call([d(arrays((*s[:axis], n, *s[axis + 1 :]))) for n in lengths])

    return case(drawn)


def vectors(*signature: str) -> Callable[[Draw], Call]:
    """Arguments whose last axes fit the signature of a generalized ufunc, and whose first broadcast."""
    drawn = hnp.mutually_broadcastable_shapes(signature=signature[0], max_dims=1, min_side=0, max_side=2)
    return lambda d: call(*(d(arrays(s)) for s in d(drawn).input_shapes))
