"""fit: the loop that one writes by hand, and how it may end; predict and evaluate."""

import hashlib
import json
import signal
import threading
from functools import partial

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import copies, printed
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.errors import ArgumentError, DTypeError, NonFiniteError, ShapeError, TinygradError
from tinygrad_edu.train import EarlyStopping, evaluate, metrics, predict

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)
fit = partial(train.fit, progress=False)


def classifier(*, rate=0.1, hidden=4):
    model = nn.Sequential(nn.Linear(3, hidden, rng=0), nn.Tanh(), nn.Linear(hidden, 2, rng=1))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=rate)


def scalar(value=0.0, *, rate=1.0):
    """The model w x, and an optimizer that takes off the gradient as it is."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data = np.full((1, 1), value, np.float32)
    return model, optim.SGD(model.parameters(), lr=rate)


def column(*values):
    return np.array(values, np.float32).reshape(-1, 1)


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- the loop ----------------------------------------------------------------------------------------------


def test_it_is_the_loop_by_hand():
    model, loss, optimizer = classifier()
    history = fit(model, loss, optimizer, (X, Y), epochs=3, batch_size=8, seed=7)

    other, loss, optimizer = classifier()
    losses = []
    for epoch in range(3):
        total = 0.0
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([7, epoch]))).permutation(50)
        for start in range(0, 50, 8):
            batch = order[start : start + 8]
            optimizer.zero_grad()
            value = loss(other(X[batch]), Y[batch])
            value.backward()
            optimizer.step()
            total += value.item() * len(batch)
        losses.append(total / 50)
    assert_same(copies(model), copies(other))
    assert history["loss"] == losses
    assert (history.steps, len(history), history.stopped) == (21, 3, None)


def test_t05_the_loss_of_an_epoch_is_the_mean_over_examples():
    """Errors 1, 2, 3, 4 and 100, in batches of 4 and 1."""
    model, optimizer = scalar(rate=0.0)
    x, errors = column(1, 1, 1, 1, 1), column(1, 2, 3, 4, 100)
    data = DataLoader((x, errors), 4)
    history = fit(model, nn.L1Loss(), optimizer, data, epochs=1, validation=data)
    assert history["loss"] == history["val_loss"] == [22.0]
    assert evaluate(model, nn.L1Loss(), (x, errors), batch_size=4) == {"loss": 22.0}
    assert evaluate(model, nn.L1Loss(reduction="none"), (x, errors), batch_size=4) == {"loss": 22.0}


@pytest.mark.parametrize(
    "loss", [nn.L1Loss(reduction="sum"), lambda o, t, reduction="sum": tg.l1_loss(o, t, reduction="sum")]
)
def test_a_summed_loss_is_added_up(loss):
    model, optimizer = scalar(rate=0.0)
    history = fit(
        model, loss, optimizer, DataLoader((column(1, 1, 1, 1, 1), column(1, 2, 3, 4, 100)), 4), epochs=1
    )
    assert history["loss"] == [110.0]


def test_o35_accumulated_batches_count_by_their_examples():
    """w = 0, x = 1, 2, 3, 4 and 100, targets 1, squared error: the gradient of the mean is -44,
    the mean of the means -102.5.
    """
    for loss in (nn.MSELoss(), nn.MSELoss(reduction="none")):
        model, optimizer = scalar()
        history = fit(
            model,
            loss,
            optimizer,
            DataLoader((column(1, 2, 3, 4, 100), np.ones((5, 1))), 4),
            epochs=1,
            accumulate=2,
        )
        assert model.weight.item() == 44.0
        assert history.steps == 1
    model, optimizer = scalar()
    fit(
        model,
        nn.MSELoss(reduction="sum"),
        optimizer,
        DataLoader((column(1, 2, 3, 4, 100), np.ones((5, 1))), 4),
        epochs=1,
        accumulate=2,
    )
    assert model.weight.item() == 220.0


def test_groups_of_batches_equal_larger_batches():
    """The last group, of the 2 batches that are left, makes a step too."""
    model, loss, optimizer = classifier()
    history = fit(model, loss, optimizer, DataLoader((X, Y), 4), epochs=2, accumulate=3)
    other, loss, optimizer = classifier()
    fit(other, loss, optimizer, DataLoader((X, Y), 12), epochs=2)
    assert history.steps == 10
    for a, b in zip(copies(model), copies(other)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_weights_of_examples():
    """The mean is Σ w l / Σ w, in each batch and over the epoch; a whole weight is as many copies."""
    x, y, w = column(1, 2, 3), column(1, 1, 5), np.array([1.0, 2.0, 5.0])
    copies = np.repeat(np.arange(3), [1, 2, 5])
    model, optimizer = scalar()
    history = fit(
        model,
        nn.MSELoss(reduction="none"),
        optimizer,
        (x, y, w),
        epochs=2,
        batch_size=None,
        validation=(x, y, w),
    )
    other, optimizer = scalar()
    expected = fit(
        other,
        nn.MSELoss(),
        optimizer,
        (x[copies], y[copies]),
        epochs=2,
        batch_size=None,
        validation=(x[copies], y[copies]),
    )
    np.testing.assert_allclose(model.weight.data, other.weight.data, rtol=1e-6)
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-6)
    held_out = evaluate(model, nn.MSELoss(reduction="none"), (x, y, w), batch_size=2)
    assert held_out["loss"] == pytest.approx(expected["val_loss"][-1], rel=1e-6)
    with pytest.raises(ArgumentError, match='reduction="none"'):
        evaluate(model, nn.MSELoss(), (x, y, w))
    with pytest.raises(ShapeError, match="one weight for each example"):
        evaluate(model, nn.MSELoss(reduction="none"), (x, y, np.ones((3, 1))))


def test_weights_of_classes_are_the_losses():
    model, _, optimizer = classifier(rate=0.0)
    loss = nn.CrossEntropyLoss(weight=[1.0, 3.0])
    history = fit(model, loss, optimizer, (X, Y), epochs=1, batch_size=None)
    scores = predict(model, X).astype(float)
    each = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(50), Y]
    assert history["loss"][0] == pytest.approx(np.average(each, weights=np.where(Y, 3, 1)), rel=1e-5)


def test_metrics_are_of_whole_epochs():
    """F1 of the epoch is no mean of the batches' F1.

    The training's is of the outputs as they were in each step.
    """
    model, loss, optimizer = classifier(rate=0.0)
    asked = {"f1": metrics.f1, "val_auc": lambda t, o: metrics.roc_auc(t, o[:, 1] - o[:, 0])}
    asked["f1"] = lambda t, o: metrics.f1(t, o.argmax(axis=1))
    history = fit(
        model,
        loss,
        optimizer,
        DataLoader((X, Y), 8),
        epochs=1,
        validation=DataLoader((X, Y), 7),
        metrics=asked,
    )
    scores = predict(model, X)
    assert history["f1"] == history["val_f1"] == [metrics.f1(Y, scores.argmax(axis=1))]
    assert history["val_auc"] == [metrics.roc_auc(Y, scores[:, 1] - scores[:, 0])]
    assert list(history) == ["loss", "f1", "val_loss", "val_f1", "val_auc", "lr", "seconds"]


def test_clipping():
    model, optimizer = scalar()
    fit(model, nn.MSELoss(), optimizer, (column(1, 2, 3, 4, 100), np.ones((5, 1))), epochs=1, clip_norm=0.5)
    assert model.weight.item() == 0.5


def test_batches_of_data_that_are_no_loader():
    sizes = []

    class Count(nn.Linear):
        def forward(self, x):
            sizes.append(len(x))
            assert x.dtype == np.float64
            return super().forward(x)

    model = Count(3, 2, dtype=np.float64)
    for data, size in [
        ((X, Y), 20),
        (ArrayDataset(X, Y), 20),
        ((tg.Tensor(X), Y.tolist()), None),
        ([(x, y) for x, y in zip(X, Y)], 32),
    ]:
        sizes.clear()
        fit(
            model,
            nn.CrossEntropyLoss(),
            optim.SGD(model.parameters(), lr=0.1),
            data,
            epochs=1,
            batch_size=size,
        )
        assert sizes == {20: [20, 20, 10], None: [50], 32: [32, 18]}[size]


# ---- rates -------------------------------------------------------------------------------------------------


def test_schedules_of_epochs_and_of_steps():
    seen = []

    class Watched(optim.SGD):
        def step(self):
            seen.append(self.lr)
            super().step()

    model = classifier()[0]
    by_epoch = fit(
        model,
        nn.CrossEntropyLoss(),
        Watched(model.parameters(), lr=9),
        DataLoader((X, Y), 25),
        epochs=3,
        schedule=lambda e: 0.1 / (e + 1),
    )
    assert seen == [0.1, 0.1, 0.05, 0.05, 0.1 / 3, 0.1 / 3]
    assert by_epoch["lr"] == [0.1, 0.05, 0.1 / 3]
    seen.clear()
    rate = optim.schedule.cosine(0.1, 6)
    by_step = fit(
        model,
        nn.CrossEntropyLoss(),
        Watched(model.parameters(), lr=9),
        DataLoader((X, Y), 25),
        epochs=3,
        step_schedule=rate,
    )
    assert seen == [rate(step) for step in range(6)]
    assert by_step["lr"] == seen[1::2]


@pytest.mark.parametrize("watched", [None, "val_error"])
def test_a_plateau_looks_at_a_column(watched):
    plateau = optim.ReduceOnPlateau(0.5, patience=0, factor=0.5, threshold=0.0)
    model, loss, optimizer = classifier()
    epochs = []
    asked = {"val_error": lambda t, o: [3.0, 2.0, 2.0, 1.0, 1.0][len(epochs)]}
    schedule = plateau if watched is None else (plateau, watched)
    history = fit(
        model,
        loss,
        optimizer,
        (X, Y),
        epochs=5,
        validation=(X, Y),
        metrics=asked,
        schedule=schedule,
        callbacks=[epochs.append],
    )
    again = optim.ReduceOnPlateau(0.5, patience=0, factor=0.5, threshold=0.0)
    expected = [0.5, *(again(value) for value in history["val_loss" if watched is None else watched])]
    assert history["lr"] == expected[:5]
    if watched:
        assert history["lr"] == [0.5, 0.5, 0.5, 0.25, 0.25]


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


def test_t09_early_stopping_restores_copies_of_the_best_weights():
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


def test_t10_nan_stops_before_the_step_and_names_it():
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


def test_t10_a_gradient_that_is_not_finite():
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


def test_in_another_thread():
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


def normalized(*layers):
    model = nn.Sequential(nn.Linear(3, 2, rng=0), *layers, nn.BatchNorm1d(2), nn.Dropout(0.5, rng=1))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize("size", [7, 49, 1])
def test_y04_one_example_in_the_last_batch_raises_before_the_first_step(size):
    model, loss, optimizer = normalized()
    before, draw = model.state_dict(), model[2].rng.bit_generator.state
    data = DataLoader((X, Y), size, shuffle=True)
    with pytest.raises(ArgumentError, match="end with a batch of one example"):
        fit(model, loss, optimizer, data, epochs=2)
    assert_same(model.state_dict().values(), before.values())
    assert model[2].rng.bit_generator.state == draw
    assert (data.epoch, data.state_dict()["batch"]) == (0, 0)


def test_y04_what_can_be_trained_is():
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


def test_t01_the_same_seed_gives_the_same_bits_in_two_processes():
    seen = []
    for hashes, seed in enumerate((0, 0, 1)):
        seen.append(json.loads(printed("-c", SCRIPT, seed, PYTHONHASHSEED=str(hashes))))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]
    assert seen[0][1] != seen[2][1]
    assert len(hashlib.sha256().hexdigest()) == len(seen[0][0])


# ---- predict and evaluate ----------------------------------------------------------------------------------


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


# ---- what cannot be done -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number"),
        ({"epochs": 2.5}, "epochs is a whole number"),
        ({"epochs": True}, "epochs is a whole number"),
        ({"clip_norm": "1"}, "clip_norm is above 0"),
        ({"data": lambda: iter([(X[0], Y[0])]), "batch_size": None}, "does not tell how many"),
        ({"accumulate": 0}, "accumulate is a whole number"),
        ({"clip_norm": 0}, "clip_norm is above 0"),
        ({"on_nan": "stay"}, "on_nan is"),
        ({"progress": "yes"}, "progress is"),
        ({"schedule": 0.1}, "function of the epoch"),
        ({"schedule": abs, "step_schedule": abs}, "one schedule at most"),
        ({"step_schedule": optim.ReduceOnPlateau(0.1)}, "looks at epochs"),
        ({"schedule": (optim.ReduceOnPlateau(0.1), "accuracy")}, "schedule looks at 'accuracy'"),
        ({"schedule": (abs, "loss")}, "a pair is"),
        ({"metrics": {"loss": metrics.accuracy}}, "a column 'loss' of its own"),
        ({"metrics": metrics.accuracy}, "functions by name"),
        ({"metrics": {"val_accuracy": metrics.accuracy}}, "begins with val_"),
        (
            {"early_stopping": EarlyStopping(monitor="val_loss")},
            "EarlyStopping looks at 'val_loss', and the history will have the columns loss",
        ),
        ({"data": DataLoader((X, Y)), "batch_size": 8}, "settings of the DataLoader"),
        ({"data": DataLoader((X, Y)), "seed": 8}, "settings of the DataLoader"),
        ({"data": (X,)}, r"\(x, y\) or \(x, y, weights\); got 1"),
        ({"data": (X[:0], Y[:0])}, "no examples in the data"),
        ({"validation": (X[:0], Y[:0])}, "no examples in the validation data"),
        ({"metrics": {"a": metrics.accuracy, "val_a": metrics.accuracy}, "validation": (X, Y)}, "'a' twice"),
        ({"optimizer": optim.SGD(nn.Linear(1, 1).parameters(), lr=1)}, "no parameter of this model"),
        ({"optimizer": optim.LBFGS([tg.Tensor(1.0, requires_grad=True)])}, "many losses in a step"),
        ({"model": lambda x: x}, "expected a Module"),
        ({"resume": True}, "there is none"),
        ({"callbacks": print}, "a list of functions"),
        ({"early_stopping": 5}, r"early_stopping is a train\.EarlyStopping; got 5"),
        ({"checkpoint": 5}, r"checkpoint is a train\.Checkpoint"),
    ],
)
def test_what_is_refused_changes_nothing(settings, message):
    model, loss, optimizer = classifier()
    before = copies(model)
    given = {"model": model, "optimizer": optimizer, "data": (X, Y), "epochs": 1, **settings}
    with pytest.raises(ArgumentError, match=message):
        fit(given.pop("model"), loss, given.pop("optimizer"), given.pop("data"), **given)
    assert_same(copies(model), before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "patience is a number of epochs"),
        ({"mode": "low"}, "mode is"),
        ({"min_delta": -1}, "min_delta is at least 0"),
        ({"monitor": "val_accuracy"}, "smaller or larger"),
    ],
)
def test_early_stopping_refuses(settings, message):
    with pytest.raises(ArgumentError, match=message):
        EarlyStopping(**settings)


@pytest.mark.parametrize("result", [1.0, None, np.array(1.0)])
def test_a_loss_that_is_no_tensor_is_refused(result):
    model, _, optimizer = classifier()
    before = copies(model)
    with pytest.raises(DTypeError, match=f"The loss is a tensor.*got {type(result).__name__}"):
        fit(model, lambda outputs, targets: result, optimizer, (X, Y), epochs=1)
    assert_same(copies(model), before)


@pytest.mark.parametrize("result", [np.array([0.5, 0.6]), None])
def test_a_metric_that_is_no_number_is_named(result):
    model, loss, optimizer = classifier()
    with pytest.raises(DTypeError, match="The metric 'mine' returns one number"):
        fit(model, loss, optimizer, (X, Y), epochs=1, metrics={"mine": lambda targets, outputs: result})


def test_evaluate_refuses_metrics_without_names():
    model, loss, _ = classifier()
    with pytest.raises(ArgumentError, match="evaluate: metrics are functions by name"):
        evaluate(model, loss, (X, Y), metrics=[metrics.accuracy])


def test_negative_weights_of_examples_are_refused():
    model, _, optimizer = classifier()
    before = copies(model)
    with pytest.raises(ArgumentError, match="Weights of examples are 0 or more; got -1"):
        fit(model, nn.CrossEntropyLoss(reduction="none"), optimizer, (X, Y, np.full(50, -1.0)), epochs=1)
    assert_same(copies(model), before)


def test_what_is_only_iterated_over_keeps_its_order():
    first, loss, optimizer = classifier()
    history = fit(first, loss, optimizer, lambda: zip(X, Y), epochs=np.int64(2), batch_size=8)
    second, loss, optimizer = classifier()
    assert fit(second, loss, optimizer, DataLoader((X, Y), 8), epochs=2)["loss"] == history["loss"]
    assert_same(copies(first), copies(second))


def test_validation_data_that_do_not_fit_are_found_before_the_first_step():
    model = nn.Linear(3, 2, rng=0)
    before = model.state_dict()
    x, y = np.ones((8, 3), np.float32), np.zeros(8, int)
    for validation in ((x[:, :2], y), (x, y + 7), (x, np.ones((8, 1)))):
        with pytest.raises((ArgumentError, DTypeError, ShapeError)):
            train.fit(
                model,
                nn.CrossEntropyLoss(),
                optim.SGD(model.parameters(), lr=0.1),
                (x, y),
                epochs=2,
                validation=validation,
            )
        assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())
        assert model.training


def test_a_model_of_several_outputs_is_named_where_the_loss_cannot_use_them():
    class Pair(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(3, 2, rng=0)

        def forward(self, x):
            return self.layer(x), self.layer(x)

    model = Pair()
    with pytest.raises((TinygradError, TypeError, ValueError, AttributeError)) as raised:
        train.fit(
            model,
            nn.CrossEntropyLoss(),
            optim.SGD(model.parameters(), lr=0.1),
            (np.ones((4, 3)), np.zeros(4, int)),
            epochs=1,
        )
    assert any("The model returned a tuple" in note for note in raised.value.__notes__)
