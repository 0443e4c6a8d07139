"""Losses that are negative log-likelihoods: of counts, and of numbers with a variance of their own."""

import math
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..calculus import constant
from .checks import Domain, Range, loss_function, of_one_dtype, of_one_shape, reduced

COUNTS = Domain("counts, at least 0", 0, np.inf)
RATES = Domain("rates, at least 0", 0, np.inf)
VARIANCES = Domain("at least 0", 0, np.inf)

OF_COUNTS = "What may be negative is compared by mse_loss, or by gaussian_nll_loss."
OF_RATES = "Logarithms of rates are predictions with log_input=True, the default."
OF_VARIANCES = "Let the model give the logarithm of the variance, and take its exponential, or a softplus."


@loss_function(eps=Range(0, above=True))
def poisson_nll_loss(
    prediction: Any,
    target: Any,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood of counts t of a Poisson distribution, ``e^x - t x``.

    The prediction x is the logarithm of the rate.  Its slope is ``e^x - t``.  The term ``log t!``, which no
    prediction changes, is left out, or approximated by Stirling's formula, ``t log t - t + ½ log(2π t)``,
    where t > 1.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Logarithms of rates; with ``log_input=False``, rates.
    target : Tensor or array_like of the same shape
        Counts, at least 0; they need not be whole.
    log_input : bool, default=True
        Whether predictions are logarithms.  If not, the loss of a rate r is ``r - t log(r + ε)``.
    full : bool, default=False
        Whether to add Stirling's approximation of ``log t!``.
    eps : float > 0, default=1e-8
        The ε that keeps the logarithm of a rate of 0 finite; unused with logarithms.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For a negative target or rate, which PyTorch lets through, an eps that is not positive, a mean of
        nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.poisson_nll_loss([0.0, 1.0], [2.0, 0.0], reduction="none")
    array([1.        , 2.71828183])
    """
    x, t = of_one_shape(prediction=prediction, target=target)
    COUNTS.check("targets", t, OF_COUNTS)
    if log_input:
        losses = np.exp(x) - t * x
    else:
        RATES.check("predictions, with log_input=False,", x, OF_RATES)
        losses = x - t * np.log(x + eps)
    if full:
        n = np.where(t <= 1, 1, t)  # where the approximation is not added, one that has a slope
        losses = losses + np.where(t <= 1, 0, n * np.log(n) - n + np.log(n * (2 * math.pi)) * 0.5)
    return reduced(losses, reduction)


@loss_function(eps=Range(0, above=True))
def gaussian_nll_loss(
    prediction: Any, target: Any, var: Any, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Negative log-likelihood of targets t of a normal distribution, ``½ (log v + (x - t)² / v)``.

    The prediction is a mean x and a variance v for each number, so that a model learns how far off it is.
    A variance below ε counts as ε; its slope is that at ε all the same, as in PyTorch, and leads out of
    there.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Means.
    target : Tensor or array_like of the same shape
    var : Tensor or array_like
        Variances, at least 0: one for each mean, or fewer.  One for all is a number; one for the means along
        an axis has length 1 there, and may lack the axis if it is the last.
    full : bool, default=False
        Whether to add the constant ``½ log 2π``.
    eps : float > 0, default=1e-6
        The least variance.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For a negative variance, an eps that is not positive, a mean of nothing, and an unknown reduction.
    ShapeError
        If prediction and target differ in shape, or the variances have none of the shapes above.
    DTypeError
        As `mse_loss`.

    References
    ----------
    D. A. Nix, A. S. Weigend (1994). Estimating the mean and variance of the target probability distribution.
    ICNN.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.gaussian_nll_loss([0.0, 0.0], [1.0, 3.0], [1.0, 1.0], reduction="none")
    array([0.5, 4.5])
    """
    x, t, v = of_one_dtype(prediction=prediction, target=target, var=var)
    of_one_shape(prediction=x, target=t)
    v = _beside(v, x.shape)
    VARIANCES.check("variances", v, OF_VARIANCES)
    v = v - constant(np.minimum(v - eps, 0))  # ε for what is smaller, with the slope of v
    losses = (np.log(v) + np.square(x - t) / v) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _beside(v: Any, shape: tuple[int, ...]) -> Any:
    """Variances as they broadcast to means of this shape, along one axis at most, or from one number."""
    if v.shape == shape or v.shape == ():
        return v
    if v.shape == shape[:-1]:
        return np.reshape(v, (*v.shape, 1))
    if v.ndim == len(shape) and [a for a, b in zip(v.shape, shape) if a != b] == [1]:
        return v
    expected = f"Expected {shape}, {shape[:-1]}, 1 in the place of one length of {shape}, or a number."
    raise ShapeError(f"var of shape {v.shape} does not fit a prediction of shape {shape}.\n  {expected}")
