"""Numbers among the arguments that are others in every call: after two traces they are arguments, too."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache

pytestmark = pytest.mark.usefixtures("quick_c")
X = np.random.default_rng(0).standard_normal((40, 3))
BACKENDS = ["numpy", *(["c"] if cache.compiler() else [])]
FLOATS = [0.5, 2.0, -0.0, 1.5, float("nan"), *np.random.default_rng(1).uniform(-3, 3, 13).tolist()]
INTS = [3, 0, 35, -2, 7, -40, 1, 30, 2, 5]

# fmt: off
OF_FLOATS = [
    lambda x, k: x * k, lambda x, k: x / k, lambda x, k: abs(x) ** k, lambda x, k: np.clip(x, -1, k),
    lambda x, k: 0.9 * k + 0.1 * np.sum(x), lambda x, k: np.where(x > k, x, k), lambda x, k: (x, k, k * 2),
    lambda x, k: tg.softmax(x * k, axis=1), lambda x, k: (x[0] + k**2, -k, abs(k) - 1), lambda x, k: x * 2.0**k,
    lambda x, k: x * k if isinstance(k, float) else x, lambda x, k: k * np.arange(3, dtype=np.int8),
]
OF_INTS = [
    lambda x, k: x[k], lambda x, k: x[k + 1] * 2, lambda x, k: x * 0.9**k, lambda x, k: x * k + 1 / (k + 0.5),
    lambda x, k: (k, x[k, k % 3], k // 2), lambda x, k: np.sum(x[k * 1 : (k + 1) * 1]),
]
# fmt: on


def bits(part):
    """A result as something to compare: classes, dtypes, shapes and bytes."""
    if isinstance(part, (tuple, list)):
        return [type(part), *map(bits, part)]
    array = np.asarray(part.detach() if isinstance(part, tg.Tensor) else part)
    return type(part), array.dtype, array.shape, array.tobytes()


def assert_the_same(function, numbers, backend, traces=3, eager=0):
    """That a compiled function gives the bits of the function itself, with so many traces."""
    step = tg.compile(function, backend=backend)
    with np.errstate(all="ignore"):
        for k in numbers:
            assert bits(step(X, k)) == bits(function(X, k)), k
    assert (step.traces, step.eager) == (traces, eager), step.report()
    return step


@pytest.mark.parametrize("use", OF_FLOATS)
def test_floats_are_traced_three_times(use):
    assert_the_same(use, FLOATS, "numpy")


@pytest.mark.parametrize("use", OF_INTS)
def test_whole_numbers_are_traced_three_times(use):
    assert_the_same(use, INTS, "numpy")


def test_scalars_of_numpy_keep_their_dtype():
    for kind in (np.float64, np.float32):
        assert_the_same(lambda x, k: (x.astype(np.float32) * k, k), [kind(k) for k in FLOATS], "numpy")
    assert_the_same(lambda x, k: (x[k], k + 1), [np.int64(k) for k in INTS], "numpy")


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize(("uses", "numbers"), [(OF_FLOATS, FLOATS), (OF_INTS, INTS)])
def test_numbers_are_free_in_c(backend, uses, numbers):
    exact = [use for use in uses if use is not OF_FLOATS[7]]  # softmax's sums are C's
    assert_the_same(lambda x, k: [use(x, k) for use in exact], numbers, backend)


@pytest.mark.parametrize(
    "use",
    [
        lambda x, k: np.zeros(abs(int(k))) + x[0, 0],
        lambda x, k: {f"{k:.2f}": x}.popitem()[1],
        lambda x, k: sum(x[i] for i in range(int(k) + 5)),
    ],
)
def test_numbers_that_decide_what_is_done_stay_fixed(use):
    numbers = [-3, 2, 5, 7, 11, 2]
    assert_the_same(use, numbers, "numpy", traces=5)
    assert_the_same(lambda x, k: x[:k] * 2, numbers, "numpy", traces=5)


def test_truths_stay_fixed():
    assert_the_same(lambda x, k: x * 2 if k else x * k, [True, False] * 5, "numpy", traces=2)


def test_whole_numbers_that_c_has_not_stay_python_s():
    for use in (lambda x, k: x * (k * k * k * k), lambda x, k: x * k**9, lambda x, k: x * (k + 2**62)):
        for backend in BACKENDS:
            assert_the_same(use, [10**6, 10**7, 10**8, 10**9], backend, traces=4)
    assert_the_same(lambda x, k: x * k, [1, 2, 3, 4, 2**40, 2**80], "numpy", traces=5)
    small = lambda x, k: (x * 9).astype(np.int8) + k
    step = tg.compile(small)
    for k in range(5):
        np.testing.assert_array_equal(step(X, k), small(X, k))
    with pytest.raises(OverflowError):
        step(X, 300)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_division_by_zero_is_python_s(backend):
    step = tg.compile(lambda x, k: x * (1 / k), backend=backend)
    for k in (1.0, 2.0, 3.0, 4.0):
        np.testing.assert_array_equal(step(X, k), X * (1 / k))
    with pytest.raises(ZeroDivisionError):
        step(X, 0.0)
    of_an_array = tg.compile(lambda x, k: x * (1 / k.item()), backend=backend)
    of_an_array(X, np.array(2.0))
    with pytest.raises(ZeroDivisionError):
        of_an_array(X, np.array(0.0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_training_step_with_a_penalty_and_a_row(backend):
    def training():
        table = nn.Parameter(X.copy())
        optimizer, seen = optim.Adam([table], lr=0.1), np.zeros(len(X))

        def step(x, settings):
            penalty, row = settings
            optimizer.zero_grad()
            loss = np.sum((table[row] - x[row]) ** 2) + penalty * np.sum(table**2)
            loss.backward()
            optimizer.step()
            seen[row] += penalty
            return loss, table * 1, seen * 1

        return step

    plain, step = training(), tg.compile(training(), backend=backend)
    for settings in zip(FLOATS[-8:], INTS):
        for a, b in zip(step(X, settings), plain(X, settings), strict=True):
            np.testing.assert_allclose(
                np.array(a), np.array(b.detach() if isinstance(b, tg.Tensor) else b), 1e-12
            )
    assert (step.traces, step.eager) == (3, 0)


def test_other_shapes_are_free_at_once():
    step = tg.compile(lambda x, k: x * k)
    for i, k in enumerate(FLOATS[-9:]):
        x = X if i < 5 else X[:7]
        np.testing.assert_array_equal(step(x, k), x * k)
    assert step.traces == 4


def test_lessons_and_saved_steps_take_the_numbers(tmp_path):
    @tg.compile
    def step(x, k, n):
        return np.sum(x[n] * k) + 0.9 * k

    for n in range(4):
        step(X, n + 0.5, n)
    known: dict = {}
    exec(step.lesson(), known)  # noqa: S102  # our own text
    assert known["step"](X, 2.5, 3) == step(X, 2.5, 3)
    assert ".item()" not in step.lesson()
    assert ".item()" not in step.save(tmp_path / "saved.py")[0].read_text()
    expected = [step(X, 1.5 * n, n) for n in range(4)]
    np.testing.assert_array_equal(step.over([(X, 1.5 * n, n) for n in range(4)]), expected)


def test_what_a_place_of_outside_holds_is_free_after_two_traces():
    images, rate, settings = X, 0.5, {"row": 0, "k": 1}

    def function():
        return images * rate + images[settings["row"]], np.tile(images[0], settings["k"])

    step = tg.compile(function)
    for i in range(12):
        images, rate, settings["row"], settings["k"] = X * i, 1.5**i, i % 7, 1 + i // 6
        assert bits(step()) == bits(function())
    assert (step.traces, step.eager) == (4, 0), step.report()  # a length is a trace of its own
