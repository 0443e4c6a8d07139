"""gradcheck rejects every wrong rule of a collection, and says what is wrong with it."""

import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.check.rejection import RNG, A, rejection, rule_for
from tinygrad_edu import Tensor, backward, primitive
from tinygrad_edu.check import gradcheck
from tinygrad_edu.errors import GradcheckError
from tinygrad_edu.ops.indexing import scatter

# ---- the collection of wrong rules -------------------------------------------------------------------------


def test_a_rule_of_clip_that_squares_g_is_rejected():  # Q01
    def clip(x):
        return np.clip(x, -1, 1)

    x = np.array([-2.0, -0.3, 0.4, 1.5])
    wrong = rejection(rule_for(clip, x=lambda g, x: g * g * (np.abs(x) < 1)), x)
    assert "quadratic in g: g is multiplied in twice" in wrong
    assert "wrong in 2 of 4 elements" in wrong
    assert gradcheck(rule_for(clip, x=lambda g, x: g * (np.abs(x) < 1)), x)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9, 1e-30])
def test_a_factor_of_35_is_rejected_at_any_scale(scale):  # Q02
    def square(x):
        return scale * x * x

    assert "Diagnosis: 35 times what it should be." in rejection(
        rule_for(square, x=lambda g, x: g * x * (70 * scale)), A
    )
    assert gradcheck(rule_for(square, x=lambda g, x: g * x * (2 * scale)), A)


def test_a_rule_that_ignores_g_is_rejected():  # Q03
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
def test_a_missing_unbroadcast_is_rejected(rule, text):  # Q04
    def plus(rule):
        return primitive(a=rule, b=lambda g: g)(lambda a, b: a + b)

    column = np.array([[0.5], [-1.0], [2.0]])
    assert re.search(text, rejection(plus(rule), column, A))
    assert gradcheck(plus(lambda g: np.sum(g, axis=1, keepdims=True)), column, A)


def test_a_scatter_in_which_the_last_write_wins_is_rejected():  # Q05
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


def test_a_mean_that_is_not_divided_and_a_batch_factor_are_rejected():  # Q06
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
def test_one_sign_flipped_among_many_is_found(size, at):  # Q07
    signs = np.ones(size)
    signs[at] = -1
    x = np.random.default_rng(0).normal(size=size)
    wrong = rejection(rule_for(np.sin, x=lambda g, x: g * np.cos(x) * signs), x)
    assert f"element ({at},)" in wrong
    assert "the sign is wrong" in wrong
    assert gradcheck(rule_for(np.sin, x=lambda g, x: g * np.cos(x)), x)


@pytest.mark.parametrize("second_order", [False, True])
def test_symmetric_data_hide_a_missing_transpose(second_order):  # Q08
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


def gives(monkeypatch, given_away):
    """Make every gradient of a leaf what this function makes of it."""

    def add_to_leaves(one, found):
        for leaf, gradient in found.items():
            leaf.grad = one.as_tensor(one.given_away(gradient))

    monkeypatch.setattr(backward.Pass, "given_away", given_away)
    monkeypatch.setattr(backward.Pass, "add_to_leaves", add_to_leaves)


def test_an_engine_that_keeps_g_in_a_leaf_is_rejected(monkeypatch):  # Q09
    x, y = RNG.normal(size=(2, 3))
    assert gradcheck(lambda x, y: x + y, x, y)
    assert gradcheck(lambda x: x, x)
    gives(monkeypatch, lambda one, g: g)
    assert "the gradient of input 0 shares memory with the cotangent" in rejection(lambda x, y: x + y, x, y)
    spread = rule_for(np.sum, x=lambda g, x_shape: np.broadcast_to(g, x_shape))
    assert "the gradient of input 0" in rejection(spread, x)


def test_gradients_that_share_memory_with_each_other_are_rejected(monkeypatch):  # Q09
    kept = {}

    def shared(one, g):
        return kept.setdefault(g.shape, np.array(g))

    gives(monkeypatch, shared)
    assert "the gradient of input 1 shares memory with the gradient of input 0" in rejection(
        lambda x, y: x + y, *RNG.normal(size=(2, 3))
    )


def test_a_rule_that_mutates_what_it_is_given_is_rejected():  # Q10
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


def test_a_nondeterministic_function_is_named():  # Q11
    rng = np.random.default_rng(0)
    wrong = rejection(lambda x: tg.dropout(x, 0.5, rng=rng), A)
    assert "f is nondeterministic: called twice with the same inputs" in wrong
    assert "Diagnosis" not in wrong
    assert gradcheck(lambda x: tg.dropout(x, 0.5, rng=3), A)

    noisy = rule_for(np.sin, x=lambda g, x: g * np.cos(x) * (1 + 1e-3 * rng.random()))
    assert "the backward pass is nondeterministic" in rejection(noisy, A)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_coarse_inputs_are_refused(dtype):  # Q12
    x = A.astype(dtype)
    assert gradcheck(lambda x: np.tanh(x) * np.exp(x), x)  # computed in float64, so tightly
    slightly = rule_for(np.exp, x=lambda g, out: g * out * 1.0001)
    assert f"(shape (3, 4), {np.dtype(np.float64)})" in rejection(slightly, x)

    only_coarse = rule_for(np.exp, x=lambda g, out: g * out * (1.5 if g.dtype == dtype else 1.0))
    assert f"in {np.dtype(dtype)} the gradient is" in rejection(only_coarse, x)


def test_a_function_that_insists_on_float32_is_refused():  # Q12
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


def test_kinks_are_refused_with_their_slopes():  # Q13
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


def test_a_border_of_the_domain_is_refused():  # Q13
    assert "inf, where f is finite" in rejection(np.sqrt, np.array([2.0, 0.0]))
    root = rule_for(lambda x: np.where(x >= 0, x, np.nan) ** 1.5, x=lambda g, x: g * 1.5 * np.sqrt(x))
    assert "f is not finite just below 0.0" in rejection(root, np.array([2.0, 0.0]))


def test_ones_would_not_see_a_batch_norm_without_backward():  # Q14
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


def test_nothing_checked_is_an_error():  # Q15
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


def test_a_detached_part_is_a_mismatch():  # Q15
    assert "0.5 times what it should be" in rejection(lambda x: x * x.detach(), A)
    assert "Diagnosis: the gradient is zero" in rejection(lambda x, y: (x * 2, Tensor(y.data)), A, A)


def test_nan_agrees_only_when_asked():  # Q16
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


# ---- a wrong rule, shrunk ----------------------------------------------------------------------------------


def test_hypothesis_shrinks_a_wrong_rule_to_its_smallest_input():
    def transposes(g, a):
        return np.reshape(np.matmul(g.T, a), (a.shape[1], g.shape[1]))

    wrong = primitive(a=lambda g, b: np.matmul(g, b.T), b=transposes)(lambda a, b: np.matmul(a, b))
    sizes, values, failing = st.integers(1, 3), st.sampled_from([1.0, 2.0, -1.0]), []

    # Without the phase that explains, which tries hundreds of other inputs.
    @settings(
        max_examples=50, derandomize=True, database=None, deadline=None, phases=[Phase.generate, Phase.shrink]
    )
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
    # gᵀa, reshaped, is right for vectors; two columns and two rows show the transpose.
    assert (a.shape, b.shape) == ((1, 2), (2, 2))
    assert np.all(b == 1.0)
    assert "input 1 (shape (2, 2), float64)" in message
    assert "Diagnosis: it is transposed" in message
    assert str(caught.value) == message
