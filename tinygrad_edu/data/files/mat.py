"""MATLAB's .mat files, read through SciPy: matrices of numbers by name, and nothing else."""

import math
import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, FormatError
from ...files import SEEN, FilePath, contents, foreign_hint, name_of, printable
from .mat_layout import check_layout

CLASSES = (
    "double",
    "single",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "logical",
)


def read_mat(path: FilePath, names: Sequence[str], *, max_bytes: int = 2**31) -> tuple[NDArray[Any], ...]:
    """Read matrices of numbers from a file that MATLAB or Octave has saved (-v4, -v6 or -v7).

    Needs SciPy: ``pip install tinygrad_edu[mat]``.

    Parameters
    ----------
    path : str or path-like
    names : sequence of str
        Of the variables to be read; all others are left alone.
    max_bytes : int, default=2**31
        Larger files, and larger matrices, are refused.

    Returns
    -------
    tuple of ndarray of shapes (n, m)
        In the order of the names, with the dtypes of the file.  A vector is a matrix of one column or row:
        labels of shape (n, 1) become ones of shape (n,) by `relabel`.

    Raises
    ------
    ArgumentError
        If the file has no variable of a name; the message lists those that it has.
    FormatError
        If a variable is no real, full matrix of numbers (but a cell array, a struct, an object, a function,
        text, sparse, complex, or of more axes), the file is of version 7.3, it is damaged, or no file (but a
        folder, or a pipe).
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
        raise ArgumentError(
            f"read_mat: expected a sequence of names of variables, such as ['X', 'y']; got {names!r}."
        )
    source = name_of(path)
    data = bytes(contents(path, max_bytes, source))
    start = data[:128]
    if start[:8] == b"\x89HDF\r\n\x1a\n" or start.startswith(b"MATLAB 7.3"):
        raise FormatError(
            f"{source}: this is a file of version 7.3, which is HDF5. Save it in MATLAB by save(…, '-v7'), "
            "or read it with h5py."
        )
    check_layout(source, data, max_bytes)
    found = _listed(source, data)
    for name in names:
        _check(source, name, found, max_bytes)
    values = _damaged_if_failing(source, "loadmat", data, variable_names=list(names))
    return tuple(_matrix(source, name, values) for name in names)


def _listed(source: str, data: bytes) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and class of every variable."""
    return {
        str(name): (tuple(int(n) for n in shape), str(kind))
        for name, shape, kind in _damaged_if_failing(source, "whosmat", data)
    }


def _check(source: str, name: str, found: dict[str, tuple[tuple[int, ...], str]], max_bytes: int) -> None:
    if name not in found:
        raise ArgumentError(
            f"{source}: there is no variable {name!r}; there are "
            f"{printable(', '.join(found), 400) or 'none'}."
        )
    shape, kind = found[name]
    if kind not in CLASSES or len(shape) != 2:
        raise FormatError(
            f"{source}: {name} is of class {kind} and shape {shape}; only matrices of numbers can be read."
        )
    if 8 * math.prod(shape) > max_bytes:
        raise FormatError(
            f"{source}: {name} has shape {shape}, more than the {max_bytes} bytes that max_bytes= allows."
        )


def _matrix(source: str, name: str, values: dict[str, Any]) -> NDArray[Any]:
    value = values.get(name)
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.dtype.kind not in "biuf":
        what = (
            f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        )
        raise FormatError(f"{source}: {name} holds {what}; only real matrices of numbers can be read.")
    return np.array(value, dtype=value.dtype.newbyteorder("="))


def _damaged_if_failing(source: str, reader: str, data: bytes, **settings: Any) -> Any:
    """What a function of scipy.io returns; whatever it raises over a damaged file is one of our own errors."""
    try:
        import scipy.io  # type: ignore[import-untyped]  # SciPy comes without types
    except ImportError:
        raise ImportError("read_mat needs SciPy: pip install tinygrad_edu[mat]") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return getattr(scipy.io, reader)(BytesIO(data), **settings)
    except Exception as error:  # SciPy's reader raises nearly everything over bytes that it does not expect
        hint = foreign_hint(data[:SEEN], "data.read_mat")
        raise FormatError(
            f"{source}: not a .mat file, or a damaged one ({type(error).__name__}: "
            f"{printable(str(error))}).{hint}"
        ) from None
