"""Modules are pickled as data: every layer and loss comes back, with its values, mode and generators."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.nn.test_layers import LAYERS, floating_outputs
from tinygrad_edu import nn


def restored(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own, of this line


def values(output):
    return output.data if isinstance(output, tg.Tensor) else output


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
@settings(max_examples=2)
@given(data=st.data())
def test_every_layer_comes_back(kind, data):
    module, inputs = LAYERS[kind](data.draw)
    back = restored(module)
    assert repr(back) == repr(module)
    assert {n: type(v) for n, v in vars(back).items()} == {n: type(v) for n, v in vars(module).items()}
    state = module.state_dict()
    assert list(back.state_dict()) == list(state)
    for name, value in back.state_dict().items():
        np.testing.assert_array_equal(value, state[name])
    for one, other in zip(floating_outputs(module(*inputs)), floating_outputs(back(*inputs))):
        np.testing.assert_array_equal(values(one), values(other))


def test_what_is_shared_frozen_and_in_use_stays_so():
    shared = nn.Linear(3, 3, rng=0)
    model = nn.Sequential(shared, nn.ReLU(), nn.Dropout(0.5, rng=1), shared).eval()
    shared.weight.requires_grad_(False)
    back = restored(model)
    assert back[0] is back[3]
    assert not back.training
    assert [p.requires_grad for p in back.parameters()] == [False, True]
    model.train(), back.train()
    np.testing.assert_array_equal(model(np.ones((4, 3))).data, back(np.ones((4, 3))).data)
    optimizer = tg.optim.Adam(back.parameters(), lr=0.1)
    back(np.ones((4, 3))).sum().backward()
    optimizer.step()
    assert (back[0].bias.data != model[0].bias.data).any()
    np.testing.assert_array_equal(back[0].weight.data, model[0].weight.data)
