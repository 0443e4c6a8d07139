"""no_grad and enable_grad: as context managers and decorators, in threads, generators
and coroutines (E16 to E18).
"""

import asyncio
import contextvars
import inspect
import threading

import numpy as np
import pytest

import tinygrad_edu as tg


def test_results_need_no_gradient():  # E16
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad():
        assert not tg.is_grad_enabled()
        for y in (x * 2, np.exp(x), tg.relu(x), x[0], x.sum(), *np.split(x, 2)):
            assert not y.requires_grad
            assert y.is_leaf
        assert x.requires_grad
        assert tg.Tensor(1.0, requires_grad=True).requires_grad
    assert tg.is_grad_enabled()
    assert (x * 2).requires_grad


def test_what_was_recorded_before_can_be_differentiated_inside():  # E16
    x = tg.Tensor(3.0, requires_grad=True)
    y = x * x
    with tg.no_grad():
        y.backward()
        assert not tg.is_grad_enabled()
    assert x.grad.item() == 6.0
    assert not x.grad.requires_grad


def test_parameters_are_updated_in_place():  # E16
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    memory = x.data
    with tg.no_grad():
        x -= 1
        x[0] = 5
    assert x.data is memory
    np.testing.assert_array_equal(memory, [5.0, 1.0])


@pytest.mark.parametrize("block", [tg.no_grad, tg.enable_grad])
def test_a_statement_changes_nothing_and_says_so(block):
    """As in PyTorch; a notebook shows what the last line of a cell returned."""
    with tg.no_grad(), tg.enable_grad():
        shown = block()
        assert tg.is_grad_enabled()
    name = block.__name__
    assert (
        repr(shown)
        == f"{name}(): holds in a block, `with {name}():`, or in a function, `@{name}`; the call alone "
        "changes nothing"
    )


def test_modes_nest():  # E16
    with tg.no_grad():
        with tg.enable_grad():
            assert tg.is_grad_enabled()
            with tg.no_grad():
                assert not tg.is_grad_enabled()
            assert tg.is_grad_enabled()
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()


def test_one_object_may_be_nested_in_itself():  # E16
    off = tg.no_grad()
    with off:
        with off:
            pass
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()


def test_the_mode_is_restored_after_an_exception():  # E16
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert tg.is_grad_enabled()
    with pytest.raises(ValueError, match="broadcast"), tg.no_grad():
        tg.Tensor([1.0, 2.0]) + np.ones(3)
    assert tg.is_grad_enabled()


def test_a_failed_backward_pass_restores_recording():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = np.sum(x * x)
    y.backward()
    with pytest.raises(RuntimeError, match="released"):
        y.backward()
    assert tg.is_grad_enabled()
    assert np.geterr()["divide"] == "warn"


@pytest.mark.parametrize("decorator", [tg.no_grad, tg.no_grad()], ids=["@no_grad", "@no_grad()"])
def test_as_a_decorator(decorator):
    @decorator
    def recording(a, *, b):
        """Says so."""
        if b:
            raise KeyError
        return tg.is_grad_enabled()

    assert recording(1, b=0) is False
    assert (recording.__name__, recording.__doc__) == ("recording", "Says so.")
    with pytest.raises(KeyError):
        recording(1, b=1)
    assert tg.is_grad_enabled()


def test_enable_grad_as_a_decorator():
    with tg.no_grad():
        assert tg.enable_grad(tg.is_grad_enabled)()
        assert not tg.is_grad_enabled()


def test_a_generator_does_not_switch_its_caller_off():  # E17
    @tg.no_grad
    def generator():
        """Steps without recording."""
        seen = [tg.is_grad_enabled()]
        try:
            sent = yield "first"
            seen.append((sent, tg.is_grad_enabled()))
            yield "second"
        except KeyError:
            seen.append(("thrown", tg.is_grad_enabled()))
            yield "third"
        finally:
            seen.append(("closed", tg.is_grad_enabled()))
        return seen

    assert inspect.isgeneratorfunction(generator)
    steps = generator()
    assert next(steps) == "first"
    assert tg.is_grad_enabled()
    assert steps.send("x") == "second"
    assert tg.is_grad_enabled()
    assert steps.throw(KeyError) == "third"
    assert tg.is_grad_enabled()
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == [False, ("x", False), ("thrown", False), ("closed", False)]
    assert tg.is_grad_enabled()


def test_a_generator_that_is_closed_or_fails_restores_the_mode():  # E17
    closed = []

    @tg.no_grad
    def generator(fail):
        try:
            yield 1
            if fail:
                raise ZeroDivisionError
        finally:
            closed.append(tg.is_grad_enabled())

    steps = generator(False)
    next(steps)
    steps.close()
    steps = generator(True)
    next(steps)
    with pytest.raises(ZeroDivisionError):
        next(steps)
    steps = generator(False)
    next(steps)
    with pytest.raises(KeyError):
        steps.throw(KeyError("unhandled"))
    assert closed == [False, False, False]
    assert tg.is_grad_enabled()


def test_a_caller_without_recording_keeps_its_own_mode():  # E17
    @tg.enable_grad
    def generator():
        yield tg.is_grad_enabled()

    with tg.no_grad():
        assert list(generator()) == [True]
        assert not tg.is_grad_enabled()


def test_coroutines_have_modes_of_their_own():  # E17
    @tg.no_grad
    async def inside():
        await asyncio.sleep(0)
        before = tg.is_grad_enabled()
        await asyncio.sleep(0)
        return before, tg.is_grad_enabled()

    async def beside():
        found = []
        for _ in range(4):
            found.append(tg.is_grad_enabled())
            await asyncio.sleep(0)
        return found

    async def main():
        return await asyncio.gather(inside(), beside(), inside())

    assert asyncio.run(main()) == [(False, False), [True] * 4, (False, False)]
    with pytest.raises(TypeError, match="async generator"):

        @tg.no_grad
        async def asynchronous():
            yield 1


def test_threads_have_modes_of_their_own():  # E18
    x = tg.Tensor(3.0, requires_grad=True)
    inside, done = threading.Event(), threading.Event()

    def without():
        with tg.no_grad():
            inside.set()
            done.wait(10)
            return tg.is_grad_enabled()

    other = threading.Thread(target=without)
    other.start()
    assert inside.wait(10)
    assert tg.is_grad_enabled()
    (x * x).backward()
    done.set()
    other.join()
    assert x.grad.item() == 6.0


def test_one_object_may_be_used_by_two_threads_at_once():  # E18
    off, seen = tg.no_grad(), []

    def enter():
        off.__enter__()
        seen.append(tg.is_grad_enabled())

    def both():
        with off:
            thread = threading.Thread(target=enter)
            thread.start()
            thread.join()
        seen.append(tg.is_grad_enabled())

    contextvars.copy_context().run(both)
    assert seen == [False, True]


# ---- within the forward of a primitive ----

W = tg.Tensor(2.0, requires_grad=True)


@tg.enable_grad
def by_enabling(x):
    return (x * W).detach().numpy()


def by_a_block(x):
    with tg.no_grad(), tg.enable_grad():
        return np.asarray((x * W).data)


def by_differentiating(x):
    return tg.grad(lambda y: y**2 * W)(tg.Tensor(x)).data


@pytest.mark.parametrize("forward", [by_enabling, by_a_block, by_differentiating])
def test_no_door_of_a_forward_loses_the_gradient_of_what_it_closes_over(forward):
    f = tg.primitive(x=lambda g: g)(forward)
    with pytest.raises(tg.errors.MissingRule, match=r"its forward uses, in .*, a Tensor of shape"):
        f(tg.Tensor(1.0, requires_grad=True))
