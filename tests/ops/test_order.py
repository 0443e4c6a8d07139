"""Order, NaN, weighted statistics and folds: closed forms, NumPy's warnings, ties and NaN."""

import inspect
import itertools
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import MissingRule

NAN, INF = np.nan, np.inf


def gradient(f, *values, cotangent=None):
    """The gradients of f's output, weighted by a cotangent of ones unless it is given, in all values."""
    tensors = [tg.Tensor(np.array(v, float), requires_grad=True) for v in values]
    out = f(*tensors)
    out.backward(np.ones(out.shape) if cotangent is None else np.array(cotangent, float))
    found = [None if x.grad is None else x.grad.tolist() for x in tensors]
    return found[0] if len(found) == 1 else found


def numerical(f, *values, h=1e-6):
    """The gradient of a scalar function in its first value, by central differences."""
    x, *rest = (np.array(v, float) for v in values)
    found = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        found[i] = (f(x + step, *rest) - f(x - step, *rest)) / (2 * h)
    return found


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


# ---- NaN ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("skipping", "plain"),
    [
        (np.nansum, np.sum), (np.nanprod, np.prod), (np.nanmax, np.max), (np.nanmin, np.min),
        (np.nanmean, np.mean),
        (np.nanvar, np.var), (np.nanstd, np.std), (np.nanmedian, np.median), (np.nancumsum, np.cumsum),
        (np.nancumprod, np.cumprod),
        (lambda x: np.nanquantile(x, [0.2, 0.7]), lambda x: np.quantile(x, [0.2, 0.7])),
        (lambda x: np.nanpercentile(x, 35, method="weibull"),
         lambda x: np.percentile(x, 35, method="weibull")),
    ],
)  # fmt: skip
def test_nan_is_looked_past_as_if_it_were_not_there(skipping, plain, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=8)
    a[rng.permutation(8)[:3]] = NAN
    there = ~np.isnan(a)
    out = plain(a[there])
    u = rng.normal(size=np.shape(out))
    whole = np.full(np.shape(skipping(a)), 0.5)
    if whole.shape == (8,):  # of the running ones, only what stands at a number
        whole = np.where(there, 0.0, 0.0)
        whole[there] = u
    else:
        whole = u
    found = np.array(gradient(skipping, a, cotangent=whole))
    assert found[~there].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(found[there], numerical(lambda x: np.sum(u * plain(x)), a[there]), atol=1e-7)


ALL_NAN = {
    np.nanmax: "All-NaN", np.nanmin: "All-NaN", np.nanmean: "Mean of empty", np.nanvar: "Degrees of freedom",
    np.nanstd: "Degrees of freedom", np.nanmedian: "All-NaN",
}  # fmt: skip


@pytest.mark.parametrize("f", ALL_NAN, ids=name_of)
def test_lane_of_nothing_but_nan_is_nan_with_numpys_warning_and_no_other_lane_is(f):
    x = tg.Tensor([[NAN, NAN], [1.0, 3.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match=ALL_NAN[f]):
        y = f(x, axis=1)
    y.sum().backward()  # in silence
    assert np.all(np.isnan(x.grad.data[0]))
    assert np.all(np.isfinite(x.grad.data[1]))


@pytest.mark.parametrize("f", [np.nanquantile, np.nanpercentile])
def test_quantile_of_nothing_but_nan_warns_too(f):
    x = tg.Tensor([[NAN, NAN], [1.0, 3.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        y = f(x, 0.5, axis=1)
    y.sum().backward()
    assert np.all(np.isnan(x.grad.data[0]))
    assert x.grad.data[1].sum() == 1


@pytest.mark.parametrize("f", [np.nansum, np.nanprod])
def test_sum_and_product_of_nothing_but_nan_are_flat(f):
    assert gradient(f, [NAN, NAN]) == [0.0, 0.0]


def test_too_few_for_the_degrees_of_freedom_is_nan():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        found = gradient(lambda x: np.nanvar(x, ddof=1), [2.0, NAN])
    assert np.all(np.isnan(found))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("f", [np.nanmean, np.nanvar, np.nanstd, np.var, np.std, np.mean], ids=name_of)
def test_nan_that_where_leaves_out_is_no_part_of_it(f, keepdims):
    a, where = np.array([[1.0, NAN, 3.0], [2.0, 4.0, 7.0]]), np.array([True, False, True])
    found = np.array(gradient(lambda x: f(x, axis=1, where=where, keepdims=keepdims), a))
    assert found[:, 1].tolist() == [0.0, 0.0]
    expected = numerical(lambda x: np.sum(f(x, axis=1)), a[:, [0, 2]])
    np.testing.assert_allclose(found[:, [0, 2]], expected, atol=1e-7)


# ---- reductions with all settings --------------------------------------------------------------------------


@pytest.mark.parametrize("where", [True, np.array([[True, False, True], [False, True, True]])])
@pytest.mark.parametrize(
    "reduce",
    [np.sum, np.prod, np.max, np.min, np.nansum, np.nanprod, np.nanmax, np.nanmin]
    + [u.reduce for u in (np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin)]
    + [u.reduce for u in (np.hypot, np.logaddexp, np.logaddexp2)]
    + [u.reduce for u in (np.subtract, np.divide, np.float_power)],
    ids=name_of,
)  # fmt: skip
@pytest.mark.parametrize("axis", [0, 1])
def test_initial_is_an_argument_like_another(reduce, where, axis):
    rng = np.random.default_rng(5)
    a, initial = rng.uniform(0.5, 1.5, (2, 3)), np.array(1.2)
    f = lambda a, initial: reduce(a, axis=axis, initial=initial, where=where)
    u = rng.normal(size=(3, 2)[axis])
    found = gradient(f, a, initial, cotangent=u)
    np.testing.assert_allclose(found[0], numerical(lambda a: np.sum(u * f(a, initial)), a), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda i: np.sum(u * f(a, i)), initial), atol=1e-7)
    tg.gradcheck(f, a, initial)


@pytest.mark.parametrize(("f", "initial"), [(np.max, 3.0), (np.min, 1.0), (np.nanmax, 3.0), (np.nanmin, 1.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_that_ties_shares_with_the_winners(f, initial, dtype):
    a = np.array([initial, 2.0, initial])
    x = tg.Tensor(a.astype(dtype), requires_grad=True)
    i = tg.Tensor(np.array(initial), requires_grad=True)
    f(x, initial=i).backward()
    np.testing.assert_allclose(x.grad.data, [1 / 3, 0, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(i.grad.data, 1 / 3, rtol=1e-6)


def test_initial_that_float32_rounds_wins_where_its_rounded_value_does():
    x = tg.Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    i = tg.Tensor(np.array(2.1), requires_grad=True)
    np.max(x, initial=i).backward()
    assert (x.grad.tolist(), i.grad.item()) == ([0.0, 0.0], 1.0)


@pytest.mark.parametrize("initial", [None, np._NoValue])
def test_initial_that_is_none_is_none_at_all(initial):
    assert gradient(lambda x: np.add.reduce(x, initial=initial), [1.0, 2.0]) == [1.0, 1.0]
    assert gradient(lambda x: np.maximum.reduce(x, initial=initial), [1.0, 2.0]) == [0.0, 1.0]
    assert gradient(lambda x: np.multiply.reduce(x, initial=initial), [3.0, 2.0]) == [2.0, 3.0]
    assert gradient(lambda x: np.subtract.reduce(x, initial=initial), [3.0, 2.0]) == [1.0, -1.0]


@pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd], ids=name_of)
@pytest.mark.parametrize("where", [True, np.array([True, True, False, True])])
def test_mean_that_is_given_is_an_argument_of_its_own(f, where):
    rng = np.random.default_rng(6)
    a, m, u = rng.normal(size=(3, 4)), rng.normal(size=(3, 1)), rng.normal(size=3)
    g = lambda a, m: f(a, axis=1, mean=m, ddof=1, where=where)
    found = gradient(g, a, m, cotangent=u)
    np.testing.assert_allclose(found[0], numerical(lambda a: np.sum(u * g(a, m)), a), atol=1e-7)
    np.testing.assert_allclose(found[1], numerical(lambda m: np.sum(u * g(a, m)), m), atol=1e-7)


def test_mean_computed_before_gives_the_gradient_of_the_variance():
    a = np.random.default_rng(7).normal(size=(3, 4))
    given = lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True))
    np.testing.assert_allclose(gradient(given, a), gradient(lambda x: np.var(x, axis=1), a), atol=1e-15)


@pytest.mark.parametrize("f", [np.var, np.std], ids=name_of)
@pytest.mark.parametrize("where", [True, np.array([True, True, False, True])])
def test_more_degrees_of_freedom_than_elements_divide_by_zero_as_numpy_does(f, where):
    x = tg.Tensor([1.0, 2.0, 9.0, 5.0], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(all="ignore"):
        y = f(x, ddof=6, where=where)
    y.backward()
    assert y.item() == INF
    assert not np.any(np.isfinite(x.grad.data[[0, 1, 3]]))


def test_correction_is_ddof():
    a = [1.0, 2.0, 5.0]
    assert gradient(lambda x: np.var(x, correction=1), a) == gradient(lambda x: np.var(x, ddof=1), a)
    assert gradient(lambda x: np.nanstd(x, correction=1), a) == gradient(lambda x: np.std(x, ddof=1), a)


REDUCTIONS = [
    np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.ptp, np.nansum, np.nanprod, np.nanmax,
    np.nanmin, np.nanmean,
    np.nanvar, np.nanstd, np.nancumsum, np.nancumprod, np.median, np.quantile, np.percentile,
    np.nanmedian, np.nanquantile,
    np.nanpercentile, np.sort, np.partition, np.average, np.cov, np.corrcoef, np.cumsum, np.cumprod,
    np.cumulative_sum,
    np.cumulative_prod, np.trim_zeros, np.histogram, np.bincount,
]  # fmt: skip


DEPRECATED = {  # by NumPy, which newer versions have dropped: refused by name
    **{f: {"interpolation"} for f in (np.quantile, np.percentile, np.nanquantile, np.nanpercentile)},
    np.corrcoef: {"bias", "ddof"},
}


@pytest.mark.parametrize("f", [f for f in REDUCTIONS if f is not np.bincount], ids=name_of)
def test_every_keyword_of_numpys_signature_is_known(f):
    known = {*tg.table.TABLE[f].signature.names, *DEPRECATED.get(f, ())}
    assert [name for name in inspect.signature(f).parameters if name not in known] == []


@pytest.mark.parametrize("f", [np.nanmax, np.mean, np.max], ids=name_of)
def test_more_elements_than_float16_can_count(f):
    n = 70_000
    x = tg.Tensor(np.ones(n, np.float16), requires_grad=True)
    settings = {"where": np.ones(n, bool)} | ({"initial": 0} if f in (np.max, np.nanmax) else {})
    f(x, **settings).backward()
    np.testing.assert_array_equal(x.grad.data, np.full(n, np.float16(1 / n)))


# ---- folds -------------------------------------------------------------------------------------------------

UFUNCS = [
    np.add, np.subtract, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.logaddexp2,
    np.heaviside, np.floor_divide,
    np.remainder, np.fmod, np.copysign, np.maximum, np.minimum, np.fmax, np.fmin, np.power, np.float_power,
]  # fmt: skip


@pytest.mark.parametrize("ufunc", UFUNCS, ids=name_of)
def test_accumulate_is_the_loop_written_out(ufunc):
    rng = np.random.default_rng(8)
    a, u = rng.uniform(0.5, 1.5, (3, 4)), rng.normal(size=(3, 4))

    def loop(x):
        outs = [x[:, 0]]
        for j in range(1, 4):
            outs.append(ufunc(outs[-1], x[:, j]))
        return np.stack(outs, 1)

    np.testing.assert_allclose(ufunc.accumulate(a, axis=1), loop(a), rtol=1e-12)
    found = gradient(lambda x: ufunc.accumulate(x, axis=1), a, cotangent=u)
    np.testing.assert_allclose(found, numerical(lambda x: np.sum(u * loop(x)), a), atol=1e-7)


@pytest.mark.parametrize("ufunc", [u for u in UFUNCS if u not in (np.power, np.arctan2)], ids=name_of)
def test_reduce_is_the_loop_written_out(ufunc):
    rng = np.random.default_rng(9)
    a, u = rng.uniform(0.5, 1.5, (3, 4)), rng.normal(size=3)

    def loop(x):
        out = x[:, 0]
        for j in range(1, 4):
            out = ufunc(out, x[:, j])
        return out

    np.testing.assert_allclose(ufunc.reduce(a, axis=1), loop(a), rtol=1e-12)
    found = gradient(lambda x: ufunc.reduce(x, axis=1), a, cotangent=u)
    np.testing.assert_allclose(found, numerical(lambda x: np.sum(u * loop(x)), a), atol=1e-7)


@pytest.mark.parametrize("ufunc", [np.power, np.arctan2], ids=name_of)
def test_fold_that_numpy_has_wrong_is_refused(ufunc):
    with pytest.raises(MissingRule, match="reduce"):
        ufunc.reduce(tg.Tensor([0.5, 0.6, 0.7], requires_grad=True))


@pytest.mark.parametrize("ufunc", UFUNCS, ids=name_of)
def test_running_results_of_one_element_and_of_none(ufunc):
    assert gradient(ufunc.accumulate, [2.0]) == [1.0]
    assert gradient(ufunc.accumulate, []) == []
    assert gradient(lambda x: ufunc.accumulate(x, axis=1), np.ones((0, 3))) == []
    for axis in (None, (0,), -1):  # of a vector there is one
        assert gradient(lambda x, axis=axis: ufunc.accumulate(x, axis=axis), [2.0]) == [1.0]


def test_running_extremum_goes_to_the_latest_of_equals():
    a = [1.0, 1.0, 0.0, 1.0]
    assert gradient(np.maximum.accumulate, a, cotangent=[1, 10, 100, 1000]) == [1.0, 110.0, 0.0, 1000.0]
    assert gradient(np.minimum.accumulate, a, cotangent=[1, 10, 100, 1000]) == [1.0, 10.0, 1100.0, 0.0]


def test_running_maximum_is_nan_from_a_nan_on_and_fmax_looks_past_it():
    assert np.all(np.isnan(gradient(np.maximum.accumulate, [1.0, NAN, 2.0])))
    assert gradient(np.fmax.accumulate, [1.0, NAN, 2.0]) == [2.0, 0.0, 1.0]
    found = gradient(np.fmax.accumulate, [NAN, 2.0, 1.0])
    assert np.isnan(found[0])
    assert found[1:] == [2.0, 0.0]


def test_infinite_gradient_of_a_running_maximum_reaches_its_element_alone():
    assert gradient(np.maximum.accumulate, [1.0, 3.0, 2.0], cotangent=[INF, 1, 2]) == [INF, 3.0, 0.0]


def test_running_logaddexp_overflows_nowhere():
    a = np.array([1000.0, -1000.0, 1001.0, -INF])
    found = gradient(np.logaddexp.accumulate, a)
    p = np.exp(-1.0) / (1 + np.exp(-1.0))  # the part of the first in the third and the fourth
    np.testing.assert_allclose(found, [2 + 2 * p, 0, 2 * (1 - p), 0], atol=1e-12)


@pytest.mark.parametrize("zeros", [(), (5,), (0, 590)])
@pytest.mark.parametrize("n", [99, 600])
def test_running_product_of_many_is_exact_with_zeros(n, zeros):
    rng = np.random.default_rng(17)
    a, u = rng.uniform(0.9, 1.1, (n, 2)), rng.normal(size=(n, 2))
    a[[i for i in zeros if i < n], 0] = 0
    expected = np.zeros((n, 2))
    for i in range(n):
        others = np.where(np.arange(n)[:, None] == i, 1, a)
        expected[i] = np.sum(u[i:] * np.cumprod(others, axis=0)[i:], axis=0)
    found = gradient(lambda x: np.cumprod(x, axis=0), a, cotangent=u)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_running_product_that_overflows_after_a_zero_is_flat_there():
    a = np.full(600, 10.0)
    a[0] = 0
    with np.errstate(over="ignore"):
        found = gradient(lambda x: np.cumprod(x), a)
    assert found[1:] == [0.0] * 599
    assert found[0] == INF


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


# ---- running sums with their start, and zeros at the ends --------------------------------------------------


def test_constant_before_running_values_takes_no_gradient():
    u = [1000, 1, 10, 100]
    f = lambda x: np.cumulative_sum(x, include_initial=True)
    assert gradient(f, [1.0, 2.0, 3.0], cotangent=u) == [111.0, 110.0, 100.0]
    f = lambda x: np.cumulative_prod(x, include_initial=True)
    assert gradient(f, [2.0, 0.0, 3.0], cotangent=u) == [1.0, 620.0, 0.0]


def test_running_sum_of_a_matrix_needs_its_axis():
    with pytest.raises(ValueError, match="axis"):
        np.cumulative_sum(tg.Tensor([[1.0]], requires_grad=True))


@pytest.mark.parametrize(
    ("trim", "expected"),
    [
        ("fb", [0, 0, 1, 2, 3, 0]),
        ("f", [0, 0, 1, 2, 3, 4]),
        ("b", [1, 2, 3, 4, 5, 0]),
        ("B", [1, 2, 3, 4, 5, 0]),
    ],
)
def test_what_trim_zeros_leaves_gets_the_gradient(trim, expected):
    a = [0.0, 0.0, 1.0, 0.0, NAN, 0.0]
    n = len(np.trim_zeros(np.array(a), trim))
    found = gradient(lambda x: np.trim_zeros(x, trim), a, cotangent=np.arange(1.0, n + 1))
    assert found == expected


def test_nothing_but_zeros_leaves_nothing():
    assert gradient(np.trim_zeros, [0.0, 0.0]) == [0.0, 0.0]


# ---- nothing warns that NumPy does not ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "f", [np.nanmean, np.nanvar, np.nanmax, np.nanmedian, np.var, np.median], ids=name_of
)
def test_gradient_of_a_gradient_is_silent(f):
    x = tg.Tensor([[NAN, 1.0, 2.5], [3.0, 5.0, 4.0]], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = np.sum(f(x**2, axis=1) * [1.0, 2.0])
        y.backward(create_graph=True)
        np.sum(x.grad**2).backward()
    assert np.all(np.isfinite(x.grad.data[1]))


# ---- what may be given as where= ---------------------------------------------------------------------------

MASKABLE = [np.sum, np.prod, np.mean, np.var, np.std, np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd]


@pytest.mark.parametrize(
    "where",
    [[True, False, True], np.array([[True, False, True]]), tg.Tensor([True, False, True]), np.True_,
     [[True], [True]]],
    ids=["list", "array", "tensor", "scalar", "column"],
)  # fmt: skip
@pytest.mark.parametrize("f", MASKABLE, ids=name_of)
def test_mask_may_be_anything_that_broadcasts(f, where):
    a = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 4.5]])
    mask = where.data if isinstance(where, tg.Tensor) else where
    found = gradient(lambda x: f(x, axis=1, where=where), a)
    np.testing.assert_allclose(found, numerical(lambda x: np.sum(f(x, axis=1, where=mask)), a), atol=1e-7)


@pytest.mark.parametrize("f", [np.max, np.min, np.nanmax, np.nanmin], ids=name_of)
def test_extremum_with_a_mask_needs_a_start_as_numpy_says(f):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match="where"):
        f(x, where=[True, False])
    assert gradient(lambda x: f(x, where=[True, False], initial=1.5), [1.0, 2.0]) == [
        float(f in (np.min, np.nanmin)), 0.0,
    ]  # fmt: skip


@pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.max, np.var, np.std], ids=name_of)
def test_methods_of_tensors_take_them_too(f):
    a, where = np.array([1.0, 2.0, 4.0]), [True, False, True]
    settings = {"where": where} | ({"initial": 0.0} if f is np.max else {})
    method = lambda x: getattr(x, f.__name__)(**settings)
    assert gradient(method, a) == gradient(lambda x: f(x, **settings), a)


def test_third_derivative_of_a_masked_product_and_of_a_fold():
    x = np.array([2.0, 3.0, 5.0])
    f = lambda x: np.prod(
        x**2, where=[True, True, False]
    )  # x² y²: its second derivative in x is 2 y², the gradient of that (0, 4 y, 0)
    third = tg.grad(lambda x: tg.grad(lambda x: tg.grad(f)(x)[0])(x)[0])(x)
    np.testing.assert_allclose(third, [0, 4 * 3.0, 0], atol=1e-12)
    g = lambda x: np.divide.reduce(x)  # x / y / z: d³/dxdy² is 2 / (y³ z)
    third = tg.grad(lambda x: tg.grad(lambda x: tg.grad(g)(x)[0])(x)[1])(x)
    np.testing.assert_allclose(third, [0, 2 / (27 * 5), 1 / (9 * 25)], atol=1e-12)
