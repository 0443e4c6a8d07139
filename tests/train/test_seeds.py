"""Reports over several seeds."""

import math
import signal
import statistics

import numpy as np
import pytest

from tinygrad_edu import nn, optim, train
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.train import over_seeds

VALUES = [0.5, 0.25, 1.0, 0.75, 0.125]


def test_median_mean_and_spread():
    report = over_seeds(lambda seed: {"a": VALUES[seed], "b": np.float32(seed)})
    assert report.seeds == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(report["a"], VALUES)
    assert report.median("a") == statistics.median(VALUES)
    assert report.mean("a") == pytest.approx(statistics.mean(VALUES))
    assert report.spread("a") == pytest.approx(statistics.stdev(VALUES))
    assert report.spread("b") == pytest.approx(math.sqrt(2.5))
    with pytest.raises(ArgumentError, match="columns are a, b"):
        report.median()
    with pytest.raises(ArgumentError, match="got 'c'"):
        report["c"]


def test_a_report_prints_each_seed_and_its_statistics():
    assert repr(over_seeds(lambda seed: seed / 4, seeds=[3, 10])) == "\n".join(
        ["  seed  value", "     3   0.75", "    10    2.5", "median  1.625", "  mean  1.625", "     ±  1.237"]
    )
    assert repr(over_seeds(lambda seed: 1, seeds=[0])).splitlines()[-1].split() == ["±", "nan"]


@pytest.mark.parametrize(
    ("run", "seeds", "message"),
    [
        (lambda seed: 1, [], "at least one"),
        (lambda seed: 1, [1, 1], "different seeds"),
        (lambda seed: "good", [1], "a number, or a dict of numbers"),
        (lambda seed: {str(seed): 1}, [1, 2], "the same names"),
    ],
)
def test_what_is_refused(run, seeds, message):
    with pytest.raises(ArgumentError, match=message):
        over_seeds(run, seeds)


def training(seed, interrupt_at=None):
    model = nn.Linear(1, 1, rng=seed)

    def stop(history):
        if seed == interrupt_at and len(history) == 2:
            signal.raise_signal(signal.SIGINT)

    x = np.ones((4, 1), np.float32)
    history = train.fit(
        model,
        nn.MSELoss(),
        optim.SGD(model.parameters(), lr=0.1),
        (x, x),
        epochs=3,
        progress=False,
        callbacks=[stop],
    )
    return len(history)


def test_ctrl_c_in_a_fit_ends_the_runs_and_does_not_count():
    handler = signal.getsignal(signal.SIGINT)
    report = over_seeds(lambda seed: training(seed, interrupt_at=2))
    assert report.seeds == [0, 1]
    assert report["value"].tolist() == [3, 3]
    with pytest.raises(KeyboardInterrupt):
        over_seeds(lambda seed: training(seed, interrupt_at=0))
    with pytest.raises(KeyboardInterrupt):
        over_seeds(lambda seed: signal.raise_signal(signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is handler


def test_one_number_is_not_several_seeds():
    with pytest.raises(ArgumentError, match=r"seeds are several, such as range\(5\); got 3"):
        over_seeds(lambda seed: 1.0, seeds=3)
