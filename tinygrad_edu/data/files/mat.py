"""MATLAB's .mat files, read through SciPy: arrays of numbers by name, and nothing else."""

import math
import re
import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, FormatError
from ...files import SEEN, FilePath, contents, foreign_hint, name_of, printable
from .mat_layout import check_layout, damaged

NUMBERS = re.compile(r"double|single|logical|u?int(8|16|32|64)")  # MATLAB's classes of numbers


def read_mat(path: FilePath, names: Sequence[str], *, max_bytes: int = 2**31) -> tuple[NDArray[Any], ...]:
    """Read matrices and arrays of numbers from a file that MATLAB or Octave has saved (-v4, -v6 or -v7).

    Needs SciPy: ``pip install tinygrad_edu[mat]``.

    Parameters
    ----------
    path : str or path-like
    names : sequence of str
        Of the variables to be read; all others are left alone.
    max_bytes : int, default=2**31
        Larger files, and larger arrays, are refused.

    Returns
    -------
    tuple of ndarray of shapes (n, m), or (n, m, …) of more axes
        In the order of the names, with the dtypes of the file.  A vector is a matrix of one column or row:
        labels of shape (n, 1) become ones of shape (n,) by `relabel`.  Images often have their number on the
        last axis: ``np.moveaxis(x, -1, 0)`` has it on the first.

    Raises
    ------
    ArgumentError
        If the file has no variable of a name; the message lists those that it has.
    FormatError
        If a variable is no real, full array of numbers (but a cell array, a struct, an object, a function,
        text, sparse, or complex), the file is of version 7.3, it is damaged, or no file (but a folder, or a
        pipe).
    ImportError
        If SciPy is not installed.
    OSError
        If there is no such file, or it cannot be read.

    Examples
    --------
    The digits of the machine learning course, in which 10 stands for 0::

        x, y = read_mat("ex3data1.mat", ["X", "y"])
        labels = relabel(y, {10: 0})
    """
    if isinstance(names, str) or not names or not all(isinstance(name, str) for name in names):
        expected = "a sequence of names of variables, such as ['X', 'y']"
        raise ArgumentError(f"read_mat: expected {expected}; got {names!r}.")
    source = name_of(path)
    data = bytes(contents(path, max_bytes, source))
    if data.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
        advice = "Save it in MATLAB by save(…, '-v7'), or read it with h5py."
        raise FormatError(f"{source}: this is a file of version 7.3, which is HDF5. {advice}")
    check_layout(source, data, max_bytes)
    listed = _scipy("whosmat", source, data)
    found = {str(name): (tuple(map(int, shape)), str(kind)) for name, shape, kind in listed}
    for name in names:
        if name not in found:
            there = printable(", ".join(found), 400) or "none"
            raise ArgumentError(f"{source}: there is no variable {name!r}; there are {there}.")
        _check(f"{source}: {name}", *found[name], max_bytes)
    values = _scipy("loadmat", source, data, variable_names=list(names))
    return tuple(_array(f"{source}: {name}", values.get(name), found[name][0]) for name in names)


def _check(what: str, shape: tuple[int, ...], kind: str, max_bytes: int) -> None:
    """Raise unless a variable, which was not read yet, is an array of numbers within the limit."""
    if not NUMBERS.fullmatch(kind):
        found = f"of class {kind} and shape {shape}"
        raise FormatError(f"{what} is {found}; only arrays of numbers can be read.")
    if 8 * math.prod(shape) > max_bytes:
        allowed = f"the {max_bytes} bytes that max_bytes= allows"
        raise FormatError(f"{what} has shape {shape}, more than {allowed}.")


def _array(what: str, value: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    if isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in "biuf":
        return np.array(value, dtype=value.dtype.newbyteorder("="))
    is_array = isinstance(value, np.ndarray)
    found = f"{value.dtype} of shape {value.shape}" if is_array else type(value).__name__
    raise FormatError(f"{what} holds {found}; only real arrays of numbers can be read.")


def _scipy(reader: str, source: str, data: bytes, **settings: Any) -> Any:
    """What a function of scipy.io makes of a file; a FormatError, whatever it raises over a damaged one."""
    try:
        import scipy.io  # type: ignore[import-untyped]  # SciPy comes without types
    except ImportError:
        raise ImportError("read_mat needs SciPy: pip install tinygrad_edu[mat]") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return getattr(scipy.io, reader)(BytesIO(data), **settings)
    except Exception as error:  # SciPy's reader raises nearly everything over bytes that it does not expect
        problem = damaged(f"{type(error).__name__}: {printable(str(error))}")
        hint = foreign_hint(data[:SEEN], "data.read_mat")
        raise FormatError(f"{source}: {problem}{hint}") from None
