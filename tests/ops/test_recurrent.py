"""Fused recurrent operations equal the compositions that they replace, to the third derivative."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.ops.recurrent.elman import plain_rnn, rnn
from tinygrad_edu.ops.recurrent.gru import gru, gru_gradients, plain_gru, plain_gru_gradients
from tinygrad_edu.ops.recurrent.lstm import lstm, lstm_gradients, plain_lstm, plain_lstm_gradients
from tinygrad_edu.table import op_of

# ---- derivatives -------------------------------------------------------------------------------------------


def arguments(sums, states, bias=True, seed=0, steps=5, n=3, inputs=4, hidden=6):
    rng = np.random.default_rng(seed)
    shapes = [
        (steps, n, inputs),
        *[(n, hidden)] * states,
        (sums * hidden, inputs),
        (sums * hidden, hidden),
        *[(sums * hidden,)] * 2 * bias,
    ]
    return [rng.standard_normal(shape) for shape in shapes] + [None, None] * (not bias)


PAIRS = {
    "rnn": (lambda *a: rnn(*a, "tanh"), lambda *a: plain_rnn(*a, "tanh"), 1, 1),
    "rnn, relu": (lambda *a: rnn(*a, "relu"), lambda *a: plain_rnn(*a, "relu"), 1, 1),
    "lstm": (lstm, plain_lstm, 4, 2),
    "gru": (gru, plain_gru, 3, 1),
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", PAIRS)
def test_each_operation_equals_its_composition_to_the_third_derivative(name, bias):
    one, other, sums, states = PAIRS[name]
    given = arguments(sums, states, bias)
    places = tuple(i for i, a in enumerate(given) if a is not None)
    w = np.random.default_rng(1)
    weights = [[w.standard_normal(given[i].shape) for i in places] for _ in range(2)]

    def derivatives(f):
        def loss(*a):
            out = f(*a)
            return sum(
                np.sum(np.sin(o) * k) for k, o in enumerate(out if isinstance(out, tuple) else (out,), 1)
            )

        first = tg.grad(loss, argnums=places)
        second = tg.grad(lambda *a: sum(np.sum(g * v) for g, v in zip(first(*a), weights[0])), argnums=places)
        third = tg.grad(lambda *a: sum(np.sum(g * v) for g, v in zip(second(*a), weights[1])), argnums=places)
        return [loss(*given), *first(*given), *second(*given), *third(*given)]

    for mine, theirs in zip(derivatives(one), derivatives(other), strict=True):
        mine, theirs = (np.asarray(getattr(a, "data", a)) for a in (mine, theirs))
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-11 * max(1, np.abs(theirs).max()))


@pytest.mark.parametrize(
    ("operation", "fast", "plain", "sums", "states"),
    [(lstm, lstm_gradients, plain_lstm_gradients, 4, 2), (gru, gru_gradients, plain_gru_gradients, 3, 1)],
    ids=["lstm", "gru"],
)
def test_what_the_forward_keeps_is_what_the_gradients_would_compute_again(
    operation, fast, plain, sums, states
):
    given = arguments(sums, states)
    out, *kept = op_of(operation).forward(*given)
    out = out if isinstance(out, tuple) else (out,)
    g = [np.random.default_rng(2).standard_normal(o.shape) for o in out]
    again = fast(*g, *given, *out, *[None] * len(kept))
    for order in "CF":
        kept = [np.asarray(k, order=order) for k in kept]
        for mine, theirs, slow in zip(
            fast(*g, *given, *out, *kept), again, plain(*g, *given, *out, *kept), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(mine, slow, rtol=1e-11, atol=1e-13)
