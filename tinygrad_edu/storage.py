"""`stored`: the values of a tensor in two bytes each, for as long as the graph keeps them."""

from typing import Any

from .errors import ArgumentError, names_itself
from .half import KINDS, store
from .primitive import primitive


@primitive(x=lambda g: g)
def _stored(x: Any, kind: str) -> Any:
    return store(x, kind)


@names_itself
def stored(x: Any, kind: str = "bfloat16") -> Any:
    """A tensor of the same values, rounded to two bytes each; what computes with it does so in float32.

    Parameters
    ----------
    x : Tensor or array_like of shape (…)
        Of float32; other real numbers are converted.
    kind : {"bfloat16", "float16"}, default="bfloat16"
        bfloat16 has 8 bits of precision and the range of float32; float16 has 11 bits and ends at 65504,
        beyond which values become infinite.

    Returns
    -------
    Tensor of shape (…), float32
        A graph that saves it keeps two bytes a number alive.  Its gradient is that of x: the rounding counts
        as the identity, as in other frameworks.

    Raises
    ------
    ArgumentError
        For another kind.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> x = tg.Tensor(np.array([1.0, 1 / 3, 1000.1], np.float32), requires_grad=True)
    >>> y = tg.stored(x)
    >>> print(y.tolist())
    [1.0, 0.333984375, 1000.0]
    >>> np.sum(y**2).backward()
    >>> print(x.grad.tolist())
    [2.0, 0.66796875, 2000.0]
    """
    from .tensor import Tensor

    if kind not in KINDS:
        raise ArgumentError(f'kind is "bfloat16" or "float16"; got {kind!r:.60}.')
    if not isinstance(x, Tensor):
        x = Tensor(x)
    if x.dtype.kind not in "fiub":
        raise ArgumentError(f"x holds real numbers; got {x.dtype}.")
    return _stored(x if x.dtype == "f4" else x.astype("f4"), kind)
