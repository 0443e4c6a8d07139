"""Nested: the leaves of lists, tuples and dicts, and what they are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..trace.fixed import LARGEST

CONTAINERS = (list, tuple, dict)


def flattened(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts, and what builds the same of others.

    Its ``form`` is how they are nested, to be compared.
    """
    leaves: list[Any] = []
    form, build = _taken_apart(tree, leaves)

    def built(made: list[Any]) -> Any:
        return build(iter(made))

    built.form = form  # type: ignore[attr-defined]
    return leaves, built


def _taken_apart(part: Any, leaves: list[Any]) -> tuple[Any, Callable[[Any], Any]]:
    """How a part is nested, and what builds it of an iterator of leaves; its own are added to the list."""
    kind = type(part)
    if kind in (list, tuple) or is_record(part):
        forms, parts = zip(*(_taken_apart(p, leaves) for p in part)) if part else ((), ())
        if kind in (list, tuple):
            return (kind, forms), lambda made: kind(p(made) for p in parts)
        return (kind, forms), lambda made: kind(*(p(made) for p in parts))
    if kind is dict:
        items = [(k, *_taken_apart(v, leaves)) for k, v in part.items()]
        form = dict, tuple((k, f) for k, f, _ in items)
        return form, lambda made: {k: v(made) for k, _, v in items}
    leaves.append(part)
    return None, next


def named(form: Any, name: str) -> list[str]:
    """What a reader would call the leaves of a tree that is nested in a way, given what he calls the tree."""
    if form is None:
        return [name]
    kind, inner = form
    parts = inner if kind is dict else zip(getattr(kind, "_fields", range(len(inner))), inner)
    return [leaf for key, part in parts for leaf in named(part, f"{name}_{key}")]


def alike(tree: Any, form: Any) -> list[Any] | None:
    """The leaves of a tree, if it is nested in a way; None if not."""
    leaves, build = flattened(tree)
    return leaves if build.form == form else None  # type: ignore[attr-defined]


def array_of(leaf: Any) -> Any:
    """The array of a leaf, if it is one of numbers or a tensor of such; None of others."""
    array = leaf._array if isinstance(leaf, Tensor) else leaf
    return array if type(array) is np.ndarray and array.dtype.kind in "fiubc" else None


def is_record(value: Any) -> bool:
    """Whether it is a named tuple."""
    return isinstance(value, tuple) and hasattr(value, "_fields")


def is_free(leaf: Any) -> bool:
    """Whether it is a number that may be an argument: no truth, and not too large for C."""
    if isinstance(leaf, np.generic):
        return leaf.dtype.kind in "fiu" and leaf.dtype.itemsize <= 8
    return type(leaf) is float or (type(leaf) is int and -LARGEST < leaf < LARGEST)


def is_constant(leaf: Any) -> bool:
    """Whether it is neither an array nor a number that may be an argument."""
    return array_of(leaf) is None and not is_free(leaf)


def may_change(value: Any) -> bool:
    """Whether it is a number, or an array that needs no gradient."""
    return is_free(value) or (
        array_of(value) is not None and not (isinstance(value, Tensor) and value._node is not None)
    )


def identity_of(value: Any) -> tuple[type, Any]:
    """What tells such a value from others: the class, and the number or which object it is."""
    return type(value), value if is_free(value) else id(value)
