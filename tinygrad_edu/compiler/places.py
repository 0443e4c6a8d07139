"""Places that hold what a step reads: globals, attributes, items, cells; and what is compared of them."""

import collections
import dis
import types
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..nn.module import Module
from ..tensor import Tensor
from .files import LIBRARIES

SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
CELL, GONE = object(), object()
LOOKING_UP = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}

COMPARING = {"IS_OP", "COMPARE_OP", "CONTAINS_OP"}
CLASSES = frozenset({"ndarray", "generic", "float16", "float32", "float64", "int32", "int64", "bool_"})


VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))
CONTAINERS = (
    set, frozenset, collections.deque, bytearray, array, memoryview, types.MappingProxyType, *VIEWS
)  # fmt: skip


class Attribute(str):
    """A key that is the name of an attribute."""

    __slots__ = ()


class Place:
    """A place that holds something: a global, an attribute, an item of a list or dict, a cell of a closure.

    Attributes
    ----------
    name : str
        What a message calls it.
    of_optimizer : bool
        Whether it belongs to an optimizer, which counts its steps itself.
    tells : bool
        Whether it is an attribute of a module, which counts its changes.
    """

    __slots__ = ("container", "key", "name", "of_optimizer", "tells")

    def __init__(
        self, name: str, container: Any, key: Any, of_optimizer: bool = False, tells: bool = False
    ) -> None:
        self.name, self.container, self.key = name, container, key
        self.of_optimizer, self.tells = of_optimizer, tells

    def is_asked(self, value: Any) -> bool:
        """Whether it is looked at before every step: it may change without a word."""
        return not (self.of_optimizer or self.tells or isinstance(value, Tensor))

    def text(self, name: Callable[..., str]) -> str:
        """An expression for what it holds."""
        container = name(self.container, "h")
        if self.key is CELL:
            return f"{container}.cell_contents"
        if type(self.key) is Attribute:
            return f"{container}.{self.key}"
        key = repr(self.key) if type(self.key) in (str, int) else name(self.key)
        return f"{container}[{key}]"

    def get(self) -> Any:
        """What it holds."""
        if self.key is CELL:
            return self.container.cell_contents
        if type(self.key) is Attribute:
            return getattr(self.container, self.key, GONE)
        try:
            return self.container[self.key]
        except (KeyError, IndexError):
            return GONE

    def put(self, value: Any) -> None:
        """Have it hold something else."""
        if self.key is CELL:
            self.container.cell_contents = value
        elif type(self.key) is Attribute:
            setattr(self.container, self.key, value)
        else:
            self.container[self.key] = value


def own_attributes(module: Module) -> set[Any]:
    """A module's class, and the names of its attributes, but of its mode, which it has when that is set."""
    return {*vars(module), type(module)} - {"training"}


def content_of(container: Any) -> Any:
    """What is in a set, deque or the like, to be compared."""
    if isinstance(container, np.ndarray):
        return (
            container.dtype,
            container.shape,
            [*map(id, container.flat)] if container.dtype.hasobject else (container.tobytes()),
        )
    if isinstance(container, (bytearray, array, memoryview)):
        return bytes(container)
    return [id(item) for item in items_in(container)]


def items_in(container: Any) -> list[Any]:
    """What is in a container, as it lies there."""
    if isinstance(container, VIEWS):
        container = container.mapping
    if isinstance(container, types.MappingProxyType):
        return [part for pair in container.items() for part in pair]
    if isinstance(container, np.ndarray):
        return [*container.flat] if container.dtype.hasobject else []
    return [] if isinstance(container, (bytearray, array, memoryview)) else [*container]


def is_of_the_user(module: str) -> bool:
    """Whether a module is neither Python's nor a library's that keeps no state for the step."""
    return module.partition(".")[0] not in LIBRARIES


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """Code, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_in(constant)


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in code, and in that of the functions in it."""
    for one in codes_in(code):
        yield from one.co_names


@lru_cache(1024)
def class_line(code: types.CodeType) -> int:
    """The line in which code compares ``type(…)`` with a class of NumPy's; 0 if there is none."""
    near: collections.deque[Any] = collections.deque(maxlen=12)
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        line = instruction.starts_line if type(instruction.starts_line) is int else line
        compares = instruction.opname in COMPARING and "type" in near and not CLASSES.isdisjoint(near)
        if compares or ("ndarray" in code.co_names and instruction.argval == "type"):
            return getattr(instruction, "line_number", line) or line
        near.append(instruction.argval if type(instruction.argval) is str else None)
    return 0


@lru_cache(1024)
def imports_in(code: types.CodeType) -> tuple[str, ...]:
    """The modules that code imports when it runs, and that of the functions in it."""
    every = (i for one in codes_in(code) for i in dis.get_instructions(one))
    return tuple(dict.fromkeys(i.argval for i in every if i.opname == "IMPORT_NAME" and i.argval))


@lru_cache(1024)
def globals_in(code: types.CodeType) -> tuple[str, ...]:
    """The names that code looks up among its globals, and that of the functions in it."""
    found = (i.argval for one in codes_in(code) for i in dis.get_instructions(one) if i.opname in LOOKING_UP)
    return tuple(dict.fromkeys(found))
