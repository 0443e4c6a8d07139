"""What fit looks at while it trains: layers made late, gradients that are not there,
parameters spoilt by the last step, iterators.
"""

import functools
import warnings

import numpy as np
import pytest

from tinygrad_edu import nn, optim, train
from tinygrad_edu.errors import ArgumentError, DTypeError, NonFiniteError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 2)).astype(np.float32), RNG.normal(size=(8, 1)).astype(np.float32)


SQUARED = nn.MSELoss()  # a loss has no state


def fitted(model, loss=SQUARED, data=(X, Y), lr=0.01, epochs=2, **settings):
    optimizer = optim.SGD(model.parameters(), lr=lr)
    return train.fit(model, loss, optimizer, data, epochs=epochs, batch_size=4, progress=False, **settings)


class Lazy(nn.Module):
    def __init__(self):
        self.body, self.made = nn.Linear(2, 3, rng=0), []

    def forward(self, x):
        if not self.made:
            self.made.append(nn.Linear(3, 1, rng=1))
        return self.made[0](self.body(x))


class Cached(nn.Module):
    def __init__(self):
        self.body = nn.Linear(2, 3, rng=0)

    @functools.cached_property
    def head(self):
        return nn.Linear(3, 1, rng=1)

    def forward(self, x):
        return self.head(self.body(x))


class Function(nn.Module):
    def __init__(self, function):
        self.layer, self.function = nn.Linear(2, 1, rng=0), function

    def forward(self, x):
        return self.function(self.layer(x))


# ---- layers made late --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Lazy, Cached])
@pytest.mark.parametrize(
    "settings", [{}, {"validation": (X, Y)}, {"metrics": {"mse": lambda t, o: np.mean((t - o) ** 2)}}]
)
def test_layers_made_in_forward_are_warned_of_once(make, settings):
    with pytest.warns(RuntimeWarning, match=r"made\.0\.weight|head\.weight") as caught:
        fitted(make(), epochs=3, **settings)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("change", [lambda m: m.append(nn.Linear(1, 1, rng=0)), lambda m: m[0].unfreeze()])
def test_layers_that_a_callback_adds_or_unfreezes_are_warned_of(change):
    model = nn.Sequential(nn.Linear(2, 2, rng=1).freeze(), nn.Linear(2, 1, rng=0))
    optimizer = optim.SGD(model[1].parameters(), lr=0.01)
    callbacks = [lambda history: change(model) and None if len(history) == 1 else None]
    with pytest.warns(RuntimeWarning, match=r"weight.*will not be trained") as caught:
        train.fit(model, nn.MSELoss(), optimizer, (X, Y), epochs=3, progress=False, callbacks=callbacks)
    assert len(caught) == 1


# ---- gradients and parameters ------------------------------------------------------------------------------


def test_a_loss_that_reaches_no_parameter_is_refused_before_the_step():
    other = nn.Parameter(np.ones(1, np.float32))
    model = Function(lambda x: x.detach() * other)
    before = model.layer.weight.data.copy()
    with pytest.raises(ArgumentError, match="reaches no parameter"):
        fitted(model)
    assert np.array_equal(model.layer.weight.data, before)


def huge(lr):
    """One step on a finite loss, with a gradient that overflows beside the rate."""
    model = nn.Linear(2, 1, rng=0)
    with np.errstate(all="ignore"):
        return model, lambda on_nan: fitted(
            model, data=(X * 1e10, Y), lr=lr, epochs=1, on_nan=on_nan, accumulate=2
        )


def test_parameters_spoilt_by_the_last_step_are_told_of():
    model, go = huge(1e38)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match=r"last step, 1, weight.* not finite"):
        go("stop")
    assert not np.isfinite(model.weight.data).all()
    _, go = huge(1e38)
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="weight"):
        go("raise")
    _, go = huge(1e38)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        go("ignore")


# ---- what forward, callbacks and iterators return ----------------------------------------------------------


@pytest.mark.parametrize("answer", [True, np.True_, np.bool_(1)])
def test_true_of_either_kind_ends_the_training(answer):
    history = fitted(nn.Linear(2, 1, rng=0), epochs=4, callbacks=[lambda history: answer])
    assert len(history) == 1
    assert history.stopped == "callback"


@pytest.mark.parametrize("answer", [None, False, np.False_, 1, "word", np.ones(3)])
def test_other_answers_do_not(answer):
    assert len(fitted(nn.Linear(2, 1, rng=0), epochs=2, callbacks=[lambda history: answer])) == 2


def test_a_forward_without_return_is_named():
    with pytest.raises(DTypeError, match=r"model returned None.*return"):
        fitted(Function(lambda x: None))
    with pytest.raises(DTypeError, match=r"layer 1, nothing, returned None.*return"):
        nn.Sequential(nn.Linear(2, 1, rng=0), nothing)(X)
    with pytest.raises(DTypeError, match=r"got None.*return"):
        nn.Linear(2, 1, rng=0)(None)


def nothing(x):
    return None


def at_its_end(*args):
    return next(iter(()))


class Ending:
    def __len__(self):
        return 8

    def __getitem__(self, i):
        return (X[i], Y[i]) if i < 3 else at_its_end()


class EndingSamples:
    def __iter__(self):
        yield X[0], Y[0]
        at_its_end()


ENDS = {
    "loss": lambda: fitted(nn.Linear(2, 1, rng=0), loss=at_its_end),
    "loss with validation": lambda: fitted(nn.Linear(2, 1, rng=0), loss=at_its_end, validation=(X, Y)),
    "schedule": lambda: fitted(nn.Linear(2, 1, rng=0), schedule=at_its_end),
    "step_schedule": lambda: fitted(nn.Linear(2, 1, rng=0), step_schedule=at_its_end),
    "callback": lambda: fitted(nn.Linear(2, 1, rng=0), callbacks=[at_its_end]),
    "model": lambda: fitted(Function(at_its_end)),
    "dataset": lambda: fitted(nn.Linear(2, 1, rng=0), data=Ending()),
    "samples": lambda: fitted(nn.Linear(2, 1, rng=0), data=EndingSamples()),
    "validation": lambda: fitted(nn.Linear(2, 1, rng=0), validation=Ending()),
}


@pytest.mark.parametrize("where", ENDS)
def test_an_iterator_at_its_end_is_an_error_that_says_where(where):
    with pytest.raises(RuntimeError, match=r"StopIteration in at_its_end \(.*test_fit_watch\.py, line"):
        ENDS[where]()


# ---- spellings ---------------------------------------------------------------------------------------------


def test_a_history_is_taken_for_a_table():
    history = fitted(nn.Linear(2, 1, rng=0))
    assert list(history.keys()) == list(history) == ["loss", "lr", "seconds"]
    assert dict(history) == history.columns
    assert {**history} == history.columns


def test_a_history_becomes_a_data_frame():
    pandas = pytest.importorskip("pandas")
    history = fitted(nn.Linear(2, 1, rng=0))
    frame = pandas.DataFrame(dict(history))
    assert frame["loss"].tolist() == history["loss"]


def test_patience_may_come_without_its_name():
    assert train.EarlyStopping(5) == train.EarlyStopping(patience=5)
    with pytest.raises(ArgumentError, match="patience is a number"):
        train.EarlyStopping("val_loss")
