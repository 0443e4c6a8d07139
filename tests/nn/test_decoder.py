"""Transformer decoders, and encoders with them: what masks and lengths hide, states, copies, derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import check_gradients, generic, sines
from tinygrad_edu import errors, nn

fewer = settings(max_examples=max(1, settings.default.max_examples // 5))
MEMORY = generic(5, 2, 8, seed=3)


@fewer
@given(st.data())
def test_gradients_of_drawn_decoder_layers(data):
    draw = data.draw
    module = nn.TransformerDecoderLayer(
        4, draw(st.sampled_from([1, 2])), 3, 0.0, draw(st.sampled_from(["gelu", np.tanh])), 0.1,
        batch_first=draw(st.booleans()), norm_first=draw(st.booleans()), bias=draw(st.booleans()),
        dtype=np.float64,
    )  # fmt: skip
    memory = generic(2, 1, 4, seed=draw(st.integers(1, 99)))
    check_gradients(sines(module), generic(2, 1, 4), memory, draw=draw)


def test_state_of_the_decoder_is_pytorchs():
    attention = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    names = [f"{part}.{name}" for part in ("self_attn", "multihead_attn") for name in attention]
    names += [
        f"{part}.{name}"
        for part in ("linear1", "linear2", "norm1", "norm2", "norm3")
        for name in ("weight", "bias")
    ]
    layer = nn.TransformerDecoderLayer(8, 2)
    assert list(layer.state_dict()) == names
    assert layer.linear1.weight.shape == (2048, 8)
    assert list(nn.TransformerDecoder(layer, 2).state_dict()) == [
        f"layers.{i}.{name}" for i in (0, 1) for name in names
    ]
    model = nn.Transformer(8, 2, 1, 1, 16)
    found = {name.rpartition(".")[0] for name in model.state_dict()}
    assert {"encoder.norm", "decoder.norm", "encoder.layers.0.norm2", "decoder.layers.0.norm3"} <= found


def test_matrices_of_a_transformer_are_xaviers():
    for name, p in nn.Transformer(32, 4, 1, 1, 64, rng=0).named_parameters():
        if p.ndim > 1:
            bound = np.sqrt(6 / sum(p.shape))
            assert 0.97 * bound < np.abs(p.data).max() <= bound, name


def test_what_a_causal_decoder_must_not_see():
    layer, x = nn.TransformerDecoderLayer(8, 2, 16, rng=0).eval(), generic(5, 2, 8)
    changed, memory = x.copy(), MEMORY.copy()
    changed[3:], memory[3:] = 9, 9
    for mask in ({"tgt_is_causal": True}, {"tgt_mask": np.triu(np.ones((5, 5), bool), 1)}):
        np.testing.assert_array_equal(
            layer(x, MEMORY, **mask).data[:3], layer(changed, MEMORY, **mask).data[:3]
        )
    for mask in ({"memory_is_causal": True}, {"memory_mask": np.triu(np.full((5, 5), -np.inf), 1)}):
        np.testing.assert_array_equal(layer(x, MEMORY, **mask).data[:3], layer(x, memory, **mask).data[:3])
    assert not np.array_equal(layer(x, MEMORY).data[:3], layer(changed, MEMORY).data[:3])
    assert not np.array_equal(layer(x, MEMORY).data[:3], layer(x, memory).data[:3])


def test_lengths_are_masks_of_what_is_real():
    x, memory, lengths, others = generic(4, 2, 8), MEMORY, [4, 1], np.array([2, 5])
    past, beyond = ~tg.sequence_mask(lengths, 4), ~tg.sequence_mask(others, 5)
    layer = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, rng=0)
    for module in (layer, nn.TransformerDecoder(layer, 2)):
        found = module(x, memory, lengths=lengths, memory_lengths=others)
        expected = module(x, memory, tgt_key_padding_mask=past, memory_key_padding_mask=beyond)
        np.testing.assert_array_equal(found.data, expected.data)
        assert not np.allclose(found.data, module(x, memory).data)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, rng=0)
    for module in (layer, nn.TransformerEncoder(layer, 2)):
        expected = module(x, src_key_padding_mask=past)
        np.testing.assert_array_equal(module(x, lengths=lengths).data, expected.data)
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, rng=0)
    masks = {"src_key_padding_mask": beyond, "memory_key_padding_mask": beyond, "tgt_key_padding_mask": past}
    found = model(memory, x, src_lengths=others, tgt_lengths=lengths)
    np.testing.assert_array_equal(found.data, model(memory, x, **masks).data)


def test_a_shorter_sequence_is_read_as_if_it_were_alone():
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, rng=0, dtype=np.float64)
    x, memory = generic(4, 2, 8), MEMORY
    found = model(memory, x, src_lengths=[2, 5], tgt_lengths=[3, 4])
    np.testing.assert_allclose(found.data[:3, :1], model(memory[:2, :1], x[:3, :1]).data, rtol=1e-10)


def test_dropout_in_training_only_and_apart_in_each_copy():
    layer = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.5, rng=0)
    decoder, x = nn.TransformerDecoder(layer, 2, norm=nn.LayerNorm(8)), generic(4, 2, 8)
    first, second = decoder.layers
    np.testing.assert_array_equal(first.linear1.weight.data, second.linear1.weight.data)
    assert not np.array_equal(first(x, MEMORY).data, second(x, MEMORY).data)
    decoder.eval()
    np.testing.assert_array_equal(
        decoder(x, MEMORY).data, decoder.norm(second(first(x, MEMORY), MEMORY)).data
    )


def test_float32_stays_float32_and_every_weight_gets_a_gradient():
    model = nn.Transformer(8, 2, 2, 2, 16, rng=0)
    y = model(MEMORY, generic(3, 2, 8), tgt_is_causal=True)
    y.backward(generic(3, 2, 8))
    assert y.dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.TransformerDecoderLayer(4, 3),
            errors.ArgumentError,
            "embed_dim 4 is not divisible by .* 3",
        ),
        (
            lambda: nn.TransformerDecoderLayer(4, 2, activation="tanh"),
            errors.ArgumentError,
            "activation is one of",
        ),
        (
            lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer, 2),
            errors.ArgumentError,
            r"TransformerDecoder: decoder_layer is a layer, such as TransformerDecoderLayer\(8, 2\); got",
        ),
        (
            lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 0),
            errors.ArgumentError,
            "at least 1",
        ),
        (
            lambda: nn.TransformerDecoderLayer(4, 2, 8)(np.ones((3, 2, 4)), np.ones((5, 1, 4))),
            errors.ShapeError,
            r"multihead_attn expects query, .*got \(3, 2, 4\), \(5, 1, 4\)",
        ),
        (
            lambda: nn.TransformerDecoderLayer(4, 2, 8)(*[np.ones((3, 2, 4))] * 2, lengths=[4, 1]),
            errors.ArgumentError,
            "self_attn: .*lengths are from 0 to 3, .* got 1 to 4",
        ),
        (
            lambda: nn.MultiheadAttention(4, 2)(*[np.ones((3, 2, 4))] * 3, lengths=[1]),
            errors.ShapeError,
            r"MultiheadAttention: lengths are one for each sequence, shape \(2,\); got shape \(1,\)",
        ),
    ],
)
def test_wrong_calls_say_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()
