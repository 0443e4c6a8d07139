"""How NumPy's functions of integer and boolean results are called; nothing of them is differentiated."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ..strategies import arrays, axes, broadcastable, shapes
from .domain import Domain, Domains, call, case, choice, integers, one_axis, reduction, running, unary


def two(elements: Callable[..., Any] = arrays) -> Domain:
    """Two arrays that broadcast."""
    return case(lambda d: call(*[d(elements(s)) for s in d(broadcastable())]))


def small(shape: Any) -> Any:
    """Integers of a few bits."""
    return integers(shape, 0, 7)


def bits(dtype: Any) -> Domain:
    """An array of booleans or bytes, and the axis along which its bits are packed."""
    drawn = hnp.arrays(dtype, shapes(1), elements=st.integers(0, 1), fill=st.nothing())
    return case(lambda d: call(a := d(drawn), axis=d(axes(a.ndim, many=False))))


# fmt: off
CONSTANTS: Domains = {
    **dict.fromkeys((np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or,
                     np.logical_xor, np.allclose, np.isclose, np.array_equal, np.array_equiv, np.isin, np.result_type, np.common_type,
                     np.shares_memory, np.may_share_memory), two()),
    **dict.fromkeys((np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm), two(small)),
    **dict.fromkeys((np.invert, np.bitwise_count), case(lambda d: call(d(small(d(shapes())))))),
    **dict.fromkeys((np.logical_not, np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit, np.isneginf, np.isposinf, np.isreal, np.iscomplex,
                     np.isrealobj, np.iscomplexobj, np.argwhere, np.nonzero, np.flatnonzero, np.shape, np.ndim,
                     np.min_scalar_type, np.array2string, np.array_repr, np.array_str), unary()),
    **dict.fromkeys((np.logical_and.reduce, np.logical_or.reduce, np.logical_xor.reduce, np.all, np.any), reduction()),
    **dict.fromkeys((np.argmax, np.argmin, np.nanargmax, np.nanargmin),
                    case(lambda d: call(a := d(arrays(shapes(min_side=1))), axis=d(axes(a.ndim, many=False)), keepdims=d(st.booleans())))),
    **dict.fromkeys((np.zeros_like, np.ones_like, np.empty_like),
                    case(lambda d: call(d(arrays()), dtype=d(choice(None, np.float32, int)), shape=d(choice(None, 2, (2, 3)))))),
    **dict.fromkeys((np.diag_indices_from,), case(lambda d: call(d(arrays(d(choice((2, 2), (3, 3), (2, 2, 2)))))))),
    **dict.fromkeys((np.tril_indices_from, np.triu_indices_from), case(lambda d: call(d(arrays(shapes(2, 2))), d(st.integers(-2, 2))))),
    np.argsort:             running(none=True),
    np.argpartition:        case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), 0, axis=d(one_axis(a)))),
    np.count_nonzero:       case(lambda d: call(a := d(arrays()), axis=d(axes(a.ndim)), keepdims=d(st.booleans()))),
    np.size:                case(lambda d: call(a := d(arrays()), d(axes(a.ndim, many=False)))),
    np.searchsorted:        case(lambda d: call(np.sort(d(arrays(shapes(1, 1)))), d(arrays()), side=d(choice("left", "right")))),
    np.digitize:            case(lambda d: call(d(arrays()), np.sort(d(arrays(shapes(1, 1)))), right=d(st.booleans()))),
    np.lexsort:             case(lambda d: call((a := d(arrays(shapes(1, 2))), -a), axis=d(one_axis(a)))),
    np.unravel_index:       case(lambda d: call(d(integers(d(shapes()), 0, 5)), (2, 3), order=d(choice("C", "F")))),
    np.ravel_multi_index:   case(lambda d: call(tuple(d(integers((2,), 0, 1)) for _ in range(2)), (2, 3), mode=d(choice("raise", "clip", "wrap")))),
    np.linalg.matrix_rank:  case(lambda d: call(d(arrays(shapes(1, 3))))),
    np.packbits:            bits(bool),
    np.unpackbits:          bits(np.uint8),
    np.can_cast:            case(lambda d: call(d(choice(np.float32, "i4", np.dtype(bool))), d(choice(np.float64, "i8", int)))),
    np.einsum_path:         case(lambda d: call("ij,jk", d(arrays((2, 3))), d(arrays((3, 2))))),
}
# fmt: on
CONSTANTS |= {getattr(np, name): CONSTANTS[np.isin] for name in ("in1d",) if hasattr(np, name)}
