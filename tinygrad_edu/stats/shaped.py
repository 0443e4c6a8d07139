"""Distributions with shape parameters: gamma, chi-square, beta, and Student's t."""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from .continuous import LOG_ROOT_2PI
from .distribution import Continuous, bare, like, moved, positive, standardized, supported, together


class _gamma(Continuous):
    r"""Gamma distribution, of shape ``a``; its rate is 1 / scale.

    .. math:: \log p(x) = (a - 1)\log z - z - \log\Gamma(a) - \log\sigma, \qquad z = (x - \mu)/\sigma \ge 0

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(tg.stats.gamma.logpdf)(2.0, 3.0)
    np.float64(0.0)
    """

    def logpdf(self, x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        x, a, loc, scale = together("gamma.logpdf", x, a, loc, scale)
        (z, log_scale), a = standardized(x, loc, scale), positive(a)
        outside = z < 0
        z = moved(z, outside, 1)
        return supported(sc.xlogy(a - 1, z) - z - sc.gammaln(a) - log_scale, outside)

    def cdf(self, x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The probability of at most x; it differentiates in all but ``a``."""
        x, a, loc, scale = together("gamma.cdf", x, a, loc, scale)
        return sc.gammainc(positive(a), np.maximum(standardized(x, loc, scale)[0], 0))


class _chi2(Continuous):
    r"""Chi-square distribution, of ``df`` degrees of freedom: a gamma distribution of a = df/2.

    .. math:: \log p(x) = (\nu/2 - 1)\log z - z/2 - \log\Gamma(\nu/2) - (\nu/2)\log 2 - \log\sigma
    """

    def logpdf(self, x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        x, df, loc, scale = together("chi2.logpdf", x, df, loc, scale)
        return gamma.logpdf(x, df / 2, loc, 2 * scale)


class _beta(Continuous):
    r"""Beta distribution, of shapes ``a`` and ``b``, between ``loc`` and ``loc + scale``.

    .. math:: \log p(x) = (a - 1)\log z + (b - 1)\log(1 - z) - \log B(a, b) - \log\sigma
    """

    def logpdf(self, x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        x, a, b, loc, scale = together("beta.logpdf", x, a, b, loc, scale)
        (z, log_scale), a, b = standardized(x, loc, scale), positive(a), positive(b)
        outside = (z < 0) | (z > 1)
        z = moved(z, outside, 0.5)
        return supported(sc.xlog1py(b - 1, -z) + sc.xlogy(a - 1, z) - sc.betaln(a, b) - log_scale, outside)

    def cdf(self, x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The probability of at most x; it differentiates in all but ``a`` and ``b``."""
        x, a, b, loc, scale = together("beta.cdf", x, a, b, loc, scale)
        return sc.betainc(positive(a), positive(b), np.clip(standardized(x, loc, scale)[0], 0, 1))


class _t(Continuous):
    r"""Student's t distribution, of ``df`` degrees of freedom; the normal one where that is infinite.

    .. math:: \log p(x) = -\frac{\nu + 1}{2} \log(1 + z^2/\nu) - \log(\sqrt\nu B(1/2, \nu/2)) - \log\sigma
    """

    def logpdf(self, x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        x, df, loc, scale = together("t.logpdf", x, df, loc, scale)
        (z, log_scale), df = standardized(x, loc, scale), positive(df)
        normal = np.isinf(df)
        df = np.where(normal, 1, df)
        constant = np.log(df) / 2 + sc.betaln(like(0.5, df), df / 2)
        finite = -(df + 1) / 2 * np.log1p(np.square(z) / df) - constant
        return bare(np.where(normal, -np.square(z) / 2 - LOG_ROOT_2PI, finite) - log_scale)

    def cdf(self, x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The probability of at most x; it differentiates in all but ``df``."""
        x, df, loc, scale = together("t.cdf", x, df, loc, scale)
        return sc.stdtr(positive(df), standardized(x, loc, scale)[0])


gamma, chi2, beta, t = _gamma(), _chi2(), _beta(), _t()
