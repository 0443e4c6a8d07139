"""tg.stats against scipy.stats, and its derivatives against numerical ones."""

import numpy as np
import pytest

pytest.importorskip("scipy")
import scipy.special as sc  # not without SciPy
import scipy.stats

import tinygrad_edu as tg
from tinygrad_edu import coercion, stats
from tinygrad_edu.errors import ArgumentError, DTypeError, MissingRule, ShapeError

RNG = np.random.default_rng(0)
N = 60
POSITIVE = RNG.uniform(0.2, 5, (6, N))
X = np.concatenate([RNG.normal(size=N - 10) * 3, [-1, 0, 1, 2, 0.5, np.nan, 1e-10, 30, np.inf, -np.inf]])
K = np.concatenate([np.arange(-2, N - 5), [2.5, np.nan, 300]])
P = RNG.uniform(0.05, 0.95, N)

# fmt: off
CONTINUOUS = {  # the shape parameters of each family
    "norm": (), "laplace": (), "logistic": (), "cauchy": (), "expon": (), "uniform": (), "lognorm": (POSITIVE[0],), "gamma": (POSITIVE[0],),
    "chi2": (POSITIVE[0],), "beta": (POSITIVE[0], POSITIVE[1]), "t": (POSITIVE[0],),
}
DISCRETE = {"poisson": (9 * P,), "bernoulli": (P,), "binom": (np.arange(1, N + 1), P), "nbinom": (POSITIVE[0], P)}
# fmt: on


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    assert type(ours) is type(theirs)


def gradient(f, *x):
    return tg.grad(lambda *x: np.sum(f(*x)), argnums=tuple(range(len(x))))(*map(np.asarray, x))


# ---- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
def test_log_density_is_scipys_at_edges_too(name):
    ours, theirs, shape = getattr(stats, name), getattr(scipy.stats, name), CONTINUOUS[name]
    finite = np.isfinite(X) | np.isnan(X)
    pick = lambda *values: [v[finite] for v in values]
    for loc, scale in ((POSITIVE[2] - 2, POSITIVE[3]), (POSITIVE[2], -POSITIVE[3]), (0 * X, 0 * POSITIVE[3])):
        arguments = pick(X, *shape, np.where(np.isnan(loc), 0, loc), scale)
        same(ours.logpdf(*arguments), theirs.logpdf(*arguments))
    same(ours.pdf(X[0], *(s[0] for s in shape)), theirs.pdf(X[0], *(s[0] for s in shape)))
    for sign in ((-1, 1), (1, -1), (-1, 0))[: 3 * bool(shape)]:
        bad = pick(X, *(s * t for s, t in zip(shape, sign)))
        same(ours.logpdf(*bad), theirs.logpdf(*bad))


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
def test_log_probability_is_scipys_at_edges_too(name):
    ours, theirs, shape = getattr(stats, name), getattr(scipy.stats, name), DISCRETE[name]
    for p in (shape[-1], -shape[-1], 1 + shape[-1], 0 * shape[-1]):
        same(ours.logpmf(K, *shape[:-1], p), theirs.logpmf(K, *shape[:-1], p))
    same(ours.logpmf(K, *shape, 2), theirs.logpmf(K, *shape, 2))
    same(ours.pmf(2, *(s[4] for s in shape)), theirs.pmf(2, *(s[4] for s in shape)))


def test_cumulative_probabilities_are_scipys():
    x, loc, scale = X[:20], POSITIVE[0, :20] - 2, POSITIVE[1, :20]
    for name in ("cdf", "logcdf", "sf", "logsf"):
        same(getattr(stats.norm, name)(x, loc, scale), getattr(scipy.stats.norm, name)(x, loc, scale))
    for name, shape in (("gamma", (2.5,)), ("beta", (2.0, 3.5)), ("t", (4.0,))):
        family, theirs = getattr(stats, name), getattr(scipy.stats, name)
        same(family.cdf(x, *shape, loc, scale), theirs.cdf(x, *shape, loc, scale))
        density = gradient(lambda x, f=family, s=shape: f.cdf(x, *s, loc, scale), x)[0]
        np.testing.assert_allclose(density, theirs.pdf(x, *shape, loc, scale), rtol=1e-10, atol=1e-14)
    same(stats.poisson.cdf(K[:20], 2.5), scipy.stats.poisson.cdf(K[:20], 2.5))


def test_student_with_infinite_degrees_of_freedom_is_normal():
    assert stats.t.logpdf(1.0, np.inf) == stats.norm.logpdf(1.0)
    dx, ddf = gradient(stats.t.logpdf, 1.0, np.inf)
    assert (dx, ddf) == (-1, 0)
    same(stats.t.logpdf(0.3, 1e10), scipy.stats.t.logpdf(0.3, 1e10))


# ---- gradients ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTINUOUS)
def test_it_differentiates_in_every_argument(name):
    at = [0.9, *(2.3, 1.7)[: len(CONTINUOUS[name])], 0.2, 1.3]
    tg.gradcheck(getattr(stats, name).logpdf, *map(np.array, at))


def test_counts_differentiate_in_their_parameters():
    k = np.array([0, 1, 3])
    tg.gradcheck(lambda mu: stats.poisson.logpmf(k, mu), np.array([0.5, 2.0, 4.0]))
    tg.gradcheck(lambda p: stats.bernoulli.logpmf(k[:2], p), np.array([0.3, 0.8]))
    tg.gradcheck(lambda p: stats.binom.logpmf(k, 5, p), np.array([0.3, 0.5, 0.8]))
    tg.gradcheck(lambda n, p: stats.nbinom.logpmf(k, n, p), np.array(2.5), np.array([0.3, 0.5, 0.8]))
    tg.gradcheck(lambda mu: stats.poisson.cdf(k, mu), np.array([0.5, 2.0, 4.0]))


@pytest.mark.parametrize("name", ["expon", "uniform", "lognorm", "gamma", "beta"])
def test_outside_of_the_support_the_gradient_is_zero(name):
    at = [-0.7, *(2.3, 1.7)[: len(CONTINUOUS[name])], 0.2, 1.3]
    assert getattr(stats, name).logpdf(*at) == -np.inf
    np.testing.assert_array_equal(gradient(getattr(stats, name).logpdf, *at), np.zeros(len(at)))


def test_a_bad_parameter_has_a_gradient_of_nan():
    for f, at in ((stats.norm.logpdf, (0.5, 0.0, -1.0)), (stats.gamma.logpdf, (0.5, -1.0, 0.0, 1.0))):
        dx, *_ = gradient(f, *at)
        assert np.isnan(dx)
    assert np.isnan(gradient(lambda p: stats.bernoulli.logpmf(1, p), 1.5)[0])


def test_maximum_likelihood_finds_what_it_should():
    """At the maximum of the likelihood of a normal sample, mean and deviation are the sample's."""
    x = RNG.normal(2, 3, 50)
    f = lambda loc, scale: stats.norm.logpdf(x, loc, scale)
    np.testing.assert_allclose(gradient(f, x.mean(), x.std()), 0, atol=1e-12)
    np.testing.assert_allclose(
        gradient(lambda mu: stats.poisson.logpmf([1, 2, 6], mu), 3.0)[0], 0, atol=1e-12
    )


# ---- vectors and classes -----------------------------------------------------------------------------------

M = RNG.normal(size=(3, 3))
COV, MEAN, VECTORS = M @ M.T + np.eye(3), RNG.normal(size=3), RNG.normal(size=(5, 3))


@pytest.mark.parametrize(
    "at",
    [
        (VECTORS, MEAN, COV), (VECTORS[0], MEAN, COV), (VECTORS, MEAN, 2.0), (VECTORS, MEAN, [1.0, 2, 3]),
        (VECTORS[:, 0],), (0.5,), (VECTORS[:, 0], 1.0, 2.0), (VECTORS[0], MEAN), (VECTORS, None, COV),
    ],
)  # fmt: skip
def test_multivariate_normal_is_scipys(at):
    same(stats.multivariate_normal.logpdf(*at), scipy.stats.multivariate_normal.logpdf(*at))
    assert stats.multivariate_normal.logpdf(VECTORS[None], MEAN, COV).shape == (
        1,
        5,
    )  # which SciPy makes (5,)


def test_multivariate_normal_differentiates():
    f = lambda x, mean, root: stats.multivariate_normal.logpdf(x, mean, root @ root.T + np.eye(3))
    tg.gradcheck(f, VECTORS[:2], MEAN, M)
    dx, dmean, dcov = gradient(stats.multivariate_normal.logpdf, VECTORS[0], MEAN, COV)
    z = np.linalg.solve(COV, VECTORS[0] - MEAN)
    np.testing.assert_allclose(dx, -z)
    np.testing.assert_allclose(dmean, z)
    np.testing.assert_allclose(dcov, (np.outer(z, z) - np.linalg.inv(COV)) / 2)
    same(stats.multivariate_normal.entropy(MEAN, COV), scipy.stats.multivariate_normal.entropy(MEAN, COV))


@pytest.mark.parametrize(
    ("at", "kind", "message"),
    [
        ((VECTORS, MEAN, -COV), np.linalg.LinAlgError, "positive definite"),
        ((VECTORS, MEAN, M), np.linalg.LinAlgError, "symmetric"),
        ((VECTORS, MEAN, np.eye(2)), ShapeError, "3 numbers"),
        ((VECTORS[:, :2], MEAN, COV), ShapeError, "the last axis of x has 3 numbers"),
        ((VECTORS, MEAN, COV, True), ArgumentError, "allow_singular"),
    ],
)
def test_what_multivariate_normal_refuses(at, kind, message):
    with pytest.raises(kind, match=message):
        stats.multivariate_normal.logpdf(*at)


def test_dirichlet_is_scipys():
    alpha, x = np.array([0.5, 2.0, 3.0]), RNG.dirichlet([1, 1, 1], 4).T  # (K, n)
    for at in (x, x[:, 0], x[:2, 0]):
        np.testing.assert_allclose(
            stats.dirichlet.logpdf(at, alpha), scipy.stats.dirichlet.logpdf(at, alpha), rtol=1e-12
        )
    tg.gradcheck(lambda x, alpha: stats.dirichlet.logpdf(x, alpha), x[:2], alpha)
    with pytest.raises(ArgumentError, match="its sum along the first axis is 1"):
        stats.dirichlet.logpdf([0.5, 0.6, 0.2], alpha)
    with pytest.raises(ShapeError, match="proportions first"):
        stats.dirichlet.logpdf([0.5, 0.5], [1.0, 2, 3, 4])


def test_multinomial_is_scipys():
    p, x = np.array([0.2, 0.3, 0.5]), np.array([[1, 2, 4], [0, 0, 7], [1, 1, 1]])
    np.testing.assert_allclose(
        stats.multinomial.logpmf(x, 7, p), scipy.stats.multinomial.logpmf(x, 7, p), rtol=1e-12
    )
    tg.gradcheck(lambda p: stats.multinomial.logpmf(x[:2], 7, p / np.sum(p)), p)
    assert np.isnan(stats.multinomial.logpmf(x[0], 7, [0.2, 0.3, 0.6]))


def test_categorical_by_probabilities_and_by_logits():
    p, k = np.array([[0.2, 0.3, 0.5], [0.1, 0.9, 0.0]]), np.array([2, 1])
    np.testing.assert_allclose(stats.categorical.logpmf(k, p), np.log([0.5, 0.9]))
    np.testing.assert_array_equal(stats.categorical.logpmf([2, 3, -1], p[1]), -np.inf)
    np.testing.assert_allclose(stats.categorical.logpmf(k, logits=7 + np.log(p + 1e-300)), np.log([0.5, 0.9]))
    np.testing.assert_allclose(stats.categorical.pmf(k, p), [0.5, 0.9])
    tg.gradcheck(lambda z: stats.categorical.logpmf(k, logits=z), p)
    np.testing.assert_array_equal(gradient(lambda p: stats.categorical.logpmf(k, p), p)[0][0], [0, 0, 2])
    assert np.isnan(stats.categorical.logpmf(0, [0.2, 0.2]))
    with pytest.raises(ArgumentError, match="p or logits=, one of the two"):
        stats.categorical.logpmf(0)
    with pytest.raises(DTypeError, match="classes are integers"):
        stats.categorical.logpmf(0.0, p)


# ---- arguments ---------------------------------------------------------------------------------------------


def test_float32_stays_float32():
    x = np.ones(3, np.float32)
    for name, shape in CONTINUOUS.items():
        f = lambda x, f=getattr(stats, name).logpdf, twos=[2.0] * len(shape): f(x, *twos, 0, 2)  # noqa: B008
        assert f(x).dtype == np.float32
        assert gradient(f, x)[0].dtype == np.float32
    assert stats.norm.logpdf(tg.Tensor(x), np.zeros(3)).dtype == np.float64


def test_shapes_that_do_not_fit_and_what_refuses():
    with pytest.raises(ShapeError, match=r"norm\.logpdf: shapes \(3,\), \(2,\), \(\) do not fit"):
        stats.norm.logpdf(np.ones(3), np.ones(2))
    with pytest.raises(DTypeError, match=r"norm\.logpdf: expected real numbers"):
        stats.norm.logpdf(np.array([1j]))
    with pytest.raises(MissingRule, match="argument a "):
        stats.gamma.cdf(1.0, tg.Tensor(2.0, requires_grad=True))
    with pytest.raises(AttributeError, match=r"use stats\.norm"):
        stats.normal  # noqa: B018
    assert repr(stats.norm) == "tinygrad_edu.stats.norm"


def test_every_family_is_one_that_scipys_message_leads_to():
    assert {n for n in stats.__all__ if n[0].islower()} == set(coercion.FAMILIES)
    for name in coercion.SCIPYS:
        part, function = name.split(".")
        if part == "special":
            assert callable(getattr(sc, function))
