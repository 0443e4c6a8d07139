"""Multi-head attention, against its equation in loops, closed forms and PyTorch's numbers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import generic, sines, softmax_by_hand, waves
from tinygrad_edu import errors, nn

# Examples of what is checked parameter by parameter, which takes long.
fewer = settings(max_examples=max(1, settings.default.max_examples // 5))


def attention_by_hand(module, query, key, value, allowed=True, added=0.0):
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
    allowed, more = (
        np.broadcast_to(allowed, (b, heads, t, s)),
        (module.bias_k is not None) + module.add_zero_attn,
    )
    allowed, added = (
        np.concatenate([np.broadcast_to(mask, (b, heads, t, s)), np.full((b, heads, t, more), value)], -1)
        for mask, value in ((allowed, True), (added, 0.0))
    )
    s += more
    out, all_weights = np.zeros((t, b, e)), np.zeros((b, heads, t, s))
    for i, h in itertools.product(range(b), range(heads)):
        q, k, v = (
            (x[:, i] @ w.T + bias)[:, h * d : (h + 1) * d]
            for x, w, bias in zip((query, key, value), weights, biases)
        )
        for learned, there in ((True, module.bias_k is not None), (False, module.add_zero_attn)):
            if there:
                row = slice(h * d, (h + 1) * d)
                k = np.vstack([k, module.bias_k.data[0, 0, row] if learned else np.zeros(d)])
                v = np.vstack([v, module.bias_v.data[0, 0, row] if learned else np.zeros(d)])
        scores = q @ k.T / math.sqrt(d) + added[i, h]
        all_weights[i, h] = softmax_by_hand(scores, allowed[i, h])
        out[:, i, h * d : (h + 1) * d] = all_weights[i, h] @ v
    mixed = out @ module.out_proj.weight.data.T
    return mixed if module.out_proj.bias is None else mixed + module.out_proj.bias.data, all_weights


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
    more = {name: draw(st.booleans()) for name in ("add_bias_kv", "add_zero_attn")}
    module = sines(
        nn.MultiheadAttention(
            e, heads, bias=bias, kdim=kdim, vdim=vdim, batch_first=batch_first, dtype=np.float64, **more
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
    lengths = draw(st.one_of(st.none(), st.lists(st.integers(0, s), min_size=b, max_size=b)))
    if lengths is not None:
        allowed &= (np.arange(s) < np.array(lengths)[:, None])[:, None, None]
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
    how = {"attn_mask": mask, "is_causal": causal, "lengths": lengths}
    y, w = module(*inputs, key_padding_mask=padding, **how)
    np.testing.assert_allclose(turn(y.data), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(w.data, weights.mean(1), rtol=1e-10, atol=1e-12)
    _, w = module(*inputs, padding, average_attn_weights=False, **how)
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
    weights = [p.data for p in parameters]
    inputs = (generic(2, 2, 4), generic(2, 2, module.kdim, seed=1), generic(2, 2, module.vdim, seed=2))
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
    more = nn.MultiheadAttention(4, 2, add_bias_kv=True)
    assert list(more.state_dict()) == [
        "in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj.weight", "out_proj.bias",
    ]  # fmt: skip
    assert more.bias_k.shape == more.bias_v.shape == (1, 1, 4)
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
