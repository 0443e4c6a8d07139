"""Trusted: functions and methods of this package's, of NumPy's and of Python's, which nobody looks into.

Others may be put in their places: ``np.tanh = mine``, ``nn.Linear.forward = mine``.  So a trace holds while
the names that the code of the step has for them, and the methods that it ran, mean what they did.
"""

import types
from collections.abc import Iterable, Iterator, Set
from typing import Any

import numpy as np

from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ..trace.whose_code import OURS
from .places import Attribute, Place

CONTENTS = (list, dict, set, tuple, np.ndarray)  # which are looked into, or are of no matter


def is_named(name: str, value: Any) -> bool:
    """Whether code that has the name of what a library's module has may mean that, and not its content."""
    return name[:2] != "__" and not isinstance(value, CONTENTS)


class Methods:
    """The methods and properties that a run has had of the classes of objects, and of classes.

    Of modules and optimizers it is the public ones whose code has run, of tensors those that code names.

    Attributes
    ----------
    kinds : list of type
        This package's classes that the objects are of, or their classes derive from.
    places : list of (Place, object)
        What each of these has by which name.
    """

    def __init__(self, objects: Iterable[Any], codes: Set[int], names: Set[str]) -> None:
        kinds = (value if isinstance(value, type) else type(value) for value in objects)
        found = dict.fromkeys(kind for kind in kinds if issubclass(kind, (Module, Optimizer, Tensor)))
        orders = [[cls for cls in kind.__mro__ if is_ours(cls)] for kind in (Tensor, *found)]
        self.kinds = [*dict.fromkeys(cls for order in orders for cls in _lowest(order))]
        self.places: list[tuple[Place, Any]] = []
        had: set[tuple[type, str]] = set()
        ran = {cls: _having_run(cls, codes, names) for order in orders for cls in order}
        for order in {order[0]: order for order in orders}.values():
            for name in dict.fromkeys(name for cls in order for name in ran[cls]):
                first = next(cls for cls in order if name in vars(cls))
                if name in ran[first]:
                    had.add((first, name))
                    self._add(order[0], name, vars(first)[name])
        for cls, public in ran.items():  # by super()
            for name in public:
                if (cls, name) not in had:
                    self._add(cls, name, vars(cls)[name])

    def _add(self, cls: type, name: str, item: Any) -> None:
        if not isinstance(item, classmethod):  # which a class gives bound, anew each time
            item = getattr(item, "__func__", item)
            self.places.append((Place(f"{cls.__name__}.{name}", cls, Attribute(name)), item))


def _lowest(order: list[type]) -> list[type]:
    """Those classes of which none before them is one, by whose numbers all others tell of changes, too."""
    return [cls for i, cls in enumerate(order) if not any(cls in before.__mro__ for before in order[:i])]


def is_ours(cls: type) -> bool:
    """Whether a class is this package's."""
    return cls.__module__.partition(".")[0] == OURS


def _having_run(cls: type, codes: Set[int], names: Set[str]) -> list[str]:
    """The names of those public methods and properties of a class that were had of it."""
    of_tensors = cls in Tensor.__mro__ or issubclass(cls, Tensor)
    return [
        name for name, item in vars(cls).items()
        if (name[:2] == "__" or (name[0] != "_" and (name in names or not of_tensors)))
        and not codes.isdisjoint(_codes_of(item))
    ]  # fmt: skip


def _codes_of(item: Any) -> Iterator[int]:
    """The identity of the code of a method, and of what it wraps."""
    while item is not None:
        if type(item) is types.FunctionType:
            yield id(item.__code__)
            item = vars(item).get("__wrapped__")
        else:
            inner = getattr(item, "fget" if isinstance(item, property) else "__wrapped__", None)
            item = inner or getattr(item, "__func__", None)
