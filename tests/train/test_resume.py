"""T06: a training that was stopped, anywhere, and goes on in a new process equals the one that never stopped,
bit for bit.
"""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.helpers import environment, printed, python
from tinygrad_edu import io, nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.errors import ArgumentError, FormatError, StateError
from tinygrad_edu.random import seed

# One training with everything that remembers something: slots of the optimizer, running statistics, dropout's
# generator, a schedule with a memory, early stopping, a random map of the data, groups of batches, metrics
# over the epoch.
SCRIPT = """
import hashlib, os, signal, sys, time
import numpy as np
from tinygrad_edu import nn, optim, train
from tinygrad_edu.data import ArrayDataset, DataLoader
from tinygrad_edu.train import metrics

def trained(path, stop_at, how):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(90, 3))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    shared = np.random.default_rng(6)
    model = nn.Sequential(
        nn.Linear(3, 8, rng=0), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2, rng=shared),
        nn.Linear(8, 8, rng=1), nn.Dropout(0.1, rng=shared), nn.Linear(8, 2, rng=2),
    )
    optimizer = optim.Adam(model.parameters(), lr=0.05, amsgrad=True)
    plateau = optim.ReduceOnPlateau(0.05, patience=0, factor=0.5, threshold=0.05)
    noisy = ArrayDataset(x[:66], y[:66]).map(lambda x, y, rng: (x + rng.normal(0, 0.1, x.shape), y))
    data = DataLoader(noisy, 8, shuffle=True, seed=3)
    cross_entropy, calls = nn.CrossEntropyLoss(), 0

    def loss(outputs, targets):
        nonlocal calls
        calls += model.training
        if calls == stop_at and model.training:
            if how == "exit":
                os._exit(7)
            signal.raise_signal(signal.SIGINT)
        if how == "slow" and model.training:
            time.sleep(0.05)
        return cross_entropy(outputs, targets)

    history = train.fit(
        model, loss, optimizer, data, epochs=9, validation=(x[66:], y[66:]),
        metrics={"accuracy": metrics.accuracy}, schedule=plateau,
        clip_norm=1.0, accumulate=2, early_stopping=train.EarlyStopping(patience=6),
        checkpoint=train.Checkpoint(path, seconds=0 if how == "exit" else None, best=path + ".best"),
        resume=True, progress=False,
    )
    digest = hashlib.sha256()

    def add(value):
        if isinstance(value, dict):
            for name in sorted(value):
                if name != "seconds":
                    digest.update(name.encode()); add(value[name])
        elif isinstance(value, (list, tuple)):
            for one in value: add(one)
        else:
            digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())

    for part in (model, optimizer, plateau, history, data):
        add(part.state_dict())
    add(shared.bit_generator.state)
    add(train.evaluate(model, loss, data))
    if os.path.exists(path + ".best"):
        add(open(path + ".best", "rb").read())
    return history.stopped, history.steps, len(history), history.best_epoch, digest.hexdigest()

for path, stop_at, how in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
    print(*trained(path, int(stop_at), how))
"""


@pytest.fixture
def run(tmp_path):
    """Run trainings in a new process, each up to a call of the loss or to the end; their reports."""
    script = tmp_path / "training.py"
    script.write_text(SCRIPT)

    def run(*trainings, how="interrupt"):
        given = [part for name, call in trainings for part in (tmp_path / name, call, how)]
        done = python(script, *given)
        assert done.returncode in (0, 7), done.stderr
        return [line.split() for line in done.stdout.splitlines()]

    run.script = script
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The report of a training that never stopped, in a process of its own."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "training.py").write_text(SCRIPT)
    return printed(folder / "training.py", folder / "run", 0, "interrupt").split()


def test_a_training_resumed_after_ctrl_c_equals_the_whole_one(run, whole):  # T06
    """9 batches of 8, the last of 2, by twos: 5 steps an epoch.

    The calls are in an epoch's middle, its first and last step, and between.
    """
    assert whole[0] == "None"
    assert whole[1:3] == ["45", "9"]
    first = run(("middle", 14), ("first", 1), ("last of an epoch", 9), ("often", 4))
    for stopped in [*first, *run(("often", 10), ("often", 17)), *run(("often", 2))]:
        assert stopped[0] == "interrupted"
        assert stopped[4] != whole[4]
    names = ["middle", "first", "last of an epoch", "often"]
    assert run(*((name, 0) for name in [*names, "often"])) == [whole] * 5  # at last nothing is left to do


def test_a_training_resumed_after_a_crash_equals_the_whole_one(run, whole):  # T06
    """What was saved at the last step is gone on from, in the middle of an epoch too."""
    assert run(("crashed", 24), how="exit") == []
    assert run(("crashed", 3), how="exit") == []
    assert run(("crashed", 0)) == [whole]


@pytest.mark.skipif(os.name == "nt", reason="signals between processes are POSIX's")
def test_a_training_resumed_after_sigint_from_outside_equals_the_whole_one(run, whole, tmp_path):  # T06
    process = subprocess.Popen(
        [sys.executable, str(run.script), str(tmp_path / "outside"), "0", "slow"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "outside").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.12)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.split()[0] == b"interrupted"
    assert err == b""
    assert process.returncode == 0
    assert run(("outside", 0)) == [whole]


# ---- in this process: what is saved when, and what does not fit --------------------------------------------


X = np.linspace(-1, 1, 20, dtype=np.float32).reshape(-1, 1)


def parts(*, momentum=0.9, hidden=2):
    model = nn.Sequential(
        nn.Linear(1, hidden, rng=0), nn.Tanh(), nn.Dropout(0.1, rng=1), nn.Linear(hidden, 1, rng=2)
    )
    return model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1, momentum=momentum)


def fit(*own, epochs, **settings):
    return train.fit(*own, (X, X**2), **{"epochs": epochs, "batch_size": 8, "progress": False, **settings})


def test_functions_that_draw_from_the_default_generator_are_resumed(tmp_path):  # T06
    class Noisy(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(1, 1, rng=0)

        def forward(self, x):
            from tinygrad_edu import dropout

            return dropout(self.linear(x), 0.3)

    def trained(epochs, **settings):
        with seed(4):
            model = Noisy()
            fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), epochs=epochs, **settings)
        return model.linear.weight.item()

    whole = trained(4)
    trained(2, checkpoint=tmp_path / "run")
    assert trained(4, checkpoint=tmp_path / "run", resume=True) == whole


def test_a_longer_training_goes_on_from_a_shorter_one(tmp_path):
    whole, short = parts(), parts()
    expected = fit(*whole, epochs=6)
    fit(*short, epochs=4, checkpoint=tmp_path / "run")
    longer = parts()
    history = fit(*longer, epochs=6, resume=tmp_path / "run")
    assert history["loss"] == expected["loss"]
    for a, b in zip(whole[0].parameters(), longer[0].parameters()):
        np.testing.assert_array_equal(a.data, b.data)
    assert (history.steps, history.stopped) == (18, None)


def test_random_maps_of_validation_data_go_on_too(tmp_path):
    def trained(epochs, path):
        held_out = DataLoader(
            ArrayDataset(X, X**2).map(lambda x, y, rng: (x + rng.normal(size=x.shape).astype(x.dtype), y)), 6
        )
        return fit(*parts(), epochs=epochs, validation=held_out, checkpoint=path, resume=True)["val_loss"]

    trained(2, tmp_path / "broken off")
    assert trained(5, tmp_path / "broken off") == trained(5, tmp_path / "whole")


def test_checkpoints_are_saved_every_so_many_epochs(tmp_path):
    saved = []
    own = parts()

    def look(history):
        saved.append(
            len(io.load_checkpoint(tmp_path / "run")["history"]["columns"]["loss"])
            if (tmp_path / "run").exists()
            else 0
        )

    fit(*own, epochs=7, checkpoint=train.Checkpoint(tmp_path / "run", epochs=3), callbacks=[look])
    assert saved == [0, 0, 3, 3, 3, 6, 6]  # callbacks come after the saving: what fails in them loses nothing
    assert io.load_checkpoint(tmp_path / "run")["history"]["steps"] == 21


def test_the_best_weights_have_a_file_of_their_own(tmp_path):
    own = parts()
    weights = []
    checkpoint = train.Checkpoint(tmp_path / "run", best=tmp_path / "best.safetensors")
    history = fit(
        *own, epochs=8, checkpoint=checkpoint, callbacks=[lambda history: weights.append(own[0].state_dict())]
    )
    best = int(np.argmin(history["loss"]))
    assert history.best_epoch == best + 1
    found, _ = io.load_safetensors(tmp_path / "best.safetensors")
    assert found.keys() == weights[best].keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, weights[best][name])


@pytest.mark.parametrize(
    ("other", "settings", "message"),
    [
        (parts(hidden=3), {}, "checkpoint's model does not fit"),
        ((*parts()[:2], None), {}, "checkpoint's optimizer does not fit"),
        (parts(), {"batch_size": 4}, "checkpoint's data does not fit"),
        (parts(), {"early_stopping": train.EarlyStopping()}, "missing: best"),
        (parts(), {"metrics": {"r2": train.metrics.r2}}, "will have loss, r2, lr, seconds"),
    ],
    ids=["model", "optimizer", "data", "settings", "metrics"],
)
def test_what_does_not_fit_changes_nothing(tmp_path, other, settings, message):
    fit(*parts(), epochs=2, checkpoint=tmp_path / "run")
    model, loss, optimizer = other
    optimizer = optimizer or optim.Adam(model.parameters())
    before, slots, draw = model.state_dict(), repr(optimizer.state_dict()), model[2].rng.bit_generator.state
    with pytest.raises(StateError, match=message):
        fit(model, loss, optimizer, epochs=3, resume=tmp_path / "run", **settings)
    assert all((before[name] == value).all() for name, value in model.state_dict().items())
    assert repr(optimizer.state_dict()) == slots
    assert model[2].rng.bit_generator.state == draw
    assert all(module.training for module in model.modules())


def test_what_is_no_checkpoint_of_a_training(tmp_path):
    io.save_checkpoint(tmp_path / "other", {"model": {}})
    with pytest.raises(StateError, match="not one of a training"):
        fit(*parts(), epochs=1, resume=tmp_path / "other")
    fit(*parts(), epochs=1, checkpoint=tmp_path / "run")
    state = io.load_checkpoint(tmp_path / "run")
    io.save_checkpoint(tmp_path / "newer", {**state, "version": 2})
    with pytest.raises(StateError, match=r"version 2.*version 1"):
        fit(*parts(), epochs=2, resume=tmp_path / "newer")
    io.save_checkpoint(tmp_path / "more", {**state, "extra": 1})
    with pytest.raises(StateError, match="unexpected: extra"):
        fit(*parts(), epochs=2, resume=tmp_path / "more")
    (tmp_path / "damaged").write_bytes((tmp_path / "run").read_bytes()[:-5])
    with pytest.raises(FormatError):
        fit(*parts(), epochs=2, resume=tmp_path / "damaged")
    with pytest.raises(FileNotFoundError):
        fit(*parts(), epochs=2, resume=tmp_path / "absent")
    with pytest.raises(ArgumentError, match="there is none"):
        fit(*parts(), epochs=2, resume=True)
    with pytest.raises(ArgumentError, match="epochs is at least 1"):
        train.Checkpoint(tmp_path / "run", epochs=0)
    for path in (tmp_path, tmp_path / "absent" / "run"):
        with pytest.raises(ArgumentError, match="no file in a folder that exists"):
            fit(*parts(), epochs=2, checkpoint=path)
    with pytest.raises(ArgumentError, match="no file in a folder that exists"):
        train.Checkpoint(tmp_path / "run", best=tmp_path)


@pytest.mark.parametrize("key", ["model", "optimizer", "data", "history", "epoch", "generators"])
@pytest.mark.parametrize("value", [None, 3, [], {}, {"columns": 1}, "text"])
def test_damaged_states_are_refused_and_change_nothing(tmp_path, key, value):
    fit(*parts(), epochs=1, checkpoint=tmp_path / "run")
    io.save_checkpoint(tmp_path / "odd", {**io.load_checkpoint(tmp_path / "run"), key: value})
    own = parts()
    before = own[0].state_dict()
    with pytest.raises(StateError):
        fit(*own, epochs=2, resume=tmp_path / "odd")
    assert all((before[name] == array).all() for name, array in own[0].state_dict().items())


def test_what_stopped_early_stays_stopped(tmp_path):
    def run(epochs, **settings):
        own = parts()
        stopping = train.EarlyStopping(patience=2, min_delta=1.0)
        return own[0], fit(
            *own, epochs=epochs, early_stopping=stopping, checkpoint=tmp_path / "run", **settings
        )

    model, history = run(9)
    again, resumed = run(20, resume=True)
    for one in (history, resumed):
        assert (one.stopped, len(one), one.best_epoch) == ("early", 3, 1)
    for a, b in zip(model.parameters(), again.parameters()):
        np.testing.assert_array_equal(a.data, b.data)
    state = io.load_checkpoint(tmp_path / "run")
    state["best"]["weights"]["0.weight"] = np.zeros((3, 3))
    io.save_checkpoint(tmp_path / "run", state)
    with pytest.raises(StateError, match="best weights are not of this model"):
        run(20, resume=True)


def test_the_last_states_are_kept_beside_the_newest(tmp_path):
    x = np.linspace(-1, 1, 20, dtype=np.float32).reshape(-1, 1)
    model = nn.Linear(1, 1, rng=0)
    weights = []
    train.fit(
        model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), (x, 2 * x), epochs=5,
        checkpoint=train.Checkpoint(tmp_path / "a.ckpt", keep=3),
        callbacks=[lambda history: weights.append(model.weight.item())],
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ckpt", "a.ckpt.1", "a.ckpt.2"]
    for name, weight in zip(("a.ckpt", "a.ckpt.1", "a.ckpt.2"), reversed(weights)):
        assert io.load_checkpoint(tmp_path / name)["model"]["weight"].item() == weight
    with pytest.raises(ArgumentError, match="keep is at least 1"):
        train.Checkpoint(tmp_path / "a.ckpt", keep=0)
