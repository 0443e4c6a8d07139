"""Items: copies, indexing, selections and constants as statements, and what all statements are made of."""

from typing import Any

import numpy as np

from ..program import Call, Check, Ref
from .kinds import Each, Gather, Given, Scatter, Select, Statement
from .memories import Literal, Memories, NoLoop, Operand, in_order

PLACES = (int, slice, type(...))


class Items:
    """Statements that move numbers.

    Parameters
    ----------
    memories : Memories
    draws : bool, default=False
        Whether random draws are statements, too.
    """

    def __init__(self, memories: Memories, draws: bool = False) -> None:
        self.draws = draws
        self.memories, self.values = memories, memories.program.values
        self._made: list[Statement] = []
        self.has_written = False  # into what stays after the step
        self.words: set[Ref] = (
            set()
        )  # whole numbers of Python's that are counts, and so no larger than a word
        self.counted: set[Ref] = set()  # results whose lengths are looked at as they are made
        checks = (s for s in memories.program.steps if isinstance(s, Check) and type(s.truth) is tuple)
        self.chosen = {check.ref for check in checks}  # results whose shapes depend on values

    # ---- what statements are made of -----------------------------------------------------------------------

    def given(self, value: Any) -> Given:
        """An argument of a call."""
        if type(value) is Ref and self._is_number(value):
            return Literal(self.values[value.number])
        if type(value) is Ref:
            of_any_size = value in self.memories.program.numbers and value not in self.words
            if of_any_size and self.values[value.number].dtype.kind in "iu":
                raise NoLoop("a whole number of Python's, which may be of any size")
            return self.memories.operand(value)
        if isinstance(value, np.ndarray):
            return self.memories.constant(value)
        if isinstance(value, (bool, int, float, np.number, np.bool_)):
            return Literal(value)
        raise NoLoop(f"an argument of type {type(value).__name__}")

    def _is_number(self, ref: Ref) -> bool:
        """Whether it is a number that is the same in every step."""
        fixed = self.memories.all[self.memories.of[ref]].kind == "fixed"
        return fixed and not isinstance(self.values[ref.number], np.ndarray)

    def operand(self, value: Any) -> Operand:
        """An argument that must be an array."""
        if type(value) is Operand:
            return value
        found = self.given(value)
        if isinstance(found, Literal):
            raise NoLoop("a number in the place of an array")
        return found

    def target(self, call: Call) -> Operand:
        """Where the result of a call goes."""
        return self.memories.operand(call.writes[0] if call.writes else call.outputs[0])

    def each(self, op: str, out: Operand, args: list[Given], loop: Any, gives: Any) -> None:
        """Add an elementwise statement; by way of a temporary array, where out lies across an argument."""
        args = [a.broadcast(out.shape) if isinstance(a, Operand) else a for a in args]
        args = [Literal(fitting(a.value, loop)) if isinstance(a, Literal) else a for a in args]
        crossing = any(isinstance(a, Operand) and a.overlaps(out) and not same_place(a, out) for a in args)
        to = self.memories.temporary(out.shape, gives) if crossing else out
        self._made.append(Each(op, to, tuple(args), np.dtype(loop), np.dtype(gives)))
        if crossing:
            self.copy(out, to)

    def copy(self, out: Operand, source: Given) -> None:
        """Add a copy, of another type perhaps."""
        if isinstance(source, Operand) and source.dtype.kind != "b" and out.dtype.kind == "b":
            self.each("not_equal", out, [source, Literal(0)], source.dtype, bool)
        elif isinstance(source, Operand):
            self.each("copy", out, [source], source.dtype, source.dtype)
        else:
            self.each("copy", out, [source], out.dtype, out.dtype)

    def as_type(self, source: Given, dtype: Any) -> Operand:
        """An operand of a type that NumPy's loops need."""
        if isinstance(source, Operand) and source.dtype == dtype:
            return source
        made = self.memories.temporary(source.shape if isinstance(source, Operand) else (), dtype)
        self.copy(made, source)
        return made

    # ---- copies and items ----------------------------------------------------------------------------------

    def _copy(self, call: Call) -> None:
        """A copy in whatever shape, of elements in C order."""
        source, out = self.given(call.args[0]), self.target(call)
        if isinstance(source, Operand) and source.shape != out.shape:
            other = call.kwargs.get("order", "C") != "C"
            other |= call.function in ("ravel", "flatten", np.ravel) and len(call.args) > 1
            if other or out.strides != in_order(out.shape, out.dtype):
                raise NoLoop("a reshaped copy in another order")
            out = out._replace(shape=source.shape, strides=in_order(source.shape, out.dtype))
        self.copy(out, source)

    def _item(self, call: Call) -> None:
        """The only element, as a number."""
        if len(call.args) > 1:
            raise NoLoop("an item at a place")
        self._copy(call)

    def _is_mask(self, call: Call) -> bool:
        """Whether it takes the elements that an array of bools marks."""
        key = call.args[1] if call.function == "__getitem__" else None
        return type(key) is Ref and self.values[key.number].dtype.kind == "b"

    def _basic(self, ref: Ref, key: Any) -> Operand:
        """The operand that a key of slices and numbers leads to."""
        keys = key if type(key) is tuple else (key,)
        ends = [end for k in keys if type(k) is slice for end in (k.start, k.stop, k.step)]
        if Ref in map(type, ends) or not all(k is None or type(k) in PLACES for k in keys):
            raise NoLoop("indexing by an array")
        value, operand = self.values[ref.number], self.memories.operand(ref)
        if not isinstance(value, np.ndarray):
            return operand
        part = value[keys if Ellipsis in keys else (*keys, Ellipsis)]
        return self.memories.lying(self.memories.of[ref], part, self.memories.shift.get(ref, 0))

    def _getitem(self, call: Call) -> None:
        ref, key = call.args
        if self._is_mask(call):
            mask, source = self.operand(key), self.operand(ref)
            if mask.shape != source.shape or not source.shape:
                raise NoLoop("a mask of fewer axes, or of none")
            self.counted.add(call.outputs[0])
            out = self.target(call)
            self.memories.extend(out.memory, source.shape[-1] * out.dtype.itemsize)
            self._made.append(Select(out, source, mask))
            return
        if indices := self._indices(key):
            self._made.append(Gather(self.target(call), self.operand(ref), indices))
            return
        self.copy(self.target(call), self._basic(ref, key))

    def _indices(self, key: Any) -> tuple[Operand, ...]:
        """The whole numbers that index the first axes, of one shape; none if the key is another."""
        keys = key if type(key) is tuple else (key,)
        if not keys or not all(type(k) is Ref or isinstance(k, np.ndarray) for k in keys):
            return ()
        found = [self.operand(k) for k in keys]
        if any(k.dtype.kind not in "iu" for k in found):
            return ()
        if self.has_written:  # an index beyond the ends is found too late
            raise NoLoop("indexing by an array after a write")
        shape = np.broadcast_shapes(*(k.shape for k in found))
        return tuple(k.broadcast(shape) for k in found)

    def _scatter(self, out: Operand, indices: tuple[Operand, ...], value: Given, adds: bool) -> None:
        if isinstance(value, Literal) or value.overlaps(out) or any(k.overlaps(out) for k in indices):
            raise NoLoop("writing a number by an array of indices")
        if value.dtype != out.dtype:
            raise NoLoop("writing another type by an array of indices")
        shape = (*indices[0].shape, *out.shape[len(indices) :])
        self._made.append(Scatter(out, value.broadcast(shape), indices, adds))

    def _add_at(self, call: Call) -> None:
        out, indices = self.operand(call.args[0]), self._indices(call.args[1])
        if not indices or call.kwargs:
            raise NoLoop("add.at")
        self._scatter(out, indices, self.given(call.args[2]), True)

    def _setitem(self, call: Call) -> None:
        ref, key, value = call.args
        if type(key) is Ref and self.values[key.number].dtype.kind == "b":
            out, mask, given = self.operand(ref), self.operand(key), self.given(value)
            if mask.shape != out.shape or (isinstance(given, Operand) and given.shape):
                raise NoLoop("assignment by a mask")
            if isinstance(given, Operand) and given.dtype != out.dtype:
                raise NoLoop("assignment of another type by a mask")
            self.each("where", out, [mask, given, out], out.dtype, out.dtype)
            return
        if indices := self._indices(key):
            self._scatter(self.operand(ref), indices, self.given(value), False)
            return
        self.copy(self._basic(ref, key), self.given(value))

    def _fill(self, call: Call) -> None:
        self.copy(self.operand(call.args[0]), self.given(call.args[1]))

    def _copyto(self, call: Call) -> None:
        if call.kwargs or len(call.args) != 2:
            raise NoLoop("copyto with settings")
        self.copy(self.operand(call.args[0]), self.given(call.args[1]))

    def _constant(self, call: Call) -> None:
        if set(call.kwargs) - {"dtype", "shape", "order", "subok"}:
            raise NoLoop("an array in another order")
        out = self.target(call)
        if call.function is np.full_like:
            self.copy(out, self.given(call.args[1]))
        elif call.function is not np.empty_like:
            self.copy(out, Literal(1 if call.function is np.ones_like else 0))

    def _where(self, call: Call) -> None:
        if len(call.args) != 3 or call.kwargs:
            raise NoLoop("where of one argument")
        condition, a, b = map(self.given, call.args)
        out = self.target(call)
        if not isinstance(condition, Operand) or condition.dtype.kind != "b":
            raise NoLoop("where of a condition that is no bool")
        self.each("where", out, [condition, a, b], out.dtype, out.dtype)

    def _clip(self, call: Call) -> None:
        """Between two numbers, of which -0 and 0 are one; else as `maximum` and `minimum` are taken."""
        if len(call.args) != 3 or set(call.kwargs) - {"out"}:
            raise NoLoop("clip with settings")
        x, *bounds = (None if a is None else self.given(a) for a in call.args)
        out = self.target(call)
        assert x is not None
        if bounds == [None, None]:
            raise NoLoop("clip without bounds")
        are_numbers = None not in bounds and not any(
            isinstance(b, Operand) and any(b.strides) for b in bounds
        )
        for op, bound in zip(("at_least", "at_most") if are_numbers else ("maximum", "minimum"), bounds):
            if bound is not None:
                self.each(op, out, [x, bound], out.dtype, out.dtype)
                x = out

    def _broadcast(self, call: Call) -> None:
        """What could not be a view, of a number."""
        source, out = self.given(call.args[0]), self.target(call)
        if any(out.strides) or (isinstance(source, Operand) and any(n > 1 for n in source.shape)):
            raise NoLoop("broadcast_to")
        if isinstance(source, Operand):
            source = source._replace(shape=(), strides=())
        self.copy(out._replace(shape=(), strides=()), source)

    def _stack(self, call: Call) -> None:
        if set(call.kwargs) - {"axis"} or len(call.args) > 2:
            raise NoLoop("stack with settings")
        out, parts = self.target(call), [self.operand(p) for p in call.args[0]]
        axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else 0) % len(out.shape)
        shape, strides = (t[:axis] + t[axis + 1 :] for t in (out.shape, out.strides))
        for k, part in enumerate(parts):
            offset = out.offset + k * out.strides[axis]
            self.copy(out._replace(offset=offset, shape=shape, strides=strides), part)

    def _concatenate(self, call: Call) -> None:
        if set(call.kwargs) - {"axis", "out"} or len(call.args) > 2:
            raise NoLoop("concatenate with settings")
        axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else 0)
        out, start = self.target(call), 0
        parts = [self.operand(p) for p in call.args[0]]
        if axis is None or any(p.overlaps(out) for p in parts):
            raise NoLoop("concatenate of flattened arrays")
        for part in parts:
            offset = out.offset + start * out.strides[axis]
            self.copy(out._replace(offset=offset, shape=part.shape), part)
            start += part.shape[axis]


def fitting(value: Any, dtype: Any) -> Any:
    """A number as one of a type; NumPy compares with those that are beyond its ends, and clips at them."""
    if type(value) is int and np.dtype(dtype).kind in "iu":
        ends = np.iinfo(dtype)
        if not ends.min <= value <= ends.max:
            raise NoLoop(f"a number beyond the ends of {ends.dtype}")
    return np.asarray(value).astype(dtype)[()]


def same_place(a: Operand, b: Operand) -> bool:
    """Whether each element of one lies where that of the other does."""
    strides = zip(a.shape, b.shape, a.strides, b.strides)
    return (
        a.memory == b.memory and a.offset == b.offset and a.dtype.itemsize == b.dtype.itemsize
        and a.shape == b.shape and all(s == t for n, _, s, t in strides if n > 1)
    )  # fmt: skip
