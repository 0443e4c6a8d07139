"""Log-densities that people fit: plain functions of tensors and arrays, with the names of scipy.stats.

``tg.stats.norm.logpdf(x, loc, scale)`` is what ``scipy.stats.norm.logpdf(x, loc, scale)`` is, and
differentiates in every continuous argument, the shape parameters too::

    loss = -np.sum(tg.stats.gamma.logpdf(times, a, scale=np.exp(log_scale)))

Plain arrays give plain arrays, tensors give tensors; all arguments broadcast.  float32 stays float32, where
scipy.stats makes float64 of it.

Edges, for all of them: outside of the support a log-density is -inf, and its gradient 0.  A parameter outside
of its range gives NaN, as in scipy.stats, and a gradient of NaN.  Where x is NaN, so are both.

It needs SciPy (``pip install tinygrad_edu[scipy]``), whose gammaln and betaln these are written with.
"""

try:
    import scipy  # type: ignore[import-untyped]  # SciPy comes without types  # noqa: F401
except ImportError:
    raise ImportError("tinygrad_edu.stats needs SciPy: pip install tinygrad_edu[scipy]") from None

from ..hints import missing_from
from .continuous import cauchy, expon, laplace, logistic, lognorm, norm, uniform
from .discrete import bernoulli, binom, categorical, nbinom, poisson
from .distribution import Continuous, Discrete
from .shaped import beta, chi2, gamma, t
from .vectors import dirichlet, multinomial, multivariate_normal

# fmt: off
__all__ = [
    "Continuous", "Discrete", "bernoulli", "beta", "binom", "categorical", "cauchy", "chi2", "dirichlet", "expon",
    "gamma", "laplace", "logistic", "lognorm", "multinomial", "multivariate_normal", "nbinom", "norm", "poisson", "t",
    "uniform",
]
# fmt: on

__getattr__ = missing_from(__name__)
