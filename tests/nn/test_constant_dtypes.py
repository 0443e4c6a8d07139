"""Constants of another dtype: what needs no gradient is cast to the dtype of a layer or of a prediction,
whatever holds it.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import DTypeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3))


def attention():
    layer = nn.MultiheadAttention(4, 2, rng=0)
    return lambda x: layer(x, x, x)


LAYERS = {
    "linear": (lambda: nn.Linear(3, 2, rng=0), X),
    "conv1d": (lambda: nn.Conv1d(2, 2, 2, rng=0), RNG.normal(size=(3, 2, 5))),
    "conv2d": (lambda: nn.Conv2d(2, 2, 2, rng=0), RNG.normal(size=(3, 2, 5, 5))),
    "batch norm": (lambda: nn.BatchNorm1d(3), X),
    "layer norm": (lambda: nn.LayerNorm(3), X),
    "group norm": (lambda: nn.GroupNorm(1, 3), X),
    "gru": (lambda: nn.GRU(3, 2, rng=0), RNG.normal(size=(2, 4, 3))),
    "lstm cell": (lambda: nn.LSTMCell(3, 2, rng=0), X),
    "prelu": (lambda: nn.PReLU(), X),
    "attention": (attention, RNG.normal(size=(2, 3, 4))),
}
SIGNS = np.sign(X) + 0.0
LOSSES = {
    "mse": (tg.mse_loss, X + 1),
    "l1": (tg.l1_loss, X + 1),
    "huber": (tg.huber_loss, X + 1),
    "smooth l1": (tg.smooth_l1_loss, X + 1),
    "hinge": (tg.hinge_loss, SIGNS),
    "soft margin": (tg.soft_margin_loss, SIGNS),
    "hinge embedding": (tg.hinge_embedding_loss, SIGNS),
    "ranking": (lambda x, t: tg.margin_ranking_loss(x, x, t), SIGNS),
    "poisson": (tg.poisson_nll_loss, np.abs(X)),
    "gaussian": (lambda x, t: tg.gaussian_nll_loss(x, t, np.abs(X)), X + 1),
    "variance": (lambda x, t: tg.gaussian_nll_loss(x, X, t), np.abs(X)),
    "several labels": (tg.multilabel_soft_margin_loss, (SIGNS + 1) / 2),
    "soft labels": (tg.softmax_cross_entropy, np.full(X.shape, 1 / 3)),
    "logits": (tg.binary_cross_entropy_with_logits, (SIGNS + 1) / 2),
    "kl": (tg.kl_div, np.full(X.shape, 1 / 3)),
}


def first(out):
    return out[0] if isinstance(out, tuple) else out


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_casts_a_constant_tensor_as_it_casts_an_array(name):
    make, x = LAYERS[name]
    ours, theirs = (first(make()(given)) for given in (tg.Tensor(x), x.astype(np.float32)))
    assert ours.dtype == np.float32
    assert np.array_equal(ours.data, theirs.data)
    with pytest.raises(DTypeError, match=r"needs a gradient.*astype"):
        make()(tg.Tensor(x, requires_grad=True))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("low", [np.float32, np.float16])
def test_a_loss_casts_a_constant_tensor_as_it_casts_an_array(name, low):
    loss, target = LOSSES[name]
    values = (-np.abs(X) if name == "kl" else X).astype(low)
    for learned, other in ((True, target), (False, target.astype(np.float64))):
        prediction = tg.Tensor(values, requires_grad=learned)
        ours, theirs = loss(prediction, tg.Tensor(other)), loss(prediction, other)
        assert ours.dtype == theirs.dtype == low
        assert np.array_equal(ours.data, theirs.data)
    with pytest.raises(DTypeError):
        loss(tg.Tensor(values, requires_grad=True), tg.Tensor(target, requires_grad=True))


def test_a_learned_target_beside_a_constant_prediction_gives_the_dtype():
    target = tg.Tensor(X, requires_grad=True)
    loss = tg.mse_loss(tg.Tensor(X.astype(np.float32)), target)
    loss.backward()
    assert loss.dtype == target.grad.dtype == np.float64
