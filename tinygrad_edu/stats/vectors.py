"""Distributions of vectors: the multivariate normal, Dirichlet's, and the multinomial."""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ..arrays import floating
from ..errors import ArgumentError, ShapeError
from .continuous import LOG_ROOT_2PI
from .discrete import whole_sum
from .distribution import Continuous, Discrete, allowed, bare, cast, not_whole, positive, supported


class _multivariate_normal(Continuous):
    r"""Normal distribution of vectors of d numbers, of mean ``mean`` and covariance ``cov``.

    .. math:: \log p(x) = -|L^{-1}(x - \mu)|^2 / 2 - \sum_i \log L_{ii} - d\log\sqrt{2\pi}, \; LL^T = \Sigma

    The covariance is factored by Cholesky, and a system is solved with the factor: no inverse and no
    determinant is formed.  A tensor's gradient in ``cov`` is symmetric.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(tg.stats.multivariate_normal.logpdf, argnums=1)(np.ones(2), np.zeros(2), np.eye(2))
    array([1., 1.])
    """

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """The log-density at x.

        Parameters
        ----------
        x : Tensor or array_like of shape (..., d)
        mean : Tensor or array_like of shape (d,), optional
            0 by default.
        cov : Tensor or array_like of shape (d, d), (d,) or (), default=1
            The covariances, the variances alone, or one variance for all.
        allow_singular : bool, default=False
            True, as scipy.stats has it, is refused.

        Returns
        -------
        Tensor or ndarray of shape (...)

        Raises
        ------
        LinAlgError
            If ``cov`` is not positive definite.
        """
        if allow_singular:
            raise ArgumentError(
                "multivariate_normal.logpdf: allow_singular=True has no derivative. Add a small number to "
                "the diagonal of cov."
            )
        x, mean, factor = self._arguments("multivariate_normal.logpdf", x, mean, cov)
        z = np.linalg.solve(factor, np.swapaxes(np.reshape(x - mean, (-1, mean.size)), 0, 1))  # (d, n)
        logs = np.sum(np.log(np.diagonal(factor))) + mean.size * LOG_ROOT_2PI
        out = np.reshape(-np.sum(np.square(z), axis=0) / 2 - logs, x.shape[:-1])
        return bare(out)

    def entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        """The differential entropy, in nats."""
        _, mean, factor = self._arguments("multivariate_normal.entropy", 0.0, mean, cov)
        return np.sum(np.log(np.diagonal(factor))) + mean.size * (LOG_ROOT_2PI + 0.5)

    def _arguments(self, who: str, x: Any, mean: Any, cov: Any) -> tuple[Any, Any, Any]:
        """x of shape (..., d), the mean of (d,), and the lower Cholesky factor of the covariance."""
        x, cov = floating(x, who), floating(cov, who)
        d = np.size(mean) if mean is not None else cov.shape[0] if cov.ndim else 1
        mean = np.zeros(d, cov.dtype) if mean is None else floating(mean, who)
        dtype = np.result_type(x.dtype, mean.dtype, cov.dtype)
        x, mean, cov = cast(x, dtype), np.reshape(cast(mean, dtype), -1), cast(cov, dtype)
        if cov.ndim < 2:
            cov = cov[..., None] * np.eye(d, dtype=dtype)
        if cov.shape != (d, d):
            raise ShapeError(f"{who}: a mean of {d} numbers has a covariance of ({d}, {d}); got {cov.shape}.")
        if x.ndim == 0 or (x.ndim == 1 and d == 1):
            x = x[..., None]
        if x.shape[-1] != d and x.ndim > 1:
            raise ShapeError(f"{who}: the last axis of x has {d} numbers; got an x of shape {x.shape}.")
        values = cov if isinstance(cov, np.ndarray) else cov.detach().numpy()
        if not np.allclose(values, values.T):
            raise np.linalg.LinAlgError(f"{who}: cov must be symmetric and positive definite.")
        return x, mean, np.linalg.cholesky((cov + np.swapaxes(cov, 0, 1)) / 2)


class _dirichlet(Continuous):
    r"""Dirichlet's distribution of K proportions, of concentrations ``alpha``.

    .. math:: \log p(x) = \log\Gamma(\sum\alpha_i) - \sum\log\Gamma(\alpha_i) + \sum(\alpha_i - 1)\log x_i
    """

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """The log-density at x.

        Parameters
        ----------
        x : Tensor or array_like of shape (K,) or (K, n)
            The proportions along the first axis, as scipy.stats has them, of sum 1; the last one may be left
            away, and is what the others leave then.
        alpha : Tensor or array_like of shape (K,)

        Raises
        ------
        ArgumentError
            If an x is negative, or the sum is not 1.
        """
        x, alpha = floating(x, "dirichlet.logpdf"), floating(alpha, "dirichlet.logpdf")
        dtype = np.result_type(x.dtype, alpha.dtype)
        x, alpha = cast(x, dtype), positive(cast(alpha, dtype))
        if alpha.ndim != 1 or x.shape[:1] not in (alpha.shape, (alpha.size - 1,)):
            raise ShapeError(
                "dirichlet.logpdf: alpha of shape (K,) goes with an x of (K,) or (K, n), the proportions "
                f"first; got {alpha.shape} and {x.shape}."
            )
        if x.shape[0] < alpha.size:
            x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
        values = x if isinstance(x, np.ndarray) else x.detach().numpy()
        if np.any(values < 0) or np.any(
            np.absolute(np.sum(values, axis=0) - 1) > 1e-9 + 1e3 * np.finfo(dtype).eps
        ):
            raise ArgumentError(
                "dirichlet.logpdf: an x is not negative, and its sum along the first axis is 1."
            )
        powers = np.sum(np.swapaxes(sc.xlogy(alpha - 1, np.swapaxes(x, 0, -1)), 0, -1), axis=0)
        return bare(sc.gammaln(np.sum(alpha)) - np.sum(sc.gammaln(alpha)) + powers)


class _multinomial(Discrete):
    r"""Counts of each class in ``n`` trials, of probabilities ``p``.

    .. math:: \log p(x) = \log n! - \sum_i\log x_i! + \sum_i x_i\log p_i

    The probabilities are taken as they are, and free in the gradient; scipy.stats makes the last one what the
    others leave.
    """

    def logpmf(self, x: Any, n: Any, p: Any) -> Any:
        """The logarithm of the probability of the counts x, of shape (..., K), with p of shape (..., K)."""
        x, p, n = (floating(value, "multinomial.logpmf") for value in (x, p, n))
        dtype = np.result_type(x.dtype, p.dtype)
        x, p, n = cast(x, dtype), cast(p, dtype), cast(n, dtype)
        p, n = allowed(p, (p >= 0) & whole_sum(p)), allowed(n, ~not_whole(n))
        outside = np.any(not_whole(x), axis=-1) | (np.sum(x, axis=-1) != n)
        x = np.where(outside[..., None], 0, x)
        terms = np.sum(sc.xlogy(x, p) - sc.gammaln(x + 1), axis=-1)
        return supported(sc.gammaln(n + 1) + terms, outside)


multivariate_normal, dirichlet, multinomial = _multivariate_normal(), _dirichlet(), _multinomial()
