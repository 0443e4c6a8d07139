"""Losses of a prediction against a target of the same shape: squared, absolute, Huber."""

from typing import Any

import numpy as np

from ...arrays import floating
from ...table import primitive
from ..blocks import blockwise
from .checks import Range, loss_function, of_one_shape, reduced

# ---- squared errors ----------------------------------------------------------------------------------------


@loss_function()
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
    prediction, target = of_one_shape(prediction=prediction, target=target)
    return reduced(np.square(prediction - target), reduction)


@loss_function()
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
    prediction, target = of_one_shape(prediction=prediction, target=target)
    return reduced(np.square(prediction - target) * 0.5, reduction)


# ---- absolute errors, and those that are squares near 0 ----------------------------------------------------


@loss_function()
def l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean absolute error, ``(1/n) Σ |x - t|``; its gradient in x is ``sign(x - t) / n``, and 0 at x = t.

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
    prediction, target = of_one_shape(prediction=prediction, target=target)
    return reduced(np.absolute(prediction - target), reduction)


@loss_function(delta=Range(0, above=True))
def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Huber's loss, ``½ e²`` for errors ``e = x - t`` up to δ, and ``δ (|e| - ½ δ)`` beyond.

    Its slope in e is e, clipped to ±δ.

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
    prediction, target = of_one_shape(prediction=prediction, target=target)
    return reduced(_huber(prediction - target, delta), reduction)


# fmt: off
@primitive(error=lambda g, out, delta: g * (np.absolute(out) < delta))
def clipped(error: Any, delta: float) -> Any:
    """The error within ±δ."""
    return np.clip(floating(error, "clipped"), -delta, delta)

@primitive(keep={"near": clipped}, error=blockwise(lambda g, near: g * near))
def _huber(error: Any, delta: float) -> Any:
    """c (e - ½ c), where c is e clipped to ±δ: no branch, and no square of a large error to overflow."""
    return parabola_and_lines(floating(error, "huber_loss"), delta)
# fmt: on


@blockwise
def parabola_and_lines(error: Any, delta: float) -> tuple[Any, Any]:
    """What `_huber` computes of an array, and its slope."""
    near = np.clip(error, -delta, delta)
    return near * (error - near * 0.5), near


@loss_function(beta=Range(0))
def smooth_l1_loss(prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean") -> Any:
    """Huber's loss divided by its β, ``½ e² / β`` for errors up to β and ``|e| - ½ β`` beyond.

    Its slopes are ±1, however small β is.

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
    prediction, target = of_one_shape(prediction=prediction, target=target)
    error = prediction - target
    if beta == 0:
        return reduced(np.absolute(error), reduction)
    return reduced(_huber(error, beta) if beta == 1 else _huber(error, beta) / beta, reduction)
