"""The exact figures of the systems in examples/systems: published ones,
and those of plain NumPy written here by hand.
"""

import importlib.util
import math
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import data, nn

FOLDER = ROOT / "examples" / "systems"


@pytest.fixture
def script(monkeypatch):
    """A script of examples/systems as a module, by its name.

    What it imports from its folder is found, and forgotten afterwards.
    """
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "report", raising=False)

    def load(name):
        spec = importlib.util.spec_from_file_location(f"systems_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("report", None)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ---- one step by hand (system 18) --------------------------------------------------------------------------

X, T = np.array([0.05, 0.10]), np.array([0.01, 0.99])
GRADIENTS = [
    0.00043856773,
    0.00087713547,
    0.00049771274,
    0.00099542547,
    0.08216704056,
    0.08266762785,
    -0.02260254048,
    -0.02274024222,
]


def mazur(steps, *, too_early=False):
    """The error and the outputs after so many steps, and the gradients of w1 to w8 before the last of them;
    too early: the mistake.
    """
    w, v = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    gradients = None
    for _ in range(steps):
        h = sigmoid(w @ X + 0.35)
        o = sigmoid(v @ h + 0.60)
        delta = (o - T) * o * (1 - o)
        dv = np.outer(delta, h)
        seen = v - 0.5 * dv if too_early else v
        dw = np.outer(seen.T @ delta * h * (1 - h), X)
        w, v = w - 0.5 * dw, v - 0.5 * dv
        gradients = np.concatenate([dw.ravel(), dv.ravel()])
    o = sigmoid(v @ sigmoid(w @ X + 0.35) + 0.60)
    return 0.5 * np.sum((o - T) ** 2), o, gradients


def test_one_step_by_hand_has_every_digit(script):
    module = script("18_one_step_by_hand")
    net = module.network()
    (e0,) = module.errors(net, 0)
    ours = np.concatenate([net[0].weight.grad.data.ravel(), net[2].weight.grad.data.ravel()])
    assert abs(e0 - 0.2983711087600027) <= 2e-16
    assert np.abs(ours - GRADIENTS).max() < 0.6e-11
    assert np.allclose(ours, mazur(1)[2], rtol=1e-13)


def test_one_step_by_hand_goes_on_as_numpy_does(script):
    module = script("18_one_step_by_hand")
    later = module.errors(module.network(), 200)
    assert abs(later[1] - 0.29102777369) < 0.6e-11
    assert [later[n] for n in (0, 1, 10, 200)] == pytest.approx(
        [mazur(n)[0] for n in (0, 1, 10, 200)], rel=1e-12
    )


def test_the_biases_of_the_step_by_hand_stay(script):
    module = script("18_one_step_by_hand")
    net = module.network()
    module.errors(net, 3)
    assert net[0].bias.tolist() == [0.35, 0.35]
    assert net[2].bias.tolist() == [0.60, 0.60]


def test_the_printed_figures_of_the_step_by_hand_are_those_of_a_mistake(script):
    module = script("18_one_step_by_hand")
    early, _ = module.changed_too_early(1)
    assert round(float(early), 9) == 0.291027924
    assert abs(early - mazur(1, too_early=True)[0]) < 1e-15
    assert round(mazur(1)[0], 9) != 0.291027924


# ---- scalar gates (system 20) ------------------------------------------------------------------------------


def test_gates_show_every_wire(script):
    wires = script("20_scalar_gates").gates(-2.0, 5.0, -4.0)
    assert wires == {"x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q = x + y": (3, -4), "f = q z": (-12, 1)}


def test_the_multiply_gate():
    assert [g.item() for g in tg.grad(lambda x, y: x * y, argnums=(0, 1))(-2.0, 3.0)] == [3.0, -2.0]


def test_the_neuron_by_the_formula(script):
    a, b, c, x, y = 1.0, 2.0, -3.0, -1.0, 3.0
    s, gradients = tg.value_and_grad(script("20_scalar_gates").neuron, argnums=range(5))(a, b, c, x, y)
    p = 1 / (1 + math.exp(-(a * x + b * y + c)))
    assert s.item() == pytest.approx(p, rel=1e-14)
    assert [g.item() for g in gradients] == pytest.approx(
        [p * (1 - p) * d for d in (x, y, 1, a, b)], rel=1e-13
    )


# ---- softmax, first losses and counts ----------------------------------------------------------------------


def test_softmax_of_4_5_6():
    assert np.abs(tg.softmax(np.array([4.0, 5.0, 6.0])) - [0.09003, 0.24473, 0.66524]).max() < 0.5e-5


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_scores_of_zero_cost_the_logarithm_of_the_number_of_classes(classes):
    layer = nn.Linear(3072, classes, init=nn.init.zeros, dtype=float)
    pixels = np.random.default_rng(0).random((8, 3072))
    assert tg.softmax_cross_entropy(layer(pixels), np.arange(8) % classes).item() == pytest.approx(
        math.log(classes), rel=1e-14
    )


def test_first_loss_of_small_random_weights(script):
    assert abs(script("13_small_nets").first_loss() - math.log(10)) < 1e-3


@pytest.mark.parametrize(("sizes", "count"), [((3, 4, 2), 26), ((3, 4, 4, 1), 41)])
def test_parameters_that_the_notes_count(script, sizes, count):
    assert sum(p.size for p in script("13_small_nets").net(*sizes).parameters()) == count


# ---- moons (system 11) -------------------------------------------------------------------------------------


def moons_by_hand(hidden, passes):
    """The mean loss after each pass, as the article's program has it."""
    x, y = data.moons(200, noise=0.2, seed=0)
    rng = np.random.RandomState(0)
    w1, b1 = rng.randn(2, hidden) / np.sqrt(2), np.zeros(hidden)
    w2, b2 = rng.randn(hidden, 2) / np.sqrt(hidden), np.zeros(2)
    rows, losses = np.arange(200), []
    for _ in range(passes):
        a = np.tanh(x @ w1 + b1)
        p = np.exp(a @ w2 + b2)
        p /= p.sum(axis=1, keepdims=True)
        p[rows, y] -= 1
        dw2, db2, back = a.T @ p + 0.01 * w2, p.sum(axis=0), p @ w2.T * (1 - a**2)
        dw1, db1 = x.T @ back + 0.01 * w1, back.sum(axis=0)
        w1, b1, w2, b2 = w1 - 0.01 * dw1, b1 - 0.01 * db1, w2 - 0.01 * dw2, b2 - 0.01 * db2
        p = np.exp(np.tanh(x @ w1 + b1) @ w2 + b2)
        p /= p.sum(axis=1, keepdims=True)
        losses.append((-np.log(p[rows, y]).sum() + 0.005 * (np.sum(w1**2) + np.sum(w2**2))) / 200)
    return losses


@pytest.mark.parametrize("hidden", [1, 3, 20])
def test_moons_go_as_numpy_does(script, hidden):
    _, losses = script("11_moons").build_model(hidden, *data.moons(200, noise=0.2, seed=0), num_passes=50)
    assert losses == pytest.approx(moons_by_hand(hidden, 50), rel=1e-10)


def test_moons_reach_the_published_losses(script):
    _, losses = script("11_moons").build_model(3, *data.moons(200, noise=0.2, seed=0), num_passes=1001)
    assert (round(losses[0], 6), round(losses[1000], 6)) == (0.432387, 0.068947)


# ---- spirals and the flower (systems 12 and 15) ------------------------------------------------------------


def test_the_linear_classifier_of_the_spirals(script):
    module = script("12_spirals")
    rng = np.random.RandomState(0)
    x, y = data.spirals(300, seed=rng)
    model = nn.Sequential(module.small(2, 3, rng))
    assert round(module.train(model, x, y, range(200))[190], 6) == 0.786302
    assert round(module.accuracy(model, x, y) * 100) == 49


def test_the_flower_by_4_hidden_units(script):
    module = script("15_planar_flower")
    x, y = data.flower(400, seed=1)
    costs = module.nn_model(module.initialize_parameters(4), x, y, range(1001))
    assert (round(costs[0], 6), round(costs[1000], 6)) == (0.693048, 0.288083)


# ---- the layer list (system 16) ----------------------------------------------------------------------------


def test_the_layer_list_by_hand(script):
    """Ten rows, one after the other: the mean of Σ(o − t)² before each row's step."""
    module = script("16_layer_list")
    rng = np.random.default_rng(3)
    x, model = rng.standard_normal((10, 10)), module.build(module.LAYERS, rng)
    weights = [layer.weight.data.copy() for layer in model if isinstance(layer, nn.Linear)]
    biases = [layer.bias.data.copy() for layer in model if isinstance(layer, nn.Linear)]
    assert [w.shape for w in weights] == [(20, 10), (30, 20), (2, 30)]
    rounds = []
    for _ in range(3):
        total = 0.0
        for row, target in zip(x, module.Y):
            outputs = [row]
            for w, b in zip(weights, biases):
                outputs.append(sigmoid(w @ outputs[-1] + b))
            total += np.sum((outputs[-1] - target) ** 2)
            delta = 2 * (outputs[-1] - target)
            for k in (2, 1, 0):
                delta = delta * outputs[k + 1] * (1 - outputs[k + 1])
                back = weights[k].T @ delta
                weights[k] -= 0.3 * np.outer(delta, outputs[k])
                biases[k] -= 0.3 * delta
                delta = back
        rounds.append(total / 10)
    assert module.train(model, x, module.Y)[:3] == pytest.approx(rounds, rel=1e-11)
