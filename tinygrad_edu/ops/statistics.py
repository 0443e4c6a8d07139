"""Weighted means, covariances and correlations, and counts by weight."""

from typing import Any

import numpy as np

from ..errors import MissingRule
from ..foreign import beside
from ..table import composite, derivative, primitive
from .calculus import constant
from .complex import conjugated, is_complex, real_part
from .elementwise import as_arrays, keeping
from .order import aligned
from .parts import complex_of
from .reduction import NONE, Axis, along, axes_of, group_size, spread

# ---- averages ----------------------------------------------------------------------------------------------


def average_slope(g: Any, a: Any, axis: Axis, weights: Any, returned: Any, keepdims: Any) -> Any:
    """The gradient of Σ w a / Σ w in a: the weight of each element, as a part of all."""
    g, keepdims = g[0] if returned else g, keepdims is not NONE and bool(keepdims)
    if weights is None:
        return spread(g * (1 / max(group_size(a.shape, axis), 1)), a.shape, axis, keepdims)
    w = aligned(weights, a.shape, axis)
    return along(g, a.shape, axis, keepdims) * (
        w / np.add.reduce(w, axis=axes_of(axis, a.ndim), keepdims=True)
    )


def weights_slope(g: Any, a: Any, out: Any, axis: Axis, weights: Any, returned: Any, keepdims: Any) -> Any:
    """The gradient of Σ w a / Σ w in w, (a - average) / Σ w, and of Σ w, if that was returned too."""
    (a,) = as_arrays(a)
    axes, keepdims = axes_of(axis, a.ndim), keepdims is not NONE and bool(keepdims)

    def lined_up(x: Any) -> Any:
        return along(x, a.shape, axis, keepdims)

    w = np.add.reduce(aligned(weights, a.shape, axis), axis=axes, keepdims=True)
    found = lined_up(g[0] if returned else g) * ((a - lined_up(out[0] if returned else out)) / w)
    found = found + lined_up(g[1]) if returned else found
    if np.shape(weights) == a.shape:
        return found
    ascending = np.add.reduce(found, axis=tuple(i for i in range(a.ndim) if i not in axes))
    return np.transpose(ascending, [sorted(axes).index(i) for i in axes])


# ---- covariances -------------------------------------------------------------------------------------------


ROWS_TURN = np.lib.NumpyVersion(np.__version__) >= "2.2.0"  # even where there is one row alone


def turned(m: Any, rowvar: Any, single: bool) -> bool:
    """Whether np.cov takes columns as its variables; ``single``, even those of a single row."""
    return not rowvar and np.ndim(m) == 2 and (np.shape(m)[0] != 1 or single)


def variables(m: Any, rowvar: Any, dtype: Any, single: bool = ROWS_TURN) -> Any:
    """Observations as np.cov takes them: a row for each variable, a column for each observation."""
    rows = np.astype(np.atleast_2d(m), dtype)
    return np.matrix_transpose(rows) if turned(m, rowvar, single) else rows


def real_weights(w: Any) -> Any:
    """Weights, of which np.cov drops imaginary parts."""
    keeping(w, float)
    return w


class Covariance:
    """What the gradients of a covariance Σ_n w_n (x_n - μ)(x_n - μ)ᴴ / f have in common.

    With w = frequencies · weights and W = Σ w, μ is Σ w x / W, and f is the number of observations less ddof;
    or W, if ddof is 0; W - ddof with frequencies alone; W - ddof · S / W with S = Σ w · weights
    otherwise.  What μ adds to the gradients is a multiple of Σ w (x - μ) = 0.

    Attributes
    ----------
    g : array of shape (p, p)
        The gradient of the result.
    x : array of shape (p, n)
        The observations less their mean.
    """

    def __init__(
        self, g: Any, m: Any, y: Any, rowvar: Any, bias: Any, ddof: Any, fweights: Any, aweights: Any
    ) -> None:
        x = variables(m, rowvar, g.dtype)
        self.first = x.shape[0]
        if y is not None:
            x = np.concatenate([x, variables(y, rowvar, g.dtype, False)], 0)
        p, n = x.shape
        self.g, self.ddof = np.reshape(g, (p, p)), (0 if bias else 1) if ddof is None else ddof
        self.w: Any = None
        self.frequencies = None if fweights is None else np.astype(np.reshape(fweights, -1), g.dtype)
        self.weights = None if aweights is None else np.astype(np.reshape(aweights, -1), g.dtype)
        given: list[Any] = [w for w in (self.frequencies, self.weights) if w is not None]
        if not given:
            self.x, self.f = x - np.mean(x, axis=1, keepdims=True), max(n - self.ddof, 0)
            return
        self.w = given[0] if len(given) == 1 else given[0] * given[1]
        self.total = np.sum(self.w)
        self.x, f = x - np.matmul(x, self.w[:, None]) / self.total, self.total
        if self.ddof:
            f = f - (self.ddof if self.weights is None else self.ddof * np.sum(self.w * self.weights) / f)
        self.f = np.where(f <= 0, 0, f)

    def observations(self) -> Any:
        """The gradient of the observations, (G + Gᴴ) conj(x) · w / f, of shape (p, n)."""
        found = np.matmul(self.g + conjugated(np.matrix_transpose(self.g)), conjugated(self.x)) / self.f
        return found if self.w is None else found * self.w

    def of_weights(self) -> Any:
        """The gradient of the weights: what each adds to the sum, and what it changes of f."""
        squares = np.sum(self.x * np.matmul(self.g, conjugated(self.x)), axis=0) / self.f
        through_f = -np.sum(squares * self.w) / self.f
        of_total: Any = 1.0
        if self.ddof:
            weights: Any = self.weights
            of_total = 1 + self.ddof * (np.sum(self.w * weights) / self.total - 2 * weights) / self.total
        found = squares + through_f * of_total
        return found if self.frequencies is None else found * self.frequencies


def m_slope(g: Any, m: Any, y: Any, rowvar: Any, bias: Any, ddof: Any, fweights: Any, aweights: Any) -> Any:
    """The gradient of a covariance in its first argument."""
    if not g.size:
        return np.zeros_like(g, shape=np.shape(m))
    c = Covariance(g, m, y, rowvar, bias, ddof, fweights, aweights)
    found = c.observations()[: c.first]
    return np.reshape(np.matrix_transpose(found) if turned(m, rowvar, ROWS_TURN) else found, np.shape(m))


def y_slope(g: Any, m: Any, y: Any, rowvar: Any, bias: Any, ddof: Any, fweights: Any, aweights: Any) -> Any:
    """The gradient of a covariance in its second argument."""
    c = Covariance(g, m, y, rowvar, bias, ddof, fweights, aweights)
    found = c.observations()[c.first :]
    return np.reshape(np.matrix_transpose(found) if turned(y, rowvar, False) else found, np.shape(y))


def aweights_slope(
    g: Any, m: Any, y: Any, rowvar: Any, bias: Any, ddof: Any, fweights: Any, aweights: Any
) -> Any:
    """The gradient of a covariance in the weights of the observations."""
    found = Covariance(g, m, y, rowvar, bias, ddof, fweights, aweights).of_weights()
    return np.reshape(found, np.shape(aweights))


@primitive(c=lambda g: g)
def within_one(c: Any) -> Any:
    """Correlations without the rounding errors that lead out of [-1, 1]; these bounds cut no gradient.

    Of complex ones each part is bounded.
    """
    if is_complex(c):
        return complex_of(np.clip(np.real(c), -1, 1), np.clip(np.imag(c), -1, 1))
    return np.clip(c, -1, 1)


@composite(np.corrcoef)
def _corrcoef(
    x: Any, y: Any = None, rowvar: Any = True, bias: Any = None, ddof: Any = None, *, dtype: Any = None
) -> Any:
    """Of bias and ddof, which NumPy 2.1 takes and newer ones refuse themselves, nothing depends."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviations = np.sqrt(real_part(np.diagonal(c)))
    return within_one(c / deviations[:, None] / deviations[None, :])


# ---- counts by weight --------------------------------------------------------------------------------------


def of_bins(g: Any, counted: Any, edges: Any, samples: Any, density: Any, weights: Any) -> Any:
    """The gradient of a histogram's weights, in any number of variables.

    Each weight adds to one bin, h = Σ w; with ``density``, a bin holds h / (volume · Σ h), so that each
    weight takes from all, by Σ g · counted / Σ h.
    """
    g = g + np.zeros_like(counted)
    numbers: Any = 0
    inside: Any = True
    volumes: Any = 1
    for values, edge in zip(samples, edges):
        values, n = beside(values, edge), edge.shape[0] - 1
        place = np.searchsorted(edge, values, "right") - 1
        place = np.where(values == edge[-1], n - 1, place)  # the last bin holds its upper edge too
        inside = inside & (place >= 0) & (place < n)
        place = np.clip(place, 0, n - 1)
        numbers = numbers * n + place
        volumes = volumes * np.take(np.astype(edge[1:] - edge[:-1], g.dtype), place)
    found = np.take(g, numbers)
    if density:
        whole = np.sum(np.where(inside, np.reshape(weights, -1), 0))
        found = (found / volumes - np.sum(g * counted)) / whole
    return np.reshape(np.where(inside, found, 0), np.shape(weights))


def variables_of(sample: Any) -> Any:
    """The values of each variable, of what np.histogramdd takes: columns, or a list of them."""
    if getattr(sample, "ndim", 1) == 2:
        return np.transpose(sample)
    several = isinstance(sample, (list, tuple)) and np.ndim(sample[0])
    return [np.reshape(one, -1) for one in (sample if several else [sample])]


# fmt: off
derivative(np.average, lambda a, axis=None, weights=None, returned=False, *, keepdims=NONE: np.average(a, axis, weights, returned, keepdims=keepdims),
           a=lambda g, a, axis, weights, returned, keepdims: average_slope(g, a, axis, weights, returned, keepdims),
           weights=lambda g, a, out, axis, weights, returned, keepdims: weights_slope(g, a, out, axis, weights, returned, keepdims))
derivative(np.cov, lambda m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None: np.cov(
               m, y, rowvar, bias, ddof, fweights, real_weights(aweights), dtype=keeping(m, dtype)),
           m=lambda g, m, y, rowvar, bias, ddof, fweights, aweights: m_slope(g, m, y, rowvar, bias, ddof, fweights, aweights),
           y=lambda g, m, y, rowvar, bias, ddof, fweights, aweights: y_slope(g, m, y, rowvar, bias, ddof, fweights, aweights),
           aweights=lambda g, m, y, rowvar, bias, ddof, fweights, aweights: aweights_slope(g, m, y, rowvar, bias, ddof, fweights, aweights))
derivative(np.histogram, lambda a, bins=10, range=None, density=None, weights=None: np.histogram(a, bins, range, density, weights),
           weights=lambda g, out, a, density, weights: of_bins(g[0], out[0], out[1:], [np.reshape(a, -1)], density, weights))
derivative(np.bincount, lambda x, weights=None, minlength=0: np.bincount(x, weights, minlength),
           weights=lambda g, x: np.take(g, x))
# fmt: on


# ---- histograms of several variables -----------------------------------------------------------------------


def refuse_steps(name: str, **arguments: Any) -> None:
    """Refuse to differentiate in what is counted, and in the edges of the bins: counts are steps."""
    for argument, value in arguments.items():
        if any(getattr(part, "requires_grad", False) for part in (value, *parts(value))):
            raise MissingRule(
                f"{name} has no derivative rule for its argument {argument}: counts are steps, with no "
                f"derivative at an edge and 0 elsewhere; its rules are for weights.\n"
                f"  Pass {argument}.detach(), which is a constant to the graph."
            )


def parts(value: Any) -> Any:
    """What stands in a list or tuple."""
    return value if isinstance(value, (list, tuple)) else ()


# fmt: off
@primitive(weights=lambda g, out, sample, density, weights: of_bins(
               g[0], out[0], out[1:], variables_of(sample), density, weights))
def histogram_and_edges(sample: Any, bins: Any, range: Any, density: Any, weights: Any) -> Any:
    """np.histogramdd, with the edges as outputs of their own."""
    hist, edges = np.histogramdd(sample, bins, range, density, weights)
    return hist, *edges
# fmt: on


@composite(np.histogramdd)
def _histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    refuse_steps("np.histogramdd", sample=sample, bins=bins)
    hist, *edges = histogram_and_edges(sample, bins, range, density, weights)
    return hist, edges


@composite(np.histogram2d)
def _histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    refuse_steps("np.histogram2d", x=x, y=y, bins=bins)
    _, *edges = np.histogram2d(*map(constant, (x, y, bins)), range)  # NumPy's own word
    return histogram_and_edges([x, y], edges, range, density, weights)


@composite(np.histogram_bin_edges)
def _histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Between the smallest and the largest element, whose gradients these are, if neither range nor edges are
    given.
    """
    expected = np.histogram_bin_edges(constant(a), constant(bins), range, constant(weights))
    if range is not None or np.ndim(bins) or not np.size(a):
        return np.copy(bins) if np.ndim(bins) else expected
    low, high = np.min(a), np.max(a)
    half = np.where(low == high, 0.5, 0)
    return np.astype(np.linspace(low - half, high + half, expected.shape[0]), expected.dtype)
