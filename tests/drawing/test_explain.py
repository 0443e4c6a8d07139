"""Explanations: the numbers are the program's, contributions add up, and a wrong rule is found out."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_edu as tg
from tests.helpers import generic, leaf, message_of
from tinygrad_edu import nn
from tinygrad_edu.drawing.player import player
from tinygrad_edu.drawing.sources import source_of
from tinygrad_edu.entry import Op
from tinygrad_edu.errors import ArgumentError, GraphError
from tinygrad_edu.table import entries

from .programs import SLOPES, programs


def checks(explanation):
    """All verdicts of an explanation."""
    sent = [sent.check.agrees for step in explanation.steps for sent in step.sent]
    return sent + [step.check.agrees for step in explanation.steps if step.check]


# ---- the numbers -------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(programs(most=8))
def test_contributions_are_the_closed_forms_and_add_up_to_the_differences(program):
    tensors, values = program.record(), program.values()
    number = {tensor._node: i for i, tensor in enumerate(tensors)}
    walk = tg.explain(tensors[-1], names={f"v{i}": t for i, t in enumerate(tensors)})
    assert {number[step.node] for step in walk.steps} == set(program.reached())
    for step in walk.steps:
        i = number[step.node]
        slope = 1.0 if i == len(tensors) - 1 else program.slope(i)
        assert step.gradient == pytest.approx(slope, rel=1e-4, abs=1e-5 * (1 + abs(slope)))
        if step.arrived:
            assert sum(value for *_, value in step.arrived) == pytest.approx(
                step.gradient, rel=1e-9, abs=1e-12
            )
        for k, sent in enumerate(step.sent):
            function, places = program.steps[i - len(program.start)]
            assert number[sent.target] == places[k]
            local = SLOPES[function][k](*(values[p] for p in places))
            assert sent.value == pytest.approx(step.gradient * local, rel=1e-9, abs=1e-12)
    assert all(agrees is not False for agrees in checks(walk))


def test_the_neuron_of_the_lecture_is_explained_number_by_number():
    x1, x2, w1, w2 = leaf(2.0), leaf(0.0), leaf(-3.0), leaf(1.0)
    b = leaf(6.8813735870195432)
    n = x1 * w1 + x2 * w2 + b
    o = np.tanh(n)
    text = str(tg.explain(o))
    # A. Karpathy's micrograd (2020): the figures of its lecture, tanh = 0.7071, n.grad = 0.5, x1.grad = -1.5.
    assert text.startswith("o = np.tanh(n) is 0.7071, and its own gradient is 1.")
    for line in (
        "to n: g * (1 - out * out) = 1 * (1 - 0.7071 * 0.7071) = 0.5   ✓ finite difference 0.5",
        "to x1, its x1: g * x2 = 0.5 * (-3) = -1.5   ✓ finite difference -1.5",
        "to w1, its x2: g * x1 = 0.5 * 2 = 1   ✓ finite difference 1",
        "elementwise(np.multiply, x1=lambda g, x2: g * x2,   (tinygrad_edu/ops/elementwise.py:",
        "    ✓ whole program: finite difference -1.5",
    ):
        assert line in text
    assert "14 of 14 numbers agree" in text


def test_what_is_used_twice_gets_a_sum():
    b = leaf(2.0)
    text = str(tg.explain(b * 3.0 + np.square(b)))
    assert re.search(r"gradient: 4 from #2 \+ 3 from #3 = 7", text)
    y = b + b
    assert re.search(r"gradient: 1 from #1 \+ 1 from #1 = 2", str(tg.explain(y)))


def test_gradients_held_are_compared():
    b = leaf(2.0)
    y = np.square(b)
    assert "no variable has a .grad yet" in str(tg.explain(y))
    y.backward(retain_graph=True)
    assert "its .grad holds this" in str(tg.explain(y))
    y.backward(retain_graph=True)
    assert "its .grad holds 8: gradients of several passes add up until zero_grad()" in str(tg.explain(y))
    assert b.grad.item() == 8


def test_a_network_is_explained_with_statistics():
    model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.ReLU(), nn.Linear(8, 2, rng=1))
    with tg.drawing.watch(model):
        loss = tg.softmax_cross_entropy(model(generic(4, 2)), [0, 1, 0, 1])
    walk = tg.explain(loss, names=model)
    assert checks(walk) == [True] * 11
    text = str(walk)
    assert "outer_products(g, x) = mean" in text
    assert "finite differences differ by at most" in text
    assert "in a random direction" in text
    assert text.count("test_explain.py:") == 4  # the line of each operation


def test_a_vector_takes_a_gradient_to_begin_with():
    x = leaf([1.0, 2.0])
    y = x * x
    assert "needs a gradient" in message_of(GraphError, tg.explain, y)
    walk = tg.explain(y, [1.0, -1.0])
    np.testing.assert_allclose(walk.steps[-1].gradient, [2, -4])
    assert walk.agrees


def test_complex_numbers_are_shown_as_users_know_them():
    z = tg.Tensor([1 + 2j], requires_grad=True)
    walk = tg.explain(np.sum(np.abs(z * z)))
    np.testing.assert_allclose(walk.steps[-1].gradient, [2 * (1 + 2j)])  # of |z|²
    assert checks(walk) == [True] * 5
    assert "gradient: [1+2j] from #3 + [1+2j] from #3 = [2+4j]" in str(walk)
    assert "conjugates of complex gradients" in walk.title


# ---- what cannot be trusted --------------------------------------------------------------------------------


@tg.primitive(x=lambda g, x: g * 3 * x)
def wrong_square(x):
    return x * x


@tg.primitive(x=lambda g, x: 1 / 0)
def raising(x):
    return x * x


def test_a_wrong_rule_contradicts_the_difference():
    x = leaf([1.0, 2.0])
    walk = tg.explain(np.sum(wrong_square(x)))
    assert not walk.agrees
    text = str(walk)
    assert "to x: g * 3 * x = [3, 6]   ✗ finite difference [2, 4]" in text
    assert "✗ whole program: finite difference [2, 4]" in text
    assert "2 do not" in text


def test_a_rule_that_raises_is_named():
    y = np.sum(raising(leaf([1.0])))
    assert "its rule raised ZeroDivisionError" in str(tg.explain(y))
    assert "the rule of raising raised ZeroDivisionError" in str(tg.draw(y))


def test_at_a_kink_a_difference_tells_nothing():
    walk = tg.explain(np.abs(leaf(0.0)))
    assert checks(walk) == [None, None]
    assert "at a kink" in str(walk)


def test_a_constant_that_nobody_kept_is_named_and_watch_keeps_it():
    x = leaf([2.0, 3.0])
    y = np.sum(x + 1.0)  # of which the output of the sum within is gone, too
    told = str(tg.explain(y))
    assert "not checked: x2 was not kept, see tg.drawing.watch" in told
    with tg.drawing.watch():
        y = np.sum(x + 1.0)
    assert checks(tg.explain(y)) == [True, True, True]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "term",
    [
        lambda x, c: x + c,
        lambda x, c: c + x,
        lambda x, c: x - c,
        lambda x, c: c - x,
        lambda x, c: x[:, None] - c,
    ],
)
def test_a_term_that_nobody_kept_is_told_by_the_sum_for_checks(term, dtype):
    x, c = leaf(np.array([2.0, -3.0], dtype)), np.array([1.5, 0.25], dtype)
    walk = tg.explain(np.mean(term(x, c) ** 2))
    assert set(checks(walk)) == {True}
    assert "=…" in str(walk)  # which is shown as it is: not kept


def test_an_operation_that_gives_something_else_each_time_is_not_judged():
    draw = np.random.default_rng(0).uniform

    @tg.primitive(x=lambda g, x, out: g * out / x)
    def noisy(x):
        return x * draw(1, 2)

    with tg.drawing.watch():
        y = noisy(leaf(2.0))
    walk = tg.explain(y)
    assert checks(walk) == [None, None]
    assert "the operation gives something else" in walk.steps[0].sent[0].check.text


def test_what_draws_again_is_checked_against_what_it_drew():
    x = leaf(generic(6))
    y = np.sum(tg.dropout(x, 0.5, rng=0) * x)
    with tg.drawing.watch():
        z = np.sum(tg.dropout(x, 0.5, rng=0) * x)
    assert all(agrees is not False for agrees in checks(tg.explain(y)))
    assert set(checks(tg.explain(z))) == {True}


def test_recomputed_parts_are_not_taken_for_functions_of_the_graph():
    w, x = leaf(2.0), leaf(3.0)
    part = tg.remat(lambda x: np.sin(x) / w)
    y = part(x)
    walk = tg.explain(y * 1.0)
    assert checks(walk)[0] is True  # the product
    assert set(checks(walk)[1:]) == {None}
    found = {step.title: step.gradient for step in walk.steps}
    assert found["x"] == pytest.approx(np.cos(3.0) / 2)
    assert found["w"] == pytest.approx(-np.sin(3.0) / 4)


def test_after_an_ordinary_backward_it_says_what_is_lost():
    x = leaf(2.0)
    y = x * 3.0 / 7.0
    y.backward()
    text = str(tg.explain(y))
    assert "backward() has let go of what the rest needs" in text
    assert "not known" in text


def test_older_operations_are_counted_and_nothing_half_known_is_shown():
    x = leaf(0.5)
    y = x
    for _ in range(30):
        y = np.sin(y) + x
    walk = tg.explain(y, most=10)
    assert "50 older operations are not explained (most=10)" in str(walk)
    assert len(walk.steps) == 10
    assert walk.agrees
    assert "most is an integer" in message_of(ArgumentError, tg.explain, y, most=0)


# ---- sources -----------------------------------------------------------------------------------------------


def test_every_rule_of_the_table_has_its_formula():
    found = [
        source_of(rule)
        for entry in entries().values()
        if isinstance(entry, Op) and not entry.users and entry.trusted  # no op of another test
        for rule, _ in entry.rules.values()
    ]
    assert len(found) > 400
    assert all(source.formula and source.line and ".py:" in source.place for source in found)


def test_formulas_compute_what_their_rules_do():
    names = {"g": 0.3, "x": 0.7, "out": 0.4, "x1": 0.9, "x2": -1.1}
    for function in (np.sin, np.tanh, np.exp, np.log, np.multiply, np.divide, np.arctan):
        for rule, needs in entries()[function].rules.values():
            source = source_of(rule)
            values = {name: np.float64(names[name]) for name in ("g", *needs)}
            assert eval(source.formula, {"np": np}, values) == rule(**values)  # noqa: S307  # our own line


def test_two_rules_on_a_line_are_told_apart():
    pair = [lambda g, x: g * x, lambda g, x: g / x]
    assert [source_of(rule).formula for rule in pair] == ["g * x", "g / x"]
    assert source_of(math.sin).formula == ""
    assert source_of(eval("lambda g: g * 2")).formula == ""  # noqa: S307  # of which there is no file


# ---- the page ----------------------------------------------------------------------------------------------


def test_the_slider_goes_forward_and_back_and_sums_grow():
    x = leaf(2.0)
    y = np.square(x) + x * 3.0
    walk = tg.explain(y, names={"x": x, "y": y})
    page = player(walk.walk, walk.title, walk.conclusion)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page).group(1))
    phases = [frame["phase"] for frame in data["frames"]]
    assert phases == ["forward"] * 4 + ["backward"] * 4 + ["variables", "end"]
    assert f'max="{len(phases) - 1}"' in page
    of_x = data["sums"]["0"]
    assert [text for _, text in of_x] == ["grad 3", "grad 7"]
    assert of_x[0][0] < of_x[1][0]
    assert data["turn"] == 4
    assert data["from"][0] == 0
    assert sorted(data["from"][1:]) == [1, 2, 3]
