"""The MNIST example, on drawn digits in IDX files, and for some seconds on the real ones where they are."""

import gzip
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.helpers import ROOT, environment

SCRIPT = ROOT / "examples" / "mnist.py"
FONT = (
    "111101101101111 010110010010111 111001111100111 111001111001111 101101111001001 "
    "111100111001111 111100111101111 111001010010010 111101111101111 111101111001111"
)


def write_idx(path, array, packed):
    """An IDX file as the format's description has it: two zeros, the kind of numbers (8: bytes), the axes,
    their lengths, the numbers.
    """
    content = (
        bytes([0, 0, 8, array.ndim])
        + np.array(array.shape, ">u4").tobytes()
        + array.astype(np.uint8).tobytes()
    )
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(content)) if packed else path.write_bytes(
        content
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with 400 training and 100 test images of digits in a font of 3 × 5 dots,
    each dot 4 × 4 pixels, moved about.
    """
    folder, rng = tmp_path_factory.mktemp("digits"), np.random.default_rng(0)
    glyphs = [np.kron(np.array(list(glyph), int).reshape(5, 3), np.ones((4, 4))) for glyph in FONT.split()]
    for part, count, packed in (("train", 400, True), ("t10k", 100, False)):
        labels = np.arange(count) % 10
        pixels = rng.integers(0, 60, (count, 28, 28))
        for picture, label in zip(pixels, labels):
            top, left = rng.integers(3, 6), rng.integers(7, 10)
            picture[top : top + 20, left : left + 12] += (glyphs[label] * 190).astype(int)
        write_idx(folder / f"{part}-images-idx3-ubyte", pixels, packed)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels, packed)
    return folder


def start(*arguments, folder, **settings):
    command = [sys.executable, "-W", "error::RuntimeWarning", SCRIPT, *map(str, arguments)]
    settings = {
        "cwd": folder,
        "env": environment(),
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "encoding": "utf-8",
        **settings,
    }
    return subprocess.Popen(command, **settings)


def run(*arguments, folder, code=0):
    """What the script prints; of what it refuses, the complaint."""
    process = start(*arguments, folder=folder)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return err if code == 2 else out


def matrix(text):
    """The confusion matrix that was printed."""
    return np.array([list(map(int, row.split())) for row in re.findall(r"^ ?\[+([\d ]+)\]+$", text, re.M)])


def accuracy(text):
    return float(re.search(r"([\d.]+)% of \d+ test images read right", text)[1]) / 100


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_it_learns_saves_and_predicts_the_same_from_the_file(model, drawn, tmp_path):
    epochs = {"mlp": 25, "cnn": 8}[model]
    text = run(
        "--model",
        model,
        "--data",
        drawn,
        "--epochs",
        epochs,
        "--checkpoint",
        "a.safetensors",
        folder=tmp_path,
    )
    counts = matrix(text)
    assert counts.shape == (10, 10)
    assert counts.sum(axis=1).tolist() == [10] * 10
    assert accuracy(text) == np.trace(counts) / 100
    assert accuracy(text) >= 0.8
    later = run("--data", drawn, "--predict", "a.safetensors", folder=tmp_path)
    assert np.array_equal(matrix(later), counts)
    assert "epoch" not in later


def test_the_picture(drawn, tmp_path):
    pytest.importorskip("matplotlib")
    assert "picture: a.png" in run(
        "--data", drawn, "--quick", "--out", "a.png", "--checkpoint", "a", folder=tmp_path
    )
    assert "picture: b.png" in run("--data", drawn, "--predict", "a", "--out", "b.png", folder=tmp_path)
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("a.png", "b.png"))


def contents(path):
    """The arrays and numbers of a checkpoint, without the clock's."""
    import json

    from safetensors import safe_open

    with safe_open(path, "np") as file:
        names = file.keys()  # a method of its own: the file is no mapping
        arrays = {name: file.get_tensor(name) for name in names}
        metadata = json.dumps(file.metadata(), sort_keys=True)
    return arrays, metadata


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_a_resumed_training_has_the_weights_of_an_uninterrupted_one(drawn, tmp_path):
    settings = ("--data", drawn, "--epochs", 60)
    whole = run(*settings, "--checkpoint", "whole", folder=tmp_path)
    process = start(*settings, "--checkpoint", "part", folder=tmp_path)
    deadline = time.monotonic() + 120
    while not (tmp_path / "part").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "go on with --checkpoint part --resume" in out
    resumed = run(*settings, "--checkpoint", "part", "--resume", folder=tmp_path)
    assert np.array_equal(matrix(resumed), matrix(whole))
    (one, _), (two, _) = contents(tmp_path / "whole"), contents(tmp_path / "part")
    assert one.keys() == two.keys()
    weights = [name for name in one if "model" in name]
    assert len(weights) == 6
    assert all(np.array_equal(one[name], two[name]) for name in weights)


WRONG = {
    "epochs": (["--epochs", "0"], "--epochs is 1 or more; got 0"),
    "resume": (["--resume"], "--resume goes on from the file of --checkpoint"),
    "folder": (["--checkpoint", "none/a"], "there is no folder none"),
    "picture": (["--out", "none/a.png"], "there is no folder none"),
    "no file": (["--predict", "none"], "none"),
    "no checkpoint": (["--predict", str(SCRIPT)], "mnist.py"),
    "no data": (["--data", "none"], "none"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused_before_the_training(arguments, message, tmp_path):
    pytest.importorskip("matplotlib")
    complaint = run(*arguments, folder=tmp_path, code=2)
    assert message in complaint
    assert "Traceback" not in complaint
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_something_else_is_refused(drawn, tmp_path):
    from tinygrad_edu.io import save_checkpoint

    save_checkpoint(tmp_path / "a", {"model": {"weight": np.ones(3)}})
    assert "is no checkpoint of this script's models" in run(
        "--data", drawn, "--predict", "a", folder=tmp_path, code=2
    )


def test_a_checkpoint_of_the_other_model_is_refused(drawn, tmp_path):
    run("--data", drawn, "--quick", "--checkpoint", "a", folder=tmp_path)
    complaint = run(
        "--data", drawn, "--quick", "--model", "cnn", "--checkpoint", "a", "--resume", folder=tmp_path, code=2
    )
    assert "does not fit" in complaint
    assert "Traceback" not in complaint


@pytest.mark.skipif(
    "TINYGRAD_EDU_DATA" not in os.environ,
    reason="the real digits: set TINYGRAD_EDU_DATA to a folder that has mnist/",
)
def test_an_epoch_of_6000_real_digits(tmp_path):
    text = run("--quick", folder=tmp_path)
    # So many images of each digit are in the test set.
    assert matrix(text).sum(axis=1).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert accuracy(text) >= 0.85
