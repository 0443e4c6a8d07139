"""Modules of one function each, such as losses and activations: they hold the settings that it is given.

This is all that is to be written of a loss::

    class HuberLoss(Loss, function=huber_loss):
        \"\"\"Squared near 0, linear beyond delta; see `tinygrad_edu.huber_loss`.\"\"\"

        delta: float = 1.0

The arguments of the function that have a default are the settings of the class, and the others what it is
called with; the signature of the class and the documentation of its settings are the function's.  Only type
checkers and editors read the lines in the body: to them the class looks like a dataclass.
"""

import re
from collections.abc import Callable
from inspect import Parameter, Signature, cleandoc, signature
from typing import Any, ClassVar, dataclass_transform

import numpy as np

from ..errors import names_itself
from .module import Module

SELF = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
SECTION = re.compile(r"^(?=\w+\n---)", re.MULTILINE)  # where a section of a docstring begins
ENTRY = re.compile(r"^(\w[\w, ]*) : .*(?:\n +.*)*", re.MULTILINE)  # a parameter, and what is said of it


@dataclass_transform(eq_default=False)
class FunctionModule(Module):
    """Base of modules that call one function; the settings are attributes, and the repr shows them."""

    _function: ClassVar[Any]  # a static method: of an instance no method, so that it gets the arrays alone
    _arrays: ClassVar[tuple[Parameter, ...]]  # what the function takes without a default
    _settings: ClassVar[tuple[str, ...]] = ()
    _by_position: ClassVar[frozenset[str]] = frozenset()  # settings that the function takes by name only

    def __init_subclass__(cls, *, function: Callable[..., Any] | None = None, kw_only: bool = False) -> None:
        super().__init_subclass__()
        if function is None:
            return
        # NumPy tells no signature of its ufuncs; those that are activations have no settings.
        ufunc = isinstance(function, np.ufunc)
        parameters = [] if ufunc else list(signature(function).parameters.values())
        named = [p for p in parameters if p.default is not Parameter.empty]
        first = [p.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for p in named if p.name in cls._by_position]
        settings = first + [p for p in named if p.name not in cls._by_position]
        cls._function = staticmethod(function)
        cls._arrays = tuple(p for p in parameters if p.default is Parameter.empty)
        cls._settings = tuple(p.name for p in settings)
        cls.__init__ = initializer(cls, settings)  # type: ignore[method-assign]
        cls.__doc__ = with_parameters(cls.__doc__ or "", function.__doc__ or "", cls._settings)

    def _set_up(self, settings: dict[str, Any]) -> None:
        """Take on the settings, all of them."""
        for name, value in settings.items():
            setattr(self, name, value)

    def extra_repr(self) -> str:
        return ", ".join(f"{k}={v!r}" for k in self._settings if (v := getattr(self, k)) is not None)


def initializer(cls: type[FunctionModule], settings: list[Parameter]) -> Callable[..., None]:
    """The ``__init__`` of a class with these settings."""
    takes = Signature(settings)

    def __init__(self: FunctionModule, *values: Any, **named: Any) -> None:
        try:
            bound = takes.bind(*values, **named)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}; its settings are {takes}.") from None
        bound.apply_defaults()
        self._set_up(bound.arguments)

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    method = names_itself(__init__)
    method.__signature__ = Signature([SELF, *settings])  # type: ignore[attr-defined]
    return method


def with_parameters(of_class: str, of_function: str, settings: tuple[str, ...]) -> str:
    """The docstring of a class with the section of its parameters, from the docstring of its function."""
    summary, *rest = SECTION.split(cleandoc(of_class))
    sections = SECTION.split(cleandoc(of_function))
    parameters = next((s for s in sections if s.startswith("Parameters\n")), "")
    entries = [e[0] for e in ENTRY.finditer(parameters) if not set(e[1].split(", ")).isdisjoint(settings)]
    if not entries or any(section.startswith("Parameters\n") for section in rest):
        return of_class
    listed = "\n".join(["Parameters", "----------", *entries])
    return "\n\n".join(part.strip() for part in (summary, listed, *rest)) + "\n"
