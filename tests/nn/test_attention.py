"""Attention, transformers and positions, against their equations, closed forms and PyTorch's numbers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.helpers import check_gradients, generic
from tinygrad_edu import errors, nn

fewer = settings(
    max_examples=max(1, settings.default.max_examples // 5)
)  # of what is checked parameter by parameter


def waves(*shape, phase=0.0):
    """Inputs of the numbers that PyTorch computed: cos(0.7 k + phase)."""
    return np.cos(np.arange(math.prod(shape)) * 0.7 + phase).reshape(shape)


def sines(module):
    """The module with the weights of the numbers that PyTorch computed: sin(k) / 2,
    k running on through all of them.
    """
    start = 0
    for p in module.parameters():
        p.data[...] = np.sin(np.arange(start, start + p.size)).reshape(p.shape) / 2
        start += p.size
    return module


def softmax_by_hand(scores, allowed=None):
    """One row at a time, one number at a time; rows with nothing allowed are zero."""
    out = np.zeros(scores.shape)
    for i in np.ndindex(scores.shape[:-1]):
        js = [j for j in range(scores.shape[-1]) if allowed is None or allowed[(*i, j)]]
        top = max((scores[(*i, j)] for j in js), default=0)
        total = sum(math.exp(scores[(*i, j)] - top) for j in js)
        for j in js:
            out[(*i, j)] = math.exp(scores[(*i, j)] - top) / total
    return out


def attention_by_hand(module, query, key, value, allowed=None, added=0.0):
    """Multi-head attention of (t, b, n) arrays in loops over examples and heads.

    Allowed and added are (b, heads, t, s).
    """
    e, heads, d = module.embed_dim, module.num_heads, module.embed_dim // module.num_heads
    apart = module.q_proj_weight, module.k_proj_weight, module.v_proj_weight
    weights = (
        [w.data for w in apart] if module.in_proj_weight is None else np.split(module.in_proj_weight.data, 3)
    )
    biases = [np.zeros(e)] * 3 if module.in_proj_bias is None else np.split(module.in_proj_bias.data, 3)
    (t, b, _), s = query.shape, key.shape[0]
    out, all_weights = np.zeros((t, b, e)), np.zeros((b, heads, t, s))
    for i, h in itertools.product(range(b), range(heads)):
        q, k, v = (
            (x[:, i] @ w.T + bias)[:, h * d : (h + 1) * d]
            for x, w, bias in zip((query, key, value), weights, biases)
        )
        scores = q @ k.T / math.sqrt(d) + np.broadcast_to(added, (b, heads, t, s))[i, h]
        all_weights[i, h] = softmax_by_hand(
            scores, None if allowed is None else np.broadcast_to(allowed, (b, heads, t, s))[i, h]
        )
        out[:, i, h * d : (h + 1) * d] = all_weights[i, h] @ v
    mixed = out @ module.out_proj.weight.data.T
    return mixed if module.out_proj.bias is None else mixed + module.out_proj.bias.data, all_weights


# ---- masked softmax ----------------------------------------------------------------------------------------


def test_masked_softmax_of_a_slice_with_nothing_allowed_is_zero_and_so_is_its_gradient():
    for x in ([-np.inf, -np.inf], [1.0, 2.0], [np.nan, np.inf]):
        x = tg.Tensor(x, requires_grad=True)
        y = tg.masked_softmax(x, np.array([False, False]))
        y.backward([3.0, 5.0])
        assert y.tolist() == [0, 0]
        assert x.grad.tolist() == [0, 0]


def test_masked_softmax_is_the_softmax_of_the_allowed_entries():
    x = tg.Tensor([[1000.0, np.nan, 0.0, 1000.0]], requires_grad=True)
    y = tg.masked_softmax(x, [True, False, True, True])
    y.backward([[1.0, 5.0, 2.0, 3.0]])
    assert y.tolist() == [[0.5, 0, 0, 0.5]]
    assert x.grad.tolist() == [[-0.5, 0, 0, 0.5]]
    assert tg.masked_softmax(np.zeros((2, 2), np.float32), True).dtype == np.float32
    np.testing.assert_array_equal(tg.masked_softmax(np.zeros((2, 2)), tg.Tensor([[True], [True]]), 0), 0.5)


def test_masked_softmax_refuses_other_masks():
    with pytest.raises(errors.DTypeError, match="mask is boolean, True where an entry is allowed; got int64"):
        tg.masked_softmax(np.zeros(3), np.array([1, 0, 1]))
    with pytest.raises(
        errors.ShapeError, match=r"a mask of shape \(2, 3\) does not broadcast to x of shape \(3,\)"
    ):
        tg.masked_softmax(np.zeros(3), np.ones((2, 3), bool))


# ---- scaled dot-product attention --------------------------------------------------------------------------


@given(st.data())
def test_scaled_dot_product_attention(data):
    """Drawn shapes and masks, one score at a time; and the gradients."""
    t, s, d, seed = (data.draw(st.integers(1, 3)) for _ in range(4))
    batch = data.draw(st.sampled_from([(), (2,)]))
    q, k, v = (
        generic(*batch, t, d, seed=seed),
        generic(*batch, s, d, seed=seed + 9),
        generic(*batch, s, 2, seed=seed + 99),
    )
    kind, causal = data.draw(st.sampled_from(["none", "boolean", "floating"])), data.draw(st.booleans())
    mask = {"none": None, "boolean": generic(t, s, seed=7) > -0.5, "floating": generic(t, s, seed=7)}[kind]
    allowed = (np.arange(s) <= np.arange(t)[:, None]) if causal else np.ones((t, s), bool)
    allowed = allowed & mask if kind == "boolean" else allowed
    scores = np.einsum("...td,...sd->...ts", q, k) / math.sqrt(d) + (mask if kind == "floating" else 0)
    expected = softmax_by_hand(scores, np.broadcast_to(allowed, scores.shape)) @ v
    attend = lambda q, k, v: tg.scaled_dot_product_attention(q, k, v, mask=mask, is_causal=causal)
    np.testing.assert_allclose(attend(q, k, v), expected, rtol=1e-12, atol=1e-14)
    tg.gradcheck(attend, q, k, v)


def test_scaled_dot_product_attention_is_pytorchs_number_by_number():
    q, k, v = waves(2, 3), waves(4, 3, phase=1.0), waves(4, 2, phase=2.0)
    causal = tg.scaled_dot_product_attention(q, k, v, is_causal=True)
    np.testing.assert_allclose(
        causal.ravel(), [-0.416146836547, -0.904072142017, -0.762024816673, -0.69726306116], rtol=1e-11
    )
    some = tg.scaled_dot_product_attention(q, k, v, mask=[[True, False, True, True], [False] * 4])
    np.testing.assert_allclose(some.ravel(), [0.190537359233, 0.310773342796, 0, 0], rtol=1e-11)


def test_a_learned_mask_gets_a_gradient():
    q = generic(3, 2)
    tg.gradcheck(lambda bias: tg.scaled_dot_product_attention(q, q, q, mask=bias), generic(3, 3))


@given(st.data())
def test_masks_of_infinities_and_of_booleans_give_the_same(data):
    t, s, d = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3)), 2
    allowed = data.draw(hnp.arrays(bool, (t, s)))
    causal, dtype = data.draw(st.booleans()), data.draw(st.sampled_from([np.float32, np.float64]))
    finite = generic(t, s, seed=3).astype(dtype) * data.draw(st.sampled_from([0, 1]))
    found = []
    for mask in (
        allowed,
        np.where(allowed, 0, -np.inf),
        tg.Tensor(np.where(allowed, finite, -np.inf), requires_grad=True, dtype=dtype),
    ):
        q, k, v = (tg.Tensor(generic(n, d, seed=n), requires_grad=True, dtype=dtype) for n in (t, s, s))
        y = tg.scaled_dot_product_attention(q, k, v, mask=mask, is_causal=causal)
        y.backward(generic(t, d, seed=9).astype(dtype))
        found.append([y.data, q.grad.data, k.grad.data, v.grad.data])
        none = ~(allowed & np.tri(t, s, dtype=bool) if causal else allowed).any(-1)
        assert not y.data[none].any()
        assert not q.grad.data[none].any()
        assert all(np.isfinite(x).all() for x in found[-1])
    for boolean, infinite, learned in zip(*found):
        np.testing.assert_array_equal(boolean, infinite)
        if not finite.any():
            np.testing.assert_array_equal(boolean, learned)
    assert mask.grad is not None
    assert np.isfinite(mask.grad.data).all()
    assert not mask.grad.data[~allowed].any()


@given(hnp.arrays(bool, (3, 2)), hnp.arrays(bool, (2, 2)), st.booleans())
def test_masks_of_infinities_and_of_booleans_give_the_same_to_layers(ignored, padding, causal):
    layer, x, y = (
        nn.MultiheadAttention(4, 2, rng=0, dtype=np.float64),
        generic(3, 2, 4),
        generic(2, 2, 4, seed=1),
    )
    masks = [
        (padding, ignored),
        (np.where(padding, -np.inf, 0), np.where(ignored, -np.inf, 0)),
        (padding, np.where(ignored, -np.inf, 0)),
    ]
    (first, weights), *others = [layer(x, y, y, p, attn_mask=m, is_causal=causal) for p, m in masks]
    for out, w in others:
        np.testing.assert_array_equal(first.data, out.data)
        np.testing.assert_array_equal(weights.data, w.data)
    alone = weights.data.sum(-1).T == 0  # (t, b): those that may attend to nothing
    assert np.all(first.data[alone] == layer.out_proj.bias.data)


def test_what_is_masked_by_infinity_has_no_influence():
    q, k = np.ones((1, 2)), np.array([[np.inf, 1.0], [1.0, 1.0], [np.nan, 0.0]])
    y = tg.scaled_dot_product_attention(
        q, k, np.array([[1.0], [2.0], [3.0]]), mask=np.array([-np.inf, 0.0, -np.inf])
    )
    assert y.tolist() == [[2.0]]


def test_attention_to_no_keys_is_zero():
    query, none = (
        tg.Tensor(np.ones((2, 3, 4), np.float32), requires_grad=True),
        np.zeros((2, 0, 4), np.float32),
    )
    y = tg.scaled_dot_product_attention(query, none, none)
    y.sum().backward()
    assert (y.shape, y.data.any(), query.grad.data.any()) == ((2, 3, 4), False, False)
    layer = nn.MultiheadAttention(4, 2, batch_first=True, rng=0)
    layer.out_proj.bias.data[:] = [1, 2, 3, 4]
    y, weights = layer(query, none, none)
    assert (y.shape, weights.shape, y.data[1, 2].tolist()) == ((2, 3, 4), (2, 3, 0), [1, 2, 3, 4])
    assert layer(none, none, none)[0].shape == (2, 0, 4)


def test_dropout_of_attention_weights():
    q, ones = np.zeros((50, 2)), np.ones((40, 1))
    attend = lambda p, rng: tg.scaled_dot_product_attention(q, np.zeros((40, 2)), ones, dropout_p=p, rng=rng)
    np.testing.assert_array_equal(attend(0.5, 0), attend(0.5, 0))
    assert abs(attend(0.5, 0).mean() - 1) < 0.1
    assert attend(0.5, 0).std() > 0.05
    np.testing.assert_allclose(attend(0.0, 0), 1, rtol=1e-12)
    assert not attend(1.0, 0).any()


def test_wrong_shapes_of_scaled_dot_product_attention():
    with pytest.raises(errors.ShapeError, match=r"of one length d; got shapes \(2, 3\) and \(2, 4\)"):
        tg.scaled_dot_product_attention(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 4)))
    with pytest.raises(
        errors.ShapeError,
        match=r"a mask of shape \(3, 3\) does not broadcast to the scores, of shape \(2, 2\)",
    ):
        tg.scaled_dot_product_attention(
            np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), mask=np.ones((3, 3), bool)
        )
    with pytest.raises(errors.DTypeError, match=r"a mask is boolean, or floating .* got int64"):
        tg.scaled_dot_product_attention(
            np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), mask=np.ones((2, 2), int)
        )


# ---- multi-head attention ----------------------------------------------------------------------------------


@given(st.data())
def test_multihead_attention_is_its_equation(data):
    """Drawn settings, shapes and masks, in loops over examples and heads."""
    draw = data.draw
    t, s, b, heads, d = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
    )
    e, batch_first, bias = heads * d, draw(st.booleans()), draw(st.booleans())
    kdim, vdim = draw(st.sampled_from([(None, None), (3, None), (2, 5)]))
    module = sines(
        nn.MultiheadAttention(
            e, heads, bias=bias, kdim=kdim, vdim=vdim, batch_first=batch_first, dtype=np.float64
        )
    )
    same = draw(st.booleans()) and kdim is None
    query = generic(t, b, e, seed=draw(st.integers(0, 99)))
    key, value = (
        (query, query) if same else (generic(s, b, module.kdim, seed=1), generic(s, b, module.vdim, seed=2))
    )
    s = len(key)
    padding = draw(st.sampled_from([None, generic(b, s, seed=3) > 0, generic(b, s, seed=3)]))
    mask = draw(st.sampled_from([None, generic(t, s, seed=4) > 0.5, generic(b * heads, t, s, seed=5)]))
    allowed, added = np.ones((b, heads, t, s), bool), np.zeros((b, heads, t, s))
    if causal := draw(st.booleans()):
        allowed &= np.arange(s) <= np.arange(t)[:, None]
    for given_, full in (
        (padding, (b, 1, 1, s)),
        (mask, (1, 1, t, s) if mask is not None and mask.ndim == 2 else (b, heads, t, s)),
    ):
        if given_ is not None and given_.dtype == bool:
            allowed &= ~given_.reshape(full)
        elif given_ is not None:
            added = added + given_.reshape(full)
    expected, weights = attention_by_hand(module, query, key, value, allowed, added)
    turn = (lambda x: x.swapaxes(0, 1)) if batch_first else (lambda x: x)
    inputs = [turn(query)] * 3 if same else [turn(x) for x in (query, key, value)]
    y, w = module(*inputs, key_padding_mask=padding, attn_mask=mask, is_causal=causal)
    np.testing.assert_allclose(turn(y.data), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(w.data, weights.mean(1), rtol=1e-10, atol=1e-12)
    _, w = module(*inputs, padding, attn_mask=mask, is_causal=causal, average_attn_weights=False)
    np.testing.assert_allclose(w.data, weights, rtol=1e-10, atol=1e-12)


@fewer
@given(st.data())
def test_gradients_of_drawn_multihead_attention(data):
    draw = data.draw
    batch_first, bias = draw(st.booleans()), draw(st.booleans())
    kind = draw(st.sampled_from(["self", "cross", "other lengths"]))
    kdim, vdim = (3, 2) if kind == "other lengths" else (None, None)
    module = sines(
        nn.MultiheadAttention(
            4, 2, bias=bias, kdim=kdim, vdim=vdim, batch_first=batch_first, dtype=np.float64
        )
    )
    mask = draw(st.sampled_from([None, np.array([[False, True], [True, True]])]))
    how = {"attn_mask": mask, "average_attn_weights": draw(st.booleans())}
    parameters, rebuild = module.__tree__()
    weights, inputs = (
        [p.data for p in parameters],
        (generic(2, 2, 4), generic(2, 2, module.kdim, seed=1), generic(2, 2, module.vdim, seed=2)),
    )
    if kind == "self":
        tg.gradcheck(lambda x, *values: rebuild(values)(x, x, x, **how), inputs[0], *weights)
    else:
        tg.gradcheck(lambda q, k, v, *values: rebuild(values)(q, k, v, **how), *inputs, *weights)


def test_multihead_attention_is_pytorchs_number_by_number():
    module = sines(nn.MultiheadAttention(4, 2, dtype=np.float64))
    q = tg.Tensor(waves(2, 1, 4), requires_grad=True)
    y, w = module(
        q, waves(3, 1, 4, phase=1.0), waves(3, 1, 4, phase=2.0), key_padding_mask=[[False, False, True]]
    )
    y.sum().backward()
    expected = [
        0.089129951335,
        0.40471415291,
        0.575165422044,
        -0.542958087076,
        -0.119799191312,
        0.48413248948,
        0.680271986533,
        -0.759780894425,
    ]
    np.testing.assert_allclose(y.data.ravel(), expected, rtol=1e-10)
    np.testing.assert_allclose(
        w.data.ravel(), [0.238252031769, 0.761747968231, 0, 0.688068594416, 0.311931405584, 0], rtol=1e-10
    )
    slopes = [
        0.103804709712,
        0.006906470721,
        -0.0963415456,
        -0.111013589199,
        0.084379827293,
        0.000462679052,
        -0.083879854176,
        -0.091103636306,
    ]
    np.testing.assert_allclose(q.grad.data.ravel(), slopes, rtol=1e-9)


def test_unbatched_arrays_have_no_batch_axis_anywhere():
    for batch_first in (False, True):
        module = nn.MultiheadAttention(4, 2, batch_first=batch_first, rng=0)
        q, k = generic(3, 4), generic(5, 4)
        y, w = module(q, k, k, key_padding_mask=np.arange(5) > 3)
        batched, weights = module(
            *(np.expand_dims(x, 0 if batch_first else 1) for x in (q, k, k)),
            key_padding_mask=[np.arange(5) > 3],
        )
        np.testing.assert_array_equal(y.data, batched.data.reshape(3, 4))
        np.testing.assert_array_equal(w.data, weights.data[0])
        assert module(q, k, k, average_attn_weights=False)[1].shape == (2, 3, 5)


def test_a_query_that_may_attend_to_no_key():
    """Zeros, where PyTorch has NaN: the output is the bias alone, and no gradient is NaN."""
    module = sines(nn.MultiheadAttention(4, 2, dtype=np.float64))
    x = tg.Tensor(generic(2, 1, 4), requires_grad=True)
    y, w = module(x, x, x, attn_mask=[[True, True], [False, False]])
    y.backward(generic(2, 1, 4))
    assert not w.data[0, 0].any()
    np.testing.assert_array_equal(y.data[0, 0], module.out_proj.bias.data)
    assert np.isfinite(x.grad.data).all()


def test_one_projection_of_the_same_array_equals_three():
    module, x = sines(nn.MultiheadAttention(6, 3, dtype=np.float64)), generic(4, 2, 6)
    np.testing.assert_allclose(module(x, x, x)[0].data, module(x, x.copy(), x.copy())[0].data, rtol=1e-12)


def test_weights_are_returned_only_where_they_are_wanted():
    module, x = nn.MultiheadAttention(4, 2, rng=0), generic(3, 2, 4)
    assert module(x, x, x, need_weights=False)[1] is None
    np.testing.assert_array_equal(module(x, x, x, need_weights=False)[0].data, module(x, x, x)[0].data)


def test_dropout_in_training_only():
    module, x = nn.MultiheadAttention(4, 2, dropout=0.5, rng=0), generic(3, 2, 4)
    assert not np.array_equal(module(x, x, x)[0].data, module(x, x, x)[0].data)
    module.eval()
    assert module(x, x, x)[0].data.tobytes() == module(x, x, x)[0].data.tobytes()
    np.testing.assert_allclose(module(x, x, x)[1].data.sum(-1), 1, rtol=1e-6)


def test_state_and_initial_weights_are_pytorchs():
    module = nn.MultiheadAttention(64, 4, rng=0)
    assert {k: v.shape for k, v in module.state_dict().items()} == {
        "in_proj_weight": (192, 64), "in_proj_bias": (192,), "out_proj.weight": (64, 64),
        "out_proj.bias": (64,),
    }  # fmt: skip
    assert list(nn.MultiheadAttention(4, 2, kdim=3, vdim=2).state_dict()) == [
        "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias",
    ]  # fmt: skip
    assert list(nn.MultiheadAttention(4, 2, bias=False).state_dict()) == ["in_proj_weight", "out_proj.weight"]
    bound = math.sqrt(6 / (192 + 64))  # Xavier, of the three as one
    assert bound * 0.98 < np.abs(module.in_proj_weight.data).max() <= bound
    assert not module.in_proj_bias.data.any()
    assert not module.out_proj.bias.data.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m(np.ones((3, 2, 5)), np.ones((3, 2, 4)), np.ones((3, 2, 4))),
            r"^MultiheadAttention expects query, .*got \(3, 2, 5\)",
        ),
        (lambda m: m(np.ones((3, 2, 4)), np.ones((5, 2, 4)), np.ones((3, 2, 4))), "equally many"),
        (
            lambda m: m(np.ones((3, 2, 4)), np.ones((3, 1, 4)), np.ones((3, 1, 4))),
            r"\(t, b, 4\), \(t, b, 4\), \(t, b, 4\)",
        ),
        (lambda m: m(np.ones((3, 4)), np.ones((3, 2, 4)), np.ones((3, 2, 4))), "or all without b"),
        (
            lambda m: m(*[np.ones((3, 2, 4))] * 3, attn_mask=np.ones((3, 2), bool)),
            r"attn_mask of shape \(3, 3\) or \(4, 3, 3\), got \(3, 2\)",
        ),
        (
            lambda m: m(*[np.ones((3, 2, 4))] * 3, np.ones((3, 2), bool)),
            r"expects key_padding_mask of shape \(2, 3\), got \(3, 2\)",
        ),
    ],
)
def test_wrong_shapes_say_what_was_expected(call, message):
    with pytest.raises(errors.ShapeError, match=message):
        call(nn.MultiheadAttention(4, 2))


def test_wrong_settings_are_refused():
    with pytest.raises(
        errors.ArgumentError, match="MultiheadAttention: embed_dim 10 is not divisible by num_heads 4"
    ):
        nn.MultiheadAttention(10, 4)
    with pytest.raises(errors.ArgumentError, match="probability"):
        nn.MultiheadAttention(4, 2, dropout=2.0)
    with pytest.raises(
        errors.ArgumentError, match="activation is one of relu, gelu, or a callable; got 'tanh'"
    ):
        nn.TransformerEncoderLayer(4, 2, activation="tanh")
    with pytest.raises(errors.DTypeError, match="MultiheadAttention: attn_mask: a mask is boolean"):
        nn.MultiheadAttention(4, 2)(*[np.ones((3, 2, 4))] * 3, attn_mask=np.ones((3, 3), int))
    with pytest.raises(errors.DTypeError, match="MultiheadAttention has float32 parameters"):
        nn.MultiheadAttention(4, 2)(*[tg.Tensor(np.ones((3, 2, 4)), requires_grad=True)] * 3)


# ---- transformers ------------------------------------------------------------------------------------------


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


# ---- positions ---------------------------------------------------------------------------------------------


def test_positional_encoding():
    """One number at a time; and y[t + k] is a rotation of y[t] that does not depend on t."""
    y = tg.positional_encoding(20, 6, dtype=np.float64)
    for t, i in np.ndindex(20, 3):
        angle = t / 10000 ** (2 * i / 6)
        np.testing.assert_allclose(y[t, 2 * i : 2 * i + 2], [math.sin(angle), math.cos(angle)], atol=1e-15)
    np.testing.assert_allclose(y[3:] @ y[3:].T, y[:-3] @ y[:-3].T, atol=1e-12)
    assert tg.positional_encoding(2, 3).dtype == np.float32
    np.testing.assert_allclose(
        tg.positional_encoding(2, 3)[1], [math.sin(1), math.cos(1), math.sin(10000 ** (-2 / 3))], rtol=1e-6
    )
    with pytest.raises(
        errors.ArgumentError,
        match="positional_encoding: length is at least 0 and dim at least 1; got 3 and 0",
    ):
        tg.positional_encoding(3, 0)
