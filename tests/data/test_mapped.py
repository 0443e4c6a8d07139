"""Data larger than memory: arrays in files, ``np.load(path, mmap_mode="r")``, are never read as a whole.

The oracle is the same array in memory; what NumPy has allocated is measured by tracemalloc.
"""

import signal
import tracemalloc

import numpy as np
import pytest

from tinygrad_edu import data, nn, optim, train

N, D = 6000, 128
LABELS = np.arange(N) % 2


@pytest.fixture
def mapped(tmp_path):
    """An array in a file, of a dtype, and a copy in memory."""

    def make(dtype):
        values = (np.random.default_rng(0).normal(size=(N, D)) * 20 + 100).astype(dtype)
        np.save(tmp_path / "x.npy", values)
        return np.load(tmp_path / "x.npy", mmap_mode="r"), values

    return make


def parts():
    model = nn.Sequential(nn.Linear(D, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=0))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def trained(x, **settings):
    model, loss, optimizer = parts()
    train.fit(
        model, loss, optimizer, (x, LABELS[: len(x)]), epochs=2, batch_size=50, progress=False, **settings
    )
    return [p.data.copy() for p in model.parameters()]


def peak(function):
    """The most bytes that were allocated at a time, while a function ran."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


USES = {
    "fit": lambda x: trained(x),
    "validation": lambda x: trained(x, validation=(x, LABELS[: len(x)])),
    "predict": lambda x: train.predict(parts()[0], x),
    "evaluate": lambda x: train.evaluate(*parts()[:2], (x, LABELS[: len(x)])),
    "loader": lambda x: [None for _ in data.DataLoader((x, LABELS[: len(x)]), 50, shuffle=True)],
    "map": lambda x: [
        None for _ in data.DataLoader(data.ArrayDataset(x, LABELS[: len(x)]).map(lambda a, b: (a / 255, b)))
    ],
    "standard": lambda x: data.StandardScaler().fit(x),
    "minmax": lambda x: data.MinMaxScaler().fit(x),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("use", USES)
def test_the_file_is_not_read_as_a_whole(use, dtype, mapped, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.data.fitted.AT_ONCE", 1 << 14)
    x, _ = mapped(dtype)
    USES[use](x[:100])  # what is imported and made once
    assert peak(lambda: USES[use](x)) < 2 * N * D  # bytes, half of what all of it has as float32


def test_the_measure_sees_what_is_read_as_a_whole(mapped):
    x, _ = mapped(np.float64)
    assert peak(lambda: x.astype(np.float32)) > 2 * N * D


@pytest.mark.parametrize("compiled", [False, True, "auto"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_a_training_is_that_of_the_array_in_memory(dtype, compiled, mapped):
    x, values = mapped(dtype)
    settings = {} if compiled is False else {"compile": compiled}
    alike = settings if compiled == "auto" else {}  # C sums small products in an order of its own
    for found, expected in zip(trained(x, **settings), trained(values, **alike)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("scaler", [data.StandardScaler, data.MinMaxScaler])
def test_statistics_of_parts_are_those_of_the_whole(scaler, mapped, monkeypatch):
    x, values = mapped(np.float64)
    monkeypatch.setattr("tinygrad_edu.data.fitted.AT_ONCE", 1000)
    low, high = values.min(0), values.max(0)
    expected = (values - values.mean(0)) / values.std(0)
    if scaler is data.MinMaxScaler:
        expected = (values - low) / (high - low)
    np.testing.assert_allclose(scaler().fit(x).transform(x), expected, rtol=1e-12, atol=1e-12)
    bad = values.copy()
    bad[4321, 7] = np.nan
    with pytest.raises(ValueError, match="row 4321, column 7"):
        scaler().fit(bad)


def test_a_training_goes_on_in_the_middle_of_an_epoch(tmp_path, mapped):
    _, values = mapped(np.float64)
    expected, calls = trained(values), 0
    for stop_at in (170, 0):  # of the 240 steps of two epochs
        model, cross_entropy, optimizer = parts()

        def loss(outputs, targets):
            nonlocal calls
            calls += 1
            if calls == stop_at:  # noqa: B023  # it runs before the next one begins
                signal.raise_signal(signal.SIGINT)
            return cross_entropy(outputs, targets)  # noqa: B023

        x = np.load(tmp_path / "x.npy", mmap_mode="r")
        history = train.fit(
            model, loss, optimizer, (x, LABELS), epochs=2, batch_size=50,
            progress=False, checkpoint=train.Checkpoint(tmp_path / "state"), resume=True,
        )  # fmt: skip
        assert history.stopped == ("interrupted" if stop_at else None)
    assert history.steps == 240
    assert calls < 260  # not all over again
    for found, parameter in zip(model.parameters(), expected):
        np.testing.assert_array_equal(found.data, parameter)
