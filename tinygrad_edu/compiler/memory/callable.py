"""Functions in C that Python calls as its own, in a fraction of the time that ctypes takes to call one.

Such a function is given an object of its own, an array of addresses here, an array of pointers to the
arguments, and their number (``METH_FASTCALL``, which Python's C interface documents); the thread that calls
it holds Python's lock.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

NAME = ctypes.create_string_buffer(b"step")  # which lives as long as any of them
FASTCALL = 0x0080


class _Method(ctypes.Structure):
    """Python's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_void_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
        ("doc", ctypes.c_void_p),
    )  # fmt: skip


WORDS = ctypes.sizeof(_Method) // ctypes.sizeof(ctypes.c_void_p)


def table_of(words: int, functions: int) -> Any:
    """An array for so many addresses, and behind them for what Python is told of so many functions."""
    return np.zeros(words + functions * WORDS, np.uintp)


def callable_of(function: Any, table: Any, number: int) -> Callable[..., int]:
    """A function of a library, whose own object is a table with room for it, the last but ``number``.

    The table outlives it, and with it what Python was told of it.
    """
    place = table[len(table) - (number + 1) * WORDS :][:WORDS]
    method = _Method.from_buffer(place)
    method.name, method.flags = ctypes.addressof(NAME), FASTCALL
    method.function = address_of(function)
    kind = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    make = kind(("PyCFunction_NewEx", ctypes.pythonapi))
    made: Callable[..., int] = make(ctypes.addressof(method), table, None)
    return made


def address_of(function: Any) -> int:
    """The address of a function of a library, which may be given itself."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def of_python(name: str) -> int:
    """The address of a function of Python's C interface."""
    return address_of(ctypes.pythonapi[name])
