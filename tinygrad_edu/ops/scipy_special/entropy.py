"""Logistic functions, products with logarithms, entropies, and losses.

Outside the region where an entropy is finite, the gradient is 0.
"""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from ..elementwise import ones_for_zeros, or_nan


def ratio(x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0."""
    return x / np.where(np.equal(x, 0) & np.equal(y, 0), 1, y)


def inside(out: Any, y: Any) -> Any:
    """y, with a harmless 1 where ``out`` is infinite."""
    return np.where(np.isinf(out), 1, y)


def entropy_slope(x: Any, y: Any, out: Any) -> Any:
    """log(x / y), 0 where the entropy is infinite, and -inf at x = 0."""
    zero = np.equal(x, 0)
    log = np.log(inside(out, np.where(zero, 1, x)) / inside(out, np.where(np.equal(y, 0), 1, y)))
    return np.where(zero & np.isfinite(out), -np.inf, log)


def huber_slope(delta: Any, r: Any, out: Any) -> Any:
    """The slope of Huber's loss: r, between -δ and δ."""
    return np.where(np.isinf(out), 0, np.clip(r, -inside(out, delta), inside(out, delta)))


def huber_width_slope(delta: Any, r: Any, out: Any) -> Any:
    """The derivative of Huber's loss in δ: 0 where it is a parabola, |r| - δ beyond."""
    return np.where((np.absolute(r) <= delta) | np.isinf(out), 0, np.absolute(r) - delta)


def smooth_width_slope(delta: Any, r: Any) -> Any:
    """The derivative of δ² (√(1 + (r/δ)²) - 1) in δ: (s - δ)² / s with s = √(δ² + r²), and s - δ = r² / (s +
    δ); no quotient by δ, which may be 0.
    """
    s = np.hypot(delta, r)
    excess = r * (r / ones_for_zeros(s + delta))
    return excess * (excess / ones_for_zeros(s))


# fmt: off
elementwise(sc.expit,     x=lambda g, x, out: g * (out * sc.expit(-x)))
elementwise(sc.log_expit, x=lambda g, x: g * sc.expit(-x))
elementwise(sc.logit,     x=lambda g, x, out: or_nan(out, g / (x * (1 - x))))

elementwise(sc.xlogy,    "x", "y", x=lambda g, y: g * np.log(y),
                                   y=lambda g, x, y: g * ratio(x, y))
elementwise(sc.xlog1py,  "x", "y", x=lambda g, y: g * np.log1p(y),
                                   y=lambda g, x, y: g * ratio(x, 1 + y))
elementwise(sc.entr,               x=lambda g, x, out: np.where(np.isinf(out), 0, -g * (1 + np.log(inside(out, x)))))
elementwise(sc.rel_entr, "x", "y", x=lambda g, x, y, out: np.where(np.isinf(out), 0, g * (1 + entropy_slope(x, y, out))),
                                   y=lambda g, x, y, out: np.where(np.isinf(out), 0, -g * ratio(x, y)))
elementwise(sc.kl_div,   "x", "y", x=lambda g, x, y, out: g * entropy_slope(x, y, out),
                                   y=lambda g, x, y, out: np.where(np.isinf(out), 0, g * (1 - ratio(x, y))))

elementwise(sc.huber, "delta", "r",        delta=lambda g, delta, r, out: g * huber_width_slope(delta, r, out),
                                           r=lambda g, delta, r, out: g * huber_slope(delta, r, out))
elementwise(sc.pseudo_huber, "delta", "r", delta=lambda g, delta, r, out: or_nan(out, g * smooth_width_slope(delta, r)),
                                           r=lambda g, delta, r, out: or_nan(out, g * (r * (delta / ones_for_zeros(np.hypot(delta, r))))))
# fmt: on
