"""What a step reads and keeps beside its arguments: found, swapped for traced arrays, and put back.

It is found from the function: what its code names among its globals, what it closes over, and what these
hold in turn: modules, optimizers, lists, dicts, and objects of the user's own classes.
"""

import collections
import functools
import os
import sys
import types
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import TraceError
from ..nn.module import Module
from ..optim.elementwise import Elementwise
from ..optim.optimizer import Optimizer
from ..optim.pack import Pack
from ..tensor import Tensor
from . import files
from .changing import changing, is_odd
from .files import OURS
from .places import (
    CELL,
    CONTAINERS,
    SCALARS,
    Attribute,
    Place,
    codes_in,
    content_of,
    globals_in,
    imports_in,
    is_of_the_user,
    items_in,
    names_in,
    own_attributes,
)

SEARCHING = {"getattr", "vars", "__dict__"}  # by which code looks for names that it does not have
HOLDING = (types.SimpleNamespace, collections.ChainMap, collections.UserDict, collections.UserList,
           collections.UserString, weakref.WeakValueDictionary, type(os.environ))  # fmt: skip


class State:
    """Everything that a function can reach.

    Attributes
    ----------
    places : list of (Place, object)
        Each place that was looked at, with what it held.
    tensors : dict of str to Tensor
        By the names that a reader would call them.
    optimizers : list of Optimizer
    """

    def __init__(self, function: Callable[..., Any], others: Any = ()) -> None:
        self.places: list[tuple[Place, Any]] = []
        self.sizes: list[tuple[str, Any, int, bool]] = []  # of lists, dicts and the attributes of objects
        self.tensors: dict[str, Tensor] = {}
        self.optimizers: list[Any] = []
        self.settings: list[tuple[Any, dict[str, Any]]] = []  # of the groups of optimizers, but the rates
        self._classes: set[type] = set()
        self.seen: dict[int, Any] = {}  # what was looked at, kept alive
        self.modes: list[tuple[Module, bool]] = []  # which modules are in training
        self.attributes: list[tuple[str, Module, set[Any]]] = []  # the names of those of modules
        self.codes: set[types.CodeType] = set()  # of the functions that were looked into
        self.contents: list[tuple[str, Any, Any]] = []  # of containers without places: sets, deques …
        self.names: set[str] = set()  # that the code of the step has
        self.modules: dict[int, tuple[Any, str]] = {}  # of the user, which that code may ask for some
        self.asked: set[tuple[int, str]] = set()  # of which module for which name
        self.alive: list[Any] = []
        self._look(function, getattr(function, "__name__", "step"))
        for i, other in enumerate(others):
            self._look(other, f"argument {i}")
        for optimizer in self.optimizers:
            self._look_into_optimizer(optimizer)
            if not isinstance(optimizer, Elementwise):
                raise TraceError(
                    f"{type(optimizer).__name__} cannot be compiled: its step is no fixed list of calls. "
                    "Elementwise optimizers can (SGD, Adam, …)."
                )

    # ---- finding -------------------------------------------------------------------------------------------

    def _look(self, value: Any, name: str) -> None:
        if isinstance(value, SCALARS) or id(value) in self.seen:
            return
        self.seen[id(value)] = value
        if why := changing(value):
            raise TraceError(f"The step can reach {name!r}, {why}")
        if isinstance(value, Tensor):
            self.tensors[name if name not in self.tensors else f"{name} {len(self.tensors)}"] = value
            if value._node is not None and value._node.notes is not None and value._node.notes.hooks:
                raise TraceError(
                    f"{name} has a hook, which a compiled step would not call. Remove it, or run the step as "
                    "it is."
                )
        elif isinstance(value, types.MethodType):
            self._look(value.__self__, name)
            self._look(value.__func__, name)
        elif isinstance(value, functools.partial):
            self._look([value.func, value.args, value.keywords], name)
        elif isinstance(value, types.FunctionType):
            self.look_into_function(value)
        elif isinstance(value, (staticmethod, classmethod)):
            self._look(value.__func__, name)
        elif isinstance(value, property):
            self._look(value.fget, name)
        elif isinstance(value, Optimizer):
            self.optimizers.append(value)  # and looked into last: models name parameters better
        elif isinstance(value, (list, dict)):
            self._look_into_items(value, name)
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                self._look(item, f"{name}[{i}]")
        elif isinstance(value, type):
            self._look_into_class(value, name)
        elif isinstance(value, CONTAINERS) or is_odd(value):
            self.contents.append((name, value, content_of(value)))
            items = items_in(value)
            self.alive.append(items)  # else others might have their places
            for i, item in enumerate(items):
                self._look(item, f"{name}[{i}]")
        elif isinstance(value, types.BuiltinMethodType) and not isinstance(value.__self__, types.ModuleType):
            self._look(value.__self__, name)
        elif isinstance(value, weakref.ref):
            self._look(value(), name)
        elif isinstance(value, types.ModuleType):
            self._look_into_module(value, name)
        elif isinstance(value, Module) or self._is_of_the_user(value):
            self._look_into_attributes(value, name)

    def _look_into_module(self, module: types.ModuleType, name: str) -> None:
        """Those attributes of a user's module that code of the step names, or all if it looks for some."""
        if not is_of_the_user(module.__name__):
            return
        self.modules.setdefault(id(module), (module, name))
        names = self.names if self.names.isdisjoint(SEARCHING) else {n for n in vars(module) if n[:2] != "__"}
        for attribute in sorted(names & vars(module).keys()):
            if (id(module), attribute) not in self.asked:
                self.asked.add((id(module), attribute))
                self._hold(Place(f"{name}.{attribute}", vars(module), attribute), vars(module)[attribute])

    def _note_names(self, code: types.CodeType) -> None:
        """Take note of the names in code, by which it may ask a module that was found before it."""
        self.names.update(names_in(code))
        for module, name in [*self.modules.values()]:
            self._look_into_module(module, name)

    def _is_of_the_user(self, value: Any) -> bool:
        """Whether it is an object with attributes, of a class that is neither Python's nor a library's."""
        if isinstance(value, HOLDING):
            return True
        return not isinstance(value, types.ModuleType) and is_of_the_user(type(value).__module__)

    def _look_into_class(self, cls: type, name: str) -> None:
        """The attributes and the methods of a user's class, and of those that it derives from."""
        for base in cls.__mro__:
            if not is_of_the_user(base.__module__) or base in self._classes:
                continue
            self._classes.add(base)
            for key, item in list(vars(base).items()):
                if key.startswith("__") and not isinstance(item, types.FunctionType):
                    continue
                if isinstance(item, (property, staticmethod, classmethod, types.FunctionType)):
                    self._look(item, f"{base.__name__}.{key}")
                    if not key.startswith("__") and isinstance(item, (property, types.FunctionType)):
                        self.places.append((Place(f"{base.__name__}.{key}", base, Attribute(key)), item))
                elif not hasattr(type(item), "__get__"):
                    self._hold(Place(f"{base.__name__}.{key}", base, Attribute(key)), item)

    def look_into_function(self, function: types.FunctionType) -> None:
        if (wrapped := getattr(function, "__wrapped__", None)) is not None:
            self._look(wrapped, function.__name__)
        if not files.is_of_the_user(function.__code__.co_filename):
            if function.__closure__ and (function.__module__ or "").startswith(OURS):
                for cell in function.__closure__:  # grad(f) closes over f
                    with suppress(ValueError):
                        self._look(cell.cell_contents, function.__name__)
            return
        if self.codes:  # not of the step itself; IPython's autoreload puts new code into functions
            place = Place(f"{function.__name__}.__code__", function, Attribute("__code__"))
            self.places.append((place, function.__code__))
        self.codes.update(codes_in(function.__code__))
        self._note_names(function.__code__)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            with suppress(ValueError):  # nothing has been assigned to it yet
                self._hold(Place(name, cell, CELL), cell.cell_contents)
        self.look_up(function.__code__, function.__globals__)
        if vars(function):
            self._look(vars(function), function.__name__)
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._look(default, function.__name__)

    def look_up(self, code: types.CodeType, known: dict[str, Any]) -> None:
        """What code names among its globals, and among the attributes of the user's modules there."""
        self._note_names(code)
        for name in globals_in(code):
            if name in known:
                self._hold(Place(name, known, name), known[name])
        for name in imports_in(code):
            if (module := sys.modules.get(name)) is not None:
                self._look_into_module(module, name)

    def _look_into_items(self, value: Any, name: str) -> None:
        self.sizes.append((name, value, len(value), True))
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            self._hold(Place(f"{name}[{key!r}]", value, key), item)

    def _look_into_attributes(self, value: Any, name: str, of_optimizer: bool = False) -> None:
        self._look(type(value), type(value).__name__)
        for cls in type(value).__mro__:
            for slot in vars(cls).get("__slots__", ()) if is_of_the_user(cls.__module__) else ():
                if hasattr(value, slot):
                    self._hold(Place(f"{name}.{slot}", value, Attribute(slot)), getattr(value, slot))
        if not hasattr(value, "__dict__"):
            return
        if isinstance(value, Module):
            self.modes.append((value, value.training))
            self.attributes.append((name, value, own_attributes(value)))
        elif not of_optimizer:
            self.sizes.append((name, vars(value), len(vars(value)), True))
        for key, item in list(vars(value).items()):
            if key == "training" and isinstance(value, Module):
                continue
            path = key if name in ("self", "model", "net") else f"{name}.{key}"
            self._hold(Place(path, vars(value), key, of_optimizer, isinstance(value, Module)), item)

    def _look_into_optimizer(self, optimizer: Any) -> None:
        for group in optimizer.groups:
            self.settings.append((group, {k: v for k, v in group.settings().items() if k != "lr"}))
            for i, parameter in enumerate(group.params):
                self._look(parameter, f"parameter {i}")
        for pack in getattr(optimizer, "_packs", ()):
            arrays = [None if p._node is None else p._array for p in pack.params]
            if any(array is not known for array, known in zip(arrays, pack.arrays)):
                pack._note(arrays)  # which looks at memory, and traced arrays have none
            self._look_into_pack(pack)

    def _look_into_pack(self, pack: Pack) -> None:
        """The vectors of a pack and their views; its numbers stay, as every step sets them anew."""
        for key, item in list(vars(pack).items()):
            if isinstance(item, np.ndarray):
                self.places.append((Place(key, vars(pack), key, True), item))
            elif isinstance(item, list):
                if key == "state":  # which another setting of what is remembered replaces
                    self.places.append((Place(key, vars(pack), key, True), item))
                self.places += [(Place(f"{key}[{i}]", item, i, True), part) for i, part in enumerate(item)]

    def _hold(self, place: Place, value: Any) -> None:
        self.places.append((place, value))
        if isinstance(value, types.ModuleType):
            self._look_into_module(value, place.name)
        else:
            self._look(value, place.name)
