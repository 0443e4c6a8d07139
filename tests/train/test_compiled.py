"""A training whose steps are compiled: the batches, the losses and the bits of one whose steps are not."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import DataLoader
from tinygrad_edu.errors import NonFiniteError, TraceError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((50, 6), np.float32), RNG.integers(0, 3, 50)


def network(*between):
    return nn.Sequential(nn.Linear(6, 8, rng=0), *between, nn.ReLU(), nn.Linear(8, 3, rng=1))


def trained(compile, model, optimizer=optim.Adam, data=(X, Y), loss=None, **settings):
    model = model()
    loss = loss or nn.CrossEntropyLoss()
    history = train.fit(
        model, loss, optimizer(model.parameters(), lr=0.01), data, epochs=3, compile=compile, progress=False,
        **({} if isinstance(data, DataLoader) else {"batch_size": 16}), **settings,
    )  # fmt: skip
    return history, model.state_dict()


def check_the_same(model, **settings):
    (expected, before), (found, after) = (trained(c, model, **settings) for c in (False, True))
    assert found["loss"] == expected["loss"]
    for name in expected:
        if name != "seconds":
            assert found[name] == expected[name], name
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"optimizer": optim.SGD}, {"clip_norm": 0.1}, {"accumulate": 2}, {"validation": (X[:9], Y[:9])},
        {"metrics": {"accuracy": train.metrics.accuracy}, "validation": (X, Y)},
        {"schedule": lambda epoch: 0.1 / (epoch + 1)}, {"step_schedule": lambda step: 0.1 / (step + 1)},
    ],
    ids=lambda settings: "-".join(settings),
)  # fmt: skip
def test_the_same_bits(settings):
    check_the_same(lambda: network(nn.BatchNorm1d(8), nn.Dropout(0.3, rng=2)), **settings)


def test_weights_of_examples():
    weights = np.linspace(0.5, 2, 50, dtype=np.float32)
    check_the_same(network, data=(X, Y, weights), loss=nn.CrossEntropyLoss(reduction="none"))


WEIGHTS = np.where(np.arange(50) < 20, 0, np.linspace(0.5, 2, 50)).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulate": 3, "metrics": {"accuracy": train.metrics.accuracy}},
        {"accumulate": 2, "loss": nn.CrossEntropyLoss(reduction="sum")},
        {"accumulate": 2, "loss": nn.CrossEntropyLoss(reduction="none"), "data": (X, Y, WEIGHTS)},
    ],
    ids=("mean", "sum", "weights"),
)
def test_steps_of_several_batches(settings):
    """And of those that are left of an epoch: one of 2 rows, or two of 16 and 2."""
    model = lambda: network(nn.BatchNorm1d(8), nn.Dropout(0.3, rng=2))
    found = check_the_same(model, clip_norm=0.1, **settings)
    assert found.compiled.startswith("0 steps in calls of many, 5 in a call each, 1 as they are.")


def test_a_loss_that_is_not_finite_in_the_middle_of_a_step():
    """Nothing is changed but what forward has, as in a training that is not compiled."""
    x, ends = X.copy(), []
    x[DataLoader((X, Y), 5, shuffle=True).order(0)[37]] = np.nan  # in the eighth batch
    for compile in (False, True):
        model = network(nn.BatchNorm1d(8), nn.Dropout(0.3, rng=2))
        with pytest.warns(RuntimeWarning, match="at step 3 .*inputs are not finite: row 2 of the batch"):
            history, state = trained(
                compile, lambda model=model: model, data=DataLoader((x, Y), 5, shuffle=True), accumulate=3
            )
        ends.append([history.steps, history.reason, model[2].rng.random(), *state.values()])
    for found, expected in zip(*ends, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_loss_that_is_not_finite(clip_norm):
    x = X.copy()
    x[40] = np.nan
    for compile in (False, True):
        with pytest.raises(NonFiniteError, match="inputs"):
            trained(compile, network, data=(x, Y), on_nan="raise", clip_norm=clip_norm)


def test_a_resumed_training(tmp_path):
    expected, weights = trained(False, network)
    model = network()
    for epochs in (1, 3):
        model = network()
        history = train.fit(
            model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01), (X, Y), epochs=epochs,
            batch_size=16, compile=True, progress=False, checkpoint=tmp_path / "training.npz",
            resume=epochs > 1,
        )  # fmt: skip
    assert history["loss"] == expected["loss"]
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(weights[name], value)


class Counting(nn.Module):
    def __init__(self):
        self.layer, self.calls, self.seen = nn.Linear(6, 3, rng=0), 0, set()

    def forward(self, x):
        self.calls += 1
        return self.layer(x)


def test_a_module_that_counts_its_calls():
    counted = [Counting(), Counting()]
    for compile, model in zip((False, True), counted):
        trained(compile, lambda model=model: model)
    assert counted[0].calls == counted[1].calls == 12
    np.testing.assert_array_equal(counted[0].layer.weight.data, counted[1].layer.weight.data)


def test_what_cannot_be_compiled_is_refused_by_name():
    class Remembering(Counting):
        def forward(self, x):
            self.seen.add(len(x))
            return self.layer(x)

    with pytest.raises(TraceError, match="seen"):
        trained(True, Remembering)
    with pytest.raises(TraceError, match="Muon"):
        trained(True, lambda: nn.Sequential(nn.Linear(6, 3, rng=0, bias=False)), optimizer=optim.Muon)


def test_compile_is_true_or_false_or_a_backend():
    with pytest.raises(tg.errors.ArgumentError, match="compile is True or False, or one of 'numpy'"):
        trained("fortran", network)
