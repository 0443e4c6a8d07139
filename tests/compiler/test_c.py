"""A step in C gives what the function itself gives: to the bit, but for small products and their sums."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import ArgumentError

from .test_equality import CLASSES, OPTIMIZERS, X, Y, made
from .test_random import LAYERS, as_function, draw, outcome, stack

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
ULPS = 1e-6  # relative: small products are summed in another order than BLAS has


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache", numbered=True) / "steps"


def normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def perceptron(*sizes, activation=nn.ReLU):
    with tg.seed(0):
        layers = [layer for a, b in itertools.pairwise(sizes) for layer in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers[:-1])


def training(model, optimizer, loss=tg.softmax_cross_entropy):
    def step(x, y):
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value

    return step


def pair(make, optimizer, folder, loss=tg.softmax_cross_entropy, backend="c"):
    """A model whose step runs in C, with that step, and another of the same weights, with its own."""
    model, other = make(), make()
    compiled = tg.compile(training(model, optimizer(model.parameters()), loss), backend=backend, cache=folder)
    return model, compiled, other, training(other, optimizer(other.parameters()), loss)


def check_same(model, other, rtol=ULPS, said=""):
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        np.testing.assert_allclose(a, b, rtol, 1e-7, err_msg=f"{said} {name}")
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.data, 10 * rtol, 1e-7, err_msg=said)


def test_losses_of_ones_own_are_loops_alone(folder):
    def loss(o, t):
        return np.sum((o - t) ** 2) / 2 + ((o - t) ** 2).mean() + tg.l1_loss(o, t)

    model, compiled, other, step = pair(
        lambda: perceptron(4, 5, 3, activation=nn.Sigmoid), lambda p: optim.SGD(p, lr=0.1), folder, loss
    )
    x, y = normal(6, 4), normal(6, 3, seed=1)
    for _ in range(5):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, ULPS)
        check_same(model, other)
    assert ", 1 calls; 0 lines of NumPy" in compiled.report()


# ---- training steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "batch", "activation", "optimizer"),
    [
        ((2, 4, 2), 4, nn.ReLU, optim.Adam), ((4, 16, 3), 16, nn.Tanh, lambda p: optim.SGD(p, lr=0.1)),
        ((4, 16, 16, 3), 150, nn.ReLU, optim.Adam),
    ],
    ids=["xor", "iris", "deep"],
)  # fmt: skip
def test_a_perceptron_is_one_call_of_c(sizes, batch, activation, optimizer, folder):
    model, compiled, other, step = pair(lambda: perceptron(*sizes, activation=activation), optimizer, folder)
    x, y = normal(batch, sizes[0]), np.random.default_rng(1).integers(0, sizes[-1], batch)
    for _ in range(20):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, ULPS)
    check_same(model, other)
    assert "1 calls; 0 lines of NumPy" in compiled.report()
    assert ("vector-width" in compiled.source) == (sizes == (2, 4, 2))  # of arrays of up to 128 bytes
    assert len(compiled.specializations) == 1  # gradients from before are of no matter


MANY_OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, "Adam": {"l1": 0.01},
    "AdamW": {"amsgrad": True}, "RMSprop": {"centered": True, "momentum": 0.9}, "NAdam": {},
    "RAdam": {}, "Adagrad": {}, "Adadelta": {}, "Adamax": {}, "Lion": {},
}  # fmt: skip


# RAdam changes its way in the sixth step; C makes the numbers of Adamax, but beside NAdam those of none.
ALONE = ("RAdam", "Adamax")


@pytest.mark.parametrize(
    "names", [*([name] for name in ALONE), [n for n in MANY_OPTIMIZERS if n not in ALONE]]
)
def test_optimizers(names, folder):
    """Each trains a layer of its own, in one step."""

    def each():
        layers = [nn.Linear(6, 3, rng=0) for _ in names]
        chosen = [
            getattr(optim, name)(layer.parameters(), **MANY_OPTIMIZERS[name])
            for layer, name in zip(layers, names, strict=True)
        ]

        def step(x, y):
            losses = []
            for optimizer in chosen:
                optimizer.zero_grad()
            for layer, optimizer in zip(layers, chosen, strict=True):
                losses.append(np.sum((layer(x) - y) ** 2))
                losses[-1].backward()
                optimizer.step()
            return losses

        return layers, step

    (ours, function), (theirs, step) = each(), each()
    compiled = tg.compile(function, backend="c", cache=folder)
    x, y = normal(8, 6), normal(8, 3, seed=1)
    for _ in range(8):
        for name, a, b in zip(names, compiled(x, y), step(x, y), strict=True):
            np.testing.assert_allclose(a.data, b.data, 2 * ULPS, err_msg=name)
    for name, layer, other in zip(names, ours, theirs, strict=True):
        check_same(layer, other, 1e-5, name)


def convolutions():
    images = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU()]
    return nn.Sequential(*images, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3))


def dense(*between):
    return lambda: nn.Sequential(nn.Linear(6, 5), *(make() for make in between), nn.Linear(5, 3))


normalized = (lambda: nn.LayerNorm(5), nn.SiLU)


def transformer():
    layer = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(24, 3))


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (dense(lambda: nn.BatchNorm1d(5), nn.GELU, lambda: nn.Dropout(0.5, rng=0), *normalized), (8, 6)),
        (convolutions, (8, 1, 8, 8)), (transformer, (8, 4, 6)),
    ],
    ids=["norms", "convolutions", "transformer"],
)  # fmt: skip
def test_layers(make, shape, folder):
    def seeded():
        with tg.seed(0):
            return make()

    model, compiled, other, step = pair(seeded, lambda p: optim.SGD(p, lr=0.1), folder)
    x, y = normal(*shape), np.random.default_rng(1).integers(0, 3, 8)
    for _ in range(4):
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, 2e-6)
    check_same(model, other, 1e-5)


# ---- single functions --------------------------------------------------------------------------------------


def elementwise(x, y, n, b):
    """Functions that C computes itself, and others, for which it calls NumPy's loops."""
    return [
        x**2, x**0.5, x**-1, x**1, x**0, x**3, x**-1.5,
        x + y, x - y, x * y, x / y, -x, np.sqrt(np.abs(x)), np.maximum(x, y), np.minimum(x, 0),
        np.sign(x), np.where(b, x, y), np.where(x > y, x, 0), np.clip(x, -0.5, 0.5), np.floor(x), np.ceil(x),
        np.trunc(x), np.exp(x), np.log(np.abs(x)), np.tanh(x), np.sin(x), np.arctan2(x, y), np.expm1(x),
        np.power(np.abs(x), y), x == y, x < 0.25, x >= y, b & (x > 0), b | ~b, np.logical_xor(b, x > 0),
        np.isnan(x), np.isfinite(x / 0), n + 1, n * n - 3, n // 3, n % 4, n / 3, n > 2, n * x, b * x, b + n,
        x.astype(bool), n.astype(np.float64), n.astype(bool), x[:, ::2] + y[:, 1::2], x.T * 2, x[1:] - x[:-1],
        x[..., None] * y[:, None], np.reshape(x.T, -1), x[2, 3] + y, np.concatenate([x, y * 2]),
        np.stack([x, y], 1), np.float64(2) * x, np.hypot(x, y), np.reciprocal(y), np.logical_and(n, x),
        np.minimum(y, x), np.clip(x, 0, np.inf), np.clip(x, 0.5, -0.5), np.clip(x, np.nan, 0.5),
        np.clip(x, -0.0, np.nan), np.clip(x, y, 0.5), np.clip(x, -0.5, y), np.clip(x, y[0, 0], None),
    ]  # fmt: skip


def with_corners(x, y):
    """Have two arrays meet in every pair of numbers that are not like others."""
    corners = [np.nan, -0.0, 0.0, 0.5]
    x.flat[:16], y.flat[:16] = np.repeat(corners, 4), np.tile(corners, 4)


def folds(x, y, n, b):
    """Folds along every kind of axis, in NumPy's order."""
    return [
        np.sum(x), np.sum(x, 0), np.sum(x, 1), np.sum(x.T, 0), np.sum(x[:, ::2], 1), np.max(x), np.max(x, 0),
        np.sum(x[:, None] * y, (0, 2)), np.min(x, 1, keepdims=True), np.prod(y, 1), np.mean(x, 0), np.mean(x),
        np.sum(n, 1), np.sum(b), np.any(b, 0), np.all(b, 1), np.any(n, 1), np.all(n, 0), np.count_nonzero(b),
        np.count_nonzero(n), np.max(n), np.sum(x * 2, keepdims=True), np.sum(x[:0], 0), np.sum(x[:, 3:], 1),
    ]  # fmt: skip


@pytest.mark.parametrize("function", [elementwise, folds])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 8), (40, 300)])
def test_functions_to_the_bit(function, dtype, shape, folder):
    compiled = tg.compile(function, backend="c", cache=folder)
    for seed in range(3):
        x, y = (
            normal(*shape, seed=seed, dtype=dtype),
            normal(*shape[-1:], seed=9, dtype=dtype) + normal(*shape)[:1],
        )
        y = np.broadcast_to(y, shape).astype(dtype)
        n, b = np.random.default_rng(seed).integers(-5, 9, shape), normal(*shape, seed=seed + 1) > 0
        x[0, 0], x[1, 1], y[1, 1] = np.nan, -0.0, 0.0
        if function is elementwise:
            with_corners(x, y)
        with np.errstate(all="ignore"):
            found, expected = compiled(x, y, n, b), function(x, y, n, b)
        for i, (a, e) in enumerate(zip(found, expected, strict=True)):
            assert (type(a), np.asarray(a).dtype) == (type(e), np.asarray(e).dtype), i
            np.testing.assert_array_equal(a, e, err_msg=str(i))
            if np.asarray(a).dtype.kind == "f" and function is elementwise:
                np.testing.assert_array_equal(np.signbit(a), np.signbit(e), err_msg=f"the sign of {i}")
    assert " 0 lines of NumPy" in compiled.report()


def products(a, b, v, batch):
    tall = batch.reshape(-1, a.shape[1])
    return [
        a @ b,
        a @ v,
        v @ b,
        v @ v,
        b.T @ a.T,
        a[::2] @ b,
        batch @ b,
        batch @ batch.swapaxes(1, 2),
        np.dot(a, b),
        a[:3] @ b[:, :16],  # few rows of whole vectors
        b[:, :16].T @ a[:3].T,
        tall[:, :2].T @ tall[:, 1:3],  # few long sums, and more of them
        tall[:, :5].T @ tall[:, :6],
        tall[:, :1].T @ tall,  # and of whole rows
        tall[:, :3].T @ tall[:, 1:20],
    ]


@pytest.mark.parametrize(("n", "dtype"), [(3, np.float32), (17, np.float32), (40, float), (100, np.float32)])
def test_products(n, dtype, folder):
    compiled = tg.compile(products, backend="c", cache=folder)
    for seed in range(2):
        shapes = zip([(n, n), (n, n), (n,), (2, n, n)], [seed, 5, 6, 7])
        given = [normal(*shape, seed=k, dtype=dtype) for shape, k in shapes]
        for a, e in zip(compiled(*given), products(*given), strict=True):
            np.testing.assert_allclose(a, e, 1e-4, 1e-5)
    assert " 0 lines of NumPy" in compiled.report()


def test_what_has_no_loops_is_a_line_of_numpy_between_them(folder):
    def function(x):
        ranked = np.sort(np.exp(x), axis=0)
        ranked[1] = 0.5  # C changes what NumPy has made, and NumPy looks at it again
        return np.cumsum(ranked + 1, 1) - x, np.cumsum(ranked)

    compiled = tg.compile(function, backend="c", cache=folder)
    for seed in range(3):
        x = normal(5, 4, seed=seed)
        for a, e in zip(compiled(x), function(x), strict=True):
            np.testing.assert_array_equal(a, e)
    report = compiled.report()
    assert "lines of NumPy" in report
    assert "sort" in report


def test_derivatives(folder):
    def f(x):
        return np.sum(np.sin(x) ** 2 * np.exp(-x))

    for transform in (tg.grad, tg.hessian):
        compiled = tg.compile(transform(f), backend="c", cache=folder)
        for seed in range(3):
            x = normal(4, seed=seed, dtype=np.float64)
            np.testing.assert_allclose(compiled(x), transform(f)(x), 1e-14, 1e-15)


def indexing(x, i, j):
    y = x * 2
    y[i] = x[j] + 1
    np.add.at(y, (i, j), x[0][i])
    y[x[: len(y)] > 0.5] = 0
    return x[i], x[i, j], x[i[:, None], j], y, x[x > 0.25].sum()


def test_indexing_by_arrays(folder):
    compiled = tg.compile(indexing, backend="c", cache=folder)
    for seed in range(4):
        i, j = np.random.default_rng(seed).integers(-6, 6, (2, 9))
        x = np.abs(normal(6, 6)) + 0.3  # the count of those above 0.25 does not change
        for a, e in zip(compiled(x, i, j), indexing(x, i, j), strict=True):
            np.testing.assert_array_equal(a, e)
    assert " 0 lines of NumPy" in compiled.report()
    with pytest.raises(IndexError):
        compiled(x, i + 7, j)
    x[0, 0] = 0
    for a, e in zip(compiled(x, i, j), indexing(x, i, j), strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(16, 16), (17, 40), (64, 33), (50, 130), (15, 64)])
def test_matrices_that_lie_across_others(shape, dtype, folder):
    def function(a, b, c):
        across = np.maximum(a.T + b, 0) * c.T[::2]
        b += 1  # which is another matrix than that of the next line
        return across, a.T - a.T * b[:, ::-1], np.multiply(a[:, ::-1].T, b, out=np.empty_like(a).T)

    n, m = shape
    compiled = tg.compile(function, backend="c", cache=folder)
    for seed in range(2):
        made = [normal(m, n, seed=seed), normal(n, m, seed=5), normal(m, 2 * n, seed=6)]
        given, same = ([a.astype(dtype) for a in made] for _ in range(2))
        for a, e in zip(compiled(*given), function(*same), strict=True):
            np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("shape", [(3, 16, 17), (2, 4, 33, 16), (3, 15, 40), (2, 3, 64)])
def test_many_matrices_that_lie_across_others(shape, folder):
    def function(a):
        turned = np.moveaxis(a, -1, -2)
        return np.copy(turned, "C"), turned[1:] * 2 + np.reshape(a, turned.shape)[1:]

    a = normal(*shape, seed=0, dtype=np.float32)
    compiled = tg.compile(function, backend="c", cache=folder)
    for x in (a, -a):
        for one, other in zip(compiled(x), function(x), strict=True):
            np.testing.assert_array_equal(one, other)
    assert ("turn_float(b" in compiled.source) is (min(shape[-2:]) >= 16)


SIDES = (1, 2, 3, 7, 8, 9, 16, 17, 33)


@pytest.mark.parametrize("seed", range(max(2, settings.default.max_examples // 5)))
def test_small_products_of_matrices_that_lie_either_way(seed, folder):
    """Each side is once that of each kind, and matrices lie in each way."""

    def lying(shape, way):
        rows, columns = shape[0] + way // 4, shape[1] + way // 4  # a piece of a larger one
        array = rng.standard_normal((columns, rows) if way % 2 else (rows, columns)).astype(dtype)
        return (array.T if way % 2 else array)[: shape[0], : shape[1]]

    def all_products(*arrays):
        for a, b, out in pairs:
            np.matmul(arrays[a], arrays[b], out=out)
        return [out * 1 for _, _, out in pairs]

    rng, dtype, pairs, given = np.random.default_rng(seed), (np.float32, np.float64)[seed % 2], [], []
    for m, n, p, a, b, out in zip(*(rng.permutation(x) for x in [SIDES] * 3 + [range(len(SIDES))] * 3)):
        pairs.append((len(given), len(given) + 1, lying((m, p), out % 2)))
        given += [lying((m, n), a % 8), lying((n, p), b % 8)]
    compiled = tg.compile(all_products, backend="c", cache=folder)
    for _ in range(2):
        for (a, b, _), out in zip(pairs, compiled(*given), strict=True):
            exact = given[a].astype(np.longdouble) @ given[b].astype(np.longdouble)
            most = np.abs(given[a]).astype(float) @ np.abs(given[b]).astype(float)
            assert out.dtype == dtype
            assert np.all(np.abs(out - exact) <= (given[a].shape[1] + 1) * np.finfo(dtype).eps * most)
    assert " 0 lines of NumPy" in compiled.report()


@pytest.mark.parametrize("classes", [3, 200])
def test_embedding_and_many_classes(classes, folder):
    def make():
        return nn.Sequential(nn.Embedding(10, 6), nn.Linear(6, classes))

    def seeded():
        with tg.seed(0):
            return make()

    model, compiled, other, step = pair(seeded, optim.Adam, folder)
    rng = np.random.default_rng(3)
    for _ in range(4):
        x, y = rng.integers(0, 10, 8), rng.integers(0, classes, 8)
        np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, ULPS)
    check_same(model, other, 1e-5)
    with pytest.raises(ArgumentError, match="indices in"):
        compiled(x + 5, y)
    assert "1 calls; 0 lines of NumPy" in compiled.report()


@settings(max_examples=max(2, settings.default.max_examples // 10))
@given(
    name=st.sampled_from(list(OPTIMIZERS)),
    layers=st.lists(st.sampled_from(list(LAYERS)), min_size=1, max_size=4),
    decay=st.booleans(),
)
def test_random_networks(name, layers, decay, folder):
    kind = getattr(optim, CLASSES.get(name, name))
    chosen = {**OPTIMIZERS[name], **({"weight_decay": 0.1} if decay else {})}
    parts = [lambda: stack(layers), lambda p: kind(p, **chosen), tg.softmax_cross_entropy, None]
    (model, step), (other, function) = made(*parts), made(*parts)
    compiled = tg.compile(function, backend="c", cache=folder)
    x, y = normal(5, 6, seed=9), np.array([0, 1, 2, 1, 0])
    for i in range(20):
        batch = (x, y) if i % 5 == 4 else (X, Y)
        np.testing.assert_allclose(compiled(*batch).data, step(*batch).data, 1e-4)
    for (key, a), b in zip(other.state_dict().items(), model.state_dict().values(), strict=True):
        np.testing.assert_allclose(a, b, 1e-3, 1e-4, err_msg=key)


@pytest.mark.parametrize("number", [3, 17, 205, 211])
def test_random_programs_of_functions_of_the_table(number, folder):
    function, values = as_function(draw(number, 5))
    compiled = tg.compile(function, backend="c", cache=folder)
    for scale in (1, 1, 0.75, 1):
        inputs = {name: value * value.dtype.type(scale) for name, value in values.items()}
        found, expected = outcome(compiled, inputs), outcome(function, inputs)
        for a, e in zip(found, expected, strict=True):
            assert (a is None) == (e is None)
            if a is not None:
                np.testing.assert_allclose(a, e, 1e-6, 1e-7)


def test_means_of_whole_numbers_and_results_without_elements(tmp_path):
    for function in (lambda x: (np.mean(x), (x > 2).mean(axis=0)), lambda x: (x * 2, np.concatenate([x, x]))):
        compiled = tg.compile(function, backend="c", cache=tmp_path)
        for x in (np.arange(12).reshape(6, 2)[:n].astype(np.int8) for n in (4, 0, 4, 0)):
            with warnings.catch_warnings(action="ignore"):  # of the mean of nothing
                for a, b in zip(compiled(x), function(x), strict=True):
                    np.testing.assert_array_equal(a, b)
                    assert np.asarray(a).dtype == np.asarray(b).dtype


def test_parameters_of_half_precision(tmp_path):
    """Their lines are NumPy's, between steps in C whose names the optimizer's arrays do not take."""

    def make():
        u, w = (tg.Tensor(np.ones(3, dtype), requires_grad=True) for dtype in (np.float16, np.float64))
        optimizer = optim.Adam([u, w], lr=0.05)

        def step(x):
            optimizer.zero_grad()
            loss = (u * u).sum() + (w * x).sum()
            loss.backward()
            optimizer.step()
            return loss, u * 1, w * 1

        return step

    step, compiled = make(), tg.compile(make(), backend="c", cache=tmp_path)
    for k in range(4):
        for a, b in zip(step(np.full(3, k)), compiled(np.full(3, k)), strict=True):
            np.testing.assert_allclose(b.data, a.data, ULPS)


def test_what_broadcast_arrays_gives_is_returned_without_its_warning():
    step = tg.compile(lambda x, y: np.broadcast_arrays(x * 2, y)[0], backend="c")
    for k in range(3):
        np.testing.assert_array_equal(step(np.arange(3.0) + k, np.ones((2, 3))), [2 * (np.arange(3) + k)] * 2)
