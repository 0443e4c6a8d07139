"""gradcheck looks into everything that `grad` takes, names what it left out, and names the rule
that fails.
"""

from collections import namedtuple
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import python
from tinygrad_edu import Tensor, nn, primitive
from tinygrad_edu.check import gradcheck, numerical_vjp
from tinygrad_edu.errors import DTypeError, GradcheckError

X = np.array([1.5, -2.0])
Pair = namedtuple("Pair", "w b")


def product(factor):
    """w·x, whose rule of w is this many times too large."""
    return primitive(w=lambda g, x: factor * g * x, x=lambda g, w: g * w)(lambda w, x: w * x)


class Scale(nn.Module):
    """A layer with one parameter and one buffer."""

    def __init__(self, op):
        self.w, self.seen, self.op = nn.Parameter(np.array([0.3, -0.7])), nn.Buffer(np.zeros(2)), op

    def forward(self, x):
        self.seen.write(self.seen + 1)
        return self.op(self.w, x)

    def loss(self, x):
        return np.sum(self.op(self.w, x) ** 2)


# name: (from the op to a function and its inputs, what the wrong leaf is called, the elements in all)
CALLS = {
    "module": (lambda op: (Scale(op), X), "f.w", 4),
    "bound method": (lambda op: (Scale(op).loss, X), "f.w", 4),
    "module argument": (lambda op: (lambda m, x: m(x), Scale(op), X), "input 0.w", 4),
    "module alone": (lambda op: (lambda m: m(X), Scale(op)), "input 0.w", 2),
    "modules in a list": (lambda op: (lambda ms, x: ms[0](x), [Scale(op)], X), "input 0[0].w", 4),
    "dict": (lambda op: (lambda p, x: op(p["w"], x), {"w": X}, X), "input 0['w']", 4),
    "list": (lambda op: (lambda p: op(p[0], p[1]), [X, X + 1]), "input 0[0]", 4),
    "nested": (lambda op: (lambda p: op(p[1][0]["w"], X), (1, [{"w": X}])), "input 0[1][0]['w']", 2),
    "named tuple": (lambda op: (lambda p, x: op(p.w, x) + p.b, Pair(X, 2.0), X), "input 0[0]", 5),
    "float": (lambda op: (lambda w, x: op(w * np.ones(2), x), 2.0, X), "input 0", 3),
    "float alone": (lambda op: (lambda w: op(w * np.ones(2), X), 2.0), "input 0", 1),
    "floats in a list": (lambda op: (lambda p: op(np.stack([p[0], p[1]]), X), [2.0, 3.0]), "input 0[", 2),
    "NumPy scalar": (lambda op: (lambda w: op(w * np.ones(2), X), np.float64(2)), "input 0", 1),
    "tensor": (lambda op: (lambda w: op(w, X), Tensor(X)), "input 0", 2),
    "float32 layer": (lambda op: (nn.Sequential(Scale(op).to(np.float32)), X), "f.0.w", 4),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_rules_are_found_in_everything_that_grad_takes(name):
    call, leaf, elements = CALLS[name]
    with pytest.raises(GradcheckError, match=r"Diagnosis: 7 times what it should be") as caught:
        gradcheck(*call(product(7)))
    assert str(caught.value).startswith(leaf)
    assert gradcheck(*call(product(1))).elements == elements


def test_report_names_what_was_left_out():
    inputs = {"w": X, "n": 3, "s": "text", "none": None, "mask": np.array([True, False])}
    report = gradcheck(lambda p, z: p["w"] * 2, inputs, 1j)
    names = "input 0['n'] (int), input 0['s'] (str), input 0['none'] (None), input 0['mask'] (bool)"
    assert f"not checked: {names}: only floating values have slopes" in report.notes
    assert report.elements == 2 + 2  # of a complex number both parts
    assert gradcheck(Scale(product(1)), X).notes == (
        "not checked: f.seen: buffers are remembered, not learned",
    )
    report = gradcheck(lambda x, y: (x * y, np.argmax(x)), X, X, argnums=-1)
    assert "not checked: input 0: argnums names others" in report.notes
    assert "not checked: output 1 (int64): only floating outputs have gradients" in report.notes
    assert gradcheck(np.sin, X).notes == ()


def test_report_names_what_f_closes_over():
    model, w = Scale(product(7)), Tensor(X, requires_grad=True)
    closes = (
        "f closes over what requires a gradient; give it as an input (a module may be an input, or f itself)"
    )
    assert f"not checked: model.w: {closes}" in gradcheck(lambda x: model(x), X).notes
    assert f"not checked: w: {closes}" in gradcheck(lambda x: w * x, X).notes
    assert any(
        note.startswith("not checked: ") and closes in note
        for note in gradcheck(partial(np.multiply, w), X).notes
    )
    hidden = [[w]]
    assert any("hidden[0][0]" in note for note in gradcheck(lambda x: hidden[0][0] * x, X).notes)
    holder = SimpleNamespace(w=w)
    assert any(
        "a tensor of shape (2,), float64" in note for note in gradcheck(lambda x: holder.w * x, X).notes
    )


def test_numbers_that_f_takes_no_tensor_for_are_left_out():
    report = gradcheck(lambda x, n: x * int(n), X, 2.0)
    assert report.elements == 2
    assert report.notes[0].startswith("not checked: input 1: f takes no tensor there (CoercionError: ")
    with pytest.raises(
        GradcheckError,
        match=r"input 1 .*the gradient is nan, where f is finite; or leave input 1 out, by argnums=",
    ):
        gradcheck(np.power, X, 2.0)
    assert gradcheck(np.power, X, 2.0, argnums=0).elements == 2


def test_argnums_are_those_of_grad():
    assert gradcheck(lambda a, b: a * b, X, X, argnums=-1).elements == 2
    assert gradcheck(np.sin, 1, argnums=0).elements == 1  # Python integers become floats
    assert gradcheck(lambda p, x: p["w"] * x, {"w": X, "n": 3}, X, argnums=[0]).elements == 2
    for wrong in (3, -2, [0, 1], []):
        with pytest.raises(GradcheckError, match="there are 1 inputs; each number must name one of them"):
            gradcheck(np.sin, X, argnums=wrong)


def test_a_check_leaves_everything_as_it_was():
    model = nn.BatchNorm1d(3, dtype=np.float64)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.sum(model(x) ** 2).backward()
    state, grad = model.state_dict(), model.weight.grad.data.copy()
    assert gradcheck(model, x).elements == 18
    assert all(np.array_equal(value, model.state_dict()[name]) for name, value in state.items())
    assert not all(np.array_equal(value, before[name]) for name, value in state.items())
    assert np.array_equal(model.weight.grad.data, grad)


def test_dtypes_that_do_not_mix_are_checked_in_float64():
    report = gradcheck(nn.Linear(3, 2, rng=0), np.random.default_rng(0).normal(size=(4, 3)))
    assert report.elements == 20
    assert "f takes float64 only (DTypeError: " in report.notes[0]
    assert gradcheck(nn.Linear(3, 2, rng=0), np.ones((4, 3), np.float32) / 3).notes == ()


def test_masked_arrays_are_refused():
    with pytest.raises(DTypeError, match="gradcheck: input 0: masked arrays are not supported"):
        gradcheck(lambda p: p["x"], {"x": np.ma.masked_array(X, [True, False])})


def test_numerical_derivatives_of_trees():
    (by_w, by_x, by_c), errors = numerical_vjp(
        lambda p, c: p["w"] * p["x"][0] * c, [{"w": X, "x": [X + 1]}, 2.0], np.ones(2)
    )
    for got, error, right in zip((by_w, by_x, by_c), errors, (2 * (X + 1), 2 * X, np.sum(X * (X + 1)))):
        assert np.all(np.abs(got - right) <= 3 * error + 1e-15)


# ---- rules that raise, and rules of the wrong kind ---------------------------------------------------------


def test_a_rule_that_raises_is_named():
    def broken(g, x):
        raise KeyError("oops")

    def twice(x):
        return x * 2

    with pytest.raises(
        GradcheckError,
        match=r"twice: the rule of x, .*broken \(.*test_arguments.py:\d+\), raised KeyError: "
        r"'oops'",
    ) as caught:
        gradcheck(primitive(x=broken)(twice), X)
    assert isinstance(caught.value.__cause__, KeyError)
    assert "It was given ndarray of shape (2,), float64" in str(caught.value)

    second = primitive(x=lambda g, x: g * np.cos(x) if isinstance(x, np.ndarray) else 1 / 0)(
        lambda x: np.sin(x)
    )
    with pytest.raises(GradcheckError, match=r"the rule of x, .*raised ZeroDivisionError") as caught:
        gradcheck(second, X)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)

    missing = primitive(x=lambda g, x: g + 0 * np.sum(np.unique(x)))(lambda x: x * 1.0)
    with pytest.raises(
        GradcheckError, match=r"failed: MissingRule(.|\n)*It was raised by .*'s rule of x, .*<lambda> \("
    ):
        gradcheck(missing, X)


@pytest.mark.parametrize(
    ("forward", "rule"),
    [
        (lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True), lambda g, out: g * out * (1 - out)),
        (
            lambda x: x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True)),
            lambda g, out: g * (1 - np.exp(out)),
        ),
        (lambda x: x / np.sqrt(np.sum(x * x)), lambda g, x: g / np.sqrt(np.sum(x * x))),
        (lambda x: np.cumsum(x, axis=-1), lambda g: g),
    ],
    ids=["softmax", "log softmax", "normalized", "cumsum"],
)
@pytest.mark.parametrize("shape", [(4,), (3, 4)], ids=str)
def test_elementwise_rules_of_functions_that_mix_elements(forward, rule, shape):
    x = np.random.default_rng(1).normal(size=shape)
    with pytest.raises(
        GradcheckError,
        match=r"Diagnosis: the rule is elementwise, g times something, but f mixes elements: the input at \(",
    ):
        gradcheck(primitive(x=rule)(lambda x: forward(x)), x)


def test_elementwise_rule_of_a_large_softmax():
    softmax = primitive(x=lambda g, out: g * out * (1 - out))(
        lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)
    )
    with pytest.raises(
        GradcheckError, match="the rule is elementwise, g times something, but f mixes elements"
    ):
        gradcheck(softmax, np.random.default_rng(1).normal(size=(45, 45)))


def test_elementwise_rules_of_elementwise_functions_are_diagnosed_as_such():
    with pytest.raises(GradcheckError) as caught:
        gradcheck(primitive(x=lambda g, out: g * out)(lambda x: tg.sigmoid(x)), X)
    assert "mixes" not in str(caught.value)


@pytest.mark.parametrize("scale", [1e6, 1e8, 1e12])
def test_an_output_beside_much_larger_ones_is_checked(scale):
    wrong = primitive(x=lambda g, x: g[0] * scale + g[1] * 3 * x)(lambda x: (scale * x, x**2))
    right = primitive(x=lambda g, x: g[0] * scale + g[1] * 2 * x)(lambda x: (scale * x, x**2))
    for function in (wrong, lambda x: np.stack(wrong(x))):
        with pytest.raises(GradcheckError):
            gradcheck(function, np.array([1.0, 2.0]))
    for function in (right, lambda x: np.stack(right(x)), lambda x: np.stack([scale * x, x - x.mean()])):
        gradcheck(function, np.array([1.0, 2.0]))


def test_who_lacks_hypothesis_is_told_how_to_get_it():
    program = (
        "import sys; sys.modules['hypothesis'] = None; from tinygrad_edu import check; check.check_engine"
    )
    done = python("-c", program)
    assert done.returncode == 1
    assert (
        "check.check_engine draws its programs by hypothesis: pip install 'tinygrad_edu[check]'"
        in done.stderr
    )
