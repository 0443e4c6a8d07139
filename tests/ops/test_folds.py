"""Reductions with all their settings, folds of ufuncs, and running sums."""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import MissingRule

from .slopes import gradient, numerical

NAN, INF = np.nan, np.inf


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
