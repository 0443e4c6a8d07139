"""Progress: tqdm's bar, a plain line, or nothing at all."""

import io
import sys
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from tests.helpers import Terminal
from tinygrad_edu import nn, optim, train


@pytest.fixture
def clock(monkeypatch):
    """Each reading of the clock is ten seconds after the one before: everything is shown."""
    from tinygrad_edu.train import progress

    now = iter(range(0, 100_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))


def shown(monkeypatch, stderr, progress, *, epochs=2, size=2):
    monkeypatch.setattr(sys, "stderr", stderr)
    model = nn.Linear(1, 1, rng=0)
    x = np.ones((6, 1), np.float32)
    train.fit(
        model,
        nn.MSELoss(),
        optim.SGD(model.parameters(), lr=0.0),
        (x, x),
        epochs=epochs,
        batch_size=size,
        progress=progress,
    )
    return stderr.getvalue()


@pytest.fixture
def no_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)


def test_silent_when_asked_or_where_there_is_no_terminal(monkeypatch, clock, no_tqdm, capsys):
    assert shown(monkeypatch, Terminal(), False) == ""
    assert shown(monkeypatch, io.StringIO(), "auto") == ""
    assert capsys.readouterr() == ("", "")


def test_fit_runs_without_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    model, pairs = nn.Linear(1, 1), (np.ones((2, 1)), np.ones((2, 1)))
    history = train.fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), pairs, epochs=1)
    assert len(history) == 1


def test_a_plain_line_is_written_over_and_over(monkeypatch, clock, no_tqdm):
    text = shown(monkeypatch, Terminal(), "auto")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    lines = text.rstrip("\n").split("\r")[1:]
    assert [line.split(",")[0].split(":")[0] for line in lines] == ["epoch 1/2"] * 4 + ["epoch 2/2"] * 4
    assert lines[0].startswith("epoch 1/2, batch 1/3")
    loss = lines[3].split("loss ")[1].strip()
    assert float(loss) > 0
    assert lines[4].startswith(f"epoch 2/2, batch 1/3: loss {loss}")
    assert lines[7].startswith(f"epoch 2/2: loss {loss}")
    for before, after in pairwise(lines):
        assert len(after) >= len(before.rstrip())


def test_lines_for_a_file_where_it_is_asked_for(monkeypatch, clock, no_tqdm):
    lines = shown(monkeypatch, io.StringIO(), True).splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert "\r" not in "".join(lines)


def test_not_more_than_a_line_a_second(monkeypatch, no_tqdm):
    lines = shown(monkeypatch, io.StringIO(), True, epochs=200).splitlines()
    assert 1 <= len(lines) < 30
    assert lines[-1].startswith("epoch 200/200: loss")


def test_tqdm_if_it_is_installed(monkeypatch, clock):
    made = []

    class Bar:
        def __init__(self, **settings):
            self.settings, self.n, self.texts, self.closed = settings, 0, [], False
            made.append(self)

        def set_description_str(self, text):
            self.texts.append((round(self.n, 3), text))

        def close(self):
            self.closed = True

    module = ModuleType("tqdm")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", module)
    assert shown(monkeypatch, Terminal(), "auto") == ""
    (bar,) = made
    assert bar.settings["total"] == 2
    assert [n for n, _ in bar.texts] == [0.333, 0.667, 1.0, 1, 1.333, 1.667, 2.0, 2]
    assert bar.texts[-1][1].startswith("epoch 2/2: loss")
    assert bar.closed
    assert shown(monkeypatch, io.StringIO(), True).startswith("epoch 1/2")
    assert len(made) == 1
