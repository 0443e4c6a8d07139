"""What a call and a domain are, and the elements and families of calls that domains are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from ..strategies import Draw, arrays, axes, once, shapes

CLOSE = 1 / 256  # nothing is drawn nearer to a kink
SMALL = shapes(max_dims=2, max_side=2)

Function = Callable[..., Any]


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
        The same function in plain NumPy, for operations that NumPy lacks.
    regular : bool, default=False
        Whether an array may lie outside once an element of it is repeated along an axis: a singular matrix.
    """

    calls: SearchStrategy[Call]
    reference: Function | None = None
    regular: bool = False


Domains = dict[Function, Domain]


def call(*args: Any, **kwargs: Any) -> Call:
    """A call, written as one."""
    return Call(args, kwargs)


def case(
    build: Callable[[Draw], Call],
    *,
    kinks: Function | None = None,
    reference: Function | None = None,
    regular: bool = False,
) -> Domain:
    """A domain from a function that draws a call; ``kinks`` of its arguments is zero where one is."""
    calls = _built(build)
    if kinks is not None:
        calls = calls.filter(lambda c: bool(np.all(np.absolute(kinks(*c.args)) > CLOSE)))
    return Domain(calls, reference, regular)


@st.composite
def _built(draw: Draw, build: Callable[[Draw], Call]) -> Call:
    return build(draw)  # one composite strategy for all: to make one, hypothesis parses the source


# ---- elements ----------------------------------------------------------------------------------------------


def off_zero(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which quotients are tame."""
    return arrays(shape, away_from=(0,), margin=1 / 4)


def choice(*values: Any) -> SearchStrategy[Any]:
    """One of these values."""
    try:
        return _choice(*values)
    except TypeError:  # lists and arrays have no hash
        return st.sampled_from(values)


@lru_cache(maxsize=1024, typed=True)
def _choice(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


def one_axis(a: Any) -> SearchStrategy[Any]:
    """An axis of an array, of either sign."""
    return axes(a.ndim, none=False, many=False)


def order(a: Any) -> SearchStrategy[Any]:
    """All the axes of an array, in any order, counted from the end."""
    return st.permutations(range(-a.ndim, 0))


@once
def booleans(shape: Any) -> SearchStrategy[Any]:
    """Masks and conditions."""
    return hnp.arrays(bool, shape, elements=st.booleans(), fill=st.nothing())


@once
def integers(shape: Any, low: int, high: int) -> SearchStrategy[Any]:
    """Places, counts and exponents in [low, high]."""
    return hnp.arrays(np.intp, shape, elements=st.integers(low, high), fill=st.nothing())


# ---- families of calls -------------------------------------------------------------------------------------


def unary(
    low: float = -3, high: float = 3, *away_from: float, margin: float = 1 / 8, reference: Any = None
) -> Domain:
    """One array of any shape."""
    elements = arrays(low=low, high=high, away_from=away_from, margin=margin)
    return case(lambda d: call(d(elements)), reference=reference)


def masked(d: Draw, a: Any, axis: Any, least: int = 0) -> Any:
    """A value of ``where=`` that leaves at least so many elements to each group."""
    mask = d(st.one_of(st.just(True), booleans(a.shape), booleans(a.shape[-1:])))
    left = np.add.reduce(np.broadcast_to(mask, a.shape), axis=axis)
    return mask if np.all(left >= least) else True


def reduction(
    min_side: int = 0,
    *,
    distinct: bool = False,
    elements: Callable[..., Any] = arrays,
    initial: bool = False,
    needed: bool = False,
    where: int | None = None,
) -> Domain:
    """One array, its axes, and whether to keep them.

    With ``initial``, a value to start with too, which is ``needed`` where a mask may leave nothing else; with
    ``where``, a mask, which leaves at least so many elements to each group.
    """

    def build(d: Draw) -> Call:
        a = d(elements(shapes(min_side=min_side), distinct=distinct))
        settings = {"axis": d(axes(a.ndim)), "keepdims": d(st.booleans())}
        if where is not None and d(st.booleans()):
            settings["where"] = masked(d, a, settings["axis"], where)
        if initial and ((needed and "where" in settings) or d(st.booleans())):
            settings["initial"] = d(choice(-1.03, 2.53))  # on no grid, so that it ties with no element
        return call(a, **settings)

    return case(build)


def running(*, none: bool = False) -> Domain:
    """One array and the axis along which it accumulates."""
    drawn = arrays(shapes(min_dims=1))
    return case(lambda d: call(a := d(drawn), axis=d(axes(a.ndim, none=none, many=False))))
