"""The vocabulary of `domains`: what a call and a domain are, and the families of calls that many functions share."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from .strategies import Draw, Shape, arrays, axes, broadcastable, keys, labels, shapes

CLOSE = 1 / 256  # nothing is drawn nearer to a kink


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
    """

    calls: SearchStrategy[Call]
    reference: Callable[..., Any] | None = None


def call(*args: Any, **kwargs: Any) -> Call:
    """A call, written as one."""
    return Call(args, kwargs)


def case(
    build: Callable[[Draw], Call],
    *,
    kinks: Callable[..., Any] | None = None,
    reference: Callable[..., Any] | None = None,
) -> Domain:
    """A domain from a function that draws a call; ``kinks``, of the same arguments, is zero where there is a kink."""
    calls = st.composite(build)()
    if kinks is not None:
        calls = calls.filter(lambda c: bool(np.all(np.absolute(kinks(*c.args)) > CLOSE)))
    return Domain(calls, reference)


# ---- elements ----------------------------------------------------------------------------------------------


def nonzero(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which quotients are tame."""
    return arrays(shape, away_from=(0,), margin=1 / 4)


def positive(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which powers and logarithms are tame."""
    return arrays(shape, low=1 / 4)


def odd(shape: Any = None) -> SearchStrategy[Any]:
    """Divisors of which few multiples lie on the grid that all numbers come from."""
    return arrays(shape, away_from=(0,), margin=1).map(lambda x: np.asarray(x * 1.03))


def from_multiple(x1: Any, x2: Any) -> Any:
    """How far x2 is from where x1 is a multiple of it."""
    n = np.rint(x1 / x2)
    return (x1 - n * x2) / np.maximum(np.absolute(n), 1)


def choice(*values: Any) -> SearchStrategy[Any]:
    """One of these values."""
    return st.sampled_from(values)


def one_axis(a: Any) -> SearchStrategy[Any]:
    """An axis of an array, of either sign."""
    return axes(a.ndim, none=False, many=False)


def order(a: Any) -> SearchStrategy[Any]:
    """All the axes of an array, in any order, counted from the end."""
    return st.permutations(range(-a.ndim, 0))


def booleans(shape: Any) -> SearchStrategy[Any]:
    """Masks and conditions."""
    return hnp.arrays(bool, shape, elements=st.booleans(), fill=st.nothing())


def integers(shape: Any, low: int, high: int) -> SearchStrategy[Any]:
    """Places, counts and exponents in [low, high]."""
    return hnp.arrays(np.intp, shape, elements=st.integers(low, high), fill=st.nothing())


# ---- families ----------------------------------------------------------------------------------------------


def unary(
    low: float = -3, high: float = 3, *away_from: float, margin: float = 1 / 8, reference: Any = None
) -> Domain:
    """One array of any shape."""
    return case(
        lambda d: call(d(arrays(low=low, high=high, away_from=away_from, margin=margin))), reference=reference
    )


class Pair(NamedTuple):
    """Two arguments of a ufunc: the elements of each, and the kinks."""

    x1: Callable[..., Any] = arrays
    x2: Callable[..., Any] = arrays
    kinks: Callable[..., Any] | None = None

    def broadcast(self) -> Domain:
        """Arguments that broadcast; one of them may be a Python number."""

        def build(d: Draw) -> Call:
            s1, s2 = d(broadcastable())
            number = d(st.sampled_from([0, 0, 0, 1, 2]))
            return call(
                d(self.x1(())).item() if number == 1 else d(self.x1(s1)),
                d(self.x2(())).item() if number == 2 else d(self.x2(s2)),
            )

        return case(build, kinks=self.kinks)

    def outer(self) -> Domain:
        """Arguments of any shapes: every element of the one meets every element of the other."""
        kinks = self.kinks
        meet = None if kinks is None else lambda a, b: kinks(np.reshape(a, (-1, 1)), np.reshape(b, -1))
        return case(lambda d: call(d(self.x1(d(SMALL))), d(self.x2(d(SMALL)))), kinks=meet)


SMALL = shapes(max_dims=2, max_side=2)


def masked(d: Draw, a: Any, axis: Any, least: int = 0) -> Any:
    """A value of ``where=`` that leaves at least so many elements to each group; it broadcasts to the array."""
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
    return case(
        lambda d: call(a := d(arrays(shapes(min_dims=1))), axis=d(axes(a.ndim, none=none, many=False)))
    )


def deviating(*, elements: Callable[..., Any] = arrays) -> Domain:
    """At least two values in each group, all different, so that no deviation is 0."""

    def build(d: Draw) -> Call:
        a = d(elements(shapes(1, 2, min_side=2), distinct=True))
        axis = d(axes(a.ndim, min_size=1))
        settings: dict[str, Any] = {d(choice("ddof", "correction")): d(choice(0, 1, 0.5)), "axis": axis}
        if d(st.booleans()):
            settings["where"] = masked(d, a, axis, 2)
        if d(st.booleans()):
            settings["mean"] = 4.0
        return call(a, keepdims=d(st.booleans()), **settings)

    return case(build)


def alike(min_dims: int = 0) -> SearchStrategy[list[Any]]:
    """Lists of arrays of one shape."""
    return shapes(min_dims, 2, max_side=2).flatmap(lambda s: st.lists(arrays(s), min_size=1, max_size=3))


@st.composite
def joinable(draw: Draw, axis: int | None = None) -> Any:
    """Lists of arrays that differ in length along one axis, and that axis."""
    s = draw(shapes(1 if axis is None else axis + 1, 3 if axis == 2 else 2, max_side=2))
    axis = draw(st.integers(-len(s), len(s) - 1)) if axis is None else axis
    i = axis % len(s)
    lengths = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    return [draw(arrays((*s[:i], n, *s[i + 1 :]))) for n in lengths], axis


def joining(axis: int) -> Domain:
    """Lists of arrays for vstack and its kin: joinable ones, or those of too few axes, all alike."""
    joined = joinable(axis).map(itemgetter(0)).filter(lambda drawn: drawn[0].ndim >= 2)
    return case(lambda d: call(d(st.one_of(joined, alike()))))


def parted(min_dims: int = 1, *, exactly: bool = True, axis: int | None = None) -> Domain:
    """One array, places to part it or a number of parts, and the axis unless the function has its own."""

    def build(d: Draw) -> Call:
        a = d(arrays(shapes(min_dims, max_side=4)))
        along = d(one_axis(a)) if axis is None else axis
        n = a.shape[min(along, a.ndim - 1)]
        parts = [k for k in range(1, n + 2) if n % k == 0 or not exactly]
        where = d(st.one_of(st.sampled_from(parts), st.lists(st.integers(0, n), max_size=2).map(sorted)))
        return call(a, where, along) if axis is None else call(a, where)

    return case(build)


def gufunc(signature: str) -> Domain:
    """Arguments whose last axes fit a signature, and whose first ones broadcast."""
    drawn = hnp.mutually_broadcastable_shapes(signature=signature, max_dims=1, min_side=0, max_side=2)
    return case(lambda d: call(*[d(arrays(s)) for s in d(drawn).input_shapes]))


def shaped(*pairs: tuple[Shape, Shape]) -> Domain:
    """Two arrays of one of these pairs of shapes."""
    return case(lambda d: call(*[d(arrays(s)) for s in d(st.sampled_from(pairs))]))


def summed_over() -> Domain:
    """Two arrays, and the axes over which their product is summed."""
    choices = [
        ((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2,), (3,), 0), ((2, 3), (3, 2), ((0, 1), (1, 0))), ((2, 2, 1), (3, 2), (0, -1)),
        ((2, 0), (0, 3), 1), ((0, 2), (2, 0), 1),
    ]  # fmt: skip
    return case(
        lambda d: (lambda s1, s2, over: call(d(arrays(s1)), d(arrays(s2)), axes=over))(
            *d(st.sampled_from(choices))
        )
    )


def subscripted(drawn: SearchStrategy[tuple[str, tuple[Shape, ...]]]) -> Callable[[Draw], Call]:
    """Subscripts, and arrays of the shapes that come with them."""

    def build(d: Draw) -> Call:
        subscripts, operands = d(drawn)
        return call(subscripts, *[d(arrays(s)) for s in operands])

    return build


def layer(d: Draw) -> Call:
    """Rows, a weight, and perhaps a bias."""
    n_in, n_out = d(st.integers(1, 3)), d(st.integers(1, 2))
    x, weight, bias = (
        d(arrays((*d(shapes(0, 2, max_side=2)), n_in))),
        d(arrays((n_out, n_in))),
        d(arrays((n_out,))),
    )
    return call(x, weight, bias) if d(st.booleans()) else call(x, weight)


def two_axes(min_dims: int = 2) -> Domain:
    """One array, an offset and two different axes."""
    return case(lambda d: call(a := d(arrays(shapes(min_dims))), d(st.integers(-2, 2)), *d(order(a))[:2]))


def indexed(d: Draw) -> tuple[Any, Any]:
    """An array and a key of it."""
    a = d(arrays(st.one_of(shapes(1, 2, min_side=1), shapes(0, 2))))
    return a, d(keys(a.shape))


def logits_and_labels(d: Draw) -> Call:
    """Rows of logits, their labels, and a reduction."""
    x = d(arrays(shapes(2, 2, min_side=1)))
    return call(x, d(labels(x.shape[:1], x.shape[1])), d(st.sampled_from(["mean", "sum", "none"])), -1)


# ---- calls of one function ---------------------------------------------------------------------------------


def conditional(d: Draw) -> Call:
    """A condition and two arrays; all three broadcast."""
    condition, s1, s2 = d(broadcastable(3))
    return call(d(booleans(condition)), d(arrays(s1)), d(arrays(s2)))


def scaled(d: Draw) -> Call:
    """Numbers and exponents of two."""
    s1, s2 = d(broadcastable())
    return call(d(arrays(s1)), d(integers(s2, -2, 2)))


def clipped(d: Draw) -> Call:
    """Bounds that are numbers, by either of their names, or arrays, which share the gradient."""
    if d(st.booleans()):
        lower, upper = d(choice(("a_min", "a_max"), ("min", "max")))
        return call(d(arrays(away_from=(-1, 1))), **{lower: d(choice(-1, None)), upper: d(choice(1, None))})
    s1, s2, s3 = d(broadcastable(3))
    return call(
        d(arrays(s1, away_from=(-1, 1), margin=7 / 8)),
        d(arrays(s2, low=-1, high=-7 / 8)),
        d(arrays(s3, low=7 / 8, high=1)),
    )


def scattered(d: Draw) -> Call:
    """Values, a key, and the shape of what they are added to."""
    a, key = indexed(d)
    return call(d(arrays(np.shape(a[key]))), key, a.shape)


def taken(d: Draw) -> Call:
    """Places along an axis, out of range where the mode allows it."""
    a, mode = d(arrays(shapes(1, 2, min_side=1))), d(choice("raise", "wrap", "clip"))
    furthest = 0 if mode == "raise" else 4
    return call(
        a,
        d(integers(d(shapes(0, 2, max_side=2)), -1 - furthest, furthest)),
        axis=d(axes(a.ndim, many=False)),
        mode=mode,
    )


def taken_along(d: Draw) -> Call:
    """Places along an axis, some of them twice; they broadcast against the other axes."""
    places, axis = d(
        choice((integers((3, 3), -2, 1), 0), (integers((1, 2), -3, 2), -1), (integers((4,), -6, 5), None))
    )
    return call(d(arrays((2, 3))), d(places), axis)


def extracted(d: Draw) -> Call:
    """A mask and an array of its shape."""
    a = d(arrays())
    return call(d(booleans(a.shape)), a)


def reshaped(d: Draw) -> Call:
    """An array and another shape with as many elements."""
    s = d(shapes())
    return call(
        d(arrays(s)), d(st.one_of(st.just(-1), st.permutations(s).map(tuple))), order=d(choice("C", "F"))
    )


def moved(d: Draw) -> Call:
    """Some axes, and where they go."""
    a = d(arrays(shapes(1)))
    n = d(st.integers(1, a.ndim))
    return call(a, d(st.permutations(range(a.ndim)))[:n], d(order(a))[:n])


def rolled(d: Draw) -> Call:
    """One shift for one axis or several, or a shift for each axis."""
    a = d(arrays())
    one = st.tuples(st.integers(-3, 3), axes(a.ndim, min_size=1) if a.ndim else st.none())
    return call(a, *d(st.one_of(one, st.just(((1, -2), (0, -1)))) if a.ndim else one))


def repeated(d: Draw) -> Call:
    """A count for all elements, or one for each along the first axis."""
    a = d(arrays(shapes(1, 2)))
    counts = integers(a.shape[:1], 0, 2).map(lambda n: (n, 0))
    return call(a, *d(st.one_of(st.tuples(st.integers(0, 3), axes(a.ndim, many=False)), counts)))


def appended(d: Draw) -> Call:
    """Two arrays joined along an axis, or flattened first."""
    drawn, axis = d(joinable())
    return call(drawn[0], drawn[-1], d(choice(axis, None)))


def axis_first(d: Draw) -> Call:
    """An axis, and the arrays that are joined along it."""
    drawn, axis = d(joinable())
    return call(axis, *drawn)


def columns(d: Draw) -> Call:
    """Matrices with different numbers of columns, or vectors of one length."""
    return call(
        d(st.one_of(joinable(1).map(itemgetter(0)).filter(lambda drawn: drawn[0].ndim == 2), alike(1)))
    )


def stretched(d: Draw) -> Call:
    """An array, and a shape that it broadcasts to."""
    s, other = d(broadcastable())
    return call(d(arrays(s)), np.broadcast_shapes(s, other))


# ---- references for what NumPy lacks -----------------------------------------------------------------------


def softmax_by_hand(x: Any, axis: Any = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def cross_entropy_by_hand(logits: Any, labels: Any, reduction: str, axis: int) -> Any:
    picked = np.take_along_axis(softmax_by_hand(logits), np.expand_dims(labels, -1), -1)[..., 0]
    reduce: Any = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    return reduce(-np.log(picked))


def scatter_by_hand(values: Any, key: Any, shape: Any) -> Any:
    total = np.zeros(shape, values.dtype)
    np.add.at(total, key, values)
    return total


def setitem_by_hand(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[key] = value
    return x


def filled(d: Draw) -> Call:
    """An array, a key, and a value that fits there: of the item's shape, broadcast, or with axes of length 1 before it."""
    a, key = indexed(d)
    item = np.shape(a[key])
    fits = [item, item, ()]
    if item and not (isinstance(key, np.ndarray) and key.dtype == bool):  # a mask takes no other shapes
        fits += [item[1:], (1,) * len(item), (1, *item)]
    return call(a, key, d(arrays(d(st.sampled_from(fits)))))
