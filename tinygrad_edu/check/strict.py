"""An array that speaks NumPy's two protocols and nothing else: does code run on arrays not NumPy's?

Arrays on a GPU, and arrays that trace what is done to them, cannot be turned into NumPy arrays on the way.
What runs on a `StrictArray` runs on those: it refuses every coercion.
"""

from typing import Any

import numpy as np


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that has ``__array_ufunc__`` and ``__array_function__``, and refuses to become a NumPy array.

    It also has what the array API standard gives to every array: shape, dtype, ndim, size, T, operators,
    items and the truth of one element; and copy and base, as CuPy's arrays have.

    Parameters
    ----------
    array : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> x = StrictArray(np.array([1.0, 2.0]))
    >>> np.exp(x) + x.T
    StrictArray([3.71828183, 9.3890561 ])
    >>> np.asarray(x)
    Traceback (most recent call last):
    TypeError: A StrictArray does not become a NumPy array; use functions that dispatch on it.
    """

    __slots__ = ("__weakref__", "array")

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("A StrictArray does not become a NumPy array; use functions that dispatch on it.")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        ours = StrictArray, np.ndarray, np.generic
        if any(hasattr(x, "__array_ufunc__") and not isinstance(x, ours) for x in (*inputs, *out)):
            return NotImplemented
        result = getattr(ufunc, method)(*_unwrapped(inputs), **_unwrapped(kwargs))
        return out[0] if out else _wrapped(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, (StrictArray, np.ndarray)) for kind in types):
            return NotImplemented
        return _wrapped(function(*_unwrapped(args), **_unwrapped(kwargs)))

    shape = property(lambda self: self.array.shape, doc="The shape, a tuple of int.")
    dtype = property(lambda self: self.array.dtype, doc="The dtype.")
    ndim = property(lambda self: self.array.ndim, doc="The number of axes.")
    size = property(lambda self: self.array.size, doc="The number of elements.")
    base = property(lambda self: self.array.base, doc="Whose memory it is; None if it is its own.")
    T = property(lambda self: StrictArray(self.array.T), doc="The transpose.")

    def __bool__(self) -> bool:
        return bool(self.array)

    def copy(self) -> "StrictArray":
        """A copy of the values."""
        return StrictArray(self.array.copy())

    def __getitem__(self, key: Any) -> "StrictArray":
        return StrictArray(np.asarray(self.array[_unwrapped(key)]))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array[_unwrapped(key)] = _unwrapped(value)

    def __repr__(self) -> str:
        return f"Strict{np.array_repr(self.array)[0].upper()}{np.array_repr(self.array)[1:]}"


def _unwrapped(value: Any) -> Any:
    if isinstance(value, StrictArray):
        return value.array
    if type(value) in (list, tuple):
        return type(value)(map(_unwrapped, value))
    return {name: _unwrapped(item) for name, item in value.items()} if type(value) is dict else value


def _wrapped(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return StrictArray(np.asarray(value))
    if hasattr(value, "_fields"):
        return type(value)(*map(_wrapped, value))
    return type(value)(map(_wrapped, value)) if type(value) in (list, tuple) else value
