"""Schedules against closed forms, and the reduction of the rate on a plateau."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import ROOT, python
from tinygrad_edu import errors, optim
from tinygrad_edu.optim import schedule


def rates(schedule, epochs):
    """The rate that is used in each epoch: by an optimizer."""
    optimizer = optim.SGD([tg.Tensor([0.0], requires_grad=True)], lr=7)
    used = []
    for epoch in range(epochs):
        optimizer.lr = schedule(epoch)
        used.append(optimizer.lr)
    return used


CASES = {
    "O31": (schedule.step(1, 2, gamma=0.1), [1, 1, 0.1, 0.1, 0.01, 0.01]),
    "O32": (schedule.cosine(1, 4), [1, 0.853553390593274, 0.5, 0.146446609406726, 0]),
    "O34": (schedule.warmup(3, start=0.25, then=schedule.constant(1.0)), [0.25, 0.5, 0.75, 1, 1]),
    "constant": (schedule.constant(0.3), [0.3] * 3),
    "multi step": (schedule.multi_step(1, [2, 3], gamma=0.5), [1, 1, 0.5, 0.25, 0.25]),
    "multi step, no milestones": (schedule.multi_step(1, []), [1, 1]),
    "exponential": (schedule.exponential(1, 0.5), [1, 0.5, 0.25, 0.125]),
    "polynomial": (schedule.polynomial(1, 4, power=2, end=0.2), [1, 0.65, 0.4, 0.25, 0.2, 0.2]),
    "linear": (schedule.polynomial(1, 2), [1, 0.5, 0, 0]),
    "inverse time": (schedule.inverse_time(1, 0.5), [1, 2 / 3, 1 / 2, 2 / 5]),
    "cosine after its end": (schedule.cosine(1, 2, eta_min=0.2), [1, 0.6, 0.2, 0.2, 0.2]),
    "restarts": (schedule.cosine_restarts(1, 2), [1, 0.5, 1, 0.5, 1]),
    "longer restarts": (
        schedule.cosine_restarts(1, 1, T_mult=2, eta_min=0.5),
        [1, 1, 0.75, 1, 0.926776695296637, 0.75, 0.573223304703363, 1],
    ),
    "one cycle": (
        schedule.one_cycle(1, 10, div_factor=5, final_div_factor=2, anneal="linear"),
        [0.2, 0.6, *np.linspace(1, 0.1, 8), 0.1, 0.1],
    ),
    "one cycle of cosines": (
        schedule.one_cycle(1, 10, div_factor=5, final_div_factor=2),
        [0.2, 0.6, *(0.1 + 0.9 * (1 + np.cos(np.pi * np.arange(8) / 7)) / 2), 0.1],
    ),
    "one cycle, down only": (
        schedule.one_cycle(1, 3, pct_start=0, div_factor=2, final_div_factor=1, anneal="linear"),
        [1, 0.75, 0.5],
    ),
    "warm-up by equal steps": (schedule.warmup(3, then=schedule.constant(0.4)), [0.1, 0.2, 0.3, 0.4, 0.4]),
    "warm-up, then cosine": (schedule.warmup(2, start=0, then=schedule.cosine(1, 2)), [0, 0.5, 1, 0.5, 0]),
    "join": (
        schedule.join([schedule.constant(1), schedule.exponential(2, 0.5), schedule.constant(9)], [1, 3]),
        [1, 2, 1, 9, 9],
    ),
    "join of one": (schedule.join([schedule.constant(1)], []), [1, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rate_of_each_epoch(case):
    rate, expected = CASES[case]
    np.testing.assert_allclose(rates(rate, len(expected)), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(rate(np.arange(len(expected))), expected, rtol=1e-12, atol=1e-15)


@given(case=st.sampled_from(sorted(CASES)), steps=st.lists(st.floats(0, 1e4), max_size=5))
def test_schedules_take_fractions_arrays_and_late_steps(case, steps):
    rate = CASES[case][0]
    values = [rate(t) for t in steps]
    assert all(type(v) in (int, float) and 0 <= v <= 9 for v in values)
    np.testing.assert_array_equal(rate(steps), values)
    np.testing.assert_array_equal(rate(np.array([steps, steps])), [values, values])


@given(T=st.integers(1, 50), part=st.floats(0, 1))
def test_a_cosine_is_symmetric_about_its_middle(T, part):
    rate = schedule.cosine(1.0, T, eta_min=0.25)
    np.testing.assert_allclose(rate(part * T) + rate(T - part * T), 1.25, rtol=1e-12)


@given(T_0=st.integers(1, 5), T_mult=st.integers(1, 3), cycle=st.integers(0, 5))
def test_restarts_are_where_the_sums_of_lengths_are(T_0, T_mult, cycle):
    rate = schedule.cosine_restarts(1.0, T_0, T_mult=T_mult)
    begin = sum(T_0 * T_mult**i for i in range(cycle))
    length = T_0 * T_mult**cycle
    assert rate(begin) == 1.0
    np.testing.assert_allclose(
        rate(begin + np.arange(length)), (1 + np.cos(np.pi * np.arange(length) / length)) / 2, atol=1e-15
    )


def test_a_schedule_can_drive_any_setting_of_any_group():
    p, q = (tg.Tensor([0.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [p]}, {"params": [q]}], momentum=0.5)
    up = schedule.polynomial(0.9, 10, end=0.5)
    optimizer.groups[1].momentum = up(5)
    assert [group.momentum for group in optimizer.groups] == [0.5, 0.7]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedule.constant(-1), "constant: lr is at least 0"),
        (lambda: schedule.step(1, 0), "step: step_size is a whole number, 1 or more"),
        (lambda: schedule.step(1, 2.5), "step_size"),
        (lambda: schedule.step(1, 2, gamma=-1), "gamma"),
        (lambda: schedule.multi_step(1, [3, 2]), "milestones increase"),
        (lambda: schedule.multi_step(1, [-1]), r"milestones\[0\]"),
        (lambda: schedule.exponential(1, math.nan), "gamma"),
        (lambda: schedule.polynomial(1, 0), "total_iters"),
        (lambda: schedule.inverse_time(1, -1), "decay"),
        (lambda: schedule.cosine(1, 0), "T_max"),
        (lambda: schedule.cosine(1, 5, eta_min=-1), "eta_min"),
        (lambda: schedule.cosine_restarts(1, 1, T_mult=0), "T_mult"),
        (lambda: schedule.one_cycle(1, 1), "total_steps is at least 2"),
        (lambda: schedule.one_cycle(1, 9, pct_start=1), "pct_start"),
        (lambda: schedule.one_cycle(1, 9, div_factor=0), "div_factor"),
        (lambda: schedule.one_cycle(1, 9, anneal="cosine"), "anneal"),
        (lambda: schedule.warmup(0, then=schedule.constant(1)), "steps"),
        (lambda: schedule.warmup(2, then=0.1), "warmup takes schedules, .* got 0.1"),
        (lambda: schedule.warmup(2, start=-1, then=schedule.constant(1)), "start"),
        (lambda: schedule.join([schedule.constant(1)], [2]), "1 schedules have 0 milestones"),
        (lambda: schedule.cosine(1, 4)(-1), "begins at step 0; got -1"),
        (lambda: schedule.cosine(1, 4)([0, math.nan]), "begins at step 0"),
        (lambda: schedule.ReduceOnPlateau(-1), "lr"),
        (lambda: schedule.ReduceOnPlateau(1, factor=1), "factor"),
        (lambda: schedule.ReduceOnPlateau(1, mode="less"), "mode is one of 'min', 'max'"),
        (lambda: schedule.ReduceOnPlateau(1, threshold_mode="x"), "threshold_mode"),
        (lambda: schedule.ReduceOnPlateau(1, patience=-1), "patience"),
        (lambda: schedule.ReduceOnPlateau(1, cooldown=0.5), "cooldown is a whole number"),
        (lambda: schedule.ReduceOnPlateau(1, min_lr=2), "min_lr is at most lr"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(errors.ArgumentError, match=message):
        make()


# ---- on a plateau ------------------------------------------------------------------------------------------


def test_a_metric_that_stays_lowers_the_rate_after_each_patience():  # O33
    plateau = optim.ReduceOnPlateau(1.0, factor=0.1, patience=2)
    np.testing.assert_allclose(
        [plateau(0.5) for _ in range(8)], [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("settings", "metrics", "expected"),
    [
        ({"patience": 0}, [3, 2, 1], [1, 1, 1]),
        ({"patience": 0}, [3, 3, 2], [1, 0.5, 0.5]),
        ({"patience": 0, "mode": "max"}, [1, 2, 2, 3], [1, 1, 0.5, 0.5]),
        ({"patience": 1}, [1, 2, 0.5, 2, 2], [1, 1, 1, 1, 0.5]),  # what is better sets the count back
        ({"patience": 0, "threshold": 0.1}, [1, 0.95, 0.89], [1, 0.5, 0.5]),
        ({"patience": 0, "threshold": 0.1}, [-1, -1.05, -1.11], [1, 0.5, 0.5]),  # 10 % of a negative number
        ({"patience": 0, "threshold": 0.1, "mode": "max"}, [-1, -0.95, -0.89], [1, 0.5, 0.5]),
        ({"patience": 0, "threshold": 0.1}, [-10, -10.5, -11.5], [1, 0.5, 0.5]),
        ({"patience": 0, "threshold": 0.1}, [-0.1, -0.15, -0.155], [1, 1, 0.5]),
        ({"patience": 0, "threshold": 0.1, "mode": "max"}, [-10, -9.5, -8.5], [1, 0.5, 0.5]),
        ({"patience": 0, "threshold": 2, "threshold_mode": "abs"}, [10, 9, 7.5], [1, 0.5, 0.5]),
        ({"patience": 0, "cooldown": 2}, [1, 1, 1, 1, 1], [1, 0.5, 0.5, 0.5, 0.25]),
        ({"patience": 0, "min_lr": 0.4}, [1, 1, 1, 1], [1, 0.5, 0.4, 0.4]),
        ({"patience": 0}, [math.nan, 1, math.nan], [0.5, 0.5, 0.25]),
        ({"patience": 0}, [math.inf, 1], [0.5, 0.5]),
    ],
)
def test_a_plateau_lowers_the_rate_as_its_settings_say(settings, metrics, expected):
    plateau = optim.ReduceOnPlateau(1.0, factor=0.5, **settings)
    assert [plateau(metric) for metric in metrics] == expected


def test_a_plateau_refuses_what_it_does_not_have():
    plateau = optim.ReduceOnPlateau(1.0)
    plateau.patience = 3
    with pytest.raises(
        errors.ArgumentError, match=r"ReduceOnPlateau has no setting 'patiance'.*Did you mean patience\?"
    ):
        plateau.patiance = 3
    with pytest.raises(errors.StateError, match=r"expected what state_dict.* got tuple"):
        plateau.load_state_dict((plateau.state_dict(), {}))


@given(metrics=st.lists(st.floats(-2, 2), min_size=2, max_size=12), cut=st.integers(0, 12))
def test_a_resumed_plateau_continues(metrics, cut):
    settings = {"factor": 0.5, "patience": 1, "cooldown": 1}
    whole, first, second = (optim.ReduceOnPlateau(1.0, **settings) for _ in range(3))
    expected = [whole(metric) for metric in metrics]
    before = [first(metric) for metric in metrics[:cut]]
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + [second(metric) for metric in metrics[cut:]] == expected


def test_a_state_of_a_plateau_that_does_not_fit():
    plateau = optim.ReduceOnPlateau(1.0)
    before = plateau.state_dict()
    broken = {**before, "extra": 1, "mode": 3}
    del broken["best"]
    with pytest.raises(
        errors.StateError,
        match=r"(?s)missing: best.*unexpected: extra.*mode: expected a value such as 'min', got 3",
    ):
        plateau.load_state_dict(broken)
    assert plateau.state_dict() == before


# ---- the example -------------------------------------------------------------------------------------------


def example(folder, *arguments):
    """What examples/schedules.py prints and says, and how it ends."""
    return python(ROOT / "examples" / "schedules.py", *arguments, warnings="default", folder=folder)


def test_the_example_prints_true_rates(tmp_path):
    done = example(tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {
        name: [float(v) for v in values.split()[:3]]
        for name, values in re.findall(r"^(\w+\(.+\)) {2,}([\d. ]+)$", done.stdout, re.MULTILINE)
    }
    assert len(rows) == 11
    assert rows["step(1, 25, gamma=0.5)"] == [1, 0.25, 0.0625]
    assert rows["inverse_time(1, 0.1)"] == [1, 0.1667, 0.0909]
    assert rows["cosine(1, 80, eta_min=0.1)"] == [
        1,
        round(0.1 + 0.45 * (1 + math.cos(math.pi * 5 / 8)), 4),
        0.1,
    ]
    assert rows["warmup(20, then=cosine(1, 80))"] == [
        0.0476,
        round((1 + math.cos(math.pi * 3 / 8)) / 2, 4),
        0,
    ]
    assert list(tmp_path.iterdir()) == []


def test_the_example_saves_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    assert "picture: here.png" in example(tmp_path, "--out", "here.png").stdout
    assert (tmp_path / "here.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    done = example(tmp_path, "--out", "none/a.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no folder none" in done.stderr
