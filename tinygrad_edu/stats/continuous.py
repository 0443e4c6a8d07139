"""Distributions of a location and a scale, without a shape parameter; and the log-normal."""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from .distribution import Continuous, bare, moved, positive, standardized, supported, together

LOG_ROOT_2PI, LOG_2, LOG_PI = math.log(2 * math.pi) / 2, math.log(2), math.log(math.pi)


class _norm(Continuous):
    r"""Normal distribution, of mean ``loc`` and standard deviation ``scale``.

    .. math:: \log p(x) = -z^2/2 - \log\sigma - \log\sqrt{2\pi}, \qquad z = (x - \mu)/\sigma

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(tg.stats.norm.logpdf, argnums=(1, 2))(3.0, 1.0, 2.0)
    (np.float64(0.5), np.float64(0.0))
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        z, log_scale = standardized(*together("norm.logpdf", x, loc, scale))
        return bare(-np.square(z) / 2 - LOG_ROOT_2PI - log_scale)

    def cdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The probability of at most x."""
        return sc.ndtr(standardized(*together("norm.cdf", x, loc, scale))[0])

    def logcdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The logarithm of the probability of at most x, exact where that is tiny."""
        return sc.log_ndtr(standardized(*together("norm.logcdf", x, loc, scale))[0])

    def sf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The probability of more than x."""
        return sc.ndtr(-standardized(*together("norm.sf", x, loc, scale))[0])

    def logsf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The logarithm of the probability of more than x, exact where that is tiny."""
        return sc.log_ndtr(-standardized(*together("norm.logsf", x, loc, scale))[0])


class _laplace(Continuous):
    r"""Laplace's distribution; at the kink, x = loc, the gradient is 0.

    .. math:: \log p(x) = -|z| - \log 2\sigma, \qquad z = (x - \mu)/\sigma
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        z, log_scale = standardized(*together("laplace.logpdf", x, loc, scale))
        return bare(-np.absolute(z) - LOG_2 - log_scale)


class _logistic(Continuous):
    r"""Logistic distribution.

    .. math:: \log p(x) = -z - 2\log(1 + e^{-z}) - \log\sigma, \qquad z = (x - \mu)/\sigma
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        z, log_scale = standardized(*together("logistic.logpdf", x, loc, scale))
        return bare(sc.log_expit(z) + sc.log_expit(-z) - log_scale)


class _cauchy(Continuous):
    r"""Cauchy's distribution.

    .. math:: \log p(x) = -\log(1 + z^2) - \log\pi\sigma, \qquad z = (x - \mu)/\sigma
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        z, log_scale = standardized(*together("cauchy.logpdf", x, loc, scale))
        return bare(-np.log1p(np.square(z)) - LOG_PI - log_scale)


class _expon(Continuous):
    r"""Exponential distribution, of mean ``loc + scale``, above ``loc``.

    .. math:: \log p(x) = -z - \log\sigma, \qquad z = (x - \mu)/\sigma \ge 0
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        z, log_scale = standardized(*together("expon.logpdf", x, loc, scale))
        outside = z < 0
        return supported(-moved(z, outside, 0) - log_scale, outside)


class _uniform(Continuous):
    r"""Uniform distribution between ``loc`` and ``loc + scale``.

    .. math:: \log p(x) = -\log\sigma, \qquad 0 \le (x - \mu)/\sigma \le 1
    """

    def logpdf(self, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x; its gradient in x and loc is 0."""
        z, log_scale = standardized(*together("uniform.logpdf", x, loc, scale))
        return supported(0 * np.where(np.isinf(z), 1, z) - log_scale, (z < 0) | (z > 1))


class _lognorm(Continuous):
    r"""Log-normal distribution: log((x - loc) / scale) is normal, of standard deviation ``s``.

    .. math:: \log p(x) = -\log^2 z / 2s^2 - \log(s z \sigma\sqrt{2\pi}), \qquad z = (x - \mu)/\sigma > 0
    """

    def logpdf(self, x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
        """The log-density at x."""
        x, s, loc, scale = together("lognorm.logpdf", x, s, loc, scale)
        (z, log_scale), s = standardized(x, loc, scale), positive(s)
        outside = z <= 0
        log = np.log(moved(z, outside, 1))
        return supported(-np.square(log / s) / 2 - log - np.log(s) - log_scale - LOG_ROOT_2PI, outside)


norm, laplace, logistic, cauchy = _norm(), _laplace(), _logistic(), _cauchy()
expon, uniform, lognorm = _expon(), _uniform(), _lognorm()
