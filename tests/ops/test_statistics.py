"""Weighted statistics, and counts by weight."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import MissingRule

from .slopes import gradient, numerical

NAN, INF = np.nan, np.inf


# ---- weighted statistics -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_average_and_its_sum_of_weights(shape):
    rng = np.random.default_rng(10)
    a, w, u = rng.normal(size=(2, 3)), rng.uniform(0.5, 2, shape), rng.normal(size=(2, 2))
    axis = 1 if shape == (3,) else (1,)

    def f(a, w):
        average, total = np.average(a, axis=axis, weights=w, returned=True)
        return np.sum(u[0] * average) + np.sum(u[1] * total)

    found = gradient(f, a, w)
    np.testing.assert_allclose(found[0], numerical(lambda a: f(a, w), a), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda w: f(a, w), w), atol=1e-7)


def test_weights_of_two_axes_in_another_order():
    rng = np.random.default_rng(11)
    a, w, u = rng.normal(size=(2, 3, 4)), rng.uniform(0.5, 2, (4, 2)), rng.normal(size=3)
    f = lambda a, w: np.average(a, axis=(2, 0), weights=w)
    found = gradient(f, a, w, cotangent=u)
    np.testing.assert_allclose(found[0], numerical(lambda a: np.sum(u * f(a, w)), a), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda w: np.sum(u * f(a, w)), w), atol=1e-7)


def test_weights_that_add_up_to_nothing_are_numpys_error():
    with pytest.raises(ZeroDivisionError):
        np.average(tg.Tensor([1.0, 2.0], requires_grad=True), weights=[1.0, -1.0])


COVARIANCES = [
    dict(zip(("ddof", "fweights", "aweights"), settings))
    for settings in itertools.product(
        [None, 0, 1], [None, np.array([1, 2, 1, 3])], [None, np.array([0.5, 1, 2, 1.5])]
    )
]  # fmt: skip


@pytest.mark.parametrize("settings", COVARIANCES, ids=str)
def test_covariance_with_every_combination_of_weights(settings):
    rng = np.random.default_rng(12)
    m, y, u = rng.normal(size=(2, 4)), rng.normal(size=(1, 4)), rng.normal(size=(3, 3))
    f = lambda m, y: np.sum(u * np.cov(m, y, **settings))
    found = gradient(f, m, y)
    np.testing.assert_allclose(found[0], numerical(lambda m: f(m, y), m), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda y: f(m, y), y), atol=1e-7)
    if settings["aweights"] is not None:
        w = settings["aweights"]
        f = lambda w: np.sum(u * np.cov(m, y, **settings | {"aweights": w}))
        np.testing.assert_allclose(gradient(f, w), numerical(f, w), atol=1e-7)
        tg.gradcheck(f, w)


def test_covariance_of_one_variable_and_of_columns():
    a = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(gradient(np.cov, a), gradient(lambda x: np.var(x, ddof=1), a), atol=1e-15)
    m, u = np.random.default_rng(13).normal(size=(4, 2)), np.array([[1.0, 2.0], [3.0, 5.0]])
    f = lambda m: np.sum(u * np.cov(m, rowvar=False))
    np.testing.assert_allclose(gradient(f, m), numerical(f, m), atol=1e-7)


@pytest.mark.parametrize(
    ("m", "y"),
    [((1, 3), None), ((3, 1), (3, 2)), ((3,), (1, 3)), ((3,), (3, 1)), ((3, 2), (3, 1)), ((), None)],
    ids=str,
)
def test_covariance_of_columns_few_or_single(m, y):
    rng = np.random.default_rng(18)
    m, y = rng.normal(size=m), None if y is None else rng.normal(size=y)
    f = lambda m, y=None: np.sum(np.cov(m, y, rowvar=False, ddof=0) ** 2)
    values = (m,) if y is None else (m, y)
    found = gradient(f, *values)
    found = found if y is not None else [found]
    np.testing.assert_allclose(found[0], numerical(lambda m: f(m, y), m), atol=1e-7)
    if y is not None:
        np.testing.assert_allclose(found[1], numerical(lambda y: f(m, y), y), atol=1e-7)


def test_covariance_without_freedom_warns_as_numpy():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(all="ignore"):
        np.cov(tg.Tensor([[1.0], [2.0]], requires_grad=True))


@pytest.mark.parametrize("aweights", [None, np.array([0.5, 1.0, 2.0])])
def test_covariance_of_more_degrees_of_freedom_than_observations_divides_by_zero(aweights):
    x = tg.Tensor([[1.0, 2.0, 4.0], [2.0, 7.0, 5.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(all="ignore"):
        y = np.cov(x, ddof=5, aweights=aweights)
    y.backward(np.ones((2, 2)))
    assert not np.any(np.isfinite(x.grad.data))


def test_perfect_correlation_is_flat():
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(gradient(lambda x: np.corrcoef(x, 2 * x)[0, 1], x), 0, atol=1e-12)
    assert gradient(np.corrcoef, x) == [0.0, 0.0, 0.0]  # of one variable, 1


def test_correlation_is_numerical():
    m, u = np.random.default_rng(14).normal(size=(3, 6)), np.random.default_rng(15).normal(size=(3, 3))
    f = lambda m: np.sum(u * np.corrcoef(m))
    np.testing.assert_allclose(gradient(f, m), numerical(f, m), atol=1e-7)
    tg.gradcheck(f, m)


# ---- counts by weight --------------------------------------------------------------------------------------


def test_weights_of_bincount_get_the_gradient_of_their_bin():
    f = lambda w: np.bincount([2, 0, 2], w, 4)
    assert gradient(f, [1.0, 2.0, 3.0], cotangent=[1, 10, 100, 1000]) == [100.0, 1.0, 100.0]


@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("bins", [3, [0.0, 1.0, 1.5, 3.0], "sturges"])
def test_weights_of_a_histogram(bins, density):
    if bins == "sturges":
        bins = np.histogram_bin_edges([0.0, 1.0, 1.5, 2.9, 3.0], "sturges")
    a, w = [0.0, 1.0, 1.5, 2.9, 3.0], np.array([1.0, 2.0, 0.5, 3.0, 1.5])
    u = np.arange(1.0, 10.0)

    def f(w):
        counts = np.histogram(a, bins, weights=w, density=density)[0]
        return np.sum(u[: counts.shape[0]] * counts)

    np.testing.assert_allclose(gradient(f, w), numerical(f, w), atol=1e-7)


def test_values_of_a_histogram_are_refused():
    with pytest.raises(MissingRule, match="argument a"):
        np.histogram(tg.Tensor([1.0, 2.0], requires_grad=True))
