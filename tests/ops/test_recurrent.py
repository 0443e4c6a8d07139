"""Fused recurrent operations equal the compositions that they replace, to the third derivative."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.ops.recurrent import loop, products
from tinygrad_edu.ops.recurrent.elman import plain_rnn, plain_rnn_gradients, rnn, rnn_gradients
from tinygrad_edu.ops.recurrent.gru import gru, gru_gradients, plain_gru, plain_gru_gradients
from tinygrad_edu.ops.recurrent.lstm import lstm, lstm_gradients, plain_lstm, plain_lstm_gradients
from tinygrad_edu.table import op_of

SIZES = (3, 3, 2, 1, 0)  # of five steps, how many of three sequences are real


def arguments(sums, states, bias=True, seed=0, steps=5, n=3, inputs=4, hidden=6, projected=None, sizes=None):
    """What a recurrence is called with, but for settings; x is 0 where a sequence is over."""
    rng = np.random.default_rng(seed)
    shapes = [
        (steps, n, inputs),
        (n, projected or hidden),
        *[(n, hidden)] * (states - 1),
        (sums * hidden, inputs),
        (sums * hidden, projected or hidden),
        *[(sums * hidden,)] * 2 * bias,
    ]
    drawn = [rng.standard_normal(shape) for shape in shapes] + [None, None] * (not bias)
    for x, size in zip(drawn[0], sizes or ()):
        x[size:] = 0
    return [*drawn, rng.standard_normal((projected, hidden))] if projected else drawn


# the operation and its gradients, fast and plain; sums and states of a unit; settings; the length of h
KINDS = {
    "rnn": (rnn, plain_rnn, rnn_gradients, plain_rnn_gradients, 1, 1, ["tanh"], None),
    "rnn, relu": (rnn, plain_rnn, rnn_gradients, plain_rnn_gradients, 1, 1, ["relu"], None),
    "lstm": (lstm, plain_lstm, lstm_gradients, plain_lstm_gradients, 4, 2, [None], None),
    "lstm, projected": (lstm, plain_lstm, lstm_gradients, plain_lstm_gradients, 4, 2, [], 2),
    "gru": (gru, plain_gru, gru_gradients, plain_gru_gradients, 3, 1, [], None),
}
every_kind = pytest.mark.parametrize("name", KINDS)
with_sizes = pytest.mark.parametrize("sizes", [None, SIZES], ids=["equal", "several lengths"])


@with_sizes
@pytest.mark.parametrize("bias", [True, False])
@every_kind
def test_each_operation_equals_its_composition_to_the_third_derivative(name, bias, sizes):
    one, other, _, _, sums, states, settings, projected = KINDS[name]
    given = arguments(sums, states, bias, projected=projected, sizes=sizes)
    places = tuple(i for i, a in enumerate(given) if a is not None)
    w = np.random.default_rng(1)
    weights = [[w.standard_normal(given[i].shape) for i in places] for _ in range(2)]

    def derivatives(f):
        def loss(*a):
            return sum(np.sum(np.sin(o) * k) for k, o in enumerate(f(*a, *settings, sizes), 1))

        first = tg.grad(loss, argnums=places)
        second = tg.grad(lambda *a: sum(np.sum(g * v) for g, v in zip(first(*a), weights[0])), argnums=places)
        third = tg.grad(lambda *a: sum(np.sum(g * v) for g, v in zip(second(*a), weights[1])), argnums=places)
        return [loss(*given), *first(*given), *second(*given), *third(*given)]

    for mine, theirs in zip(derivatives(one), derivatives(other), strict=True):
        mine, theirs = (np.asarray(getattr(a, "data", a)) for a in (mine, theirs))
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-11 * max(1, np.abs(theirs).max()))


@with_sizes
@pytest.mark.parametrize("steps", [1, 5, 40])
@pytest.mark.parametrize("n", [1, 3, 20])
@every_kind
def test_gradients_in_pieces_are_those_of_the_composition(name, n, steps, sizes, monkeypatch):
    monkeypatch.setattr(loop, "CACHE", 1)  # so that pieces are a few steps
    monkeypatch.setattr(loop, "COLUMNS", 60)
    operation, _, fast, plain, sums, states, settings, projected = KINDS[name]
    sizes = sizes and tuple(n * (steps - t) // steps for t in range(steps))
    given = arguments(sums, states, steps=steps, n=n, projected=projected, sizes=sizes)
    computed = op_of(operation).forward(*given, *settings, sizes)
    out, *kept = computed if op_of(operation).keep else (computed,)
    g = [np.random.default_rng(2).standard_normal(o.shape) for o in out]
    slow = plain(*g, *given, *settings, sizes, *[None] * (1 + len(kept)), ("x",))
    kept, forgotten = [out[0], *kept], [None] * (1 + len(kept))
    for known, wanted in ((kept, ("x",)), (forgotten, ("x",)), (kept, ())):
        found = fast(*g, *given, *settings, sizes, *known, wanted)
        assert found[0] is not None if wanted else found[0] is None
        for mine, theirs in zip(found, slow, strict=True):
            assert mine is found[0] or (mine is None) == (theirs is None)
            if mine is not None:
                np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("n", [1, 3, 20])
def test_wide_inputs_are_multiplied_at_once_where_that_is_faster(n, monkeypatch):
    given = arguments(4, 2, n=n)
    expected = lstm(*given)[0]
    monkeypatch.setattr(products, "MANY", 1)
    np.testing.assert_allclose(lstm(*given)[0], expected, rtol=1e-12)


@with_sizes
@every_kind
def test_products_in_blocks_are_those_at_once(name, sizes, monkeypatch):
    operation, _, _, _, sums, states, settings, projected = KINDS[name]
    sizes, projected = sizes and (40, 30, 17, 16), projected and 32
    given = arguments(sums, states, steps=4, n=40, inputs=64, hidden=64, projected=projected, sizes=sizes)

    def computed():
        out, pullback = tg.vjp(lambda *a: operation(*a, *settings, sizes), *given)
        return *out, *pullback(out)

    expected = computed()
    monkeypatch.setattr(products, "SMALL", 64 * 129 * 40)  # W_ih, b and W_hh side by side
    assert products.blocks_of(given[1 + states], 40) == sums
    assert products.blocks_of(given[1 + states][:, :16], 40) == 1
    assert products.blocks_of(np.ones((200, 64)), 40) == 1
    for mine, theirs in zip(computed(), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)


@every_kind
def test_weights_may_be_more_precise_than_what_they_are_multiplied_with(name):
    """Results have the dtype of x then, and come out as if it were as precise, to its rounding."""
    operation, plain, _, _, sums, states, settings, projected = KINDS[name]
    exact = arguments(sums, states, projected=projected)
    given = [a.astype(np.float32) if i < 1 + states else a for i, a in enumerate(exact)]
    for mine, theirs in zip(operation(*given, *settings, None), plain(*exact, *settings, None), strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_relu_that_grows_without_bound_grows_up_to_the_end_of_its_sequence_only():
    x, weight = np.ones((2000, 2, 1), np.float32), np.full((1, 1), 2, np.float32)
    x[1:, 1] = 0
    x[3:, 0] = 0
    sizes = (2, 1, 1) + (0,) * 1997
    h, last = rnn(x, np.zeros((2, 1), np.float32), weight, weight, None, None, "relu", sizes)
    assert last.ravel().tolist() == [14, 2]
    assert h.sum() == 2 + 2 + 6 + 14


@pytest.mark.parametrize("sizes", [None, (2, 2, 1, 0)])
def test_huge_states_and_cells_are_no_overflow(sizes):
    """A cell is multiplied by no other number than a gate."""
    x, state = np.ones((4, 2, 3), np.float32), np.full((2, 6), 1e38, np.float32)
    for step, size in zip(x, sizes or ()):
        step[size:] = 0
    for operation, sums, states, settings in ((lstm, 4, 2, [None]), (gru, 3, 1, [])):
        weights = [np.full(shape, 1e-3, np.float32) for shape in ((sums * 6, 3), (sums * 6, 6))]
        given = [tg.Tensor(a, requires_grad=True) for a in (x, *[state] * states, *weights)]
        h, *_ = operation(*given, None, None, *settings, sizes)
        np.sum(h * np.float32(1e-30)).backward()
        assert all(np.isfinite(a.grad.data).all() for a in given)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_what_is_kept_lies_in_one_piece_however_the_input_lies(name):
    """A step is fast where its blocks are next to each other in memory."""
    operation, _, _, _, sums, states, settings, _ = KINDS[name]
    x, *rest = arguments(sums, states)
    x = np.swapaxes(np.copy(np.swapaxes(x, 0, 1), order="C"), 0, 1)
    (h, *_), store = op_of(operation).forward(x, *rest, *settings, None)
    assert h.flags.c_contiguous
    assert store.flags.c_contiguous
