"""The signature of a function: the names and defaults of its parameters, and the one form into which every
call is brought.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

from .errors import UnsupportedCall

VARIADIC, KEYWORDS = inspect.CO_VARARGS, inspect.CO_VARKEYWORDS


class Signature:
    """The parameters of a function.

    Attributes
    ----------
    names : list of str
        All parameters, those that are given by keyword only after the others; a ``*name`` is the last.
    places : dict
        Where each name stands among them.
    fixed : int
        How many parameters take one argument each.
    variadic : bool
        Whether the last one is a ``*name``, which takes any number of arguments.
    keywords : int
        How many are given by keyword only.
    more : bool
        Whether any other keyword is taken too, by a ``**name``.
    out : int
        The place of ``out``, where that may be given by position, as NumPy allows; -1 otherwise.
    defaults : mapping
        The defaults by name; parameters without one are required.
    """

    def __init__(
        self,
        names: Sequence[str],
        defaults: Mapping[str, Any],
        variadic: bool = False,
        keywords: int = 0,
        more: bool = False,
    ) -> None:
        self.names, self.defaults = list(names), defaults
        self.variadic, self.keywords, self.more = variadic, keywords, more
        self.places = {name: place for place, name in enumerate(names)}
        self.fixed = len(names) - variadic
        out = self.places.get("out", -1)
        self.out = out if out < self.fixed - keywords else -1

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Signature":
        """The signature of a function."""
        if hasattr(function, "__wrapped__") and not hasattr(function, "__signature__"):
            return cls.of(function.__wrapped__)
        if type(function) is not FunctionType or hasattr(function, "__signature__"):
            return cls._inspected(function)
        # Read directly, as importing the package asks for 400 signatures, and `inspect.signature` is slow.
        code, defaults = function.__code__, function.__defaults__ or ()
        positional, keywords = code.co_argcount, code.co_kwonlyargcount
        variadic, named = bool(code.co_flags & VARIADIC), code.co_varnames[:positional]
        names = code.co_varnames[: positional + keywords + variadic]  # where Python too puts *name last
        by_name = dict(zip(named[len(named) - len(defaults) :], defaults)) | (function.__kwdefaults__ or {})
        return cls(names, by_name, variadic, keywords, bool(code.co_flags & KEYWORDS))

    @classmethod
    def _inspected(cls, function: Callable[..., Any]) -> "Signature":
        parameters = list(inspect.signature(function).parameters.values())
        kinds = [p.kind for p in parameters]
        variadic = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        by_name = {p.name: p.default for p in parameters if p.default is not p.empty}
        keywords, more = kinds.count(inspect.Parameter.KEYWORD_ONLY), inspect.Parameter.VAR_KEYWORD in kinds
        return cls([*names, *variadic], by_name, bool(variadic), keywords, more)

    def after_the_first(self) -> tuple[Any, ...] | None:
        """The defaults of all parameters but the first; None if one of these is required, or takes many."""
        names = self.names[1:]
        if self.variadic or not all(name in self.defaults for name in names):
            return None
        return tuple(self.defaults[name] for name in names)

    def name(self, position: int) -> str:
        """The parameter that an argument at a position of the canonical call belongs to."""
        return self.names[min(position, len(self.names) - 1)]

    def bind(self, who: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Bring a call into its canonical form: every parameter by position, with its default where it is not
        given.

        Raises
        ------
        UnsupportedCall
            For a keyword that is no parameter: a later version of NumPy may have it, and no rule covers it.
        TypeError
            For a parameter that is missing or given twice, and for too many arguments, as Python does.
        """
        if not kwargs and len(args) >= self.fixed and (self.variadic or len(args) == self.fixed):
            return args
        names = self.names[: self.fixed]
        given = dict(zip(names, args))
        for name, value in kwargs.items():
            if name not in self.places:
                raise unknown_keyword(who, name, self.names)
            if self.places[name] == self.fixed:
                raise TypeError(f"{who} takes any number of {name} by position, not {name}=.")
            if name in given:
                raise TypeError(f"{who} got several values for its argument {name!r}.")
            given[name] = value
        call = {**self.defaults, **given}
        missing = [name for name in names if name not in call]
        if missing or (len(args) > self.fixed and not self.variadic):
            counts = f"got {len(args)} by position, missing: {', '.join(missing) or 'none'}"
            raise TypeError(f"{who} takes {', '.join(self.names)}; {counts}.")
        return (*map(call.__getitem__, names), *args[self.fixed :])


def unknown_keyword(who: str, keyword: str, known: list[str]) -> UnsupportedCall:
    """The error for a keyword that a rule does not cover."""
    instead = "Leave {keyword}= out, write the step with other functions"
    if keyword == "where":  # of a ufunc: those that reduce know it
        instead = "where= leaves the rest of the result unset: take np.where(mask, f(x), others)"
    return UnsupportedCall(
        f"{who}(…, {keyword}=…) cannot be differentiated: its rule knows "
        f"{', '.join(name for name in known if name != 'out')}.\n"
        f"  {instead.format(keyword=keyword)}, or compute without gradients "
        "(x.detach(), no_grad)."
    )
