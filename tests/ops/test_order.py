"""Sorting and quantiles: closed forms, ties and NaN."""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.entry import name_of

from .slopes import gradient, numerical

NAN, INF = np.nan, np.inf


# ---- sorting -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "quicksort", "heapsort", "stable"])
def test_sort_gives_each_element_the_gradient_of_its_place(kind):
    f = lambda x: np.sort(x, kind=kind)
    assert gradient(f, [3.0, 1.0, 2.0], cotangent=[1, 10, 100]) == [100.0, 1.0, 10.0]


def test_equal_elements_keep_their_order():
    assert gradient(np.sort, [2.0, 1.0, 2.0, 1.0], cotangent=[1, 2, 3, 4]) == [3.0, 1.0, 4.0, 2.0]
    assert gradient(np.median, [5.0, 5.0, 5.0]) == [0.0, 1.0, 0.0]


def test_many_equal_elements_keep_their_order():
    a = np.arange(1000) % 3
    places = np.array([0, 334, 667])[a] + np.arange(1000) // 3
    assert gradient(np.sort, a, cotangent=np.arange(1000.0)) == places.tolist()
    assert gradient(lambda x: np.quantile(x, 400 / 999), a)[3 * (400 - 334) + 1] == 1


def test_sort_of_all_axes_and_along_the_first():
    a = [[3.0, 0.0], [1.0, 2.0]]
    assert gradient(lambda x: np.sort(x, axis=None), a, cotangent=[1, 2, 3, 4]) == [[4.0, 1.0], [2.0, 3.0]]
    assert gradient(lambda x: np.sort(x, axis=0), a, cotangent=[[1, 2], [3, 4]]) == [[3.0, 2.0], [1.0, 4.0]]


@pytest.mark.skipif("descending" not in inspect.signature(np.sort).parameters, reason="NumPy 2.5 has it")
def test_descending_order():
    f = lambda x: np.sort(x, descending=True)
    assert gradient(f, [3.0, 1.0, 2.0], cotangent=[1, 10, 100]) == [1.0, 100.0, 10.0]


def test_nan_is_sorted_to_the_end_and_takes_its_gradient_along():
    assert gradient(np.sort, [NAN, 2.0, 1.0], cotangent=[1, 10, 100]) == [100.0, 10.0, 1.0]


@pytest.mark.parametrize("kth", [0, 3, -1, [1, 5]])
def test_partition_is_the_permutation_that_numpy_made(kth):
    a = np.random.default_rng(0).permutation(200).astype(float)
    weights = np.arange(200.0)
    x = tg.Tensor(a, requires_grad=True)
    y = np.partition(x, kth)
    np.testing.assert_array_equal(y.data, np.partition(a, kth))
    y.backward(weights)
    np.testing.assert_array_equal(x.grad.data[np.argsort(a)], weights[np.argsort(y.data)])


def test_tensors_sort_and_partition_in_place():
    x = tg.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    y, z = x * 1.0, x * 1.0
    y.sort()
    z.partition(0)
    (y[0] + 10 * y[2] + 100 * z[0]).backward()
    assert x.grad.tolist() == [10.0, 101.0, 0.0]


def test_sort_and_maximum_agree_at_the_ends():
    a = np.random.default_rng(1).normal(size=(4, 5))
    last = gradient(lambda x: np.sort(x, axis=1)[:, -1], a)
    assert (
        last == gradient(lambda x: np.max(x, axis=1), a) == gradient(lambda x: np.quantile(x, 1, axis=1), a)
    )


# ---- quantiles ---------------------------------------------------------------------------------------------

# Hyndman and Fan's i + γ of n values, in their numbering from 1: p n + m, with m of each method.
HYNDMAN_FAN = {
    "interpolated_inverted_cdf": lambda p: 0.0, "hazen": lambda p: 0.5, "weibull": lambda p: p,
    "linear": lambda p: 1 - p,
    "median_unbiased": lambda p: (p + 1) / 3, "normal_unbiased": lambda p: p / 4 + 3 / 8,
}  # fmt: skip


@pytest.mark.parametrize("method", HYNDMAN_FAN)
@pytest.mark.parametrize("p", [0.0, 0.13, 0.5, 0.77, 1.0])
def test_continuous_quantile_has_the_weights_of_hyndman_and_fan(method, p):
    n = 7
    a = np.random.default_rng(2).permutation(n).astype(float)
    place = min(max(n * p + HYNDMAN_FAN[method](p) - 1, 0), n - 1)
    expected = np.maximum(1 - np.abs(a - place), 0)  # as the k-th smallest value is k
    for f, q in (
        (np.quantile, p),
        (np.percentile, 100 * p),
        (np.nanquantile, p),
        (np.nanpercentile, 100 * p),
    ):
        found = gradient(lambda x, f=f, q=q: f(x, q, method=method), a)
        np.testing.assert_allclose(found, expected, atol=1e-12)


DISCRETE = {"lower": 2, "higher": 3, "nearest": 3, "inverted_cdf": 2, "closest_observation": 2}


@pytest.mark.parametrize("method", DISCRETE)
def test_discrete_quantile_is_one_element(method):
    """Of 5 elements, 0.65 lies 2.6 from the first."""
    a = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    expected = np.eye(5)[int(np.quantile(a, 0.65, method=method))].tolist()
    assert gradient(lambda x: np.quantile(x, 0.65, method=method), a) == expected
    if method in ("lower", "higher", "nearest"):
        assert expected[DISCRETE[method]] == 1


def test_several_quantiles_of_several_axes():
    a = np.random.default_rng(3).normal(size=(2, 3, 4))
    u = np.random.default_rng(4).normal(size=(2, 1, 3, 1))
    f = lambda x: np.quantile(x, [0.2, 0.9], axis=(0, 2), keepdims=True)
    found = gradient(f, a, cotangent=u)
    np.testing.assert_allclose(found, numerical(lambda x: np.sum(u * f(x)), a), atol=1e-8)


def test_table_of_quantiles():
    """NumPy allows q of two axes."""
    a, q = np.random.default_rng(3).normal(size=(3, 4)), np.array([[0.1, 0.5], [0.7, 0.9]])
    u = np.random.default_rng(4).normal(size=(2, 2, 3))
    found = gradient(lambda x: np.quantile(x, q, axis=1), a, cotangent=u)
    np.testing.assert_allclose(
        found, numerical(lambda x: np.sum(u * np.quantile(x, q, axis=1)), a), atol=1e-8
    )


def test_weighted_quantile_counts_each_element_as_often_as_its_weight():
    a, w = [3.0, 1.0, 2.0], [1, 5, 1]
    f = lambda x: np.quantile(x, 0.5, weights=w, method="inverted_cdf")
    assert gradient(f, a) == [0.0, 1.0, 0.0]
    f = lambda x: np.quantile(np.repeat(x, w), 0.5, method="inverted_cdf")
    assert gradient(f, a) == [0.0, 1.0, 0.0]


def test_weighted_quantile_is_flat_in_its_weights():
    f = lambda x, w: np.quantile(x, 0.5, weights=w, method="inverted_cdf")
    assert gradient(f, [3.0, 1.0, 2.0], [1.0, 5.0, 1.0]) == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("method", [*HYNDMAN_FAN, *DISCRETE, "midpoint", "averaged_inverted_cdf"])
@pytest.mark.parametrize("f", [np.quantile, np.percentile, np.nanquantile, np.nanpercentile], ids=name_of)
def test_quantile_is_differentiated_in_q_too(f, method):
    a = np.array([[3.0, 1.0, 4.5, 1.5, 9.0], [2.0, 6.0, 5.0, 3.5, 8.0]])
    if f in (np.nanquantile, np.nanpercentile):
        a[0, 1] = NAN
    scale, u = (100 if "percentile" in f.__name__ else 1), np.random.default_rng(16).normal(size=(3, 2))
    q = scale * np.array([0.01, 0.37, 0.83])
    g = lambda a, q: np.sum(u * f(a, q, axis=1, method=method))
    found = gradient(g, a, q)
    np.testing.assert_allclose(found[0], np.nan_to_num(numerical(lambda a: g(a, q), a)), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda q: g(a, q), q), atol=1e-7)
    assert np.any(found[1]) == (method in HYNDMAN_FAN)


def test_second_derivative_in_values_and_q():
    a, q = np.array([3.0, 1.0, 4.5, 1.5]), np.array([0.4, 0.9])
    tg.gradcheck(lambda a, q: np.sum(np.quantile(a**2, q) ** 2 * q), a, q)


def test_slope_in_q_at_an_element_is_the_mean_of_both_sides_and_that_of_the_inside_at_the_ends():
    a, f = [0.0, 1.0, 5.0], lambda q: np.quantile(np.array([0.0, 1.0, 5.0]), q)
    assert gradient(f, 0.5) == 2 * (1 + 4) / 2
    assert (gradient(f, 0.0), gradient(f, 1.0)) == (2 * 1, 2 * 4)
    assert gradient(lambda q: np.quantile(np.array(a), q, method="hazen"), 0.0) == 0
    assert gradient(lambda q: np.quantile(np.array([2.0]), q), 0.3) == 0
    assert np.isnan(gradient(lambda q: np.quantile(np.array([2.0, NAN]), q), 0.3))


@pytest.mark.parametrize("f", [np.median, lambda x, **k: np.quantile(x, 0.3, **k)])
def test_lane_with_nan_is_nan_and_no_other(f):
    a = [[1.0, NAN, 3.0], [2.0, 4.0, 6.0]]
    found = gradient(lambda x: f(x, axis=1), a)
    assert np.all(np.isnan(found[0]))
    assert np.all(np.isfinite(found[1]))
    assert sum(found[1]) == 1


def test_median_of_an_even_number_shares_between_the_middle_two():
    assert gradient(np.median, [4.0, 1.0, 3.0, 2.0]) == [0.0, 0.0, 0.5, 0.5]


def test_median_of_infinities_is_that_of_order():
    assert gradient(np.median, [-INF, 5.0, INF]) == [0.0, 1.0, 0.0]


def test_permission_to_overwrite_is_not_made_use_of():
    x = tg.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    y = x * 1.0
    np.median(y, overwrite_input=True) + np.quantile(y, 0.5, overwrite_input=True)
    assert y.tolist() == [3.0, 1.0, 2.0]
