"""How a fit may end: early, by a number that is not finite, by Ctrl-C, by a callback.

From the same seed it ends with the same bits.
"""

import hashlib
import json
import signal
import threading

import numpy as np
import pytest

from tests.helpers import copies, printed
from tests.train.small import X, Y, assert_same, classifier, column, fit, normalized, scalar
from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader
from tinygrad_edu.errors import ArgumentError, NonFiniteError, ShapeError
from tinygrad_edu.train import EarlyStopping

# ---- the end -----------------------------------------------------------------------------------------------


def stopping_run(values, **settings):
    """A training whose validation reports these values; the model's weights after each epoch."""
    model, loss, optimizer = classifier()
    after = []
    history = fit(
        model, loss, optimizer, (X, Y), epochs=len(values), validation=(X, Y),
        metrics={"val_score": lambda t, o: values[len(after)]},
        early_stopping=EarlyStopping(monitor="val_score", **settings),
        callbacks=[lambda history: after.append(copies(model))],
    )  # fmt: skip
    return model, history, after


def test_early_stopping_restores_copies_of_the_best_weights():  # T09
    model, history, after = stopping_run([5, 3, 4, 3, 3, 1], mode="min", patience=3)
    assert (history.stopped, len(history), history.best_epoch) == ("early", 5, 2)
    assert "val_score was not better for 3 epochs after epoch 2" in repr(history)
    assert_same(copies(model), after[1])
    assert not np.array_equal(after[1][0], after[4][0])


@pytest.mark.parametrize(
    ("values", "settings", "epochs", "best"),
    [
        ([1, 2, 3, 2], {"mode": "max"}, 4, 3),
        ([np.nan, 5, np.nan, 4, 6], {"mode": "min"}, 5, 4),
        ([np.nan, np.nan, np.nan, 1], {"mode": "min", "patience": 3}, 3, None),
        ([5, 4.5, 4.2, 4.1], {"mode": "min", "min_delta": 1, "patience": 2}, 3, 1),
        ([5, 3, 4], {"mode": "min", "restore": False}, 3, 2),
    ],
)
def test_what_is_best(values, settings, epochs, best):
    model, history, after = stopping_run(values, **settings)
    assert (len(history), history.best_epoch) == (epochs, best)
    assert_same(copies(model), after[best - 1 if best and settings.get("restore", True) else -1])


def test_the_best_running_statistics_come_back_too():
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.BatchNorm1d(2))
    after = []
    fit(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), (X, Y), epochs=3, batch_size=25,
        validation=(X, Y), metrics={"val_score": lambda t, o: [2, 1, 3][len(after)]},
        early_stopping=EarlyStopping(monitor="val_score", mode="min"),
        callbacks=[lambda history: after.append(model.state_dict())],
    )  # fmt: skip
    assert_same(model.state_dict().values(), after[1].values())


BAD = X.copy()
BAD[30] = np.nan


def test_nan_stops_before_the_step_and_names_it():  # T10
    model, loss, optimizer = classifier()
    seen = []
    with pytest.warns(
        RuntimeWarning, match=r"fit stopped: the loss is nan at step 4 \(epoch 1\); the parameters are finite"
    ):
        history = fit(model, loss, optimizer, DataLoader((BAD, Y), 10), epochs=3)
    assert (history.stopped, history.steps, len(history)) == ("nan", 3, 0)
    assert "nan at step 4" in history.reason
    assert all(np.isfinite(w).all() for w in copies(model))
    other, loss, optimizer = classifier()
    with pytest.raises(NonFiniteError, match="the loss is nan at step 4"):
        fit(other, loss, optimizer, DataLoader((BAD, Y), 10), epochs=3, on_nan="raise")
    assert_same(copies(model), copies(other))
    history = fit(
        other,
        loss,
        optimizer,
        DataLoader((BAD, Y), 10),
        epochs=1,
        on_nan="ignore",
        callbacks=[lambda h: seen.append(len(h))],
    )
    assert np.isnan(history["loss"]).all()
    assert seen == [1]


def test_a_gradient_that_is_not_finite_stops_before_the_step():  # T10
    """√x at 0 has the value 0 and an infinite slope."""
    model, optimizer = scalar(1.0)
    data = (column(0), column(0))

    def loss(outputs, targets):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sum(np.sqrt(model.weight - 1.0)) + 0 * np.sum(outputs)

    with (
        np.errstate(divide="ignore", invalid="ignore"),
        pytest.warns(RuntimeWarning, match="not finite.*at step 1"),
    ):
        history = fit(model, loss, optimizer, data, epochs=2, clip_norm=1.0)
    assert model.weight.item() == 1.0
    assert history.stopped == "nan"
    with (
        np.errstate(divide="ignore", invalid="ignore"),
        pytest.warns(RuntimeWarning, match="not all of weight is finite, after the step before"),
    ):
        fit(model, loss, optimizer, data, epochs=2)


def test_ctrl_c_leaves_the_last_step_and_a_history():
    model, loss, optimizer = classifier()
    handler = signal.getsignal(signal.SIGINT)

    def rate(step):
        if step == 12:
            signal.raise_signal(signal.SIGINT)
        return 0.1

    history = fit(model, loss, optimizer, DataLoader((X, Y), 10), epochs=9, step_schedule=rate)
    assert (history.stopped, history.steps, len(history)) == ("interrupted", 13, 2)
    assert repr(history).endswith("interrupted after step 13")
    other, loss, optimizer = classifier()
    expected = fit(other, loss, optimizer, DataLoader((X, Y), 10), epochs=2)
    assert history["loss"] == expected["loss"]
    assert not np.array_equal(copies(model)[0], copies(other)[0])
    assert signal.getsignal(signal.SIGINT) is handler
    assert all(module.training for module in model.modules())


def test_ctrl_c_leaves_the_best_model():
    model, loss, optimizer = classifier()
    after = []

    def end(history):
        after.append(copies(model))
        if len(history) == 3:
            signal.raise_signal(signal.SIGINT)

    history = fit(
        model, loss, optimizer, (X, Y), epochs=9, validation=(X, Y),
        metrics={"val_score": lambda t, o: [3, 1, 2, 2][len(after)]},
        early_stopping=EarlyStopping(monitor="val_score", mode="min"), callbacks=[end],
    )  # fmt: skip
    assert (history.stopped, len(history)) == ("interrupted", 3)
    assert_same(copies(model), after[1])


def test_a_second_ctrl_c_does_not_wait():
    model, loss, optimizer = classifier()

    def twice(step):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(model, loss, optimizer, (X, Y), epochs=9, step_schedule=twice)


def test_a_keyboard_interrupt_of_another_handler_ends_it_too():
    def handle(history):
        raise KeyboardInterrupt

    model, loss, optimizer = classifier()
    assert fit(model, loss, optimizer, (X, Y), epochs=9, callbacks=[handle]).stopped == "interrupted"


def test_fit_runs_in_another_thread():
    own, result = classifier(), []
    thread = threading.Thread(target=lambda: result.append(fit(*own, (X, Y), epochs=2)))
    thread.start()
    thread.join()
    assert len(result[0]) == 2


def test_a_callback_may_end_it():
    model, loss, optimizer = classifier()
    calls = []
    callbacks = [
        lambda history: len(history) >= 2,
        lambda history: calls.append(history["loss"][-1]) or "drawn",
    ]
    history = fit(model, loss, optimizer, (X, Y), epochs=9, callbacks=callbacks)
    assert (history.stopped, len(history)) == ("callback", 2)
    assert calls == history["loss"]


def test_what_a_loss_raises_comes_through_and_modes_come_back():
    model, loss, optimizer = classifier()
    model[0].eval()
    with pytest.raises(ShapeError):
        fit(model, loss, optimizer, (X[:, :2], Y), epochs=1)
    assert [module.training for module in model.modules()] == [True, False, True, True]


# ---- the last batch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 49, 1])
def test_one_example_in_the_last_batch_raises_before_the_first_step(size):  # Y04
    model, loss, optimizer = normalized()
    before, draw = model.state_dict(), model[2].rng.bit_generator.state
    data = DataLoader((X, Y), size, shuffle=True)
    with pytest.raises(ArgumentError, match="end with a batch of one example"):
        fit(model, loss, optimizer, data, epochs=2)
    assert_same(model.state_dict().values(), before.values())
    assert model[2].rng.bit_generator.state == draw
    assert (data.epoch, data.state_dict()["batch"]) == (0, 0)


def test_a_last_batch_that_can_be_trained_is():  # Y04
    model, loss, optimizer = normalized()
    assert len(fit(model, loss, optimizer, DataLoader((X, Y), 7, drop_last=True), epochs=1)) == 1
    assert model[1].num_batches_tracked.item() == 7
    assert len(fit(model, loss, optimizer, (X, Y), epochs=1, batch_size=8)) == 1
    plain = classifier()
    assert len(fit(*plain, (X, Y), epochs=1, batch_size=7)) == 1

    class Sequences(nn.Module):
        """One example has three values per channel here."""

        def __init__(self):
            self.norm = nn.BatchNorm1d(1)

        def forward(self, x):
            return self.norm(x.reshape(-1, 1, 3))[:, 0]

    model = Sequences()
    history = fit(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), (X, Y), epochs=1, batch_size=7
    )
    assert model.norm.num_batches_tracked.item() == 8 == history.steps


# ---- the same again ----------------------------------------------------------------------------------------


SCRIPT = """
import hashlib, json, sys
import numpy as np
from tinygrad_edu import nn, optim, train
seed = int(sys.argv[1])
x = np.random.default_rng(9).normal(size=(40, 3)); y = (x.sum(1) > 0).astype(int)
model = nn.Sequential(
    nn.Linear(3, 8, rng=seed), nn.ReLU(), nn.Dropout(0.3, rng=seed + 100), nn.Linear(8, 2, rng=seed + 200)
)
history = train.fit(
    model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), (x, y),
    epochs=3, batch_size=8, seed=seed, validation=(x, y),
)
digest = hashlib.sha256(b"".join(p.data.tobytes() for p in model.parameters())).hexdigest()
print(json.dumps([digest, history["loss"], history["val_loss"]]))
"""


def test_the_same_seed_gives_the_same_bits_in_two_processes():  # T01
    seen = []
    for hashes, seed in enumerate((0, 0, 1)):
        seen.append(json.loads(printed("-c", SCRIPT, seed, PYTHONHASHSEED=str(hashes))))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]
    assert seen[0][1] != seen[2][1]
    assert len(hashlib.sha256().hexdigest()) == len(seen[0][0])
