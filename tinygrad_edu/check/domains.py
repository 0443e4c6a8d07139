"""Where each function of the table is differentiable: how to call it, and which points to stay away from.

`DOMAINS` has one entry for every function that differentiates or is composite; the test of the table runs every property
on calls drawn from it.  In a call, every floating array is differentiated; integer and boolean arrays and Python numbers
are settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from ..ops import activation, contraction, elementwise, indexing, loss, random, shape
from .strategies import Draw, arrays, axes, broadcastable, einsums, keys, labels, numbers, shapes

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


def case(build: Callable[[Draw], Call], *, kinks: Callable[..., Any] | None = None, reference: Callable[..., Any] | None = None) -> Domain:
    """A domain from a function that draws a call; ``kinks``, of the same arguments, is zero where there is a kink."""
    calls = st.composite(build)()
    if kinks is not None:
        calls = calls.filter(lambda c: bool(np.all(np.absolute(kinks(*c.args)) > CLOSE)))
    return Domain(calls, reference)


# ---- elements ------------------------------------------------------------------------------------------------------------


def nonzero(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which quotients are tame."""
    return arrays(shape, away_from=(0,), margin=1 / 4)


def positive(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which powers and logarithms are tame."""
    return arrays(shape, low=1 / 4)


def odd(shape: Any = None) -> SearchStrategy[Any]:
    """Divisors of which few multiples lie on the grid that all numbers come from."""
    return nonzero(shape).map(lambda x: np.asarray(x * 1.03))


def booleans(shape: Any) -> SearchStrategy[Any]:
    """Masks and conditions."""
    return hnp.arrays(bool, shape, elements=st.booleans(), fill=st.nothing())


def integers(shape: Any, low: int, high: int) -> SearchStrategy[Any]:
    """Places, counts and exponents in [low, high]."""
    return hnp.arrays(np.intp, shape, elements=st.integers(low, high), fill=st.nothing())


# ---- families ------------------------------------------------------------------------------------------------------------


def unary(low: float = -3, high: float = 3, *away_from: float, margin: float = 1 / 8, reference: Any = None) -> Domain:
    """One array of any shape."""
    return case(lambda d: call(d(arrays(low=low, high=high, away_from=away_from, margin=margin))), reference=reference)


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
            return call(d(self.x1(())).item() if number == 1 else d(self.x1(s1)), d(self.x2(())).item() if number == 2 else d(self.x2(s2)))

        return case(build, kinks=self.kinks)

    def outer(self) -> Domain:
        """Arguments of any shapes: every element of the one meets every element of the other."""
        kinks = self.kinks
        meet = (lambda a, b: kinks(np.reshape(a, (-1, 1)), np.reshape(b, -1))) if kinks else None
        return case(lambda d: call(d(self.x1(d(SMALL))), d(self.x2(d(SMALL)))), kinks=meet)


SMALL = shapes(max_dims=2, max_side=2)


def reduction(min_side: int = 0, *, distinct: bool = False, elements: Callable[..., Any] = arrays) -> Domain:
    """One array, its axes, and whether to keep them."""
    return case(
        lambda d: call(a := d(elements(shapes(min_side=min_side), distinct=distinct)), axis=d(axes(a.ndim)), keepdims=d(st.booleans()))
    )


def running(*, none: bool = False) -> Domain:
    """One array and the axis along which it accumulates."""
    return case(lambda d: call(a := d(arrays(shapes(min_dims=1))), axis=d(axes(a.ndim, none=none, many=False))))


def deviating() -> Domain:
    """At least two values in each group, all different, so that no deviation is 0."""
    return case(
        lambda d: call(
            a := d(arrays(shapes(1, 2, min_side=2), distinct=True)), axis=d(axes(a.ndim, min_size=1)),
            ddof=d(st.sampled_from([0, 1, 0.5])), keepdims=d(st.booleans()),
        )
    )  # fmt: skip


def alike(min_dims: int = 0) -> SearchStrategy[list[Any]]:
    """Lists of arrays of one shape."""
    return shapes(min_dims, 2, max_side=2).flatmap(lambda s: st.lists(arrays(s), min_size=1, max_size=3))


@st.composite
def joinable(draw: Draw, axis: int | None = None) -> tuple[list[Any], int]:
    """Lists of arrays that differ in length along one axis, and that axis."""
    s = draw(shapes(1 if axis is None else axis + 1, 3 if axis == 2 else 2, max_side=2))
    axis = draw(axes(len(s), none=False, many=False)) if axis is None else axis
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
        along = d(axes(a.ndim, none=False, many=False)) if axis is None else axis
        n = a.shape[min(along, a.ndim - 1)]
        parts = [k for k in range(1, n + 2) if n % k == 0 or not exactly]
        where = d(st.one_of(st.sampled_from(parts), st.lists(st.integers(0, n), max_size=2).map(sorted)))
        return call(a, where, along) if axis is None else call(a, where)

    return case(build)


def gufunc(signature: str) -> Domain:
    """Arguments whose last axes fit a signature, and whose first ones broadcast."""
    drawn = hnp.mutually_broadcastable_shapes(signature=signature, max_dims=1, min_side=0, max_side=2)
    return case(lambda d: call(*[d(arrays(s)) for s in d(drawn).input_shapes]))


def shaped(*pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> Domain:
    """Two arrays of one of these pairs of shapes."""
    return case(lambda d: call(*[d(arrays(s)) for s in d(st.sampled_from(pairs))]))


def summed_over() -> Domain:
    """Two arrays, and the axes over which their product is summed."""
    choices = [
        ((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2,), (3,), 0), ((2, 3), (3, 2), ((0, 1), (1, 0))), ((2, 2, 1), (3, 2), (0, -1)),
        ((2, 0), (0, 3), 1), ((0, 2), (2, 0), 1),
    ]  # fmt: skip
    return case(lambda d: (lambda s1, s2, over: call(d(arrays(s1)), d(arrays(s2)), axes=over))(*d(st.sampled_from(choices))))


def subscripted(subscripts: str, drawn: tuple[tuple[int, ...], ...]) -> Callable[[Draw], Call]:
    """An einsum of arrays of these shapes."""
    return lambda d: call(subscripts, *[d(arrays(s)) for s in drawn])


def layer(d: Draw) -> Call:
    """Rows, a weight, and perhaps a bias."""
    n_in, n_out = d(st.integers(1, 3)), d(st.integers(1, 2))
    x, weight, bias = d(arrays((*d(shapes(0, 2, max_side=2)), n_in))), d(arrays((n_out, n_in))), d(arrays((n_out,)))
    return call(x, weight, bias) if d(st.booleans()) else call(x, weight)


def two_axes(min_dims: int = 2) -> Domain:
    """One array, an offset and two different axes."""
    return case(lambda d: call(a := d(arrays(shapes(min_dims))), d(st.integers(-2, 2)), *d(st.permutations(range(-a.ndim, 0)))[:2]))


def indexed(d: Draw) -> tuple[Any, Any]:
    """An array and a key of it."""
    a = d(arrays(st.one_of(shapes(1, 2, min_side=1), shapes(0, 2))))
    return a, d(keys(a.shape))


def logits_and_labels(d: Draw) -> Call:
    """Rows of logits, their labels, and a reduction."""
    x = d(arrays(shapes(2, 2, min_side=1)))
    return call(x, d(labels(x.shape[:1], x.shape[1])), d(st.sampled_from(["mean", "sum", "none"])), -1)


# ---- references for what NumPy lacks -------------------------------------------------------------------------------------


def softmax_by_hand(x: Any, axis: Any = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def cross_entropy_by_hand(logits: Any, labels: Any, reduction: str, axis: int) -> Any:
    picked = np.take_along_axis(softmax_by_hand(logits), np.expand_dims(labels, -1), -1)[..., 0]
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](-np.log(picked))


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


# ---- the domains ---------------------------------------------------------------------------------------------------------

# fmt: off
PAIRS: dict[np.ufunc, Pair] = {
    np.add:          Pair(),
    np.subtract:     Pair(),
    np.multiply:     Pair(),
    np.divide:       Pair(x2=nonzero),
    np.hypot:        Pair(kinks=np.hypot),
    np.arctan2:      Pair(kinks=lambda x1, x2: np.hypot(x1, np.maximum(x2, 0))),  # the cut runs along the negative axis
    np.logaddexp:    Pair(),
    np.logaddexp2:   Pair(),
    np.heaviside:    Pair(x1=nonzero),
    np.copysign:     Pair(nonzero, nonzero),
    np.floor_divide: Pair(nonzero, odd, kinks=lambda x1, x2: x1 / x2 - np.rint(x1 / x2)),
    np.remainder:    Pair(nonzero, odd, kinks=lambda x1, x2: x1 / x2 - np.rint(x1 / x2)),
    np.fmod:         Pair(nonzero, odd, kinks=lambda x1, x2: x1 / x2 - np.rint(x1 / x2)),
    np.maximum:      Pair(kinks=np.subtract),
    np.minimum:      Pair(kinks=np.subtract),
    np.fmax:         Pair(kinks=np.subtract),
    np.fmin:         Pair(kinks=np.subtract),
    np.power:        Pair(x1=positive),
    np.float_power:  Pair(x1=positive),
}

DOMAINS: dict[Callable[..., Any], Domain] = {
    **{ufunc: pair.broadcast() for ufunc, pair in PAIRS.items()},
    **{ufunc.outer: pair.outer() for ufunc, pair in PAIRS.items()},
    np.negative:     unary(),
    np.positive:     unary(),
    np.conjugate:    unary(),
    np.reciprocal:   unary(-3, 3, 0, margin=1 / 4),
    np.square:       unary(),
    np.sqrt:         unary(1 / 4),
    np.cbrt:         unary(-3, 3, 0, margin=1 / 4),
    np.exp:          unary(),
    np.exp2:         unary(),
    np.expm1:        unary(),
    np.log:          unary(1 / 4),
    np.log2:         unary(1 / 4),
    np.log10:        unary(1 / 4),
    np.log1p:        unary(-3 / 4),
    np.sin:          unary(),
    np.cos:          unary(),
    np.tan:          unary(-1.25, 1.25),
    np.arcsin:       unary(-3 / 4, 3 / 4),
    np.arccos:       unary(-3 / 4, 3 / 4),
    np.arctan:       unary(),
    np.sinh:         unary(),
    np.cosh:         unary(),
    np.tanh:         unary(),
    np.arcsinh:      unary(),
    np.arccosh:      unary(1.25),
    np.arctanh:      unary(-3 / 4, 3 / 4),
    np.deg2rad:      unary(),
    np.radians:      unary(),
    np.rad2deg:      unary(),
    np.degrees:      unary(),
    np.absolute:     unary(-3, 3, 0),
    np.fabs:         unary(-3, 3, 0),
    np.sign:         unary(-3, 3, 0),
    np.floor:        unary(-3, 3, *range(-3, 4)),
    np.ceil:         unary(-3, 3, *range(-3, 4)),
    np.trunc:        unary(-3, 3, *range(-3, 4)),
    np.fix:          unary(-3, 3, *range(-3, 4)),
    np.modf:         unary(-3, 3, *range(-3, 4)),
    np.rint:         unary(-3, 3, -2.5, -1.5, -.5, .5, 1.5, 2.5),
    np.round:        case(lambda d: call(d(arrays()), d(st.integers(-1, 1))), kinks=lambda a, n: np.abs(a * 10.**n) % 1 - .5),
    np.real:         unary(),
    np.real_if_close: unary(),
    np.nan_to_num:   unary(),
    np.divmod:       Pair(nonzero, odd, kinks=lambda x1, x2: x1 / x2 - np.rint(x1 / x2)).broadcast(),
    np.ldexp:        case(lambda d: (lambda s1, s2: call(d(arrays(s1)), d(integers(s2, -2, 2))))(*d(broadcastable()))),
    np.where:        case(lambda d: (lambda c, s1, s2: call(d(booleans(c)), d(arrays(s1)), d(arrays(s2))))(*d(broadcastable(3)))),
    np.astype:       case(lambda d: call(d(arrays()), np.float64, copy=d(st.booleans()))),
    np.clip:         case(lambda d: call(d(arrays(away_from=(-1, 1))), d(st.sampled_from([-1, None])), d(st.sampled_from([1, None])))),

    elementwise.clip_between: case(lambda d: call(d(arrays(away_from=(-1, 2))), -1, 2), reference=np.clip),
    elementwise.clip_below:   case(lambda d: call(d(arrays(away_from=(-1,))), -1), reference=np.maximum),
    elementwise.clip_above:   case(lambda d: call(d(arrays(away_from=(2,))), 2), reference=np.minimum),

    activation.relu:        unary(-3, 3, 0, reference=lambda x: np.where(x > 0, x, 0)),
    activation.leaky_relu:  case(lambda d: call(d(arrays(away_from=(0,))), d(numbers(0, 1))), reference=lambda x, slope: np.where(x > 0, x, slope * x)),
    activation.elu:         case(lambda d: call(d(arrays(away_from=(0,))), d(numbers(0, 2))), reference=lambda x, a: np.where(x > 0, x, a * (np.exp(x) - 1))),
    activation.sigmoid:     unary(reference=lambda x: 1 / (1 + np.exp(-x))),
    activation.softplus:    unary(reference=lambda x: np.log(1 + np.exp(x))),
    activation.softmax:     case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), axis=d(axes(a.ndim))), reference=softmax_by_hand),
    activation.log_softmax: case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), axis=d(axes(a.ndim))),
                                 reference=lambda x, axis: np.log(softmax_by_hand(x, axis))),
    activation._logsumexp:  case(lambda d: call(a := d(arrays(shapes(min_side=1))), d(axes(a.ndim))),
                                 reference=lambda x, axis: np.log(np.sum(np.exp(x), axis, keepdims=True))),
    loss.cross_entropy_of_labels: case(logits_and_labels, reference=cross_entropy_by_hand),
    random.masked:          case(lambda d: call(a := d(arrays()), d(booleans(a.shape)), 1.25), reference=lambda x, mask, scale: x * mask * scale),

    np.add.reduce:          reduction(),
    np.sum:                 reduction(),
    np.mean:                reduction(min_side=1),
    np.multiply.reduce:     reduction(),
    np.prod:                reduction(),
    np.maximum.reduce:      reduction(min_side=1, distinct=True),
    np.minimum.reduce:      reduction(min_side=1, distinct=True),
    np.max:                 reduction(min_side=1, distinct=True),
    np.min:                 reduction(min_side=1, distinct=True),
    np.ptp:                 reduction(min_side=1, distinct=True),
    np.logaddexp.reduce:    case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), axis=d(axes(a.ndim, none=False, many=False)))),
    np.var:                 deviating(),
    np.std:                 deviating(),
    np.add.accumulate:      running(),
    np.multiply.accumulate: running(),
    np.cumsum:              running(none=True),
    np.cumprod:             running(none=True),

    np.matmul:              gufunc("(n?,k),(k,m?)->(n?,m?)"),
    np.linalg.matmul:       gufunc("(n,k),(k,m)->(n,m)"),
    np.vecdot:              gufunc("(n),(n)->()"),
    np.linalg.vecdot:       gufunc("(n),(n)->()"),
    np.dot:                 shaped(((), (2,)), ((2, 1), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((2,), (2, 2, 3)), ((0, 2), (2, 2))),
    np.inner:               shaped(((), (2,)), ((2, 1), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (1, 3)), ((2,), (2, 2, 2)), ((0, 2), (3, 2))),
    np.vdot:                shaped(((3,), (3,)), ((2, 3), (6,)), ((2, 1), (1, 2)), ((), ()), ((0,), (0,))),
    np.outer:               Pair().outer(),
    np.linalg.outer:        case(lambda d: call(d(arrays(shapes(1, 1))), d(arrays(shapes(1, 1))))),
    np.tensordot:           summed_over(),
    np.linalg.tensordot:    summed_over(),
    contraction.linear:     case(layer, reference=lambda x, weight, bias=0: np.matmul(x, weight.T) + bias),
    np.einsum:              case(lambda d: subscripted(*d(einsums()))(d)),
    contraction.einsum:     case(lambda d: subscripted(*d(einsums().filter(lambda e: "->" in e[0] and "." not in e[0])))(d), reference=np.einsum),

    indexing.getitem:       case(lambda d: call(*indexed(d)), reference=lambda x, key: x[key]),
    indexing.scatter:       case(lambda d: (lambda a, key: call(d(arrays(np.shape(a[key]))), key, a.shape))(*indexed(d)), reference=scatter_by_hand),
    indexing.setitem:       case(filled, reference=setitem_by_hand),
    np.take:                case(lambda d: call(a := d(arrays(shapes(1, 2, min_side=1))), d(integers(d(shapes(0, 2, max_side=2)), -1, 0)), axis=d(axes(a.ndim, many=False)),
                                                mode=d(st.sampled_from(["raise", "wrap", "clip"])))),
    np.take_along_axis:     case(lambda d: call(d(arrays((2, 3))), *d(st.one_of(
                                st.tuples(integers((3, 3), -2, 1), st.just(0)), st.tuples(integers((1, 2), -3, 2), st.just(-1)), st.tuples(integers((4,), -6, 5), st.none()))))),
    np.compress:            case(lambda d: call(d(booleans((2,))), a := d(arrays(shapes(1, 2, min_side=2))), axis=d(axes(a.ndim, many=False)))),
    np.extract:             case(lambda d: (lambda a: call(d(booleans(a.shape)), a))(d(arrays()))),
    np.diagonal:            two_axes(),
    np.trace:               two_axes(),
    np.tril:                case(lambda d: call(d(arrays(shapes(1))), d(st.integers(-2, 2)))),
    np.triu:                case(lambda d: call(d(arrays(shapes(1))), d(st.integers(-2, 2)))),

    np.reshape:             case(lambda d: (lambda s: call(d(arrays(s)), d(st.permutations(s).map(tuple)), order=d(st.sampled_from("CF"))))(d(shapes()))),
    np.ravel:               case(lambda d: call(d(arrays()), d(st.sampled_from("CF")))),
    np.transpose:           case(lambda d: call(a := d(arrays()), d(st.one_of(st.none(), st.permutations(range(a.ndim)), st.permutations(range(-a.ndim, 0)))))),
    np.swapaxes:            case(lambda d: call(a := d(arrays(shapes(1))), d(axes(a.ndim, none=False, many=False)), d(axes(a.ndim, none=False, many=False)))),
    np.moveaxis:            case(lambda d: call(a := d(arrays(shapes(1))), d(st.permutations(range(a.ndim)))[:(n := d(st.integers(1, a.ndim)))], d(st.permutations(range(-a.ndim, 0)))[:n])),
    np.rollaxis:            case(lambda d: call(a := d(arrays(shapes(1))), d(axes(a.ndim, none=False, many=False)), d(st.integers(-a.ndim, a.ndim)))),
    np.squeeze:             case(lambda d: call(d(arrays((d(st.integers(0, 2)), 1, 2, 1))), d(st.sampled_from([None, 1, -1, (1, -1), ()])))),
    np.expand_dims:         case(lambda d: call(a := d(arrays(SMALL)), d(st.one_of(st.integers(-1 - a.ndim, a.ndim), st.just((0, -1)))))),
    np.matrix_transpose:    case(lambda d: call(d(arrays(shapes(2))))),
    np.broadcast_to:        case(lambda d: (lambda s, t: call(d(arrays(s)), np.broadcast_shapes(s, t)))(*d(broadcastable()))),
    np.broadcast_arrays:    case(lambda d: call(*[d(arrays(s)) for s in d(broadcastable(3))])),
    np.copy:                case(lambda d: call(d(arrays()), order=d(st.sampled_from("CFAK")))),
    np.flip:                case(lambda d: call(a := d(arrays()), axis=d(axes(a.ndim)))),
    np.flipud:              case(lambda d: call(d(arrays(shapes(1))))),
    np.fliplr:              case(lambda d: call(d(arrays(shapes(2))))),
    np.rot90:               case(lambda d: call(a := d(arrays(shapes(2))), d(st.integers(-2, 5)), tuple(d(st.permutations(range(-a.ndim, 0)))[:2]))),
    np.roll:                case(lambda d: call(a := d(arrays()), *d(st.one_of(st.tuples(st.integers(-3, 3), axes(a.ndim, min_size=1) if a.ndim else st.none()), st.just(((1, -2), (0, -1) if a.ndim else None)))))),
    np.repeat:              case(lambda d: call(a := d(arrays(shapes(1, 2))), *d(st.one_of(st.tuples(st.integers(0, 3), axes(a.ndim, many=False)), integers(a.shape[:1], 0, 2).map(lambda n: (n, 0)))))),
    np.tile:                case(lambda d: call(d(arrays(SMALL)), d(st.one_of(st.integers(0, 2), shapes(0, 3, max_side=2))))),
    np.atleast_1d:          case(lambda d: call(*d(alike()))),
    np.atleast_2d:          case(lambda d: call(*d(alike()))),
    np.atleast_3d:          case(lambda d: call(*d(alike()))),
    np.full_like:           case(lambda d: call(a := d(arrays()), d(arrays(d(st.sampled_from([(), a.shape])))))),

    np.concatenate:         case(lambda d: call(*d(st.one_of(joinable(), alike(1).map(lambda drawn: (drawn, None)))))),
    np.stack:               case(lambda d: call(drawn := d(alike()), axis=d(axes(drawn[0].ndim + 1, none=False, many=False)))),
    np.vstack:              joining(0),
    np.hstack:              joining(1),
    np.dstack:              joining(2),
    np.column_stack:        case(lambda d: call(d(st.one_of(joinable(1).map(lambda drawn: drawn[0]).filter(lambda drawn: drawn[0].ndim == 2), alike(1))))),
    np.append:              case(lambda d: (lambda drawn, axis: call(drawn[0], drawn[-1], d(st.sampled_from([axis, None]))))(*d(joinable()))),
    np.array_split:         parted(exactly=False),
    np.split:               parted(),
    np.vsplit:              parted(2, axis=0),
    np.hsplit:              parted(1, axis=1),
    np.dsplit:              parted(3, axis=2),
    np.unstack:             case(lambda d: call(a := d(arrays(shapes(1))), axis=d(axes(a.ndim, none=False, many=False)))),
    shape.concatenate:      case(lambda d: (lambda drawn, axis: call(axis, *drawn))(*d(joinable())), reference=lambda axis, *drawn: np.concatenate(drawn, axis)),
    shape.split:            case(lambda d: call(a := d(arrays(shapes(1))), d(st.integers(1, 3)), d(axes(a.ndim, none=False, many=False))),
                                 reference=lambda a, n, axis: tuple(np.array_split(a, n, axis))),
}

# The same functions under other names, on versions of NumPy where they are other objects.
for alias, function in [(np.amax, np.max), (np.amin, np.min), (np.around, np.round), (np.linalg.matrix_transpose, np.matrix_transpose)]:
    DOMAINS.setdefault(alias, DOMAINS[function])
if hasattr(np, "matvec"):  # NumPy 2.2
    DOMAINS |= {np.matvec: gufunc("(m,n),(n)->(m)"), np.vecmat: gufunc("(n),(n,m)->(m)")}
# fmt: on
