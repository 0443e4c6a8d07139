"""Conditions: what must be as it was when a function was traced, as the text of one expression after another.

A trace holds for arguments of certain shapes, dtypes and strides, for the tensors that it found in their
places, and for the Python values that the function could reach.  The attributes of modules and the settings
of optimizers say themselves when they change; they are looked over only then.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..program import Program, Ref
from ..state.layout import Again, Layout
from ..texts import defined
from ..trace.fixed import LARGEST

SCALARS = (bool, int, float, complex, str, bytes)


class Names:
    """Names for objects that a text cannot spell."""

    def __init__(self) -> None:
        self.meaning: dict[str, Any] = {}
        self._known: dict[int, str] = {}

    def __call__(self, value: Any, wish: str = "c") -> str:
        if value is None or value is True or value is False:
            return repr(value)
        name = self._known.get(id(value))
        if name is None:
            name = f"{wish}_{len(self._known)}"  # the text has a0, g0, r0 … of its own
            self._known[id(value)], self.meaning[name] = name, value
        return name


def of_arguments(kinds: list[tuple[Any, ...]], name: Names) -> list[str]:
    """Conditions on the leaves of the arguments, ``a0``, ``a1`` …; they make ``x0``, ``x1`` … of the
    arrays.
    """
    found = []
    for i, (kind, *known) in enumerate(kinds):
        if kind is None:
            again = isinstance(known[0], Again)
            found.append(f"a{i} is a{known[0].of}" if again else is_same(f"a{i}", known[0], name))
            continue
        shape, dtype, strides = known
        array = f"a{i}"
        if kind is not np.ndarray:
            found.append(f"type(a{i}) is {name(kind, 'k')}")
            if not issubclass(kind, Tensor):  # a number
                found += [f"-{LARGEST} < a{i} < {LARGEST}"] if kind is int else []
                found.append(f"(x{i} := asarray(a{i})).shape == ()")
                continue
            found.append(f"a{i}._node is None")
            found.append(f"type(x{i} := a{i}._array) is ndarray")
            array = f"x{i}"
        else:
            found.append(f"type(a{i}) is ndarray")
        found.append(f"{array}.shape == {shape} and {array}.strides == {strides}")
        d = name(dtype, "d")
        found.append(f"({array}.dtype is {d} or {array}.dtype == {d})")
    return found


def of_identities(layout: Layout, name: Names) -> list[str]:
    """Conditions that arguments are other ones than each other, and than what was there: tensors, and arrays
    where code may ask which is which.
    """
    asked = [i for i, (kind, *_) in enumerate(layout.kinds) if kind is not None and i not in layout.free]
    asked = [i for i in asked if layout.by_identity or issubclass(layout.kinds[i][0], Tensor)]
    there = name(layout.there) if asked else ""
    return [f"a{i} is not a{j}" for i, j in combinations(asked, 2)] + [
        f"id(a{i}) not in {there}" for i in asked
    ]


def is_same(expression: str, value: Any, name: Names) -> str:
    """The condition that an expression gives the same object, or an equal number or text."""
    c = name(value)
    if isinstance(value, SCALARS) and not isinstance(value, bool):
        return f"({expression} is {c} or same({expression}, {c}))"
    if type(value) is tuple:
        return f"({expression} is {c} or same({expression}, {c}))"
    return f"{expression} is {c}"


def of_length(container: Any, size: int, name: Names) -> str:
    """The condition that a container has so many items."""
    return f"len({name(container)}) == {size}"


def of_form(array: Any, is_written: bool, name: Names) -> str:
    """The condition that an array has its shape, strides and dtype, and may be written into."""
    a, d = name(array), name(array.dtype, "d")
    found = f"{a}.shape == {array.shape} and {a}.strides == {array.strides} and {a}.dtype is {d}"
    return f"{found} and {a}.flags.writeable" if is_written else found


def of_shapes(arrays: list[Any], name: Names, in_words: bool) -> str:
    """The condition that arrays have their shapes; where C asks for it, dtypes and flags, too."""
    texts = (f"{name(array)}.shape" for array in arrays)
    found = f"({', '.join(texts)},) == {(*(array.shape for array in arrays),)}"
    if not in_words:
        return found  # NumPy asks for the others
    texts = (f"{name(a)}.dtype is {name(a.dtype, 'd')}" for a in arrays)
    others = (f"{name(a)}.flags.writeable is {a.flags.writeable}" for a in arrays)
    return " and ".join([found, *texts, *others])


def of_attributes(module: Any, names: list[Any], name: Names) -> str:
    """The condition that a module has no more attributes than it had, but for its mode."""
    held = name(vars(module), "h")
    now, known = len(vars(module)), len(names) - 1
    had = f"len({held}) == {now}" if now else f"not {held}"
    return f"({had} or len({held}) - ('training' in {held}) == {known})"


def of_tensors(constants: list[Any], name: Names) -> list[str]:
    """Conditions that constants are still constants; variables tell when they are frozen."""
    return [f"{name(t, 't')}._node is None" for t in constants]


def of_gradients(leaves: list[tuple[Any, Any]], name: Names) -> list[str]:
    """Conditions that variables had a gradient, or had none."""
    return [
        f"{name(leaf, 'n')}.grad is {'None' if gradient is None else 'not None'}" for leaf, gradient in leaves
    ]


def of_counts(packs: list[tuple[Any, Any, list[tuple[int, int, Any]], bool]], name: Names) -> list[str]:
    """Conditions on the counts of optimizers: all parameters have made as many steps, and which phase each
    step is of that a call makes.
    """
    found = []
    for pack, optimizer, phases, even in packs:
        p, n = name(pack, "p"), len(pack.counts)
        if n > 1:
            found.append(f"(c := {p}.counts).count(c[0]) {'==' if even else '!='} {n}")
        found += [
            f"{name(optimizer, 'o')}.phase({name(pack.group, 'g')}, {p}.counts[{i}] + {k}) == {name(phase)}"
            for i, k, phase in phases
            if phase is not None
        ]
    return found


def distance(a: Any, b: Any) -> int | None:
    """How many bytes apart two arrays begin that may share memory; None if they do not."""
    return a.ctypes.data - b.ctypes.data if np.may_share_memory(a, b) else None


def of_distances(program: Program, arguments: Sequence[Ref], names: Sequence[str]) -> list[str]:
    """That arguments lie as they did to each other, of those that the step writes to."""
    written = program.written()
    return [
        f"distance({a}, {b}) == {distance(program.values[r.number], program.values[s.number])}"
        for (r, a), (s, b) in combinations(zip(arguments, names), 2)
        if written & {program.owner(r), program.owner(s)}
    ]


def tensor_of(array: Any) -> Tensor:
    """A result, which has no graph."""
    tensor = object.__new__(Tensor)
    tensor._array, tensor._node, tensor._leaf = np.asarray(array), None, None
    return tensor


def made(text: str, title: str, meaning: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """The function that a text defines."""
    call: Callable[[Any, Any], Any] = defined(text, title, meaning)["call"]
    return call
