"""Values that are changed: when that is an error, when it is seen, and when it is differentiated."""

import itertools
import operator

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn, optim


def test_a_leaf_owns_its_values():  # E11
    array = np.array([1.0, 2.0])
    a = tg.Tensor(array, requires_grad=True)
    y = np.sum(a * a)
    array[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def test_what_becomes_a_leaf_later_owns_its_values_too():  # E11
    array = np.array([1.0, 2.0])
    a = tg.Tensor(array).requires_grad_()
    y = np.sum(a * a)
    array[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def replace(a):
    a.data = np.array([9.0, 9.0])


def update_data(a):
    a.data -= 0.1


def update(a):
    with tg.no_grad():
        a -= 0.1


def write_item(a):
    with tg.no_grad():
        a[0] = 9.0


def write_through_detached(a):
    with tg.no_grad():
        detached = a.detach()
        detached += 1.0


def write_through_view(a):
    with tg.no_grad():
        view = a[:1]
        view += 1.0


def write_out(a):
    with tg.no_grad():
        np.add(a, 1.0, out=a)


def write_plain_out(a):
    np.add(np.ones(2), 1.0, out=a.detach())


def optimizer_step(a):
    a.grad = tg.Tensor(np.ones(2))
    optim.SGD([a], lr=0.1).step()


WRITERS = [
    replace,
    update_data,
    update,
    write_item,
    write_through_detached,
    write_through_view,
    write_out,
    write_plain_out,
    optimizer_step,
]


@pytest.mark.parametrize("write", WRITERS)
def test_a_write_to_a_saved_value_is_an_error(write):  # E11
    a = leaf([1.0, 2.0])
    y = a * a
    write(a)
    with pytest.raises(
        errors.InPlaceError, match=r"np\.multiply: a value of shape \(2,\) .* changed in place"
    ):
        y.backward(np.ones(2))


@pytest.mark.parametrize("write", WRITERS)
def test_a_write_to_a_value_that_nobody_saved_is_no_error(write):  # E11
    a = leaf([1.0, 2.0])
    y = a * 3.0
    write(a)
    a.grad = None
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, [3.0, 3.0])


@pytest.mark.parametrize("write", WRITERS)
def test_an_operation_after_a_write_sees_the_new_values(write):  # E11
    a = leaf([1.0, 2.0])
    write(a)
    a.grad = None
    y = a * a
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, 2 * a.data)


def test_writes_elsewhere_do_not_matter():  # E11
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    y = a * a
    update(b)
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def test_views_of_one_buffer_share_its_version():  # E11
    flat, a, b = np.array([1.0, 2.0, 3.0, 4.0]), leaf([0.0, 0.0]), leaf([0.0, 0.0])
    a.data, b.data = flat[:2], flat[2:]
    y = a * a
    update(b)
    with pytest.raises(errors.InPlaceError, match=r"np\.multiply"):
        y.backward(np.ones(2))


@pytest.mark.parametrize(
    "function", [np.exp, tg.sigmoid, tg.softmax, np.sqrt, lambda a: a[:1], lambda a: a + 1]
)
def test_values_of_a_result_are_read_only(function):  # E12
    y = function(leaf([1.0, 2.0]))
    with pytest.raises(ValueError, match="read-only"):
        y.data[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        y.data += 1
    with pytest.raises(errors.InPlaceError, match="result cannot be replaced"):
        y.data = np.zeros(2)


@pytest.mark.parametrize("function", [np.exp, tg.sigmoid, tg.softmax])
def test_an_output_that_is_changed_under_no_grad_is_an_error(function):  # E12
    y = function(leaf([1.0, 2.0]))
    z = np.sum(y)
    with tg.no_grad():
        y *= 0
    with pytest.raises(errors.InPlaceError, match=r"changed in place"):
        z.backward()


def test_a_view_of_a_leaf_is_a_result():  # E13
    a = leaf([[1.0, 2.0], [3.0, 4.0]])
    v = a[0]
    with pytest.raises(ValueError, match="read-only"):
        v.data += 1
    np.testing.assert_array_equal(a.data, [[1.0, 2.0], [3.0, 4.0]])


def test_writing_an_item_is_differentiable():
    x, v = leaf([1.0, 2.0, 3.0]), leaf(5.0)
    y = x * 2
    y[1] = v
    y[2:] = x[0] * 7
    np.sum(y * [1.0, 10.0, 100.0]).backward()
    np.testing.assert_array_equal(y.data, [2.0, 5.0, 7.0])
    np.testing.assert_array_equal(x.grad.data, [702.0, 0.0, 0.0])
    assert v.grad.item() == 10.0


def test_writing_an_item_of_a_constant():
    array, v = np.zeros(3), leaf(5.0)
    x = tg.Tensor(array)
    x[1] = v
    np.sum(x * x).backward()
    assert v.grad.item() == 10.0
    np.testing.assert_array_equal(array, np.zeros(3))


def test_who_saved_the_old_value_keeps_it():
    x = leaf([1.0, 2.0])
    y = x * 1.0
    square, view = y * y, y[:1]
    y[0] = 100.0
    y += 1.0
    np.sum(square).backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])
    np.testing.assert_array_equal(view.data, [1.0])
    np.testing.assert_array_equal(y.data, [101.0, 3.0])


IN_PLACE = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ipow,
    operator.ifloordiv,
    operator.imod,
]


@pytest.mark.parametrize("in_place", IN_PLACE)
def test_in_place_operators_rebind_results_while_recording(in_place):
    leaf_, array = leaf([5.0, 7.0]), np.array([5.0, 7.0])
    for before in (leaf_ * 1.0, tg.Tensor(array)):
        after = in_place(before, 2.0)
        assert after is not before
        np.testing.assert_array_equal(after.data, in_place(np.array([5.0, 7.0]), 2.0))
        np.testing.assert_array_equal(before.data, [5.0, 7.0])
    np.testing.assert_array_equal(array, [5.0, 7.0])


@pytest.mark.parametrize("in_place", IN_PLACE)
def test_in_place_operators_write_under_no_grad(in_place):
    x = leaf([5.0, 7.0])
    memory = x.data
    with tg.no_grad():
        after = in_place(x, tg.Tensor([2.0, 2.0]))
    assert after is x
    assert x.data is memory
    np.testing.assert_array_equal(memory, in_place(np.array([5.0, 7.0]), 2.0))


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.complex128])
@pytest.mark.parametrize("p", [-1, 2, 3, 0.5, 1.5])
def test_powers_have_the_zeros_and_nans_of_numpys(kind, p):
    """NumPy's ``x ** p`` and ``x **= p`` are of other ufuncs than np.power for some p: by all bits alike."""
    specials = [0.0, -0.0, 1.0, -2.0, 3.0, np.inf, -np.inf, np.nan]
    array = np.array([complex(*both) for both in itertools.product(specials, specials)])
    if kind is not np.complex128:
        array = np.array([1, -2, 3], kind) if kind is np.int64 else np.array(specials, kind)
    for power in (operator.pow, operator.ipow):
        x = tg.Tensor(array.copy())
        with tg.no_grad(), np.errstate(all="ignore"):
            try:
                expected = power(array.copy(), p)
            except (ValueError, TypeError) as error:
                with pytest.raises(type(error)):
                    power(x, p)
                continue
            found = power(x, p).data
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.view(np.uint8), expected.view(np.uint8))


@pytest.mark.parametrize("in_place", [*IN_PLACE, lambda x, y: operator.setitem(x, 0, y)])
def test_in_place_operators_on_a_leaf_raise_while_recording(in_place):
    x = leaf([5.0, 7.0])
    with pytest.raises(errors.InPlaceError, match="leaf"):
        in_place(x, 2.0)
    np.testing.assert_array_equal(x.data, [5.0, 7.0])


def test_a_model_is_updated_by_hand():
    p = nn.Parameter([1.0, 2.0])
    memory = p.data
    np.sum(p * p).backward()
    with tg.no_grad():
        p -= 0.5 * p.grad
    np.testing.assert_array_equal(p.data, [0.0, 0.0])
    p.data -= 1.0 * p.grad
    np.testing.assert_array_equal(p.data, [-2.0, -4.0])
    assert p.data is memory
    assert p.requires_grad


def test_out_only_where_nothing_needs_a_gradient():
    x, array, target = leaf([1.0, 2.0]), np.zeros(2), tg.Tensor(np.zeros(2))
    for call in (
        lambda: np.add(x, 1.0, out=array),
        lambda: np.sum(x, out=np.zeros(())),
        lambda: x.sum(out=np.zeros(())),
        lambda: np.add(1.0, 1.0, out=x),
        lambda: np.concatenate([x, x], out=np.zeros(4)),
    ):
        with pytest.raises(errors.UnsupportedCall, match="out="):
            call()
    np.testing.assert_array_equal(array, [0.0, 0.0])
    assert np.add(x.detach(), 1.0, out=target) is target
    np.testing.assert_array_equal(target.data, [2.0, 3.0])
    np.add(x.detach(), 1.0, out=array)
    np.testing.assert_array_equal(array, [2.0, 3.0])
