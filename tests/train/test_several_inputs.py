"""Models of several inputs learn, predict, are evaluated and resumed as those of one."""

import os
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import python
from tests.train.several import A, B, Both, Y
from tests.train.small import assert_same, fit
from tinygrad_edu import io, nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader, k_fold, train_test_split
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_edu.train import evaluate, metrics, predict

W = np.random.default_rng(1).uniform(0.5, 2, 50).astype(np.float32)


class One(Both):
    """The same, of one array that holds both."""

    def forward(self, x):
        return super().forward(x[:, :3], x[:, 3:].reshape(-1, 2, 2))


ONE = np.concatenate([A, B.reshape(50, 4)], 1)
FORMS = {
    "a tuple": ((A, B), Y),
    "a dict": ({"b": B, "a": A}, Y),
    "lists in a dict": ({"a": A.tolist(), "b": B.tolist()}, Y.tolist()),
    "tensors": ((tg.Tensor(A), tg.Tensor(B)), Y),
    "three arrays": (A, B, Y),
    "a dataset": ArrayDataset((A, B), Y),
    "a dataset of three": ArrayDataset(A, B, Y),
    "samples": [((a, b), y) for a, b, y in zip(A, B, Y)],
    "samples in dicts": [({"a": a, "b": b}, y) for a, b, y in zip(A, B, Y)],
    "a map": ArrayDataset(A, B, Y).map(lambda a, b, y: ({"a": a, "b": b}, y)),
}
every_form = pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)


def trained(model, data, loss=None, **settings):
    loss = loss or nn.CrossEntropyLoss([1.0, 2.0])
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    history = fit(model, loss, optimizer, data, **{"epochs": 3, "batch_size": 16} | settings)
    return history, [p.data for p in model.parameters()]


@every_form
def test_fit_of_several_inputs_is_that_of_one_array_of_them(data):
    settings = {"metrics": {"accuracy": metrics.accuracy}, "accumulate": 2, "clip_norm": 1.0}
    expected = trained(One(), (ONE, Y), validation=(ONE, Y), **settings)
    history, parameters = trained(Both(), data, validation=data, **settings)
    for p, q in zip(parameters, expected[1]):
        np.testing.assert_allclose(p, q, rtol=1e-4, atol=1e-6)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(history[name], expected[0][name], rtol=1e-5)


@every_form
def test_a_loader_gives_them_too(data):
    loader = DataLoader(data, 16, shuffle=True, seed=0)
    assert_same(trained(Both(), loader, batch_size=32)[1], trained(Both(), data)[1])
    assert evaluate(Both(), nn.CrossEntropyLoss(), loader)["loss"] == pytest.approx(
        evaluate(One(), nn.CrossEntropyLoss(), (ONE, Y))["loss"], rel=1e-6
    )


@pytest.mark.parametrize(
    "data", [((A, B), Y, W), ({"a": A, "b": B}, Y, W), (A, B, Y, W)], ids=["tuple", "dict", "flat"]
)
def test_weights_stand_behind_the_targets(data):
    loss = nn.CrossEntropyLoss(reduction="none")
    expected = trained(One(), (ONE, Y, W), loss)
    np.testing.assert_allclose(trained(Both(), data, loss)[0]["loss"], expected[0]["loss"], rtol=1e-5)


@pytest.mark.parametrize(
    "x", [(A, B), {"b": B, "a": A}, {"a": A.tolist(), "b": B.tolist()}], ids=["tuple", "dict", "lists"]
)
def test_predict(x):
    model = Both()
    np.testing.assert_allclose(predict(model, x, batch_size=7), predict(One(), ONE), rtol=1e-5, atol=1e-6)
    assert model.training
    np.testing.assert_array_equal(predict(model, {"a": A, "b": B, "scale": np.zeros((50, 1), np.float32)}), 0)
    assert predict(model, (A[:0], B[:0])).shape == (0, 2)


def test_inputs_nest():
    class Nested(Both):
        def forward(self, pair, scale):
            return super().forward(*pair) * scale["s"]

    scale = np.ones((50, 1), np.float32)
    x = ((A, B), {"s": scale})
    expected = trained(Both(), ((A, B), Y))[1]
    assert_same(trained(Nested(), (x, Y))[1], expected)
    assert_same(
        trained(Nested(), [(((a, b), {"s": s}), y) for a, b, s, y in zip(A, B, scale, Y)])[1], expected
    )
    assert predict(Nested(), x).shape == (50, 2)


class Pair(NamedTuple):
    a: Any
    b: Any


def test_named_tuples_stay_what_they_are():
    x = ArrayDataset(Pair(A, B), Y)[:3][0]
    assert type(x) is Pair
    assert_same(x, (A[:3], B[:3]))
    assert_same(trained(Both(), (Pair(A, B), Y))[1], trained(Both(), ((A, B), Y))[1])


def test_splits_keep_them_together():
    for x in ((A, B), {"a": A, "b": B}):
        x_train, x_test, y_train, y_test = train_test_split(x, Y, test_size=10, stratify=Y, rng=0)
        a_train, a_test, _, _ = train_test_split(A, Y, test_size=10, stratify=Y, rng=0)
        for found, expected in ((x_train, a_train), (x_test, a_test)):
            assert type(found) is type(x)
            np.testing.assert_array_equal(found[0] if isinstance(x, tuple) else found["a"], expected)
        trained(Both(), (x_train, y_train), validation=(x_test, y_test))
    for part, rest in k_fold(50, 5, rng=0):
        data = ArrayDataset((A, B), Y)
        (a, b), y = data[rest]
        assert_same((a, b, y), (A[rest], B[rest], Y[rest]))
        assert len(data[part][1]) == 40
    (a, b), y = ArrayDataset((A, B), Y)[3]
    assert_same((a, b, y), (A[3], B[3], Y[3]))


def test_progress_callbacks_and_early_stopping(capsys):
    seen, model = [], Both()
    history, _ = trained(
        model,
        ({"a": A, "b": B}, Y),
        epochs=30,
        validation=((A, B), 1 - Y),
        early_stopping=train.EarlyStopping(patience=2),
        callbacks=[lambda history: seen.append(predict(model, (A, B)).argmax(1))],
        progress=True,
    )
    assert history.stopped == "early"
    assert len(seen) == len(history) < 30
    assert "epoch" in capsys.readouterr().err
    assert history["val_loss"][history.best_epoch - 1] == pytest.approx(
        evaluate(model, nn.CrossEntropyLoss([1.0, 2.0]), ((A, B), 1 - Y))["loss"], rel=1e-5
    )


# ---- checkpoints -------------------------------------------------------------------------------------------

SCRIPT = """
import os, signal, sys
import numpy as np
from tests.train.several import A, B, Y, Both
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader

killed_at, *paths = int(sys.argv[1]), *sys.argv[2:]
calls, cross_entropy = 0, nn.CrossEntropyLoss()

def loss(outputs, targets):
    global calls
    calls += 1
    if calls == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return cross_entropy(outputs, targets)

def add_noise(x, y, rng):
    return {**x, "a": x["a"] + rng.normal(size=(len(y), 1))}, y

for path in paths:
    model, noisy = Both(), ArrayDataset({"a": A, "b": B}, Y).map(add_noise)
    train.fit(
        model, loss, optim.Adam(model.parameters(), lr=0.02), DataLoader(noisy, 8, shuffle=True, seed=1),
        epochs=4, checkpoint=train.Checkpoint(path, seconds=0), resume=True, progress=False,
    )
"""


@pytest.mark.skipif(os.name == "nt", reason="the system has no SIGKILL")
def test_a_training_that_is_killed_goes_on_to_the_bit(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for killed_at, paths, code in ((6, [killed], -9), (10, [killed], -9), (0, [killed, whole], 0)):
        done = python("-c", SCRIPT, killed_at, *paths)
        assert done.returncode == code, done.stderr
    first, second = (io.load_checkpoint(path) for path in (whole, killed))
    assert first["history"]["steps"] == second["history"]["steps"] == 28
    for part in ("model", "optimizer", "data"):
        np.testing.assert_equal(second[part], first[part])


# ---- what does not fit -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            ((A, B[:9]), Y),
            ShapeError,
            r"inputs\[0\] of shape \(50, 3\), fit: inputs\[1\] of shape \(9, 2, 2\)",
        ),
        (({"a": A, "b": B[:9]}, Y), ShapeError, r"inputs\['b'\] of shape \(9, 2, 2\)"),
        (({"a": A, "b": 1.0}, Y), ShapeError, r"inputs\['b'\] of shape \(\)"),
        (({"a": A, "b": ["x"] * 50}, Y), DTypeError, r"array 0\['b'\] holds <U1, expected numbers"),
        (({"a": A, "b": [[1.0], [1.0, 2.0]]}, Y), ShapeError, r"fit: inputs\['b'\].*rows of one length"),
        (({}, Y), ArgumentError, "inputs is an empty dict"),
        (
            ({"a": A, "c": B}, Y),
            ArgumentError,
            r"does not take these inputs, those called a, c: .*forward\(a, b",
        ),
        (({"a": A}, Y), ArgumentError, "those called a: missing a required argument: 'b'"),
        (((A, B, A, A), Y), ArgumentError, r"4 in a tuple: too many positional arguments"),
        (({"a": A, "b": B, "c": {1: A}}, Y), ArgumentError, "unexpected keyword argument 'c'"),
        ([((A[0], B[0]), 1), ((A[0], B[0], 1), 1)], ShapeError, "samples of one batch have the same shapes"),
        ([({"a": A[0], "b": B[0]}, 1), ({"a": A[0], "c": B[0]}, 1)], ShapeError, "the same shapes"),
        ({"a": A, "b": B}, ArgumentError, "got a dict"),
    ],
)
def test_what_does_not_fit_is_named(data, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        trained(Both(), data)


def test_a_model_of_one_input_says_so():
    model = nn.Linear(3, 2, rng=0)
    with pytest.raises(
        ArgumentError, match=r"(?s)Linear does not take these inputs, 2 in a tuple: .*forward\("
    ):
        trained(model, ((A, A), Y))
    with pytest.raises(ShapeError, match=r"(?s)without their targets; got a tuple.*Linear does not take"):
        predict(model, (A, Y))
    with pytest.raises(
        ArgumentError, match=r"got 4 arrays. Several inputs are one of them: \(\(x1, x2\), y\)"
    ):
        trained(model, (A, A, Y, W))
    with pytest.raises(ShapeError, match=r"x\['a'\] of shape \(50, 3\), x\['b'\] of shape \(9, 2, 2\)"):
        predict(Both(), {"a": A, "b": B[:9]})
    with pytest.raises(ShapeError, match=r"array 0\[0\] of shape \(50, 3\), array 0\[1\] of shape \(9"):
        train_test_split((A, B[:9]), Y)


def test_an_input_that_is_not_finite_is_named():
    bad = B.copy()
    bad[30, 1, 0] = np.nan
    model = Both()
    with pytest.warns(
        RuntimeWarning, match=r"the inputs\['b'\] are not finite: row .* example 30 of the data"
    ):
        history, _ = trained(model, ({"a": A, "b": bad}, Y))
    assert history.stopped == "nan"


def test_a_lonely_last_example_is_found_before_the_first_step():
    class Normalized(Both):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(2)

        def forward(self, a, b):
            return self.norm(super().forward(a, b))

    with pytest.raises(ArgumentError, match="50 examples in batches of 7 end with a batch of one example"):
        trained(Normalized(), ((A, B), Y), batch_size=7)


def test_rows_of_numbers_in_tuples_are_one_array():
    rows = tuple(map(tuple, A.tolist()))
    np.testing.assert_array_equal(ArrayDataset(rows, Y).arrays[0], A.astype(float))
    assert repr(ArrayDataset((A, B), {"y": Y})) == (
        "ArrayDataset(50 samples: (float32 (3,), float32 (2, 2)), {y: int64 ()})"
    )
