"""What a step reads and keeps beside its arguments: found, swapped for traced arrays, and put back.

It is found from the function: what its code names among its globals, what it closes over, and what these
hold in turn: modules, optimizers, lists, dicts, and objects of the user's own classes.
"""

import builtins
import operator
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import TraceError
from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ..trace import whose_code
from ..trace.whose_code import OURS
from .asking import ASKING
from .assigned import Outside
from .caches import Caches
from .changing import refuse_changing, refuse_optimizer, refuse_weak
from .code import catches, codes_in, globals_in, handed_on_in, identity_line, imports_in, names_in
from .nested import flattened, is_constant
from .places import (
    CACHING,
    CELL,
    EMPTY,
    SEARCHING,
    Attribute,
    Place,
    content_of,
    data_in,
    inner_of,
    is_object_of_the_user,
    is_opaque,
    is_scalar,
    is_users_module,
    items_in,
    own_attributes,
    packs_of,
    places_in,
    places_of,
    slots_of,
)
from .trusted import Methods, is_named, is_ours


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

    def __init__(self, function: Callable[..., Any], others: Any, outside: Outside | None = None) -> None:
        self.places: list[tuple[Place, Any]] = []
        self.sizes: list[tuple[str, Any, int]] = []  # of lists, dicts and the attributes of objects
        self.spaces: list[tuple[str, Any, int]] = []  # of modules and classes
        self.asks_for_absence = self.sets_errors = False  # code may ask for what is not there; np.errstate
        self.tensors: dict[str, Tensor] = {}
        self.optimizers: list[Any] = []
        self.settings: list[tuple[Any, dict[str, Any]]] = []  # of the groups of optimizers, but the rates
        self._classes: set[type] = set()
        self.seen: dict[int, Any] = {}  # what was looked at, kept alive
        self.modes: list[tuple[Module, bool]] = []  # which modules are in training
        self.attributes: list[tuple[str, Module, list[Any]]] = []  # the names of those of modules
        self.codes: set[types.CodeType] = set()  # of the functions that were looked into
        self.contents: list[tuple[str, Any, Any]] = []  # of containers without places: sets, deques …
        self.names: set[str] = set()  # that the code of the step has
        self.modules: dict[int, tuple[Any, str]] = {}  # of the user, which that code may ask for some
        self.asked: set[tuple[int, str]] = set()  # of which module for which name
        self.alive: list[Any] = []
        self.caches = Caches()
        self.missing: dict[int, tuple[dict[str, Any], set[str]]] = {}  # names that are no globals, of each
        self.identity = ""  # where code may ask whether two objects are the same
        self.handed_on: set[tuple[int, str]] = set()  # globals that code does not call where it names them
        self.outside = self.known = outside or Outside()
        self.assigned: dict[Any, tuple[Place, Any]] = {}  # places that the step assigns to, by their marks
        self._weak: list[tuple[str, Any]] = []
        self._look(function, getattr(function, "__name__", "step"))
        for i, other in enumerate(others):
            self._look(other, f"argument {i}")
        more = [*self.outside.absent(), *self.outside.lengths.values(), *self.outside.of_optimizers()]
        self.assigned |= {place.mark: (place, place.get()) for place in more}
        self.outside = Outside((), self.outside.lists)  # what is found from now on is not taken out
        for place, value in self.assigned.values():
            for leaf in filter(is_constant, flattened(value)[0]):
                self._look(leaf, place.name)
        for optimizer in self.optimizers:
            self._look_into_optimizer(optimizer)
        for name, target in self._weak:
            if target is not None and id(target) not in self.seen:
                refuse_weak(name)

    def release(self) -> None:
        """Forget all but the tensors, by their names, and those objects that are known by their identity."""
        self.__dict__ = {"tensors": self.tensors, "alive": self.alive}

    def _look(self, value: Any, name: str, is_at_a_place: bool = False) -> None:
        if id(value) in self.seen or is_scalar(value):
            return
        if id(value) in self.outside.lists:
            raise TraceError(f"{name}, a list that the step adds to, is in what nobody looks into.")
        self.seen[id(value)] = value
        refuse_changing(value, name)
        self._take_note(value, name)
        is_tuple = is_at_a_place and type(value) is tuple  # which another one may stand for
        for part, path in inner_of(value, name):
            if not (is_tuple and id(part) in self.outside.lists):
                self._look(part, path, is_tuple)
        if isinstance(value, Module) or is_object_of_the_user(value):
            self._look_into_attributes(value, name)

    def _take_note(self, value: Any, name: str) -> None:
        """What is to be done with a value itself, by its kind."""
        if isinstance(value, Tensor):
            self._take_tensor(value, name)
        elif isinstance(value, types.FunctionType):
            self.look_into_function(value)
        elif isinstance(value, CACHING):
            self.caches.add(name, value)
        elif isinstance(value, Optimizer):
            self.optimizers.append(value)  # and looked into last: models name parameters better
        elif isinstance(value, (list, dict)):
            self._look_into_items(value, name)
        elif isinstance(value, type):
            self._look_into_class(value, name)
        elif is_opaque(value):
            self.contents.append((name, value, content_of(value)))
            self.alive.append(items_in(value))  # else others might have their places
        elif isinstance(value, weakref.ref):
            self._weak.append((name, value()))
        elif isinstance(value, (operator.attrgetter, operator.methodcaller)):
            self._note_names({part for text in value.__reduce__()[1] for part in str(text).split(".")})
        elif isinstance(value, types.ModuleType):
            self.look_into_module(value, name)

    def _take_tensor(self, tensor: Tensor, name: str) -> None:
        self.tensors[name if name not in self.tensors else f"{name} {len(self.tensors)}"] = tensor
        if tensor._node is not None and tensor._node.notes is not None and tensor._node.notes.hooks:
            raise TraceError(
                f"{name} has a hook, which a compiled step would not call. Remove it, or run the step as "
                "it is."
            )

    def look_into_module(self, module: types.ModuleType, name: str) -> None:
        """Those attributes of a user's module that code of the step names, or all if it looks for some; of
        a library's those that are data of the user's there, and which ones others are.
        """
        refuse_changing(module, name)
        is_ours = is_users_module(module.__name__)
        if id(module) not in self.modules:
            self.modules[id(module)] = module, name
            if is_ours:
                self.spaces.append((name, vars(module), len(vars(module))))
        searches = is_ours and not self.names.isdisjoint(SEARCHING)
        names = {n for n in vars(module) if n[:2] != "__"} if searches else self.names & vars(module).keys()
        looked_into = names if is_ours else data_in(module, names)
        for attribute in sorted(names):
            if (id(module), attribute) in self.asked:
                continue
            self.asked.add((id(module), attribute))
            place, value = Place(f"{name}.{attribute}", vars(module), attribute), vars(module)[attribute]
            if attribute in looked_into or isinstance(value, types.ModuleType):
                self._hold(place, value)
            elif is_named(attribute, value):
                self.places.append((place, value))

    def _note_names(self, names: Iterable[str]) -> None:
        """Take note of names in code, by which it may ask a module that was found before it."""
        self.names.update(names)
        for module, name in [*self.modules.values()]:
            self.look_into_module(module, name)

    def _look_into_class(self, cls: type, name: str) -> None:
        """The attributes and the methods of a user's class, of those that it derives from, and of its own."""
        self._look(type(cls), type(cls).__name__)
        for base in cls.__mro__:
            if not is_users_module(base.__module__) or base in self._classes:
                continue
            self._classes.add(base)
            self.spaces.append((base.__name__, vars(base), len(vars(base))))
            for place, item, is_asked in places_in(base):
                self._hold(place, item, is_asked)

    def look_into_function(self, function: types.FunctionType) -> None:
        self._look(getattr(function, "__wrapped__", None), function.__name__)
        if not whose_code.is_of_the_user(function.__code__.co_filename):
            self._note_names(names_in(function.__code__) if not self.codes else ())  # the step of `fit`
            self._look(getattr(function, "registry", None), function.__name__)  # of a singledispatch
            if function.__closure__ and (function.__module__ or "").startswith(OURS):
                for cell in function.__closure__:  # grad(f) closes over f
                    with suppress(ValueError):
                        self._look(cell.cell_contents, function.__name__)
            return
        place = Place(f"{function.__name__}.__code__", function, Attribute("__code__"))
        self.places.append((place, function.__code__))  # IPython's autoreload puts new code into functions
        for key in ("__defaults__", "__kwdefaults__"):
            if defaults := getattr(function, key):
                self._hold(Place(f"{function.__name__}.{key}", function, Attribute(key)), defaults)
        self.codes.update(codes_in(function.__code__))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                self._hold(Place(name, cell, CELL), cell.cell_contents)
            except ValueError:  # nothing has been assigned to it yet
                self.places.append((Place(name, cell, EMPTY), True))
        self.look_up(function.__code__, function.__globals__)
        self.spaces.append((function.__name__, own := vars(function), len(own)))
        if own:
            self._look(own, function.__name__)

    def look_up(self, code: types.CodeType, known: dict[str, Any]) -> None:
        """What code names among its globals, and among the attributes of the user's modules there."""
        self._note_names(names_in(code))
        self.asks_for_absence |= "hasattr" in code.co_names or "getattr" in code.co_names or catches(code)
        if line := identity_line(code):
            self.identity = self.identity or f"{Path(code.co_filename).name}, line {line}"
        self.handed_on.update((id(known), name) for name in handed_on_in(code))
        for name in globals_in(code):
            if name in known and known[name] is not ASKING.get(name, known):  # None is no absence
                self._hold(Place(name, known, name), known[name])
            else:
                self.missing.setdefault(id(known), (known, set()))[1].add(name)
                if hasattr(builtins, name):
                    self._hold(Place(name, vars(builtins), name), getattr(builtins, name))
        for name in imports_in(code):
            if name == "builtins":
                raise TraceError(
                    f"{code.co_name}, in {Path(code.co_filename).name}, line {code.co_firstlineno}, imports "
                    "builtins, by which it sees what stands for arrays. Import it outside of the function."
                )
            if (module := sys.modules.get(name)) is not None:
                self.look_into_module(module, name)

    def look_at_methods(self, codes: Set[int]) -> None:
        """Which methods of this package's its classes have, of those whose code, by identity, has run."""
        self.methods = Methods([*self.seen.values(), *(v for _, v in self.places)], codes, self.names)
        self.places += self.methods.places

    def _look_into_items(self, value: Any, name: str) -> None:
        self.sizes.append((name, value, len(value)))
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            self._look(key, f"a key of {name}")
            self._hold(Place(f"{name}[{key!r}]", value, key), item)

    def _look_into_attributes(self, value: Any, name: str) -> None:
        self._look(type(value), type(value).__name__)
        for place, item in slots_of(value, name):
            self._hold(place, item)
        if not hasattr(value, "__dict__"):
            return
        known = "training" if isinstance(value, Module) else "params" if isinstance(value, Optimizer) else ""
        if isinstance(value, Module):
            self.modes.append((value, value.training))
            self.attributes.append((name, value, own_attributes(value)))
        else:
            self.sizes.append((name, vars(value), len(vars(value))))
        if isinstance(value, Module) or is_users_module(type(value).__module__):
            tells = isinstance(value, Module) and is_ours(type(value))  # but for what C alone sees
            for key, held in (("__class__", type(value)), ("__dict__", vars(value))):
                self.places.append((Place(f"{name}.{key}", value, Attribute(key), tells=tells), held))
        for key, item in [pair for pair in vars(value).items() if pair[0] != known]:
            path = key if name in ("self", "model", "net") else f"{name}.{key}"
            self._hold(Place(path, vars(value), key), item)

    def _look_into_optimizer(self, optimizer: Any) -> None:
        refuse_optimizer(optimizer, self.names)
        for group in optimizer.groups:
            self.settings.append((group, {k: v for k, v in group.settings().items() if k != "lr"}))
            for i, parameter in enumerate(group.params):
                self._look(parameter, f"parameter {i}")
        for pack in packs_of(optimizer):
            arrays = [None if p._node is None else p._array for p in pack.params]
            if any(array is not known for array, known in zip(arrays, pack.arrays)):
                pack._note(arrays)  # which looks at memory, and traced arrays have none
            self.places += places_of(pack)

    def _hold(self, place: Place, value: Any, is_asked: bool = True) -> None:
        if place.mark in self.outside.places or place.mark in self.assigned:
            self.assigned.setdefault(place.mark, (place, value))
            return
        self.places += [(place, value)] if is_asked else []
        if isinstance(value, types.ModuleType):
            self.look_into_module(value, place.name)
        elif id(value) not in self.outside.lists:
            self._look(value, place.name, is_at_a_place=True)
