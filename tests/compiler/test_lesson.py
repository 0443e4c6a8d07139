"""The lesson is a page that a teacher hands out, and it computes what the step computes, to the bit."""

import copy
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.__main__ import main
from tinygrad_edu.compiler.lesson.parted import parted
from tinygrad_edu.compiler.lesson.roll import rolled
from tinygrad_edu.compiler.lesson.text import Lesson
from tinygrad_edu.compiler.trace import plain
from tinygrad_edu.errors import TraceError

from .test_equality import (
    ACTIVATIONS,
    CLASSES,
    OPTIMIZERS,
    ReaderOfSeveralLengths,
    X,
    Y,
    made,
    normal,
    perceptron,
    sequences,
)

GOLDEN = Path(__file__).with_name("lesson.txt")
IMAGES = Path(__file__).with_name("lesson_cnn.txt")
PLAIN = [name for name, value in vars(plain).items() if inspect.isfunction(value)]


def lesson_of(compiled, name="function"):
    """The lesson as a function of the arguments alone, with copies of all that it is given."""
    lesson, namespace = Lesson(compiled.specializations[0].run, name), {}
    exec(lesson.text, namespace)  # noqa: S102  # our own text
    given = {key: copy.deepcopy(value) for key, value in lesson.given.items()}

    def step(*arguments):
        result = namespace[name](*arguments, **given)
        if "t" in given:
            given["t"] += 1
        return result

    return step, given, lesson.text


def check_lesson(
    network, x=X, y=Y, loss=tg.softmax_cross_entropy, optimizer=optim.SGD, clip=None, steps=3, **settings
):
    model, function = made(network, lambda p: optimizer(p, **{"lr": 0.01, **settings}), loss, clip)
    compiled = tg.compile(function)
    for _ in range(steps):
        compiled(x, y)
    step, given, text = lesson_of(compiled, "step")
    for _ in range(5):
        np.testing.assert_array_equal(step(x, y), compiled(x, y).data)
    arrays = [value for value in given.values() if isinstance(value, np.ndarray)]
    for name, value in model.state_dict().items():
        assert any(np.array_equal(value, a) for a in arrays), name
    assert "tinygrad" not in text
    assert max(map(len, text.partition("def step(")[2].splitlines())) <= 110
    return text


def test_the_lesson_of_a_perceptron_with_adam():
    x, y = normal(4, 2), np.array([0, 1, 1, 0])
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    @tg.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(x, y)
    step(x, y)
    text = step.lesson()
    assert text == GOLDEN.read_text()
    assert len(text.splitlines()) <= 35
    lesson, given, _ = lesson_of(step, "step")
    for _ in range(20):
        np.testing.assert_array_equal(lesson(x, y), step(x, y).data)
    for name, parameter in zip(("weight_0", "bias_0", "weight_2", "bias_2"), model.parameters(), strict=True):
        np.testing.assert_array_equal(given[name], parameter.data)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_lessons_of_activations(name):
    check_lesson(perceptron(getattr(nn, name)))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_lessons_of_optimizers(name):
    """Where numbers are no formulas, what computes them stands before; RAdam's first steps are others."""
    kind, steps = getattr(optim, CLASSES.get(name, name)), 3 + 5 * (name == "RAdam")
    check_lesson(perceptron(nn.Tanh), optimizer=kind, steps=steps, **OPTIMIZERS[name])


def test_there_is_no_lesson_of_the_first_steps_of_radam():
    with pytest.raises(TraceError, match="ask for this after some more"):
        check_lesson(perceptron(nn.Tanh), optimizer=optim.RAdam)


@pytest.mark.parametrize("norm_type", [2.0, 3.0, np.inf])
def test_a_lesson_with_clipping(norm_type):
    text = check_lesson(
        perceptron(nn.Tanh),
        clip=lambda p: optim.clip_grad_norm(p, 0.1, norm_type=norm_type),
        optimizer=optim.Adam,
    )
    assert text.count("def ") == 5


@pytest.mark.parametrize(
    "between", [[lambda: nn.BatchNorm1d(5)], [lambda: nn.LayerNorm(5)], [lambda: nn.Dropout(0.5, rng=0)]]
)
def test_lessons_of_layers(between):
    check_lesson(perceptron(*between))


@pytest.mark.parametrize("loss", [tg.mse_loss, tg.smooth_l1_loss])
def test_lessons_of_losses(loss):
    check_lesson(perceptron(nn.Tanh), y=normal(8, 3), loss=loss)


@pytest.mark.parametrize(
    ("loss", "line"),
    [
        (lambda p, y: np.mean((p - y) ** 2), "np.mean(z**2)"),
        (lambda p, y: np.sum(np.mean((p - y) ** 2, axis=0)), "np.mean(z**2, axis=0)"),
        (lambda p, y: np.std(p - y), "np.std(z)"),
        (
            lambda p, y: np.sum(np.mean((p - y) ** 2, axis=1, keepdims=True)),
            "np.mean(z**2, axis=1, keepdims=True)",
        ),
    ],
    ids=["mean", "mean of an axis", "std", "rows"],
)  # fmt: skip
def test_a_lesson_has_no_settings_that_are_so_anyway(loss, line, tmp_path):
    assert line in check_lesson(perceptron(nn.Tanh), y=normal(8, 3), loss=loss)
    _, function = made(perceptron(nn.Tanh), lambda p: optim.SGD(p, lr=0.01), loss, None)
    compiled = tg.compile(function)
    compiled(X, normal(8, 3))
    check_saved(compiled, X, normal(8, 3), tmp_path)


def test_a_lesson_writes_a_number_where_an_array_is_filled_with_it():
    text = check_lesson(perceptron(nn.Tanh), y=normal(8, 3), loss=lambda p, y: np.mean((p - y) ** 2))
    assert "d_z = 0.0416666" in text
    assert "broadcast_to" not in text


def test_lessons_of_groups():
    def groups(parameters, lr):
        first, *others = parameters
        return optim.AdamW([{"params": [first], "weight_decay": 0.5}, {"params": others}], lr=lr)

    check_lesson(perceptron(nn.Tanh), optimizer=groups)


# ---- loops -------------------------------------------------------------------------------------------------


def test_lines_that_repeat_become_a_loop():
    lines = [f"part{k} = x[{2 * k}:{2 * k + 2}]" for k in range(4)]
    blocks = [line for k in range(4) for line in (lines[k], f"y[{10 * k + 5}] = part{k} + z")]
    assert rolled(["a = 1", *blocks, "return y"]) == [
        "a = 1", "for i in range(0, 8, 2):", "    part0 = x[i:i + 2]", "    y[5 * i + 5] = part0 + z",
        "return y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        ["y[0] = 1", "y[2] = 1", "y[3] = 1"], ["y[0] = a", "y[1] = b", "y[2] = c"], ["y[0] = 1.5"] * 3,
        ["a = x[0]", "b = x[1]", "c = x[2]", "return a + b + c"], ["y[3] = 1", "y[2] = 1", "y[1] = 1"],
    ],
)  # fmt: skip
def test_lines_that_do_not_repeat_stay(lines):
    assert rolled(lines) == lines


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adam", "AdamW", "RMSprop", "l1", "NAdam"])
def test_lessons_of_large_parameters(name):
    """The optimizer goes through them in portions, which nobody has to read."""
    kind = getattr(optim, CLASSES.get(name, name))
    settings = OPTIMIZERS[name] | {"maximize": name == "Adam"}
    text = check_lesson(lambda: nn.Linear(30000, 3), normal(8, 30000), optimizer=kind, steps=2, **settings)
    assert "65536" not in text


def test_a_lesson_of_a_large_parameter_in_another_order():
    def network():
        model = nn.Linear(30000, 3)
        model.weight.data = np.asfortranarray(model.weight.data)
        assert not model.weight.data.flags.c_contiguous
        return model

    check_lesson(network, normal(8, 30000), optimizer=optim.Adam, steps=2)


# ---- images ------------------------------------------------------------------------------------------------


def images_and_labels(*shape):
    return normal(*shape), np.random.default_rng(0).integers(0, 3, shape[0])


def test_the_lesson_of_a_convolutional_network():
    """The network that the benchmarks train: a page of at most 80 lines, each large operation once."""
    x, y = normal(64, 1, 28, 28), np.random.default_rng(0).integers(0, 10, 64)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2, rng=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2, rng=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(784, 10, rng=2),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters(), lr=0.001)

    @tg.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(x, y)
    step(x, y)
    lesson, _, text = lesson_of(step, "step")
    assert text == IMAGES.read_text()
    assert len(text.splitlines()) <= 80
    for _ in range(3):
        np.testing.assert_array_equal(lesson(x, y), step(x, y).data)


@pytest.mark.parametrize(
    ("layers", "shape", "defined"),
    [
        ([lambda: nn.Conv2d(3, 4, 3), lambda: nn.Conv2d(4, 20, 3), lambda: nn.MaxPool2d(3)], (8, 3, 16, 16),
         {"convolve", "correlate", "max_pool", "max_pool_gradient"}),
        ([lambda: nn.Conv2d(3, 20, 3, stride=2, padding=(1, 0)), lambda: nn.Conv2d(20, 24, (3, 2), stride=2)],
         (8, 3, 15, 16), {"convolve", "correlate", "spread"}),
        ([lambda: nn.Conv2d(3, 20, 3, bias=False), lambda: nn.Conv2d(20, 8, 1)], (8, 3, 8, 8),
         {"convolve", "correlate"}),
        ([lambda: nn.MaxPool2d(2), lambda: nn.Conv2d(4, 8, 3), lambda: nn.MaxPool2d(2, 1)], (4, 4, 14, 14),
         {"convolve", "correlate"}),
        ([lambda: nn.Conv1d(4, 8, 3, padding=1), lambda: nn.MaxPool1d(2)], (4, 4, 16),
         {"convolve", "correlate"}),
        ([lambda: nn.Conv2d(1, 8, 3, padding=1, bias=False), lambda: nn.BatchNorm2d(8),
          lambda: nn.MaxPool2d(2), lambda: nn.Conv2d(8, 8, 3)], (8, 1, 12, 12),
         {"convolve", "correlate", "max_pool", "max_pool_gradient"}),
        ([lambda: nn.Conv2d(1, 3, 3, padding=1, dilation=2), lambda: nn.Conv2d(3, 3, 3, groups=3)],
         (4, 1, 12, 12), set()),
    ],
    ids=["two", "strides", "a pixel", "pools", "sequences", "batch norm", "others"],
)  # fmt: skip
def test_lessons_of_images(layers, shape, defined):
    """What has a plain function is called by its name, what has none is written out; to the same bits."""
    x, y = images_and_labels(*shape)

    def network():
        body = nn.Sequential(*(part for make in layers for part in (make(), nn.ReLU())), nn.Flatten())
        with tg.no_grad():
            return nn.Sequential(*body, nn.Linear(body(x).shape[1], 3))

    text = check_lesson(network, x=x, y=y, optimizer=optim.Adam, steps=2)
    assert {name for name in PLAIN if f"def {name}(" in text} == defined | (
        {"windows_on"} if defined else set()
    )


def test_the_lesson_of_a_product_that_lies_as_its_second_operand():
    def network():
        images = [nn.Conv2d(2, 17, (3, 2)), nn.ReLU(), nn.Flatten()]
        return nn.Sequential(*images, nn.Linear(3757, 3))

    x, y = images_and_labels(33, 2, 19, 14)
    check_lesson(network, x=x, y=y, optimizer=optim.Adam)


def test_what_other_functions_than_ufuncs_write_is_told():
    @tg.compile
    def step(x):
        rows = np.zeros_like(x, shape=3)
        columns = np.zeros_like(x, shape=4)
        np.add.reduce(x, axis=0, out=rows)
        np.max(x, axis=1, out=columns)
        return rows, columns, np.cumsum(x, axis=0, out=np.zeros_like(x))

    x = normal(4, 3)
    for _ in range(2):
        compiled = step(x)
    told, _, text = lesson_of(step, "step")
    assert "rows[...] = x.sum(axis=0)" in text
    for found, expected in zip(told(x), compiled, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert np.any(expected)


def test_an_argument_may_be_called_like_a_plain_function():
    weight = nn.Parameter(normal(2, 1, 3, 3))

    @tg.compile
    def function(convolve):
        weight.grad = None
        loss = np.sum(tg.conv2d(convolve, weight) ** 2)
        loss.backward()
        return loss

    x = normal(4, 1, 8, 8)
    function(x)
    lesson, _, text = lesson_of(function)
    assert "def convolve(" in text
    np.testing.assert_array_equal(lesson(x), function(x).data)


def test_lines_that_take_parts_of_a_vector_become_a_loop():
    names, ends = "abcde", [0, 2, 4, 6, 9, 10]
    lines = [f"{n} -= g[{i}:{j}]" for n, i, j in zip(names, ends, ends[1:])]
    lines[1] += ".reshape(1, 2)"
    assert parted(["x", *lines, "y"], {"g": 10}, str) == [
        "x", "parameters = [a, b, c, d, e]", "for w, part in zip(parameters, np.split(g, [2, 4, 6, 9])):",
        "    w -= part.reshape(w.shape)", "y",
    ]  # fmt: skip
    assert parted(lines, {"g": 11}, str) == lines  # something is left over
    assert parted(lines[:4], {"g": 9}, str) == lines[:4]
    lines[2] = lines[2].replace("c", "b")
    assert parted(lines, {"g": 10}, str) == lines


def test_a_lesson_has_nothing_that_makes_no_difference():
    """The count of steps of plain gradient descent, and a factor of one."""
    text = check_lesson(perceptron(nn.Tanh))
    assert "t += 1" not in text
    assert ", t, " not in text.partition("def step(")[2].splitlines()[0]
    assert "t += 1" in check_lesson(perceptron(nn.Tanh), optimizer=optim.Adam)
    gradient = tg.compile(tg.grad(lambda z: np.sum(z**2)))
    expected = gradient(np.array([3.0, np.inf, -0.0]))
    step, _, text = lesson_of(gradient)
    np.testing.assert_array_equal(step(np.array([3.0, np.inf, -0.0])), expected)
    assert "1.0 *" not in text


# ---- files -------------------------------------------------------------------------------------------------

ALONE = """
import sys
import numpy as np
from saved import step
x, y = np.load("x.npy"), np.load("y.npy")
print([float(step(x, y)) for _ in range(5)])
assert not any("tinygrad" in name for name in sys.modules)
"""


def check_saved(compiled, x, y, folder):
    """A saved step gives, where there is NumPy alone, the losses that the compiled one goes on with."""
    assert compiled.save(folder / "saved.py") == (folder / "saved.py", folder / "saved.npz")
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    program = [sys.executable, "-c", ALONE]
    shown = subprocess.run(program, cwd=folder, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert eval(shown.stdout) == [compiled(x, y).item() for _ in range(5)]  # noqa: S307  # a list of numbers


@pytest.mark.parametrize(
    ("kind", "clip"),
    [
        (optim.Adam, None), (optim.AdamW, lambda p: optim.clip_grad_norm(p, 0.1)), (optim.NAdam, None),
        (optim.RAdam, lambda p: optim.clip_grad_norm(p, 0.1, norm_type=3)),
    ],
    ids=["Adam", "AdamW, clipped", "NAdam", "RAdam, clipped"],
)  # fmt: skip
def test_a_saved_step_runs_without_the_framework(kind, clip, tmp_path):
    _, function = made(
        perceptron(lambda: nn.Dropout(0.2, rng=0), nn.ReLU),
        lambda p: kind(p, lr=0.01),
        tg.softmax_cross_entropy,
        clip,
    )
    compiled = tg.compile(function)
    with pytest.raises(TraceError, match="no source yet"):
        compiled.save(tmp_path / "saved.py")
    compiled(X, Y)
    if kind is optim.RAdam:
        with pytest.raises(TraceError, match="ask for this after some more"):
            compiled.save(tmp_path / "saved.py")
    for _ in range(6):
        compiled(X, Y)
    check_saved(compiled, X, Y, tmp_path)


def test_a_saved_step_of_sequences_reads_each_to_its_end(tmp_path):
    """The loops of three kinds of units are copied, and their helpers, of which some have the same name."""
    _, function = made(
        ReaderOfSeveralLengths, lambda p: optim.Adam(p, lr=0.01), tg.softmax_cross_entropy, None
    )
    compiled = tg.compile(function)
    for lengths in ([7, 3, 5, 1], [2, 7, 7, 0]):
        compiled(sequences(lengths), Y[:4])
    assert compiled.traces == 1
    lesson, *_ = lesson_of(compiled)
    for lengths in ([7, 1, 1, 2], [3, 3, 3, 3]):
        x = sequences(lengths)
        np.testing.assert_array_equal(lesson(x, Y[:4]), compiled(x, Y[:4]).data)
    check_saved(compiled, sequences([0, 4, 4, 6]), Y[:4], tmp_path)


def test_the_saved_step_of_the_digits(tmp_path):
    """The network of examples/digits.py, on the images that come with scikit-learn."""
    pixels, digits = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    x, y = (pixels[:64] / 16).astype(np.float32), digits[:64]
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Dropout(0.5, rng=rng), nn.Linear(64, 10, rng=rng)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.003)

    @tg.compile
    def step(x, labels):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(4):
        step(x, y)
    check_saved(step, x, y, tmp_path)


def test_the_command_prints_the_lesson(tmp_path, capsys):
    program, folders = tmp_path / "program.py", list(sys.path)
    program.write_text(
        "import numpy as np, tinygrad_edu as tg, script_beside_it\n@tg.compile\ndef step(x):\n"
        "    return np.tanh(x) * 2\nstep(np.ones(3))\n"
    )
    (tmp_path / "script_beside_it.py").write_text("")
    assert main(["compile", f"{program}:step"]) == 0
    assert "return np.tanh(x) * 2" in capsys.readouterr().out
    assert main(["compile", f"{program}:step", "--source"]) == 0
    assert "tanh(x, " in capsys.readouterr().out
    assert sys.path == folders


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", "program.py:step", "compiles no function 'step'; it has none. Decorate it"),
        ("other = tg.compile(lambda x: x)", "program.py:step", "no function 'step'; it has <lambda>"),
        ("@tg.compile\ndef step(x):\n    return x", "program.py:step", "and has no call that was traced"),
        ("", "other.py:step", "there is no file 'other.py'"),
        ("", "step", "expected FILE:FUNCTION"),
    ],
)
def test_the_command_says_what_is_missing_without_a_traceback(
    text, place, says, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(f"import tinygrad_edu as tg\n{text}\n")
    with pytest.raises(SystemExit, match="2"):
        main(["compile", place])
    assert says in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("number", [1, 2, 3, 9])
def test_a_lesson_of_parameters_without_axes(number):
    parameters = [tg.Tensor(0.5 + i, requires_grad=True) for i in range(number)]
    parameters.append(tg.Tensor(np.ones(2), requires_grad=True))
    optimizer = optim.Adam(parameters, lr=0.1)

    @tg.compile
    def step(x):
        optimizer.zero_grad()
        loss = sum(np.sum(np.sin(p * x)) for p in parameters)
        loss.backward()
        optimizer.step()
        return loss

    x = np.array([1.0, 2.0])
    step(x)
    lesson, _, _ = lesson_of(step, "step")
    for _ in range(3):
        np.testing.assert_array_equal(lesson(x), step(x).data)


def test_parameters_of_several_parts_are_told_apart_by_the_names_of_these():
    generator = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 2, rng=1))
    critic = nn.Sequential(nn.Linear(2, 1, rng=2))
    step = tg.compile(lambda x: critic(generator(x)).mean())
    step(np.ones((4, 2), np.float32))
    head = step.lesson().partition("(x, ")[2].partition("):")[0].split()
    found = {name.strip(",") for name in head}
    assert found == {
        "generator_weight_0", "generator_bias_0", "generator_weight_2", "generator_bias_2",
        "critic_weight_0", "critic_bias_0",
    }  # fmt: skip
    alone = tg.compile(lambda x: generator(x))
    alone(np.ones((4, 2), np.float32))
    assert "(x, weight_0, bias_0, weight_2, bias_2):" in alone.lesson()


def test_a_lesson_of_a_gradient():
    step = tg.compile(tg.grad(lambda x: np.sum(np.sin(x) ** 2)))
    x = np.linspace(0, 1, 5)
    step(x)
    lesson, _, _ = lesson_of(step)
    np.testing.assert_array_equal(lesson(x), step(x))


def test_numbers_that_are_compared_are_written_as_a_person_does():
    """Before NumPy 2.3, also how many labels are classes is such a number."""
    step = tg.compile(lambda x, n: x * (x.sum().item() < 9) if x.sum().item() > n else x)
    for n in (1.0, 2.0, 1.5, 0.5):
        step(np.ones(3), n)
    text = step.lesson()
    assert "assert x.sum().item() > n\n" in text
    assert "= x * (x.sum().item() < 9)" in text


def test_a_step_that_compares_numbers_is_saved(tmp_path):
    step = tg.compile(lambda x, n: x * (x.sum().item() < 9) if x.sum().item() > n else x)
    for n in (1.0, 2.0, 1.5, 0.5):
        step(np.ones(3), n)
    step.save(tmp_path / "saved.py")
    program = (
        "import numpy as np, saved; print(saved.step(np.full(3, 2.0), 1.0), saved.step(np.ones(3) * 4, 1.0))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.split() == b"[2. 2. 2.] [0. 0. 0.]".split()
