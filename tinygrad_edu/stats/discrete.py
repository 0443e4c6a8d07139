"""Distributions of counts and classes, which differentiate in their parameters."""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ..arrays import fixed, floating
from ..errors import ArgumentError, DTypeError
from ..ops.softmax import log_softmax
from .distribution import Discrete, allowed, moved, not_whole, positive, proportion, supported, together


def log_choose(n: Any, k: Any) -> Any:
    """The logarithm of the binomial coefficient, by a beta function: no difference of large numbers."""
    return -np.log1p(n) - sc.betaln(n - k + 1, k + 1)


class _poisson(Discrete):
    r"""Poisson's distribution, of mean ``mu``.

    .. math:: \log p(k) = k\log\mu - \mu - \log k!

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> counts = np.array([2, 0, 3, 3])
    >>> tg.grad(lambda mu: np.sum(tg.stats.poisson.logpmf(counts, mu)))(2.0)
    np.float64(0.0)
    """

    def logpmf(self, k: Any, mu: Any, loc: Any = 0) -> Any:
        """The logarithm of the probability of k."""
        k, mu, loc = together("poisson.logpmf", k, mu, loc)
        k, mu = k - loc, allowed(mu, mu >= 0)
        outside = not_whole(k)
        k = moved(k, outside, 0)
        return supported(sc.xlogy(k, mu) - sc.gammaln(k + 1) - mu, outside)

    def cdf(self, k: Any, mu: Any, loc: Any = 0) -> Any:
        """The probability of at most k."""
        k, mu, loc = together("poisson.cdf", k, mu, loc)
        k, mu = np.floor(k - loc), allowed(mu, mu >= 0)
        return np.where(k < 0, 0 * mu, sc.pdtr(np.maximum(k, 0), mu))


class _bernoulli(Discrete):
    r"""One trial: 1 with probability ``p``, otherwise 0.

    .. math:: \log p(k) = k\log p + (1 - k)\log(1 - p)
    """

    def logpmf(self, k: Any, p: Any, loc: Any = 0) -> Any:
        """The logarithm of the probability of k."""
        k, p, loc = together("bernoulli.logpmf", k, p, loc)
        k, p = k - loc, proportion(p)
        outside = not_whole(k) | (k > 1)
        k = moved(k, outside, 0)
        return supported(sc.xlogy(k, p) + sc.xlog1py(1 - k, -p), outside)


class _binom(Discrete):
    r"""The number of successes in ``n`` trials, each of probability ``p``.

    .. math:: \log p(k) = \log\binom{n}{k} + k\log p + (n - k)\log(1 - p)
    """

    def logpmf(self, k: Any, n: Any, p: Any, loc: Any = 0) -> Any:
        """The logarithm of the probability of k; ``n`` is a whole number."""
        k, n, p, loc = together("binom.logpmf", k, n, p, loc)
        k, n, p = k - loc, allowed(n, ~not_whole(n)), proportion(p)
        outside = not_whole(k) | (k > n)
        k = moved(k, outside, 0)
        return supported(log_choose(n, k) + sc.xlogy(k, p) + sc.xlog1py(n - k, -p), outside)


class _nbinom(Discrete):
    r"""The number of failures before the ``n``-th success of probability ``p``; n > 0 may be real.

    .. math:: \log p(k) = \log\frac{\Gamma(n + k)}{k!\,\Gamma(n)} + n\log p + k\log(1 - p)
    """

    def logpmf(self, k: Any, n: Any, p: Any, loc: Any = 0) -> Any:
        """The logarithm of the probability of k."""
        k, n, p, loc = together("nbinom.logpmf", k, n, p, loc)
        k, n, p = k - loc, positive(n), allowed(p, (p > 0) & (p <= 1))
        outside = not_whole(k)
        k = moved(k, outside, 0)
        ways = -np.log(n + k) - sc.betaln(n, k + 1)
        return supported(ways + n * np.log(p) + sc.xlog1py(k, -p), outside)


class _categorical(Discrete):
    r"""One of several classes, numbered from 0, by their probabilities ``p`` or unnormalized ``logits``.

    .. math:: \log p(k) = \log p_k \quad\text{or}\quad \text{logit}_k - \log\sum_j e^{\text{logit}_j}

    scipy.stats has no such distribution. Classes lie along the last axis.  The probabilities are taken as
    they are, and free in the gradient; give logits to keep their sum at 1.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(lambda z: tg.stats.categorical.logpmf(1, logits=z))(np.zeros(4))
    array([-0.25,  0.75, -0.25, -0.25])
    """

    def logpmf(self, k: Any, p: Any = None, *, logits: Any = None) -> Any:
        """The logarithm of the probability of class k, an integer or an array of integers."""
        if (p is None) == (logits is None):
            raise ArgumentError("categorical.logpmf takes p or logits=, one of the two.")
        k = fixed(k, "categorical.logpmf")
        if k.dtype.kind not in "iu":
            raise DTypeError(f"categorical.logpmf: classes are integers; got {k.dtype}.")
        scores = floating(logits if p is None else p, "categorical.logpmf")
        if p is not None:
            scores = allowed(scores, (scores >= 0) & whole_sum(scores))
        n = scores.shape[-1]
        outside = (k < 0) | (k >= n)
        shape = np.broadcast_shapes(k.shape, scores.shape[:-1])
        place = np.broadcast_to(moved(k, outside, 0), shape)[..., None]
        scores = np.broadcast_to(scores if p is not None else log_softmax(scores), (*shape, n))
        chosen = np.take_along_axis(scores, place, -1)[..., 0]
        if p is not None:
            zero = chosen == 0
            chosen = supported(np.log(moved(chosen, zero, 1)), zero)
        return supported(chosen, outside)


def whole_sum(p: Any) -> Any:
    """Whether probabilities along the last axis have the sum 1, to the precision of their dtype."""
    off = np.absolute(np.sum(p, axis=-1, keepdims=True) - 1)
    return off <= 10 * p.shape[-1] * float(np.finfo(p.dtype).eps)


poisson, bernoulli, binom, nbinom, categorical = _poisson(), _bernoulli(), _binom(), _nbinom(), _categorical()
