"""A look at one run of a model and its loss: which modules were called with what, and which operations ran.

Modules are seen through their ``forward``, which is another one for the time of a block; operations through
the mode that the debug mode uses, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...debug import Inspector, users_line
from ...entry import Op
from ...graph import Node
from ...modes import mode
from ...nn.module import Module
from ...settings import Default
from ...tensor import Tensor


@dataclass(frozen=True)
class Call:
    """One call of a module: its path, what it was given first, what it returned, its mode."""

    path: str
    module: Module
    given: Any
    out: Any
    training: bool

    @property
    def shown(self) -> str:
        """The path and the kind, as a person would say it."""
        return place_of(self.path, self.module)


@dataclass(frozen=True)
class Seen:
    """One operation: its name, the module in whose forward it ran, the user's line, and its arrays."""

    name: str
    path: str
    line: str
    arguments: tuple[Any, ...]
    out: Any


@dataclass
class Trace(Inspector):
    """What was seen in a block of `watching`: calls in the order in which they ended, and operations."""

    calls: list[Call] = field(default_factory=list)
    operations: list[Seen] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)  # the paths of the modules that are running

    def recorded(self, op: Op, node: Node | None, arguments: list[Any], out: Any) -> None:
        path = self.inside[-1] if self.inside else ""
        self.operations.append(Seen(op.name, path, users_line(), tuple(arguments), out))

    def leaves(self) -> list[Call]:
        """The calls of modules that have none inside."""
        return [call for call in self.calls if next(iter(call.module.children()), None) is None]


@contextmanager
def watching(model: Module, trace: Trace, *, operations: bool = True) -> Iterator[None]:
    """A block in which the trace sees what the model does, copies by the transforms too.

    Each module is of a class of its own meanwhile, derived from its class, whose forward is noted.
    """
    paths = [(path, module, type(module)) for path, module in model.named_modules()]
    try:
        for path, module, kind in paths:
            with suppress(TypeError):  # a class that cannot be derived from is not seen
                object.__setattr__(module, "__class__", _noted(kind, path, trace))
        if operations:
            with mode(debug=Default(trace)):
                yield
        else:
            yield
    finally:
        for _, module, kind in paths:
            object.__setattr__(module, "__class__", kind)


def _noted(kind: type[Module], path: str, trace: Trace) -> type[Module]:
    """A class that looks like this one, and notes each call."""

    def forward(self: Module, *args: Any, **kwargs: Any) -> Any:
        trace.inside.append(path)
        try:
            out = kind.forward(self, *args, **kwargs)
        finally:
            trace.inside.pop()
        trace.calls.append(Call(path, self, args[0] if args else None, out, self.training))
        return out

    same = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    metaclass: Any = type(kind)
    return metaclass(kind.__name__, (kind,), {"forward": forward, **same})


def place_of(path: str, module: Any) -> str:
    """A path and a kind, as a person would say it: "layer 2 (ReLU)"."""
    kind = type(module).__name__
    if not path:
        return kind
    return f"layer {path} ({kind})" if not path.strip("0123456789.") else f"{path} ({kind})"


def values_of(out: Any) -> Any:
    """What came out as an array; None if it is not one tensor or array."""
    array = out._array if isinstance(out, Tensor) else out
    return array if isinstance(array, np.ndarray) and array.dtype.kind in "fiub" else None
