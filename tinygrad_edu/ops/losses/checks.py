"""What all losses have in common: the checks of their arguments, one dtype and one shape, and the reduction.

Losses broadcast nothing: predictions of shape (n, 1) and targets of shape (n,) would pair each with every
other, and average n² errors, silently.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...arrays import fixed, given, is_learned, is_tensor
from ...errors import ArgumentError, DTypeError, ShapeError, names_itself

Function = TypeVar("Function", bound=Callable[..., Any])

REDUCTIONS = ("mean", "sum", "none")
SLACK = 1e-2  # beyond a domain: figures such as .33 are rounded, and numerical derivatives step out of it


class Range(NamedTuple):
    """The numbers that a setting may be, from low to high; with ``above``, low is none of them."""

    low: float
    high: float = np.inf
    above: bool = False

    def check(self, name: str, value: float) -> None:
        """Raise unless the setting of this name has a value in the range."""
        if not self.low <= value <= self.high or (self.above and value == self.low):
            least = f"{'>' if self.above else '≥'} {self.low:g}"
            most = "" if self.high == np.inf else f" and ≤ {self.high:g}"
            raise ArgumentError(f"{name} is a number {least}{most}; got {value!r}.")


class Domain(NamedTuple):
    """The values that all elements of an array have, in words and as bounds."""

    words: str
    low: float
    high: float

    def check(self, name: str, x: Any, advice: str) -> None:
        """Raise unless all values are in the domain.  NaN is let through: it makes the loss NaN."""
        values = x.data if hasattr(x, "requires_grad") else x
        if not values.size:
            return
        too_high = np.maximum.reduce(values, None) > self.high
        if too_high or (self.low > -np.inf and np.minimum.reduce(values, None) < self.low):
            wrong = values[(values < self.low) | (values > self.high)].flat[0]
            raise ArgumentError(f"{name} are {self.words}; got {wrong!s}.\n  {advice}")


PROBABILITIES = Domain("probabilities, in [0, 1]", -SLACK, 1 + SLACK)
LOGARITHMS = Domain("logarithms of probabilities, at most 0", -np.inf, SLACK)


def loss_function(
    *, reductions: tuple[str, ...] = REDUCTIONS, **ranges: Range
) -> Callable[[Function], Function]:
    """Decorator of losses: settings are checked, and errors about arguments begin with the loss's name.

    The check alone is the function's ``check_settings``: the classes of `tinygrad_edu.nn` make it when they
    are made.

    Parameters
    ----------
    reductions : tuple of str
        The values that ``reduction`` may have.
    **ranges : Range
        The numbers that other settings may be, by name.
    """

    def decorate(function: Function) -> Function:
        check_settings = checker(reductions, **ranges)

        @names_itself
        @wraps(function)
        def loss(*arrays: Any, **settings: Any) -> Any:
            if settings:
                check_settings(settings)
            return function(*arrays, **settings)

        loss.check_settings = check_settings  # type: ignore[attr-defined]
        return loss  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see

    return decorate


def checker(reductions: tuple[str, ...], **ranges: Range) -> Callable[[dict[str, Any]], None]:
    """A function that raises unless all settings, or those of them that it is given, may be what they are."""

    def check_settings(settings: dict[str, Any]) -> None:
        if settings.get("reduction", "mean") not in reductions:
            raise ArgumentError(
                f"reduction is one of {', '.join(reductions)}; got {settings['reduction']!r}."
            )
        for name, numbers in ranges.items():
            if name in settings:
                numbers.check(name, settings[name])

    return check_settings


# ---- arrays ------------------------------------------------------------------------------------------------


def of_one_dtype(booleans: str = "", /, **arrays: Any) -> list[Any]:
    """The arguments as floating arrays of one dtype: that of tensors that need a gradient, if there are any.

    Without such it is that of the first tensor or, of arrays alone, of the first array.  One argument may be
    boolean, the one that ``booleans`` names: 0 and 1.
    """
    values = [given(x, name) for name, x in arrays.items()]
    if (dtype := values[0].dtype).kind == "f" and all(x.dtype is dtype for x in values):
        return values
    ranked = sorted(values, key=lambda x: is_tensor(x) + is_learned(x), reverse=True)
    dtype = next((x.dtype for x in ranked if x.dtype.kind == "f"), np.dtype(float))
    for name, x in zip(arrays, values):
        if x.dtype.kind not in "fiu" and (x.dtype.kind != "b" or name != booleans):
            way = "Take a real loss of its parts" if x.dtype.kind == "c" else "Convert it knowingly"
            way = f"{way}: {f'abs({name})' if x.dtype.kind == 'c' else f'{name}.astype(np.{dtype})'}."
            raise DTypeError(f"{name} must be floating or integer; got {x.dtype}. {way}")
        if is_learned(x) and x.dtype != dtype:
            raise DTypeError(
                f"{name} is a Tensor of {x.dtype} that needs a gradient, others are of {dtype}. "
                f"Convert one: {name}.astype(np.{dtype})."
            )
    return [x if x.dtype == dtype else x.astype(dtype) for x in values]


def of_one_shape(booleans: str = "", /, **arrays: Any) -> list[Any]:
    """The arguments as floating arrays of one dtype and of one shape, as nothing is broadcast."""
    values = of_one_dtype(booleans, **arrays)
    (first, shape), *others = ((name, x.shape) for name, x in zip(arrays, values))
    for name, other in others:
        if other != shape:
            advice = f"Expected {name} of shape {shape}."
            if only_ones_differ(other, shape):
                advice = f"Reshape the one that is meant otherwise: {name}.reshape{shape}."
            raise ShapeError(
                f"{first} of shape {shape} and {name} of shape {other} must have the same shape; nothing is "
                f"broadcast.\n  {advice}"
            )
    return values


def only_ones_differ(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same but for axes of length 1, as a column and a row are."""
    return [n for n in shape if n != 1] == [n for n in other if n != 1]


def check_signs(target: Any) -> None:
    """Raise unless each target is -1 or 1."""
    booleans = target.dtype.kind == "b"
    if booleans or np.any(wrong := (target != 1) & (target != -1) & (target == target)):
        found = "booleans" if booleans else target[wrong].tolist()[0]
        raise ArgumentError(
            f"targets are -1 or 1; got {found}. Labels 0 and 1, and booleans, become signs by 2 * target - 1."
        )


def weighted(losses: Any, weight: Any, name: str = "weight") -> Any:
    """The losses times constant weights, if there are any: a plain array that broadcasts to the losses."""
    if weight is None:
        return losses
    array = fixed(weight, name).astype(losses.dtype, copy=False)
    try:
        fits = np.broadcast_shapes(array.shape, losses.shape) == losses.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name} of shape {array.shape} does not broadcast to the losses, of shape {losses.shape}."
        )
    return losses * array


# ---- the reduction -----------------------------------------------------------------------------------------


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or the losses themselves."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.sum(losses)
    if losses.size == 0:
        raise nothing_left(f"the losses have shape {losses.shape}")
    return np.mean(losses)


def nothing_left(why: str) -> ArgumentError:
    """The error for a mean of nothing, which would be NaN."""
    return ArgumentError(f"no target left to average over, {why}; use reduction='sum'.")
