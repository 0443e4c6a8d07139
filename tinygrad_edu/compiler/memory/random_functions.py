"""NumPy's random draws by their addresses: C calls what a generator calls, on its state, to the same bits.

NumPy exports these functions for cffi and numba, which its documentation shows, and a bit generator tells
the address of its interface, ``bitgen_t``.  Each function is tried once.
"""

import ctypes
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import numpy as np

from ..program import Call

FILLING = {"random": "random_standard_uniform_fill", "standard_normal": "random_standard_normal_fill"}
NUMBERS = {"normal": (("loc", 0.0), ("scale", 1.0)), "uniform": (("low", 0.0), ("high", 1.0))}
REENTRANT = type(threading.RLock())
POSITIONS = {
    "random": ("size", "dtype", "out"), "standard_normal": ("size", "dtype", "out"),
    "normal": ("loc", "scale", "size"), "uniform": ("low", "high", "size"),
}  # fmt: skip


def is_numpys(method: Any) -> bool:
    """Whether a method of a generator is NumPy's, and not one of a class that derives from `Generator`."""
    name = method.__name__
    return getattr(type(method.__self__), name, None) is getattr(np.random.Generator, name, method)


def signature_of(call: Call) -> dict[str, Any]:
    """The arguments of a draw by their names; what has another name is no draw that C makes."""
    names = POSITIONS.get(call.function.__name__, ())
    if len(call.args) > len(names):
        return {"other": call.args}
    return dict(zip(names, call.args)) | call.kwargs


def interface_of(generator: np.random.Generator) -> int:
    """The address of a generator's ``bitgen_t``."""
    return int(generator.bit_generator.ctypes.bit_generator.value or 0)


@contextmanager
def held(generators: Iterable[np.random.Generator], *, draws: bool = False) -> Iterator[None]:
    """A block in which no other thread draws from generators, as NumPy's draws are.

    Parameters
    ----------
    generators : iterable of Generator
    draws : bool, default=False
        Whether the block calls their methods, which take the lock themselves: before NumPy 2.4 they would
        wait for ever, so that there nothing is held.
    """
    locks = {id(lock): lock for lock in (g.bit_generator.lock for g in generators)}
    with ExitStack() as stack:
        for _, lock in sorted(locks.items()):  # in one order, lest two threads wait for each other
            if not draws or isinstance(lock, REENTRANT):
                stack.enter_context(lock)
        yield


@cache
def function_of(name: str) -> int | None:
    """The address of a function of NumPy's; None if it is not there, or does not give what Python gives."""
    try:
        function = ctypes.CDLL(np.random._generator.__file__)[name]
    except (AttributeError, OSError):
        return None
    known, own = (np.random.Generator(np.random.PCG64(5)) for _ in range(2))
    dtype: Any = np.dtype("f" if name.endswith("_f") else "d")
    expected: Any
    state = ctypes.c_void_p(interface_of(own))
    if name.endswith(("_fill", "_fill_f")):
        draw: Any = known.standard_normal if "normal" in name else known.random
        expected, found = draw(9, dtype=dtype), np.empty(9, dtype)
        function.restype = None
        function(state, ctypes.c_ssize_t(9), ctypes.c_void_p(found.ctypes.data))
    else:
        function.restype = ctypes.c_double
        arguments = ctypes.c_double(0.25), ctypes.c_double(1.5)
        expected = known.normal(0.25, 1.5, 9) if name == "random_normal" else known.uniform(0.25, 1.75, 9)
        found = np.array([function(state, *arguments) for _ in range(9)])
    return ctypes.cast(function, ctypes.c_void_p).value if np.array_equal(expected, found) else None
