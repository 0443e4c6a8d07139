"""What is differentiated: the floating leaves of a function's arguments, under the names of the reports.

Arguments may be nested as those of `tinygrad_edu.grad` may: lists, tuples, dicts, modules; a function that is
itself a module, or a method of one, brings its parameters along.  What is left out is written down, with the
reason.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from math import prod
from operator import index
from types import MethodType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import refuse_masked
from ..errors import GradcheckError
from ..tensor import Tensor
from ..trees import children, flatten, keyed

Array = NDArray[Any]
Function = Callable[..., Any]

FLOATING_ONLY = "only floating values have slopes"


class Slot:
    """Where one differentiated leaf lies in the flat vector, and what it looks like.

    A complex leaf lies there as its real and imaginary parts in turn: ``parts`` is the shape of all of them,
    and ``size`` is their number.
    """

    def __init__(self, name: str, array: Array, start: int, is_number: bool) -> None:
        self.name, self.shape, self.dtype, self.is_number = name, array.shape, array.dtype, is_number
        self.parts = (*array.shape, 2) if self.is_complex else array.shape
        self.size = prod(self.parts)
        self.range = slice(start, start + self.size)

    def __str__(self) -> str:
        return f"{self.name} (shape {self.shape}, {self.dtype})"

    def __contains__(self, flat: int) -> bool:
        """Whether a position of the flat vector belongs to this leaf."""
        return self.range.start <= flat < self.range.stop

    def of(self, vector: Array) -> Array:
        """This leaf's part of a flat vector, in the leaf's shape."""
        return from_parts(vector[self.range], self.shape, self.dtype)

    @property
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    def element(self, flat: int) -> tuple[int, ...]:
        """The index, in this leaf, of a position of the flat vector."""
        index = tuple(int(i) for i in np.unravel_index(flat - self.range.start, self.parts))
        return index[:-1] if self.is_complex else index

    def place(self, flat: int) -> str:
        """An element of this leaf, in words, given its position in the flat vector."""
        part = (
            ("real part of ", "imaginary part of ")[(flat - self.range.start) % 2] if self.is_complex else ""
        )
        return f"{self}, {part}element {self.element(flat)}"

    def way_out(self) -> str:
        """What else can be done about a number that has no slope: the end of an error's sentence."""
        return f"; or leave {self.name} out, by argnums=" if self.is_number else ""


def as_parts(array: Any) -> Array:
    """All numbers of an array end to end; of a complex one, their real and imaginary parts in turn."""
    flat: Array = np.ravel(array)
    return flat.view(np.finfo(flat.dtype).dtype) if flat.dtype.kind == "c" else flat


def from_parts(flat: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of that shape, complex if the dtype is, from all its numbers end to end."""
    if dtype.kind == "c" and flat.dtype.kind != "c":
        flat = np.ascontiguousarray(flat).view(np.result_type(flat, np.complex64))
    return flat.reshape(shape)


def of_precision(dtype: Any, like: Any) -> Any:
    """A floating dtype; the complex one of its precision where it is like a complex one."""
    return np.result_type(dtype, np.complex64) if np.dtype(like).kind == "c" else np.dtype(dtype)


class _Part(NamedTuple):
    """An argument: how to build it from leaves, these, and the (leaf, slot) pairs among them."""

    tree: Any
    rebuild: Function
    leaves: list[Any]
    places: list[tuple[int, int]]


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
    fixed : collection of str, default=()
        Names of leaves that are not differentiated.

    Attributes
    ----------
    slots : list of Slot
    given : list of ndarray
        The values of the slots.
    copies : dict of str to ndarray
        All arrays among the leaves, by name: read-only copies of what was given.
    left_out : dict of str to list of str
        For each reason the names of the leaves that are not differentiated.
    """

    def __init__(
        self,
        f: Function,
        inputs: Sequence[Any],
        argnums: int | Sequence[int] | None = None,
        dtype: Any = None,
        fixed: Sequence[str] = (),
    ) -> None:
        self.slots: list[Slot] = []
        self.given: list[Any] = []
        self.copies: dict[str, Any] = {}
        self.left_out: dict[str, list[str]] = defaultdict(list)
        self.f, self._inputs, self._argnums, self._dtype, self._fixed = f, inputs, argnums, dtype, fixed
        named = argnums is not None
        chosen = range(len(inputs)) if argnums is None else _positions(argnums, len(inputs))
        owner: Any = f
        self._method: Any = None
        if isinstance(f, MethodType) and hasattr(f.__self__, "__tree__"):
            owner, self._method = f.__self__, f.__func__
        own = self._part("f", owner, not named) if _is_tree(owner) else _Part(f, _only, [f], [])
        self._parts = [own]
        for position, tree in enumerate(inputs):
            name = f"input {position}"
            if named and position in chosen:
                tree = float(tree) if type(tree) is int else tree  # as `grad` takes it
                if not _is_tree(tree) and _floating(tree) is None:
                    refused = f"{name} is {_kind(tree)}: only floating inputs can be differentiated."
                    raise GradcheckError(refused)
            self._parts.append(self._part(name, tree, position in chosen))
        self._convert_numbers()

    def again(self, dtype: Any = None, fixed: Sequence[str] = ()) -> Self:
        """The same arguments, of another dtype or with other leaves left out."""
        return type(self)(self.f, self._inputs, self._argnums, dtype, fixed)

    def _part(self, name: str, tree: Any, differentiated: bool) -> _Part:
        """An argument, of which the floating leaves become slots, if it is to be differentiated."""
        tree = _protected(tree, self._dtype, name)
        is_tree = _is_tree(tree)
        part = _Part(tree, flatten(tree)[1] if is_tree else _only, [], [])
        for path, leaf in named_leaves(tree, name):
            array = _floating(leaf)
            if isinstance(leaf, np.ndarray):
                self.copies[path] = leaf
            if array is None:
                self.left_out[FLOATING_ONLY].append(f"{path} ({_kind(leaf)})")
            elif not differentiated:
                self.left_out["argnums names others"].append(path)
            elif path not in self._fixed:
                part.places.append((len(part.leaves), len(self.slots)))
                self._add_slot(path, array, isinstance(leaf, (float, complex)))
            if leaf is not None or not is_tree:  # `flatten` passes over the None in a tree
                part.leaves.append(leaf)
        for path in _buffers(tree, name):
            self.left_out["buffers are remembered, not learned"].append(path)
        return part

    def _add_slot(self, name: str, array: Array, is_number: bool) -> None:
        start = self.slots[-1].range.stop if self.slots else 0
        wanted = array.dtype if self._dtype is None else of_precision(self._dtype, array.dtype)
        self.given.append(array.astype(wanted, copy=False))
        self.slots.append(Slot(name, self.given[-1], start, is_number))

    def _convert_numbers(self) -> None:
        """Give Python numbers the coarsest dtype of the arrays, as they do not decide what f computes in."""
        dtypes = [slot.dtype for slot in self.slots if not slot.is_number]
        if not dtypes:
            return
        coarsest = min((np.finfo(dtype) for dtype in dtypes), key=lambda kind: kind.nmant).dtype
        for i, slot in enumerate(self.slots):
            if slot.is_number:
                slot.dtype = of_precision(coarsest, slot.dtype)
                self.given[i] = self.given[i].astype(slot.dtype)

    def build(self, values: Sequence[Any]) -> list[Any]:
        """The function and its arguments, with these values in the slots."""
        built = []
        for part in self._parts:
            tree = part.tree
            if part.places:
                leaves = part.leaves[:]
                for place, slot in part.places:
                    leaves[place] = values[slot]
                tree = part.rebuild(leaves)
            built.append(tree)
        if self._method is not None:
            built[0] = MethodType(self._method, built[0])
        return built


def _only(leaves: Sequence[Any]) -> Any:
    """An argument that is a leaf, from its list of leaves."""
    return leaves[0]


def _positions(argnums: int | Sequence[int], count: int) -> set[int]:
    """The arguments that argnums names, counted from the end if negative."""
    given = [index(n) for n in argnums] if isinstance(argnums, Sequence) else [index(argnums)]
    if not given or any(not -count <= n < count for n in given):
        what = f"there are {count} inputs; each number must name one of them"
        raise GradcheckError(f"argnums={argnums}: {what}.")
    return {n % count for n in given}


def _is_tree(value: Any) -> bool:
    return value is not None and not isinstance(value, type) and children(value) is not None


def _floating(leaf: Any) -> Any:
    """The array of a leaf that has slopes, else None."""
    if not isinstance(leaf, (Tensor, np.ndarray, np.generic, float, complex)):
        return None
    array = leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf)
    return array if array.dtype.kind in "fc" else None


def _kind(leaf: Any) -> str:
    if isinstance(leaf, (Tensor, np.ndarray, np.generic)):
        return str(leaf.dtype)
    return "None" if leaf is None else type(leaf).__name__


def named_leaves(tree: Any, name: str) -> list[tuple[str, Any]]:
    """The leaves of a tree in the order of `flatten`, named as by `labelled`; None counts as one here."""
    inside = keyed(tree) if _is_tree(tree) else None
    if inside is None:
        return [(name, tree)]
    return [leaf for _, written, child in inside for leaf in named_leaves(child, name + written)]


def _buffers(tree: Any, name: str) -> list[str]:
    """The paths of the buffers of the modules in a tree."""
    if hasattr(tree, "named_buffers"):
        return [f"{name}.{path}" for path, _ in tree.named_buffers()]
    if not isinstance(tree, (list, tuple, dict)):
        return []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [path for key, item in items for path in _buffers(item, f"{name}[{key!r}]")]


def _protected(tree: Any, dtype: Any, name: str) -> Any:
    """An argument as f gets it: read-only copies of arrays, copies of modules; converted to a given dtype."""
    if hasattr(tree, "named_parameters"):
        try:
            copied = deepcopy(tree)
        except Exception:  # not every attribute can be copied; then f works on the module itself
            return tree
        return copied if dtype is None else copied.to(dtype)
    if isinstance(tree, (list, tuple, dict)):
        parts, rebuild = children(tree) or ([], type(tree))
        return rebuild([_protected(part, dtype, name) for part in parts])
    if not isinstance(tree, (np.ndarray, np.generic, Tensor)):
        return tree
    refuse_masked(tree, f"gradcheck: {name}")
    array = tree.data if isinstance(tree, Tensor) else np.asarray(tree)
    converts = dtype is not None and array.dtype.kind in "fc"
    array = np.array(array, dtype=of_precision(dtype, array.dtype) if converts else None)
    array.flags.writeable = False
    return Tensor(array) if isinstance(tree, Tensor) else array
