"""Losses of a prediction against a target of the same shape: squared, absolute, Huber; and what all losses have in common.

All of them broadcast nothing: predictions of shape (n, 1) and targets of shape (n,) would pair each with every other, and
average n² errors, silently.
"""

from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from .floating import fixed, given, is_learned, is_tensor

REDUCTIONS = ("mean", "sum", "none")
PROBABILITIES, LOGARITHMS = "probabilities, in [0, 1]", "logarithms of probabilities, at most 0"
SLACK = 1e-2  # beyond a domain: figures such as .33 are rounded, and numerical derivatives step out of it


# ---- what all losses have in common ----------------------------------------------------------------------------------------


def check_reduction(loss: str, reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Raise unless the reduction is one of those that are allowed."""
    if reduction not in allowed:
        raise ArgumentError(f"{loss}: reduction is one of {', '.join(allowed)}; got {reduction!r}.")


def check_range(loss: str, name: str, value: float, low: float, high: float = np.inf, *, above: bool = False) -> None:
    """Raise unless a setting is a number from low to high; ``above`` low, where that itself is none."""
    if not low <= value <= high or (above and value == low):
        raise ArgumentError(
            f"{loss}: {name} is a number {'>' if above else '≥'} {low:g}{'' if high == np.inf else f' and ≤ {high:g}'}; got {value!r}."
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

    Without such it is that of the first tensor or, of arrays alone, of the first array.  One argument may be boolean, the
    one that ``booleans`` names: 0 and 1.
    """
    values = [given(x, f"{loss}: {name}") for name, x in arrays.items()]
    if (dtype := values[0].dtype).kind == "f" and all(x.dtype is dtype for x in values):
        return values
    ranked = sorted(values, key=lambda x: is_tensor(x) + is_learned(x), reverse=True)
    dtypes = [x.dtype for x in ranked if x.dtype.kind == "f"]
    dtype = dtypes[0] if dtypes else np.dtype(float)
    for name, x in zip(arrays, values):
        if x.dtype.kind not in "fiu" and (x.dtype.kind != "b" or name != booleans):
            raise DTypeError(f"{loss}: {name} must be floating or integer; got {x.dtype}. Convert it knowingly: {name}.astype(np.{dtype}).")
        if is_learned(x) and x.dtype != dtype:
            raise DTypeError(
                f"{loss}: {name} is a Tensor of {x.dtype} that needs a gradient, others are of {dtype}. Convert one: {name}.astype(np.{dtype})."
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
                f"{loss}: {first} of shape {shape} and {name} of shape {other} must have the same shape; nothing is broadcast.\n  {reshape}"
            )
    return values


def check_values(loss: str, name: str, x: Any, low: float, high: float, domain: str, advice: str) -> None:
    """Raise unless all values are from low to high.  NaN is let through: it makes the loss NaN."""
    values = x.data if hasattr(x, "requires_grad") else x
    if values.size and (np.maximum.reduce(values, None) > high or (low > -np.inf and np.minimum.reduce(values, None) < low)):
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
        raise ShapeError(f"{loss}: {name} of shape {array.shape} does not broadcast to the losses, of shape {like.shape}.")
    return array


# ---- squared errors ----------------------------------------------------------------------------------------------------------


def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean squared error, ``(1/n) Σ (x - t)²`` over all n elements; its gradient in x is ``2 (x - t) / n``.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
        What needs no gradient is cast to the dtype of what does.
    reduction : {"mean", "sum", "none"}, default="mean"
        Mean over all elements, their sum, or one loss for each.

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ShapeError
        If the shapes differ; PyTorch broadcasts, with a warning.
    DTypeError
        If one is boolean, or if both need gradients and their dtypes differ.
    ArgumentError
        For a mean of nothing, which is NaN in PyTorch, and for an unknown reduction.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> tg.mse_loss(x, [0.0, 0.0]).item()
    2.5
    """
    prediction, target = alike("mse_loss", prediction=prediction, target=target)
    return reduced("mse_loss", np.square(prediction - target), reduction)


def half_squared_error(prediction: Any, target: Any, *, reduction: str = "sum") -> Any:
    """Half the squared error, ``½ Σ (x - t)²``, the loss of the textbooks: its gradient in x is ``x - t``.

    PyTorch has none.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
    reduction : {"sum", "mean", "none"}, default="sum"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> tg.half_squared_error(x, [0.0, 0.0]).backward()
    >>> x.grad
    Tensor([1., 2.])
    """
    prediction, target = alike("half_squared_error", prediction=prediction, target=target)
    return reduced("half_squared_error", np.square(prediction - target) * 0.5, reduction)


# ---- absolute errors, and those that are squares near 0 ------------------------------------------------------------------------


def l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean absolute error, ``(1/n) Σ |x - t|``; its gradient in x is ``sign(x - t) / n``, and 0 where the two are equal.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.l1_loss([1.0, 2.0], [0.0, 4.0])
    np.float64(1.5)
    """
    prediction, target = alike("l1_loss", prediction=prediction, target=target)
    return reduced("l1_loss", np.absolute(prediction - target), reduction)


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Huber's loss, ``½ e²`` for errors ``e = x - t`` up to δ, and ``δ (|e| - ½ δ)`` beyond; its slope in e is e, clipped to ±δ.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
    delta : float > 0, default=1.0
        Where the parabola goes over into lines.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `mse_loss`, and for a delta that is not positive.

    References
    ----------
    P. J. Huber (1964). Robust estimation of a location parameter. The Annals of Mathematical Statistics 35.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.huber_loss([0.5, 3.0], [0.0, 0.0], reduction="none")
    array([0.125, 2.5  ])
    """
    check_range("huber_loss", "delta", delta, 0, above=True)
    prediction, target = alike("huber_loss", prediction=prediction, target=target)
    return reduced("huber_loss", _huber(prediction - target, delta), reduction)


def _huber(error: Any, delta: float) -> Any:
    """c (e - ½ c), where c is e clipped to ±δ: no branch, and no square of a large error to overflow."""
    near = np.clip(error, -delta, delta)
    return near * (error - near * 0.5)


def smooth_l1_loss(prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean") -> Any:
    """Huber's loss divided by its β, ``½ e² / β`` for errors up to β and ``|e| - ½ β`` beyond: slopes of ±1, however small β is.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
    beta : float ≥ 0, default=1.0
        Where the parabola goes over into lines; for 0 this is `l1_loss`.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `mse_loss`, and for a negative beta.

    References
    ----------
    R. Girshick (2015). Fast R-CNN. arXiv:1504.08083

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.smooth_l1_loss([0.5, 3.0], [0.0, 0.0], beta=2.0, reduction="none")
    array([0.0625, 2.    ])
    """
    check_range("smooth_l1_loss", "beta", beta, 0)
    prediction, target = alike("smooth_l1_loss", prediction=prediction, target=target)
    error = prediction - target
    return reduced("smooth_l1_loss", _huber(error, beta) / beta if beta else np.absolute(error), reduction)
