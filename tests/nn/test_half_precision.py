"""Layers converted to float16 beside PyTorch's on the CPU, where that is installed: of both, the errors
against PyTorch's float64 from the same rounded weights.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn

# fmt: off
LAYERS = {
    "linear":       (lambda n: n.Linear(64, 32),                          (16, 64)),
    "convolution":  (lambda n: n.Conv2d(3, 8, 3),                         (4, 3, 9, 9)),
    "layer norm":   (lambda n: n.LayerNorm(64),                           (16, 64)),
    "group norm":   (lambda n: n.GroupNorm(2, 4),                         (3, 4, 5)),
    "GELU":         (lambda n: n.GELU(),                                  (16, 64)),
    "tanh":         (lambda n: n.Tanh(),                                  (16, 64)),
    "softmax":      (lambda n: n.Softmax(-1),                             (16, 64)),
    "log softmax":  (lambda n: n.LogSoftmax(-1),                          (16, 64)),
    "max pooling":  (lambda n: n.MaxPool2d(2),                            (2, 3, 8, 8)),
    "LSTM":         (lambda n: n.LSTM(16, 16),                            (6, 3, 16)),
    "GRU":          (lambda n: n.GRU(16, 16),                             (6, 3, 16)),
    "encoder":      (lambda n: n.TransformerEncoderLayer(16, 2, 32, dropout=0.0, activation="gelu"), (6, 3, 16)),
}
# fmt: on


def numbers(layer, x, u, array):
    """The output, and the gradients in x and in all parameters."""
    y = layer(x)
    y = y[0] if isinstance(y, tuple) else y
    y.backward(u)
    return [
        array(value.detach()).astype(float) for value in (y, x.grad, *(p.grad for p in layer.parameters()))
    ]


@pytest.mark.parametrize("name", LAYERS)
def test_float16_is_as_near_to_the_exact_numbers_as_pytorchs(name):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    make, shape = LAYERS[name]
    torch.manual_seed(0)
    theirs, ours, exact = make(torch.nn).half(), make(nn).to(np.float16), make(torch.nn).double()
    ours.load_state_dict({name: value.detach().numpy() for name, value in theirs.state_dict().items()})
    exact.load_state_dict(theirs.state_dict())
    x, u = generic(*shape).astype(np.float16), None
    found = {}
    for who, layer in (("exact", exact), ("theirs", theirs)):
        t = torch.from_numpy(x.astype(np.float64 if who == "exact" else np.float16)).requires_grad_()
        if u is None:
            y = layer(t)
            u = generic(*(y[0] if isinstance(y, tuple) else y).shape, seed=1).astype(np.float16)
        cotangent = torch.from_numpy(u).to(t.dtype)
        found[who] = numbers(layer, t, cotangent, lambda value: value.numpy())
    mine = numbers(ours, tg.Tensor(x, requires_grad=True), u, lambda value: value.data)
    assert all(p.grad.dtype == np.float16 for p in ours.parameters())
    for one, other, expected in zip(mine, found["theirs"], found["exact"], strict=True):
        unit = 2.0**-10 * np.abs(expected).max()
        allowed = max(1.5 * unit, np.abs(other - expected).max())
        assert np.abs(one - expected).max() <= allowed
