"""Numbers as short texts: scalars and small arrays in full, of larger ones what they are like."""

from typing import Any

import numpy as np

FULL = 6  # elements that are written one by one


def number(x: Any, digits: int = 4) -> str:
    """One number to a few significant digits, without a trail of zeros.

    Examples
    --------
    >>> number(0.5), number(-1234567.0), number(1 / 3), number(2 - 1j), number(True)
    ('0.5', '-1.235e+06', '0.3333', '2-1j', 'True')
    """
    x = np.asarray(x)[()]
    if x.dtype.kind == "b":
        return str(bool(x))
    if x.dtype.kind == "c":
        return f"{number(x.real, digits)}{'-' if np.signbit(x.imag) else '+'}{number(abs(x.imag), digits)}j"
    return f"{x + 0:.{digits}g}" if x.dtype.kind == "f" else f"{x:d}"


def short(value: Any, digits: int = 4) -> str:
    """A value as a text: a number, the elements of a small array, statistics of a large one.

    Examples
    --------
    >>> short(np.array([0.5, 2.0])), short(np.arange(10.0).reshape(2, 5))
    ('[0.5, 2]', 'mean 4.5, from 0 to 9')
    >>> short(np.array([0.0] * 9 + [np.nan]))
    'mean 0, from 0 to 0, 1 of 10 not finite'
    """
    if isinstance(value, (tuple, list)):
        end = ", …)" if len(value) > FULL else ",)" if len(value) == 1 else ")"
        return "(" + ", ".join(short(v, digits) for v in value[:FULL]) + end
    if not hasattr(value, "dtype"):
        return number(value, digits) if isinstance(value, (float, complex)) else repr(value)[:40]
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array, digits) if array.dtype.kind in "fciub" else repr(value)[:40]
    if array.size <= FULL:
        return _nested(array, digits)
    return statistics(array, digits - 1)


def statistics(array: Any, digits: int = 4) -> str:
    """What a large array is like."""
    if array.dtype.kind == "b":
        return f"{int(array.sum())} of {array.size} true"
    if array.dtype.kind not in "fciu":
        return f"{array.size} elements"
    finite = np.isfinite(array)
    lost = array.size - int(finite.sum())
    bad = f"{lost} of {array.size} not finite" if lost else ""
    sizes = np.abs(array[finite]) if array.dtype.kind == "c" else array[finite]
    if not sizes.size:
        return bad
    mean, what = np.mean(sizes, dtype=float), "|z| " if array.dtype.kind == "c" else ""
    low, high = (number(x, digits) for x in (sizes.min(), sizes.max()))
    return f"{what}mean {number(mean, digits)}, from {low} to {high}" + (bad and f", {bad}")


def _nested(array: Any, digits: int) -> str:
    if array.ndim == 0:
        return number(array, digits)
    return "[" + ", ".join(_nested(part, digits) for part in array) + "]"


def shape_of(shape: Any) -> str:
    """A shape as it is written, or those of several outputs.

    Examples
    --------
    >>> shape_of((2, 3)), shape_of(()), shape_of(((2,), (3,)))
    ('(2, 3)', '()', '(2,), (3,)')
    """
    several = shape and isinstance(shape[0], tuple)
    return ", ".join(map(str, shape)) if several else str(tuple(shape))
