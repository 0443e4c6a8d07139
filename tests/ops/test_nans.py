"""Functions that skip NaN, and the warnings that NumPy gives."""

import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.entry import name_of

from .slopes import gradient, numerical

NAN, INF = np.nan, np.inf


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
