"""Smooth activations: sigmoid and what is made of it, softplus, softsign, the Gaussian, and GELU.

Each is stable for arguments of any size, and none warns.  The products x · s(x), of which s falls to 0 faster
than x grows, are 0 at -inf too.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from ..table import elementwise, primitive
from .blocks import blockwise
from .elementwise import LN2
from .erf import FAR, normal_density
from .pieces import above, below, near
from .with_slopes import (
    CUBIC,
    ROOT,
    VERY_FAR,
    gelu_and_slope,
    gelu_tanh_and_slope,
    mish_and_slope,
    softplus_and_slope,
)

# The formulas of the functions below, for arrays of any size.
# fmt: off
logistic = blockwise(lambda x: 1 / (1 + np.exp(-x)))
x_logistic = blockwise(lambda x: (above(x, -VERY_FAR) * (s := logistic(x)), s))
share_of_one_more = blockwise(lambda x: (c := near(x, 1e38 if x.dtype.itemsize > 2 else 6e4)) / (1 + np.absolute(c)))  # ∞ / ∞ is NaN


@primitive(x=blockwise(lambda g, out: g * (out * (1 - out))))
def sigmoid(x: Any) -> Any:
    """Logistic function, 1 / (1 + exp(-x)), exact in both tails.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [0, 1]
    """
    with np.errstate(over="ignore"):  # 1 / inf is 0, and so is the result but for numbers below the normal ones
        return logistic(floating(x, "sigmoid"))


@primitive(keep={"s": sigmoid}, x=blockwise(lambda g, out, s: g * (s + below(out, VERY_FAR) * (1 - s))))
def silu(x: Any) -> Any:
    """Sigmoid linear unit, or swish: x · sigmoid(x).

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, at least -0.2785

    References
    ----------
    S. Elfwing, E. Uchibe, K. Doya (2018). Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning. arXiv:1702.03118

    P. Ramachandran, B. Zoph, Q. Le (2017). Searching for activation functions. arXiv:1710.05941
    """
    with np.errstate(over="ignore"):  # as above
        return x_logistic(floating(x, "silu"))


@primitive(x=blockwise(lambda g, out, beta: g * (beta * out * (1 - out))))
def softplus_slope(x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    """The sigmoid of beta · x, and 1 beyond the threshold."""
    return softplus_and_slope(floating(x, "softplus_slope"), beta, threshold)[1]

@primitive(keep={"slope": softplus_slope}, x=lambda g, slope: g * slope)
def softplus(x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    """Smooth rectifier, log(1 + exp(beta · x)) / beta.

    Nothing overflows, so no threshold is needed; PyTorch's is 20, where the two differ by 2e-9 / beta.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    beta : float, default=1.0
        How sharp the bend is: the value at 0 is log(2) / beta.
    threshold : float, optional
        Where beta · x is more than this, the value is x itself.

    Returns
    -------
    Tensor or ndarray of the same shape, positive

    References
    ----------
    C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau, R. Garcia (2001). Incorporating second-order functional
    knowledge for better option pricing. NIPS.
    """
    if not beta > 0:
        raise ArgumentError(f"softplus: beta is positive; got {beta}.")
    return softplus_and_slope(floating(x, "softplus"), beta, threshold)


elementwise(np.logaddexp,  x1=lambda g, x1, x2, out: g * sigmoid(lead(x1, x2, out)),
                           x2=lambda g, x1, x2, out: g * sigmoid(lead(x2, x1, out)))
elementwise(np.logaddexp2, x1=lambda g, x1, x2, out: g * sigmoid(LN2 * lead(x1, x2, out)),
                           x2=lambda g, x1, x2, out: g * sigmoid(LN2 * lead(x2, x1, out)))


@primitive(x=blockwise(lambda g, x: g / np.square(1 + np.absolute(x))))
def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``: a sigmoid that approaches ±1 slowly.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in (-1, 1)

    References
    ----------
    J. Turian, J. Bergstra, Y. Bengio (2009). Quadratic features and deep architectures for chunking. NAACL
    HLT.
    """
    return share_of_one_more(floating(x, "softsign"))


@primitive(x=lambda g, x: g * ((2 - np.square(near(x, FAR))) * normal_density(x)))
def gelu_slope(x: Any) -> Any:
    """Φ(x) + x φ(x), the slope of x Φ(x)."""
    return gelu_and_slope(floating(x, "gelu_slope"))[1]

@primitive(keep={"slope": gelu_slope}, x=lambda g, slope: g * slope)
def gelu_exact(x: Any) -> Any:
    """x Φ(x)."""
    return gelu_and_slope(floating(x, "gelu"))


@primitive(x=lambda g, x: g * gelu_tanh_curvature(near(x, FAR)))
def gelu_tanh_slope(x: Any) -> Any:
    """The slope of x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³)))."""
    with np.errstate(over="ignore", under="ignore"):  # 1 / inf is 0, and so are value and slope
        return gelu_tanh_and_slope(floating(x, "gelu_tanh_slope"))[1]

@primitive(keep={"slope": gelu_tanh_slope}, x=lambda g, slope: g * slope)
def gelu_tanh(x: Any) -> Any:
    """x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³)))."""
    with np.errstate(over="ignore", under="ignore"):  # as above
        return gelu_tanh_and_slope(floating(x, "gelu"))
# fmt: on


def gelu(x: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit, x Φ(x), of which Φ is the distribution function of the standard normal.

    It is exact, relatively, in the tail too: gelu(-30) is -30 Φ(-30) ≈ -1.5e-196.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    approximate : {"none", "tanh"}, default="none"
        With "tanh", Φ(x) is replaced by ½ (1 + tanh(√(2/π) (x + 0.044715 x³))), as GPT-2 and BERT have it:
        faster, and off by at most 5e-4.

    Returns
    -------
    Tensor or ndarray of the same shape, at least -0.17

    Raises
    ------
    ArgumentError
        For another approximation.

    Examples
    --------
    >>> x = np.array([-1.0, 0.0, 1.0])
    >>> gelu(x)
    array([-0.15865525,  0.        ,  0.84134475])
    >>> gelu(x, approximate="tanh")
    array([-0.15880801,  0.        ,  0.84119199])

    References
    ----------
    D. Hendrycks, K. Gimpel (2016). Gaussian error linear units. arXiv:1606.08415
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate is 'none' or 'tanh'; got {approximate!r}.")
    return gelu_exact(x) if approximate == "none" else gelu_tanh(x)


# fmt: off
@primitive(x=lambda g, x: g * mish_curvature(x))
def mish_slope(x: Any) -> Any:
    """The slope of x · tanh(softplus(x))."""
    return mish_and_slope(floating(x, "mish_slope"))[1]

@primitive(keep={"slope": mish_slope}, x=lambda g, slope: g * slope)
def mish(x: Any) -> Any:
    """x · tanh(softplus(x)).

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, at least -0.31

    References
    ----------
    D. Misra (2019). Mish: a self regularized non-monotonic activation function. arXiv:1908.08681
    """
    return mish_and_slope(floating(x, "mish"))
# fmt: on


def gaussian(x: Any) -> Any:
    """Gaussian bump, exp(-x²): the radial basis function of a distance x.

    Parameters
    ----------
    x : Tensor or ndarray of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [0, 1]

    References
    ----------
    D. Broomhead, D. Lowe (1988). Multivariable functional interpolation and adaptive networks. Complex
    Systems 2.
    """
    return np.exp(-np.square(floating(x, "gaussian")))


def mish_curvature(x: Any) -> Any:
    """The derivative of t + x t', 2 t' + x t'', with t'' = t' (1 - σ - 2 t σ)."""
    t, s = np.tanh(softplus(x)), sigmoid(x)
    return (1 - np.square(t)) * s * (2 + near(x, VERY_FAR) * (1 - s - 2 * t * s))


def gelu_tanh_curvature(x: Any) -> Any:
    """The derivative of h + x h', 2 h' + x h'', with h'' = h (1 - h) ((1 - 2h) v'² + v'')."""
    steep = 2 * ROOT + 3 * CUBIC * np.square(x)  # v'
    h = sigmoid(x * (2 * ROOT + CUBIC * np.square(x)))
    s = h * (1 - h)  # 0 far out, where the squares of what it is multiplied by leave float16
    return 2 * s * steep + s * x * ((1 - 2 * h) * steep) * steep + s * x * (6 * CUBIC * x)


def lead(x: Any, other: Any, out: Any) -> Any:
    """x - other; and -inf, so that neither gets a gradient, where both are -inf and so is the result."""
    return np.where(out == -np.inf, -np.inf, x - other)
