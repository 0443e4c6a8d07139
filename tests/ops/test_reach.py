"""Edges of NumPy's smaller functions, settings of ufuncs, folds of integers, and errors that help."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic, leaf, message_of
from tinygrad_edu.check.domains.constant import CONSTANTS
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import CoercionError, MissingRule, UnsupportedCall
from tinygrad_edu.table import TABLE

# ---- ufuncs ------------------------------------------------------------------------------------------------


def test_settings_of_ufuncs_that_change_no_value_are_taken_and_a_dtype_is_cast_to():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    same = np.multiply(x, y, where=True, casting="same_kind", order="K", subok=True)
    assert same.tolist() == [3, 8]
    half = np.multiply(x, y, dtype=np.float32)
    assert half.dtype == np.float32
    half.sum().backward()
    assert (x.grad.dtype, x.grad.tolist(), y.grad.tolist()) == (np.float64, [3, 4], [1, 2])
    with pytest.raises(TypeError, match="same_kind"):
        np.multiply(x, y, dtype=int)
    assert np.less(leaf([0.3, 0.6]), 0.5, dtype=bool).tolist() == [True, False]  # no cast of its arguments
    assert np.floor_divide(y * 1.5, x, dtype=int, casting="unsafe").tolist() == [4, 3]  # which this is
    message = message_of(UnsupportedCall, lambda: np.multiply(x, y, where=[True, False]))
    assert "where= leaves the rest of the result unset: take np.where" in message
    assert "dtype=" in message_of(UnsupportedCall, lambda: np.matmul(x, y, dtype=np.float32))


def test_a_mantissa_has_the_slope_of_its_power_of_two():
    x = leaf([3.0, -0.3, np.inf, np.nan, 0.0])
    mantissa, exponent = np.frexp(x)
    assert exponent.dtype.kind == "i"
    mantissa.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [1 / 4, 2, 1, np.nan, 1])


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.logaddexp], ids=name_of)
def test_reduceat_of_numpys_example(ufunc):
    a = generic(8)
    for places in ([0, 4, 1, 5, 2, 6, 3, 7], [0, 0, 7], [3]):
        np.testing.assert_allclose(
            ufunc.reduceat(leaf(a), places).data, ufunc.reduceat(a, places), rtol=1e-13
        )
        tg.gradcheck(lambda a, p=places: ufunc.reduceat(a, p), a)
    with pytest.raises(IndexError):
        ufunc.reduceat(leaf(a), [8])


@pytest.mark.parametrize("axis", [None, (0,), -1, np.array(0)], ids=repr)
@pytest.mark.parametrize("ufunc", [np.add, np.divide, np.heaviside], ids=name_of)
def test_axis_and_places_of_a_fold_in_parts_in_all_their_spellings(ufunc, axis):
    a = np.array([0.25, 1.5, -2.0, 0.5])
    for places in ([0, 2], (0.0, 2.0), np.uint8([0, 2])):
        y = ufunc.reduceat(leaf(a), places, axis)
        np.testing.assert_array_equal(y.data, ufunc.reduceat(a, places, axis))
    tg.gradcheck(lambda a: ufunc.reduceat(a, [0, 2], axis), a)


FOLDS = [
    f for f in TABLE if isinstance(getattr(f, "__self__", None), np.ufunc) and TABLE[f].fate == "constant"
]


@pytest.mark.parametrize("function", FOLDS, ids=name_of)
def test_folds_and_pairs_of_integers_are_constants(function):
    ufunc = function.__self__
    kind = int if np.issubdtype(np.dtype(ufunc.types[-1][-1]), np.integer) else float
    a = np.array([[4, 2, 1], [3, 5, 2]], kind)
    rest = {"outer": (a,), "reduceat": ([0, 1],)}.get(function.__name__, ())
    try:
        expected = function(a, *rest)
    except TypeError:  # comparisons of floats have no folds
        with pytest.raises(TypeError):
            function(tg.Tensor(a), *rest)
        return
    x = tg.Tensor(a, requires_grad=kind is float)
    found = function(x, *(tg.Tensor(r) if isinstance(r, np.ndarray) else r for r in rest))
    np.testing.assert_array_equal(found.data, expected)
    assert found.dtype == expected.dtype
    assert not found.requires_grad


def test_constants_of_older_versions_have_calls():
    assert np.isin in CONSTANTS


@pytest.mark.parametrize("ufunc", [np.power, np.arctan2], ids=name_of)
def test_a_fold_that_numpy_does_not_compute_says_so(ufunc):
    assert "f(first, last)" in message_of(MissingRule, lambda: ufunc.reduce(leaf([2.0, 3.0, 2.0])))


# ---- functions ---------------------------------------------------------------------------------------------


def test_division_of_polynomials_multiplies_back():
    u, v = generic(6), generic(3)
    q, r = np.polydiv(leaf(u), leaf(v))
    np.testing.assert_allclose(np.polyadd(np.polymul(q.data, v), r.data), u, rtol=1e-12)
    tg.gradcheck(lambda u, v: np.polydiv(u, v), u, v)
    q, r = np.polydiv(leaf([1.0, 2.0]), leaf([1.0, 2.0, 3.0]))  # the divisor is the longer
    assert (q.tolist(), r.tolist()) == ([0], [1, 2])


def test_histograms_of_two_variables_differ_by_the_weights_of_their_bins():
    x, y, w = generic(20), generic(20, seed=1), leaf(np.arange(1.0, 21.0))
    h, *edges = np.histogram2d(x, y, 3, weights=w)
    np.testing.assert_allclose(h.data, np.histogram2d(x, y, 3, weights=w.data)[0], rtol=1e-15)
    h.backward(np.arange(9.0).reshape(3, 3))
    places = [np.clip(np.searchsorted(e.data, v, "right") - 1, 0, 2) for e, v in zip(edges, (x, y))]
    np.testing.assert_array_equal(w.grad.data, 3 * places[0] + places[1])
    for density in (None, True):
        tg.gradcheck(
            lambda w, d=density: np.histogramdd(np.stack([x, y], 1), [2, 3], density=d, weights=w)[0], w.data
        )
    for argument in ("sample", "bins"):
        given = {"sample": [x, y], "bins": [[-3.0, 0.0, 3.0]] * 2}
        given[argument] = [leaf(v) for v in given[argument]]
        assert f"argument {argument}" in message_of(
            MissingRule, lambda g=given: np.histogramdd(**g, weights=w)
        )


def test_edges_of_bins_move_with_the_extremes():
    x = leaf([1.0, 3.0, 2.0])
    edges = np.histogram_bin_edges(x, 2)
    assert edges.tolist() == [1, 2, 3]
    edges.backward([1.0, 10.0, 100.0])
    assert x.grad.tolist() == [1 + 5, 100 + 5, 0]
    assert np.histogram_bin_edges(leaf([2.0, 2.0]), 1).tolist() == [1.5, 2.5]
    assert np.histogram_bin_edges(x, "auto").tolist() == np.histogram_bin_edges(x.data, "auto").tolist()


def test_an_open_grid():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0, 5.0])
    a, b = np.ix_(x, y)
    np.sum(a * b).backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([12, 12], [3, 3, 3])


def test_emath_is_real_where_its_values_are():
    x = leaf([0.5, 2.0])
    np.sum(np.emath.sqrt(x) + np.emath.log(x) + np.emath.power(x, -2) + np.emath.logn(2, x)).backward()
    expected = 0.5 / np.sqrt(x.data) + 1 / x.data - 2 / x.data**3 + 1 / (x.data * np.log(2))
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-14)


def test_stacks_take_a_dtype_and_a_casting():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0], np.float32)
    for join in (np.stack, np.vstack, np.hstack, np.concatenate):
        joined = join([x, y], dtype=np.float32)
        assert joined.dtype == np.float32
        with pytest.raises(TypeError, match="safe"):
            join([x, y], dtype=np.float32, casting="safe")
    joined.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float64, np.float32)


def test_a_users_function_along_an_axis_gets_its_keywords():
    def scaled(v, by, out="nothing"):
        return v * by if out is None else v * 0

    x = leaf(generic(2, 3))
    np.sum(np.apply_along_axis(scaled, 0, x, by=2.0, out=None)).backward()
    assert x.grad.tolist() == [[2, 2, 2]] * 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: np.r_[t, 1.0], "np.concatenate"),
        (lambda t: np.c_[t, t], "np.column_stack"),
        (lambda t: np.array([t, t]), "np.stack"),
        (lambda t: np.full((2, 2), t), "np.broadcast_to"),
    ],
)
def test_what_no_protocol_reaches_names_the_line_that_works(call, says):
    assert says in message_of(CoercionError, call, leaf([1.0, 2.0]))


def test_a_start_that_is_a_tensor_of_a_sum_of_plain_numbers_names_the_line_that_works():
    with pytest.raises(ValueError, match="sequence") as numpys:  # NumPy puts its own error before ours
        np.sum([1.0, 2.0], initial=leaf(3.0))
    assert "np.sum(tg.Tensor(a), initial=t)" in str(numpys.value.__cause__)
    x = leaf(3.0)
    np.sum(tg.Tensor([1.0, 2.0]), initial=x).backward()
    assert x.grad.item() == 1
