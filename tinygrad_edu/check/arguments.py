"""What is differentiated: the floating leaves of a function's arguments, under the names that reports call them by.

Arguments may be nested as those of `tinygrad_edu.grad` may: lists, tuples, dicts, modules; a function that is
itself a module, or a method of one, brings its parameters along.  What is left out is written down, with the
reason.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from operator import index
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from ..arrays import refuse_masked
from ..errors import GradcheckError
from ..tensor import Tensor
from ..trees import children, flatten, keyed

FLOATING_ONLY, REAL_ONLY = "only floating values have slopes", "only real numbers are checked"


class Slot:
    """Where one differentiated leaf lies in the flat vector, and what it looks like."""

    def __init__(self, name: str, array: Any, start: int, is_number: bool) -> None:
        self.name, self.shape, self.dtype, self.is_number = name, array.shape, array.dtype, is_number
        self.range = slice(start, start + array.size)

    def __str__(self) -> str:
        return f"{self.name} (shape {self.shape}, {self.dtype})"

    def way_out(self) -> str:
        """What else can be done about a number that has no slope: the end of an error's sentence."""
        return f"; or leave {self.name} out, by argnums=" if self.is_number else ""

    def element(self, flat: int) -> tuple[int, ...]:
        """The index, in this leaf, of a position of the flat vector."""
        return tuple(int(i) for i in np.unravel_index(flat - self.range.start, self.shape))


class Arguments:
    """The function and its arguments, taken apart into leaves.

    Parameters
    ----------
    f : callable
    inputs : sequence
    argnums : int or sequence of int, optional
        The arguments to differentiate; by default all floating leaves of f and of every argument.
    dtype : dtype, optional
        What all floating values are converted to; by default they keep their own.
    constant : collection of str, default=()
        Names of leaves that are not differentiated.

    Attributes
    ----------
    slots : list of Slot
    arrays : list of ndarray
        The values of the slots.
    left_out : dict of str to list of str
        For each reason the names of the leaves that are not differentiated.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Any],
        argnums: int | Sequence[int] | None = None,
        dtype: Any = None,
        constant: Sequence[str] = (),
    ) -> None:
        self.slots: list[Slot] = []
        self.arrays: list[Any] = []
        self.left_out: dict[str, list[str]] = {}
        self.f, self._size, self._constant = f, 0, constant
        named = argnums is not None
        chosen = _positions(argnums, len(inputs)) if argnums is not None else range(len(inputs))
        self._method = f.__func__ if isinstance(f, MethodType) and hasattr(f.__self__, "__tree__") else None
        owner = f.__self__ if isinstance(f, MethodType) and self._method is not None else f
        self._parts = [
            self._part("f", owner, not named, dtype) if _is_tree(owner) else _Part(None, ["f"], [f], [], f)
        ]
        for position, tree in enumerate(inputs):
            if named and position in chosen and type(tree) is int:
                tree = float(tree)  # as `grad` takes it
            if named and position in chosen and not _is_tree(tree) and _floating(tree) is None:
                raise GradcheckError(
                    f"input {position} is {_kind(tree)}: only floating inputs can be differentiated."
                )
            self._parts.append(self._part(f"input {position}", tree, position in chosen, dtype))
        coarsest = min(
            (slot.dtype for slot in self.slots if not slot.is_number), key=lambda d: d.itemsize, default=None
        )
        for i, slot in enumerate(self.slots):
            if slot.is_number and coarsest is not None:  # numbers do not decide in which dtype f computes
                slot.dtype, self.arrays[i] = coarsest, self.arrays[i].astype(coarsest)

    def _part(self, name: str, tree: Any, differentiated: bool, dtype: Any) -> "_Part":
        """An argument, of which the floating leaves become slots, if it is to be differentiated."""
        tree = _protected(tree, dtype, name)
        part = _Part(flatten(tree)[1] if _is_tree(tree) else None, [], [], [], tree)
        for path, leaf in named_leaves(tree, name):
            array = _floating(leaf)
            if array is None:
                reason = REAL_ONLY if _kind(leaf).startswith("complex") else FLOATING_ONLY
                self._leave_out(reason, f"{path} ({_kind(leaf)})")
            elif not differentiated:
                self._leave_out("argnums names others", path)
            elif path not in self._constant:
                part.places.append((len(part.leaves), len(self.slots)))
                array = array if dtype is None else array.astype(dtype)
                self.slots.append(Slot(path, array, self._size, isinstance(leaf, float)))
                self.arrays.append(array)
                self._size += array.size
            if leaf is not None or part.rebuild is None:
                part.names.append(path)
                part.leaves.append(leaf)
        for path in _buffers(tree, name):
            self._leave_out("buffers are remembered, not learned", path)
        return part

    def _leave_out(self, reason: str, name: str) -> None:
        self.left_out.setdefault(reason, []).append(name)

    def build(self, values: Sequence[Any], others: Callable[[str, Any], Any] | None = None) -> list[Any]:
        """The function and its arguments, with these values in the slots.

        What ``others`` returns for a name and a leaf takes the place of each other leaf.
        """
        built = []
        for part in self._parts:
            if part.rebuild is None and part.places:
                built.append(values[part.places[0][1]])
                continue
            filled = list(map(others, part.names, part.leaves)) if others is not None else list(part.leaves)
            for place, slot in part.places:
                filled[place] = values[slot]
            if part.rebuild is None:
                built.append(filled[0])
            else:
                built.append(part.rebuild(filled) if part.places or others is not None else part.tree)
        if self._method is not None:
            built[0] = MethodType(self._method, built[0])
        return built


class _Part(NamedTuple):
    """An argument: how to build it (None for a leaf), the names of its leaves, these, and which are which slots."""

    rebuild: Callable[..., Any] | None
    names: list[str]
    leaves: list[Any]
    places: list[tuple[int, int]]
    tree: Any


def _positions(argnums: int | Sequence[int], count: int) -> set[int]:
    """The arguments that argnums names, counted from the end if negative."""
    given = [index(n) for n in argnums] if isinstance(argnums, Sequence) else [index(argnums)]
    if not given or any(not -count <= n < count for n in given):
        raise GradcheckError(
            f"argnums={argnums}: there are {count} inputs; each number must name one of them."
        )
    return {n % count for n in given}


def _is_tree(value: Any) -> bool:
    return value is not None and not isinstance(value, type) and children(value) is not None


def _floating(leaf: Any) -> Any:
    """The array of a leaf that has slopes, else None."""
    if not isinstance(leaf, (Tensor, np.ndarray, np.generic, float)):
        return None
    array = leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf)
    return array if array.dtype.kind == "f" else None


def _kind(leaf: Any) -> str:
    return (
        str(leaf.dtype)
        if isinstance(leaf, (Tensor, np.ndarray, np.generic))
        else "None"
        if leaf is None
        else type(leaf).__name__
    )


def named_leaves(tree: Any, name: str) -> list[tuple[str, Any]]:
    """The leaves of a tree, in the order of `flatten`, with the names that `labelled` gives; None counts as one here."""
    inside = keyed(tree) if _is_tree(tree) else None
    if inside is None:
        return [(name, tree)]
    return [leaf for _, written, child in inside for leaf in named_leaves(child, name + written)]


def _buffers(tree: Any, name: str) -> list[str]:
    """The paths of the buffers of the modules in a tree."""
    if hasattr(tree, "named_buffers"):
        return [f"{name}.{path}" for path, _ in tree.named_buffers()]
    if isinstance(tree, (list, tuple, dict)):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [path for key, item in items for path in _buffers(item, f"{name}[{key!r}]")]
    return []


def _protected(tree: Any, dtype: Any, name: str) -> Any:
    """An argument as f gets it: arrays as read-only copies, modules as copies; converted, if a dtype is asked for."""
    if hasattr(tree, "named_parameters"):
        try:
            copied = deepcopy(tree)
        except Exception:  # not every attribute can be copied; then f works on the module itself
            return tree
        return copied if dtype is None else copied.to(dtype)
    if isinstance(tree, (list, tuple, dict)):
        parts, rebuild = children(tree) or ([], None)
        return rebuild([_protected(part, dtype, name) for part in parts]) if rebuild else tree
    if not isinstance(tree, (np.ndarray, np.generic, Tensor)):
        return tree
    refuse_masked(tree, f"gradcheck: {name}")
    array = tree.data if isinstance(tree, Tensor) else np.asarray(tree)
    array = np.array(array, dtype=dtype if dtype is not None and array.dtype.kind == "f" else None)
    array.flags.writeable = False
    return Tensor(array) if isinstance(tree, Tensor) else array
