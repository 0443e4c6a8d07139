"""fit: the loop that one writes by hand, its rates, and what it refuses."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import copies
from tests.train.small import X, Y, assert_same, classifier, column, fit, scalar
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError, TinygradError
from tinygrad_edu.train import EarlyStopping, evaluate, metrics, predict
from tinygrad_edu.train.batches import Totals

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


def test_the_loss_of_an_epoch_is_the_mean_over_examples():  # T05
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


def test_accumulated_batches_count_by_their_examples():  # O35
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


def test_gradients_are_clipped_before_the_step():
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


@pytest.mark.parametrize(("epochs", "steps"), [(1, 300), (2, 300), (7, 11), (5, 1)])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_of_epochs_are_sums_of_one_batch_after_another(epochs, steps, reduction):
    totals = Totals(nn.CrossEntropyLoss(reduction=reduction))
    rng = np.random.default_rng(0)
    losses = rng.random((epochs, steps), np.float32)
    for weights in (np.full((epochs, steps), 4), rng.random((epochs, steps))):
        expected = []
        for batches, own in zip(losses.tolist(), weights.tolist(), strict=True):
            loss, weight = 0.0, 0.0
            for value, of in zip(batches, own, strict=True):
                loss, weight = loss + (value if reduction == "sum" else value * of), weight + of
            expected.append(loss if reduction == "sum" else loss / weight)
        assert totals.of_epochs(losses, weights) == expected
        assert weights[0, 0] != 4 or totals.of_epochs(losses, 4) == expected


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
