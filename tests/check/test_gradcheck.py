"""gradcheck's messages, its second order, functions of many forms, and what it must not complain of."""

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.check.rejection import RNG, A, rejection, rule_for
from tinygrad_edu import Tensor, primitive
from tinygrad_edu.check import gradcheck, numerical_jvp, numerical_vjp
from tinygrad_edu.ops.indexing import getitem

# ---- what the messages say ---------------------------------------------------------------------------------


def test_message_is_complete():
    message = rejection(rule_for(np.exp, x=lambda g, out: -g * out), np.array([[0.0, 1.0]]))
    number = r"-?[\d.]+(e-?\d+)?"
    assert re.match(
        rf"input 0 \(shape \(1, 2\), float64\), element \(0, 1\): the gradient is {number}, numerically "
        rf"{number} ± {number}\.\n"
        r"  output: shape \(1, 2\), float64; wrong in 2 of 2 elements\.\n"
        rf"  at the input \[\[0\.0, 1\.0\]\] with the cotangent \[{number}, {number}\]\.\n"
        r"  Diagnosis: the sign is wrong\.$",
        message,
    )


@pytest.mark.parametrize(
    ("forward", "rule", "text"),
    [
        (np.square, lambda g, x: 2 * g * x * x, "it is multiplied by its own argument once too often"),
        (
            np.square,
            lambda g, x: 2 * g,
            "it is divided by its own argument once too often, or not multiplied by it",
        ),
        (lambda x: x * x * x, lambda g, x: 3 * g * x, "divided by its own argument"),
        (
            np.cumsum,
            lambda g, x_shape: np.reshape(np.cumsum(g), x_shape),
            "a matrix in the rule is not transposed",
        ),
        (lambda x: np.flip(x, 1), lambda g: g, "it is reversed along axis 1"),
        (lambda x: x.T, lambda g: np.reshape(g, (3, 4)), "it is transposed, and then reshaped"),
        (
            lambda x: x[[1, 2, 0]],
            lambda g: g[[1, 2, 0]],
            "shifted by 1 along axis 0|right values in the wrong places",
        ),
        (np.sin, lambda g, x: np.abs(g) * np.cos(x), "the rule takes the magnitude of g"),
        (
            np.sin,
            lambda g, x: g * np.cos(x) * (np.arange(4) != 3),
            "wrong in 3 of 12 elements, all at index 3 of axis 1",
        ),
        (np.sin, lambda g, x: np.clip(g, -9, 9) * np.cos(x), "not linear in the cotangent g"),
    ],
)
def test_a_wrong_rule_is_diagnosed(forward, rule, text):
    assert re.search(text, rejection(rule_for(forward, x=rule), A, second_order=False))


def test_diagnosis_of_a_square_transpose_and_swapped_arguments():
    square = RNG.normal(size=(3, 3))
    assert "Diagnosis: it is transposed." in rejection(rule_for(np.transpose, x=lambda g: g), square)
    times = primitive(broadcasts=True, a=lambda g, a: g * a, b=lambda g, b: g * b)(lambda a, b: a * b)
    assert re.search(
        "it is the gradient of input [01]: two arguments are swapped", rejection(times, square, square + 1)
    )


# ---- second order, closures, several outputs ---------------------------------------------------------------


def test_second_derivative_is_checked_on_its_own():
    def hides(g, x):
        return g * np.cos(x.data if isinstance(x, Tensor) else x)  # right, but a constant to the graph

    f = rule_for(np.sin, x=hides)
    assert gradcheck(f, A, second_order=False)
    assert "second order" in rejection(f, A)

    undifferentiable = rule_for(
        np.sin,
        x=lambda g, x: (
            g * np.real(np.lib.scimath.sqrt(np.exp(2j * x.data)) if isinstance(x, Tensor) else np.cos(x))
        ),
    )
    assert gradcheck(undifferentiable, A, second_order=False)
    missing = rule_for(np.exp, x=lambda g, out: g * out + 0 * np.sum(np.unique(out)))
    message = rejection(missing, A)
    assert "the gradient of the gradient failed: MissingRule: np.unique has no derivative rule" in message
    assert "second_order=False" in message


def test_kink_of_the_gradient_is_noted_not_blamed():
    report = gradcheck(lambda x: tg.relu(x) ** 2, np.array([0.0]))
    assert "the gradient itself is not differentiable here" in report.notes[-1]


def test_leaves_that_f_closes_over_keep_their_grad():
    w = Tensor(RNG.normal(size=(4, 2)), requires_grad=True)
    np.sum(w).backward()
    assert gradcheck(lambda x: np.tanh(x @ w), A)
    assert np.array_equal(w.grad.data, np.ones((4, 2)))


@pytest.mark.parametrize("pack", [tuple, list, lambda items: dict(zip("abc", items))])
def test_several_outputs_are_checked_each(pack):
    assert gradcheck(lambda x, n, y: pack([np.sin(x), x * y * n, np.argmax(x)]), A, 3, A + 1).elements == 24
    wrong = rule_for(np.sin, x=lambda g, x: 2 * g * np.cos(x))
    assert "output: shape (3, 4), float64, shape (3,), float64" in rejection(
        lambda x: pack([wrong(x), np.sum(x, axis=1)]), A
    )


def test_argnums_leave_the_others_alone():
    assert gradcheck(lambda x, y: np.abs(x) + y, np.zeros(3), np.ones(3), argnums=1).elements == 3


# ---- no false alarms ---------------------------------------------------------------------------------------


SCALES = {
    "tiny": lambda x: 1e-9 * x**2,
    "huge": lambda x: 1e9 * x,
    "steep": lambda x: np.exp(30 * x),
    "tiny beside one": lambda x: 1 + 1e-9 * x**2,
    "linear": lambda x: 3 * x,
    "partly zero": lambda x: np.where(x > 0, x * x, 0),
    "maximum": lambda x: np.max(x, axis=-1) if x.ndim else x * 2,
    "softmax": lambda x: tg.softmax(x) if x.ndim else np.tanh(x),
    "saturated": lambda x: tg.sigmoid(40 * x),
    "variance": lambda x: np.var(x + 1e4) if x.ndim else x,
    "running": lambda x: np.cumprod(x),
    "quotient": lambda x: x / (1 + x * x),
    "broadcast": lambda x: x * np.arange(1.0, 4.0)[:, None, None, None],
    "step": np.floor,
    "wiggly": lambda x: np.sin(50 * x),
}


@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 2), (5,)], ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e3])
@pytest.mark.parametrize("name", SCALES)
def test_right_functions_pass(name, shape, scale):
    if (name, scale) in {("steep", 1e3), ("saturated", 1e3), ("tiny beside one", 1e-6), ("variance", 1e-6)}:
        pytest.skip("overflows, or is constant within the rounding error")
    if name in ("variance", "softmax") and shape == (1,):
        pytest.skip("constant")
    x = np.random.default_rng(1).uniform(0.3, 1, shape) * np.where(
        np.random.default_rng(2).random(shape) < 0.5, -scale, scale
    )
    assert gradcheck(SCALES[name], x)


def test_points_where_only_some_tiny_inputs_matter():
    x = np.array([1e-8, 1.0, 300.0])
    assert gradcheck(np.log, x)
    assert gradcheck(lambda x: np.sum(np.sqrt(x)), x)
    assert gradcheck(lambda x: np.exp(-x), x)
    assert gradcheck(np.cbrt, np.array([1e-12, -1e-3]))
    assert gradcheck(lambda x: np.sum(x**2), np.zeros(4))
    assert gradcheck(np.square, np.array([np.nextafter(0, 1), 1e150]))


# ---- the numerical derivatives alone -----------------------------------------------------------------------


def test_numerical_derivatives_know_their_error():
    x, w = RNG.normal(size=(3,)), RNG.normal(size=(3, 2))
    u = np.array([2.0, -0.5])
    (by_x, by_w), (error_x, error_w) = numerical_vjp(lambda x, w: np.tanh(x @ w), [x, w], u)
    slope = u * (1 - np.tanh(x @ w) ** 2)
    for got, error, right in ((by_x, error_x, w @ slope), (by_w, error_w, np.outer(x, slope))):
        assert np.all(np.abs(got - right) <= 3 * error + 1e-15)
        assert np.max(error) < 1e-6
    (tangent,), (error,) = numerical_jvp(lambda x: np.exp(x), [x], [2 * x])
    assert np.all(np.abs(tangent - 2 * x * np.exp(x)) <= 3 * error)
    assert np.max(error) < 1e-5


def test_numerical_derivatives_of_several_outputs_and_at_a_kink():
    first, second = numerical_jvp(
        lambda x: (x[0] * x, np.sum(x)), [np.array([2.0, 3.0])], [np.array([1.0, 0.0])]
    )[0]
    assert np.allclose(first, [4, 3], rtol=1e-8)
    assert np.allclose(second, 1, rtol=1e-8)
    (gradient,), _ = numerical_vjp(
        lambda x: (x[0] * x, np.sum(x)), [np.array([2.0, 3.0])], [np.array([1.0, 1.0]), 5.0]
    )
    assert np.allclose(gradient, [12, 7], rtol=1e-8)
    _, (error,) = numerical_vjp(np.abs, [np.array([0.0, 1.0])], np.ones(2))
    assert error[0] > 0.5
    assert error[1] < 1e-9


def test_getitem_is_imported_as_users_see_it():
    assert gradcheck(lambda x: getitem(x, (slice(None), [0, 0, 2])), A)
