"""Losses between probabilities: binary cross-entropy, and the Kullback-Leibler divergence."""

from typing import Any

import numpy as np

from ...arrays import floating
from ...table import primitive
from ..activation import sigmoid, softplus
from ..blocks import blockwise
from ..elementwise import ones_for_zeros
from ..near_one import log1p_of_share
from ..pieces import step
from .checks import (
    LOGARITHMS,
    PROBABILITIES,
    REDUCTIONS,
    loss_function,
    nothing_left,
    of_one_shape,
    reduced,
    weighted,
)

LOWEST = -100  # what binary_cross_entropy takes for the logarithm of 0
STEEPEST = 1e12  # and for its slope there

TWO_CLASSES = (
    "Signs -1 and 1 become targets by (target + 1) / 2; more than two classes are labels for "
    "softmax_cross_entropy."
)
OF_LOGITS = "For logits use binary_cross_entropy_with_logits, which needs no sigmoid."
OF_SCORES = "The logarithms of a softmax are log_softmax(logits); of probabilities, np.log(q)."
OF_PROBABILITIES = "Probabilities are targets with log_target=False."
OF_LOGARITHMS = "Logarithms of probabilities are targets with log_target=True."


@loss_function()
def binary_cross_entropy(prediction: Any, target: Any, *, weight: Any = None, reduction: str = "mean") -> Any:
    """Cross-entropy of probabilities of one of two classes, ``-w (t log p + (1 - t) log(1 - p))``.

    Its gradient in p is ``w (p - t) / (p (1 - p))``.  Logarithms are at least -100, and their slopes at most
    1e12, as in PyTorch, so that a certain and wrong prediction has a finite loss; a certain and right one
    keeps its slope of ±1, which PyTorch takes for 0. Where p is the sigmoid of a logit, use
    `binary_cross_entropy_with_logits`, which is exact.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Probabilities, in [0, 1].  What rounding leaves up to 0.01 beyond, such as sums of a softmax, counts
        as 0 or 1.
    target : Tensor or array_like of the same shape
        0 and 1, booleans, or probabilities.  What needs no gradient is cast to the dtype of what does.
    weight : array_like, optional
        Constants that broadcast to the shape of the prediction.  The mean does not divide by them.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For predictions or targets more than 0.01 outside [0, 1], a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.binary_cross_entropy([0.0, 1.0], [1.0, 1.0], reduction="none")
    array([100.,   0.])
    """
    p, t = of_one_shape("target", prediction=prediction, target=target)
    PROBABILITIES.check("predictions", p, OF_LOGITS)
    PROBABILITIES.check("targets", t, TWO_CLASSES)
    losses = t * -lowest_log(p) - (1 - t) * lowest_log_of_rest(p)
    return reduced(weighted(losses, weight), reduction)


@loss_function()
def binary_cross_entropy_with_logits(
    logits: Any, target: Any, *, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Any:
    """Cross-entropy of the sigmoid of logits, ``-w (v t log σ(z) + (1 - t) log σ(-z))``.

    Computed as ``-log σ(z) = softplus(-z)``, so that it is exact for logits of any size.  Its gradient in z
    is ``w (σ(z) - t)`` for v = 1.

    Parameters
    ----------
    logits : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
        0 and 1, booleans, or probabilities.  What needs no gradient is cast to the dtype of what does.
    weight : array_like, optional
        Constants w that broadcast to the shape of the logits.  The mean does not divide by them.
    pos_weight : array_like, optional
        Constants v that broadcast to the shape of the logits: how much more a positive counts than a
        negative.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the logits.

    Raises
    ------
    ArgumentError
        For targets outside [0, 1], a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.binary_cross_entropy_with_logits([-1000.0, 1000.0], [0.0, 0.0], reduction="none")
    array([   0., 1000.])
    """
    z, t = of_one_shape("target", logits=logits, target=target)
    PROBABILITIES.check("targets", t, TWO_CLASSES)
    positive = None if pos_weight is None else weighted(t, pos_weight, "pos_weight")
    losses = (
        cross_entropy_of_logits(z, t) if positive is None else positive * softplus(-z) + (1 - t) * softplus(z)
    )
    return reduced(weighted(losses, weight), reduction)


@blockwise
def losses_and_sigmoid(z: Any, t: Any) -> tuple[Any, Any]:
    """(1 - t) max(z, 0) - t min(z, 0) + log(1 + exp(-|z|)), of which no digits cancel, and the sigmoid of z.

    The first two are z (s - t), where s is 1 if z is positive, else 0.
    """
    e, positive = np.exp(-np.absolute(z)), step(z)
    return log1p_of_share(e) + z * (positive - t), np.maximum(e, positive) / (1 + e)


# fmt: off
@primitive(keep={"s": sigmoid}, logits=blockwise(lambda g, s, target: g * (s - target)),
                                target=lambda g, logits: -g * logits)
def cross_entropy_of_logits(logits: Any, target: Any) -> Any:
    """-t log σ(z) - (1 - t) log σ(-z) in one."""
    return losses_and_sigmoid(floating(logits, "logits"), floating(target, "target"))
# fmt: on


def plain_cross_entropy_of_logits(logits: Any, target: Any) -> Any:
    """The same by composition: what `cross_entropy_of_logits` is tested against."""
    return target * softplus(-logits) + (1 - target) * softplus(logits)


@loss_function(reductions=(*REDUCTIONS, "batchmean"))
def kl_div(prediction: Any, target: Any, *, log_target: bool = False, reduction: str = "mean") -> Any:
    """Kullback-Leibler divergence ``Σ p (log p - log q)`` of a prediction q, given as log q, from a target p.

    Its gradient in log q is -p.  0 log 0 is 0.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Logarithms of probabilities, such as `log_softmax` gives.
    target : Tensor or array_like of the same shape
        Probabilities p, or their logarithms.
    log_target : bool, default=False
        Whether the target is log p.
    reduction : {"mean", "batchmean", "sum", "none"}, default="mean"
        The divergence is "batchmean", the sum divided by the length of the first axis; "mean" divides by the
        number of elements, and is the default because it is PyTorch's.

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For a prediction above 0, a target that is none, a mean of nothing, and an unknown reduction.  Whether
        rows sum to 1 is not looked at: there is no telling which axis they are.
    ShapeError, DTypeError
        As `mse_loss`.

    References
    ----------
    S. Kullback, R. A. Leibler (1951). On information and sufficiency. The Annals of Mathematical Statistics
    22.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> round(float(tg.kl_div(np.log([[0.5, 0.5]]), [[1.0, 0.0]], reduction="batchmean")), 6)
    0.693147
    """
    log_q, p = of_one_shape(prediction=prediction, target=target)
    LOGARITHMS.check("predictions", log_q, OF_SCORES)
    if log_target:
        LOGARITHMS.check("targets, with log_target=True,", p, OF_PROBABILITIES)
        p, log_p = np.exp(p), np.where(p == -np.inf, 0, p)
    else:
        PROBABILITIES._replace(low=0).check("targets", p, OF_LOGARITHMS)
        log_p = np.log(ones_for_zeros(p))
    losses = p * (log_p - np.where((p == 0) & (log_q == -np.inf), 0, log_q))  # 0 log 0 is 0
    if reduction != "batchmean":
        return reduced(losses, reduction)
    if losses.size == 0 or losses.ndim == 0:
        raise nothing_left(f"the prediction has shape {losses.shape}")
    return np.sum(losses) / losses.shape[0]


# fmt: off
@primitive(p=lambda g, p: g / np.maximum(p, 1 / STEEPEST))
def lowest_log(p: Any) -> Any:
    """log p, but at least -100; of what is beyond [0, 1], of its end."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(within(p)), LOWEST)

@primitive(p=lambda g, p: -g / np.maximum(1 - p, 1 / STEEPEST))
def lowest_log_of_rest(p: Any) -> Any:
    """log(1 - p), but at least -100; of what is beyond [0, 1], of its end."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log1p(-within(p)), LOWEST)
# fmt: on


def within(p: Any) -> Any:
    """Probabilities without what rounding added to them."""
    return np.minimum(np.maximum(p, 0), 1)
