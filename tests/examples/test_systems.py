"""The 29 systems: their table is met in its quick form, what cannot run says so,
and the traps of the originals are not ours.

Each trap is shown twice: what the script does equals the formula written by hand, and differs from the
mistake.
"""

import importlib.util
import io
import math
import os
import random
import re
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT, Terminal, python
from tinygrad_edu import data, nn

SYSTEMS = ROOT / "examples" / "systems"
# Nothing is fetched in a test: where the files are neither in TINYGRAD_EDU_DATA nor in the cache, there is no
# way out to them.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def rows_of(text):
    """The rows of a printed table as lists of cells."""
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert lines[0] == ["#", "system", "published or recomputed", "ours", "met", "s"]
    return lines[2:]


@pytest.fixture(scope="module")
def quick():
    """One quick run of all systems."""
    return python(SYSTEMS / "run.py", "--quick", warnings="error::RuntimeWarning", timeout=900, **OFFLINE)


def test_all_systems_run_and_none_misses_its_quick_figure(quick):
    rows = rows_of(quick.stdout)
    assert quick.returncode == 0, f"{quick.stdout}\n{quick.stderr}"
    assert sorted({int(row[0]) for row in rows}) == list(range(1, 30))
    assert all(row[4] in ("yes", "–") for row in rows)
    judged = {int(row[0]) for row in rows if row[4] == "yes" or row[3].startswith("skipped")}
    assert judged == set(range(1, 30))


def test_every_figure_says_whose_it_is(quick):
    for number, system, target, _, met, _ in rows_of(quick.stdout):
        assert re.match(r"published|recomputed|goal", target) or (target, met) == ("–", "–"), (
            number,
            system,
            target,
        )


def test_only_missing_data_are_skipped(quick):
    skipped = [f"{row[0]} {row[3]}" for row in rows_of(quick.stdout) if row[3].startswith("skipped")]
    if skipped and not os.environ.get("TINYGRAD_EDU_DATA"):
        pytest.skip(f"TINYGRAD_EDU_DATA names no folder of data sets: {'; '.join(skipped)}")
    assert not skipped


def test_data_that_are_not_here_are_named_in_the_table(tmp_path):
    """With an empty folder of data, an empty cache and no way out."""
    away = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"), str(tmp_path))
    away["TINYGRAD_EDU_DATA"] = str(tmp_path / "empty")
    script = SYSTEMS / "09_iris_backprop.py"
    done = python(script, "--quick", warnings="default", timeout=120, **OFFLINE, **away)
    ((number, _, _, ours, met, _),) = rows_of(done.stdout)
    assert (number, met, done.returncode) == ("9", "–", 0), done.stderr
    assert ours.startswith("skipped: ")
    assert "irisTrainData.txt" in ours


# ---- the table and its exit code ---------------------------------------------------------------------------


def load(name, monkeypatch):
    """A module of examples/systems; its name may begin with a digit."""
    monkeypatch.syspath_prepend(str(SYSTEMS))
    (path,) = SYSTEMS.glob(f"{name}*.py")
    spec = importlib.util.spec_from_file_location(f"systems_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """run.py on a folder of small scripts; called with arguments it returns the exit code."""
    for name, body in {
        "01_good": "return [Row('right', 'published 1', '1', True), Row('shown', 'goal: seen', '2', None)]",
        "02_bad": "import numpy; return [Row('wrong', 'published 1', '2', numpy.bool_(False), 'Off by 1.')]",
        "03_away": "raise Missing('no such file')",
        "04_broken": "return 1 / 0",
        "05_drawn": "(out / 'picture.txt').write_text('quick' if quick else 'full'); return [Row('a | b', "
        "'goal: drawn', '3', True)]",
    }.items():
        (tmp_path / f"{name}.py").write_text(
            f"from report import Missing, Row\ndef run(quick=False, out=None):\n    {body}\n"
        )
    module = load("run", monkeypatch)
    monkeypatch.setattr(module, "HERE", tmp_path)

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        return module.main()

    return main


def test_a_figure_that_is_not_met_ends_in_exit_code_1(runner, capsys):
    assert runner("1", "bad") == 1
    text = capsys.readouterr().out
    assert [row[:5] for row in rows_of(text)] == [
        ["1", "right", "published 1", "1", "yes"],
        ["1", "shown", "goal: seen", "2", "–"],
        ["2", "wrong", "published 1", "2 (1)", "NO"],
    ]
    assert "\n(1) Off by 1.\n" in text
    assert "2 systems, 3 rows: 1 met, 1 not met, 1 without a figure; 0 s" in text


def test_what_is_missing_is_seen_and_is_not_met(runner, capsys):
    assert runner("3") == 0
    text = capsys.readouterr().out
    assert rows_of(text)[0][:5] == ["3", "away", "–", "skipped: no such file", "–"]
    assert "0 met, 0 not met, 1 skipped" in text


def test_a_script_that_fails_does_not_stop_the_others(runner, capsys, tmp_path):
    assert runner("--out", str(tmp_path / "new"), "--quick") == 1
    printed = capsys.readouterr()
    assert [row[0] for row in rows_of(printed.out)] == ["1", "1", "2", "3", "4", "5"]
    assert "failed: ZeroDivisionError: division by zero" in printed.out
    assert "[4/5] 04_broken: NOT MET" in printed.err
    assert r"a \| b" in printed.out
    assert (tmp_path / "new" / "picture.txt").read_text() == "quick"


def test_an_unknown_name_lists_the_known_ones(runner):
    with pytest.raises(SystemExit, match="no system 'six'; there are: 01_good, 02_bad"):
        runner("six")


# ---- system 1: a sum, not a mean; a softmax that does not overflow -----------------------------------------


def test_blobs_takes_the_steps_of_the_summed_cost(monkeypatch):
    script = load("01", monkeypatch)
    rng = np.random.RandomState(42)
    points, labels = data.blobs(2100, seed=rng)
    state = rng.get_state()
    model = script.network(rng)
    rng.set_state(state)
    wh, bh, wo, bo = rng.rand(2, 4), rng.randn(4), rng.rand(4, 3), rng.randn(3)
    expected = np.eye(3)[labels]
    optimizer = tg.optim.SGD(model.parameters(), lr=0.001)
    for _ in range(3):
        optimizer.zero_grad()
        cost = tg.softmax_cross_entropy(model(points), labels, reduction="sum")
        cost.backward()
        optimizer.step()
        ah = 1 / (1 + np.exp(-(points @ wh + bh)))
        ao = np.exp(ah @ wo + bo)
        ao /= ao.sum(axis=1, keepdims=True)
        assert math.isclose(cost.item(), -np.sum(expected * np.log(ao)), rel_tol=1e-12)
        hidden = (ao - expected) @ wo.T * ah * (1 - ah)
        wo, bo = wo - 0.001 * ah.T @ (ao - expected), bo - 0.001 * (ao - expected).sum(axis=0)
        wh, bh = wh - 0.001 * points.T @ hidden, bh - 0.001 * hidden.sum(axis=0)
    assert np.allclose(model[0].weight.data.T, wh, rtol=1e-10)
    assert np.allclose(model[2].bias.data, bo, rtol=1e-10)
    mean = tg.softmax_cross_entropy(model(points), labels).item()
    assert math.isclose(
        mean * 2100, tg.softmax_cross_entropy(model(points), labels, reduction="sum").item(), rel_tol=1e-12
    )


def test_the_softmax_does_not_overflow():
    scores = np.array([1000.0, 999.0, 0.0])
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(np.exp(scores) / np.exp(scores).sum()).any()  # the trap
    assert np.allclose(tg.softmax(scores), [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0])


# ---- system 4: an error that adds up, and a "sigmoid" that is tanh -----------------------------------------


def bpnn(targets, seed, iterations):
    """The original's loops on Python floats: the error of each iteration, added up over patterns and not,
    and its weights.
    """
    rand = random.Random(seed).uniform
    wi = [[rand(-0.2, 0.2) for _ in range(2)] for _ in range(3)]
    wo = [rand(-2, 2) for _ in range(2)]
    ci, co = [[0.0, 0.0] for _ in range(3)], [0.0, 0.0]
    added, last = [], []
    for _ in range(iterations):
        errors = []
        for pattern, target in zip([(0, 0), (0, 1), (1, 0), (1, 1)], targets):
            ai = [*pattern, 1.0]
            ah = [math.tanh(sum(ai[i] * wi[i][j] for i in range(3))) for j in range(2)]
            ao = math.tanh(ah[0] * wo[0] + ah[1] * wo[1])
            output_delta = (1 - ao**2) * (target - ao)
            hidden_deltas = [(1 - ah[j] ** 2) * output_delta * wo[j] for j in range(2)]
            for j in range(2):
                change = output_delta * ah[j]
                wo[j], co[j] = wo[j] + 0.5 * change + 0.1 * co[j], change
            for i in range(3):
                for j in range(2):
                    change = hidden_deltas[j] * ai[i]
                    wi[i][j], ci[i][j] = wi[i][j] + 0.5 * change + 0.1 * ci[i][j], change
            errors.append(0.5 * (target - ao) ** 2)
        added.append(sum(errors))
        last.append(errors[-1])
    return added, last, wi, wo


def test_bpnn_is_the_original_and_its_error_adds_up(monkeypatch):
    script = load("04", monkeypatch)
    net, errors = script.train(script.XOR, iterations=40)
    added, last, wi, wo = bpnn(script.XOR, 0, 40)
    assert np.allclose(errors, added, rtol=1e-9)
    assert not np.allclose(errors, last, rtol=0.1)  # the trap: error = instead of error +=
    assert np.allclose(net.wi.data[0], wi, rtol=1e-9)
    assert np.allclose(net.wo.data[0, :, 0], wo, rtol=1e-9)


def test_the_sigmoid_of_bpnn_is_tanh_and_ours_is_the_logistic(monkeypatch):
    script = load("04", monkeypatch)
    net = script.NN(2, 2, seeds=range(1))
    hidden = np.tanh(np.c_[script.PATTERNS, np.ones(4)] @ net.wi.data[0])
    assert np.allclose(net(script.PATTERNS).data[0], np.tanh(hidden @ net.wo.data[0])[:, 0])
    x = np.array([-2.0, 0.0, 0.5])
    y = 1 / (1 + np.exp(-x))
    value, slope = tg.jvp(tg.sigmoid, (x,), (np.ones(3),))
    assert np.allclose(value.data, y)
    assert np.allclose(slope.data, y * (1 - y))
    assert not np.allclose(slope.data, 1 - y**2)  # the trap: the derivative of tanh on a logistic output


# ---- system 7: one step by hand ----------------------------------------------------------------------------


def test_wheat_seeds_takes_the_step_of_the_formula_and_of_no_trap(monkeypatch):
    script = load("07", monkeypatch)
    random.seed(1)
    model = script.initialize_network(2, 2, 2)
    w, b, v, c = (p.data.copy() for p in model.parameters())
    x, t = script.TOY[0, :2], np.array([1.0, 0.0])
    (error,) = script.train_network(model, x[None], np.array([0]), l_rate=0.5, epochs=range(1))

    h = 1 / (1 + np.exp(-(w @ x + b)))
    o = 1 / (1 + np.exp(-(v @ h + c)))
    delta = (o - t) * o * (1 - o)
    new_v = v - 0.5 * np.outer(delta, h)
    hidden = v.T @ delta * h * (1 - h)
    assert math.isclose(error, np.sum((t - o) ** 2), rel_tol=1e-12)
    # The trap: the last output's error alone.
    assert not math.isclose(error, (t[1] - o[1]) ** 2, rel_tol=0.01)
    assert np.allclose(model[2].weight.data, new_v, rtol=1e-12)
    assert np.allclose(model[2].bias.data, c - 0.5 * delta, rtol=1e-12)
    assert np.allclose(model[0].weight.data, w - 0.5 * np.outer(hidden, x), rtol=1e-12)

    twice = delta * o * (1 - o)  # the trap: the logistic derivative applied twice
    assert not np.allclose(model[2].weight.data, v - 0.5 * np.outer(twice, h), rtol=1e-4)
    # The trap: output weights changed before the hidden deltas are computed.
    late = new_v.T @ delta * h * (1 - h)
    assert not np.allclose(model[0].weight.data, w - 0.5 * np.outer(late, x), rtol=1e-6)
    plain = o - t  # the trap: p − y, which belongs to binary cross-entropy
    assert not np.allclose(model[2].bias.data, c - 0.5 * plain, rtol=1e-4)


def test_p_minus_y_is_the_gradient_of_binary_cross_entropy():
    z, y = np.array([-1.5, 0.3, 2.0]), np.array([0.0, 1.0, 1.0])
    p = 1 / (1 + np.exp(-z))
    entropy = tg.grad(lambda z: tg.binary_cross_entropy(tg.sigmoid(z), y, reduction="sum"))(z)
    squares = tg.grad(lambda z: tg.half_squared_error(tg.sigmoid(z), y))(z)
    assert np.allclose(entropy.data, p - y)
    assert np.allclose(squares.data, (p - y) * p * (1 - p))
    assert not np.allclose(squares.data, p - y)


# ---- systems 9 and 10 --------------------------------------------------------------------------------------


def test_the_derivative_of_the_softmax_is_more_than_its_diagonal():
    z, t = np.array([0.5, -1.0, 0.2]), np.array([0.0, 0.0, 1.0])
    p = np.exp(z) / np.exp(z).sum()
    gradient = tg.grad(lambda z: tg.half_squared_error(tg.softmax(z), t))(z)
    assert np.allclose(gradient.data, (np.diag(p) - np.outer(p, p)) @ (p - t))
    assert not np.allclose(gradient.data, (p - t) * p * (1 - p), rtol=0.1)  # the original's


def test_xavier_bounds_have_a_minus_sign(monkeypatch):
    net = load("10", monkeypatch).Net(np.random.default_rng(0))
    for layer in (net.hid1, net.hid2, net.oupt):
        bound = math.sqrt(6 / (layer.in_features + layer.out_features))
        assert 0.5 * bound < layer.weight.data.max() <= bound
        assert -bound <= layer.weight.data.min() < -0.5 * bound  # the trap: U(bound, bound) or U(0, bound)
        assert not layer.bias.data.any()


def test_a_model_keeps_the_symmetry_that_equal_weights_have():
    model = nn.Sequential(nn.Linear(2, 3, init=nn.init.ones), nn.Tanh(), nn.Linear(3, 1, init=nn.init.ones))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        tg.mse_loss(
            model(np.array([[1.0, 2.0], [0.5, -1.0]])), np.array([[0.0], [1.0]], np.float32)
        ).backward()
        optimizer.step()
    assert np.ptp(model[0].weight.data, axis=0).max() == 0
    assert model[0].weight.data[0, 0] != 1


# ---- progress and spread -----------------------------------------------------------------------------------


def test_progress_is_shown_on_a_terminal_alone_and_leaves_nothing(monkeypatch):
    report = load("report", monkeypatch)

    now = iter(range(100))
    monkeypatch.setattr(report.time, "monotonic", lambda: next(now))
    log, terminal = io.StringIO(), Terminal()
    assert list(report.track(range(3), "moons", stream=log)) == [0, 1, 2]
    assert list(report.track(range(3), "moons", stream=terminal)) == [0, 1, 2]
    assert log.getvalue() == ""
    assert terminal.getvalue().split("\r\033[K") == ["", "moons 1/3", "moons 2/3", "moons 3/3", ""]


def test_spread_is_the_median_and_the_range(monkeypatch):
    report = load("report", monkeypatch)
    assert report.spread([0.5, 0.1, 0.25], ".2f") == "median 0.25 of 3 seeds (0.10 to 0.50)"
    assert report.spread([0.5], ".0%") == "50% (seed 0)"
