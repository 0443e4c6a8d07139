"""Exponential linear units, elu, celu and selu: x where x > 0, else an exponential that falls to a bound.

One exponential, that of x's negative part, makes the lower piece in the forward pass and is kept for the
rule.  Which piece an element is on the rules read off the result, or off a sign.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from ..table import primitive
from .blocks import blockwise
from .near_one import exp_and_expm1
from .pieces import above, below, step

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@blockwise
def two_pieces(x: Any, alpha: float, width: float) -> tuple[Any, Any]:
    """x where x > 0, else alpha · (exp(x / width) - 1); and the exponential of the negative part.

    The value is the higher of the two pieces if the second is above x everywhere below 0; else their sum, of
    which one is 0: both are faster than to choose.
    """
    negative = below(x)
    e, tail = exp_and_expm1(negative if width == 1 else negative / width)
    tail = tail if alpha == 1 else alpha * tail
    if alpha < 0:
        e = told_apart(e, x)
    return np.maximum(x, tail) if alpha <= width else above(x) + tail, e


@blockwise
def scaled_pieces(x: Any) -> tuple[Any, Any]:
    """The value of `selu`, and its slope with a minus where x > 0."""
    e, tail = exp_and_expm1(below(x), SELU_SCALE * SELU_ALPHA)
    return SELU_SCALE * above(x) + tail, e - step(x) * (SELU_SCALE * SELU_ALPHA + SELU_SCALE)


def told_apart(e: Any, x: Any) -> Any:
    """exp of x's negative part, e, below 1 wherever x is negative, also where it rounds to 1."""
    return np.minimum(e, 1 - step(-x) * np.finfo(e.dtype).epsneg)


def slope_of_pieces(out: Any, e: Any, alpha: float) -> Any:
    """alpha · exp(x) where x ≤ 0, else 1: exp of the negative part is 1 there already."""
    if alpha == 1:
        return e
    positive = step(out) if alpha > 0 else step(out) * np.floor(e)  # of a negative alpha both pieces are
    return e * alpha + positive * (1 - alpha)


# fmt: off
# Where x is not below 0 the slope is 0, that of the bound of x; near 0 the exponential rounds to 1 on both sides.
@primitive(x=lambda g, x, out: g * (out * step(-x)))
def exp_of_negative(x: Any) -> Any:
    """exp(min(x, 0)), which is below 1 of every negative x."""
    x = floating(x, "exp_of_negative")
    return told_apart(np.exp(below(x)), x)

@primitive(x=lambda g, x, out, alpha: g * (out * step(-x) / alpha))
def celu_slope(x: Any, alpha: float = 1.0) -> Any:
    """exp(min(x, 0) / alpha)."""
    return np.exp(below(floating(x, "celu_slope")) / alpha)


@primitive(keep={"e": exp_of_negative}, x=blockwise(lambda g, out, e, alpha: g * slope_of_pieces(out, e, alpha)))
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: x where x > 0, else alpha · (exp(x) - 1).

    Parameters
    ----------
    x : Tensor or array_like of any shape
    alpha : float, default=1.0

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016). Fast and accurate deep network learning by
    exponential linear units. arXiv:1511.07289
    """
    return two_pieces(floating(x, "elu"), alpha, 1)


@primitive(keep={"slope": celu_slope}, x=lambda g, slope: g * slope)
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable exponential linear unit: x where x > 0, else alpha · (exp(x / alpha) - 1).

    Its slope at 0 is 1 from both sides, whatever alpha.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    alpha : float, default=1.0
        Positive; the least value is -alpha.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    J. Barron (2017). Continuously differentiable exponential linear units. arXiv:1704.07483
    """
    if not alpha > 0:
        raise ArgumentError(f"celu: alpha is positive; got {alpha}.")
    return two_pieces(floating(x, "celu"), alpha, alpha)


@primitive(x=lambda g, x, out: g * (out * step(-x)))
def selu_slope(x: Any) -> Any:
    """The slope of `selu`, with a minus where x > 0: below 0 it is an exponential, its own slope."""
    return scaled_pieces(floating(x, "selu_slope"))[1]

@primitive(keep={"slope": selu_slope}, x=blockwise(lambda g, slope: g * np.absolute(slope)))
def selu(x: Any) -> Any:
    """Scaled exponential linear unit: 1.0507 · elu(x, 1.6733).

    With weights of variance 1 / n_in (`nn.init.lecun_normal`) the activations of a deep network tend to mean
    0, variance 1.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, above -1.7581

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter (2017). Self-normalizing neural networks.
    arXiv:1706.02515
    """
    return scaled_pieces(floating(x, "selu"))
# fmt: on
