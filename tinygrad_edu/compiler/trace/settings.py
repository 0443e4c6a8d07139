"""Settings: calls without those that are so by default, ``mean(x)`` for ``mean(x, None, None, None)``."""

import inspect
from functools import lru_cache
from typing import Any

import numpy as np
from numpy._core import umath

FUNCTION = type(np.mean)  # NumPy's functions that hand their calls to their arguments; no ufuncs
UNSAID = {"where": True, "keepdims": False}  # what a setting does that is not there

CLIP: Any = vars(umath)["clip"]  # the ufunc that np.clip comes to


def plain(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments of a call that make a difference; those after what was left out, by name."""
    names, usual = _signature(function) if type(function) is FUNCTION else ([], {})
    if not usual or len(args) > len(names):
        return args, kwargs
    given = dict(zip(names, args)) | kwargs
    kept = {k: v for k, v in given.items() if not (k in usual and _is_usual(k, v, usual[k]))}
    if len(kept) == len(given):
        return args, kwargs
    needed = [kept.pop(name) for name in names[: len(args)] if name not in usual]
    return tuple(needed), kept


@lru_cache
def _signature(function: Any) -> tuple[list[str], dict[str, Any]]:
    """The names of what a function takes by place, and what is so where it is not given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some functions in C tell none
        return [], {}
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names, {
        p.name: p.default for p in parameters if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY
    }


def _is_usual(name: str, value: Any, default: Any) -> bool:
    if default is np._NoValue:
        return value is default or (name in UNSAID and value is UNSAID[name])
    return type(value) is type(default) and type(value) in (type(None), bool, int, str) and value == default
