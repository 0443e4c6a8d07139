"""Pictures of graphs: everything is there, the numbers are right, and what is not known is not shown."""

import xml.etree.ElementTree as ElementTree
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_edu as tg
from tests.helpers import generic, leaf, message_of
from tinygrad_edu import nn
from tinygrad_edu.drawing.reading import Graph
from tinygrad_edu.errors import ArgumentError, GraphError

from .programs import SLOPES, programs

SVG = "{http://www.w3.org/2000/svg}"


def boxes(picture):
    """The boxes of an SVG: pairs of a kind, and the lines of text in the box."""
    groups = ElementTree.fromstring(picture._repr_svg_()).iter(f"{SVG}g")
    items = [group for group in groups if group.get("class") == "item"]
    kinds = [item.find(f"{SVG}rect").get("class").removeprefix("box ") for item in items]
    return [(kind, [text.text for text in item.iter(f"{SVG}text")]) for kind, item in zip(kinds, items)]


def heads(picture):
    """How many edges end in an SVG."""
    paths = ElementTree.fromstring(picture._repr_svg_()).iter(f"{SVG}path")
    return sum(path.get("class") == "head" for path in paths)


# ---- structure ---------------------------------------------------------------------------------------------


@given(programs())
def test_every_operation_variable_and_edge_is_there(program):
    tensors = program.record()
    names = {f"v{i}": tensor for i, tensor in enumerate(tensors)}
    picture = tg.draw(tensors[-1], names=names)
    expected = Counter()
    for i in program.reached():
        made = f" = np.{program.steps[i - len(program.start)][0].__name__}" if program.places(i) else ""
        expected[f"v{i}{made}"] += 1
    assert Counter(lines[0] for _, lines in boxes(picture)) == expected
    assert heads(picture) == len(program.edges())
    lines = str(picture).splitlines()[2:]
    # A line for each edge and the result, but those below a value that is named again.
    titles = Counter(line.lstrip("│├└↳ ").split("  ")[0].removesuffix(" ↑") for line in lines)
    assert set(titles) == set(expected)
    assert sum(not line.split("  ")[0].endswith("↑") for line in lines) == len(expected)
    assert len(lines) == len(program.edges()) + 1


@given(programs())
def test_the_factors_are_the_closed_forms(program):
    tensors, values = program.record(), program.values()
    graph = Graph(tensors[-1], {}, 100)
    for i in program.reached():
        if not (places := program.places(i)):
            continue
        slopes = SLOPES[program.steps[i - len(program.start)][0]]
        edges = graph.boxes[tensors[i]._node].edges
        for edge, place, slope in zip(edges, places, slopes, strict=True):
            assert edge.source is tensors[place]._node
            assert edge.factor.startswith("× ")
            expected = slope(*(values[p] for p in places))
            assert float(edge.factor.removeprefix("× ")) == pytest.approx(expected, rel=1e-3, abs=1e-9)


@settings(max_examples=15)
@given(programs(most=8))
def test_values_and_gradients_are_the_program_and_its_differences(program):
    tensors = program.record()
    tensors[-1].backward(retain_graph=True)
    graph = Graph(tensors[-1], {}, 100)
    values, last = program.values(), len(tensors) - 1
    for i in program.reached():
        box = graph.boxes[tensors[i]._node]
        assert box.value == pytest.approx(values[i], rel=1e-12)
        slope = 1.0 if i == last else program.slope(i)
        assert box.gradient == pytest.approx(slope, rel=1e-4, abs=1e-5 * (1 + abs(slope)))


# ---- before and after backward -----------------------------------------------------------------------------


def neuron():
    x, w, b = leaf(0.5), leaf(-1.25), leaf(0.25)
    return np.tanh(w * x + b), {"x": x, "w": w, "b": b}


def test_before_backward_it_says_so_and_shows_no_gradient():
    y, names = neuron()
    text = str(tg.draw(y, names=names))
    assert "backward() has not run: there are no gradients yet" in text
    assert "grad" not in text.split("yet.")[1].replace("its gradient", "")
    assert not any(line.startswith("grad") for _, lines in boxes(tg.draw(y, names=names)) for line in lines)
    assert "has not run" in tg.draw(y, names=names)._repr_svg_()


@pytest.mark.parametrize("retain", [True, False])
def test_after_backward_the_numbers_of_a_neuron_are_there(retain):
    # Of variables alone: what backward lets go of can be computed again.
    y, names = neuron()
    y.backward(retain_graph=retain)
    slope = 1 - np.tanh(-0.375) ** 2
    text = str(tg.draw(y, names=names))
    assert "not run" not in text
    assert "let go" not in text
    assert f"grad {slope * 0.5:.4g}" in text
    assert f"grad {slope * -1.25:.4g}" in text
    assert f"× {slope:.4g}" in text
    assert "× -1.25" in text


def test_a_constant_that_nobody_kept_is_not_guessed():
    x = leaf(2.0)
    y = np.exp(x * 3.0)  # whose rule asks for the result alone
    y.backward()
    picture = tg.draw(y, names={"x": x})
    assert "let go" in picture.caption
    assert picture.graph.boxes[x._node].value == 2.0
    assert "× 403.4" in str(picture)
    assert "x2 = not kept" in str(picture)
    assert "× 3" not in str(picture)
    assert "value 6" not in str(picture)


def test_what_was_computed_with_other_settings_than_the_defaults_is_not_believed():
    x = leaf([1.0, 2.0])
    y = np.exp(np.add.reduce(x, initial=5.0))
    y.backward()
    graph = Graph(y, {}, 100)
    total = graph.boxes[y._node.parents[0]]
    assert total.value is not None
    assert str(total.value) == "…"


def test_a_leaf_that_was_updated_has_its_new_value_and_spoils_nothing():
    w = leaf(2.0)
    y = np.square(w) * w
    y.backward(retain_graph=True)
    with tg.no_grad():
        w -= 0.5
    text = str(tg.draw(y, names={"w": w}))
    assert "value 1.5" in text
    assert "× 3" not in text
    assert "× 2.25" not in text


def test_gradients_that_added_up_are_told():
    w = leaf(2.0)
    for _ in range(2):
        y = np.square(w)
        y.backward(retain_graph=True)
    assert w.grad.item() == 8
    assert "one backward pass from here gives 4" in str(tg.draw(y))


def test_nobodys_gradient_is_touched():
    y, names = neuron()
    tg.draw(y, names=names).graph.flow.gradients.clear()
    assert all(x.grad is None for x in names.values())
    y.backward()
    held = {name: x.grad.item() for name, x in names.items()}
    str(tg.draw(y, names=names))
    assert held == {name: x.grad.item() for name, x in names.items()}


# ---- names, modules, sizes ---------------------------------------------------------------------------------


def test_names_are_those_of_the_caller_or_those_given():
    first = leaf(1.0)
    y = [np.exp(first), None]
    assert "first" in str(tg.draw(y[0]))
    assert "y[0] = np.exp" in str(tg.draw(y[0]))
    assert "first" not in str(tg.draw(y[0], names={}))
    assert "a.b" in str(tg.draw(y[0], names={"a.b": first}))
    assert "expected a dict of names" in message_of(ArgumentError, tg.draw, y[0], names=[first])


def network():
    hidden = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh())
    return nn.Sequential(hidden, nn.Linear(3, 2, rng=1))


@pytest.mark.parametrize("watched", [False, True])
def test_modules_are_one_box_each_and_open_one_level_at_a_time(watched):
    model = network()
    with tg.drawing.watch(model if watched else None):
        loss = tg.softmax_cross_entropy(model(generic(4, 2)), [0, 1, 0, 1])

    def titles(**settings):
        return [lines[0] for _, lines in boxes(tg.draw(loss, names=model, **settings))]

    if watched:  # otherwise nothing tells that the tanh belongs to the hidden part
        assert titles() == ["0 Sequential", "1 Linear", "cross_entropy_of_labels"]
        assert titles(modules=0) == ["model Sequential", "cross_entropy_of_labels"]
        assert titles(modules=2) == ["0.0 Linear", "0.1 Tanh", "1 Linear", "cross_entropy_of_labels"]
    assert titles(modules=2)[-2:] == ["1 Linear", "cross_entropy_of_labels"]
    everything = titles(modules=None)
    assert {"0.0.weight", "0.0.bias", "1.weight", "1.bias", "linear", "np.tanh"} <= set(everything)
    assert len(everything) == 4 + 4


def test_a_page_opens_what_the_picture_closes():
    model = network()
    with tg.drawing.watch(model):
        loss = tg.softmax_cross_entropy(model(generic(4, 2)), [0, 1, 0, 1])
    page = tg.draw(loss, names=model, modules=0)._repr_html_()
    assert page.count("<details>") == 4  # the model, its hidden part, and two layers with parameters
    for name in ("0.0.weight", "np.tanh", "1.bias"):
        assert name in page


def test_a_layer_that_is_called_at_every_step_keeps_its_weights_inside():
    cell = nn.Linear(2, 2, rng=0)
    x = np.ones((1, 2), np.float32)
    for _ in range(4):
        x = np.tanh(cell(x))
    drawn = boxes(tg.draw(np.sum(x), names={"cell": cell}))
    assert Counter(kind for kind, _ in drawn) == {"module": 4, "operation": 5}
    assert all("2 parameters, 6 numbers" in lines for kind, lines in drawn if kind == "module")


def test_what_is_older_is_counted():
    x = leaf(0.5)
    y = x
    for _ in range(500):
        y = np.sin(y)
    picture = tg.draw(y, names={}, most=10)
    drawn = boxes(picture)
    assert "500 operations, 1 variable" in picture.caption
    assert len(drawn) == 11
    assert drawn[0] == ("older", ["490 older operations", "490 np.sin", "1 variable, 1 number"])
    assert len(str(picture).splitlines()) == 2 + 11


def test_thirty_thousand_operations_take_seconds():
    x = leaf(np.ones(3))
    y = x
    for _ in range(7_500):
        y = np.sin(y) * 1.01 + x * 0.1
    loss = np.sum(y)
    loss.backward()
    picture = tg.draw(loss)
    assert "30,001 operations" in picture.caption
    assert len(str(picture)) < 20_000
    assert len(picture._repr_html_()) < 500_000
    assert len(boxes(picture)) <= 62


def test_several_outputs_are_one_operation():
    a = leaf(generic(3, 3))
    u, s, vh = np.linalg.svd(a)
    loss = np.sum(s) + np.sum(u @ vh)
    loss.backward(retain_graph=True)
    drawn = {lines[0]: lines for _, lines in boxes(tg.draw(loss, names={"s": s, "a": a}))}
    assert "s = thin_svd" in drawn
    assert "(3, 3), (3,), (3, 3) float64" in drawn["s = thin_svd"]


def test_complex_and_large_and_odd_values_are_drawn():
    z = tg.Tensor([1 + 2j, 3j], requires_grad=True)
    bad = leaf([np.nan, np.inf, 1.0, 2.0, 3.0, 4.0, 5.0])
    with np.errstate(invalid="ignore"):
        loss = np.sum(np.abs(z) ** 2) + np.sum(bad * 0.0)
    loss.backward(retain_graph=True)
    text = str(tg.draw(loss, names={"z": z, "bad": bad}))
    assert "[1+2j, 0+3j]" in text
    assert "[2+4j, 0+6j]" in text
    assert "2 of 7 not finite" in text
    empty = np.sum(leaf(np.zeros((0, 3))))
    assert "(0, 3)" in str(tg.draw(empty))


def test_a_constant_has_no_graph():
    assert "no graph" in message_of(GraphError, tg.draw, tg.Tensor(1.0))
    assert "got a float" in message_of(GraphError, tg.draw, 1.0)
    y = np.exp(leaf(1.0))
    for wrong in ({"most": 0}, {"most": True}, {"modules": -1}, {"modules": 1.5}):
        assert "draw: " in message_of(ArgumentError, tg.draw, y, **wrong)


def test_printing_a_result_says_which_operation_made_it():
    x = leaf([1.0, 2.0])
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], made_by=np.multiply)"
    assert repr(tg.relu(x)) == "Tensor([1., 2.], made_by=relu)"
    assert repr((x * 2).detach()) == "Tensor([2., 4.])"
    assert "made_by=np.linalg.slogdet[1]" in repr(np.linalg.slogdet(leaf(np.eye(2)))[1])


def test_a_crowd_of_arguments_is_one_box():
    many = [leaf([float(i)]) for i in range(300)]
    drawn = boxes(tg.draw(np.sum(np.concatenate(many)), names={}))
    assert [lines[0] for _, lines in drawn] == ["300 variables", "concatenate", "np.add.reduce"]
    stacked = boxes(tg.draw(np.sum(np.stack(many)), names={}, most=10))
    assert len(stacked) <= 10 + 1 + 10


def test_a_variable_alone_and_one_of_several_results_are_drawn():
    x = leaf([1.0, 2.0])
    assert boxes(tg.draw(x)) == [("variable", ["x", "(2,) float64", "value [1, 2]"])]
    s = np.linalg.svd(leaf(np.diag([2.0, 1.0])))[1]
    assert boxes(tg.draw(s))[-1][1] == ["s = thin_svd", "(2,) float64", "value [2, 1]"]


def test_a_module_that_is_refused_does_not_stop_a_picture():
    class Hiding(nn.Module):
        def __init__(self):
            self.parts = {nn.Linear(1, 1, rng=0)}

    names = {"x": leaf(1.0), "hiding": Hiding()}
    assert "x" in str(tg.draw(np.exp(names["x"]), names=names))


def test_a_number_that_spreads_over_an_array_gets_a_sum():
    b = leaf(1.0)
    assert "× 1, summed" in str(tg.draw(np.sum(b + np.ones(3)), names={}))


def test_a_hook_is_told_of():
    x = leaf(1.0)
    y = np.exp(x) * 2.0
    x.register_hook(lambda g: g * 0.0)
    y.backward(retain_graph=True)
    text = str(tg.draw(y, names={"x": x}))
    assert "hooks are not run for it" in text
    assert "grad 0 " in text + " "


def test_a_result_that_was_written_to_is_not_shown_as_it_was_made():
    x = leaf(2.0)
    y = x * 3.0
    z = np.exp(y)
    with tg.no_grad():
        y += 1.0
    assert "value 7" not in str(tg.draw(z, names={}))
