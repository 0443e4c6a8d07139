"""Memories: the stretches that the arrays of a program lie in, and where in them each array lies."""

from collections.abc import Collection
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..program import Call, Program, Ref, owner_of
from ..trace.dependent import BY_VALUES

C_TYPES = {
    "b1": "uint8_t", "i1": "int8_t", "i2": "int16_t", "i4": "int32_t", "i8": "int64_t", "u1": "uint8_t",
    "u2": "uint16_t", "u4": "uint32_t", "u8": "uint64_t", "f4": "float", "f8": "double",
}  # fmt: skip
VIEWING = {
    "reshape", "transpose", "swapaxes", "squeeze", "ravel", "__getitem__", "diagonal", "view", np.transpose,
    np.reshape, np.ravel, np.flip, np.flipud, np.fliplr, np.rot90, np.split, np.array_split, np.hsplit,
    np.vsplit, np.squeeze, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, np.diagonal,
    np.broadcast_to, np.matrix_transpose, np.lib.stride_tricks.sliding_window_view, np.dsplit, np.atleast_1d,
    np.atleast_2d, np.atleast_3d, np.broadcast_arrays, np.linalg.diagonal, np.linalg.matrix_transpose,
    getattr(np, "unstack", np.split),  # of 2.1
}  # fmt: skip


class NoLoop(Exception):
    """A step that has no loop form, and why."""


class _Operand(NamedTuple):
    memory: int
    offset: int
    dtype: Any
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Operand(_Operand):
    """An array as loops see it.

    Attributes
    ----------
    memory : int
    offset : int
        In bytes, from the beginning of the memory.
    dtype : dtype
    shape, strides : tuple of int
        Strides are in bytes.
    """

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The first byte of it, and that behind the last."""
        if 0 in self.shape:
            return self.offset, self.offset
        spans = [(n - 1) * s for n, s in zip(self.shape, self.strides)]
        low = self.offset + sum(s for s in spans if s < 0)
        return low, self.offset + sum(s for s in spans if s > 0) + self.dtype.itemsize

    def overlaps(self, other: "Operand") -> bool:
        """Whether the two may share a byte."""
        if self.memory != other.memory:
            return False
        (a, b), (c, d) = self.ends, other.ends
        return a < d and c < b

    def forward(self, axes: Collection[int]) -> "Operand":
        """The same, with those of some axes that run backwards in memory the other way round."""
        offset, strides = self.offset, list(self.strides)
        for a in axes:
            if strides[a] < 0 and self.shape[a]:
                offset += (self.shape[a] - 1) * strides[a]
                strides[a] = -strides[a]
        return self._replace(offset=offset, strides=tuple(strides))

    def broadcast(self, shape: tuple[int, ...]) -> "Operand":
        """The same in a larger shape, by strides of 0."""
        if shape == self.shape and 1 not in shape:
            return self
        missing = len(shape) - len(self.shape)  # less than none, if it has more axes, of length 1
        strides = (0,) * missing + tuple(s if n > 1 else 0 for n, s in zip(self.shape, self.strides))
        strides = strides[max(-missing, 0) :]
        return self._replace(shape=shape, strides=strides)


class Literal(NamedTuple):
    """A number, which the text spells; two are equal if that is done alike."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is Literal and self._spelled == other._spelled

    def __hash__(self) -> int:
        return hash(self._spelled)

    @property
    def _spelled(self) -> tuple[type, str]:
        return type(self.value), repr(self.value)


class Memory(NamedTuple):
    """A stretch of memory.

    Attributes
    ----------
    kind : "fixed", "argument" or "own"
        Whether it is there before the step, is given with every call, or holds what the step computes.
    low, size : int
        Where it lay in the run that was traced, and how many bytes it has.
    array : array or None
        What keeps it alive, if it is fixed.
    """

    kind: str
    low: int
    size: int
    array: Any


class Memories:
    """All memories of a program.

    A view lies in the memory of what it is a view of; two arguments lie in two memories, whatever they share
    in the run that was traced.
    """

    def __init__(self, program: Program, arguments: list[Ref]) -> None:
        self.program, self.arguments = program, arguments
        self.all: list[Memory] = []
        self.of: dict[Ref, int] = {}
        self._fixed: dict[int, int] = {}  # by the identity of what owns it
        self._known: dict[Ref, Operand] = {}
        for ref in program.inputs:
            value = program.values[ref.number]
            self.of[ref] = self._new("argument", value) if ref in arguments else self.fixed(value)
        self.views: set[int] = set()  # the places of steps that only look at what is there in another way
        self.shift: dict[Ref, int] = {}  # from where an array lay to where it lies without copies left out
        self.moving: set[Ref] = set()  # views whose place depends on values
        for place, step in enumerate(program.steps):
            if isinstance(step, Call):
                self._place(place, step)

    def fixed(self, array: Any) -> int:
        """The memory of an array that stays where it is."""
        owner = owner_of(array)
        if id(owner) not in self._fixed:
            self._fixed[id(owner)] = self._new("fixed", owner)
        return self._fixed[id(owner)]

    def own(self, size: int) -> int:
        """Another memory that the step computes in."""
        self.all.append(Memory("own", 0, size, None))
        return len(self.all) - 1

    def extend(self, number: int, size: int) -> None:
        """Make a memory longer."""
        self.all[number] = self.all[number]._replace(size=self.all[number].size + size)

    def temporary(self, shape: tuple[int, ...], dtype: Any) -> Operand:
        """An array of its own memory, in C order."""
        dtype = np.dtype(dtype)
        size = prod(shape) * dtype.itemsize
        return Operand(self.own(size), 0, dtype, shape, in_order(shape, dtype))

    def _new(self, kind: str, array: Any) -> int:
        low, high = byte_bounds(array) if isinstance(array, np.ndarray) else (0, array.nbytes)
        self.all.append(Memory(kind, low, high - low, array if kind == "fixed" else None))
        return len(self.all) - 1

    def _place(self, place: int, call: Call) -> None:
        values = self.program.values
        sources = dict.fromkeys(r for r in call.reads if r in self.of)
        for out in call.outputs:
            if out in self.of:
                continue
            value = values[out.number]
            owner = owner_of(value)
            shared = [r for r in sources if self._lies_in(value, owner, r)]
            if shared:
                self.of[out], self.shift[out] = self.of[shared[0]], self.shift.get(shared[0], 0)
                if call.function in BY_VALUES or len(sources) > 1 or shared[0] in self.moving:
                    self.moving.add(out)
                elif len(call.outputs) == 1 and not call.writes:
                    self.views.add(place)
            elif copied := [r for r in sources if self._is_view_of_copy(call, owner, value, r)]:
                self.of[out], self.shift[out] = self.of[copied[0]], self._at(copied[0]) - address(owner)
                if len(sources) > 1:
                    self.moving.add(out)
                elif len(call.outputs) == 1:
                    self.views.add(place)
            else:
                self.of[out] = self._new("own", value if owner is value else _whole(owner, value))

    def _is_view_of_copy(self, call: Call, owner: Any, value: Any, source: Ref) -> bool:
        """Whether an array was a view of a copy that a pass has left out: of its source now."""
        copied = self.program.values[source.number]
        if call.function not in VIEWING or owner is value or source in self.moving or call.writes:
            return False
        if not isinstance(value, np.ndarray) or not isinstance(copied, np.ndarray):
            return False
        alike = (owner.shape, owner.strides, owner.dtype) == (copied.shape, copied.strides, copied.dtype)
        return alike and bool(copied.size)

    def _at(self, ref: Ref) -> int:
        """Where the first element of an array lay, or would have lain but for a copy that was left out."""
        return address(self.program.values[ref.number]) + self.shift.get(ref, 0)

    def _lies_in(self, value: Any, owner: Any, ref: Ref) -> bool:
        """Whether an array is a view of another, by as_strided too, which leaves no trace of that."""
        if not isinstance(value, np.ndarray) or not isinstance(self.program.values[ref.number], np.ndarray):
            return False
        if owner_of(self.program.values[ref.number]) is owner:
            return True
        memory = self.all[self.of[ref]]
        return 0 < memory.low <= address(value) < memory.low + memory.size

    # ---- operands ------------------------------------------------------------------------------------------

    def operand(self, ref: Ref) -> Operand:
        """An array of the program."""
        if ref in self.moving:
            raise NoLoop("a view whose place depends on values")
        if ref not in self._known:
            value, shift = self.program.values[ref.number], self.shift.get(ref, 0)
            self._known[ref] = self.lying(self.of[ref], value, shift)
        return self._known[ref]

    def constant(self, array: Any) -> Operand:
        """An array that the program names as it is."""
        return self.lying(self.fixed(array), array)

    def lying(self, number: int, value: Any, shift: int = 0) -> Operand:
        """What lies in a memory where ``value`` lay in the run that was traced."""
        dtype, memory = value.dtype, self.all[number]
        if dtype.str[1:] not in C_TYPES or not dtype.isnative:
            raise NoLoop(f"numbers of type {dtype}")
        offset = address(value) + shift - memory.low if isinstance(value, np.ndarray) else 0
        steps = (offset, memory.low, *value.strides) if isinstance(value, np.ndarray) else ()
        if any(s % dtype.itemsize for s in steps):
            raise NoLoop("an array that is not aligned")
        made = Operand(number, offset, dtype, value.shape, value.strides)
        if made.ends[0] < 0 or made.ends[1] > memory.size:
            raise NoLoop("an array of unknown memory")
        return made


def in_order(shape: tuple[int, ...], dtype: Any) -> tuple[int, ...]:
    """The strides of an array in C order."""
    strides, size = [], dtype.itemsize
    for n in reversed(shape):
        strides.append(size)
        size *= n
    return tuple(reversed(strides))


def address(array: Any) -> int:
    """Where the first element of an array lies."""
    return int(array.__array_interface__["data"][0])


def within(array: Any, room: Any) -> int:
    """How far behind the beginning of another array one begins, in bytes."""
    return address(array) - address(room)


def is_open(array: np.ndarray) -> bool:
    """Whether one may write into an array; asked by name, NumPy warns of what broadcast_arrays gave."""
    return bool(array.flags.num & 1024)


def read_only(*form: Any) -> Any:
    """An array that lies in another one, into which nobody may write: elements of it may share a place."""
    array: Any = np.ndarray(*form)
    array.flags.writeable = False
    return array


def _whole(owner: Any, value: Any) -> Any:
    """What covers both an owner that the program does not name and the view of it that it does."""
    return owner if isinstance(owner, np.ndarray) and owner.nbytes else value
