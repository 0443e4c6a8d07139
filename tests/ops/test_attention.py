"""Masked softmax, scaled dot-product attention and positions, against their equations
and PyTorch's numbers.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.helpers import generic, softmax_by_hand, waves
from tinygrad_edu import errors, nn

# Examples of what is checked parameter by parameter, which takes long.
fewer = settings(max_examples=max(1, settings.default.max_examples // 5))

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
    q = generic(*batch, t, d, seed=seed)
    k = generic(*batch, s, d, seed=seed + 9)
    v = generic(*batch, s, 2, seed=seed + 99)
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
    layer = nn.MultiheadAttention(4, 2, rng=0, dtype=np.float64)
    x = generic(3, 2, 4)
    y = generic(2, 2, 4, seed=1)
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
    query = tg.Tensor(np.ones((2, 3, 4), np.float32), requires_grad=True)
    none = np.zeros((2, 0, 4), np.float32)
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


# ---- positions ---------------------------------------------------------------------------------------------


def test_positional_encoding_is_sines_and_cosines():
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
