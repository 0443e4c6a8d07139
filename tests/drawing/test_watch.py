"""What `watch` writes down, for how long, and that nothing else changes."""

import contextlib
import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic, leaf, message_of
from tinygrad_edu import nn
from tinygrad_edu.drawing.watch import SEEN
from tinygrad_edu.errors import ArgumentError, NonFiniteError


def test_constants_results_and_lines_are_kept_after_backward():
    x = leaf(2.0)
    with tg.drawing.watch():
        y = np.exp(x * 3.0 + 1.0)
        y.backward()
    picture = tg.draw(y, names={"x": x})
    text = str(picture)
    assert "x2 = 3" in text
    assert "x2 = 1" in text
    assert "value 6" in text
    assert "value 7" in text
    assert "let go" not in text
    assert "test_watch.py:" in picture._repr_svg_()


def test_it_ends_with_its_block_and_lives_as_long_as_the_graph():
    x = leaf(2.0)
    with tg.drawing.watch():
        y = x * 3.0
    z = x * 4.0
    assert y._node in SEEN
    assert z._node not in SEEN
    gc.disable()
    try:
        alive = weakref.ref(y._node)
        del y
        assert alive() is None
    finally:
        gc.enable()


def test_values_are_those_of_then_when_an_optimizer_has_moved_on():
    model = nn.Linear(1, 1, rng=0, dtype=np.float64)
    optimizer = tg.optim.SGD(model.parameters(), lr=1.0)
    before = model.weight.item()
    with tg.drawing.watch(model):
        loss = np.sum(np.square(model(np.ones((1, 1)))))
        loss.backward()
    expected = model.weight.grad.item()
    optimizer.step()
    assert model.weight.item() != before
    walk = tg.explain(loss, names=model)
    weight = next(step for step in walk.steps if step.title == "weight")
    assert weight.gradient.item() == pytest.approx(expected)
    assert weight.check.agrees


def test_the_modules_are_as_they_were():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Dropout(0.5, rng=0))
    attributes = [dict(vars(module)) for module in model.modules()]

    def step():
        with tg.drawing.watch(model):
            model(generic(3, 2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step()
    assert [dict(vars(module)) for module in model.modules()] == attributes
    assert all(module.training for module in model.modules())


def test_gradients_are_the_same_and_the_debug_mode_goes_on():
    def gradient(block):
        x = leaf(generic(3))
        with block:
            np.sum(np.sin(x) * x).backward()
        return x.grad.data

    np.testing.assert_array_equal(gradient(tg.drawing.watch()), gradient(contextlib.nullcontext()))
    x = leaf([0.0])
    with tg.debug(), tg.drawing.watch(), np.errstate(divide="ignore"), pytest.raises(NonFiniteError):
        np.log(x)


def test_a_model_is_a_module():
    assert "watch: model is a Module" in message_of(ArgumentError, tg.drawing.watch, "model")


def test_settings_that_have_their_defaults_are_not_shown():
    x = leaf([1.0, 2.0])
    with tg.drawing.watch():
        y = np.sum(x)
        z = np.sum(x, keepdims=True)
    assert "dtype" not in str(tg.draw(y))
    assert "keepdims" not in str(tg.draw(y))
    assert "keepdims = True" in str(tg.draw(z))
