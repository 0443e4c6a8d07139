"""Unwatched: a run that is traced is watched by a profile function, but not where the log alone runs.

The watch is called for whatever Python does, and would see nothing there: a trace would take twice the time.
"""

import functools
import sys
import types
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def unwatched(method: Method) -> Method:
    """A method of a log during which nobody watches; the log knows in ``watching`` who did."""

    @functools.wraps(method)
    def quiet(log: Any, *args: Any, **kwargs: Any) -> Any:
        before = sys.getprofile()
        if type(before) is not types.MethodType:  # nobody's, or a profiler's in C
            return method(log, *args, **kwargs)
        log.watching = before
        sys.setprofile(None)
        try:
            return method(log, *args, **kwargs)
        finally:
            sys.setprofile(before)

    return quiet  # type: ignore[return-value]  # of the same signature


def watched(log: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function returns that may come to code of the user's."""
    sys.setprofile(log.watching)
    try:
        return function(*args, **kwargs)
    finally:
        sys.setprofile(None)
