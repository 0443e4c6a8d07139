"""A program in C: compiled, loaded, and given memory."""

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy._core.umath import _extobj_contextvar as ERRORS

from ...errors import TraceError
from ..loops.memories import address
from ..memory.callable import address_of, callable_of, of_python, table_of
from ..memory.inner import inner_loop, references_are_as_known
from ..memory.random_functions import function_of, interface_of
from ..memory.words import Words, forms_are_as_known
from ..passes.lent import ALIGNED
from ..program import Ref
from .cache import library
from .driven import Driven
from .own_loops import own_loop


class NativeSource(Driven):
    """A program in C and the function in Python that calls it; made and used as `Source` is."""

    def _load(self) -> None:
        """The functions that are compiled, and what the function in Python needs besides."""
        self.library = self._compiled()
        self.forms: list[Any] = []  # of the results: shapes, dtypes and orders
        for m in self.whole:
            value = self.program.values[next(r for r in self.results if self.memories.of[r] == m).number]
            self.forms.append((value.shape, value.dtype, "C" if value.flags.c_contiguous else "F"))
        at: dict[Any, int] = {slot: i for i, slot in enumerate(self.slots)}
        # Of a result that has no elements, nothing is written.
        self.slots_of_results = [
            (at.get(("memory", m), -1), at[("result", k)]) for k, m in enumerate(self.whole)
        ]
        self._make_rooms()

    def _compiled(self) -> Any:
        """The addresses of the functions, by their names."""
        path = library(self.c, self.folder)
        try:
            loaded = ctypes.CDLL(str(path))
        except OSError as error:
            raise TraceError(
                f"{path} cannot be loaded: {error}\n  Pass another folder, cache=…, or set CC to a compiler "
                "for this machine."
            ) from None
        if self.many is not None:  # in which other threads run
            given: list[Any] = [ctypes.c_void_p, *[ctypes.py_object] * len(self.arguments), ctypes.c_void_p]
            self.many.function = ctypes.CFUNCTYPE(ctypes.c_int, *given)(address_of(loaded["steps"]))
            self.given["many"] = self.many.run
        return {name: address_of(loaded[name]) for name in (*self.called, "hold")}  # which stays loaded

    def _form_of(self, ref: Ref) -> tuple[str, tuple[int, ...], Any, int]:
        """The name of a gradient that stays in the arena, its shape and dtype, and where there it lies."""
        value, m = self.program.values[ref.number], self.memories.of[ref]
        offset = self.offsets[m] + address(value) - self.everything[m].low
        return self.name(ref), value.shape, value.dtype, offset

    def _make_rooms(self) -> None:
        """Find memory for the arena, for the gradients in it, and for results."""
        memory = np.empty(self.size + ALIGNED, np.uint8)
        memory = memory[-memory.ctypes.data % ALIGNED :]
        for m, offset in self.offsets.items():
            whole, begin = (memory, offset) if offset >= 0 else self.lent.found(offset)
            self.room[m] = whole[begin : begin + self.everything[m].size]
            self.everything[m] = self.everything[m]._replace(array=None)
        for name, shape, dtype, offset in self.forms_of_gradients:
            self.given[name] = np.ndarray(shape, dtype, memory, offset)
        rooms = [self._room_of_results(), self._room_of_results()]
        *functions, table, _ = rooms[0]
        self.given |= dict(zip(self.called, functions)) | {
            "P": table, "rooms": rooms, "renew": self._renew, "undo": self._undo,
        }  # fmt: skip

    def _moved(self) -> Any:
        self._make_rooms()
        return self.compiled()

    def words(self, most: int, forms: Sequence[Any] = ()) -> Any:
        """What looks in C at so many words of memory, and at arguments; see `words.Words`."""
        known = references_are_as_known() and forms_are_as_known()
        return Words(self.library, most, forms) if known else None

    def conditions(self, name: Any) -> list[str]:
        """That errors of floating-point numbers are dealt with as they were: C says nothing of them."""
        known, current = name(np.geterr()), name(ERRORS.get)
        return [f"({current}() is {name(ERRORS.get())} or {name(np.geterr)}() == {known})"]

    def _room_of_results(self) -> tuple[Any, ...]:
        """Functions, the table of addresses that is theirs, and arrays for the results."""
        arrays = [np.empty(*form) for form in self.forms]
        table = table_of(len(self.slots), len(self.called))
        for i, what in enumerate(self.slots):
            table[i] = self._address_of(what, arrays)
        made = [callable_of(self.library[name], table, k) for k, name in enumerate(self.called)]
        return *made, table, arrays

    def _address_of(self, what: Any, arrays: list[Any]) -> int:
        if what == "ndarray":
            return id(np.ndarray)
        if what[0] == "python":
            return of_python(what[1])
        if what[0] == "random":
            return function_of(what[1]) or 0
        if what[0] == "generator":
            return interface_of(what[1])
        if what[0] == "scalar":
            return address(self.counting.scalars[what[1]])
        if isinstance(what[0], np.ufunc):
            found = self._loop_of(*what[:2])
            assert found is not None
            return found[len(what) - 2]
        m = what[1]
        if what[0] == "result":
            return id(arrays[m])
        if self.kinds[m] == "result":
            return address(arrays[self.whole.index(m)])
        return address(self.room[m]) if m in self.room else self.everything[m].low

    def _loop_of(self, ufunc: np.ufunc, types: str) -> Any:
        """The addresses of a ufunc's loop, NumPy's or a faster one, and of its data."""
        return own_loop(ufunc, types, self.folder) or inner_loop(ufunc, types)

    def _renew(self, table: Any, arrays: list[Any]) -> None:
        """Other arrays for the results that somebody has kept."""
        for k, (memory, result) in enumerate(self.slots_of_results):
            if sys.getrefcount(arrays[k]) != 2 or table[result] != id(arrays[k]):
                table[result] = id(None)  # which others hold: C does not begin if an interrupt comes now
                arrays[k] = np.empty(*self.forms[k])
                if memory >= 0:
                    table[memory] = address(arrays[k])
                table[result] = id(arrays[k])

    def count_back(self) -> None:
        """Count back, if that was counted before the first line."""
        if self.is_counted:
            self._undo()

    def _undo(self) -> None:
        """Count back the steps of the optimizers, since the function will be run as it is."""
        for live in self.lives:
            pack, _, i = live.of
            pack.counts = [c - (i is None or k == i) for k, c in enumerate(pack.counts)]

    def report(self) -> list[str]:
        """What runs in compiled loops, and what does not."""
        statements, loops, calls = self.numbers
        head = f"in {self.language}: {statements} statements in {loops} loops, {calls} calls; "
        head += f"{len(self.cuts)} lines of NumPy."
        rows = [f"a call is one step: {self.why_one}."] if self.why_one else []
        if self.many is not None:
            rows = [f"many steps may be one call, of batches of {self.many.batch} rows."]
        rows += [f"not in C: {self.why}"] * bool(self.why)
        return [head, *rows, *(f"cut: {line}  ({why})" for line, why in self.cuts)]
