"""What functions are given: tensors as they are, all else as arrays; floating, where integers would wrap around."""

from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import DTypeError


def is_tensor(x: Any) -> bool:
    """Whether x is no plain array, but something that takes NumPy's functions over."""
    return not isinstance(x, np.ndarray) and hasattr(x, "__array_function__")


def is_learned(x: Any) -> bool:
    """Whether x is a tensor that needs a gradient: of any other only the values matter."""
    return bool(getattr(x, "requires_grad", False))


def given(x: Any, who: str) -> Any:
    """A tensor as it is, anything else as an ndarray; a tuple of tensors, as some layers return it, is an error."""
    if type(x) is np.ndarray or is_tensor(x):
        return x
    if isinstance(x, (tuple, list)) and any(map(is_tensor, x)):
        raise _several(x, who)
    if x is None:
        raise DTypeError(f"{who}: expected an array; got None. Does the function that made it end with return?")
    return plain(x, who)


def fixed(x: Any, who: str) -> Any:
    """An ndarray of labels, weights and the like, which get no gradient; a tensor that needs one is refused."""
    return np.asarray(x) if is_tensor(x) else plain(x, who)


def floating(x: Any, who: str = "a function of real numbers") -> Any:
    """x itself, if it is floating; integers, booleans, numbers and lists as float64, as NumPy's functions take them."""
    x = given(x, who)
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "iub":
        raise DTypeError(f"{who}: expected real numbers, floating, integer or boolean; got {x.dtype} of shape {x.shape}.")
    return x.astype(float)


def _several(values: Any, who: str) -> DTypeError:
    kind = type(values).__name__
    kinds = [type(v).__name__ + (f" of shape {v.shape}" if hasattr(v, "shape") else "") for v in values]
    several = f"{who} expects one array, got a {kind} of {len(values)}: {', '.join(kinds[:4])}{', …' * (len(kinds) > 4)}."
    if isinstance(values, tuple):
        return DTypeError(
            f"{several}\n  Recurrent layers and attention return what came out together with their states or weights."
            " Take the first: out, h = rnn(x).\n  In nn.Sequential, a Module of yours that calls the layer returns it."
        )
    return DTypeError(f"{several}\n  One array of them all, with their gradients, is np.stack(values).")
