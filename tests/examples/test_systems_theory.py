"""The systems whose claims are exact: gradients beside formulas by hand, the course's cost,
and what the theory of multilayer perceptrons says.
"""

import importlib.util
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import nn

FOLDER = ROOT / "examples" / "systems"


@pytest.fixture
def load(monkeypatch):
    """A script of the folder as a module, by its file's name."""
    monkeypatch.syspath_prepend(FOLDER)

    def by_name(name):
        spec = importlib.util.spec_from_file_location(f"system_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield by_name
    sys.modules.pop("report", None)


@pytest.fixture
def theta(load):
    return load("21_theta_net")


@pytest.fixture
def theory(load):
    return load("29_mlp_theory")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ---- 21: theta1 and theta2 ---------------------------------------------------------------------------------


def squared_error(theta1, b1, theta2, b2, x, y):
    return np.sum((sigmoid(sigmoid(x @ theta1 + b1) @ theta2 + b2) - y) ** 2) / 2


def cross_entropy(theta1, b1, theta2, b2, x, y):
    p = sigmoid(sigmoid(x @ theta1 + b1) @ theta2 + b2)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))


@pytest.mark.parametrize(
    ("name", "loss"), [("squared error", squared_error), ("cross-entropy", cross_entropy)]
)
def test_every_gradient_of_the_theta_net_is_the_slope_of_its_loss(theta, name, loss):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6, 3)), rng.integers(2, size=(6, 2)).astype(float)
    parameters = theta.parameters(rng)
    plain = {key: parameter.data.copy() for key, parameter in parameters.items()}
    hand, auto = theta.by_hand(plain, x, y, name), theta.by_autograd(parameters, x, y, name)
    step = 1e-5
    for key, value in plain.items():
        slopes = np.empty_like(value)
        for place in np.ndindex(value.shape):
            up, down = (
                {
                    **plain,
                    key: value
                    + sign
                    * step
                    * (np.indices(value.shape) == np.reshape(place, (-1,) + (1,) * value.ndim)).all(axis=0),
                }
                for sign in (1, -1)
            )
            slopes[place] = (loss(**up, x=x, y=y) - loss(**down, x=x, y=y)) / (2 * step)
        assert np.allclose(hand[key], slopes, rtol=1e-6, atol=1e-8), key
        assert np.allclose(auto[key], hand[key], rtol=1e-12, atol=1e-14), key


def test_a_bias_is_the_weight_of_an_input_that_is_one(theta):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((5, 3)), rng.random((5, 2))
    plain = {key: parameter.data for key, parameter in theta.parameters(rng).items()}
    assert np.allclose(
        theta.bias_as_column(plain, x, y),
        theta.by_hand(plain, x, y, "squared error")["b1"],
        rtol=1e-12,
        atol=1e-15,
    )


def test_the_check_of_the_theta_net_can_fail(theta):
    right = np.array([1.0, -2.0])
    assert theta.difference(right, right) == 0
    assert np.isclose(theta.difference(right / 5, right), 0.8)  # a mean where a sum was meant


# ---- 22: the digits of the machine learning course ---------------------------------------------------------


def test_the_cost_of_the_course_penalizes_no_bias(load):
    course = load("22_course_digits")
    rng = np.random.default_rng(5)
    x, y = rng.random((8, 400)), rng.integers(10, size=8)
    net = course.network(0)
    w1, b1, w2, b2 = (parameter.data for parameter in net.parameters())
    assert max(np.abs(p).max() for p in (w1, b1, w2, b2)) <= 0.12
    h = sigmoid(sigmoid(x @ w1.T + b1) @ w2.T + b2)  # (8, 10)
    entropy = -sum(np.log(h[i, k] if y[i] == k else 1 - h[i, k]) for i in range(8) for k in range(10))
    expected = entropy / 8 + 3 / (2 * 8) * (np.sum(w1**2) + np.sum(w2**2))
    assert np.isclose(course.cost(net, x, y, lam=3.0).item(), expected, rtol=1e-12)


# ---- 29: the theory of multilayer perceptrons --------------------------------------------------------------


def test_the_step_has_no_useful_gradient(theory):
    for w in np.random.default_rng(3).standard_normal((20, 3)):
        assert np.array_equal(theory.step_gradient(w), np.zeros(3))


def test_the_perceptron_rule_learns_what_a_line_can_separate(theory):
    """Of the sixteen functions of two bits, all but XOR and its negation."""
    never = [n for n in range(16) if theory.perceptron(np.array([n >> i & 1 for i in range(4)])) is None]
    assert never == [0b0110, 0b1001]


def test_the_delta_rule_is_gradient_descent(theory):
    apart, off = theory.delta_rule(steps=1000)
    assert apart < 1e-12
    assert off < 1e-12
    assert theory.delta_rule(steps=10)[1] > 1e-3  # not there yet


def test_linear_layers_collapse_to_one(theory):
    assert theory.collapse() < 1e-14


def test_a_layer_of_radial_basis_functions(theory):
    rng = np.random.default_rng(4)
    points = rng.standard_normal((7, 3))
    layer = theory.RBF(points, 5, 0.7, rng)
    centres = layer.centres.data
    assert all(any(np.array_equal(centre, point) for point in points) for centre in centres)
    expected = [
        [np.exp(-sum((a - b) ** 2 for a, b in zip(x, c)) / (2 * 0.7**2)) for c in centres] for x in points
    ]
    assert np.allclose(layer(points).detach().numpy(), expected, rtol=1e-12)
    assert tg.gradcheck(layer, points).elements


def test_no_linear_map_has_more_than_three_corners_of_xor(theory):
    x, y = theory.XOR
    for seed in range(3):
        model = theory.fit(theory.linear_net, x, y, seed=seed, units=3, steps=100)
        assert theory.right(model, x, y) <= 0.75


@pytest.mark.parametrize("build", ["rbf_net", "maxout_net"])
def test_radial_basis_functions_and_maxout_fit_xor(theory, build):
    x, y = theory.XOR
    shares = [
        theory.right(theory.fit(getattr(theory, build), x, y, seed=seed, units=4), x, y) for seed in range(5)
    ]
    assert np.median(shares) == 1


def test_the_hinge_neuron_is_a_support_vector_machine(theory):
    """Where no point is within the margin any more, there is no loss and no gradient."""
    x, signs = np.array([[2.0, 0.0], [-2.0, 0.0]]), np.array([1.0, -1.0])
    neuron = nn.Linear(2, 1, rng=0, dtype=float)
    losses = theory.descend(neuron, lambda: tg.hinge_loss(neuron(x)[:, 0], signs), steps=200)
    assert losses[0] > 0
    assert losses[-1] == 0
    assert not any(np.any(p.grad.data) for p in neuron.parameters())
