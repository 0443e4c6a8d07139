"""gradcheck rejects every wrong rule of a collection (Q01 to Q16), says what is wrong with it, and lets the right one pass."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tinygrad_edu import Tensor, backward, primitive
from tinygrad_edu.check import gradcheck, numerical_jvp, numerical_vjp
from tinygrad_edu.errors import GradcheckError
from tinygrad_edu.ops.indexing import getitem, scatter

RNG = np.random.default_rng(7)
A = RNG.normal(size=(3, 4))


def rejection(f, *inputs, **settings):
    """The message with which gradcheck rejects a function."""
    with pytest.raises(GradcheckError) as caught:
        gradcheck(f, *inputs, **settings)
    return str(caught.value)


def rule_for(forward, **rules):
    """The forward with these rules; a new function each time."""
    return primitive(**rules)(lambda x: forward(x))


# ---- the collection of wrong rules -------------------------------------------------------------------------


def test_Q01_clip_squares_g():
    def clip(x):
        return np.clip(x, -1, 1)

    x = np.array([-2.0, -0.3, 0.4, 1.5])
    wrong = rejection(rule_for(clip, x=lambda g, x: g * g * (np.abs(x) < 1)), x)
    assert "quadratic in g: g is multiplied in twice" in wrong
    assert "wrong in 2 of 4 elements" in wrong
    assert gradcheck(rule_for(clip, x=lambda g, x: g * (np.abs(x) < 1)), x)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9, 1e-30])
def test_Q02_factor_35_at_any_scale(scale):
    def square(x):
        return scale * x * x

    assert "Diagnosis: 35 times what it should be." in rejection(
        rule_for(square, x=lambda g, x: g * x * (70 * scale)), A
    )
    assert gradcheck(rule_for(square, x=lambda g, x: g * x * (2 * scale)), A)


def test_Q03_ignores_g():
    wrong = rejection(rule_for(np.sin, x=lambda g, x: np.cos(x)), A)
    assert "ignores g, the gradient of the output; it returns f′ alone" in wrong
    assert gradcheck(rule_for(np.sin, x=lambda g, x: g * np.cos(x)), A)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            lambda g: g,
            r"WrongRule: .* returned a gradient of shape \(3, 4\); its argument has shape \(3, 1\)",
        ),
        (
            lambda g: np.sum(g, axis=1),
            r"WrongRule: .* returned a gradient of shape \(3,\); its argument has shape \(3, 1\)",
        ),
        (
            lambda g: g[:, :1],
            "it is not summed over axis 1, along which the input is broadcast: only the first slice counts",
        ),
        (
            lambda g: np.mean(g, axis=1, keepdims=True),
            "0.25 times what it should be. 4 is the length of axis 1 of the output",
        ),
    ],
)
def test_Q04_missing_unbroadcast(rule, text):
    def plus(rule):
        return primitive(a=rule, b=lambda g: g)(lambda a, b: a + b)

    column = np.array([[0.5], [-1.0], [2.0]])
    assert re.search(text, rejection(plus(rule), column, A))
    assert gradcheck(plus(lambda g: np.sum(g, axis=1, keepdims=True)), column, A)


def test_Q05_last_write_wins():
    rows = np.array([2, 0, 2, 2])

    def put(g, x_shape):
        z = np.zeros_like(g, shape=x_shape)
        z[rows] = g
        return z

    x = np.array([1.0, -2.0, 3.0])
    wrong = rejection(rule_for(lambda x: x[rows], x=put), x)
    assert "only the last counts: repeated indices must be added up" in wrong
    assert "element (2,)" in wrong
    assert gradcheck(rule_for(lambda x: x[rows], x=lambda g, x_shape: scatter(g, rows, x_shape)), x)


def test_Q06_mean_not_divided_and_batch_factor():
    def mean(x):
        return np.mean(x, axis=0)

    def spread(g, x_shape):
        return np.broadcast_to(g, x_shape)

    wrong = rejection(rule_for(mean, x=lambda g, x_shape: spread(g, x_shape)), A)
    assert (
        "3 times what it should be. 3 is the length of axis 0 of the input: a division by n is missing"
        in wrong
    )
    wrong = rejection(rule_for(mean, x=lambda g, x_shape: spread(g, x_shape) / 9), A)
    assert "3 is the length of axis 0 of the input: divided by n once too often" in wrong
    assert gradcheck(rule_for(mean, x=lambda g, x_shape: spread(g, x_shape) / 3), A)


@pytest.mark.parametrize(("size", "at"), [(1000, 617), (10_000, 7123)])
def test_Q07_one_sign_flipped_among_many(size, at):
    signs = np.ones(size)
    signs[at] = -1
    x = np.random.default_rng(0).normal(size=size)
    wrong = rejection(rule_for(np.sin, x=lambda g, x: g * np.cos(x) * signs), x)
    assert f"element ({at},)" in wrong
    assert "the sign is wrong" in wrong
    assert gradcheck(rule_for(np.sin, x=lambda g, x: g * np.cos(x)), x)


@pytest.mark.parametrize("second_order", [False, True])
def test_Q08_symmetric_data_hide_a_missing_transpose(second_order):
    def product(rule):
        return primitive(a=rule, b=lambda g, a: np.matmul(a.T, g))(lambda a, b: np.matmul(a, b))

    symmetric = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.5]])
    for b in (symmetric, np.eye(3)):
        wrong = rejection(product(lambda g, b: np.matmul(g, b)), A.T, b, second_order=second_order)
        assert "at a point nearby" in wrong
        assert gradcheck(product(lambda g, b: np.matmul(g, b.T)), A.T, b, second_order=second_order)
    assert "a matrix in the rule is not transposed" in rejection(
        product(lambda g, b: np.matmul(g, b)), A.T, RNG.normal(size=(3, 3))
    )


def test_Q09_engine_that_keeps_g_in_a_leaf(monkeypatch):
    x, y = RNG.normal(size=(2, 3))
    assert gradcheck(lambda x, y: x + y, x, y)
    assert gradcheck(lambda x: x, x)
    monkeypatch.setattr(backward.Pass, "given_away", lambda one, node: one.gradients[node])
    assert "the gradient of input 0 shares memory with the cotangent" in rejection(lambda x, y: x + y, x, y)
    spread = rule_for(np.sum, x=lambda g, x_shape: np.broadcast_to(g, x_shape))
    assert "the gradient of input 0" in rejection(spread, x)


def test_Q09_gradients_that_share_memory_with_each_other(monkeypatch):
    kept = {}

    def shared(one, node):
        return kept.setdefault(node.shape, np.array(one.gradients[node]))

    monkeypatch.setattr(backward.Pass, "given_away", shared)
    assert "the gradient of input 1 shares memory with the gradient of input 0" in rejection(
        lambda x, y: x + y, *RNG.normal(size=(2, 3))
    )


def test_Q10_mutates_what_it_is_given():
    def negates_g(g):
        g *= -1
        return g

    def doubles_x(g, x):
        x *= 2
        return g * x

    def doubles_its_input(x):
        x *= 2
        return x

    assert "the rule of x changes g in place" in rejection(rule_for(np.negative, x=negates_g), A)
    assert "the rule of x changes g in place" in rejection(
        lambda x: np.exp(rule_for(np.negative, x=negates_g)(x)) * 2, A
    )
    assert "the rule of x changes x in place" in rejection(rule_for(np.square, x=doubles_x), A)
    labels = np.array([0, 1])
    assert "f changes input 1 in place" in rejection(
        lambda labels, x: rule_for(doubles_its_input, x=lambda g: 2 * g)(x), labels, A
    )
    assert gradcheck(rule_for(np.negative, x=lambda g: -g), A)
    assert gradcheck(rule_for(np.square, x=lambda g, x: g * (x * 2)), A)
    assert gradcheck(rule_for(lambda x: x * 2, x=lambda g: 2 * g), A)


def test_Q11_nondeterministic_is_named():
    rng = np.random.default_rng(0)
    wrong = rejection(lambda x: tg.dropout(x, 0.5, rng=rng), A)
    assert "f is nondeterministic: called twice with the same inputs" in wrong
    assert "Diagnosis" not in wrong
    assert gradcheck(lambda x: tg.dropout(x, 0.5, rng=3), A)

    noisy = rule_for(np.sin, x=lambda g, x: g * np.cos(x) * (1 + 1e-3 * rng.random()))
    assert "the backward pass is nondeterministic" in rejection(noisy, A)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_Q12_coarse_inputs(dtype):
    x = A.astype(dtype)
    assert gradcheck(lambda x: np.tanh(x) * np.exp(x), x)  # computed in float64, so tightly
    slightly = rule_for(np.exp, x=lambda g, out: g * out * 1.0001)
    assert f"(shape (3, 4), {np.dtype(np.float64)})" in rejection(slightly, x)

    only_coarse = rule_for(np.exp, x=lambda g, out: g * out * (1.5 if g.dtype == dtype else 1.0))
    assert f"in {np.dtype(dtype)} the gradient is" in rejection(only_coarse, x)


def test_Q12_function_that_insists_on_float32():
    def insists(f):
        def g(x):
            assert x.dtype == np.float32
            return f(x)

        return g

    x = A.astype(np.float32)
    assert gradcheck(insists(np.tanh), x)
    assert "2 times what it should be" in rejection(
        insists(rule_for(np.exp, x=lambda g, out: g * out * 2)), x
    )
    wild = rejection(insists(lambda x: np.sin(1e6 * x)), x)
    assert "cannot be judged at this scale: the numerical derivative is another one at each step" in wild
    assert "it computes with few digits: give float64 inputs" in wild


def test_Q13_kinks_are_refused_with_their_slopes():
    kink = "not differentiable here: one-sided slopes "
    assert kink + "−1 and 1" in rejection(np.abs, np.array([1.0, 0.0, -2.0]))
    assert "element (1,)" in rejection(np.abs, np.array([1.0, 0.0, -2.0]))
    assert kink + "0 and 1" in rejection(tg.relu, np.array([0.0]))
    assert kink + "0.01 and 1" in rejection(tg.leaky_relu, np.array([[0.0]]))
    assert kink + "−1 and 1" in rejection(lambda x: np.abs(x - 0.3), np.array([0.3 + 1e-12]))
    assert kink + "0 and 1" in rejection(lambda x: np.max(x), np.array([1.0, 1.0]))
    assert "The gradient, 0, lies between them" in rejection(np.abs, np.array([0.0]))
    wrong = rule_for(np.abs, x=lambda g, x: g * np.where(x == 0, 5, np.sign(x)))
    assert "The gradient, 5, does not even lie between them" in rejection(wrong, np.array([0.0]))
    assert gradcheck(np.abs, np.array([1e-3, -1e-5, 1e-7, -2.0]))  # near, but not at it


def test_Q13_border_of_the_domain():
    assert "inf, where f is finite" in rejection(np.sqrt, np.array([2.0, 0.0]))
    root = rule_for(lambda x: np.where(x >= 0, x, np.nan) ** 1.5, x=lambda g, x: g * 1.5 * np.sqrt(x))
    assert "f is not finite just below 0.0" in rejection(root, np.array([2.0, 0.0]))


def test_Q14_ones_would_not_see_a_batch_norm_without_backward():
    def normalise(x):
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)

    def pull(g, x):
        n, s = x.shape[0], np.sqrt(np.var(x, axis=0) + 1e-5)
        y = (x - np.mean(x, axis=0)) / s
        return (g - np.sum(g, axis=0) / n - y * np.sum(g * y, axis=0) / n) / s

    wrong, right = rule_for(normalise, x=lambda g: g * 0), rule_for(normalise, x=pull)
    x = Tensor(A, requires_grad=True)
    right(x).backward(np.ones(A.shape))
    assert np.max(np.abs(x.grad.data)) < 1e-9  # with a cotangent of ones the wrong rule is as good as right
    assert "Diagnosis: the gradient is zero" in rejection(wrong, A)
    assert gradcheck(right, A)


def test_Q15_nothing_checked_is_an_error():
    nothing = "nothing was checked: "
    no_leaf = nothing + "no input is a floating tensor, array or number, and f has no parameters"
    assert no_leaf in rejection(lambda i: i, np.array([1, 2]))
    assert "not checked: input 0 (int64), input 1 (str): only floating values have slopes" in rejection(
        lambda i, s: i, np.array([1]), "s"
    )
    assert nothing + "input 0 (shape (0, 3), float64) has no elements" in rejection(
        lambda x: np.sum(x) + 1, np.zeros((0, 3))
    )
    assert nothing + "f has no floating output, or an empty one" in rejection(lambda x: x[:0], A)
    assert nothing + "f has no floating output, or an empty one" in rejection(np.argmax, A)
    assert nothing + "f has no floating output, or an empty one" in rejection(lambda x: (), A)
    assert nothing + "no output has a graph" in rejection(lambda x: Tensor(x.data * 2), A)
    assert nothing + "no output has a graph" in rejection(tg.no_grad(np.sin), A)
    assert nothing + "the output does not depend on any input" in rejection(lambda x: 0 * x + 3, A)
    assert nothing + "the output does not depend on any input" in rejection(
        lambda x: np.sum(tg.softmax(x), axis=-1), A
    )
    assert "input 0 is int64: only floating inputs" in rejection(np.sin, np.array([1, 2]), argnums=0)
    assert gradcheck(np.floor, A)  # zero everywhere, and so it should be: not the same as constant
    assert gradcheck(np.sin, 0.5, argnums=0).elements == 1


def test_Q15_detached_part_is_a_mismatch():
    assert "0.5 times what it should be" in rejection(lambda x: x * x.detach(), A)
    assert "Diagnosis: the gradient is zero" in rejection(lambda x, y: (x * 2, Tensor(y.data)), A, A)


def test_Q16_nan_agrees_only_when_asked():
    x = np.array([1.0, np.nan, 3.0])
    for f in (np.exp, np.max):
        assert re.search(
            r"f is not finite here: output element \d is nan.*\n.*equal_nan=True", rejection(f, x)
        )
        assert gradcheck(f, x, equal_nan=True)
    hides = rule_for(np.max, x=lambda g, x: g * np.array([0.0, 1.0, 0.0]))
    assert "element (1,): the gradient is" in rejection(hides, x, equal_nan=True)
    doubles = rule_for(np.exp, x=lambda g, out: 2 * g * out)
    assert "2 times what it should be" in rejection(doubles, x, equal_nan=True)
    assert "the gradient is nan, where f is finite" in rejection(
        rule_for(np.exp, x=lambda g, out: g * out * np.nan), A
    )
    assert "the gradient is nan" in rejection(
        rule_for(np.exp, x=lambda g, out: g * out * np.nan), A, equal_nan=True
    )


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
def test_diagnoses(forward, rule, text):
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
    missing = rule_for(np.exp, x=lambda g, out: g * np.spacing(out) / np.spacing(out) * out)
    message = rejection(missing, A)
    assert "the gradient of the gradient failed: MissingRule: np.spacing has no derivative rule" in message
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
def test_several_outputs(pack):
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


# ---- a wrong rule, shrunk ----------------------------------------------------------------------------------


def test_hypothesis_shrinks_a_wrong_rule_to_its_smallest_input():
    def transposes(g, a):
        return np.reshape(np.matmul(g.T, a), (a.shape[1], g.shape[1]))

    wrong = primitive(a=lambda g, b: np.matmul(g, b.T), b=transposes)(lambda a, b: np.matmul(a, b))
    sizes, values, failing = st.integers(1, 3), st.sampled_from([1.0, 2.0, -1.0]), []

    @settings(max_examples=50, derandomize=True, database=None, deadline=None)
    @given(st.data(), sizes, sizes, sizes)
    def property_holds(data, n, k, m):
        a, b = (data.draw(hnp.arrays(float, shape, elements=values)) for shape in ((n, k), (k, m)))
        try:
            gradcheck(wrong, a, b, second_order=False)
        except GradcheckError as error:
            failing[:] = [(a, b), str(error)]
            raise

    with pytest.raises(GradcheckError) as caught:
        property_holds()
    (a, b), message = failing
    assert (a.shape, b.shape) == (
        (1, 2),
        (2, 2),
    )  # gᵀa, reshaped, is right for vectors; two columns and two rows show the transpose
    assert np.all(b == 1.0)
    assert "input 1 (shape (2, 2), float64)" in message
    assert "Diagnosis: it is transposed" in message
    assert str(caught.value) == message


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
