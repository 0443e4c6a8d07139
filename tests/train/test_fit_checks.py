"""What fit and its kin find before the first step, and what they say of numbers that are not finite."""

import warnings
from functools import partial

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import copies
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.errors import ArgumentError, DTypeError, NonFiniteError, ShapeError
from tinygrad_edu.train import EarlyStopping, evaluate, metrics, predict

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
fit = partial(train.fit, progress=False)


def regressor():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
    return model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1)


def same(model, before):
    return all(np.array_equal(p.data, b) for p, b in zip(model.parameters(), before, strict=True))


# ---- parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m, o: fit(m, nn.CrossEntropyLoss, o, (X, Y), epochs=1),
            r"fit: the loss is an instance.*class CrossEntropyLoss.*CrossEntropyLoss\(…\)",
        ),
        (
            lambda m, o: fit(nn.Linear, nn.MSELoss(), o, (X, Y), epochs=1),
            "fit: the model is an instance.*class Linear",
        ),
        (
            lambda m, o: fit(m, nn.MSELoss(), optim.Adam, (X, Y), epochs=1),
            "fit: the optimizer is an instance.*class Adam",
        ),
        (
            lambda m, o: fit(m, nn.MSELoss(), o, (X, Y), epochs=1, callbacks=[list]),
            "fit: a callback is an instance.*class list",
        ),
        (
            lambda m, o: fit(m, nn.MSELoss(), o, (X, Y), epochs=1, schedule=float),
            "fit: a schedule is an instance.*class float",
        ),
        (
            lambda m, o: fit(m, Y.__class__, o, (X, Y), epochs=1),
            "fit: the loss is an instance.*class ndarray",
        ),
        (lambda m, o: evaluate(m, nn.MSELoss, (X, Y)), "evaluate: the loss is an instance.*class MSELoss"),
        (lambda m, o: evaluate(nn.Linear, nn.MSELoss(), (X, Y)), "evaluate: the model is an instance"),
        (
            lambda m, o: evaluate(m, "mse", (X, Y)),
            r"evaluate: expected a function of \(outputs, targets\) as the loss; got str",
        ),
        (lambda m, o: predict(nn.Linear, X), "predict: the model is an instance"),
        (lambda m, o: predict(abs, X), "predict: expected a Module as the model; got builtin"),
        (lambda m, o: fit(m, nn.MSELoss(), o, {"x": X, "y": Y}, epochs=1), r"got a dict.*Of a dict"),
        (
            lambda m, o: fit(m, nn.MSELoss(), o, zip(X, Y), epochs=2),
            "data is an iterator, which has one epoch only",
        ),
        (
            lambda m, o: fit(m, nn.MSELoss(), o, (X, Y), epochs=2, validation=zip(X, Y)),
            "validation is an iterator",
        ),
        (
            lambda m, o: fit(m, nn.MSELoss(), o, DataLoader((X, Y), 64, drop_last=True), epochs=1),
            "no batch in the data: 20 examples.*one of 64",
        ),
        (
            lambda m, o: fit(
                m, nn.MSELoss(), o, (X, Y), epochs=1, validation=DataLoader((X, Y), 64, drop_last=True)
            ),
            "no batch in the validation data",
        ),
    ],
)
def test_what_cannot_be_is_named_before_the_first_step(call, message):
    model, _, optimizer = regressor()
    before = copies(model)
    with pytest.raises(ArgumentError, match=message):
        call(model, optimizer)
    assert same(model, before)


def test_replaced_parameters_are_noticed():
    model, loss, optimizer = regressor()
    model[2] = nn.Linear(4, 1, rng=5)
    before = copies(model)
    with pytest.raises(
        ArgumentError,
        match=r"2.weight, 2.bias are not among.* of shape \(1, 4\), \(1,\), which the model no longer has",
    ):
        fit(model, loss, optimizer, (X, Y), epochs=1)
    assert same(model, before)


def test_parameters_that_the_optimizer_lacks_are_told_of_unless_they_are_frozen():
    model, loss, _ = regressor()
    head = optim.SGD(model[2].parameters(), lr=0.1)
    with pytest.warns(
        RuntimeWarning,
        match=r"0.weight, 0.bias: not among the optimizer's parameters, and will not be trained.*freeze\(\)",
    ):
        fit(model, loss, head, (X, Y), epochs=1)
    model[0].freeze()
    fit(model, loss, head, (X, Y), epochs=1)


def test_an_optimizer_may_have_parameters_of_the_loss_and_of_others():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(np.ones(1, np.float32))

        def forward(self, outputs, targets):
            return np.mean((outputs * self.scale - targets) ** 2)

    model, loss = nn.Linear(3, 1, rng=0), Scaled()
    other = nn.Linear(2, 2)
    optimizer = optim.SGD([*model.parameters(), *loss.parameters(), *other.parameters()], lr=0.1)
    fit(model, loss, optimizer, (X, Y), epochs=1)
    assert loss.scale.item() != 1


# ---- data --------------------------------------------------------------------------------------------------


class Sized:
    """Samples that can be counted and iterated over, and no more."""

    def __len__(self):
        return len(X)

    def __iter__(self):
        return iter(zip(X, Y))


@pytest.mark.parametrize("data", [Sized(), dict(enumerate(zip(X, Y))).values(), lambda: zip(X, Y)])
@pytest.mark.parametrize("size", [8, None])
def test_what_can_only_be_iterated_over_keeps_its_order(data, size):
    if size is None and callable(data):
        return
    model, loss, optimizer = regressor()
    history = fit(model, loss, optimizer, data, epochs=2, batch_size=size, validation=data)
    other, loss, optimizer = regressor()
    expected = fit(other, loss, optimizer, DataLoader((X, Y), size or 20), epochs=2, validation=(X, Y))
    assert same(other, copies(model))
    assert history["loss"] == expected["loss"]
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-6)


RAGGED = [[1.0, 2.0, 3.0], [1.0, 2.0]]
MASKED = np.ma.masked_array(X, mask=X > 1)


@pytest.mark.parametrize(
    ("call", "who"),
    [
        (lambda bad, m: fit(m, nn.MSELoss(), optim.SGD(m.parameters()), (bad, Y), epochs=1), "fit: inputs"),
        (lambda bad, m: fit(m, nn.MSELoss(), optim.SGD(m.parameters()), (X, bad), epochs=1), "fit: targets"),
        (
            lambda bad, m: fit(m, nn.MSELoss(), optim.SGD(m.parameters()), (X, Y, bad), epochs=1),
            "fit: weights",
        ),
        (
            lambda bad, m: fit(
                m, nn.MSELoss(), optim.SGD(m.parameters()), (X, Y), epochs=1, validation=(bad, Y)
            ),
            "fit: validation: inputs",
        ),
        (lambda bad, m: evaluate(m, nn.MSELoss(), (X, bad)), "evaluate: targets"),
        (lambda bad, m: predict(m, bad), "predict: x"),
        *[
            (lambda bad, m, f=f: f(bad, Y), f"{f.__name__}: targets")
            for f in (metrics.accuracy, metrics.f1, metrics.recall, metrics.precision)
        ],
        *[
            (lambda bad, m, f=f: f(Y, bad), f"{f.__name__}: predictions")
            for f in vars(metrics).values()
            if callable(f) and f.__name__ not in ("precision", "recall", "f1", "accuracy")
        ],
    ],
)
def test_masks_and_rows_of_several_lengths_are_refused_by_name(call, who):
    model, _, _ = regressor()
    before = copies(model)
    with pytest.raises(DTypeError, match=f"{who}: masked arrays are not supported"):
        call(MASKED, model)
    with pytest.raises(
        ShapeError, match=rf"{who}: an array has rows of one length; got a list with elements of lengths 2, 3"
    ):
        call(RAGGED, model)
    assert same(model, before)


# ---- metrics -----------------------------------------------------------------------------------------------


class Counted(nn.Module):
    def __init__(self):
        self.linear, self.norm, self.dropout = (
            nn.Linear(3, 1, rng=0),
            nn.BatchNorm1d(1),
            nn.Dropout(0.5, rng=1),
        )
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.dropout(self.norm(self.linear(x)))


@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (metrics.label_f1, DTypeError, "threshold="),
        (metrics.accuracy, ArgumentError, "threshold=0.5"),
        (lambda t, o: t - o, DTypeError, "'mine' returns one number"),
        (lambda t, o: None, DTypeError, "'mine' returns one number"),
        (lambda t, o: next(iter([])), ArgumentError, "'mine' raised StopIteration"),
        (lambda t, o: o.nothing, AttributeError, "nothing"),
    ],
)
def test_a_metric_that_cannot_work_ends_the_training_before_the_first_step(metric, error, message, held_out):
    model = Counted()
    before, draw = model.state_dict(), model.dropout.rng.bit_generator.state
    optimizer, loader = optim.Adam(model.parameters()), DataLoader((X, Y), 2, shuffle=True)
    with pytest.raises(error, match=message) as raised:
        fit(
            model,
            nn.MSELoss(),
            optimizer,
            loader,
            epochs=5,
            metrics={"mine": metric},
            validation=(X, Y) if held_out else None,
        )
    assert any("by the metric 'mine'" in note for note in raised.value.__notes__)
    assert model.calls < 5
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.dropout.rng.bit_generator.state == draw
    assert (loader.epoch, loader.state_dict()["batch"], model.training) == (0, 0, True)
    assert optimizer.state_dict()["state"][0]["steps"] == 0


def test_a_metric_that_needs_more_than_a_batch_is_tried_on_all_examples():
    """Of four examples of one class there is no ROC; of all there is."""
    order = np.argsort(Y[:, 0], kind="stable")
    model = nn.Linear(3, 1, rng=0)
    history = fit(
        model, nn.MSELoss(), optim.SGD(model.parameters()), DataLoader((X[order], Y[order]), 4), epochs=1,
        validation=DataLoader((X[order], Y[order]), 4), metrics={"auc": metrics.roc_auc},
    )  # fmt: skip
    assert history["val_auc"] == [metrics.roc_auc(Y[order], predict(model, X[order]))]


def test_the_trial_does_not_change_the_training():
    """Dropout, running statistics, the order of the batches, and the default generator."""

    def run(**settings):
        with tg.seed(3) as rng:
            model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
            history = fit(
                model,
                nn.MSELoss(),
                optim.Adam(model.parameters()),
                (X, Y),
                epochs=3,
                batch_size=5,
                **settings,
            )
            return history["loss"], model.state_dict(), rng.random()

    noisy = {"noise": lambda t, o: float(np.mean(o)), "more": partial(metrics.accuracy, threshold=0.5)}
    losses, state, draw = run()
    for settings in ({"metrics": noisy}, {"metrics": noisy, "validation": (X, Y)}):
        other_losses, other_state, other_draw = run(**settings)
        assert losses == other_losses
        assert draw == other_draw
        assert all(np.array_equal(value, other_state[name]) for name, value in state.items())


def test_batches_of_sequences_of_several_lengths_have_no_metrics_together():
    class Sums(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(1, 1, rng=0)

        def forward(self, x):
            return self.linear(x)

    def samples():
        return (
            (np.full((3 + i // 4, 1), 1.0, np.float32), np.zeros((3 + i // 4, 1), np.float32))
            for i in range(8)
        )

    model = Sums()
    fit(model, nn.MSELoss(), optim.SGD(model.parameters()), samples, epochs=1, batch_size=4)
    with pytest.raises(
        ShapeError,
        match=r"Metrics are of all outputs together.* after batches of \(4, 3, 1\) came one of \(4, 4, 1\)",
    ):
        fit(
            model, nn.MSELoss(), optim.SGD(model.parameters()), samples, epochs=1, batch_size=4,
            metrics={"mse": metrics.mean_squared_error},
        )  # fmt: skip


def test_the_trial_puts_back_what_a_model_changes_in_use_too():
    class Restless(nn.Module):
        def __init__(self):
            self.linear, self.calls, self.rng = (
                nn.Linear(3, 1, rng=0),
                nn.Buffer([0.0]),
                np.random.default_rng(0),
            )

        def forward(self, x):
            self.calls.write(self.calls.data + 1)
            self.rng.random()
            return self.linear(x)

    model, seen = Restless(), []

    def metric(targets, outputs):
        seen.append((model.calls.item(), model.rng.bit_generator.state["state"]["state"]))
        return 0.0

    before = model.rng.bit_generator.state["state"]["state"]
    fit(model, nn.MSELoss(), optim.SGD(model.parameters()), (X, Y), epochs=1, metrics={"mine": metric})
    assert [calls for calls, _ in seen] == [1, 1]
    assert before != seen[0][1] == seen[1][1]


def test_metrics_of_outputs_that_are_not_finite_leave_the_story_to_the_training():
    model, loss, optimizer = regressor()
    with pytest.warns(RuntimeWarning, match="the inputs are not finite: row 3 of the batch"):
        history = fit(
            model,
            loss,
            optimizer,
            DataLoader((spoilt(X, 3, np.nan), Y), 20),
            epochs=1,
            metrics={"mine": metrics.roc_auc},
        )
    assert history.stopped == "nan"


def test_a_metric_may_warn_of_a_batch():
    def metric(targets, outputs):
        if len(targets) < 20:
            warnings.warn("only a few", RuntimeWarning, stacklevel=1)
        return 1.0

    model, loss, optimizer = regressor()
    assert fit(model, loss, optimizer, (X, Y), epochs=1, batch_size=5, metrics={"mine": metric})["mine"] == [
        1.0
    ]


# ---- numbers that are not finite ---------------------------------------------------------------------------


def spoilt(array, row, value):
    array = array.copy()
    array[row, -1] = value
    return array


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize(
    ("what", "value"), [("inputs", np.nan), ("targets", np.nan), ("targets", np.inf), ("weights", np.nan)]
)
def test_data_that_are_not_finite_are_named_and_the_rate_is_not_blamed(what, value, accumulate, shuffle):
    model = nn.Linear(3, 1, rng=0)
    arrays = {"inputs": X, "targets": Y, "weights": np.ones((20, 1))}
    arrays[what] = spoilt(arrays[what], 13, value)
    data = (arrays["inputs"], arrays["targets"], arrays["weights"][:, 0])
    loader = DataLoader(data if what == "weights" else data[:2], 4, shuffle=shuffle, seed=1)
    loss = nn.MSELoss(reduction="none" if what == "weights" else "mean")
    with pytest.warns(
        RuntimeWarning,
        match=f"the {what} are not finite: row . of the batch, example 13 of the data, holds {value}",
    ):
        history = fit(
            model, loss, optim.SGD(model.parameters(), lr=0.1), loader, epochs=1, accumulate=accumulate
        )
    assert history.stopped == "nan"
    assert "data.Imputer" in history.reason
    assert "rate" not in history.reason
    assert np.isfinite(model.weight.data).all()


def test_finite_data_leave_the_rate_to_blame():
    model = nn.Linear(3, 1, rng=0)
    with (
        np.errstate(all="ignore"),
        pytest.warns(RuntimeWarning, match="A lower learning rate or clip_norm= may help") as told,
    ):
        fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=1e6), (X, Y), epochs=50)
    assert "not finite:" not in str(told[0].message)


@pytest.mark.parametrize(
    "data", [lambda bad: (bad, Y), lambda bad: lambda: zip(bad, Y)], ids=["arrays", "iterated"]
)
def test_a_validation_loss_that_is_not_finite_is_told_of_once(data):
    bad = spoilt(X, 3, np.nan)
    model, loss, optimizer = regressor()
    with pytest.warns(RuntimeWarning) as told:
        history = fit(
            model,
            loss,
            optimizer,
            (X, Y),
            epochs=9,
            validation=data(bad),
            early_stopping=EarlyStopping(patience=3),
        )
    assert len(told) == 1
    said = str(told[0].message)
    assert "the validation loss is nan after epoch 1" in said
    assert ("inputs are not finite: row 3 of the batch, example 3 of the data" in said) == isinstance(
        data(bad), tuple
    )
    assert told[0].filename == __file__
    assert (history.stopped, len(history)) == ("early", 3)
    assert "val_loss was nan, and in none of 3 epochs" in history.reason
    model, loss, optimizer = regressor()
    fit(model, loss, optimizer, (X, Y), epochs=2, validation=data(bad), on_nan="ignore")
    with pytest.raises(NonFiniteError, match="the validation loss is nan after epoch 1"):
        fit(model, loss, optimizer, (X, Y), epochs=2, validation=data(bad), on_nan="raise")


def test_early_stopping_says_how_many_values_were_not_finite():
    model, loss, optimizer = regressor()
    epochs = []
    history = fit(
        model, loss, optimizer, (X, Y), epochs=9,
        metrics={"score": lambda t, o: [1.0, np.nan, 2.0, np.inf][len(epochs)]},
        early_stopping=EarlyStopping(monitor="score", mode="min", patience=3), callbacks=[epochs.append],
    )  # fmt: skip
    reason = "score was not better for 3 epochs after epoch 1, and not finite (nan or inf) in 2 of them"
    assert history.reason == reason


def test_data_sets_with_maps_are_named_too():
    model = nn.Linear(3, 1, rng=0)
    data = DataLoader(ArrayDataset(X, Y).map(lambda x, y: (np.where(x == x[0], np.nan, x), y)), 20)
    with pytest.warns(
        RuntimeWarning,
        match="the inputs are not finite: row 0 of the batch, example 0 of the data, holds nan",
    ):
        fit(model, nn.MSELoss(), optim.SGD(model.parameters()), data, epochs=1)
