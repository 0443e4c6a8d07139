"""Domains of normalization, attention and embedding."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import attention, batch_norm, embedding, group_norm, layer_norm, standardize
from ..strategies import Draw, arrays, axes, shapes
from .domain import Call, Domains, booleans, call, case, choice, integers
from .indexing import scatter_by_hand


def spread_out(d: Draw) -> Call:
    """An array whose elements differ, and the axes over which it is standardized."""
    a = d(arrays(shapes(1, 3, min_side=1), distinct=True))
    return call(a, d(axes(a.ndim, none=False, min_size=1)), d(choice(1 / 16, 1.0)))


def of_a_batch(d: Draw) -> Call:
    """Images or features whose elements differ, and weights and maybe shifts of their channels."""
    a = d(arrays(shapes(2, 3, min_side=1), distinct=True))
    shape = a.shape[1:2]
    return call(a, d(arrays(shape)), d(arrays(shape)) if d(st.booleans()) else None, d(choice(1 / 16, 1.0)))


def of_a_batch_back(d: Draw) -> Call:
    """Gradients of a normalized batch, and what it was called with."""
    x, weight, _, eps = of_a_batch(d).args
    return call(d(arrays(x.shape)), x, weight, eps, None, None)


def of_rows(d: Draw) -> Call:
    """Rows whose elements differ, and weights and shifts of their elements."""
    a = d(arrays(shapes(1, 3, min_side=1), distinct=True))
    return call(a, d(arrays(a.shape[-1:])), d(arrays(a.shape[-1:])), d(choice(1 / 16, 1.0)))


def of_rows_back(d: Draw) -> Call:
    """Gradients of normalized rows, and what these were made of."""
    x, weight, _, eps = of_rows(d).args
    return call(d(arrays(x.shape)), x, weight, eps, None, None)


def of_groups(d: Draw) -> Call:
    """Images or features whose elements differ, weights and shifts of their channels, and some groups."""
    groups, size = d(st.integers(1, 2)), d(st.integers(1, 2))
    n, *places = d(shapes(1, 3, min_side=1, max_side=2))
    a = d(arrays((n, groups * size, *places), distinct=True))
    return call(a, d(arrays(a.shape[1:2])), d(arrays(a.shape[1:2])), groups, d(choice(1 / 16, 1.0)))


def of_groups_back(d: Draw) -> Call:
    """Gradients of images whose groups were normalized, and what these were made of."""
    x, weight, _, groups, eps = of_groups(d).args
    return call(d(arrays(x.shape)), x, weight, groups, eps, None, None)


def masked(d: Draw) -> Call:
    """Scores, what is allowed of them, and the axes of the softmax; a slice may have nothing allowed."""
    a = d(arrays(shapes(1, 3, min_side=1)))
    return call(a, d(booleans(a.shape[d(st.integers(0, a.ndim)) :])), d(axes(a.ndim, none=False, min_size=1)))


def masked_softmax_by_hand(x: Any, mask: Any, axis: Any) -> Any:
    e = np.exp(x) * mask
    total = np.sum(e, axis=axis, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=np.broadcast_to(total, e.shape) > 0)


def to_be_split(d: Draw) -> Call:
    """Rows of several parts, of several heads."""
    parts, heads, n = d(st.integers(1, 3)), d(st.integers(1, 2)), d(st.integers(1, 2))
    return call(d(arrays((*d(shapes(2, 2, max_side=2)), parts * heads * n))), parts, heads, d(st.booleans()))


def split_by_hand(x: Any, parts: int, heads: int, batch_first: bool) -> Any:
    x = x if batch_first else np.swapaxes(x, 0, 1)
    return tuple(np.stack(np.split(part, heads, -1), 1) for part in np.split(x, parts, -1))


def to_be_scaled(d: Draw) -> Call:
    """An array, and scales and shifts that broadcast against it."""
    x = d(arrays(shapes(1, 3)))
    shape = tuple(n if d(st.booleans()) else 1 for n in x.shape[d(st.integers(0, x.ndim - 1)) :])
    return call(x, d(arrays(shape)), d(arrays(shape)))


def looked_up(d: Draw) -> Call:
    """A matrix, and numbers of its rows, some of them several times."""
    n = d(st.integers(1, 3))
    return call(d(arrays((n, d(st.integers(0, 2))))), d(integers(d(shapes(0, 2)), 0, n - 1)))


def added_up(d: Draw) -> Call:
    """Rows, the numbers of those to which they are added, and how many these are."""
    n, s = d(st.integers(1, 3)), d(shapes(0, 2))
    return call(d(arrays((*s, d(st.integers(0, 2))))), d(integers(s, 0, n - 1)), n)


def add_rows_by_hand(values: Any, indices: Any, n: int) -> Any:
    return scatter_by_hand(values, indices, (n, values.shape[-1]))


# fmt: off
DOMAINS: Domains = {
    batch_norm.batch_normalized: case(of_a_batch, reference=batch_norm.plain_batch_normalized),
    batch_norm.batch_norm_gradients: case(of_a_batch_back),
    group_norm.group_normalized: case(of_groups, reference=group_norm.plain_group_normalized),
    group_norm.group_norm_gradients: case(of_groups_back),
    layer_norm.layer_normalized: case(of_rows, reference=layer_norm.plain_layer_normalized),
    layer_norm.layer_norm_gradients: case(of_rows_back),
    standardize.rescale:       case(spread_out, reference=standardize.plain_rescale),
    standardize.standardize:   case(spread_out, reference=standardize.plain_standardize),
    standardize.affine:        case(to_be_scaled, reference=lambda x, weight, bias: x * weight + bias),
    attention.softmax_where:   case(masked, reference=masked_softmax_by_hand),
    attention.split_heads:     case(to_be_split, reference=split_by_hand),
    embedding.rows:            case(looked_up, reference=lambda weight, indices: np.take(weight, indices, 0)),
    embedding.add_rows:        case(added_up, reference=add_rows_by_hand),
}
# fmt: on
