"""Watching a model run: what comes out of each module, no trace afterwards; and the units that are dead."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.nn.watch import watched


def test_every_call_of_every_module_is_noted_inner_ones_first():
    shared = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(shared, nn.Sequential(nn.Tanh(), shared))
    seen = []
    with watched(model, lambda module, out: seen.append((module, out))):
        out = model(np.eye(2))
    assert [module for module, _ in seen] == [shared, model[1][0], shared, model[1], model]
    assert seen[-1][1] is out
    h = np.tanh(shared.weight.data.T + shared.bias.data)
    assert np.allclose(out.data, h @ shared.weight.data.T + shared.bias.data, atol=1e-6)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_in_the_model(fails):
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5, rng=0))
    model[1].eval()
    own = model[0].forward = lambda x: tg.Tensor(x)  # a forward of its own stays
    before = [dict(vars(module)) for module in model.modules()]
    try:
        with watched(model, lambda module, out: None):
            assert not any(module.training for module in model.modules())
            model(np.ones(() if fails else (4, 2)))
            if fails:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert [dict(vars(module)) for module in model.modules()] == before
    assert model[0].forward is own


def net():
    model = nn.Sequential(nn.Linear(1, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=0), nn.ReLU6())
    model[0].weight.data[:] = [[1], [-1], [1], [1]]
    model[0].bias.data[:] = [0, 0, -5, -2]  # alive for x in (-1, 2): x > 0, x < 0, never, never
    model[2].weight.data[:] = 1
    model[2].bias.data[:] = [0, -50]
    return model


def test_dead_units_are_those_that_no_example_wakes():
    x = np.linspace(-1, 1.9, 30)[:, None]
    assert nn.dead_units(net(), x) == {"1": 0.5, "3": 0.5}
    assert nn.dead_units(net(), np.array([[1.0]])) == {"1": 0.75, "3": 0.5}
    assert nn.dead_units(net(), np.array([[1.0], [-1.0], [6.0]])) == {"1": 0.0, "3": 0.5}


def test_a_unit_of_maps_is_a_channel():
    x = np.full((3, 4, 5, 5), -1.0)
    x[1, 2, 3, 3] = 1.0
    assert nn.dead_units(nn.ReLU(), x) == {"": 0.75}


def test_a_layer_that_is_called_twice_has_the_units_of_both_calls():
    class Twice(nn.Module):
        def __init__(self):
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(x[:, :2]), self.relu(x[:, 2:])

    assert nn.dead_units(Twice(), np.array([[1.0, -1, -1, -1, -1, -1, -1, -1]])) == {"relu": 7 / 8}


def test_a_model_without_such_a_layer_is_refused():
    with pytest.raises(ArgumentError, match=r"Sequential has no ReLU layer\. Use nn\.ReLU"):
        nn.dead_units(nn.Sequential(nn.Tanh()), np.ones((2, 2)))
