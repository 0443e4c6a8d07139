"""Every example runs, and what it prints is true: the figures are computed again here, by NumPy
and by hand.
"""

import importlib.util
import io
import math
import re
import signal
import subprocess
import sys
from collections import Counter
from statistics import median

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT, Terminal, environment, printed, python

EXAMPLES = ROOT / "examples"
PNG = b"\x89PNG\r\n\x1a\n"


def run(name, *arguments, folder):
    """What an example prints.  A number that overflows on the way would be a warning, and is an error."""
    return printed(EXAMPLES / name, *arguments, warnings="error::RuntimeWarning", folder=folder)


def numbers(pattern, text):
    return [tuple(map(float, match)) for match in re.findall(pattern, text)]


def test_the_table_lists_every_example():
    commands = re.findall(r"`python examples/(\w+\.py)[^`]*`", (EXAMPLES / "README.md").read_text())
    assert sorted(commands) == sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_scalar(tmp_path):
    text = run("scalar.py", folder=tmp_path)
    w, x, b = 0.7, -1.3, 0.4
    t = math.tanh(w * x + b)
    slope = 2 * (t - b / 3) * (1 - t * t)
    expected = [(t - b / 3) ** 2, slope * x, slope * w, slope - 2 * (t - b / 3) / 3]
    printed = numbers(r"(?:loss|d/d\w) +([+-][\d.]+) +tinygrad_edu ([+-][\d.]+)", text)
    assert np.allclose(printed, np.transpose([expected, expected]), rtol=1e-12)
    assert "derivative 1.0\n" in text
    assert "gone with its last value: True" in text


def test_xor(tmp_path):
    text = run("xor.py", folder=tmp_path)
    rows = np.array(numbers(r"(\d)  (\d) \|  (\d)  \| ([\d.]+) ([\d.]+)", text))
    assert rows[:, :3].tolist() == [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert np.array_equal(rows[:, 4] > 0.5, rows[:, 2])
    assert "10 of 10 runs with tanh" in text


def test_spiral(tmp_path):
    text = run("spiral.py", folder=tmp_path)
    accuracies = [accuracy for _, accuracy in numbers(r"seed (\d): ([\d.]+) of", text)]
    assert len(accuracies) == 5
    assert float(re.search(r"median: ([\d.]+)", text)[1]) == median(accuracies)
    assert 0.98 <= median(accuracies) <= 298 / 300 + 1e-4
    assert list(tmp_path.iterdir()) == []


def test_spiral_saves_a_picture(load, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["spiral.py", "--out", "here.png"])
    spiral = load("spiral")
    monkeypatch.setattr(spiral, "SEEDS", range(1))
    spiral.main()
    assert "picture: here.png" in capsys.readouterr().out
    assert (tmp_path / "here.png").read_bytes().startswith(PNG)


def test_spiral_refuses_a_bad_path_before_it_trains(tmp_path):
    pytest.importorskip("matplotlib")
    done = python(EXAMPLES / "spiral.py", "--out", "none/a.png", warnings="default", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no folder none" in done.stderr


def test_define_an_op(tmp_path):
    text = run("define_an_op.py", folder=tmp_path)
    assert "np.interp's own derivative is the same: True" in text
    assert "Report(elements=10" in text
    assert "Diagnosis: the rule ignores g" in text
    found = float(re.search(r"3 mV at ([\d.]+) °C", text)[1])
    assert math.isclose(found, 50 + 50 * (3 - 2.036) / (4.279 - 2.036), abs_tol=1e-4)


def test_define_a_layer(tmp_path, load):
    text = run("define_a_layer.py", folder=tmp_path)
    assert "pooled [[[[5.0, 7.0]]]], at [[[[1, 6]]]]" in text
    assert "Report(elements=2" in text
    errors = np.array(numbers(r"with the places ([\d.]+), without ([\d.]+)", text))
    with_places, without = np.median(errors, axis=0)
    assert f"median: {with_places:.4f} of {without:.4f}" in text
    assert with_places < 0.5 * without
    example, x = load("define_a_layer"), np.random.default_rng(0).standard_normal((2, 3, 5, 6))
    y, indices = tg.max_pool2d(x, 2, return_indices=True)
    images = example.max_unpool2d(y, indices, (5, 6))
    assert np.array_equal(images[images != 0], np.where(images == x, x, 0)[images != 0])
    assert np.count_nonzero(images) == y.size
    tg.gradcheck(lambda y: example.max_unpool2d(y, indices, (5, 6)), y)
    layer = example.Autoencoder(True, np.random.default_rng(0)).to(np.float64)
    tg.gradcheck(lambda x: layer(x), x[:1, :1, :4, :4])


def test_custom_model(tmp_path):
    text = run("custom_model.py", folder=tmp_path)
    errors = [float(e) for e in re.findall(r"mean square error ([\d.]+)", text)]
    assert len(errors) == 2
    assert all(0.008 < error < 0.012 for error in errors)  # of 200 measurements with a noise of variance 0.01
    fitted = dict(re.findall(r"(\w+) +([\d.]+), true", text))
    for name, true in (("amplitude", 2.0), ("damping", 0.3), ("frequency", 3.0)):
        assert math.isclose(float(fitted[name]), true, abs_tol=0.05)
    assert "bit for bit" in text


# ---- networks ----------------------------------------------------------------------------------------------


@pytest.fixture
def load(monkeypatch):
    """An example as a module, for what needs no process of its own."""
    monkeypatch.syspath_prepend(EXAMPLES)
    names = [path.stem for path in EXAMPLES.glob("*.py")]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


def test_schedules(tmp_path):
    text = run("schedules.py", folder=tmp_path)
    found = {
        name.strip(): tuple(map(float, values.split()))
        for name, values in re.findall(r"^(\w+\(.*?\)) {2,}([\d. ]+)$", text, re.MULTILINE)
    }
    assert len(found) == 11
    assert np.allclose(
        found["cosine(1, 80, eta_min=0.1)"][:3],
        (1, 0.1 + 0.9 * math.cos(math.pi * 50 / 160) ** 2, 0.1),
        atol=1e-4,
    )
    assert np.allclose(found["polynomial(1, 80, power=2)"][:3], (1, (30 / 80) ** 2, 0), atol=1e-4)
    assert found["constant(1)"][3] > 3 * found["warmup(20, then=cosine(1, 80))"][3]


def test_numpy_tour(tmp_path):
    pytest.importorskip("matplotlib")
    text = run("numpy_tour.py", "--out", "tour.png", folder=tmp_path)
    assert (tmp_path / "tour.png").read_bytes().startswith(PNG)
    checked = numbers(r"(\d+) derivatives right to ([\d.e-]+)", text)
    assert len(checked) == 13
    assert all(count > 1 and error < 1e-6 for count, error in checked)
    x = np.array([0.0, 1, 2, 3, 4, 9])
    slope = float(re.search(r"moving point 5 by 1 turns the slope by ([\d.]+)", text)[1])
    assert math.isclose(slope, (9 - x.mean()) / (6 * x.var()), abs_tol=1e-3)
    assert "moves 4.0 times as fast" in text  # (1 + e) / (1 - e)
    found, best, straight = numbers(r"([\d.]+) s, a cycloid ([\d.]+) s, the straight line ([\d.]+) s", text)[
        0
    ]
    length = math.hypot(1, 0.65)
    assert math.isclose(straight, length * math.sqrt(2 / (9.81 * 0.65)), abs_tol=1e-3)  # uniformly faster
    assert best < found < 1.003 * best < straight
    ((R, L, C),) = numbers(r"([\d.]+) Ω, ([\d.]+) mH, ([\d.]+) µF; truly 10, 2 and 5", text)
    assert np.allclose([R, L, C], [10, 2, 5], rtol=0.03)


@pytest.mark.usefixtures("digits")
def test_cnn(digits, tmp_path):
    """On one split; that the CNN is better on the median of five, the example asserts itself."""
    text = run("cnn.py", "--seeds", "1", "--out", "cnn.png", folder=tmp_path)
    ((seed, by_mlp, by_cnn),) = numbers(
        r"seed (\d): ([\d.]+)% of 360 held-out images read right by the MLP, ([\d.]+)% by the CNN", text
    )
    assert seed == 1
    assert by_cnn > by_mlp
    assert f"median accuracy of 1 split: MLP {by_mlp:.2f}%, CNN {by_cnn:.2f}%" in text
    filters, offsets, inputs = 16 * 9 + 32 * 16 * 9 + 32 * 4 * 4 * 10, 16 + 32 + 10, 64 * 256 + 256 * 10 + 266
    assert f"parameters: {filters + offsets:,} (all learned)" in text
    assert filters + offsets < 0.55 * inputs  # of the MLP: half as many, it says
    settings = digits.argparse.Namespace(hidden=256, epochs=40, batch=32, lr=0.003)
    assert round(100 * digits.train(1, settings).accuracy, 2) == by_mlp  # the MLP is the one of digits.py
    assert (tmp_path / "cnn.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("digits")
def test_cnn_tells_the_medians_of_its_splits(load, monkeypatch, capsys):
    example, right = load("cnn"), {3: (1, 2), 4: (8, 4), 5: (5, 7)}  # of 8 images

    def run(seed):
        predicted = {name: np.arange(8) < n for name, n in zip(("MLP", "CNN"), right[seed])}
        return example.Split({}, None, None, np.ones(8), predicted)

    monkeypatch.setattr(example, "run", run)
    monkeypatch.setattr(sys, "argv", ["cnn.py", "--seeds", "3", "4", "5"])
    assert example.main() == 0
    text = capsys.readouterr().out
    assert "seed 5: 62.50% of 8 held-out images read right by the MLP, 87.50% by the CNN\n" in text
    assert text.endswith("median accuracy of 3 splits: MLP 62.50%, CNN 50.00%\n")


def conditional_entropy(text, known):
    """In bits: of a letter after ``known`` others."""
    pairs = Counter((text[i : i + known], text[i + known]) for i in range(len(text) - known))
    contexts = Counter(text[i : i + known] for i in range(len(text) - known))
    return sum(n * math.log2(contexts[context] / n) for (context, _), n in pairs.items()) / (
        len(text) - known
    )


def test_char_lstm(load, tmp_path):
    text = run("char_lstm.py", folder=tmp_path)
    example = load("char_lstm")
    rng = np.random.default_rng(0)
    training, held_out = ("".join(example.song(rng) for _ in range(songs)) for songs in (100, 20))
    assert f"{len(training)} letters to learn from, {len(held_out)} held out" in text
    lines = held_out.split("\n")
    assert len(set(lines)) <= 8 * 10 + 1  # eight ways to write a line, and the empty one
    figures = [float(figure) for figure in re.findall(r"^  [\w ]+? {2,}([\d.]+)$", text, re.MULTILINE)]
    assert np.allclose(figures[:3], [conditional_entropy(held_out, known) for known in (0, 1, 2)], atol=6e-4)
    reached, least = figures[3:]
    assert math.isclose(least, 3 * sum(map(bool, lines)) / (len(held_out) - 1), abs_tol=6e-4)
    assert least < reached < 0.18
    shares = [right / total for right, total in numbers(r"(\d+) of (\d+) lines are right", text)]
    assert len(shares) == 3
    assert shares[0] > 0.9  # at the lowest temperature
    assert shares[0] >= shares[1] > shares[2]


def test_the_lines_that_a_song_has_right(load):
    example = load("char_lstm")
    song = example.song(np.random.default_rng(1))
    assert example.right_lines(song + song) == (20, 20)
    assert example.right_lines(
        "ten cows say moo,\nnine cows say woof,\neight hens say cluck,\nsix hens say cluck,\nfive"
    ) == (2, 4)
    assert example.right_lines("ten cow says moo,\n\none cow says moo.\n") == (0, 2)


def test_transformer(tmp_path):
    text = run("transformer.py", folder=tmp_path)
    answers = re.findall(r"(\d\d)\+(\d\d)=(\S{3})  (right|wrong)", text)
    assert len(answers) == 10
    for a, b, total, verdict in answers:
        assert (verdict == "right") == (total == f"{int(a) + int(b):03}")
    assert float(re.search(r"([\d.]+)% of the held-out sums right", text)[1]) >= 99


def test_the_sums_held_out_are_in_training_in_neither_order(load):
    example = load("transformer")

    def pairs(lines):
        texts = ["".join(example.CHARACTERS[i] for i in line) for line in lines]
        assert all(
            int(text[:2]) + int(text[3:5]) == int(text[6:]) and text[2] + text[5] == "+=" for text in texts
        )
        return {(int(text[:2]), int(text[3:5])) for text in texts}

    training, held_out = map(pairs, example.split(np.random.default_rng(0)))
    assert len(training) + len(held_out) == 100 * 100
    assert not held_out & (training | {(b, a) for a, b in training})


def test_the_transformer_looks_at_nothing_to_the_right(load):
    example = load("transformer")
    model = example.Transformer(np.random.default_rng(0))
    line = example.sums(np.array([[37, 58]]))
    other = line.copy()
    other[0, 5:] = 0
    a, b = model(line).detach().numpy(), model(other).detach().numpy()
    assert np.allclose(a[0, :5], b[0, :5], atol=1e-6)
    assert not np.allclose(a[0, 5:], b[0, 5:], atol=1e-2)


@pytest.mark.usefixtures("digits")
def test_autoencoder(tmp_path):
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split

    text = run("autoencoder.py", "--seeds", "3", "--out", "autoencoder.png", folder=tmp_path)
    ((seed, ours, linear),) = numbers(
        r"seed (\d): mean square error on held-out images: autoencoder ([\d.]+), PCA ([\d.]+)", text
    )
    assert seed == 3
    pixels, labels = load_digits(return_X_y=True)
    x, images = train_test_split(pixels / 16, stratify=labels, test_size=0.2, random_state=3)
    plane = PCA(2, svd_solver="full").fit(x)
    expected = np.mean((plane.inverse_transform(plane.transform(images)) - images) ** 2)
    assert math.isclose(linear, expected, abs_tol=1e-4)
    assert 0.01 < ours < 0.7 * linear
    assert (tmp_path / "autoencoder.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("digits")
def test_autoencoder_tells_the_medians_of_its_runs(load, monkeypatch, capsys):
    example = load("autoencoder")
    monkeypatch.setattr(example, "train", lambda x, seed: lambda images: tg.Tensor(images + seed / 10))
    monkeypatch.setattr(example, "pca", lambda x, images: images + 1)
    monkeypatch.setattr(sys, "argv", ["autoencoder.py", "--seeds", "5", "1", "2"])
    example.main()
    text = capsys.readouterr().out
    assert re.findall(r"seed (\d): .* autoencoder (0\.\d+), PCA 1\.0000", text) == [
        ("5", "0.2500"), ("1", "0.0100"), ("2", "0.0400"),
    ]  # fmt: skip
    assert text.endswith("median: autoencoder 0.0400, PCA 1.0000: 4%\n")


@pytest.mark.parametrize(
    ("name", "trains", "says"),
    [
        ("char_lstm", "train", "entropy of the grammar"),
        ("transformer", "train", "of the held-out sums right"),
        ("cnn", "run", "parameters: 9,930"),
    ],
)
@pytest.mark.usefixtures("digits")
def test_ctrl_c_evaluates_what_has_been_learned(load, monkeypatch, capsys, name, trains, says):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    example = load(name)
    monkeypatch.setattr(example, trains, interrupt)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    assert example.main() == 130
    assert says in capsys.readouterr().out


def test_pictures_of_the_readme_are_there_and_small():
    shown = set(re.findall(r"\]\((pictures/[\w./]+)\)", (EXAMPLES / "README.md").read_text()))
    drawn = [path for path in (EXAMPLES / "pictures").rglob("*") if path.suffix in (".png", ".svg", ".gif")]
    assert shown == {path.relative_to(EXAMPLES).as_posix() for path in drawn if path.parent.name != "systems"}
    assert all((EXAMPLES / path).stat().st_size < 200_000 for path in shown)
    assert sum(path.stat().st_size for path in drawn) < 3_000_000


# ---- digits ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    """The script as a module, for what needs no process of its own."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location("digits_example", EXAMPLES / "digits.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def confusion(text):
    return np.array(
        [
            [int(n) for n in re.findall(r"\d+", row)]
            for row in re.findall(r"^ ?\[+([ \d]+)\]+$", text, re.MULTILINE)
        ]
    )


@pytest.mark.usefixtures("digits")
def test_digits_reads_97_percent_of_held_out_images(tmp_path):
    """On three splits; on its own five, the example asserts it itself."""
    text = run("digits.py", "--seeds", "2", "0", "1", "--out", "picture.png", folder=tmp_path)
    runs = numbers(r"seed (\d): ([\d.]+)% of (\d+) held-out", text)
    assert [(seed, n) for seed, _, n in runs] == [(seed, 360) for seed in (2, 0, 1)]
    middle = median(accuracy for _, accuracy, _ in runs)
    assert middle >= 97
    assert f"median accuracy of 3 runs: {middle:.2f}%" in text
    counts = confusion(text)
    assert counts.shape == (10, 10)
    assert counts.sum() == 360
    assert round(100 * np.trace(counts) / 360, 2) == middle
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


def test_digits_with_other_settings_claims_nothing(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["digits.py", "--seeds", "7", "--epochs", "1", "--hidden", "2"])
    assert digits.main() == 0
    text = capsys.readouterr().out
    assert re.search(r"median accuracy of 1 run: [\d.]+%\n", text)
    assert "picture: digits.png" in text
    assert (tmp_path / "digits.png").exists()


def test_digits_repeats_itself(digits):
    settings = digits.argparse.Namespace(hidden=8, epochs=2, batch=64, lr=0.01)
    one, two, other = digits.train(3, settings), digits.train(3, settings), digits.train(4, settings)
    assert one.losses == two.losses
    assert np.array_equal(one.probabilities(), two.probabilities())
    assert not np.array_equal(one.held_out, other.held_out)
    assert len(np.unique(one.held_out)) == 360


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--epochs 0", "--epochs: expected a whole number, 1 or more; got '0'"),
        ("--batch 2.5", "--batch: expected a whole number, 1 or more; got '2.5'"),
        ("--hidden x", "--hidden: expected a whole number"),
        ("--seeds 0 -1", "--seeds: expected a whole number, 0 or more; got '-1'"),
        ("--seeds", "--seeds: expected at least one argument"),
        ("--lr nan", "--lr: expected a positive number; got 'nan'"),
        ("--lr 0", "--lr: expected a positive number; got '0'"),
        ("--lr fast", "--lr: expected a positive number; got 'fast'"),
        ("--out none/a.png", "there is no folder none"),
        ("--out a.xyz", "the suffix of a picture is one of"),
        ("--out .", "is a folder"),
        ("--fast", "unrecognized arguments: --fast"),
    ],
)
def test_digits_refuses_bad_arguments_before_it_trains(
    digits, tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["digits.py", *arguments.split()])
    monkeypatch.setattr(digits, "train", lambda *_: pytest.fail("it trains"))
    with pytest.raises(SystemExit) as stop:
        digits.main()
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_digits_says_in_its_help_where_the_picture_goes(digits, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["digits.py", "--help"])
    with pytest.raises(SystemExit):
        digits.main()
    assert "(default: digits.png)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.usefixtures("digits")
def test_ctrl_c_evaluates_and_saves_what_has_been_learned(tmp_path):
    script = EXAMPLES / "digits.py"
    # A background process may inherit that Ctrl-C is ignored; here it must not.
    code = (
        "import runpy, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", code, "--epochs", "1000000", "--hidden", "16", "--batch", "256"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "seed 0: epoch 10/1000000" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        text, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    ((seed, accuracy, epochs),) = numbers(
        r"seed (\d): ([\d.]+)% of 360 held-out images read right, stopped after (\d+) epochs", text
    )
    assert seed == 0
    assert accuracy > 10  # better than a guess
    assert epochs >= 10
    assert (tmp_path / "digits.png").read_bytes().startswith(PNG)


def test_ctrl_c_in_the_first_epoch(digits, tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "evaluate", interrupt)
    monkeypatch.setattr(sys, "argv", ["digits.py", "--out", str(tmp_path / "x.png")])
    assert digits.main() == 130
    assert "stopped after 0 epochs" in capsys.readouterr().out
    assert (tmp_path / "x.png").exists()


def test_progress_is_one_line_on_a_terminal(digits, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as if it were not installed
    with digits.Progress("seed 0", 2) as progress:
        progress.show("a long text")
        progress.show("short")
    first, second = terminal.getvalue().split("\r")[1:]
    assert first.rstrip() == "seed 0: epoch 1/2, a long text"
    assert second.rstrip() == "seed 0: epoch 2/2, short"
    assert second.endswith("\n")
    assert len(second.rstrip("\n")) >= len(first.rstrip())


def test_progress_is_tqdms_where_it_is_installed(digits, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with digits.Progress("seed 0", 2) as progress:
        progress.show("a")
        progress.show("b")
    assert "2/2" in terminal.getvalue()


def test_progress_is_a_line_every_few_epochs_elsewhere(digits, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log := io.StringIO())
    with digits.Progress("seed 0", 23) as progress:
        for _ in range(23):
            progress.show("text")
    assert log.getvalue().splitlines() == [f"seed 0: epoch {n}/23, text" for n in (10, 20, 23)]
