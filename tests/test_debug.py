"""The debug mode: what it finds, what it says, and that it leaves right programs alone."""

import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors


def leaf(values, dtype=np.float64):
    return tg.Tensor(np.array(values, dtype), requires_grad=True)


@tg.primitive(x=lambda g: np.multiply(g, 2.0, out=g))
def spoils_g(x):
    return x * 2


def write(target, value):
    target[...] = value
    return target


@tg.primitive(x=lambda g, x: g * write(x, 0.0))
def spoils_x(x):
    return x * x


def test_E11_a_write_behind_the_back_of_the_graph():
    a = leaf([1.0, 2.0])
    with tg.debug():
        y = np.sum(a * a)
        a.data[0] = 99
        with pytest.raises(errors.InPlaceError, match=r"np\.multiply: .* changed after the operation, at .*test_debug\.py:\d+ in test_E11"):
            y.backward()
    assert a.grad is None


def test_E11_outside_it_the_gradient_is_that_at_the_new_values():
    """As the docstring of Tensor says: NumPy tells nobody."""
    a = leaf([1.0, 2.0])
    y = np.sum(a * a)
    a.data[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [198.0, 4.0])


@pytest.mark.parametrize("function", [spoils_g, spoils_x])
def test_E24_a_rule_that_writes_into_what_it_is_given(function):
    a, g = leaf([1.0, 2.0]), np.array([1.0, 10.0])
    with tg.debug():
        y = function(a)
        with pytest.raises(errors.WrongRule, match=rf"{function.__name__}: a derivative rule writes into an array .*test_debug\.py:\d+ in test_E24"):
            y.backward(g)
    np.testing.assert_array_equal(g, [1.0, 10.0])
    np.testing.assert_array_equal(a.data, [1.0, 2.0])


def test_E33_a_result_that_is_not_finite():
    x = leaf([1.0, 0.0])
    with tg.debug(), np.errstate(divide="ignore"):
        message = r"np\.log returned -inf at index \(1,\) \(shape \(2,\), 1 such\), at .*test_debug\.py:\d+ in test_E33"
        with pytest.raises(errors.NonFiniteError, match=message):
            _ = np.log(x) * 0
        with pytest.raises(FloatingPointError, match=r"np\.divide returned inf"):
            _ = 1 / x


def test_E33_names_the_line():
    x = leaf(0.0)
    with tg.debug(), np.errstate(divide="ignore"), pytest.raises(errors.NonFiniteError) as caught:
        np.log(x)
    assert f"{__file__}:{caught.traceback[0].lineno + 1} " in str(caught.value)


def test_E33_a_gradient_that_is_not_finite():
    x = leaf([4.0, 0.0])
    with tg.debug():
        y = np.sqrt(x)
        with pytest.raises(errors.NonFiniteError, match=r"The gradient of np\.sqrt is inf at index \(1,\) .*test_debug\.py:\d+ in test_E33"):
            y.backward([1.0, 1.0])
    assert x.grad is None


def test_E33_finite_checks_can_be_switched_off():
    x = leaf([4.0, 0.0])
    with tg.debug(nonfinite=False):
        np.sqrt(x).backward([1.0, 1.0])
    np.testing.assert_array_equal(x.grad.data, [0.25, np.inf])


def test_results_without_a_gradient_are_looked_at_too():
    with tg.debug(), np.errstate(divide="ignore"), pytest.raises(errors.NonFiniteError, match=r"np\.log"):
        np.log(tg.Tensor([0.0]))
    with tg.debug(), tg.no_grad(), np.errstate(divide="ignore"), pytest.raises(errors.NonFiniteError, match=r"np\.log"):
        np.log(leaf([0.0]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_right_programs_are_left_alone(dtype):
    def gradients():
        rng = np.random.default_rng(0)
        x, w = leaf(rng.standard_normal((4, 3)), dtype), leaf(rng.standard_normal((3, 3)), dtype)
        h = np.maximum(x @ w, 0) + np.concatenate([x[:2], x[2:] * 2])
        h[0] = w[0]
        loss = tg.softmax_cross_entropy(h, [0, 1, 2, 0]) + np.std(h) + np.prod(np.tanh(h)) + np.einsum("ij,kj->", x, w)
        loss.backward()
        return x.grad.data.tobytes(), w.grad.data.tobytes()

    expected = gradients()
    with tg.debug():
        assert gradients() == expected


def test_second_derivatives_under_debug():
    with tg.debug():
        assert tg.grad(tg.grad(lambda x: x**3 + np.exp(x)))(0.0).item() == 1.0


def test_it_ends_with_its_block_and_its_thread():
    x = leaf(0.0)
    with pytest.raises(KeyError), tg.debug():
        raise KeyError
    with np.errstate(divide="ignore"):
        assert np.log(x).item() == -np.inf
        with tg.debug():
            found = []
            thread = threading.Thread(target=lambda: found.append(tg.Tensor(np.inf) + x))
            thread.start()
            thread.join()
            assert found[0].item() == np.inf


def test_a_graph_made_outside_is_checked_inside():
    x = leaf([4.0, 0.0])
    y = np.sqrt(x)
    with tg.debug(), pytest.raises(errors.NonFiniteError, match="recorded outside of the debug mode"):
        y.backward([1.0, 1.0])
