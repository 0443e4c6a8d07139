"""Loops of ours in the place of NumPy's inner loops: they give the same bits in less time.

They are for processors with vectors of 32 bytes, as NumPy's own are there; where it has wider ones, its loops
are left alone.  Each is compared with NumPy's over all kinds of numbers before it is taken.
"""

import ctypes
import os
import sys
from functools import cache
from typing import Any

import numpy as np

from ...errors import TraceError
from ..memory.inner import LOOP
from . import exp_log, tanh
from .cache import library

Found = tuple[int, int, Any] | None  # the addresses of a loop and of its data, and what these lie in


def own_loop(ufunc: np.ufunc, types: str, folder: str | os.PathLike[str] | None) -> Found:
    """The addresses of a loop and of its data, as `inner.inner_loop` gives them.

    Parameters
    ----------
    ufunc : ufunc
    types : str
        Such as "f->f".
    folder : path or None
        Where its library is kept, if the process has not loaded it yet; see `cache.library`.

    Returns
    -------
    tuple or None
        None if there is no loop that gives what NumPy's gives and is faster.
    """
    known = loops_of_process()
    if (ufunc, types) not in known:
        known[ufunc, types] = _made(ufunc, types, folder)
    return known[ufunc, types]


@cache
def loops_of_process() -> dict[tuple[np.ufunc, str], Found]:
    """What was found of each ufunc and list of types: libraries stay loaded."""
    return {}


def _made(ufunc: np.ufunc, types: str, folder: str | os.PathLike[str] | None) -> Found:
    numpys = sys.modules.get("numpy._core._multiarray_umath")
    known = getattr(numpys, "__cpu_features__", {})
    if not (known.get("AVX2") and known.get("FMA3")) or known.get("AVX512_SKX") or known.get("X86_V4"):
        return None
    table = np.empty(0)
    match ufunc, types:
        case np.tanh, "d->d":
            text, name, probes = tanh.TEXT, "tanh_double", tanh.probes()
            table = tanh.numbers_of(getattr(numpys, "__file__", None))
        case ((np.exp | np.log), "f->f"):
            text, name, probes = exp_log.TEXT, f"{ufunc.__name__}_float", exp_log.probes()
        case _:
            return None
    loop = None if table is None else loop_in(text, name, folder)
    if loop is None or not agrees(ufunc, loop, table.ctypes.data, probes):
        return None
    return loop, table.ctypes.data, table


def loop_in(text: str, name: str, folder: str | os.PathLike[str] | None) -> int | None:
    """The address of a function of a text in C; None if it cannot be compiled, or is for other processors."""
    try:
        function = ctypes.CDLL(str(library(text, folder)))[name]
    except (AttributeError, OSError, TraceError):
        return None
    return ctypes.cast(function, ctypes.c_void_p).value


def agrees(ufunc: np.ufunc, loop: int, data: int, x: Any) -> bool:
    """Whether a loop gives the bits that its ufunc gives."""
    out, size = np.empty_like(x), x.itemsize
    LOOP(loop)(
        (ctypes.c_void_p * 2)(x.ctypes.data, out.ctypes.data), (ctypes.c_ssize_t * 1)(x.size),
        (ctypes.c_ssize_t * 2)(size, size), data,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        return ufunc(x).tobytes() == out.tobytes()
