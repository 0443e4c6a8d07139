"""A step compiled by numba gives what the function itself gives: to the bit, but for small products.

Their sums are in another order than BLAS has, which 20 steps of a training make 1e-5 of a loss at most.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, train
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.compiler.numba import text as numba_source
from tinygrad_edu.errors import ArgumentError, TraceError

from . import test_c as c
from .test_c import MANY_OPTIMIZERS, check_same, normal, perceptron

pytest.importorskip("numba", reason="needs the extra fast: numba")
LABELS = np.random.default_rng(1).integers(0, 3, 16)


def pair(make, optimizer, loss=tg.softmax_cross_entropy):
    def seeded():
        with tg.seed(0):
            return make()

    return c.pair(seeded, optimizer, None, loss, "numba")


# ---- training steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "settings"), MANY_OPTIMIZERS.items())
def test_optimizers(name, settings):
    model, compiled, other, step = pair(
        lambda: perceptron(6, 5, 3, activation=nn.Tanh),
        lambda parameters: getattr(optim, name)(parameters, **settings),
    )
    x, y = normal(8, 6), LABELS[:8]
    for _ in range(20):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, 1e-5)
    check_same(model, other, 1e-4)
    assert "in numba: " in compiled.report()


def test_a_perceptron_is_one_call_and_a_short_batch_another():
    model, compiled, other, step = pair(lambda: perceptron(4, 16, 3), optim.Adam)
    x, y = normal(16, 4), LABELS
    for i in range(20):
        end = 5 if i % 4 == 3 else 16
        np.testing.assert_allclose(compiled(x[:end], y[:end]).data, step(x[:end], y[:end]).data, 1e-5)
    check_same(model, other, 1e-5)
    assert compiled.report().count("1 calls; 0 lines of NumPy") == 2


@pytest.mark.parametrize(
    "loss", [lambda o, t: np.sum((o - t) ** 2) / 2, tg.l1_loss, tg.huber_loss], ids=["squares", "l1", "huber"]
)
def test_losses(loss):
    make = lambda: perceptron(4, 5, 3, activation=nn.Sigmoid)
    model, compiled, other, step = pair(make, lambda p: optim.SGD(p, lr=0.1), loss)
    x, y = normal(6, 4), normal(6, 3, seed=1)
    for _ in range(20):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, 1e-5)
    check_same(model, other, 1e-5)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (c.dense(lambda: nn.BatchNorm1d(5), nn.GELU, lambda: nn.Dropout(0.5, rng=0)), (8, 6)),
        (c.convolutions, (8, 1, 8, 8)),
    ],
    ids=["batch norm, dropout", "convolutions"],
)
def test_layers(make, shape):
    model, compiled, other, step = pair(make, lambda p: optim.SGD(p, lr=0.1))
    x, y = normal(*shape), LABELS[:8]
    for _ in range(20):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, 1e-5)
    check_same(model, other, 1e-4)


# ---- single functions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "shape", "dtype"),
    [
        (c.elementwise, (40, 300), np.float32),
        (c.folds, (40, 300), np.float32),
        (c.elementwise, (5, 8), np.float64),
    ],
)
def test_functions_to_the_bit(function, shape, dtype):
    compiled = tg.compile(function, backend="numba")
    for seed in range(2):
        x, y = normal(*shape, seed=seed, dtype=dtype), normal(*shape, seed=9, dtype=dtype)
        n, b = np.random.default_rng(seed).integers(-5, 9, shape), normal(*shape, seed=seed + 1) > 0
        x[0, 0], x[1, 1], y[1, 1] = np.nan, -0.0, 0.0
        if function is c.elementwise:
            c.with_corners(x, y)
        with np.errstate(all="ignore"):
            found, expected = compiled(x, y, n, b), function(x, y, n, b)
        for i, (a, e) in enumerate(zip(found, expected, strict=True)):
            assert (type(a), a.dtype) == (type(e), e.dtype), i
            np.testing.assert_array_equal(a, e, err_msg=str(i))
            if a.dtype.kind == "f" and function is c.elementwise:
                np.testing.assert_array_equal(np.signbit(a), np.signbit(e), err_msg=f"the sign of {i}")
    assert " 0 lines of NumPy" in compiled.report()


def test_sums_of_views_to_the_bit():
    """Along memory, against it, through NumPy's buffer, and into an array that is there."""

    def function(x):
        there = np.zeros_like(x[0])
        np.add.reduce(x[::-1], axis=0, out=there)
        return [np.sum(v) for v in (x[:, :39], x[:, ::-1], x.T[3:])] + [np.sum(x[:, ::2].T, 0), there]

    compiled = tg.compile(function, backend="numba")
    for seed in range(2):
        x = normal(1200, 41, seed=seed)
        for i, (a, e) in enumerate(zip(compiled(x), function(x), strict=True)):
            np.testing.assert_array_equal(a, e, err_msg=str(i))
    assert " 0 lines of NumPy" in compiled.report()


@pytest.mark.parametrize("n", [17, 100])
def test_products(n):
    compiled = tg.compile(c.products, backend="numba")
    given = [normal(n, n), normal(n, n, seed=5), normal(n, seed=6), normal(2, n, n, seed=7)]
    for _ in range(2):
        for a, e in zip(compiled(*given), c.products(*given), strict=True):
            np.testing.assert_allclose(a, e, 1e-4, 1e-5)
    assert " 0 lines of NumPy" in compiled.report()


def test_indexing_by_arrays():
    compiled = tg.compile(c.indexing, backend="numba")
    x = np.abs(normal(6, 6)) + 0.3
    for seed in range(3):
        i, j = np.random.default_rng(seed).integers(-6, 6, (2, 9))
        for a, e in zip(compiled(x, i, j), c.indexing(x, i, j), strict=True):
            np.testing.assert_array_equal(a, e)
    with pytest.raises(IndexError):
        compiled(x, i + 7, j)


def test_whole_numbers_wrap_around_as_numpys_do():
    def function(*given):
        return [f(x) for x in given for f in (lambda x: x * x + x, lambda x: -x, np.square, np.sign, np.sum)]

    kinds = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
    given = [np.array([0, 1, 3, np.iinfo(k).max, np.iinfo(k).min], k) for k in kinds]
    compiled = tg.compile(function, backend="numba")
    for _ in range(2):
        for a, e in zip(compiled(*given), function(*given), strict=True):
            np.testing.assert_array_equal(a, e)
            assert a.dtype == e.dtype


# ---- honesty -----------------------------------------------------------------------------------------------


def test_what_has_no_loops_is_a_line_of_numpy_between_them():
    def function(x):
        ranked = np.sort(np.exp(x), axis=0)
        ranked[1] = 0.5
        return np.cumsum(ranked + 1, 1) - x, np.cumsum(ranked)

    compiled = tg.compile(function, backend="numba")
    for seed in range(3):
        x = normal(5, 4, seed=seed)
        for a, e in zip(compiled(x), function(x), strict=True):
            np.testing.assert_array_equal(a, e)
    assert "cut: " in compiled.report()
    assert "(sort, in test_numba.py, line " in compiled.report()


def test_a_wrong_label_raises_as_the_function_does_and_changes_nothing():
    model, compiled, _, step = pair(lambda: perceptron(4, 8, 3), optim.Adam)
    x, y = normal(6, 4), LABELS[:6]
    for _ in range(3):
        compiled(x, y), step(x, y)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    with pytest.raises(ArgumentError, match="class label"):
        compiled(x, y + 7)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    kept = compiled(x, y)
    number = kept.item()
    np.testing.assert_allclose(number, step(x, y).item(), 1e-5)
    compiled(x, y), compiled(x, y)
    assert kept.item() == number  # other steps have left it as it was


@pytest.mark.parametrize("n", [3, 3000])
def test_an_argument_may_be_what_the_step_writes_to(n):
    weight, other = nn.Parameter(normal(n)), nn.Parameter(normal(n))

    def made(weight):
        optimizer = optim.SGD([weight], lr=0.5)

        def step(x):
            optimizer.zero_grad()
            np.sum(weight * x * x).backward()
            optimizer.step()
            return x * 2

        return step

    compiled, plain = tg.compile(made(weight), backend="numba"), made(other)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(weight.data), plain(other.data))
        np.testing.assert_array_equal(weight.data, other.data)
        compiled(normal(n)), plain(normal(n))


def test_errors_of_floating_point_numbers_are_raised_where_they_are_asked_for():
    compiled = tg.compile(lambda x: np.log(x) / x, backend="numba")
    compiled(np.ones(3))
    assert np.isnan(compiled(np.zeros(3) - 1)).all()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        compiled(np.zeros(3) - 1)


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    cache.compiler.cache_clear()
    yield
    cache.compiler.cache_clear()


@pytest.mark.usefixtures("no_compiler")
def test_auto_takes_numba_where_there_is_no_compiler():
    compiled = tg.compile(lambda x: x * 2 + 1, backend="auto")
    np.testing.assert_array_equal(compiled(np.ones(3)), [3, 3, 3])
    assert "in numba: " in compiled.report()
    assert "there is no C compiler" in compiled.report()


@pytest.mark.usefixtures("no_compiler")
def test_where_numba_fails_auto_takes_numpy(monkeypatch):
    monkeypatch.setattr(numba_source, "head", lambda: {})  # none of the names that the text uses
    compiled = tg.compile(lambda x: x * 2 + 1, backend="auto")
    np.testing.assert_array_equal(compiled(np.ones(3)), [3, 3, 3])
    assert "in NumPy: there is no C compiler; numba failed" in compiled.report()
    with pytest.raises(TraceError, match="numba failed"):
        tg.compile(lambda x: x * 2 + 1, backend="numba")(np.ones(3))


def test_fit():
    x, y = normal(40, 4), np.random.default_rng(1).integers(0, 3, 40)
    found = []
    for compile in (False, "numba"):
        with tg.seed(0):
            model = perceptron(4, 8, 3)
            own = optim.Adam(model.parameters())
            history = train.fit(
                model,
                nn.CrossEntropyLoss(),
                own,
                (x, y),
                epochs=4,
                batch_size=16,
                compile=compile,
                progress=False,
            )
        found.append((history["loss"], model.state_dict()))
    np.testing.assert_allclose(*(losses for losses, _ in found), 1e-5)
    for name, value in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], value, 1e-4, 1e-6)
