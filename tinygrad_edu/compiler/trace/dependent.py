"""Whose results have a shape that depends on values: a trace holds only where it comes out as it did."""

from typing import Any

import numpy as np

from .traced import Traced, leaves_of

# Whatever they are given.
BY_VALUES = frozenset({
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.extract, np.compress, np.repeat, np.bincount,
    np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d, np.trim_zeros, np.insert, np.roots, np.polydiv,
    np.linalg.lstsq, np.histogram, np.histogram_bin_edges, np.delete, np.unique_values, np.unique_counts,
    np.unique_inverse, np.unique_all, "nonzero", "compress", "repeat",
})  # fmt: skip
# What takes numbers as data beside its first argument, which its shape does not depend on.
OF_DATA = frozenset({
    np.take, np.take_along_axis, np.put_along_axis, np.where, np.choose, np.select, np.clip, np.roll, np.isin,
    np.searchsorted, np.dot, np.vdot, np.inner, np.outer, np.tensordot, np.einsum, np.kron, np.cross,
    np.interp, np.polyval, np.average, np.cov, np.convolve, np.append, np.full_like, np.copyto, np.isclose,
    np.allclose, np.array_equal, np.quantile, np.percentile, np.linalg.solve, np.linalg.lstsq,
    np.triu, np.tril, np.round, "take", "choose", "clip", "searchsorted", "dot", "fill", "item", "round",
})  # fmt: skip


def shape_depends_on_values(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the shape of what a call gives may be another one for other values of the same shapes."""
    if function in BY_VALUES or (function is np.where and len(args) + len(kwargs) == 1):
        return True
    if function == "__getitem__":
        return any(map(_selects, args[1] if type(args[1]) is tuple else (args[1],)))
    if isinstance(function, np.ufunc):
        return False
    draws = isinstance(getattr(function, "__self__", None), np.random.Generator)
    settings = [v for k, v in kwargs.items() if k not in ("out", "where", "initial")]
    if function in OF_DATA:
        settings = [v for k, v in kwargs.items() if k == "axis"]
    elif type(function) is not np.ufunc:
        settings += args if draws else args[1:]
    return any(_is_whole(leaf) for leaf in _within(settings))


def _selects(key: Any) -> bool:
    """Whether a key takes another number of elements for other values."""
    if isinstance(key, Traced):
        return np.result_type(key._value).kind == "b"
    return type(key) in (list, slice) and any(isinstance(leaf, Traced) for leaf in _within([key]))


def _within(parts: list[Any]) -> list[Any]:
    """What stands in nested lists and tuples, and in slices."""
    split = (
        (leaf.start, leaf.stop, leaf.step) if type(leaf) is slice else (leaf,) for leaf in leaves_of(parts)
    )
    return [part for parts in split for part in parts]


def _is_whole(leaf: Any) -> bool:
    return issubclass(type(leaf), Traced) and np.result_type(leaf._value).kind in "iub"
