"""Several ranks against one process, and every way in which a rank may end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import ROOT, environment

pytest.importorskip("mpi4py", reason="needs the extra mpi: mpi4py and an MPI library")
MPIEXEC = Path(sys.executable).with_name("mpiexec")
if not MPIEXEC.exists():
    pytest.skip("there is no mpiexec beside this Python: pip install mpich", allow_module_level=True)


def started(ranks, name, *arguments, launcher=("-m", "mpi4py"), timeout=100):
    """The finished job, which must not hang."""
    command = [
        MPIEXEC,
        "-n",
        ranks,
        sys.executable,
        *launcher,
        "-m",
        "tests.distributed.jobs",
        name,
        *arguments,
    ]
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=timeout
    )


def said(ranks, name, *arguments):
    """What the ranks of a job said, in their order."""
    done = started(ranks, name, *arguments)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return sorted(lines, key=lambda line: line["rank"])


def largest_difference(a, b):
    """Of the numbers in two nests of dicts and lists alike, relative to 1 and the larger one."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return max(largest_difference(a[key], b[key]) for key in a)
    x, y = np.asarray(a, float), np.asarray(b, float)
    return float(np.max(np.abs(x - y) / np.maximum(1, np.abs(x)), initial=0))


def one_process(**settings):
    from tests.distributed.jobs import training

    return training(**settings)


# ---- the same as one process -------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("settings", [{}, {"clip_norm": 0.5, "accumulate": 2, "batch_size": 20}])
def test_several_ranks_equal_one_process_with_the_whole_batch(ranks, settings):
    alone, together = one_process(**settings), said(ranks, "fit", json.dumps(settings))
    assert len(together) == ranks
    assert all(one["columns"] == together[0]["columns"] for one in together)
    assert all(one["weights"] == together[0]["weights"] for one in together)
    assert together[0]["steps"] == alone["steps"]
    losses = largest_difference(alone["columns"], together[0]["columns"])
    weights = largest_difference(alone["weights"], together[0]["weights"])
    print(f"{ranks} ranks to one process: losses and metrics {losses:.1e}, weights {weights:.1e}")
    assert losses < 1e-13
    assert weights < 1e-12


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({"compile": True, "clip_norm": 0.5, "weighted": True, "validation": None}, [11, 15]),
        ({"compile": "c"}, [11, 15]), ({"compile": True, "accumulate": 2, "batch_size": 20}, [11, 11]),
    ],
)  # fmt: skip
def test_compiled_gradients_of_several_ranks_equal_one_process(settings, calls):
    """Of 16 steps rank 0 has no row in 4, if each is of one batch; the first is made as it is."""
    if settings["compile"] == "c":
        pytest.importorskip("tinygrad_edu.compiler.c.cache").compiler() or pytest.skip("no C compiler here")
    alone = one_process(**{**settings, "compile": False})
    together = said(2, "fit", json.dumps(settings))
    assert largest_difference(alone["columns"], together[0]["columns"]) < 1e-12
    assert largest_difference(alone["weights"], together[0]["weights"]) < 1e-11
    assert together[0]["weights"] == together[1]["weights"]
    assert [int(one["compiled"].split(",")[1].split()[0]) for one in together] == calls
    assert "the gradient of one step, which is summed over all ranks" in together[0]["compiled"]


def test_a_loop_of_ones_own_equals_one_process():
    one, *others = said(2, "loop")
    (alone,) = said(1, "loop")
    assert all(one["weights"] == other["weights"] for other in others)
    assert largest_difference(one["weights"], alone["weights"]) < 1e-13


def test_all_begin_with_the_weights_of_rank_0():
    (alone,) = said(1, "other_weights")
    one, other = said(2, "other_weights")
    assert one["weights"] == other["weights"]
    np.testing.assert_allclose(one["weights"], alone["weights"], rtol=1e-4, atol=1e-6)  # in float32


def test_running_statistics_are_the_same_on_all_ranks():
    one, other = said(2, "fit", json.dumps({"norm": True, "epochs": 2, "batch_size": 33}))
    assert one["weights"] == other["weights"]
    assert one["columns"]["val_loss"] == other["columns"]["val_loss"]


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("settings", [{}, {"accumulate": 2, "batch_size": 20}])
def test_synchronized_normalization_is_that_of_one_process(ranks, settings):
    settings = {"batch_size": 33, "norm": True} | settings
    alone = one_process(**settings)
    together = said(ranks, "fit", json.dumps(settings | {"norm": "synchronized"}))
    assert all(one["weights"] == together[0]["weights"] for one in together)
    assert largest_difference(alone["columns"], together[0]["columns"]) < 1e-13
    assert largest_difference(alone["weights"], together[0]["weights"]) < 1e-12
    apart = said(ranks, "fit", json.dumps(settings))[0]
    assert largest_difference(alone["weights"], apart["weights"]) > 1e-3


def test_synchronized_normalization_differentiates_over_ranks_twice():
    (alone,), ranks = said(1, "moments"), said(2, "moments")
    for what in ("y", "gradient", "second"):
        joined = [row for one in ranks for row in one[what]]
        np.testing.assert_allclose(joined, alone[what], rtol=1e-8, atol=1e-9, err_msg=what)
    assert ranks[0]["running"] == ranks[1]["running"]
    np.testing.assert_allclose(ranks[0]["running"], alone["running"], rtol=1e-12)
    x = 1e3 + np.random.default_rng(0).standard_normal((7, 3, 2))
    mean, variance = x.mean((0, 2)), x.var((0, 2))
    y = (x - mean[:, None]) / np.sqrt(variance[:, None] + 1e-5)
    np.testing.assert_allclose(alone["y"], y, rtol=1e-8, atol=1e-9)


def test_normalization_by_ranks_is_told_and_rows_for_all_are_asked_for():
    done = started(2, "fit", json.dumps({"norm": True, "epochs": 1, "batch_size": 33}))
    assert (
        done.stderr.count("fit: 1: batch normalization by the mean and variance of each rank's own rows") == 1
    )
    assert "distributed.synchronize(model)" in done.stderr
    done = started(2, "fit", json.dumps({"norm": "synchronized", "epochs": 1}))
    assert (
        "97 examples in batches of 32 end with a batch of 1, and with synchronized normalization"
        in done.stderr
    )
    assert "batch normalization by" not in done.stderr


def test_without_mpiexec_it_is_one_process():
    from tests.distributed.jobs import fitted

    assert largest_difference(fitted(epochs=2)["weights"], one_process(epochs=2)["weights"]) < 1e-13


# ---- going on ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(2, 3), (2, 1), (1, 2)])
def test_a_checkpoint_goes_on_with_another_number_of_ranks(tmp_path, before, after):
    path = str(tmp_path / "training.ckpt")
    said(before, "fit", json.dumps({"epochs": 2, "checkpoint": path}))
    resumed = said(after, "fit", json.dumps({"epochs": 5, "checkpoint": path, "resume": True}))[0]
    whole = one_process(epochs=5)
    assert largest_difference(resumed["columns"], whole["columns"]) < 1e-13
    assert largest_difference(resumed["weights"], whole["weights"]) < 1e-12


def test_one_process_goes_on_from_two_ranks(tmp_path):
    path = str(tmp_path / "training.ckpt")
    said(2, "fit", json.dumps({"epochs": 2, "checkpoint": path, "dropout": 0.2}))
    resumed = one_process(epochs=3, checkpoint=path, resume=True, dropout=0.2)
    assert len(resumed["columns"]["loss"]) == 3


def test_dropout_goes_on_to_the_same_bits_with_the_same_number_of_ranks(tmp_path):
    path = str(tmp_path / "training.ckpt")
    settings = {"dropout": 0.3, "checkpoint": path, "resume": True}
    said(2, "fit", json.dumps({**settings, "epochs": 2}))
    resumed, _ = said(2, "fit", json.dumps({**settings, "epochs": 4}))
    whole, _ = said(2, "fit", json.dumps({"dropout": 0.3, "epochs": 4}))
    assert resumed["columns"] == whole["columns"]
    assert resumed["weights"] == whole["weights"]


# ---- what is agreed on -------------------------------------------------------------------------------------


@pytest.mark.parametrize("compile", [(), ("numpy",)])
def test_a_nan_on_one_rank_stops_all_before_the_step(compile):
    one, other = said(2, "not_a_number", *compile)
    assert one["stopped"] == other["stopped"] == "nan"
    assert one["reason"] == other["reason"]
    assert "the inputs are not finite: row" in one["reason"]
    assert "example 40 of the data" in one["reason"]
    assert np.isfinite(one["weights"]["0.weight"]).all()


def test_ctrl_c_on_one_rank_stops_all():
    one, other = said(2, "interrupted")
    assert one["stopped"] == other["stopped"] == "interrupted"
    assert one["steps"] == other["steps"] == 9  # four steps an epoch, and the one in which it was told
    assert one["weights"] == other["weights"]


def test_a_callback_on_one_rank_stops_all():
    assert [(one["stopped"], one["steps"]) for one in said(2, "called_back")] == [("callback", 12)] * 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("data_are_split", ["all ranks are given the same data"] * 2),
        ("settings_are_wrong_on_one", ["rank 1 raised", "batch_size"]),
        ("one_rank_changes_a_weight", ["the ranks have other values in bias"] * 2),
    ],
)
def test_errors_come_to_all_ranks(name, words):
    found = said(2, name)
    assert len(found) == 2
    assert all(word in one["error"] for one, word in zip(found, words))


# ---- how ranks end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("launcher", [("-m", "mpi4py"), ()])
@pytest.mark.parametrize(
    ("name", "how", "told"),
    [
        ("dies_in_fit", "raise", "ValueError: the disk is full"),
        ("dies_in_fit", "kill", "KILLED|Killed|signal 9"),
        ("dies_in_fit", "metric", "ValueError: no such class"),
        ("dies_in_fit", "exit", "rank 1 of 2 raised SystemExit, which ends the job"),
        ("dies_in_a_loop", "raise", "ValueError: the disk is full"),
        ("dies_in_a_loop", "kill", "KILLED|Killed|signal 9"),
        ("dies_in_a_loop", "exit", "rank 1, or one before it, has ended its program"),
    ],
)
def test_a_rank_that_ends_ends_the_job(name, how, told, launcher):
    done = started(2, name, how, launcher=launcher, timeout=60)
    assert done.returncode != 0
    assert any(words in done.stderr + done.stdout for words in told.split("|")), done.stderr
    assert "caught" not in done.stdout


@pytest.mark.parametrize("ranks", [3, 4])
def test_who_ends_first_after_the_last_call_leaves_nobody_waiting(ranks):
    for _ in range(4):
        assert said(ranks, "staggered")[0]["found"] == list(range(ranks))


# ---- the sum -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_sum_over_ranks_differentiates(ranks):
    x = np.arange(3.0) * ranks + sum(range(ranks))
    weights = sum(r + 1 for r in range(ranks))
    for one in said(ranks, "sums"):
        assert one["y"] == x.tolist()
        np.testing.assert_allclose(one["grad"], weights * 3 * x**2)
        # L = n Σ y³ with y = n x, so that d²L/dx² of one rank's x, all ranks' together, is n · n · 6 y.
        np.testing.assert_allclose(one["hessian"], np.diag(6 * ranks**2 * ranks * np.array([1.0, 2.0])))
        assert one["tangent"] == [ranks, sum(range(ranks))]
        assert one["checked"] == 2
        assert one["most"] == ranks - 1


def test_other_reductions_and_unlike_ranks_are_refused():
    found = said(2, "refused_sums")
    told = [one["error"] for one in found if one["rank"] == 0]
    assert "the max over ranks has no derivative rule" in told[0]
    assert 'op is "sum", "max" or "min"; got \'mean\'' in told[1]
    assert "needs a gradient" in told[2]
    assert "needs no gradient" in told[2]
    assert "shape (2,), float64" in told[3]
    assert "rank 1, or one before it, has ended its program" in told[4]
    assert len(found) == 4 + 5
