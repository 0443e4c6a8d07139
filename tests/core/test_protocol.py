"""The traps of NumPy's protocols: forms of calls that reach us sideways,
and must neither lose a gradient nor get a wrong one.
"""

from typing import ClassVar

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, errors, no_grad
from tinygrad_edu.errors import CoercionError, DTypeError, MissingRule, UnsupportedCall


@pytest.fixture
def x():
    return Tensor([1.0, 2.0, 4.0], requires_grad=True)


def gradient(y, x):
    np.sum(y).backward()
    return x.grad.data


# ---- keywords ----------------------------------------------------------------------------------------------


def test_where_of_a_ufunc_is_refused_with_the_way_out(x):
    with pytest.raises(UnsupportedCall, match=r"where="):
        np.add(x, 1.0, where=np.array([True, False, True]))
    with pytest.raises((UnsupportedCall, MissingRule)):
        np.add(np.ones(3), 1.0, where=x > 1, out=x)


def test_where_given_a_tensor_works_without_gradients():
    mask = Tensor([True, False, True])
    assert np.sum(Tensor([1.0, 2.0, 4.0]), where=mask).item() == 5.0
    assert np.add(np.ones(3), 1.0, where=mask, out=np.zeros(3)).tolist() == [2.0, 0.0, 2.0]


def test_out_holding_a_plain_array_is_refused_with_a_gradient_and_written_without(x):
    out = np.zeros(3)
    with pytest.raises(UnsupportedCall, match="out="):
        np.exp(x, out=out)
    with pytest.raises(UnsupportedCall, match="out="):
        np.sum(x, out=np.zeros(()))
    assert out.tolist() == [0.0, 0.0, 0.0]
    np.exp(x.detach(), out=out)
    assert np.array_equal(out, np.exp([1.0, 2.0, 4.0]))
    with no_grad():
        np.negative(x, out=out)
    assert out.tolist() == [-1.0, -2.0, -4.0]


def test_out_none_is_no_out(x):
    assert np.array_equal(gradient(np.exp(x, out=None), x), np.exp([1.0, 2.0, 4.0]))
    assert np.sum(x, out=None).item() == 7.0


def test_in_place_operator_of_a_plain_array_does_not_take_a_gradient_into_itself(x):
    a = np.ones(3)
    with pytest.raises((UnsupportedCall, CoercionError)):
        a += x
    assert a.tolist() == [1.0, 1.0, 1.0]
    a -= x.detach()
    assert a.tolist() == [0.0, -1.0, -3.0]


@pytest.mark.parametrize("keyword", ["casting", "order", "subok", "dtype"])
def test_setting_of_a_ufunc_is_taken_when_recording(x, keyword):
    value = {"casting": "same_kind", "order": "C", "subok": True, "dtype": np.float64}[keyword]
    assert gradient(np.multiply(x, x, **{keyword: value}), x).tolist() == [2.0, 4.0, 8.0]


@pytest.mark.parametrize("keyword", ["where", "signature"])
def test_setting_of_a_ufunc_without_a_meaning_here_is_refused_when_recording(x, keyword):
    value = {"where": [True, False, True], "signature": "dd->d"}[keyword]
    with pytest.raises(UnsupportedCall, match=keyword):
        np.multiply(x, x, **{keyword: value})


def test_unknown_keyword_is_pythons_error(x):
    with pytest.raises(TypeError):
        np.sum(x, axes=0)


def test_order_that_depends_on_the_memory_is_refused(x):
    with pytest.raises(UnsupportedCall, match="order='A'"):
        np.reshape(x, (3, 1), order="A")
    with pytest.raises(UnsupportedCall, match="order='A'"):
        np.ravel(x, order="A")


# ---- methods of ufuncs -------------------------------------------------------------------------------------


def test_reduce_accumulate_and_outer_differentiate(x):
    assert gradient(np.multiply.reduce(x), x).tolist() == [8.0, 4.0, 2.0]
    x.grad = None
    assert gradient(np.add.accumulate(x), x).tolist() == [3.0, 2.0, 1.0]
    x.grad = None
    assert gradient(np.multiply.outer(x, [1.0, 2.0]), x).tolist() == [3.0, 3.0, 3.0]
    x.grad = None
    assert gradient(np.multiply.outer([1.0, 2.0], x), x).tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("np.power.reduceat", lambda x: np.power.reduceat(x, [0, 2])),
        ("np.power.reduce", lambda x: np.power.reduce(x)),
        ("np.arctan2.reduce", lambda x: np.arctan2.reduce(x)),
    ],
)
def test_other_methods_of_ufuncs_are_refused_by_name(x, name, call):
    with pytest.raises(MissingRule, match=name):
        call(x)


@pytest.mark.parametrize(
    "call", [lambda x: np.divide.at(x * 1, [0], 1.0), lambda x: np.divide.at(np.zeros(3), [0, 1, 2], x)]
)
def test_at_is_refused_by_name(x, call):
    with pytest.raises((MissingRule, UnsupportedCall), match=r"np\.divide\.at"):
        call(x)
    assert x.tolist() == [1.0, 2.0, 4.0]


# ---- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "function"),
    [
        (np.amax, np.max),
        (np.amin, np.min),
        (np.around, np.round),
        (np.abs, np.absolute),
        (np.true_divide, np.divide),
    ],
)
def test_both_names_of_a_function_differentiate(alias, function):
    args = (2.0,) if function is np.divide else ()
    results = []
    for f in (alias, function):
        x = Tensor([1.0, 2.0, 4.0], requires_grad=True)
        y = f(x, *args)
        results.append((y.tolist(), gradient(y, x).tolist()))
    assert results[0] == results[1]


# ---- tensors inside lists and keywords ---------------------------------------------------------------------


def test_tensor_in_a_list(x):
    assert gradient(np.concatenate([[5.0], x, np.ones(2)]) * np.arange(6.0), x).tolist() == [1.0, 2.0, 3.0]
    x.grad = None
    assert gradient(np.stack((np.zeros(3), x))[1] * 2, x).tolist() == [2.0, 2.0, 2.0]
    x.grad = None
    assert gradient(np.einsum("i,i->", x, [1.0, 2.0, 3.0]), x).tolist() == [1.0, 2.0, 3.0]


def test_tensor_as_a_keyword(x):
    assert gradient(np.sum(a=x * 3), x).tolist() == [3.0, 3.0, 3.0]
    x.grad = None
    assert gradient(np.clip(np.ones(3), a_min=x, a_max=None), x).tolist() == [0.5, 1.0, 1.0]
    x.grad = None
    assert gradient(np.reshape(x, shape=(3, 1)) * 2, x).tolist() == [2.0, 2.0, 2.0]


def test_tensor_in_a_list_of_a_refusing_function_is_refused(x):
    with pytest.raises(MissingRule, match=r"np\.histogramdd"):
        np.histogramdd([x, x])
    with pytest.raises(MissingRule, match=r"np\.union1d"):
        np.union1d([1.0, 2.0, 3.0], x)


# ---- coercions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coerce", "instead"),
    [
        (lambda x: np.array([x, x]), r"np\.stack"),
        (lambda x: np.array([x[0], x[1]]), r"np\.stack"),
        (lambda x: np.asarray(x), r"detach\(\)"),
        (lambda x: np.array(x), r"detach\(\)"),
        (lambda x: np.ascontiguousarray(x), r"detach\(\)"),
        (lambda x: np.full(3, x), r"detach\(\)"),
        (lambda x: np.full((2, 3), x[0]), r"detach\(\)"),
        (lambda x: np.vectorize(lambda v: v * 2.0)(x), r"detach\(\)"),
        (lambda x: np.linalg.norm([x, x]), r"step around|np\.stack"),
        (lambda x: float(x[0]), r"item\(\)"),
        (lambda x: int(x[0]), r"item\(\)"),
        (lambda x: x.numpy(), r"detach\(\)"),
        (lambda x: np.zeros(3).__setitem__(slice(None), x), r"detach\(\)"),
        (lambda x: np.float64(x[0]), r"item\(\)|detach\(\)"),
        (lambda x: np.random.default_rng(0).normal(x), r"detach\(\)"),
        (lambda x: Tensor([x, x]), r"np\.stack"),
    ],
)
def test_coercion_that_would_lose_a_gradient_raises_with_the_fix(x, coerce, instead):
    with pytest.raises((CoercionError, MissingRule), match=instead):
        coerce(x)


def test_element_of_a_plain_array_does_not_take_a_gradient_into_itself(x):
    with pytest.raises(
        ValueError, match="setting an array element"
    ) as error:  # NumPy's, with ours as its cause
        np.zeros(3)[0] = x[0]
    assert isinstance(error.value.__cause__, CoercionError)


def test_coercion_without_a_gradient_works(x):
    for plain in (x.detach(), Tensor([1.0, 2.0, 4.0])):
        assert np.array([plain, plain]).shape == (2, 3)
        assert np.asarray(plain).tolist() == [1.0, 2.0, 4.0]
        assert float(plain[0]) == 1.0
        assert np.vectorize(lambda v: v * 2)(plain).tolist() == [2.0, 4.0, 8.0]
    with no_grad():
        assert np.asarray(x).tolist() == [1.0, 2.0, 4.0]
    assert np.asarray(Tensor([1.0]), dtype=np.float32).dtype == np.float32


def test_asarray_shares_memory_and_array_copies():
    x = Tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x), x.data)
    assert np.shares_memory(np.array(x, copy=None), x.data)
    with pytest.raises(ValueError, match="copy"):
        np.array(x, copy=False, dtype=np.float32)


# ---- subclasses and other arrays ---------------------------------------------------------------------------


class Named(Tensor):
    """A subclass with nothing of its own."""


def test_subclass_differentiates():
    x = Named([1.0, 2.0], requires_grad=True)
    for y in (np.exp(x), x * x, x + Tensor([1.0, 1.0]), np.concatenate([x, np.ones(1)])):
        assert isinstance(y, Tensor)
        assert y.requires_grad
    assert gradient(np.multiply(Tensor([3.0, 4.0]), x), x).tolist() == [3.0, 4.0]


class Asked(Tensor):
    """A subclass that notes what it is asked."""

    asked: ClassVar[list[str]] = []

    def __array_function__(self, function, types, args, kwargs):
        self.asked.append(function.__name__)
        return super().__array_function__(function, types, args, kwargs)


def test_a_subclass_that_answers_calls_answers_those_of_our_own_functions_too():
    own = tg.primitive(x=lambda g: g)(lambda x: np.copy(x))
    x = type("Heir", (Asked,), {})([1.0, -2.0], requires_grad=True)
    for call in (lambda: np.sum(x), lambda: tg.relu(x), lambda: tg.elu(x, 2.0), lambda: own(x)):
        assert call().requires_grad
    assert Asked.asked == ["sum", "relu", "elu", "<lambda>"]


class Unit(np.ndarray):
    """A subclass of ndarray."""


def test_subclass_of_ndarray_mixes_and_does_not_leak(x):
    a = np.array([1.0, 2.0, 3.0]).view(Unit)
    y = a * x + x * a
    assert type(y) is Tensor
    assert type(y.data) is np.ndarray
    assert gradient(y, x).tolist() == [2.0, 4.0, 6.0]


def test_matrix_mixes_elementwise_as_an_array(x):
    with pytest.warns(PendingDeprecationWarning):
        m = np.matrix([[1.0, 2.0, 3.0]])
    y = np.multiply(m, x)
    assert type(y) is Tensor
    assert type(y.data) is np.ndarray


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: x * m,
        lambda m, x: np.add(x, m),
        lambda m, x: np.multiply(m, x),
        lambda m, x: Tensor(m),
        lambda m, x: x[:2] - m[:2],
    ],
)
def test_masked_array_is_refused(x, call):
    with pytest.raises(DTypeError, match="filled"):
        call(np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]), x)


def test_masked_array_on_the_left_cannot_swallow_a_gradient(x):
    with pytest.raises(CoercionError):  # its own operator asks for an array, without asking us first
        np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]) + x


class OptsOut:
    """An array-like that takes no part in ufuncs."""

    __array_ufunc__ = None


class TakesOver(OptsOut):
    def __radd__(self, other):
        return "took over"


def test_operand_that_opts_out_of_ufuncs_has_its_own_way(x):
    assert x + TakesOver() == "took over"
    with pytest.raises(TypeError, match="OptsOut"):
        x + OptsOut()
    with pytest.raises(TypeError):
        np.add(x, OptsOut())


class Stubborn:
    """An array that knows no tensor and says so."""

    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented


def test_stranger_is_not_coerced(x):
    with pytest.raises(TypeError):
        np.add(x, Stubborn())


# ---- mixed arithmetic --------------------------------------------------------------------------------------

OTHERS = [
    np.array([2.0, 4.0, 8.0]), np.array(2.0), np.float64(2.0), np.float32(2.0), np.int64(2), 2, 2.0, True,
    [2.0, 4.0, 8.0], (2, 4, 8), np.array([[2.0], [4.0]]), np.array([2, 4, 8]),
    np.array([2.0, 4.0, 8.0], np.float32), Tensor([2.0, 4.0, 8.0]),
]  # fmt: skip
OPERATORS = {
    "+": (lambda a, b: a + b, lambda a, b: 1 + 0 * a * b, lambda a, b: 1 + 0 * a * b),
    "-": (lambda a, b: a - b, lambda a, b: 1 + 0 * a * b, lambda a, b: -1 + 0 * a * b),
    "*": (lambda a, b: a * b, lambda a, b: b + 0 * a, lambda a, b: a + 0 * b),
    "/": (lambda a, b: a / b, lambda a, b: 1 / b + 0 * a, lambda a, b: -a / b**2),
    "**": (lambda a, b: a**b, lambda a, b: b * a ** (b - 1), lambda a, b: a**b * np.log(a)),
}


@pytest.mark.parametrize("other", OTHERS, ids=lambda o: f"{type(o).__name__}{np.shape(o)}")
@pytest.mark.parametrize("symbol", OPERATORS)
def test_mixed_arithmetic_from_both_sides(symbol, other):
    operate, slope_left, slope_right = OPERATORS[symbol]
    a, b = np.array([1.0, 2.0, 4.0]), np.asarray(other, dtype=np.float64)
    for left in (True, False):
        x = Tensor(a, requires_grad=True)
        y = operate(x, other) if left else operate(other, x)
        assert type(y) is Tensor
        assert y.requires_grad
        np.testing.assert_allclose(y.data, operate(a, b) if left else operate(b, a), rtol=1e-15)
        slopes = slope_left(a, b) if left else slope_right(b, a)
        np.testing.assert_allclose(gradient(y, x), slopes.reshape(-1, 3).sum(0), rtol=1e-14)


@pytest.mark.parametrize("other", [2, 2.0, True, [2.0, 2.0]], ids=str)
def test_python_numbers_do_not_widen_float32(other):
    x = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    # A list is an array of float64, as for NumPy.
    expected = np.float32 if not isinstance(other, list) else np.float64
    for y in (x + other, other * x, x / other, other - x):
        assert y.dtype == expected


def test_comparisons_from_both_sides_are_boolean_and_carry_no_gradient(x):
    for y in (
        x > 2.0,
        np.float64(2.0) > x,
        np.array([0.0, 2.0, 9.0]) == x,
        x != [1.0, 2.0, 4.0],
        np.less(x, x),
    ):
        assert y.dtype == bool
        assert not y.requires_grad


def test_matmul_from_both_sides():
    m = np.arange(6.0).reshape(2, 3)
    x = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    assert gradient(m @ x, x).tolist() == [3.0, 5.0, 7.0]
    x.grad = None
    assert gradient(x @ m.T, x).tolist() == [3.0, 5.0, 7.0]
    x.grad = None
    assert gradient(m.tolist() @ x, x).tolist() == [3.0, 5.0, 7.0]


def test_text_is_refused(x):
    with pytest.raises(TypeError):
        x + "a"
    with pytest.raises(TypeError):
        x + None


# ---- spellings ---------------------------------------------------------------------------------------------


def test_out_by_position_is_seen():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with tg.no_grad():
        np.cumsum([5.0, 5.0], 0, None, x)
        np.mean(x, None, None, np.zeros(()))
    with pytest.raises(errors.InPlaceError):
        y.sum().backward()
    with pytest.raises(errors.UnsupportedCall, match="out="):
        np.cumsum(x, 0, None, np.zeros(2))


def test_nan_to_num_without_a_copy_is_seen_as_a_write():
    x, w = tg.Tensor([np.nan, 2.0]), tg.Tensor([1.0, 1.0], requires_grad=True)
    y = x * w
    assert np.nan_to_num(x).tolist() == [0.0, 2.0]
    assert np.nan_to_num(x, copy=False).tolist() == x.tolist() == [0.0, 2.0]
    with pytest.raises(errors.InPlaceError):
        y.sum().backward()
    with pytest.raises(errors.UnsupportedCall, match="copy=False"):
        np.nan_to_num(w, copy=False)


def test_writes_through_strided_views_are_seen():
    x = tg.Tensor(np.arange(4.0))
    y = x * tg.Tensor([1.0], requires_grad=True)
    window = tg.Tensor(np.lib.stride_tricks.as_strided(x.data, (2,)))
    with tg.no_grad():
        window += 1.0
    with pytest.raises(errors.InPlaceError):
        y.sum().backward()


def test_where_with_a_condition_alone_and_take_with_booleans():
    mask = tg.Tensor([True, False, True])
    assert [a.tolist() for a in np.where(mask)] == [[0, 2]]
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.testing.assert_array_equal(np.take(x, [True, False, True]).data, [2, 1, 2])


def test_einsum_in_numpys_own_words():
    x = np.arange(6.0).reshape(2, 3)
    t = tg.Tensor(x, requires_grad=True)
    np.testing.assert_array_equal(np.einsum(t, [0, 30]).data, np.einsum(x, [0, 30]))
    with pytest.raises(ValueError, match="ellipsis"):
        np.einsum("...i->i", t)
    np.einsum(",ij->", 2.0, t).backward()
    np.testing.assert_array_equal(t.grad.data, np.full((2, 3), 2.0))


def test_roll_by_lists():
    x = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    np.roll(x, [1, 1], axis=(0, 1)).backward(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x.grad.data, np.roll(np.arange(6.0).reshape(2, 3), (-1, -1), (0, 1)))


def test_arctan2_where_squares_leave_the_range():
    y, x = (tg.Tensor(np.float32(1e-23), requires_grad=True) for _ in range(2))
    np.arctan2(y, x).backward()
    np.testing.assert_allclose([y.grad.item(), x.grad.item()], [5e22, -5e22], rtol=1e-6)


def test_assignment_into_integers_does_not_lose_a_gradient():
    x = tg.Tensor(np.arange(3))
    with pytest.raises(errors.DTypeError, match="would lose it"):
        x[0] = tg.Tensor(2.0, requires_grad=True)


@pytest.mark.parametrize(
    "lose",
    [
        lambda x, m: x.__setitem__(slice(None), m),
        lambda x, m: np.where(m > 1, x, 0),
        lambda x, m: x[m.astype(int)],
        lambda x, m: np.take(x, (m - 1).astype(int)),
        lambda x, m: np.take(x, indices=(m - 1).astype(int), axis=0),
        lambda x, m: np.concatenate([x, m]),
        lambda x, m: tg.relu(m),
    ],
)
def test_masks_are_lost_nowhere(lose):
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    for wanted in (True, False):
        with pytest.raises(DTypeError, match=r"masked|Masked"):
            lose(Tensor([5.0, 6.0], requires_grad=wanted) * 1.0, masked)


def test_concatenate_casts_as_numpy_does():
    x = Tensor([1.5], requires_grad=True)
    with pytest.raises(TypeError, match="Cannot cast"):
        np.concatenate([x, x], dtype=int)
    assert np.concatenate([x, x], dtype=np.float32).dtype == np.float32


def test_a_function_of_another_library_with_an_attribute_named_entry_is_refused():
    def foreign(x):
        return x.__array_function__(foreign, (type(x),), (x,), {})

    foreign.entry = "of a table of its own"
    with pytest.raises(MissingRule):
        foreign(tg.Tensor([1.0], requires_grad=True))
