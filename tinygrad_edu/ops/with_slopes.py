"""Values and slopes of smooth activations: nearly the same work, of the same exponential.

An op that keeps the slope for its rule needs no exponential in the backward pass.
"""

import math
from typing import Any

import numpy as np

from .blocks import blockwise
from .erf import FAR, cdf_and_bell
from .near_one import log1p_of_share
from .pieces import above, near, step

VERY_FAR = 800.0  # exp(-x) is 0 from here on, in float64 too
MISH_FAR = 22.0  # from here on tanh(softplus(x)) is 1, and exp(4x) is finite in float32
ROOT = math.sqrt(2 / math.pi)
CUBIC = 2 * 0.044715 * ROOT


@blockwise
def gelu_and_slope(x: Any) -> tuple[Any, Any]:
    """x Φ(x) and Φ(x) + x φ(x), which are nearly the same work."""
    bounded = near(x, FAR)
    cdf, bell = cdf_and_bell(bounded)
    return np.maximum(x, bounded) * cdf, cdf + bell * (bounded * (1 / math.sqrt(2 * math.pi)))


@blockwise
def mish_and_slope(x: Any) -> tuple[Any, Any]:
    """x t and t + x t', with t = tanh(softplus(x)), which is n / (n + 2) with n = e (e + 2) and e = exp(x).

    So t' = 2 n' / (n + 2)², with n' = 2 e (e + 1).  Beyond the bound t is 1, and t' is 0.
    """
    bounded = np.clip(x, -VERY_FAR, MISH_FAR if x.dtype.itemsize > 2 else 5.5)  # of float16
    e = np.exp(bounded)
    n = e * (e + 2)
    t = n / (n + 2)
    return above(x, -VERY_FAR) * t, t + bounded * ((4 * e / (n + 2)) * ((e + 1) / (n + 2)))


@blockwise
def gelu_tanh_and_slope(x: Any) -> tuple[Any, Any]:
    """x h and h + x h', with h = ½ (1 + tanh(v/2)), which is the sigmoid of v, and h' = h (1 - h) v'.

    v is 2 √(2/π) (x + 0.044715 x³).
    """
    bounded = near(x, FAR)
    square = np.square(bounded)
    h = 1 / (1 + np.exp(bounded * (-CUBIC * square - 2 * ROOT)))
    return np.maximum(x, bounded) * h, h + h * (1 - h) * (bounded * (3 * CUBIC * square + 2 * ROOT))


def softplus_and_slope(x: Any, beta: float, threshold: float | None) -> tuple[Any, Any]:
    """log(1 + exp(beta · x)) / beta and the sigmoid of beta · x; beyond the threshold, x and 1."""
    scaled = x if beta == 1 else x * beta
    value, slope = bend_and_slope(scaled)
    value = value if beta == 1 else value / beta
    if threshold is None:
        return value, slope
    beyond = scaled > threshold
    return np.where(beyond, x, value), np.maximum(slope, beyond)


@blockwise
def bend_and_slope(x: Any) -> tuple[Any, Any]:
    """log(1 + exp(x)), several times as fast as np.logaddexp(x, 0), and the sigmoid.

    With e = exp(-|x|) that is 1 / (1 + e) where x > 0, and e / (1 + e) elsewhere.
    """
    e = np.exp(-np.absolute(x))
    return above(x) + log1p_of_share(e), np.maximum(e, step(x)) / (1 + e)
