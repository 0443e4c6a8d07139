"""The lesson is a page that a teacher hands out, and it computes what the step computes, to the bit."""

import copy
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.lesson import Lesson
from tinygrad_edu.errors import TraceError

from .test_equality import ACTIVATIONS, CLASSES, OPTIMIZERS, X, Y, made, normal, perceptron

GOLDEN = Path(__file__).with_name("lesson.txt")


def lesson_of(compiled, name="function"):
    """The lesson as a function of the arguments alone, with copies of all that it is given."""
    lesson, namespace = Lesson(compiled.specializations[0].run, name), {}
    exec(lesson.text, namespace)  # noqa: S102  # our own text
    given = {key: copy.deepcopy(value) for key, value in lesson.given.items()}

    def step(*arguments):
        result = namespace[name](*arguments, **given)
        if "t" in given:
            given["t"] += 1
        return result

    return step, given, lesson.text


def check_lesson(network, x=X, y=Y, loss=tg.softmax_cross_entropy, optimizer=optim.SGD, **settings):
    model, function = made(network, lambda p: optimizer(p, **{"lr": 0.01, **settings}), loss, None)
    compiled = tg.compile(function)
    for _ in range(3):
        compiled(x, y)
    step, given, text = lesson_of(compiled, "step")
    for _ in range(5):
        np.testing.assert_array_equal(step(x, y), compiled(x, y).data)
    arrays = [value for value in given.values() if isinstance(value, np.ndarray)]
    for name, value in model.state_dict().items():
        assert any(np.array_equal(value, a) for a in arrays), name
    assert "tinygrad" not in text
    assert max(map(len, text.splitlines())) <= 110
    return text


def test_the_lesson_of_a_perceptron_with_adam():
    x, y = normal(4, 2), np.array([0, 1, 1, 0])
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    @tg.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(x, y)
    step(x, y)
    text = step.lesson()
    assert text == GOLDEN.read_text()
    assert len(text.splitlines()) <= 35
    lesson, given, _ = lesson_of(step, "step")
    for _ in range(20):
        np.testing.assert_array_equal(lesson(x, y), step(x, y).data)
    for name, parameter in zip(("weight_0", "bias_0", "weight_2", "bias_2"), model.parameters(), strict=True):
        np.testing.assert_array_equal(given[name], parameter.data)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_lessons_of_activations(name):
    check_lesson(perceptron(getattr(nn, name)))


@pytest.mark.parametrize("name", set(OPTIMIZERS) - {"NAdam", "RAdam"})
def test_lessons_of_optimizers(name):
    check_lesson(perceptron(nn.Tanh), optimizer=getattr(optim, CLASSES.get(name, name)), **OPTIMIZERS[name])


@pytest.mark.parametrize("name", ["NAdam", "RAdam"])
def test_an_optimizer_whose_numbers_are_no_formulas_has_no_lesson(name):
    with pytest.raises(TraceError, match=f"{name} has no lesson"):
        check_lesson(perceptron(nn.Tanh), optimizer=getattr(optim, name))


@pytest.mark.parametrize(
    "between", [[lambda: nn.BatchNorm1d(5)], [lambda: nn.LayerNorm(5)], [lambda: nn.Dropout(0.5, rng=0)]]
)
def test_lessons_of_layers(between):
    check_lesson(perceptron(*between))


@pytest.mark.parametrize("loss", [tg.mse_loss, tg.smooth_l1_loss])
def test_lessons_of_losses(loss):
    check_lesson(perceptron(nn.Tanh), y=normal(8, 3), loss=loss)


def test_lessons_of_groups():
    def groups(parameters, lr):
        first, *others = parameters
        return optim.AdamW([{"params": [first], "weight_decay": 0.5}, {"params": others}], lr=lr)

    check_lesson(perceptron(nn.Tanh), optimizer=groups)


def test_a_lesson_of_a_gradient():
    step = tg.compile(tg.grad(lambda x: np.sum(np.sin(x) ** 2)))
    x = np.linspace(0, 1, 5)
    step(x)
    lesson, _, _ = lesson_of(step)
    np.testing.assert_array_equal(lesson(x), step(x))
