"""What code asks of an object without the object being asked: its class, by ``type(x)``, its id, its hash; or
with the answer a number of Python's, as ``float(x)`` has it.

A traced array would be found out.  So in a run that is traced, others stand in the place of these functions
among the globals of the user's code: the class is that of the array, and the id of an array or of an argument
is refused.
"""

import builtins
import functools
import operator
import types
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..trace.traced import Traced
from ..trace.traced_number import TracedNumber
from .appended import Appended
from .places import Attribute
from .unread import Unread, refuse_read


class _Kind(type):
    """The class of `Kind`, which is to be called, compared and derived from as ``type`` is."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Kind:
            return super().__call__(*args, **kwargs)
        if args and type(args[0]) is Unread:
            refuse_read(args[0])
        if len(args) != 1 or kwargs:
            return type(*args, **kwargs)
        found = type(args[0]._value if isinstance(args[0], Traced) else args[0])
        return Kind if found is type else found

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, type)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(other, type)

    def __eq__(cls, other: object) -> bool:
        return other is type or other is cls

    def __hash__(cls) -> int:
        return hash(type)


class Kind(type, metaclass=_Kind):
    """What stands in the place of ``type``."""


Kind.__name__ = Kind.__qualname__ = "type"
Kind.__module__ = "builtins"


def _refusing(function: Any) -> Any:
    """A function that says which object it is, and refuses for what is another one in every step."""

    def ask(value: Any) -> Any:
        array = value._array if isinstance(value, Tensor) else value
        if isinstance(array, Traced):
            inputs = array._log.program.inputs
            if array is value or (array._ref in inputs and inputs[array._ref].kind == "argument"):
                raise array._log.refusal(
                    f"The step asks for {function.__name__}(…) of an argument or a result, in "
                    f"{array._log.where()}, which is another in every step."
                )
        return function(value)

    return ask


def to_float(value: Any = 0.0, /) -> Any:
    """What ``float`` gives; of a traced number one that is traced, as its ``item()`` is."""
    array = value._array if isinstance(value, Tensor) and value._node is None else value
    if not isinstance(array, Traced) or np.ndim(array._value) or np.result_type(array._value).kind == "c":
        return float(value)
    number = array if isinstance(array, TracedNumber) else array.item()
    return number if type(number._value) is float else number * 1.0


def to_length(value: Any, /) -> Any:
    """What ``len`` gives; of a list to which the step adds a number that is traced."""
    return value.long() if type(value) is Appended else len(value)


class Builtins(types.ModuleType):
    """What stands in the place of ``builtins``: it has those functions of its own, and all else of that."""

    def __getattr__(self, name: str) -> Any:
        return getattr(builtins, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(builtins, name, value)


ASKING = {
    "type": Kind, "id": _refusing(id), "hash": _refusing(hash), "float": to_float, "len": to_length,
}  # fmt: skip

STANDING: dict[int, Any] = {id(function): ASKING[function.__name__] for function in (type, id, hash)}
STANDING[id(builtins)] = Builtins("builtins")
vars(STANDING[id(builtins)]).update({name: ASKING[name] for name in ("type", "id", "hash")})
# What asks nothing of what it is given, and cannot be stood for.
UNASKING = (callable, operator.is_, operator.is_not)


def standing(value: Any) -> Any:
    """What stands for a value in a run that is traced: for these functions, the module that has them, and
    where `functools.partial` holds one; itself, for others.
    """
    if type(value) is functools.partial:
        held: list[Any] = [value.func, *value.args]
        stand: Any = [STANDING.get(id(part), part) for part in held]
        return value if all(map(operator.is_, held, stand)) else functools.partial(*stand, **value.keywords)
    return STANDING.get(id(value), value)


def is_pythons(place: Any) -> bool:
    """Whether a place is not the user's, where ``ask = type`` is one: others may not stand there."""
    is_of_classes = isinstance(place.key, Attribute) and place.key in ("__class__", "__mro__")
    return is_of_classes or place.container is vars(builtins)


def begin(state: Any) -> None:
    """Have the code of the user's that a state knows ask by these functions; by ``float`` only what calls it
    where it names it, and does not ask for it as a class.
    """
    end(state)
    for known, names in state.missing.values():
        asked = names & ASKING.keys() - {n for n in ("float",) if (id(known), n) in state.handed_on}
        known.update((name, ASKING[name]) for name in asked)


def end(state: Any) -> None:
    """Have it ask as it did."""
    for known, _ in state.missing.values():
        for name, function in ASKING.items():
            if known.get(name) is function:
                del known[name]
