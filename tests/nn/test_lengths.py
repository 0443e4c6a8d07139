"""Recurrent layers on padded sequences of several lengths.

Each is read as if it were alone, and nothing depends on the padding.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.nn.test_recurrent import LAYERS, by_hand, called, make
from tinygrad_edu import errors, nn

every_layer = pytest.mark.parametrize("kind", LAYERS)


def read(layer, x, lengths, *states):
    """All that a layer returns for sequences of these lengths, as a flat list."""
    hx = None if not states else tuple(states[:2]) if isinstance(layer, nn.LSTM) else states[0]
    output, final = layer(x, hx, lengths)
    return [output, *(final if isinstance(layer, nn.LSTM) else [final])]


def with_padding(x, lengths, value):
    """A copy of sequences (L, N, …) with this value beyond their ends."""
    x = x.copy()
    for i, length in enumerate(lengths):
        x[length:, i] = value
    return x


@st.composite
def configurations(draw):
    """A layer, sequences (L, N, I), their lengths, and states to begin with."""
    kind = draw(st.sampled_from(list(LAYERS)))
    options = {name: draw(st.booleans()) for name in ("bias", "bidirectional")}
    steps, n, inputs, hidden, layers = (draw(st.integers(1, high)) for high in (4, 4, 2, 3, 2))
    layer = make(kind, inputs, hidden, layers, **options, rng=draw(st.integers(0, 99)))
    rng, count = np.random.default_rng(draw(st.integers(0, 99))), layers * (1 + layer.bidirectional)
    lengths = draw(st.lists(st.integers(0, steps), min_size=n, max_size=n))
    states = [rng.standard_normal((count, n, hidden)) for _ in "hc"]
    return kind, layer, rng.standard_normal((steps, n, inputs)), lengths, states


@settings(max_examples=60)
@given(configurations(), st.sampled_from([0.0, np.nan, np.inf, 1e300]))
def test_each_sequence_is_read_as_if_it_were_alone(configuration, padding):
    kind, layer, x, lengths, (h0, c0) = configuration
    output, *final = read(layer, with_padding(x, lengths, padding), lengths, h0, c0)
    assert output.shape[:2] == x.shape[:2]
    for i, length in enumerate(lengths):
        one = slice(i, i + 1)
        expected, *ends = by_hand(
            kind, layer.state_dict(), x[:length, one], h0[:, one], c0[:, one], 1 + layer.bidirectional
        )
        np.testing.assert_allclose(output.data[:length, one], expected, rtol=1e-9, atol=1e-13)
        assert not output.data[length:, i].any()
        for mine, theirs in zip(final, ends):
            np.testing.assert_allclose(mine.data[:, one], theirs, rtol=1e-9, atol=1e-13)


@every_layer
def test_no_gradient_comes_from_padding_or_goes_to_it(kind):
    layer, lengths = make(kind, 2, 3, num_layers=2, bidirectional=True, rng=0), [3, 0, 1]
    rng = np.random.default_rng(0)
    values, g = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 6))
    found = []
    for padding in (0.0, np.nan, np.inf):
        x = tg.Tensor(with_padding(values, lengths, padding), requires_grad=True)
        layer.zero_grad()
        output, *final = read(layer, x, lengths)
        np.sum(output * with_padding(g, lengths, padding and 1e9)).backward(retain_graph=True)
        sum(np.sum(np.sin(end)) for end in final).backward()
        found.append([x.grad.data, *(p.grad.data for p in layer.parameters())])
        assert not any(x.grad.data[length:, i].any() for i, length in enumerate(lengths))
        assert all(x.grad.data[:length, i].all() for i, length in enumerate(lengths)) or kind == "relu"
    for other in found[1:]:
        for mine, theirs in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(mine, theirs)


@settings(max_examples=8)
@given(configurations())
def test_gradients_of_first_and_second_order_are_numerical(configuration):
    kind, layer, x, lengths, states = configuration
    if kind == "relu":
        layer = make(
            "tanh", layer.input_size, layer.hidden_size, layer.num_layers, bidirectional=layer.bidirectional
        )
    states, lengths = states[: len(called(layer, x)) - 1], [len(x), *lengths[1:]]  # one that is read at least
    parameters, rebuild = layer.__tree__()
    n = len(parameters)

    def f(*given):
        return read(rebuild(given[:n]), given[n], lengths, *given[n + 1 :])

    which = [0, 1, *range(n, n + 1 + len(states))]
    tg.gradcheck(f, *(p.data for p in parameters), x, *states, argnums=which)


@every_layer
def test_batch_first_and_without_a_batch(kind):
    layer = make(kind, 2, 3, bidirectional=True, rng=0)
    same = make(kind, 2, 3, bidirectional=True, batch_first=True)
    same.load_state_dict(layer.state_dict())
    x, lengths = np.random.default_rng(0).standard_normal((4, 2, 2)), np.array([2, 3], np.uint8)
    output, *final = read(layer, x, lengths)
    other, *ends = read(same, x.swapaxes(0, 1), lengths)
    np.testing.assert_array_equal(other.data, output.data.swapaxes(0, 1))
    alone, *last = read(layer, x[:, 0], 2)
    np.testing.assert_allclose(alone.data, output.data[:, 0], rtol=1e-12)
    for mine, theirs, single in zip(ends, final, last, strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)
        np.testing.assert_allclose(single.data, theirs.data[:, 0], rtol=1e-12)


@every_layer
def test_float32_stays_float32_and_full_lengths_are_none(kind):
    layer = make(kind, 2, 3, num_layers=2, bidirectional=True, dtype=np.float32, rng=0)
    x = np.random.default_rng(0).standard_normal((4, 2, 2))
    results = read(layer, x, [4, 2])
    assert {r.dtype for r in results} == {np.dtype(np.float32)}
    sum(map(np.sum, results)).backward()
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}
    for mine, theirs in zip(read(layer, x, [4, 4]), called(layer, x), strict=True):
        np.testing.assert_allclose(mine.data, theirs.data, rtol=1e-6)


def test_dropout_between_layers_in_training_only():
    layer, x, lengths = nn.GRU(2, 8, 2, dropout=0.5, rng=0), np.ones((4, 2, 2)), [4, 1]
    first, second = layer(x, lengths=lengths)[0], layer(x, lengths=lengths)[0]
    assert not np.array_equal(first.data, second.data)
    assert not first.data[1:, 1].any()
    layer.eval()
    np.testing.assert_array_equal(layer(x, lengths=lengths)[0].data, layer(x, lengths=lengths)[0].data)


@pytest.mark.parametrize(
    ("lengths", "shape", "error", "message"),
    [
        (
            [1, 5],
            (4, 2, 3),
            errors.ArgumentError,
            "lengths are from 0 to 4, the steps that there are; got 1 to 5",
        ),
        ([1, -2], (4, 2, 3), errors.ArgumentError, "lengths are from 0 to 4, .* got -2 to 1"),
        ([1, 2, 3], (4, 2, 3), errors.ShapeError, r"one for each sequence, shape \(2,\); got shape \(3,\)"),
        ([[1, 2]], (4, 2, 3), errors.ShapeError, r"one for each sequence, shape \(2,\); got shape \(1, 2\)"),
        ([1], (4, 3), errors.ShapeError, r"lengths are one integer for one sequence; got shape \(1,\)"),
        ([1.0, 2.0], (4, 2, 3), errors.DTypeError, "lengths are integers, how many steps .* got float64"),
    ],
)
def test_wrong_lengths_say_what_was_expected(lengths, shape, error, message):
    with pytest.raises(error, match=rf"^LSTM: .*{message}"):
        nn.LSTM(3, 4)(np.zeros(shape), lengths=lengths)
