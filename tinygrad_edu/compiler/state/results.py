"""Results: what a function returns, as the text of an expression of the arrays that the step gives."""

import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import TraceError
from ...nn.module import Module
from ...tensor import Tensor
from ..program import Program, Ref
from ..trace.traced import Traced
from ..trace.traced_number import TracedNumber
from .nested import is_record
from .places import GONE, is_users_module, slots_of
from .unread import Unread, refuse_read

PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype, type, np.ndarray, slice)


class Results:
    """What a traced run has returned.

    Parameters
    ----------
    result : object
    arguments : dict of int to int
        The numbers of the leaves of the arguments, by the identity of what stood for them.
    there : dict of int to object
        What was there before the run, by identity.
    containers : dict of int to str, optional
        Expressions for the lists and dicts among the arguments, by their identity.
    added : sequence of list, optional
        What it has added to lists, for each of them.
    assigned : sequence of object, optional
        What it has assigned to places, for each of them.

    Attributes
    ----------
    refs : list of Ref
        The arrays that the step is to give.
    gradients : dict of int to Leaf
        Of which variable a tensor is the gradient, by its identity.
    """

    def __init__(
        self, result: Any, arguments: dict[int, int], there: dict[int, Any], added: Any = (),
        assigned: Any = (), containers: dict[int, str] | None = None,
    ) -> None:  # fmt: skip
        self.containers = containers or {}
        self.tree, self.arguments, self.there = result, arguments, there
        self.added, self.assigned = added, assigned
        self.refs: list[Ref] = []
        self.gradients: dict[int, Any] = {}
        self.values: list[Any] = []
        self._places: dict[Ref, int] = {}
        self._arrays: dict[int, Any] = {}  # what leaves held at the end of the run, by their identity
        self._made: list[tuple[Any, Traced]] = []
        self._met: dict[int, int] = {}  # how often arrays, lists and the like are among the results
        self._around: set[int] = set()  # what is being collected
        self._said: dict[int, str] = {}  # the names of those that a text has made
        self._collect([result, *added, *assigned])

    def _collect(self, part: Any) -> None:
        if type(part) is Unread:
            refuse_read(part)
        if (array := self._array(part)) is not None:
            self._meet(part)
            if array._ref not in self._places:
                self._places[array._ref] = len(self.refs)
                self.refs.append(array._ref)
                self.values.append(array._value)
        elif type(part) in (list, dict) and (self._was_there(part) or id(part) in self.containers):
            return
        elif not self._was_there(part) and (inner := parts_in(part)) is not None:
            self._meet(part)
            if id(part) in self._around:
                raise TraceError(f"The function returns a {type(part).__name__} that has itself within it.")
            self._around.add(id(part))
            for p in inner:
                self._collect(p)
            self._around.remove(id(part))
        elif self._was_there(part) or isinstance(part, (*PLAIN, Tensor, Module)):
            self._meet(part)
        elif not self._is_fixed(part):
            raise TraceError(
                f"The function returns a {type(part).__name__}, which would be the first step's for ever.\n"
                "  Return tensors, arrays, numbers, or lists, tuples, dicts and objects of your own of them."
            )

    def _meet(self, part: Any) -> None:
        """Count how often one is met that can be told from its equals, and changed."""
        if type(part) in (list, dict) or isinstance(part, (Tensor, Traced, np.ndarray)) or is_made(part):
            self._met[id(part)] = self._met.get(id(part), 0) + 1

    def _is_fixed(self, part: Any) -> bool:
        """Whether it is something to be called that holds nothing of a run."""
        if isinstance(part, types.FunctionType):
            return not (part.__closure__ or part.__defaults__ or part.__kwdefaults__)
        owner = getattr(part, "__self__", None)
        is_method = owner is not None and not isinstance(owner, types.ModuleType)
        if isinstance(part, functools.partial) or (is_method and not self._was_there(owner)):
            return False
        return callable(part)

    def _was_there(self, part: Any) -> bool:
        return id(part) in self.arguments or id(part) in self.there

    def _array(self, part: Any) -> Any:
        """The traced array of a leaf, unless it is something that was there before."""
        if self._was_there(part):
            return None
        if id(part) not in self._arrays:
            array = part._array if isinstance(part, Tensor) else part
            self._arrays[id(part)] = array if isinstance(array, Traced) else None
            if isinstance(array, Traced):
                self._made.append((part, array))
        return self._arrays[id(part)]

    def settle(self, program: Program, refs: list[Ref]) -> None:
        """Take note of the references after the passes, and of what must be copied: the function makes it
        anew in each call, and the step has it once.
        """
        once = {program.owner(r) for r, i in program.inputs.items() if i.kind == "constant"}
        self.shared = [program.owner(r) in once for r in refs]
        self.generic = [isinstance(program.values[r.number], np.generic) for r in refs]

    def release(self) -> None:
        """Forget the values of what was returned, and how they were computed: which array each is, stays."""
        self.there = {
            id(p): p for p in parts_of([self.tree, self.added, self.assigned]) if id(p) in self.there
        }
        for part, array in self._made:
            array._value = array._log = None
            if isinstance(part, Tensor):
                part._node = None

    def text(self, name: Callable[..., str], are_arrays: bool = False) -> str:
        """An expression of ``r0``, ``r1`` …, and of the leaves ``a0``, ``a1`` … of the arguments.

        Parameters
        ----------
        name : callable
        are_arrays : bool, default=False
            Whether numbers are given as arrays without axes.
        """
        self._numbers = {i for i, is_number in enumerate(self.generic) if is_number and are_arrays}
        self._said = {}
        return self._text(self.tree, name)

    def lines(self, name: Callable[..., str], appended: Any, places: Any) -> list[str]:
        """Lines that add to lists, and assign to places; they come after the text of what is returned."""
        pairs = zip(appended, self.added)
        lines = [f"{name(a.held, 'l')}.extend({self._text(more, name)})" for a, more in pairs]
        texts = [self._text(value, name) for value in self.assigned]
        return lines + [place.put_text(name, text) for place, text in zip(places, texts)]

    def _text(self, part: Any, name: Callable[..., str]) -> str:
        if id(part) in self.arguments:
            return f"a{self.arguments[id(part)]}"
        if known := self._said.get(id(part)):
            return known
        made = self._made_text(part, name)
        if self._met.get(id(part), 0) < 2 or made.isidentifier():
            return made
        self._said[id(part)] = known = f"t{len(self._said)}"
        return f"({known} := {made})"

    def _made_text(self, part: Any, name: Callable[..., str]) -> str:
        """An expression that makes a part anew, if it is not there."""
        if (array := self._array(part)) is not None:
            if (leaf := self.gradients.get(id(part))) is not None:  # where that is by then
                return f"{name(leaf, 'n')}.grad"
            place = self._places[array._ref]
            found = f"r{place}"
            if self.shared[place]:
                found = f"copied({found})"
            if isinstance(part, TracedNumber):
                return f"number_of({found})"
            if not isinstance(part, Tensor):
                return f"{found}[()]" if place in self._numbers else found
            is_number = self.generic[place] and place not in self._numbers
            return f"tensor_of({found})" if is_number or self.shared[place] else f"tensor({found}, None)"
        if id(part) in self.containers:
            return self.containers[id(part)]
        if type(part) in (list, dict) and self._was_there(part):  # the one that is there
            return name(part)
        if type(part) in (list, tuple):
            inner = "".join(f"{self._text(p, name)}, " for p in part)
            return f"[{inner}]" if type(part) is list else f"({inner})"
        if is_record(part):
            return f"{name(type(part))}({', '.join(self._text(p, name) for p in part)})"
        if type(part) is dict:
            return "{" + ", ".join(f"{name(k)}: {self._text(v, name)}" for k, v in part.items()) + "}"
        if self._was_there(part):
            return name(part)
        if is_made(part):
            held = ({n: self._text(v, name) for n, v in each.items()} for each in attributes_of(part))
            texts = ("{" + ", ".join(f"{n!r}: {v}" for n, v in each.items()) + "}" for each in held)
            return f"{name(made)}({name(type(part))}, {', '.join(texts)})"
        if isinstance(part, Tensor):  # of constants
            return f"tensor_of(copied({name(part._array)}))"
        return f"copied({name(part)})" if type(part) is np.ndarray else name(part)

    def told(
        self, appended: Any, places: Any, found: Callable[[int], str], arguments: dict[int, str]
    ) -> list[str]:
        """What a function without the framework leaves out: additions to lists, and what is assigned."""
        lines = []
        for a, more in zip(appended, self.added):
            lines.append(f"{a.name}.extend({self._told(more, found, arguments)})")
        for place, value in zip(places, self.assigned):
            lines.append(f"{place.name} = {self._told(value, found, arguments)}")
        return lines

    def _told(self, part: Any, found: Callable[[int], str], arguments: dict[int, str]) -> str:
        try:
            return self.plain_of(part, found, arguments)
        except TraceError:
            return "…"

    def plain(self, found: Callable[[int], str], arguments: dict[int, str]) -> str:
        """An expression of the arrays that the step gives, by their places, without tensors."""
        return self.plain_of(self.tree, found, arguments)

    def plain_of(self, part: Any, found: Callable[[int], str], arguments: dict[int, str]) -> str:
        if id(part) in self.arguments:
            return arguments[self.arguments[id(part)]]
        if (array := self._array(part)) is not None:
            place = self._places[array._ref]
            return f"{found(place)}.copy()" if self.shared[place] else found(place)
        if type(part) in (list, tuple):
            inner = ", ".join(self.plain_of(p, found, arguments) for p in part)
            inner += "," if type(part) is tuple and len(part) == 1 else ""
            return f"[{inner}]" if type(part) is list else f"({inner})"
        if type(part) is dict:
            items = (f"{k!r}: {self.plain_of(v, found, arguments)}" for k, v in part.items())
            return f"{{{', '.join(items)}}}"
        if isinstance(part, (bool, int, float, str, type(None))):
            return repr(part)
        raise TraceError(f"What it returns, {type(part).__name__}, cannot be written without the framework.")


def parts_of(tree: Any) -> Iterator[Any]:
    """Nested lists, tuples, dicts and objects, and all that is in them."""
    yield tree
    for part in parts_in(tree) or ():
        yield from parts_of(part)


def parts_in(part: Any) -> Iterable[Any] | None:
    """What is in a list, a tuple, a dict or an object that is made anew; None for others."""
    if type(part) in (list, tuple) or is_record(part):
        return part
    if is_made(part):
        return [value for each in attributes_of(part) for value in each.values()]
    return part.values() if type(part) is dict else None


def is_made(part: Any) -> bool:
    """Whether it is an object of a class of the user's, such as a dataclass, that is only its attributes."""
    kind: Any = type(part)
    is_plain = kind.__new__ is object.__new__ and is_users_module(kind.__module__)
    return kind is types.SimpleNamespace or (is_plain and not isinstance(part, (Tensor, Module)))


def attributes_of(part: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of an object, and what its slots hold."""
    slots = {str(place.key): value for place, value in slots_of(part, "") if value is not GONE}
    return getattr(part, "__dict__", {}), slots


def made(kind: Any, attributes: dict[str, Any], slots: dict[str, Any]) -> Any:
    """An object of a class with such attributes, without a word to the class; it may be frozen."""
    one = kind.__new__(kind)
    if attributes:
        vars(one).update(attributes)
    for name, value in slots.items():
        object.__setattr__(one, name, value)
    return one


def number_of(value: Any) -> Any:
    """A number of Python's: C gives it as an array."""
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


def copied(value: Any) -> Any:
    """An array of its own."""
    return value.copy()
