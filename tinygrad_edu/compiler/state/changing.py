"""What may say something else in every step, without a word: it cannot be compared, and is refused."""

import threading
from array import array
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from types import BuiltinMethodType
from typing import Any

import numpy as np

from ...errors import TraceError
from ...optim.elementwise import Elementwise
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ..trace.whose_code import OURS
from .places import CONTAINERS

LARGE = 1 << 12  # bytes that are compared before every step
MODULES = ("ctypes", "_ctypes", "multiprocessing", "mmap", "shelve", "sqlite3")


def is_odd(value: Any) -> bool:
    """Whether it is an array that no traced one can stand for: of objects, texts, records, or a subclass."""
    if not isinstance(value, np.ndarray) or type(value) is np.memmap:
        return False
    return type(value) is not np.ndarray or value.dtype.kind not in "fiubc"


def refuse_changing(value: Any, name: str) -> None:
    """Raise if something cannot be compared."""
    if why := changing(value):
        raise TraceError(f"The step can reach {name!r}, {why}")


def refuse_weak(name: str) -> None:
    """Raise since something is referred to weakly alone."""
    raise TraceError(
        f"The step can reach {name!r}, a weak reference to what nothing else that it reaches holds: it would "
        "live as long as the compiled step. Give the step what is referred to."
    )


def refuse_optimizer(optimizer: Optimizer, names: Collection[str]) -> None:
    """Raise if the steps of an optimizer cannot be traced, and code with such names may make one."""
    if not isinstance(optimizer, Elementwise) and "step" in names:
        raise TraceError(
            f"{type(optimizer).__name__} cannot be compiled: its step is no fixed list of calls. "
            "Elementwise optimizers can (SGD, Adam, …)."
        )


def changing(value: Any) -> str:
    """What it is that cannot be compared, and what to do instead; nothing if it can, or does not change."""
    kind = type(value).__name__
    if "decimal" in (getattr(value, "__module__", ""), getattr(value, "__name__", "")):
        return "what is of the module decimal, whose precision may change. Pass a float."
    if isinstance(value, type):
        return ""
    if type(value).__module__.startswith("numpy.random") and not isinstance(value, np.random.Generator):
        return (
            f"a {kind}, whose numbers would be the first step's for ever. Draw from a generator, "
            "np.random.default_rng()."
        )
    if isinstance(value, (ContextVar, threading.local)) or type(value).__module__.startswith(MODULES):
        return (
            f"a {kind}, which may hold something else in every step. Take its value outside of the step, and "
            "pass it."
        )
    if isinstance(value, BuiltinMethodType) and isinstance(value.__self__, np.ndarray):
        return (
            f"a method of an array, {value.__name__}, whose values would be the first step's for ever. Name "
            "the array in the step, and call the method there."
        )
    if type(value) is np.memmap:
        return (
            "a memmap, whose numbers would be the first step's for ever. Take np.asarray(…) of it: an array "
            "of the same memory."
        )
    if isinstance(value, Iterator) and not isinstance(value, np.nditer) and not hasattr(value, "readline"):
        return (
            f"an iterator ({kind}), whose items would be the first step's for ever. Take the items outside "
            "of the step, and pass them to it."
        )
    if hasattr(type(value), "__array__") and not isinstance(value, (np.ndarray, np.generic, Tensor)):
        return (
            f"a {kind}, whose values would be the first step's for ever. Pass the step an array of NumPy's: "
            "np.asarray(…) of it."
        )
    if type(value).__module__.startswith(f"{OURS}.data"):
        return (
            f"a {kind}, whose batches would be the first step's for ever. Loop over it outside of the step, "
            "and pass it the batches."
        )
    if (isinstance(value, CONTAINERS) or is_odd(value)) and is_large(value):
        return (
            f"a {kind}, whose content would be the first step's for ever. Pass what the step needs of it, or "
            "make it an array of numbers."
        )
    return ""


def is_large(value: Any) -> bool:
    """Whether it takes long to compare before every step, or cannot be compared."""
    size = value.nbytes if isinstance(value, (np.ndarray, memoryview)) else 0
    size += value.itemsize * len(value) if isinstance(value, array) else 0
    return size > LARGE or (
        isinstance(value, np.ndarray) and bool(value.dtype.names) and value.dtype.hasobject
    )
