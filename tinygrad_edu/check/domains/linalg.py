"""How the functions of linear algebra are called: matrices that are far from singular, of values that are far apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import linalg
from ..strategies import arrays, shapes
from .domain import Call, Domain, call, case, choice

Draw = Callable[[Any], Any]
ORDERS = [None, 1, -1, 2, -2, 3, 0.5, np.inf, -np.inf]
MATRIX = ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
CHAINS = [[(2, 3), (3, 1)], [(3,), (3, 2), (2, 2)], [(2, 3), (3, 2), (2,)]]


def square(d: Draw, *, stacked: bool = True) -> Any:
    """Square matrices, in stacks or alone, whose singular values lie between 2 and 14."""
    n, stack = d(st.integers(1, 3)), d(shapes(0, 1, max_side=2)) if stacked else ()
    return d(arrays((*stack, n, n))) + 8 * np.eye(n)


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


# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
    np.linalg.inv:          case(lambda d: call(square(d))),
    np.linalg.pinv:         case(lambda d: call(tall(d))),
    np.linalg.solve:        case(solvable),
    np.linalg.det:          case(lambda d: call(square(d))),
    np.linalg.slogdet:      case(lambda d: call(square(d))),
    np.linalg.cholesky:     case(lambda d: call(symmetric(d), upper=d(st.booleans()))),
    np.linalg.eigh:         case(lambda d: call(symmetric(d), d(choice("L", "U")))),
    np.linalg.eigvalsh:     case(lambda d: call(symmetric(d), d(choice("L", "U")))),
    np.linalg.svd:          case(lambda d: call(tall(d), full_matrices=False)),
    np.linalg.svdvals:      case(lambda d: call(tall(d))),
    np.linalg.qr:           case(lambda d: call(tall(d), d(choice("reduced", "r")))),
    np.linalg.norm:         case(normed),
    np.linalg.vector_norm:  case(vector_normed),
    np.linalg.matrix_norm:  case(lambda d: call(tall(d) + .125, ord=d(st.sampled_from(MATRIX)), keepdims=d(st.booleans()))),
    np.linalg.lstsq:        case(lambda d: call(a := d(arrays((3, 2))) / 8 + 4 * np.eye(3, 2), d(arrays(a.shape[:1])))),
    np.linalg.cond:         case(lambda d: call(square(d), d(st.sampled_from([None, 2, -2, "fro", 1])))),
    np.linalg.matrix_power: case(lambda d: call(square(d) / 8, d(st.integers(-2, 4)))),
    np.linalg.multi_dot:    case(lambda d: call([d(arrays(s)) for s in d(st.sampled_from(CHAINS))])),
    np.linalg.tensorinv:    case(lambda d: call(np.reshape(d(arrays((6, 6))) + 16 * np.eye(6), (2, 3, 6)), 2)),
    np.linalg.tensorsolve:  case(lambda d: call(np.reshape(d(arrays((6, 6))) + 16 * np.eye(6), (2, 3, 6)), d(arrays((2, 3))))),
    np.linalg.diagonal:     case(lambda d: call(square(d), offset=d(st.integers(-1, 1)))),
    np.linalg.trace:        case(lambda d: call(square(d), offset=d(st.integers(-1, 1)))),
    np.cross:               case(crossed),
    np.linalg.cross:        case(crossed),
    linalg.cofactors:       case(lambda d: call(square(d)), reference=linalg.cofactors_by_inverse),
    linalg.thin_svd:        case(lambda d: call(tall(d)), reference=lambda a: np.linalg.svd(a, full_matrices=False)),
    linalg.reduced_qr:      case(lambda d: call(tall(d)), reference=np.linalg.qr),
}
# fmt: on
