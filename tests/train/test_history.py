"""History: columns, the table, the curves and the CSV file."""

import csv
import math

import numpy as np
import pytest

from tinygrad_edu import nn, optim, train
from tinygrad_edu.errors import ArgumentError, StateError
from tinygrad_edu.train import History


def filled(epochs, **names):
    history = History()
    for i in range(epochs):
        history.append({"loss": 1 / (i + 1), **{name: value + i for name, value in names.items()}})
    return history


def test_columns_by_name():
    history = filled(3, val_loss=2.0)
    assert history["loss"] == [1.0, 0.5, 1 / 3]
    assert (len(history), list(history), "loss" in history, "accuracy" in history) == (
        3,
        ["loss", "val_loss"],
        True,
        False,
    )
    assert history.last == {"loss": 1 / 3, "val_loss": 4.0}
    assert History().last == {}
    with pytest.raises(ArgumentError, match="no column 'accuracy'; its columns are loss, val_loss"):
        history["accuracy"]
    with pytest.raises(ArgumentError, match="no epoch is complete"):
        History()["loss"]
    with pytest.raises(ArgumentError, match="expected the columns loss, val_loss; got loss"):
        history.append({"loss": 1.0})
    assert len(history["loss"]) == len(history["val_loss"]) == 3


def test_it_prints_as_a_table():
    assert repr(filled(2, accuracy=0.5)).splitlines() == [
        "epoch  loss  accuracy",
        "    1     1       0.5",
        "    2   0.5       1.5",
    ]
    assert repr(History()) == "no epoch is complete"
    history = filled(1)
    history.best_epoch = 1
    history.stop("early", "that was enough")
    assert repr(history).splitlines()[2:] == ["best epoch: 1", "that was enough"]


def test_of_many_epochs_it_prints_both_ends():
    lines = repr(filled(1000)).splitlines()
    assert [line.split()[0] for line in lines] == [
        "epoch",
        "1",
        "2",
        "3",
        "4",
        "5",
        "…",
        *map(str, range(991, 1001)),
    ]
    assert len({len(line) for line in lines if "…" not in line}) == 1
    assert len(repr(filled(20)).splitlines()) == 21


def test_the_csv_file_holds_every_digit(tmp_path):
    history = filled(3, val_loss=math.pi)
    history.append({"loss": math.nan, "val_loss": math.inf})
    path = tmp_path / "history.csv"
    path.write_text("an older file")
    history.save_csv(path)
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["epoch", "loss", "val_loss"]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    for i, name in enumerate(header[1:], 1):
        np.testing.assert_array_equal([float(row[i]) for row in rows], history[name])
    assert [p.name for p in tmp_path.iterdir()] == ["history.csv"]


def test_names_of_columns_are_quoted_as_csv_has_them(tmp_path):
    history = History()
    history.append({'a "good", one': 1.0})
    history.save_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        assert next(csv.reader(file)) == ["epoch", 'a "good", one']


def test_it_draws_its_columns():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = figure.add_subplot()
    history = filled(3, val_loss=2.0, accuracy=0.1, val_accuracy=0.2)
    assert history.plot(ax=ax) is ax
    assert [line.get_label() for line in ax.get_lines()] == ["loss", "val_loss"]
    np.testing.assert_array_equal(
        ax.get_lines()[0].get_xydata(), np.column_stack([[1, 2, 3], history["loss"]])
    )
    ax = figure.add_subplot()
    history.plot("accuracy", ax=ax, log=True)
    assert [line.get_label() for line in ax.get_lines()] == ["accuracy", "val_accuracy"]
    assert (ax.get_ylabel(), ax.get_yscale()) == ("accuracy", "log")
    with pytest.raises(ArgumentError, match="no column 'f1'"):
        history.plot("f1", ax=ax)


def test_a_state_is_taken_over_or_refused():
    history = filled(2)
    history.steps = 7
    other = History()
    other.load_state_dict(history.state_dict())
    assert (other.columns, other.steps, len(other)) == (history.columns, 7, 2)
    history.append({"loss": 9.0})
    assert len(other["loss"]) == 2
    for state in (
        {},
        {"columns": [], "steps": 1},
        {"columns": {"a": ["b"]}, "steps": 1},
        {"columns": {"a": [1], "b": []}, "steps": 1},
    ):
        with pytest.raises(StateError, match="not a history"):
            other.load_state_dict(state)
    assert other["loss"] == [1.0, 0.5]


def test_the_seconds_are_those_of_the_clock(monkeypatch):
    """Each reading is a quarter of a second after the one before."""
    from tinygrad_edu.train import batches

    ticks = iter(range(1000))
    monkeypatch.setattr(batches.time, "perf_counter", lambda: next(ticks) / 4)
    model = nn.Linear(1, 1)
    x = np.ones((4, 1), np.float32)
    history = train.fit(
        model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), (x, x), epochs=3, progress=False
    )
    assert history["seconds"] == [0.25, 0.25, 0.25]
