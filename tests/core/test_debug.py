"""The debug mode: what it finds, what it says, and that it leaves right programs alone."""

import asyncio
import contextvars
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import in_thread, leaf
from tinygrad_edu import errors


@tg.primitive(x=lambda g: np.multiply(g, 2.0, out=g))
def spoils_g(x):
    return x * 2


def write(target, value):
    target[...] = value
    return target


@tg.primitive(x=lambda g, x: g * write(x, 0.0))
def spoils_x(x):
    return x * x


def test_a_write_behind_the_back_of_the_graph_is_found():  # E11
    a = leaf([1.0, 2.0])
    with tg.debug():
        y = np.sum(a * a)
        a.data[0] = 99
        with pytest.raises(
            errors.InPlaceError,
            match=r"np\.multiply: .* changed after the operation, at .*test_debug\.py:\d+ in test_a_write",
        ):
            y.backward()
    assert a.grad is None


def test_without_debug_the_gradient_is_that_at_the_new_values():  # E11
    """As the docstring of Tensor says: NumPy tells nobody."""
    a = leaf([1.0, 2.0])
    y = np.sum(a * a)
    a.data[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [198.0, 4.0])


@pytest.mark.parametrize("function", [spoils_g, spoils_x])
def test_a_rule_that_writes_into_what_it_is_given_is_found(function):  # E24
    a, g = leaf([1.0, 2.0]), np.array([1.0, 10.0])
    with tg.debug():
        y = function(a)
        with pytest.raises(
            errors.WrongRule,
            match=rf"{function.__name__}: a derivative rule writes into an array .*test_debug\.py:\d+ in "
            r"test_a_rule",
        ):
            y.backward(g)
    np.testing.assert_array_equal(g, [1.0, 10.0])
    np.testing.assert_array_equal(a.data, [1.0, 2.0])


def test_a_result_that_is_not_finite_is_named():  # E33
    x = leaf([1.0, 0.0])
    with tg.debug(), np.errstate(divide="ignore"):
        place = r".*test_debug\.py:\d+ in test_a_result"
        message = r"np\.log returned -inf at index \(1,\) \(shape \(2,\), 1 such\), at " + place
        with pytest.raises(errors.NonFiniteError, match=message):
            _ = np.log(x) * 0
        with pytest.raises(FloatingPointError, match=r"np\.divide returned inf"):
            _ = 1 / x


def test_the_error_names_the_line():  # E33
    x = leaf(0.0)
    with tg.debug(), np.errstate(divide="ignore"), pytest.raises(errors.NonFiniteError) as caught:
        np.log(x)
    assert f"{__file__}:{caught.traceback[0].lineno + 1} " in str(caught.value)


def test_a_gradient_that_is_not_finite_is_named():  # E33
    x = leaf([4.0, 0.0])
    with tg.debug():
        y = np.sqrt(x)
        with pytest.raises(
            errors.NonFiniteError,
            match=r"The gradient of np\.sqrt is inf at index \(1,\) .*test_debug\.py:\d+ in test_a_gradient",
        ):
            y.backward([1.0, 1.0])
    assert x.grad is None


def test_finite_checks_can_be_switched_off():  # E33
    x = leaf([4.0, 0.0])
    with tg.debug(nonfinite=False):
        np.sqrt(x).backward([1.0, 1.0])
    np.testing.assert_array_equal(x.grad.data, [0.25, np.inf])


def test_results_without_a_gradient_are_looked_at_too():
    with tg.debug(), np.errstate(divide="ignore"), pytest.raises(errors.NonFiniteError, match=r"np\.log"):
        np.log(tg.Tensor([0.0]))
    with (
        tg.debug(),
        tg.no_grad(),
        np.errstate(divide="ignore"),
        pytest.raises(errors.NonFiniteError, match=r"np\.log"),
    ):
        np.log(leaf([0.0]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_right_programs_are_left_alone(dtype):
    def gradients():
        rng = np.random.default_rng(0)
        x, w = leaf(rng.standard_normal((4, 3)), dtype), leaf(rng.standard_normal((3, 3)), dtype)
        h = np.maximum(x @ w, 0) + np.concatenate([x[:2], x[2:] * 2])
        h[0] = w[0]
        loss = (
            tg.softmax_cross_entropy(h, [0, 1, 2, 0])
            + np.std(h)
            + np.prod(np.tanh(h))
            + np.einsum("ij,kj->", x, w)
        )
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


# ---- as a statement, a block and a decorator ---------------------------------------------------------------


def checks():
    """Whether operations are looked at, here and now."""
    with np.errstate(divide="ignore"):
        try:
            np.log(leaf([0.0]))
        except errors.NonFiniteError:
            return True
    return False


@pytest.fixture
def statement():
    """debug as a test uses it for the process; switched off at the end."""
    yield tg.debug
    tg.debug(False)
    assert not checks()
    assert not in_thread(checks)


def test_a_statement_holds_until_it_is_switched_off(statement):
    statement()
    assert checks()
    assert in_thread(checks)
    statement()
    statement(False)
    assert not checks()
    assert not in_thread(checks)


def test_a_statement_reaches_threads_and_blocks_that_are_there_already(statement):
    on, asked, found = threading.Event(), threading.Event(), []

    def before():
        with tg.no_grad():
            on.wait(10)
            found.append(checks())
            with tg.enable_grad():
                found.append(checks())
        asked.set()

    thread = threading.Thread(target=before)
    thread.start()
    with tg.no_grad():
        statement()
        assert checks()
        on.set()
        assert asked.wait(10)
    thread.join()
    assert found == [True, True]
    assert checks()


def test_a_statement_over_two_cells_of_a_notebook(statement):
    namespace, kernel = {"tg": tg, "checks": checks}, contextvars.copy_context()
    for cell in ("tg.debug()", "a = checks()", "tg.debug(False)", "b = checks()"):
        kernel.copy().run(exec, cell, namespace)  # the cells above
    assert (namespace["a"], namespace["b"]) == (True, False)


def test_a_statement_in_the_middle_of_a_graph(statement):
    x = leaf([4.0, 0.0])
    y = np.sqrt(x)
    statement()
    with pytest.raises(errors.NonFiniteError, match="recorded outside of the debug mode"):
        y.backward([1.0, 1.0])
    z = np.sum(x * x)
    x.data[0] = 9
    with pytest.raises(
        errors.InPlaceError, match=r"at .*test_debug\.py:\d+ in test_a_statement_in_the_middle"
    ):
        z.backward()


def test_a_block_switches_off_what_a_statement_switched_on(statement):
    statement()
    with tg.debug(False):
        assert not checks()
        assert in_thread(checks)
        with tg.debug():
            assert checks()
        assert not checks()
    assert checks()
    with tg.debug(nonfinite=False):
        assert not checks()


def test_a_block_leaves_the_process_as_it_was():
    with tg.debug():
        assert checks()
        assert not in_thread(checks)
        with tg.no_grad():
            assert checks()
    assert not checks()


def test_a_statement_in_a_block_holds_for_its_rest_and_for_the_process(statement):
    with tg.debug(False):
        statement()
        assert checks()
        with tg.no_grad():
            statement(False)
        assert not checks()
        statement()
    assert checks()


def test_blocks_entered_in_another_order_than_called():
    on, off = tg.debug(), tg.debug(False)
    with on, tg.no_grad():
        assert checks()
        with off:
            assert not checks()
        assert checks()
        assert not in_thread(checks)
    assert not checks()


def test_one_object_for_several_blocks_and_threads():
    on = tg.debug()
    with on:
        with on:
            assert in_thread(checks) is False
            assert in_thread(on(checks)) is True
        assert checks()
    assert not checks()


def test_as_a_decorator():
    @tg.debug()
    def steps():
        yield checks()
        yield checks()

    @tg.debug()
    async def coroutine():
        await asyncio.sleep(0)
        return checks()

    assert not checks()
    assert tg.debug()(checks)() is True
    inside = steps()
    assert [next(inside), checks(), next(inside), checks()] == [True, False, True, False]
    assert asyncio.run(coroutine()) is True
    assert not checks()
    with pytest.raises(errors.ArgumentError, match=r"as a decorator, @debug\(\); got debug\(<function"):
        tg.debug(checks)
    assert not checks()


def test_the_repr_shows_whether_it_is_on():
    with tg.debug() as nothing:
        assert nothing is None
    on, off = tg.debug(), tg.debug(False)
    assert (repr(on), repr(off)) == ("debug()", "debug(False)")
