"""What all losses have in common: the checks of their arguments, one dtype and one shape, and the reduction.

Losses broadcast nothing: predictions of shape (n, 1) and targets of shape (n,) would pair each with every
other, and average n² errors, silently.
"""

from typing import Any

import numpy as np

from ...arrays import fixed, given, is_learned, is_tensor
from ...errors import ArgumentError, DTypeError, ShapeError

REDUCTIONS = ("mean", "sum", "none")
PROBABILITIES, LOGARITHMS = "probabilities, in [0, 1]", "logarithms of probabilities, at most 0"
SLACK = 1e-2  # beyond a domain: figures such as .33 are rounded, and numerical derivatives step out of it


def check_reduction(loss: str, reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise unless the reduction is one of those that are allowed."""
    if reduction not in allowed:
        raise ArgumentError(f"{loss}: reduction is one of {', '.join(allowed)}; got {reduction!r}.")


def check_range(
    loss: str, name: str, value: float, low: float, high: float = np.inf, *, above: bool = False
) -> None:
    """Raise unless a setting is a number from low to high; ``above`` low, where that itself is none."""
    if not low <= value <= high or (above and value == low):
        raise ArgumentError(
            f"{loss}: {name} is a number {'>' if above else '≥'} "
            f"{low:g}{'' if high == np.inf else f' and ≤ {high:g}'}; got {value!r}."
        )


def reduced(loss: str, losses: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or the losses themselves."""
    check_reduction(loss, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.sum(losses)
    if losses.size == 0:
        raise nothing_left(loss, f"the losses have shape {losses.shape}")
    return np.mean(losses)


def nothing_left(loss: str, why: str) -> ArgumentError:
    """The error for a mean of nothing, which would be NaN."""
    return ArgumentError(f"{loss}: no target left to average over, {why}; use reduction='sum'.")


def of_one_dtype(loss: str, booleans: str = "", /, **arrays: Any) -> list[Any]:
    """The arguments as floating arrays of one dtype: the one of tensors that need a gradient, to which all else is cast.

    Without such it is that of the first tensor or, of arrays alone, of the first array.  One argument may be
    boolean, the one that ``booleans`` names: 0 and 1.
    """
    values = [given(x, f"{loss}: {name}") for name, x in arrays.items()]
    if (dtype := values[0].dtype).kind == "f" and all(x.dtype is dtype for x in values):
        return values
    ranked = sorted(values, key=lambda x: is_tensor(x) + is_learned(x), reverse=True)
    dtypes = [x.dtype for x in ranked if x.dtype.kind == "f"]
    dtype = dtypes[0] if dtypes else np.dtype(float)
    for name, x in zip(arrays, values):
        if x.dtype.kind not in "fiu" and (x.dtype.kind != "b" or name != booleans):
            raise DTypeError(
                f"{loss}: {name} must be floating or integer; got {x.dtype}. Convert it knowingly: "
                f"{name}.astype(np.{dtype})."
            )
        if is_learned(x) and x.dtype != dtype:
            raise DTypeError(
                f"{loss}: {name} is a Tensor of {x.dtype} that needs a gradient, others are of {dtype}. "
                f"Convert one: {name}.astype(np.{dtype})."
            )
    return [x if x.dtype == dtype else x.astype(dtype) for x in values]


def alike(loss: str, booleans: str = "", /, **arrays: Any) -> list[Any]:
    """The arguments as floating arrays of one dtype, and of one shape: they must have it, nothing is broadcast."""
    values = of_one_dtype(loss, booleans, **arrays)
    (first, shape), *others = ((name, x.shape) for name, x in zip(arrays, values))
    for name, other in others:
        if other != shape:
            reshape = (
                f"Reshape the one that is meant otherwise: {name}.reshape{shape}."
                if only_ones_differ(other, shape)
                else f"Expected {name} of shape {shape}."
            )
            raise ShapeError(
                f"{loss}: {first} of shape {shape} and {name} of shape {other} must have the same shape; "
                f"nothing is broadcast.\n  {reshape}"
            )
    return values


def check_values(loss: str, name: str, x: Any, low: float, high: float, domain: str, advice: str) -> None:
    """Raise unless all values are from low to high.  NaN is let through: it makes the loss NaN."""
    values = x.data if hasattr(x, "requires_grad") else x
    if values.size and (
        np.maximum.reduce(values, None) > high or (low > -np.inf and np.minimum.reduce(values, None) < low)
    ):
        wrong = values[(values < low) | (values > high)].flat[0]
        raise ArgumentError(f"{loss}: {name} are {domain}; got {wrong!s}.\n  {advice}")


def only_ones_differ(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same but for axes of length 1, as a column and a row are."""
    return [n for n in shape if n != 1] == [n for n in other if n != 1]


def weighted(loss: str, losses: Any, weight: Any, name: str = "weight") -> Any:
    """The losses times constant weights, which broadcast to them."""
    return losses if weight is None else losses * constant(loss, name, weight, losses)


def constant(loss: str, name: str, value: Any, like: Any) -> Any:
    """A constant that broadcasts to ``like``, as a plain array of its dtype."""
    array = fixed(value, f"{loss}: {name}").astype(like.dtype, copy=False)
    try:
        fits = np.broadcast_shapes(array.shape, like.shape) == like.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{loss}: {name} of shape {array.shape} does not broadcast to the losses, of shape {like.shape}."
        )
    return array
