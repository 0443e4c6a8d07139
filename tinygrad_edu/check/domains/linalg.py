"""How the functions of linear algebra are called: matrices that are far from singular, of values that are far
apart.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import decomposition, eigen, linalg
from ..strategies import arrays, shapes
from .domain import CLOSE, Call, Domain, call, case, choice

Draw = Callable[[Any], Any]
ORDERS = [None, 1, -1, 2, -2, 3, 0.5, np.inf, -np.inf]
MATRIX = ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
CHAINS = [[(2, 3), (3, 1)], [(3,), (3, 2), (2, 2)], [(2, 3), (3, 2), (2,)]]


def square(d: Draw, *, stacked: bool = True) -> Any:
    """Square matrices, in stacks or alone, whose singular values lie between 2 and 14."""
    n, stack = d(st.integers(1, 3)), d(shapes(0, 1, max_side=2)) if stacked else ()
    return d(arrays((*stack, n, n))) + 8 * np.eye(n)


def by_inverse(a: Any) -> Any:
    """The cofactors of regular matrices."""
    return np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2)


def weighed(d: Draw) -> Any:
    """A weight for each element of square matrices, and these."""
    a = square(d)
    return call(d(arrays(a.shape)), a)


def symmetric(d: Draw) -> Any:
    """Symmetric matrices of distinct positive eigenvalues."""
    a = square(d)
    n = a.shape[-1]
    small = (a + np.swapaxes(a, -1, -2) - 16 * np.eye(n)) / 16
    return small + np.diag([4.0, 8.0, 16.0][:n])


def tall(d: Draw) -> Any:
    """Matrices of full rank and distinct singular values, with more rows than columns or fewer."""
    m, n, stack = d(st.integers(1, 4)), d(st.integers(1, 4)), d(shapes(0, 1, max_side=2))
    return d(arrays((*stack, m, n))) / 8 + 4 * np.eye(m, n) * np.arange(1, n + 1)


def solvable(d: Draw) -> Call:
    a = square(d)
    n = a.shape[-1]
    shape = d(
        st.sampled_from(
            [(n,), (n, 2), (*a.shape[:-1], 1), (2, *a.shape[:-2], n, 2)][: 4 if a.ndim == 2 else 3]
        )
    )
    return call(a, d(arrays(shape)))


def normed(d: Draw) -> Call:
    x = d(arrays(shapes(1, 3, min_side=1), away_from=(0,), distinct=True))
    if x.ndim == 1 or d(st.booleans()):
        axis = d(st.integers(-x.ndim, x.ndim - 1))
        return call(
            x,
            d(st.sampled_from(ORDERS)),
            None if x.ndim == 1 and d(st.booleans()) else axis,
            d(st.booleans()),
        )
    return call(x, None, None, d(st.booleans()))


def vector_normed(d: Draw) -> Call:
    x = d(arrays(shapes(1, 3, min_side=1), away_from=(0,), distinct=True))
    return call(x, ord=d(st.sampled_from(ORDERS[1:])), keepdims=d(st.booleans()))


def crossed(d: Draw) -> Call:
    stack = d(shapes(0, 1, max_side=2))
    return call(d(arrays((*stack, 3))), d(arrays((3,))))


def separate(d: Draw, m: int, n: int) -> Any:
    """A matrix of full rank whose singular values are far apart, with no element near 0."""
    return d(arrays((m, n), away_from=(0,))) / 8 + 4 * np.eye(m, n) * np.arange(1, n + 1)


def steady(f: Callable[..., Any]) -> Callable[..., bool]:
    """Whether the signs that NumPy gives to vectors, which are free, are those of all matrices nearby."""

    def is_steady(c: Call) -> bool:
        a, *rest = c.args
        moves = [np.ones_like(a), *(e.reshape(a.shape) for e in np.eye(a.size))]
        here = list(f(a, *rest, **c.kwargs))
        near = [f(a + sign * CLOSE * move, *rest, **c.kwargs) for move in moves for sign in (1, -1)]
        return all(np.abs(y - z).max(initial=0) < 1 / 4 for other in near for y, z in zip(here, other))

    return is_steady


def decomposed(f: Callable[..., Any], build: Callable[[Draw], Call], reference: Any = None) -> Domain:
    """Calls at which a decomposition is continuous."""
    domain = case(build, reference=reference, regular=True)
    return Domain(domain.calls.filter(steady(f)), reference, True)


def factored(d: Draw) -> Any:
    """Matrices for qr, alone or in stacks."""
    m, n = d(st.integers(1, 4)), d(st.integers(1, 3))
    one = separate(d, m, n)
    return np.stack([one, separate(d, m, n)]) if d(st.booleans()) else one


def symmetric_off_zero(d: Draw) -> Any:
    """Matrices of distinct eigenvalues, of which one triangle is read."""
    n = d(st.integers(1, 3))
    return d(arrays((n, n), away_from=(0,))) / 4 + np.diag([4.0, 8.0, 16.0][:n])


def general(d: Draw, *, stacked: bool = True) -> Any:
    """Matrices without symmetry, of real eigenvalues that are far apart."""
    n, stack = d(st.integers(1, 3)), d(shapes(0, 1, max_side=2)) if stacked else ()
    return d(arrays((*stack, n, n), away_from=(0,))) / 8 + np.diag([4.0, 8.0, 16.0][:n])


def overdetermined(d: Draw) -> Call:
    m, n = d(st.sampled_from([(3, 2), (2, 2), (2, 3), (1, 1), (4, 1)]))
    return call(
        separate(d, m, n), d(arrays(d(st.sampled_from([(m,), (m, 2)])))), d(st.sampled_from([None, -1, 0.4]))
    )


def inverted(d: Draw) -> Call:
    """A matrix and how to cut its singular values, which lie near 4, 8 and 12."""
    a = separate(d, d(st.integers(1, 3)), d(st.integers(1, 3)))
    return call(a, **d(st.sampled_from([{}, {"rcond": 0.48}, {"rtol": 0.82}, {"rcond": 1e-9}])))


def conditioned(d: Draw) -> Call:
    n = d(st.integers(1, 3))
    return call(separate(d, n, n), d(st.sampled_from([None, 2, -2, "fro", 1, np.inf])))


def thin(a: Any, **_: Any) -> Any:
    return np.linalg.svd(a, full_matrices=False)


# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
    np.linalg.inv:          case(lambda d: call(square(d)), regular=True),
    np.linalg.pinv:         case(lambda d: d(st.one_of(st.just(call(tall(d))), st.just(inverted(d)))), regular=True),
    np.linalg.solve:        case(solvable, regular=True),
    np.linalg.det:          case(lambda d: call(square(d))),
    np.linalg.slogdet:      case(lambda d: call(square(d)), regular=True),
    np.linalg.cholesky:     case(lambda d: call(symmetric(d), upper=d(st.booleans())), regular=True),
    np.linalg.eigh:         decomposed(np.linalg.eigh, lambda d: call(symmetric_off_zero(d), d(choice("L", "U")))),
    np.linalg.eigvalsh:     case(lambda d: call(symmetric(d), d(choice("L", "U"))), regular=True),
    np.linalg.eig:          decomposed(np.linalg.eig, lambda d: call(general(d, stacked=False))),
    np.linalg.eigvals:      decomposed(np.linalg.eigvals, lambda d: call(general(d))),
    np.linalg.svd:          decomposed(np.linalg.svd, lambda d: call(factored(d), full_matrices=False)),
    np.linalg.svdvals:      case(lambda d: call(tall(d)), regular=True),
    np.linalg.qr:           decomposed(np.linalg.qr, lambda d: call(factored(d), d(choice("reduced", "r")))),
    np.linalg.norm:         case(normed, regular=True),
    np.linalg.vector_norm:  case(vector_normed, regular=True),
    np.linalg.matrix_norm:  case(lambda d: call(tall(d) + 33 / 256, ord=d(st.sampled_from(MATRIX)), keepdims=d(st.booleans())), regular=True),
    np.linalg.lstsq:        case(overdetermined, regular=True),
    np.linalg.cond:         case(conditioned, regular=True),
    np.linalg.matrix_power: case(lambda d: call(square(d) / 8, d(st.integers(-2, 4))), regular=True),
    np.linalg.multi_dot:    case(lambda d: call([d(arrays(s)) for s in d(st.sampled_from(CHAINS))])),
    np.linalg.tensorinv:    case(lambda d: call(np.reshape(d(arrays((6, 6))) + 16 * np.eye(6), (2, 3, 6)), 2), regular=True),
    np.linalg.tensorsolve:  case(lambda d: call(np.reshape(d(arrays((6, 6))) + 16 * np.eye(6), (2, 3, 6)), d(arrays((2, 3)))), regular=True),
    np.linalg.diagonal:     case(lambda d: call(square(d), offset=d(st.integers(-1, 1)))),
    np.linalg.trace:        case(lambda d: call(square(d), offset=d(st.integers(-1, 1)))),
    np.cross:               case(crossed),
    np.linalg.cross:        case(crossed),
    linalg.cofactors:       case(lambda d: call(square(d)), reference=by_inverse, regular=True),
    linalg.minors:          case(weighed, reference=linalg.minors_by_inverse, regular=True),
    decomposition.thin_svd:        decomposed(thin, lambda d: call(factored(d)), thin),
    decomposition.allowed:         case(lambda d: call(d(arrays()), np.zeros(2, bool), ""), reference=lambda m, mask, why: m),
    eigen.characteristic:          case(lambda d: call(square(d, stacked=False) / 8), reference=np.poly),
    decomposition.reduced_qr:      decomposed(np.linalg.qr, lambda d: call(factored(d)), np.linalg.qr),
}
# fmt: on
