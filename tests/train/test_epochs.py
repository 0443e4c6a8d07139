"""Whole epochs in C: the batches, and up to the order of sums in products the numbers, of one step a time."""

import _thread
import re
import threading
import time
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, train
from tinygrad_edu.compiler import over, turns
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.errors import ArgumentError, NonFiniteError

pytestmark = [
    pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here"),
    pytest.mark.usefixtures("quick_c"),
]
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((150, 4), np.float32), RNG.integers(0, 3, 150)
ULPS = 2e-6  # relative: small products are summed in another order than BLAS has


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def network():
    return nn.Sequential(nn.Linear(4, 6, rng=0), nn.ReLU(), nn.Linear(6, 3, rng=1))


def trained(compile, model=network, optimizer=lambda p: optim.Adam(p, lr=0.01), data=(X, Y), **settings):
    model, data = model(), data() if callable(data) else data
    settings = {"epochs": 4, **({} if isinstance(data, DataLoader) else {"batch_size": 16}), **settings}
    own = optimizer(model.parameters())
    loss = settings.pop("loss", nn.CrossEntropyLoss())
    history = train.fit(model, loss, own, data, compile=compile, progress=False, **settings)
    return history, model, own


def check_alike(calls, rtol=ULPS, **settings):
    """A training as it is, and one in calls of C, of which there are so many."""
    found, model, own = trained("c", **settings)
    assert found.compiled.startswith(f"{calls} steps in calls of many,")
    expected, other, others = trained(False, **settings)
    for name in expected:
        if name != "seconds":
            np.testing.assert_allclose(found[name], expected[name], rtol, err_msg=name)
    assert found.steps == expected.steps
    check_weights(model, other, 10 * rtol)
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.data, 10 * rtol, 1e-6)
    assert [p.counts for p in own._packs] == [p.counts for p in others._packs]
    return found


def check_weights(model, other, rtol=1e-4):
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        np.testing.assert_allclose(a, b, rtol, 1e-6, err_msg=name)


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True, l1=1e-4), "NAdam": optim.NAdam,
    "groups": lambda p: optim.Adam([{"params": (all := list(p))[:2], "lr": 0.02}, {"params": all[2:]}]),
}  # fmt: skip


def test_shuffled_batches_and_a_short_one_at_the_end():
    check_alike(37)  # of 40: the first is made as it is, and one of each size is traced


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    check_alike(24, epochs=3, batch_size=18, optimizer=OPTIMIZERS[name], rtol=1e-5)


def test_an_optimizer_of_two_phases():
    """A call ends where RAdam makes another step than before, its sixth; each of the two is traced."""
    check_alike(23, epochs=3, batch_size=18, rtol=1e-5, optimizer=lambda p: optim.RAdam(p, lr=0.01))


@pytest.mark.parametrize(
    "settings",
    [
        {"validation": (X[:9], Y[:9]), "metrics": {"accuracy": train.metrics.accuracy}},
        {"schedule": lambda epoch: 0.1 / (epoch + 1)}, {"step_schedule": lambda step: 0.1 / (step + 1)},
    ],
    ids=lambda settings: "-".join(settings),
)  # fmt: skip
def test_settings(settings):
    check_alike(24, epochs=3, batch_size=18, rtol=1e-5, **settings)


def test_data_in_order_and_a_loader_of_ones_own():
    check_alike(22, data=lambda: DataLoader((X, Y), 25, seed=3, shuffle=True))
    check_alike(22, data=lambda: DataLoader((X, Y), 25))


class Both(nn.Module):
    """A model of two inputs."""

    def __init__(self):
        self.a, self.b = nn.Linear(2, 3, rng=0), nn.Linear(2, 3, rng=1)

    def forward(self, a, b):
        return self.a(a) + np.tanh(self.b(b))


A, B, W = X[:, :2].copy(), X[:, 2:].copy(), RNG.uniform(0.5, 2, 150)
FORMS = {
    "tuple": ((A, B), Y), "dict": ({"b": B, "a": A}, Y),
    "three": (A, B, Y),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_several_inputs(name):
    check_alike(24, model=Both, data=FORMS[name], epochs=3, batch_size=18, rtol=1e-5)


def test_weights_of_examples():
    """Of some batches all are 0."""
    alike = {"loss": nn.CrossEntropyLoss([1, 2, 1], reduction="none"), "rtol": 1e-5, "batch_size": 18}
    check_alike(24, data=(X, Y, W), epochs=3, metrics={"accuracy": train.metrics.accuracy}, **alike)
    check_alike(24, data=(A, B, Y, W), model=Both, epochs=3, **alike)
    check_alike(198, data=(X[:144], Y[:144], W[:144]), epochs=25, **alike)
    del alike["batch_size"]
    some = (np.arange(144) > 40).astype(np.float32)
    check_alike(22, epochs=3, data=lambda: DataLoader((X[:144], Y[:144], some), 18), **alike)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_steps_of_several_batches(reduction, tmp_path):
    """And of what is left of an epoch: one full batch, or a short one."""
    count, data = 5, lambda: DataLoader((A, B, Y), 40, drop_last=True)
    if reduction == "none":
        count, data = 9, lambda: DataLoader(({"b": B, "a": A}, Y, W.astype("f")), 35, shuffle=True)
    given = {"model": Both, "data": data, "loss": nn.CrossEntropyLoss(reduction=reduction), "accumulate": 2}
    given |= {"clip_norm": 0.1, "step_schedule": lambda step: 0.1 / (step + 1)}
    found = check_alike(count, rtol=1e-5, metrics={"accuracy": train.metrics.accuracy}, **given)
    for epochs in (2, 4):
        settings = {"checkpoint": tmp_path / "training.npz", "resume": epochs > 2, "epochs": epochs}
        history = trained("c", **given, **settings)[0]
    assert history["loss"] == found["loss"]


def test_clipping():
    """Of a network with running statistics, which are written before, too."""
    check_alike(24, epochs=3, batch_size=18, clip_norm=0.1, rtol=1e-5)
    model = lambda: nn.Sequential(
        nn.Linear(4, 6, bias=False, rng=0), nn.BatchNorm1d(6), nn.Linear(6, 3, rng=1)
    )
    check_alike(24, epochs=3, batch_size=18, clip_norm=0.1, model=model, rtol=1e-4)


class Noisy(nn.Module):
    """A model that draws, in all the ways that C has, of two generators."""

    def __init__(self, dtype="f"):
        self.layers = nn.Sequential(nn.Linear(4, 6, rng=0, dtype=dtype), nn.Dropout(0.5, rng=2))
        self.out, self.rng = nn.Linear(6, 3, rng=1, dtype=dtype), np.random.Generator(np.random.MT19937(3))

    def forward(self, x):
        z, like = self.layers(x), {"size": x.shape}
        z = z * self.rng.standard_normal(z.shape, z.dtype) + self.rng.random(z.shape, z.dtype)
        return self.out(
            z + (self.rng.normal(0.1, 0.2, **like) * self.rng.uniform(-1, 2, **like)).mean().astype(z.dtype)
        )


class Shifted(nn.Module):
    """A model that draws what C does not."""

    def __init__(self):
        self.layer, self.rng = nn.Linear(4, 3, rng=0), np.random.default_rng(1)

    def forward(self, x):
        return self.layer(x + self.rng.integers(0, 3, x.shape).astype("f"))


@pytest.mark.parametrize("dtype", "fd")
def test_draws(dtype):
    """They are those of the same generators, also where a step draws and then cannot be made."""
    made, x = [], X.copy()
    x[(DataLoader((X, Y), 18, shuffle=True).order(2)[50])] = np.nan
    for compile in (False, "c"):
        _, model, _ = trained(compile, model=lambda: Noisy(dtype), data=(X, Y), epochs=3, batch_size=18)
        with pytest.warns(RuntimeWarning, match="inputs"):
            history, spoilt, _ = trained(compile, model=lambda: Noisy(dtype), data=(x, Y), batch_size=18)
        made.append([history.steps, *(m.rng.random() for m in (model, spoilt)), model.layers[1].rng.random()])
        made[-1] += [spoilt.layers[1].rng.random()]
    assert made[0] == made[1]
    check_alike(24, model=lambda: Noisy(dtype), epochs=3, batch_size=18, clip_norm=1.0, rtol=1e-4)


def test_a_history_tells_what_was_compiled_and_why_not():
    mapped, rng = ArrayDataset(X, Y).map(lambda x, y: (x * 2, y)), np.random.default_rng(0)
    loss = lambda outputs, y: tg.softmax_cross_entropy(outputs, rng.permutation(y))
    dropout = lambda: nn.Sequential(nn.Linear(4, 3, rng=0), nn.Dropout(0.5, rng=0))
    assert trained(False)[0].compiled == ""
    for settings, words in (
        ({"model": dropout}, "10 steps in calls of many, 1 in a call each, 1 as they are."),
        ({"accumulate": 2}, "4 steps in calls of many, 1 in a call each, 1 as they are."),
        ({"data": lambda: DataLoader(mapped, 25)}, "as batches are no rows of contiguous arrays"),
        ({"loss": loss}, "a call is one step: it has lines of NumPy.*permutation"),
        ({"compile": True}, "0 steps in calls of many, 11 in a call each, 1 as they are."),
    ):
        given = {
            "compile": "c",
            "epochs": 2,
            **settings,
            **({} if "data" in settings else {"batch_size": 25}),
        }
        assert re.search(words, trained(**given)[0].compiled, re.DOTALL)


def test_maps_and_other_draws_make_one_step_a_call():
    mapped = ArrayDataset(X, Y).map(lambda x, y: (x * 2, y))
    check_alike(0, data=lambda: DataLoader(mapped, 75, shuffle=True), epochs=2)
    check_alike(0, model=Shifted, epochs=2, batch_size=75)


def test_calls_are_short_and_ctrl_c_comes_between_them():
    x, y = np.tile(X, (400, 1)), np.tile(Y, 400)
    model = network()
    steps, times = [], [time.perf_counter()]

    def watch(self, batches):
        steps.append(batches)
        times.append(time.perf_counter())
        if len(steps) == 9:
            _thread.interrupt_main()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.fit.__globals__["Progress"], "step", watch)
        history = train.fit(
            model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), (x, y), epochs=500, batch_size=4,
            compile="c", progress=False, callbacks=[lambda history: None],
        )  # fmt: skip
    assert history.stopped == "interrupted"
    assert history.steps == sum(steps)
    assert max(steps) > 100
    assert np.median(np.diff(times[4:])) < 0.3  # 30 ms on a machine with nothing else to do


def test_a_loss_that_is_not_finite_is_found_where_it_is(tmp_path):
    x = X.copy()
    x[77] = np.nan
    told = []
    for compile in (False, "c"):
        with pytest.raises(NonFiniteError, match="inputs") as error:
            trained(compile, data=(x, Y), on_nan="raise", batch_size=4)
        told.append(str(error.value))
    assert told[0] == told[1]


def test_a_wrong_label_is_told_as_it_is():
    y = Y.copy()
    y[77] = 5
    told = []
    for compile in (False, "c"):
        with pytest.raises(Exception, match="5") as error:  # whatever it is
            trained(compile, data=(X, y), batch_size=4)
        told.append((type(error.value), str(error.value)))
    assert told[0] == told[1]


def test_a_resumed_training(tmp_path):
    expected, other, _ = trained("c")
    for epochs in (1, 4):
        settings = {"checkpoint": tmp_path / "training.npz", "resume": epochs > 1}
        history, model, _ = trained("c", epochs=epochs, **settings)
    assert history["loss"] == expected["loss"]
    for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_how_many_steps_a_call_makes_changes_no_bit(monkeypatch):
    monkeypatch.setattr(over, "GROWTH", 1)  # one after another
    expected, other, _ = trained("c")
    monkeypatch.setattr(over, "GROWTH", 1000)
    history, model, _ = trained("c")
    assert history["loss"] == expected["loss"]
    for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a, b)


def check_same_bits(calls, **settings):
    """A training in calls of many epochs, and one in a call for each; returns the first history."""
    calls.clear()
    found, model, _ = trained("c", **settings)
    assert max(made.steps for made in calls) > 2 * found.steps / len(found)
    expected, other, _ = trained("c", callbacks=[lambda history: None], **settings)
    for name in ("steps", "stopped", "reason", "best_epoch"):
        assert getattr(found, name) == getattr(expected, name)
    assert list(found) == list(expected)
    np.testing.assert_array_equal(found["loss"], expected["loss"])
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            np.testing.assert_array_equal(a.grad.data, b.grad.data)
    return found


@pytest.fixture
def calls(monkeypatch):
    """What was made in each call, of as many epochs as there are."""
    found = []
    for place, name in ((over.Runs, "advance"), (turns, "in_turns")):
        make = getattr(place, name)
        noted = lambda *a, make=make, **k: (found.append(make(*a, **k)), found[-1])[1]
        monkeypatch.setattr(place, name, noted)
    monkeypatch.setattr(over, "MOMENT", 1e9)
    return found


def test_epochs_that_nobody_looks_at_are_one_call(calls):
    """And a step that C cannot make is found in the middle of them."""
    x, y = X[:144], Y[:144]
    loaders = (
        lambda: DataLoader((x, y), 144),
        lambda: DataLoader((X, Y), 144, drop_last=True),
        lambda: DataLoader((X, Y), 72, shuffle=True, drop_last=True, seed=3 << 40),
    )
    for data in ((x, y), *loaders):
        found = check_same_bits(calls, epochs=300, data=data)
        np.testing.assert_allclose(found["loss"], trained(False, epochs=300, data=data)[0]["loss"], 1e-4)


def test_epochs_that_end_short_are_one_call_too(calls):
    check_same_bits(calls, epochs=30)
    check_same_bits(calls, epochs=30, data=(X, Y, W), loss=nn.CrossEntropyLoss(reduction="none"))
    history = check_same_bits(calls, epochs=30, data=lambda: DataLoader((X, Y), 16))
    expected = trained(False, epochs=30, data=lambda: DataLoader((X, Y), 16))[0]
    np.testing.assert_allclose(history["loss"], expected["loss"], 1e-4)


def test_epochs_of_steps_of_several_batches_are_one_call(calls):
    """And a loss that is not finite is found in the second batch of a step."""
    given = {"accumulate": 2, "batch_size": 18, "data": (X[:144], Y[:144])}
    history = check_same_bits(calls, epochs=30, **given)
    np.testing.assert_allclose(history["loss"], trained(False, epochs=30, **given)[0]["loss"], 1e-4)
    x, told = X[:144].copy(), []
    x[DataLoader((x, Y[:144]), 18, shuffle=True).order(0)[100]] = np.nan
    for compile in (False, "c"):
        with pytest.raises(NonFiniteError, match=r"step 3 .* row 10 of the batch") as error:
            trained(compile, on_nan="raise", **{**given, "data": (x, Y[:144])})
        told.append(str(error.value))
    assert told[0] == told[1]


def test_early_stopping_ends_a_call_of_many_epochs_where_it_should(calls):
    """It does not take back weights, or each epoch would have to be looked at."""
    for data, delta in (((X, Y), 0.01), ((X, Y), 0.03), ((X[:144], Y[:144]), 0.01)):
        stop = train.EarlyStopping(7, min_delta=delta, restore=False)
        history = check_same_bits(calls, epochs=300, data=data, early_stopping=stop)
        assert history.stopped == "early"
        assert len(history) == history.best_epoch + 7
    alike = {"epochs": 30, "early_stopping": train.EarlyStopping(7)}
    assert trained("c", **alike)[0].best_epoch == trained(False, **alike)[0].best_epoch


class Climbing(nn.Module):
    """A number that each step raises until its root is of a negative one."""

    def __init__(self):
        self.w = nn.Parameter(np.zeros(1))

    def forward(self, x):
        return np.sqrt(1 - self.w) + 0 * x


def climb(lr, compile=lambda step: step):
    """A model, and a step of its own; the root is taken in a check before anything is changed."""
    model = Climbing()
    optimizer = optim.SGD(model.parameters(), lr=lr)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).mean()
        if not np.isfinite(loss):
            return loss
        loss.backward()
        optimizer.step()
        return loss

    return model, step


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt", "ignore:fit stopped")
def test_a_step_that_c_cannot_make_is_found_in_any_turn(calls):
    """The gradients are those of the last one that it could, be that a full batch or a short one."""
    x, ends = np.arange(5.0)[:, None], set()
    given = {"data": lambda: DataLoader((x, x[:, 0]), 2), "loss": lambda out, y: out.mean(), "epochs": 200}
    check_same_bits(calls, model=Climbing, optimizer=lambda p: optim.SGD(p, lr=0.01), **given)
    for lr in (0.011, 0.0115, 0.012, 0.013, 0.014):
        (model, step), (other, plain) = climb(lr, tg.compile(backend="c")), climb(lr)
        loader = DataLoader((x, x[:, 0]), 2)
        for _, batch in zip(range(12), loader):
            np.testing.assert_array_equal(step(*batch).data, plain(*batch).data)
        made = turns.in_turns(over.Runs(step, lambda *arrays: arrays), loader.by_rows(200), (0,))
        losses = [plain(x, x).item() for _ in range(made.steps)]
        np.testing.assert_allclose(made.results[0], losses, 1e-9)
        np.testing.assert_allclose(model.w.grad.data, other.w.grad.data, 1e-6)
        ends.add(made.steps % 3)
    assert ends == {0, 1, 2}
    given["data"] = lambda: DataLoader((x[:3], x[:3, 0]), 2)  # RAdam's sixth step is in the middle of epochs
    check_same_bits(calls, model=Climbing, optimizer=lambda p: optim.RAdam(p, lr=0.01), **given)


def test_ctrl_c_comes_between_calls_of_many_epochs():
    timer = threading.Timer(1.5, _thread.interrupt_main)
    timer.start()
    start = time.perf_counter()
    history, _, _ = trained("c", epochs=10_000_000, data=(X[:144], Y[:144]))
    assert history.stopped == "interrupted"
    assert 0 <= history.steps - len(history) * 9 < 9
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("on_nan", ["stop", "ignore"])
def test_a_training_that_diverges_in_the_middle_of_a_call(on_nan, monkeypatch):
    monkeypatch.setattr(over, "MOMENT", 1e9)
    x, y = X[:144] * 1e3, Y[:144]
    told = []
    for compile in (False, "c"):
        with np.errstate(all="ignore"), warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            history, _, _ = trained(
                compile,
                optimizer=lambda p: optim.SGD(p, lr=1e18, momentum=0.9),
                epochs=100,
                data=(x, y),
                on_nan=on_nan,
            )
        told.append(
            (history.steps, len(history), history.stopped, history.reason, [str(w.message) for w in found])
        )
    assert told[0] == told[1]


def test_a_step_of_ones_own_over_a_loader(tmp_path):
    def made(backend):
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return model, tg.compile(step, backend=backend, cache=tmp_path / "new"), step

    (model, compiled, _), (other, _, step) = made("c"), made("numpy")
    ours, theirs = (DataLoader((X, Y), 16, shuffle=True, seed=5) for _ in range(2))
    for epoch in range(4):
        losses = compiled.over(ours)
        expected = [step(x, y).item() for x, y in theirs]
        np.testing.assert_allclose(losses, expected, 1e-5)
        assert losses.dtype == np.float32
        assert ours.state_dict() == theirs.state_dict()
        assert ours.epoch == epoch + 1
    check_weights(model, other)
    assert "many steps may be one call, of batches of 16 rows." in compiled.report()
    np.testing.assert_allclose(compiled.over([(X, Y)] * 2), [step(X, Y).item() for _ in range(2)], 1e-5)
    assert made("numpy")[1].over(DataLoader((X, Y), 75)).shape == (2,)
    with pytest.raises(ArgumentError, match=r"one number for a batch.*shape \(75, 4\)"):
        tg.compile(lambda x, y: x * 2, backend="c", cache=tmp_path / "new").over(DataLoader((X, Y), 75))
    with pytest.raises(ArgumentError, match="got tuple"):
        tg.compile(lambda x, y: (x.sum(), y), backend="c", cache=tmp_path / "new").over([(X, Y)])


@pytest.mark.parametrize("last", [9, 25])
def test_a_schedule_that_raises(last):
    """The steps before are made, as they are one at a time."""

    def schedule(step):
        if step > last:
            raise ValueError(f"no rate for step {step}")
        return 0.01

    made = []
    for compile in (False, "c"):
        model = network()
        own = optim.Adam(model.parameters())
        with pytest.raises(ValueError, match=f"step {last + 1}"):
            train.fit(
                model, nn.CrossEntropyLoss(), own, (X, Y), epochs=9, batch_size=18, compile=compile,
                step_schedule=schedule, progress=False,
            )  # fmt: skip
        made.append((model, own))
    assert made[0][1]._packs[0].counts == made[1][1]._packs[0].counts == [last + 1] * 4
    check_weights(made[1][0], made[0][0])


def test_a_large_parameter_counts_each_step_once():
    """It is a pack of its own, whose count is changed in place."""
    rng = np.random.default_rng(0)
    x, y = rng.random((70, 400)), rng.integers(0, 3, 70)

    def trained(compiled):
        model = nn.Sequential(
            nn.Linear(400, 100, rng=0, dtype=x.dtype), nn.Linear(100, 3, rng=1, dtype=x.dtype)
        )
        adam = optim.Adam(model.parameters(), lr=0.01)
        train.fit(model, nn.CrossEntropyLoss(), adam, (x, y), epochs=3, batch_size=10, compile=compiled)
        return model, [one["steps"] for one in adam.state_dict()["state"]]

    (eager, counts), (compiled, others) = trained(False), trained("c")
    assert counts == others == [21] * 4
    for p, q in zip(eager.parameters(), compiled.parameters()):
        np.testing.assert_allclose(q.data, p.data, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_batches_without_targets_are_refused_as_they_are_without_c(accumulate):
    model = nn.Linear(3, 2, rng=0)
    loader = DataLoader((np.ones((8, 3), np.float32),), 4)
    with pytest.raises(ArgumentError, match="got 1 arrays"):
        train.fit(
            model, nn.CrossEntropyLoss(), optim.SGD(model.parameters()), loader, epochs=1, compile="c",
            accumulate=accumulate, progress=False,
        )  # fmt: skip
