"""Half precision as storage: arrays of two bytes a number, which compute as the float32 that they stand for.

A `Stored` array takes NumPy's functions over by its two protocols, as arrays of other libraries do: whatever
computes with it is given its values in float32, and gives float32.  So a graph that saves one keeps two bytes
a number alive, and rules know nothing of it.  What is written into it is rounded to the nearest number that
it can hold, and of two as near to the even one.

float16 has 11 bits of precision and ends at 65504; bfloat16 has 8, and float32's range: it is its upper half.
NumPy has no bfloat16; here its bits lie in an array of uint16.
"""

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from .errors import ArgumentError

FLOAT32, FLOAT16, BITS = np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.uint16)
KINDS = {"float16": FLOAT16, "bfloat16": BITS}


class Stored(NDArrayOperatorsMixin):
    """Numbers in two bytes each.

    Parameters
    ----------
    held : ndarray of float16, or of uint16 for the bits of bfloat16
        It is not copied.

    Attributes
    ----------
    held : ndarray
    kind : {"float16", "bfloat16"}
    """

    __slots__ = ("__weakref__", "held")

    def __init__(self, held: NDArray[Any]) -> None:
        self.held = held

    kind = property(lambda self: "float16" if self.held.dtype == FLOAT16 else "bfloat16")
    shape = property(lambda self: self.held.shape, doc="The shape, a tuple of int.")
    ndim = property(lambda self: self.held.ndim, doc="The number of axes.")
    base = None  # that its memory belongs to
    size = property(lambda self: self.held.size, doc="The number of elements.")
    dtype = property(lambda self: FLOAT32, doc="float32, in which it computes.")
    nbytes = property(
        lambda self: 4 * self.held.size, doc="The bytes that it takes where it is computed with."
    )

    def wide(self) -> NDArray[np.float32]:
        """The values as an array of float32."""
        return widened(self.held)

    def copy(self) -> "Stored":
        """The same, in memory of its own."""
        return Stored(self.held.copy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("A stored array becomes one of NumPy's by a copy, and copy=False asks for none.")
        return self.wide().astype(dtype or FLOAT32, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(x, "requires_grad") for x in inputs):
            return NotImplemented
        out = kwargs.pop("out", ())
        targets = tuple(target.wide() if isinstance(target, Stored) else target for target in out)
        result = getattr(ufunc, method)(*_wide(inputs), **_wide(kwargs), **({"out": targets} if out else {}))
        for target, computed in zip(out, targets):
            if isinstance(target, Stored):
                target[...] = computed
        return out[0] if len(out) == 1 else result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, (Stored, np.ndarray)) for kind in types):
            return NotImplemented
        return function(*_wide(args), **_wide(kwargs))

    def __getitem__(self, key: Any) -> Any:
        return widened(self.held[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.held[key] = narrowed(np.asarray(value, FLOAT32), self.held.dtype)

    def __len__(self) -> int:
        return len(self.held)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.wide(), name)  # what else an array of NumPy's has

    def __repr__(self) -> str:
        return f"Stored({np.array2string(self.wide(), separator=', ')}, {self.kind})"


def store(values: Any, kind: str) -> Stored:
    """Numbers, rounded to two bytes each."""
    if kind not in KINDS:
        raise ArgumentError(f'half precision is "float16" or "bfloat16"; got {kind!r:.60}.')
    return Stored(narrowed(np.asarray(values, FLOAT32), KINDS[kind]))


def widened(held: Any) -> Any:
    """The float32 of what is held."""
    if held.dtype == FLOAT16:
        return held.astype(FLOAT32)
    return (held.astype(np.uint32) << 16).view(FLOAT32)


def narrowed(values: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """What is held of float32 values; larger ones than float16 has become infinite."""
    if dtype == FLOAT16:
        with np.errstate(over="ignore"):
            return values.astype(FLOAT16)
    bits = np.ascontiguousarray(values).view(np.uint32).reshape(values.shape)
    upper = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    quiet = (bits >> 16) | 64  # of a NaN, which rounding could turn into an infinity
    return np.where(np.isnan(values), quiet, upper).astype(BITS)


def _wide(value: Any) -> Any:
    if isinstance(value, Stored):
        return value.wide()
    if type(value) in (list, tuple):
        return type(value)(map(_wide, value))
    return {name: _wide(one) for name, one in value.items()} if type(value) is dict else value
