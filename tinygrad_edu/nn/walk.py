"""The walk through what is inside a module, each thing once, and what is refused as it would not be found."""

from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import GeneratorType, MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..errors import ArgumentError
from ..tensor import Tensor
from ..trees import children
from .parameter import Parameter

K = TypeVar("K")


class Nested:
    """What has parameters, buffers and others of its kind inside; the walk need not know more of `Module`."""

    # Attributes of the class in which something to be learned may be.
    _of_class: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = [name for name, value in vars(cls).items() if not name.startswith("__") and may_hold(value)]
        cls._of_class = frozenset(own).union(*(getattr(base, "_of_class", ()) for base in cls.__bases__))

    def _inside(self) -> Iterable[tuple[str, Any]]:
        """The attributes by name, among which all that is inside is looked for."""
        return vars(self).items()


EMPTY: dict[Any, Any] = {}
VIEWS = (type(EMPTY.keys()), type(EMPTY.values()), type(EMPTY.items()))
USED_UP = (map, zip, filter, enumerate, GeneratorType)
SEARCHED = (Nested, Parameter, list, tuple, dict)
HIDING = (set, frozenset, deque, UserDict, UserList, MappingProxyType, *VIEWS, *USED_UP)
LOOKED_AT = (*SEARCHED, Tensor, np.ndarray, *HIDING)
PLAIN = {int, float, bool, str, type(None)}  # most attributes are, and are passed over at once


def inside(path: str, value: Any, refuse: bool) -> list[tuple[str, Any]]:
    """The things directly inside a module, list, tuple or dict at a path, with their paths.

    What would not be found is refused, or left out.
    """
    if isinstance(value, Nested):
        items: Iterable[tuple[Any, Any]] = value._inside()
        if refuse and value._of_class:
            refuse_shared(path, value)
    elif isinstance(value, dict):
        items = value.items()
        if refuse:
            refuse_hidden(path, value.keys(), "the keys of a dict")
    else:
        items = enumerate(value)
    dotted = f"{path}." if path else ""
    kept = [
        (f"{dotted}{name}", child)
        for name, child in items
        if type(child) not in PLAIN and isinstance(child, LOOKED_AT)
    ]
    return [
        (at, child) for at, child in kept if isinstance(child, SEARCHED) or not is_refused(at, child, refuse)
    ]


def is_refused(where: str, child: Any, refuse: bool) -> bool:
    """Whether a thing is left out, as it is not searched or is learned and no parameter; or raise."""
    if isinstance(child, Tensor) and not is_stray(child):
        return False
    if not refuse:
        return True
    if isinstance(child, USED_UP):
        raise ArgumentError(
            f"{where}: a {type(child).__name__} is used up once it was iterated over, and layers in it are "
            "not found: make it a list."
        )
    if isinstance(child, HIDING):
        refuse_hidden(where, child, f"a {type(child).__name__}")
    elif isinstance(child, Tensor):
        raise ArgumentError(
            f"{where} is a {type(child).__name__} that requires gradients, and no Parameter: no optimizer "
            "would be given it.\n"
            "  To learn it, assign nn.Parameter(values) in its place; to keep it as it is, detach() it."
        )
    elif child.dtype.hasobject:
        refuse_hidden(where, child.flat, "an array of objects")
    return True


def is_stray(value: Any) -> bool:
    """Whether a value is a leaf that somebody wants gradients of, and no parameter."""
    if not isinstance(value, Tensor) or isinstance(value, Parameter):
        return False
    return value.requires_grad and value.is_leaf


def may_hold(value: Any) -> bool:
    """Whether there is a module or parameter in a value, or may be later, in an empty list or dict."""
    if not isinstance(value, SEARCHED):
        return False
    empty = isinstance(value, (list, dict)) and not value
    return empty or any(
        isinstance(found, (Nested, Parameter)) for _, found in walk("", [value], refuse=False)
    )


def refuse_shared(path: str, module: Nested) -> None:
    """Raise for parameters in attributes of a module's class, unless the module has its own of that name."""
    for name in module._of_class - vars(module).keys():
        value = getattr(type(module), name, None)
        if any(isinstance(found, Parameter) for _, found in walk("", [value])):
            raise ArgumentError(
                f"{path}{'.' * bool(path)}{name} is an attribute of the class {type(module).__name__}, in "
                "which nothing is found that is learned.\n"
                f"  Make it in __init__: self.{name} = …"
            )


def refuse_hidden(where: str, values: Iterable[Any], kind: str) -> None:
    """Raise for modules and parameters where they would not be found."""
    for value in values.values() if isinstance(values, Mapping) else values:
        if isinstance(value, (tuple, list)):
            refuse_hidden(where, value, kind)
        elif isinstance(value, (Nested, Parameter)) or is_stray(value):
            raise ArgumentError(
                f"{where}: a {type(value).__name__} in {kind} is not found, and would not be trained.\n"
                "  Lists, tuples and the values of dicts are searched: have one of these instead."
            )


def walk(
    path: str, value: Any, *, into: Callable[[Any], bool] = lambda value: True, refuse: bool = True
) -> Iterator[tuple[str, Any]]:
    """A module and its insides, depth first; what is shared comes once, under its first path.

    Parameters
    ----------
    path : str
    value : Module
    into : callable, optional
        Whether to go into what it is called with, or to come up with that alone.
    refuse : bool, default=True
        Whether things that would not be found are errors.
    """
    seen = {id(value)}
    yield path, value
    waiting = [iter(inside(path, value, refuse))]
    while waiting:
        if (found := next(waiting[-1], None)) is None:
            waiting.pop()
        elif id(found[1]) not in seen:
            seen.add(id(found[1]))
            yield found
            if not isinstance(found[1], Tensor) and into(found[1]):
                waiting.append(iter(inside(*found, refuse)))


def all_of(module: Nested, kind: type[K]) -> Iterator[tuple[str, K]]:
    """All of a kind in a module, with their paths, in order, each once."""
    for path, value in walk("", module):
        if isinstance(value, kind):
            yield path, value


def rebuilt(value: Any, done: dict[int, Any]) -> Any:
    """A copy of a module's structure with the parameters in ``done``; everything else is shared."""
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, Nested):
        done[id(value)] = copy = object.__new__(type(value))
        vars(copy).update({name: rebuilt(child, done) for name, child in vars(value).items()})
        return copy
    if isinstance(value, (list, tuple, dict)) and (tree := children(value)):
        return tree[1]([rebuilt(child, done) for child in tree[0]])
    return value
