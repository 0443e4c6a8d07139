"""predict and evaluate: in batches, without dropout, and without a trace in the model."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.train.small import X, Y, assert_same, classifier, normalized
from tinygrad_edu import nn
from tinygrad_edu.data import DataLoader
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_edu.train import evaluate, metrics, predict


def test_predict_is_in_batches_without_dropout_and_modes_come_back():
    sizes = []

    class Watched(nn.Module):
        def __init__(self):
            self.linear, self.dropout, self.frozen = (
                nn.Linear(3, 2, rng=0),
                nn.Dropout(0.9, rng=1),
                nn.BatchNorm1d(2),
            )
            self.frozen.eval()

        def forward(self, x):
            sizes.append(len(x))
            assert not tg.is_grad_enabled()
            return self.frozen(self.dropout(self.linear(x)))

    model = Watched()
    whole = predict(model, X)
    in_parts = predict(model, tg.Tensor(X), batch_size=20)
    assert sizes == [50, 20, 20, 10]
    np.testing.assert_allclose(whole, in_parts, rtol=1e-6)
    np.testing.assert_allclose(
        whole, X @ model.linear.weight.data.T + model.linear.bias.data, rtol=1e-4, atol=1e-5
    )
    assert type(whole) is np.ndarray
    assert [model.training, model.linear.training, model.frozen.training] == [True, True, False]
    assert predict(model, X[:0]).shape == (0, 2)
    assert predict(nn.Identity(), [[1, 2]]).dtype.kind == "i"
    with pytest.raises(ArgumentError, match="batch_size is at least 1"):
        predict(model, X, batch_size=0)
    with pytest.raises(ShapeError, match="single number"):
        predict(model, 3.0)
    with pytest.raises(ShapeError):
        predict(model, X[:, :2])
    assert [model.training, model.frozen.training] == [True, False]


@pytest.mark.parametrize(
    ("x", "settings", "error", "message"),
    [
        (X, {"batch_size": "8"}, ArgumentError, "a whole number; got '8'"),
        (X, {"batch_size": 1.5}, ArgumentError, r"a whole number; got 1\.5"),
        ((X, Y), {}, ShapeError, "without their targets; got a tuple"),
        (DataLoader((X, Y)), {}, ShapeError, "got a single DataLoader"),
    ],
)
def test_predict_says_what_it_takes(x, settings, error, message):
    with pytest.raises(error, match=message):
        predict(classifier()[0], x, **settings)


def test_predict_needs_one_tensor():
    class Two(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(DTypeError, match="one tensor comes out; got tuple"):
        predict(Two(), X)


def test_evaluate_does_not_touch_the_model():
    model, loss, _ = normalized()
    before = model.state_dict()
    found = evaluate(model, loss, (X, Y), metrics={"accuracy": metrics.accuracy}, batch_size=7)
    assert_same(model.state_dict().values(), before.values())
    assert found["accuracy"] == np.mean(predict(model, X).argmax(axis=1) == Y)
    assert found["loss"] == pytest.approx(evaluate(model, loss, (X, Y))["loss"], rel=1e-6)
    assert all(p.grad is None for p in model.parameters())
    with pytest.raises(ArgumentError, match="no data"):
        evaluate(model, loss, (X[:0], Y[:0]))
