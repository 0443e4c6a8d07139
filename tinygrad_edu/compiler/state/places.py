"""Places that hold what a step reads: globals, attributes, items, cells; and what is compared of them."""

import collections
import functools
import os
import types
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...nn.module import Module
from ...optim.pack import Pack
from ...tensor import Tensor
from ..trace.whose_code import LIBRARIES, OURS

SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
DATA = (bool, int, float, complex, str, bytes, list, dict, set, tuple, np.ndarray)
MISSING = (collections.defaultdict, collections.Counter)  # which have what they are asked for
CELL, EMPTY, GONE = object(), object(), object()

VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))
CONTAINERS = (
    set, frozenset, collections.deque, bytearray, array, memoryview, types.MappingProxyType, *VIEWS
)  # fmt: skip

# By which code looks for names that it does not have.
SEARCHING = {"getattr", "getattr_static", "getmembers", "attrgetter", "__getattribute__", "vars", "__dict__"}
# Methods that show what a step has made, or are run when it is.
UNCALLED = {"__init__", "__post_init__", "__repr__", "__str__", "__new__", "__init_subclass__"}
CACHING = type(functools.lru_cache(len))
# What has others within it for good: by which attributes it gives them.
WITHIN = {
    staticmethod: ("__func__",), classmethod: ("__func__",), property: ("fget",), CACHING: ("__wrapped__",),
    functools.cached_property: ("func",), types.MethodType: ("__self__", "__func__"),
}  # fmt: skip
ITSELF = (property, types.FunctionType)  # which a class gives as they are
HOLDING = (types.SimpleNamespace, collections.ChainMap, collections.UserDict, collections.UserList,
           collections.UserString, weakref.WeakValueDictionary, weakref.WeakKeyDictionary, weakref.WeakSet,
           type(os.environ), BaseException)  # fmt: skip
HOLDING_TOO = {("argparse", "Namespace"), ("optparse", "Values"), ("configparser", "ConfigParser"),
               (f"{OURS}.optim.plateau", "ReduceOnPlateau"), (f"{OURS}.train.history", "History"),
               (f"{OURS}.sklearn.estimator", "Estimator")}  # fmt: skip


class Attribute(str):
    """A key that is the name of an attribute."""

    __slots__ = ()


class Own(Attribute):
    """One that a class has itself, and gives otherwise: of a descriptor."""

    __slots__ = ()


class Slot(Attribute):
    """One that an object need not have."""

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
        Whether who puts something else there counts that as a change of settings.
    """

    __slots__ = ("container", "key", "name", "of_optimizer", "tells")

    def __init__(
        self, name: str, container: Any, key: Any, of_optimizer: bool = False, tells: bool = False
    ) -> None:
        self.name, self.container, self.key = name, container, key
        self.of_optimizer, self.tells = of_optimizer, tells

    def text(self, name: Callable[..., str]) -> str:
        """An expression for what it holds."""
        container = name(self.container, "h")
        if self.key is CELL:
            return f"{container}.cell_contents"
        if self.key is EMPTY:
            return f"({container} == {name(types.CellType())})"
        if type(self.key) is Attribute:
            return f"type({container})" if self.key == "__class__" else f"{container}.{self.key}"
        if type(self.key) is Slot:
            return f"getattr({container}, {str(self.key)!r}, {name(GONE)})"
        if type(self.key) is Own:
            return f"{container}.__dict__[{str(self.key)!r}]"
        if plain := self._plain("__getitem__"):
            return f"{name(plain)}({container}, {self._key(name)})"
        return self._item(name)

    def put_text(self, name: Callable[..., str], value: str) -> str:
        """A line that has it hold something else."""
        is_attribute = isinstance(self.key, Attribute)
        method = "__setattr__" if is_attribute else "__setitem__"
        if self.key is not CELL and (plain := self._plain(method)):
            return f"{name(plain)}({name(self.container, 'h')}, {self._key(name)}, {value})"
        if is_attribute:
            return f"{name(self.container, 'h')}.{self.key} = {value}"
        return f"{self.text(name) if self.key is CELL else self._item(name)} = {value}"

    def _item(self, name: Callable[..., str]) -> str:
        return f"{name(self.container, 'h')}[{self._key(name)}]"

    def _key(self, name: Callable[..., str]) -> str:
        if isinstance(self.key, Attribute):
            return repr(str(self.key))
        return repr(self.key) if type(self.key) in (str, int) else name(self.key)

    def _plain(self, method: str) -> Any:
        """A method as Python or this package has it, where the class of the container has one of its own."""
        kind = type(self.container)
        if kind in MISSING and method == "__getitem__":
            return dict.get
        base = next(c for c in kind.__mro__ if not is_users_module(c.__module__))
        plain = getattr(base, method)
        return plain if kind is not base and getattr(kind, method) is not plain else None

    def get(self) -> Any:
        """What it holds."""
        if self.key is CELL:
            return self.container.cell_contents
        if type(self.key) is Own:
            return vars(self.container).get(self.key, GONE)
        if isinstance(self.key, Attribute):
            is_class = self.key == "__class__"
            return type(self.container) if is_class else getattr(self.container, self.key, GONE)
        if self.key is EMPTY:
            return self.container == types.CellType()  # which looks at no content
        if type(self.container) in MISSING:
            return dict.get(self.container, self.key, GONE)
        try:
            if plain := self._plain("__getitem__"):
                return plain(self.container, self.key)
            return self.container[self.key]
        except (KeyError, IndexError):
            return GONE

    @property
    def mark(self) -> Any:
        """What is the same of two that are one place."""
        return id(self.container), self.key

    def remove(self) -> None:
        """Have it hold nothing any more."""
        if isinstance(self.key, Attribute):
            delattr(self.container, self.key)
        else:
            del self.container[self.key]

    def put(self, value: Any) -> None:
        """Have it hold something else."""
        if self.key is CELL:
            self.container.cell_contents = value
        elif self.key is EMPTY:
            del self.container.cell_contents
        elif value is GONE:
            delattr(self.container, self.key)
        elif isinstance(self.key, Attribute):
            kind = type if isinstance(self.container, type) else object  # a dataclass may be frozen
            kind.__setattr__(self.container, self.key, value)
        elif plain := self._plain("__setitem__"):
            plain(self.container, self.key, value)
        else:
            self.container[self.key] = value


def own_attributes(module: Module) -> list[Any]:
    """A module's class, and the names of its attributes, but of its mode, which it has when that is set."""
    return [type(module), *(name for name in vars(module) if name != "training")]


def places_in(base: type) -> Iterator[tuple[Place, Any, bool]]:
    """What a user's class has itself, but for what Python has written into it, and what it derives from; each
    with whether it is looked at before every step.
    """
    if base.__mro__ != (base, object):
        yield Place(f"{base.__name__}.__mro__", base, Attribute("__mro__")), base.__mro__, True
    fields = getattr(base, "_fields", ()) if issubclass(base, tuple) else ()  # of a named tuple
    for key, item in list(vars(base).items()):
        is_pythons = key.startswith("__") and not isinstance(item, types.FunctionType)
        is_pythons |= key in fields or (bool(fields) and key[0] == "_")
        if not is_pythons and not isinstance(item, types.MemberDescriptorType):
            kind = Attribute if isinstance(item, ITSELF) or not hasattr(type(item), "__get__") else Own
            yield Place(f"{base.__name__}.{key}", base, kind(key)), item, key not in UNCALLED


def slots_of(value: Any, name: str) -> Iterator[tuple[Place, Any]]:
    """The slots of an object of the user's, with what they hold, if anything."""
    for base in type(value).__mro__:
        for slot, item in vars(base).items() if is_users_module(base.__module__) else ():
            if isinstance(item, types.MemberDescriptorType):
                place = Place(f"{name}.{slot}", value, Slot(slot))
                yield place, place.get()


def content_of(container: Any) -> Any:
    """What is in a set, deque or the like, to be compared."""
    if isinstance(container, np.ndarray):
        items = [*map(id, container.flat)] if container.dtype.hasobject else container.tobytes()
        return container.dtype, container.shape, items
    if isinstance(container, (bytearray, array, memoryview)):
        return bytes(container)
    return [id(item) for item in items_in(container)]


def inner_of(value: Any, name: str) -> list[tuple[Any, str]]:
    """What is in a value at no place where something else could be put, with names: of a tuple, a method."""
    for kind, attributes in WITHIN.items():
        if isinstance(value, kind):
            return [(getattr(value, attribute), name) for attribute in attributes]
    if isinstance(value, types.BuiltinMethodType) and not isinstance(value.__self__, types.ModuleType):
        return [(value.__self__, name)]
    if type(value).__module__ == f"{OURS}.compiler.compiled":  # another function that is compiled
        return [(value.function, name)]
    items: Any = ()
    if isinstance(value, functools.partial):
        items = value.func, value.args, value.keywords
    elif isinstance(value, tuple):
        items = value
    elif is_opaque(value):
        items = items_in(value)
    return [(item, f"{name}[{i}]") for i, item in enumerate(items)]


def is_opaque(value: Any) -> bool:
    """Whether it is a container whose items have no places, a set or a deque, or an array that no traced one
    can stand for: of objects, texts or records, or of a subclass.
    """
    if isinstance(value, np.ndarray) and type(value) is not np.memmap:
        return type(value) is not np.ndarray or value.dtype.kind not in "fiubc"
    return isinstance(value, CONTAINERS)


def items_in(container: Any) -> list[Any]:
    """What is in a container, as it lies there."""
    if isinstance(container, VIEWS):
        container = container.mapping
    if isinstance(container, types.MappingProxyType):
        return [part for pair in container.items() for part in pair]
    if isinstance(container, np.ndarray):
        return [*container.flat] if container.dtype.hasobject else []
    return [] if isinstance(container, (bytearray, array, memoryview)) else [*container]


def data_in(module: types.ModuleType, names: Iterable[str]) -> list[str]:
    """Which of some attributes of a library's module are data that may change, such as ``sys.argv``."""
    known = {*vars(module).get("__all__", ()), "modules", "pi", "e", "tau", "inf", "nan", "infj", "nanj"}
    return [n for n in names if n not in known and n[:2] != "__" and isinstance(vars(module)[n], DATA)]


def packs_of(optimizer: Any) -> list[Any]:
    """The packs of an optimizer; one whose step is no fixed list of calls has none."""
    return getattr(optimizer, "_packs", [])


def places_of(pack: Pack) -> list[tuple[Place, Any]]:
    """The vectors of an optimizer's pack and their views; its numbers stay, as every step sets them anew."""
    found: list[tuple[Place, Any]] = []
    for key, item in vars(pack).items():
        if isinstance(item, np.ndarray) or key == "state":  # another setting replaces the list of the state
            found.append((Place(key, vars(pack), key, True), item))
        if isinstance(item, list):
            found += [(Place(f"{key}[{i}]", item, i, True), part) for i, part in enumerate(item)]
    return found


def is_users_module(module: str) -> bool:
    """Whether a module is neither Python's nor a library's that keeps no state for the step."""
    top = module.partition(".")[0]
    return top not in LIBRARIES and not top.startswith("_cython_")  # functions of NumPy's generators


def is_scalar(value: Any) -> bool:
    """Whether it is a number, a text or the like, and of no class of the user's, which may have more."""
    return isinstance(value, SCALARS) and not is_users_module(type(value).__module__)


def is_object_of_the_user(value: Any) -> bool:
    """Whether it is an object with attributes, of a class that is neither Python's nor a library's."""
    order = [(cls.__module__, cls.__name__) for cls in type(value).__mro__]
    if isinstance(value, HOLDING) or not HOLDING_TOO.isdisjoint(order):
        return True
    if isinstance(value, (type, types.ModuleType, Tensor)):  # looked into as what they are
        return False
    return is_users_module(type(value).__module__)
