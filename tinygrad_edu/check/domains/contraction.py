"""Domains of sums, products and other reductions, and of the contractions of several arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from ...ops import contraction
from ..strategies import Draw, Shape, arrays, axes, einsums, shapes
from .domain import Call, Domain, Domains, call, case, choice, masked, reduction, running


def deviating() -> Domain:
    """At least two values in each group, all different, so that no deviation is 0."""

    def build(d: Draw) -> Call:
        a = d(arrays(shapes(1, 2, min_side=2), distinct=True))
        axis = d(axes(a.ndim, min_size=1))
        settings: dict[str, Any] = {d(choice("ddof", "correction")): d(choice(0, 1, 0.5)), "axis": axis}
        if d(st.booleans()):
            settings["where"] = masked(d, a, axis, 2)
        if d(st.booleans()):
            settings["mean"] = 4.0
        return call(a, keepdims=d(st.booleans()), **settings)

    return case(build)


def gufunc(signature: str) -> Domain:
    """Arguments whose last axes fit a signature, and whose first ones broadcast."""
    drawn = hnp.mutually_broadcastable_shapes(signature=signature, max_dims=1, min_side=0, max_side=2)
    return case(lambda d: call(*[d(arrays(s)) for s in d(drawn).input_shapes]))


def shaped(*pairs: tuple[Shape, Shape]) -> Domain:
    """Two arrays of one of these pairs of shapes."""
    return case(lambda d: call(*[d(arrays(s)) for s in d(choice(*pairs))]))


def summed_over(d: Draw) -> Call:
    """Two arrays, and the axes over which their product is summed."""
    s1, s2, over = d(choice(
        ((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2,), (3,), 0), ((2, 3), (3, 2), ((0, 1), (1, 0))),
        ((2, 2, 1), (3, 2), (0, -1)), ((2, 0), (0, 3), 1), ((0, 2), (2, 0), 1),
    ))  # fmt: skip
    return call(d(arrays(s1)), d(arrays(s2)), axes=over)


def subscripted(drawn: SearchStrategy[tuple[str, tuple[Shape, ...]]]) -> Callable[[Draw], Call]:
    """Subscripts, and arrays of the shapes that come with them."""

    def build(d: Draw) -> Call:
        subscripts, operands = d(drawn)
        return call(subscripts, *[d(arrays(s)) for s in operands])

    return build


def layer(d: Draw) -> Call:
    """Rows, a weight, and perhaps a bias."""
    n_in, n_out = d(st.integers(1, 3)), d(st.integers(1, 2))
    x = d(arrays((*d(shapes(0, 2, max_side=2)), n_in)))
    weight, bias = d(arrays((n_out, n_in))), d(arrays((n_out,)))
    return call(x, weight, bias) if d(st.booleans()) else call(x, weight)


def linear_by_hand(x: Any, weight: Any, bias: Any = 0) -> Any:
    return np.matmul(x, weight.T) + bias


explicit = einsums().filter(lambda drawn: "->" in drawn[0] and "." not in drawn[0])

# fmt: off
DOMAINS: Domains = {
    **dict.fromkeys((np.add.reduce, np.sum, np.multiply.reduce, np.prod), reduction(initial=True, where=0)),
    **dict.fromkeys((np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce, np.max, np.min),
                    reduction(min_side=1, distinct=True, initial=True, where=0, needed=True)),
    **dict.fromkeys((np.logaddexp.reduce, np.logaddexp2.reduce), reduction(min_side=1, initial=True, where=1)),
    **dict.fromkeys((np.var, np.std), deviating()),
    np.ptp:              reduction(min_side=1, distinct=True),
    **dict.fromkeys((np.add.accumulate, np.multiply.accumulate), running()),
    **dict.fromkeys((np.cumsum, np.cumprod), running(none=True)),
    np.mean:             reduction(min_side=1, where=1),

    np.matmul:           gufunc("(n?,k),(k,m?)->(n?,m?)"),
    np.linalg.matmul:    gufunc("(n,k),(k,m)->(n,m)"),
    **dict.fromkeys((np.vecdot, np.linalg.vecdot), gufunc("(n),(n)->()")),
    **dict.fromkeys((np.tensordot, np.linalg.tensordot), case(summed_over)),
    np.dot:              shaped(((), (2,)), ((2, 1), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)),
                                ((2,), (2, 2, 3)), ((0, 2), (2, 2))),
    np.inner:            shaped(((), (2,)), ((2, 1), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (1, 3)),
                                ((2,), (2, 2, 2)), ((0, 2), (3, 2))),
    np.vdot:             shaped(((3,), (3,)), ((2, 3), (6,)), ((2, 1), (1, 2)), ((), ()), ((0,), (0,))),
    np.linalg.outer:     case(lambda d: call(d(arrays(shapes(1, 1))), d(arrays(shapes(1, 1))))),
    np.einsum:           case(subscripted(einsums())),
    contraction.einsum:  case(subscripted(explicit), reference=np.einsum),
    contraction.linear:  case(layer, reference=linear_by_hand),
}
for alias, function in ((np.amax, np.max), (np.amin, np.min)):  # other objects in older versions of NumPy
    DOMAINS.setdefault(alias, DOMAINS[function])
if hasattr(np, "matvec"):  # NumPy 2.2
    DOMAINS |= {np.matvec: gufunc("(m,n),(n)->(m)"), np.vecmat: gufunc("(n),(n,m)->(m)")}
# fmt: on
