"""What may say something else in every step, without a word: it cannot be compared, and is refused."""

import threading
from array import array
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from types import BuiltinMethodType
from typing import Any

import numpy as np

from ...errors import TraceError
from ...optim.elementwise import Elementwise
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ..trace.whose_code import OURS
from .places import is_opaque

LARGE = 1 << 12  # bytes that are compared before every step
MODULES = ("ctypes", "_ctypes", "multiprocessing", "mmap", "shelve", "sqlite3")


def refuse_changing(value: Any, name: str) -> None:
    """Raise if something cannot be compared."""
    if why := why_incomparable(value):
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


def why_incomparable(value: Any) -> str:
    """What it is that cannot be compared, and what to do instead; nothing if it can, or does not change."""
    why = next((words for is_so, words in REASONS if is_so(value)), "")
    return why.format(value, kind=type(value).__name__, for_ever="would be the first step's for ever")


def is_of(*modules: str) -> Callable[[Any], bool]:
    """The test whether the class of a value is one of some modules, or of those within them."""
    return lambda value: type(value).__module__.startswith(modules)


def is_of_decimal(value: Any) -> bool:
    """Whether it is the module decimal, or a function, a class or a number of it."""
    return "decimal" in (getattr(value, "__module__", ""), getattr(value, "__name__", ""))


def draws_otherwise(value: Any) -> bool:
    """Whether it draws random numbers, and is no generator of NumPy's, which a trace knows."""
    return is_of("numpy.random")(value) and not isinstance(value, np.random.Generator)


def is_method_of_an_array(value: Any) -> bool:
    """Whether it is a method that has its array already."""
    return isinstance(value, BuiltinMethodType) and isinstance(value.__self__, np.ndarray)


def is_used_up(value: Any) -> bool:
    """Whether it is an iterator, which gives each item once; a file that is open is none here."""
    return isinstance(value, Iterator) and not isinstance(value, np.nditer) and not hasattr(value, "readline")


def is_array_of_others(value: Any) -> bool:
    """Whether it is an array of another library, or a table."""
    return hasattr(type(value), "__array__") and not isinstance(value, (np.ndarray, np.generic, Tensor))


def is_large(value: Any) -> bool:
    """Whether it takes long to compare before every step, or cannot be compared."""
    size = value.nbytes if isinstance(value, (np.ndarray, memoryview)) else 0
    size += value.itemsize * len(value) if isinstance(value, array) else 0
    return size > LARGE or (
        isinstance(value, np.ndarray) and bool(value.dtype.names) and value.dtype.hasobject
    )


# fmt: off
# What cannot be compared, in the order in which it is asked: a test, what it is, and what to do instead.
REASONS: list[tuple[Callable[[Any], bool], str]] = [
    (is_of_decimal,
     "what is of the module decimal, whose precision may change. Pass a float."),
    (lambda value: isinstance(value, type),
     ""),  # a class, which is looked into
    (draws_otherwise,
     "a {kind}, whose numbers {for_ever}. Draw from a generator, np.random.default_rng()."),
    (lambda value: isinstance(value, (ContextVar, threading.local)) or is_of(*MODULES)(value),
     "a {kind}, which may hold something else in every step. Take its value outside of the step, and pass it."),
    (is_method_of_an_array,
     "a method of an array, {0.__name__}, whose values {for_ever}. Name the array in the step, and call the method there."),
    (lambda value: type(value) is np.memmap,
     "a memmap, whose numbers {for_ever}. Take np.asarray(…) of it: an array of the same memory."),
    (is_used_up,
     "an iterator ({kind}), whose items {for_ever}. Take the items outside of the step, and pass them to it."),
    (is_array_of_others,
     "a {kind}, whose values {for_ever}. Pass the step an array of NumPy's: np.asarray(…) of it."),
    (is_of(f"{OURS}.data"),
     "a {kind}, whose batches {for_ever}. Loop over it outside of the step, and pass it the batches."),
    (lambda value: is_opaque(value) and is_large(value),
     "a {kind}, whose content {for_ever}. Pass what the step needs of it, or make it an array of numbers."),
]
# fmt: on
