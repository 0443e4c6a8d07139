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
from ..memory.inner import OF_A_CALL
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
            name = self._known[id(value)] = (
                f"{wish}_{len(self._known)}"  # the text has a0, g0, r0 … of its own
            )
            self.meaning[name] = value
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


MISSED = "return missed(one, args, kwargs)"


def call_text(
    conditions: list[str], leaves: int, simple: bool, arrays: list[str], written: list[int],
    learned: list[str | None], generic: list[bool], results: str,
    after: list[str], returned: int, keeps: str, quick: Any, taking: list[str], puts: list[str],
) -> str:  # fmt: skip
    """The text of the function that is called: guards, the step, and what becomes of its results.

    What it does not fit it gives to ``missed``; a call while another one is under way, in another thread, to
    ``busy``.
    """
    names = "".join(f"a{i}, " for i in range(leaves))
    lines = [f"b{i} = new(Tensor)" for i in range(len(learned))] + ["def call(*args, **kwargs):"]
    if learned:
        lines.append(f"    global {', '.join(f'b{i}' for i in range(len(learned)))}")
    unpacked = [f"    {names}= args"] if leaves else []
    is_quick = [condition in quick.texts for condition in conditions]
    conditions = [condition for condition, asked in zip(conditions, is_quick) if not asked]
    if any(is_quick) and not quick.takes:
        conditions = [f"({quick.asks} or slowly())", *conditions]
    if quick.takes and quick.hold:
        lines += [f"    if kwargs or not ({quick.hold}(*args) or slowly(*args)): {MISSED}", *unpacked]
    elif simple:
        lines += [f"    if kwargs or len(args) != {leaves}: {MISSED}", *unpacked]
    else:
        lines += ["    leaves = leaves_of(args, kwargs)", f"    if leaves is None: {MISSED}"]
        lines += [f"    {names}= leaves"] if leaves else []
    lines += [
        f"    if settings.count != one.count and not settled(): {MISSED}",
        "    if get_mode() is not mode or debug.value is not None:",
        "        now = get_mode()",  # of another block, or under debug()
        f"        if now.recording is not recording or now.debug.value is not None: {MISSED}",
        *guarded(taking),
        *asking(conditions),
    ]
    lines += ["    try: pop()", "    except IndexError: return busy(args, kwargs)", "    try:"]
    taken = [line.partition(" = ") for line in taking if line[:1] != "["]
    other = {True: "!=", False: "is not"}  # a length is a number that is made anew
    again = " or ".join(f"{place} {other[place[:4] == 'len(']} {value}" for value, _, place in taken)
    lines += [f"        if {again}: {MISSED}"] if taken else []  # another call has ended in between
    lines += [f"        is_new = not ({keeps})", "        if is_new: kept.renew()"] if keeps else []
    lines += ["        n = writes.count = writes.count + 1"] if written else []
    lines += [f"        last[{key}] = n" for key in written]
    call = f"found = step({', '.join(arrays)})"
    if keeps:
        lines += [f"        try: {call}", "        except BaseException:", "            kept.forget()"]
        lines += ["            raise"]
    else:
        lines.append(f"        {call}")
    lines += ["        if is_new: kept.settle(found is None)"] if keeps else []
    lines.append("        if found is not None:")
    right = ["if compiled.latest is not one: compiled.found(one)"]
    outs = [f"g{i}" for i in range(len(learned))] + [f"r{i}" for i in range(returned)]
    right += [f"{''.join(f'{out}, ' for out in outs)}= found"] if outs else []
    right += ["if kept.are_lent: kept.lend()"] if keeps else []
    for i, leaf in enumerate(learned):
        if leaf is None:  # the step adds to the gradient that was there
            continue
        array = f"asarray(g{i})" if generic[i] else f"g{i}"
        # The tensor of the step before, if nobody has kept it; the array is another one anyway.
        kept = f"references(b{i}) > {2 + OF_A_CALL}"
        right.append(f"if {leaf}.grad is not b{i} or b{i}._node is not None or {kept}:")
        right.append(f"    b{i} = {leaf}.grad = new(Tensor); b{i}._node = b{i}._leaf = None")
        right.append(f"b{i}._array = {array}")
    if puts:  # nobody else calls meanwhile
        puts, results = [f"result = {results}", *puts], "result"
    lines += [f"            {line}" for line in (*right, *after, *puts)]
    lines += ["    finally: append(None)", "    if found is None: return failed(one, args, kwargs)"]
    if results in ("tensor_of(r0)", "tensor(r0, None)"):  # which is what most steps return
        array = "asarray(r0)" if results == "tensor_of(r0)" else "r0"
        lines += [
            "    loss = new(Tensor)",
            f"    loss._array = {array}",
            "    loss._node = loss._leaf = None",
        ]
        results = "loss"
    lines.append(f"    return {results}")
    return "\n".join(lines) + "\n"


def guarded(lines: list[str]) -> list[str]:
    """Lines that take what may not be there."""
    if not lines:
        return []
    errors = "LookupError, AttributeError, ValueError, TypeError"
    return ["    try:", *(f"        {line}" for line in lines), f"    except ({errors}): {MISSED}"]


def asking(conditions: list[str]) -> list[str]:
    """Lines that ask for conditions."""
    if not conditions:
        return []
    return [
        "    try:", "        fits = (",
        *(f"            {'and ' if i else ''}{condition}" for i, condition in enumerate(conditions)),
        "        )", "    except (LookupError, AttributeError, ValueError): fits = False",
        f"    if not fits: {MISSED}",
    ]  # fmt: skip


def tensor_of(array: Any) -> Tensor:
    """A result, which has no graph."""
    tensor = object.__new__(Tensor)
    tensor._array, tensor._node, tensor._leaf = np.asarray(array), None, None
    return tensor


def made(text: str, title: str, meaning: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """The function that a text defines."""
    call: Callable[[Any, Any], Any] = defined(text, title, meaning)["call"]
    return call
