"""Transformer encoders, by differences, PyTorch's numbers and what a mask must hide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import check_gradients, generic, sines, waves
from tinygrad_edu import nn

# Examples of what is checked parameter by parameter, which takes long.
fewer = settings(max_examples=max(1, settings.default.max_examples // 5))


@fewer
@given(st.data())
def test_gradients_of_drawn_encoder_layers(data):
    draw = data.draw
    module = nn.TransformerEncoderLayer(
        4, draw(st.sampled_from([1, 2])), 3, 0.0, draw(st.sampled_from(["gelu", np.tanh])), 0.1,
        batch_first=draw(st.booleans()), norm_first=draw(st.booleans()), bias=draw(st.booleans()),
        dtype=np.float64,
    )  # fmt: skip
    check_gradients(
        sines(module), generic(*draw(st.sampled_from([(2, 1, 4), (2, 4)])), seed=draw(st.integers(0, 99)))
    )


@pytest.mark.parametrize(
    ("norm_first", "values", "slopes"),
    [
        (
            False,
            [0.404888389886, 0.142830096636, 0.547875628862, 0.981694153075, 0.231619518529, -0.350911350859,
             0.370016213618, 0.534454441992, 0.325274208577, 0.074559173816, 0.439279872087, 1.107405429589],
            [-0.147861606239, -0.12895859731, 0.296596501023, 0.002705085118, -0.389218513404, 0.268612652217,
             -0.254303182622, 0.210186639256, 0.002184334752, -0.34322025677, 0.35842257959, 0.054276591727],
        ),
        (
            True,
            [1.84336925645, 1.666556612473, 0.975392452184, -1.270957467236, -0.179066503613, -0.062532597336,
             0.237326839632, -0.66259604808, 1.616059363876, 1.926803507716, 1.55765131479, -0.58892134004],
            [-0.951088529173, -0.899630061313, -0.297486438369, 0.380757373278, 0.811907843723,
             1.249976890988, 0.543815251748, -0.181243654896, -0.610882702432, -1.100429490846,
             -0.780406247311, -0.309587742982],
        ),
    ],
)  # fmt: skip
def test_encoder_layer_is_pytorchs_number_by_number(norm_first, values, slopes):
    layer = sines(nn.TransformerEncoderLayer(4, 2, 6, 0.0, "gelu", norm_first=norm_first, dtype=np.float64))
    x = tg.Tensor(waves(3, 1, 4), requires_grad=True)
    y = layer(x, is_causal=True)
    y.backward(waves(3, 1, 4, phase=3.0))
    np.testing.assert_allclose(y.data.ravel(), values, rtol=1e-9)
    np.testing.assert_allclose(x.grad.data.ravel(), slopes, rtol=1e-8)


def test_state_of_the_encoder_is_pytorchs():
    names = [
        "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
        "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
        "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
    ]  # fmt: skip
    layer = nn.TransformerEncoderLayer(8, 2)
    assert list(layer.state_dict()) == names
    assert layer.linear1.weight.shape == (2048, 8)
    assert list(nn.TransformerEncoder(layer, 2).state_dict()) == [
        f"layers.{i}.{name}" for i in (0, 1) for name in names
    ]


def test_float32_stays_float32_and_every_weight_gets_a_gradient():
    layer = nn.TransformerEncoderLayer(8, 2, 16, rng=0)
    x = tg.Tensor(generic(3, 2, 8).astype(np.float32), requires_grad=True)
    y = layer(x, src_mask=np.triu(np.full((3, 3), -np.inf), 1))
    y.backward(generic(3, 2, 8))
    assert y.dtype == x.grad.dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())


def test_dropout_of_the_encoder_layer_in_training_only():
    layer, x = nn.TransformerEncoderLayer(8, 2, 16, rng=0), generic(3, 2, 8)
    assert not np.array_equal(layer(x).data, layer(x).data)
    layer.eval()
    assert layer(x).data.tobytes() == layer(x).data.tobytes()


def test_the_causal_mask_hides_the_future():
    layer, x = nn.TransformerEncoderLayer(8, 2, 16, rng=0).eval(), generic(5, 1, 8)
    changed = x.copy()
    changed[3:] = 9
    for mask in ({"is_causal": True}, {"src_mask": np.triu(np.ones((5, 5), bool), 1)}):
        np.testing.assert_array_equal(layer(x, **mask).data[:3], layer(changed, **mask).data[:3])
    assert not np.array_equal(layer(x).data[:3], layer(changed).data[:3])


def test_the_layers_of_an_encoder_are_copies_that_draw_their_dropout_apart():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, rng=0)
    encoder, x = nn.TransformerEncoder(layer, 3, norm=nn.LayerNorm(8)), generic(4, 2, 8)
    first, second, _ = encoder.layers
    assert len({id(p) for p in encoder.parameters()}) == 3 * 12 + 2
    np.testing.assert_array_equal(first.linear1.weight.data, second.linear1.weight.data)
    assert not np.array_equal(first(x).data, second(x).data)
    encoder.eval()
    np.testing.assert_allclose(
        encoder(x).data, encoder.norm(encoder.layers[2](second(first(x)))).data, rtol=1e-6
    )
