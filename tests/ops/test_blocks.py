"""Formulas of large arrays, computed by blocks, give the bits that the formula gives of the whole."""

from unittest.mock import Mock

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.ops import (
    activation,
    batch_norm,
    blocks,
    exponential,
    group_norm,
    layer_norm,
    smooth,
    with_slopes,
)
from tinygrad_edu.ops.blocks import BLOCK, blockwise
from tinygrad_edu.ops.losses import regression
from tinygrad_edu.ops.recipe import Recipe, Term
from tinygrad_edu.table import op_of

N = BLOCK // 4 * 2 + 1030  # float32 elements: two blocks and a part of one
# fmt: off
FORMULAS = {
    "logistic": (smooth.logistic, 1), "x_logistic": (smooth.x_logistic, 1), "share_of_one_more": (smooth.share_of_one_more, 1),
    "bend_and_slope": (with_slopes.bend_and_slope, 1),
    "gelu_tanh_and_slope": (with_slopes.gelu_tanh_and_slope, 1), "gelu_and_slope": (with_slopes.gelu_and_slope, 1),
    "two_pieces": (lambda x: exponential.two_pieces(x, 0.5, 2.0), 1), "three_pieces": (activation.three_pieces, 1),
    "scaled_pieces": (exponential.scaled_pieces, 1),
    "x_by_pieces": (activation.x_by_pieces, 1), "mish_and_slope": (with_slopes.mish_and_slope, 1),
    "the_higher": (lambda x: activation.the_higher(x, 0.1), 1),
    "parabola_and_lines": (lambda e: regression.parabola_and_lines(e, 0.7), 1),
}
RULES = {
    "sigmoid": (tg.sigmoid, ()), "silu": (tg.silu, ()), "softplus_slope": (smooth.softplus_slope, (2.0, 20.0)), "elu": (tg.elu, ()),
    "elu of 0.3": (tg.elu, (0.3,)), "selu": (tg.selu, ()), "leaky_relu": (tg.leaky_relu, ()),
    "hardsigmoid": (tg.hardsigmoid, ()), "hardswish": (tg.hardswish, ()), "softsign": (tg.softsign, ()),
    "huber": (regression._huber, (1.0,)),
}
# fmt: on


def values(seed=0, dtype=np.float32):
    x = np.random.default_rng(seed).normal(0, 3, N).astype(dtype)
    x[[3, N // 2, N - 1]] = -np.inf, np.nan, 800
    return x


def same(a, b):
    for one, other in zip(a if type(a) is tuple else (a,), b if type(b) is tuple else (b,), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def alias_of_what_is_written(x):
    y = z = x + 1
    y *= 2
    return y + z


def written_and_forgotten(x):
    y = x + 1
    np.multiply(y, 2, out=y)
    return y


def halves(f, *arrays):
    """The function of parts that are too small for blocks, put together."""
    found = [f(*(a[i : i + 30000] for a in arrays)) for i in range(0, N, 30000)]
    if type(found[0]) is tuple:
        return tuple(np.concatenate(parts) for parts in zip(*found))
    return np.concatenate(found)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_by_blocks_are_those_of_parts(name):
    formula, count = FORMULAS[name]
    arrays = [values(seed) for seed in range(count)]
    with np.errstate(all="ignore"):
        same(formula(*arrays), halves(formula, *arrays))


@pytest.mark.parametrize("name", RULES)
def test_gradients_by_blocks_are_those_of_parts(name):
    f, settings = RULES[name]
    assert hasattr(op_of(f).rules[op_of(f).signature.names[0]][0], "__wrapped__")

    def gradient(x, g):
        x = tg.Tensor(x, requires_grad=True)
        f(x, *settings).backward(g)
        return x.grad.data

    x, g = values(), values(1)
    same(gradient(x, g), halves(gradient, x, g))


class TestWhatIsComputedByBlocks:
    def by_blocks(self, *arrays):
        """Whether the formula was written down, in the place of being computed of the arrays."""
        seen = []

        @blockwise
        def formula(*arrays):
            seen.append({type(a) for a in arrays})
            return arrays[0] * 2 + sum(arrays[1:])

        out = formula(*arrays)
        np.testing.assert_array_equal(out, arrays[0] * 2 + sum(arrays[1:]))
        assert len(seen) == 1
        return seen == [{Term}], out

    def test_arrays_that_lie_alike_in_any_order(self):
        x = np.transpose(values()[: N // 10 * 10].reshape(2, 5, -1), (2, 0, 1))
        written, out = self.by_blocks(x, x + 1)
        assert written
        assert out.strides == x.strides

    def test_one_number_as_an_array(self):
        x, g = values().reshape(2, -1), np.broadcast_to(np.float32(0.5), (2, N // 2))
        for arrays in ((x, g), (g, x)):
            assert self.by_blocks(*arrays)[0]

    def test_others_are_computed_whole(self):
        x = values().reshape(2, -1)
        other = np.asfortranarray(x)
        for arrays in (
            (x, other),
            (x, x[:1]),
            (x[:, ::2], x[:, ::2]),
            (x[:, :10], x[:, :10]),
            (x, tg.Tensor(x)),
        ):
            assert not self.by_blocks(*arrays)[0]

    def test_formulas_of_other_functions_are_computed_whole(self):
        x = values()
        for formula in (
            lambda x: np.cumsum(x),
            lambda x: np.where(x > 0, x, -x),
            lambda x: x,
            lambda x: (y := x + 1, y),
            lambda x: (x + 1) if np.all(x) else x,
            lambda x: x + 1 if (x > 0)[0] else x,
            lambda x: x * x.mean(),
            lambda x: np.add.accumulate(x),
            alias_of_what_is_written,
            written_and_forgotten,
        ):
            same(blockwise(formula)(x), formula(x))

    def test_derivatives_of_higher_order(self):
        x = values()[5:9]
        big = np.tile(x, N // 4)
        f = lambda v: np.sum(tg.silu(v) * v)
        second = tg.grad(lambda v: np.sum(tg.grad(f)(v)))
        np.testing.assert_allclose(second(big)[:4], second(x), rtol=1e-6)


class TestRows:
    """By blocks, each row has the bits that it has by itself, and sums are those of blocks."""

    ROWS = blocks.ROWS // 4 // 100 * 2 + 7  # of 100 float32 numbers: two blocks and a part of one

    def arrays(self, dtype=np.float32):
        rng = np.random.default_rng(0)
        x, g = rng.normal(1, 2, (2, self.ROWS, 100)).astype(dtype)
        return x, g, *rng.normal(size=(2, 100)).astype(dtype)

    @pytest.mark.parametrize("m", [1, 3, 50])
    def test_a_row_is_what_it_is_by_itself(self, m):
        x, g, weight, bias = self.arrays()
        whole = layer_norm.normalized_rows(x, weight, bias, 1e-5)
        dx, *_ = layer_norm._gradients(g, *whole[1:], weight)
        for k in (slice(m), slice(-m, None), slice(self.ROWS // 2, self.ROWS // 2 + m)):
            part = layer_norm.normalized_rows(x[k], weight, bias, 1e-5)
            same(tuple(a[k] for a in whole), part)
            same(dx[k], layer_norm._gradients(g[k], *part[1:], weight)[0])

    @pytest.mark.parametrize(
        ("layer", "shape"),
        [(tg.nn.LayerNorm(100), (-1, 100)), (tg.nn.BatchNorm1d(100), (-1, 100)),
         (tg.nn.BatchNorm2d(4), (4, 32, 100, 41)), (tg.nn.GroupNorm(2, 4), (4, 32, 100, 41))],
        ids=lambda x: type(x).__name__ if callable(x) else "",
    )  # fmt: skip
    def test_what_is_compiled_has_the_same_bits(self, layer, shape):
        x, target, *_ = (np.reshape(a[:5248], shape) for a in self.arrays()[:2])
        if len(shape) > 2:  # the batch last
            x, target = np.transpose(x, (3, 0, 1, 2)), np.transpose(target, (3, 0, 1, 2))

        def step(x, target):
            layer.zero_grad()
            y = layer(x * np.sum(layer.weight))
            tg.mse_loss(y, target).backward()
            return y, layer.weight.grad + 0, layer.bias.grad + 0

        eager, compiled = (f(x, target) for f in (step, tg.compile(step, backend="numpy")))
        same(tuple(np.asarray(a.data) for a in compiled), tuple(np.asarray(a.data) for a in eager))

    def seen(self, *arrays):
        shapes = []

        @blocks.rowwise
        def formula(x, *others):
            out = others[-1] if len(others) == len(arrays) else None
            shapes.append([np.shape(x), *map(np.shape, others[: len(arrays) - 1])])
            return np.add(x, 1, out), np.add.reduce(x, 0)

        rows, sums = formula(*arrays)
        same(rows, arrays[0] + 1)
        np.testing.assert_allclose(sums, np.add.reduce(arrays[0], 0), rtol=1e-2)
        return shapes

    def test_which_arrays_are_cut(self):
        x, g, weight, _ = self.arrays()
        nothing, *shapes = self.seen(x, g, x[:, :1].copy(), weight, 2.0, np.float32(1))
        assert nothing[0] == (0, 100)
        assert len(shapes) == 3
        assert shapes[0][1:] == [shapes[0][0], (shapes[0][0][0], 1), (100,), (), ()]
        few = [self.seen(x[:20], g[:20]), self.seen(x.astype(np.float16)), self.seen(np.asfortranarray(x))]
        few += [self.seen(x, g[:, ::-1]), self.seen(x, g.astype(complex))]
        few += [self.seen(x.reshape(-1, 20))]  # whose rows are narrow
        assert [len(f) for f in few] == [1] * 6


class TestRecipe:
    """It computes what the formula returns, whatever the dtypes and however results are used again."""

    @pytest.mark.parametrize(
        "formula",
        [
            lambda x, y: x + y,
            lambda x, y: (x - y) * (y - x) / (1 + x * x),
            lambda x, y: (a := x * y, a - np.exp(-np.absolute(a)), a + x),
            lambda x, y: np.maximum(x, y > 0) - np.square(y - np.clip(x, -1, np.inf)),
            lambda x, y: np.ceil(y) - (x if len("x") else y) + 2 - 2 * (3 - y),
            lambda x, y: (tg.sigmoid(x), tg.silu(y) * tg.gelu(x)),
        ],
    )
    @pytest.mark.parametrize("dtypes", ["ff", "dd", "fd", "ef", "ee"])
    def test_is_its_formula(self, formula, dtypes):
        rng = np.random.default_rng(0)
        x, y = (rng.normal(0, 2, 1000).astype(dtype) for dtype in dtypes)
        recipe = Recipe(formula, [x.dtype, y.dtype])
        for length in (1000, 300, 7):
            same(recipe.compute([x, y], x, length), formula(x, y))
        same(recipe.compute([x, y[3]], x, 300), formula(x, y[3] + np.zeros_like(y)))

    def test_needs_no_memory_for_results_that_serve_once(self):
        recipe = Recipe(lambda g, out: g * (out * (1 - out)), [np.dtype("f"), np.dtype("f")])
        assert recipe.rest == [1]
        found = [(call.__name__, pick(range(4))) for call, pick in recipe.steps]
        assert found == [("subtract", (3, 1, 2)), ("multiply", (1, 2, 2)), ("multiply", (0, 2, 2))]


class TestLayerNorm:
    """Its fast form, by blocks of rows, is its plain form."""

    @pytest.mark.parametrize("shape", [(4, 6), (3, 5, 7), (1, 1024), (700, 200), (2, 300, 400)], ids=str)
    def test_agrees_with_its_plain_form(self, shape):
        rng = np.random.default_rng(0)
        x, g = rng.normal(1, 2, shape), rng.normal(size=shape)
        weight, bias = rng.normal(size=shape[-1]), rng.normal(size=shape[-1])
        y, z, r = op_of(layer_norm.layer_normalized).forward(x, weight, bias, 1e-5)
        np.testing.assert_allclose(
            y, layer_norm.plain_layer_normalized(x, weight, bias, 1e-5), rtol=1e-9, atol=1e-9
        )
        expected = layer_norm.plain_layer_norm_gradients(g, x, weight, 1e-5)
        for kept in ((z, r), (None, None)):
            found = layer_norm.layer_norm_gradients(g, x, weight, 1e-5, *kept)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


class TestBatchNorm:
    """Its fast form, in both orders of memory, is its plain form."""

    @pytest.mark.parametrize("last", [False, True], ids=["batch first", "batch last"])
    @pytest.mark.parametrize("shape", [(3, 4), (700, 100), (2, 6, 5), (5, 4, 3, 7), (32, 8, 28, 28)], ids=str)
    def test_agrees_with_its_plain_form(self, shape, last):
        rng = np.random.default_rng(0)
        c, (x, g) = shape[1], rng.normal(1, 2, (2, *shape))
        if last:
            x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
        weight, bias = rng.normal(size=c), rng.normal(size=c)
        for one in (bias, None):
            told = Mock()
            y, *known = op_of(batch_norm.batch_normalized).forward(x, weight, one, 1e-5, told)
            plain = batch_norm.plain_batch_normalized(x, weight, one, 1e-5)
            np.testing.assert_allclose(y, plain, rtol=1e-9, atol=1e-9)
            for a, f in zip(told.call_args.args, (np.mean, np.var), strict=True):
                np.testing.assert_allclose(a, f(x, batch_norm.all_but_channels(x)), rtol=1e-12)
        expected = batch_norm.plain_batch_norm_gradients(g, x, weight, 1e-5)
        for kept in (known, (None, None)):
            found = batch_norm.batch_norm_gradients(g, x, weight, 1e-5, *kept)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


class TestGroupNorm:
    """Its fast form, in both orders of memory, is its plain form."""

    @pytest.mark.parametrize("last", [False, True], ids=["batch first", "batch last"])
    @pytest.mark.parametrize(
        "shape", [(3, 4), (2, 6, 5), (5, 4, 3, 7), (32, 8, 28, 28), (1, 8, 40, 60)], ids=str
    )
    def test_agrees_with_its_plain_form(self, shape, last):
        rng = np.random.default_rng(0)
        x, g = rng.normal(1, 2, shape), rng.normal(size=shape)
        if last:
            x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
        weight, bias = rng.normal(size=shape[1]), rng.normal(size=shape[1])
        y, c, r = op_of(group_norm.group_normalized).forward(x, weight, bias, 2, 1e-5)
        np.testing.assert_allclose(
            y, group_norm.plain_group_normalized(x, weight, bias, 2, 1e-5), rtol=1e-9, atol=1e-9
        )
        expected = group_norm.plain_group_norm_gradients(g, x, weight, 2, 1e-5)
        for kept in ((c, r), (None, None)):
            found = group_norm.group_norm_gradients(g, x, weight, 2, 1e-5, *kept)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


class TestBuffers:
    """NumPy's buffers are small while long rows are computed, and no longer."""

    def test_they_are_as_before_afterwards(self):
        before, seen = np.getbufsize(), []

        @blocks.unbuffered
        def formula(x, divisor=1):
            seen.append(np.getbufsize())
            return x.size // divisor

        for shape in ((16, 1024), (4000, 16), (1024,), ()):
            formula(np.ones(shape))
            assert np.getbufsize() == before
        assert seen == [blocks.LONG, before, before, before]
        with pytest.raises(ZeroDivisionError):
            formula(np.ones((16, 1024)), 0)
        assert seen[-1] == blocks.LONG != np.getbufsize() == before


@pytest.mark.parametrize("shape", [(3, 4), (64, 100), (20, 600)], ids=str)
def test_gradients_of_softmax_are_those_of_its_composition(shape):
    x, g = np.random.default_rng(0).normal(0, 2, (2, *shape))
    e = np.exp(x)
    p = e / e.sum(-1, keepdims=True)
    found = [tg.vjp(f, x)[1](g)[0] for f in (tg.softmax, tg.log_softmax)]
    expected = p * (g - (g * p).sum(-1, keepdims=True)), g - p * g.sum(-1, keepdims=True)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
