"""The gamma function, and what is made of it: factorials, beta functions, incomplete integrals, zeta."""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...aliases import Cotangent
from ...table import elementwise, overridable, primitive
from ..elementwise import or_nan

# ζ(x, q) = Σ (k + q)⁻ˣ, the ufunc that stands behind scipy.special.zeta.
hurwitz: Any = getattr(sc._ufuncs, "_zeta", None)


def next_order(g: Cotangent, n: int, x: Any) -> Any:
    """ψ⁽ⁿ⁾ has the derivative ψ⁽ⁿ⁺¹⁾."""
    return g * polygamma(n + 1, x)


@primitive(x=next_order)
def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of the digamma function ψ, as scipy.special.polygamma, which takes no tensors.

    Parameters
    ----------
    n : int
        0 or more.
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape

    Examples
    --------
    >>> import math
    >>> polygamma(1, np.array([1.0])) * 6 / math.pi**2
    array([1.])
    """
    return polygamma_value(n, x)


@overridable
def polygamma_value(n: int, x: Any) -> Any:
    """The values of `polygamma`."""
    return sc.polygamma(n, x).astype(getattr(x, "dtype", float), copy=False)


def like(setting: Any, x: Any) -> Any:
    """A number that is a setting, as an array of x's dtype."""
    return setting + np.zeros_like(x)


def whole(n: Any) -> Any:
    """The integer order that SciPy makes of a number where it has integer orders alone: it cuts it off."""
    return np.trunc(n)


def rgamma_slope(x: Any) -> Any:
    """The derivative of 1/Γ, which is smooth everywhere.

    For x ≥ 1/2 it is -ψ/Γ.  Below, by the reflection 1/Γ(x) = sin(πx) Γ(1-x) / π (DLMF 5.5.3), it is
    (cos(πx) - sin(πx) ψ(1-x) / π) Γ(1-x), which no pole of ψ disturbs.
    """
    above, below = np.where(x < 0.5, 1, x), np.where(x < 0.5, x, 0)
    reflected = np.cos(math.pi * below) - np.sin(math.pi * below) * sc.psi(1 - below) / math.pi
    return np.where(x < 0.5, reflected * sc.gamma(1 - below), -sc.psi(above) * sc.rgamma(above))


def weighted_slope(g: Cotangent, other: Any) -> Any:
    """The gradient of either factor of `weighted`."""
    return weighted(g, other)


@primitive(
    broadcasts=True,
    share=lambda g, slope: weighted_slope(g, slope),
    slope=lambda g, share: weighted_slope(g, share),
)
def weighted(share: Any, slope: Any) -> Any:
    """share · slope, and 0 where the share is 0: the pole of an output that nobody uses makes no NaN."""
    return np.where(np.equal(share, 0), 0, share * slope)


def is_pole(x: Any) -> Any:
    """Whether Γ has a pole at x: 0, -1, -2 …"""
    return np.less_equal(x, 0) & np.equal(x, np.floor(x))


def psi_difference(x: Any, y: Any) -> Any:
    """ψ(x) - ψ(y), and its limit where both have a pole, as x and y move together: there that of ψ(1 - x) -
    ψ(1 - y), since ψ(1 - x) - ψ(x) is π cot(πx), which has the period 1 (DLMF 5.5.4).
    """
    both = is_pole(x) & is_pole(y)
    return sc.psi(np.where(both, 1 - x, x)) - sc.psi(np.where(both, 1 - y, y))


def beta_slope(a: Any, b: Any, out: Any) -> Any:
    """The derivative of B(a, b) in a: B (ψ(a) - ψ(a + b)), and at a zero of B, where 1/Γ(a + b) is 0, the
    slope of that times Γ(a) Γ(b).
    """
    zero = is_pole(a + b) & ~(is_pole(a) | is_pole(b))
    at, beside = np.where(zero, a + b, 1), np.where(zero, 1, a + b)
    product = sc.gamma(np.where(zero, a, 1)) * sc.gamma(np.where(zero, b, 1)) * rgamma_slope(at)
    return np.where(zero, product, out * psi_difference(np.where(zero, 1, a), beside))


def poch_slope(z: Any, m: Any, out: Any) -> Any:
    """The derivative of Γ(z+m)/Γ(z) in z: for z ≤ 0, where 1/Γ may be 0, as that of a product.  Where both Γ
    may have poles, that of a polynomial or its reciprocal, m being whole, with ψ reflected as above.
    """
    rational = np.equal(m, np.floor(m)) & np.less(z, 1) & np.less(z + m, 1)
    plain, turned = np.where(rational, 1, z), np.where(rational, z, 0)
    above, below = np.where(plain > 0, plain, 1), np.where(plain > 0, 1, plain)
    product = sc.gamma(below + m) * (sc.psi(below + m) * sc.rgamma(below) + rgamma_slope(below))
    smooth = np.where(plain > 0, out * (sc.psi(above + m) - sc.psi(above)), product)
    whole_m = np.where(rational, m, 0)
    return np.where(rational, out * (sc.psi(1 - turned - whole_m) - sc.psi(1 - turned)), smooth)


def binom_slopes(n: Any, k: Any) -> tuple[Any, Any]:
    """The derivatives of Γ(n+1) / (Γ(k+1) Γ(n-k+1)) in n and k, both divided by Γ(n+1) / Γ(n-k+1) where that
    is no pole, and otherwise those of a product.
    """
    rest = sc.rgamma(n - k + 1)
    product = sc.gamma(n + 1)
    in_k = product * (rgamma_slope(k + 1) * rest - sc.rgamma(k + 1) * rgamma_slope(n - k + 1))
    in_n = product * sc.rgamma(k + 1) * (sc.psi(n + 1) * rest + rgamma_slope(n - k + 1))
    return in_n, in_k


def beyond_slope(n: Any, k: Any, which: int) -> Any:
    """The same for k > n > -1, where 1/Γ(n-k+1) = Γ(k-n) sin(π(k-n)) / π: no factor overflows."""
    rest = k - n
    turn = math.pi * (rest - 2 * np.round(rest / 2))
    size = np.exp(sc.gammaln(n + 1) + sc.betaln(np.where(rest > 0, rest, 1), n + 1) - sc.gammaln(n + 1))
    own = sc.psi(n + 1) - sc.psi(rest) if which == 0 else sc.psi(rest) - sc.psi(k + 1)
    return size * (own * np.sin(turn) / math.pi + (-1 if which == 0 else 1) * np.cos(turn))


def binom_slope(n: Any, k: Any, out: Any, which: int) -> Any:
    """The derivative of the binomial coefficient: out times a difference of ψ inside 0 ≤ k ≤ n."""
    inside, beyond = np.greater_equal(k, 0) & np.less_equal(k, n), np.greater(k, n) & np.greater(n, -1)
    a, b = np.where(inside, n, 1), np.where(inside, k, 0)
    ratio = (sc.psi(a + 1), sc.psi(b + 1))[which]
    outside = binom_slopes(np.where(inside | beyond, 1, n), np.where(inside | beyond, 1, k))[which]
    outside = np.where(beyond, beyond_slope(np.where(beyond, n, 0), np.where(beyond, k, 1), which), outside)
    difference = ratio - sc.psi(a - b + 1) if which == 0 else sc.psi(a - b + 1) - ratio
    return np.where(inside, out * difference, outside)


def gamma_density(a: Any, x: Any) -> Any:
    """The derivative of the regularized incomplete gamma function in x: xᵃ⁻¹ exp(-x) / Γ(a)."""
    a, far = like(a, x), np.isinf(x)
    x = np.where(far, 1, x)
    return np.where(far, 0, np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a)))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """The derivative of the regularized incomplete beta function in x: xᵃ⁻¹ (1-x)ᵇ⁻¹ / B(a, b)."""
    return np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - sc.betaln(a, b))


# fmt: off
elementwise(sc.gamma,     x=lambda g, x, out: g * (out * sc.psi(x)))
elementwise(sc.gammaln,   x=lambda g, x: g * sc.psi(x))
elementwise(sc.loggamma,  x=lambda g, x: g * sc.psi(x))
elementwise(sc.psi,       x=lambda g, x, out: or_nan(out, g * polygamma(1, x)))
elementwise(sc.rgamma,    x=lambda g, x: g * rgamma_slope(x))
elementwise(sc.gammasgn,  x=lambda g, out: np.where(np.isnan(out), out, 0))

elementwise(sc.beta, "a", "b",   a=lambda g, a, b, out: g * beta_slope(a, b, out),
                                 b=lambda g, a, b, out: g * beta_slope(b, a, out))
elementwise(sc.betaln, "a", "b", a=lambda g, a, b: g * psi_difference(a, a + b),
                                 b=lambda g, a, b: g * psi_difference(b, a + b))
elementwise(sc.poch, "z", "m",   z=lambda g, z, m, out: g * poch_slope(z, m, out),
                                 m=lambda g, z, m, out: g * (out * sc.psi(z + m)))
elementwise(sc.binom, "n", "k",  n=lambda g, n, k, out: g * binom_slope(n, k, out, 0),
                                 k=lambda g, n, k, out: g * binom_slope(n, k, out, 1))

elementwise(sc.gammainc,     "a", "x", x=lambda g, a, x: g * gamma_density(a, x))
elementwise(sc.gammaincc,    "a", "x", x=lambda g, a, x: -g * gamma_density(a, x))
elementwise(sc.gammaincinv,  "a", "y", y=lambda g, a, out: g / gamma_density(a, out))
elementwise(sc.gammainccinv, "a", "y", y=lambda g, a, out: -g / gamma_density(a, out))
elementwise(sc.betainc,      "a", "b", "x", x=lambda g, a, b, x: g * beta_density(a, b, x))
elementwise(sc.betaincc,     "a", "b", "x", x=lambda g, a, b, x: -g * beta_density(a, b, x))
elementwise(sc.betaincinv,   "a", "b", "y", y=lambda g, a, b, out: g / beta_density(a, b, out))
elementwise(sc.betainccinv,  "a", "b", "y", y=lambda g, a, b, out: -g / beta_density(a, b, out))
if hurwitz is not None:
    elementwise(hurwitz, "x", "q",     q=lambda g, x, q: -g * x * hurwitz(x + 1, q))
# fmt: on
