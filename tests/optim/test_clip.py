"""Clipping of gradients, against NumPy's norms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinygrad_edu as tg
from tinygrad_edu import errors
from tinygrad_edu.optim import clip_grad_norm, clip_grad_value


def with_gradients(*gradients):
    params = []
    for g in gradients:
        array = np.asarray(g)
        p = tg.Tensor(np.zeros_like(array), requires_grad=True)
        p.grad = tg.Tensor(array)
        params.append(p)
    return params


def test_clipping_returns_the_norm_before_and_scales_exactly():  # O27
    params = with_gradients([3.0], [4.0])
    assert clip_grad_norm(params, 1) == 5.0
    assert [p.grad.item() for p in params] == [0.6, 0.8]
    assert clip_grad_norm(params, 1) == 1.0
    assert [p.grad.item() for p in params] == [0.6, 0.8]


def test_gradients_of_zero_stay_zero():  # O28
    params = with_gradients(np.zeros(3), np.zeros((2, 2)))
    assert clip_grad_norm(params, 1) == 0.0
    assert not any(p.grad.data.any() for p in params)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("norm_type", [1, 2, 3, math.inf])
def test_a_norm_that_is_not_finite_raises_and_nothing_is_touched(bad, norm_type):  # O29
    params = with_gradients([30.0, 40.0], [1.0, bad])
    with pytest.raises(
        errors.NonFiniteError,
        match=r"clip_grad_norm: 1 of 2 elements of the gradient of parameter 1, shape \(2,\)",
    ):
        clip_grad_norm(params, 1, norm_type=norm_type)
    np.testing.assert_array_equal(params[0].grad.data, [30, 40])
    np.testing.assert_array_equal(params[1].grad.data, [1, bad])


@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1.0, 1e20, 1e200])
@pytest.mark.parametrize("p", [0.5, 1, 2, 3, math.inf])
@given(
    g=arrays.arrays(
        np.float64,
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements=st.floats(-1, 1),
    ),
    max_norm=st.floats(1e-3, 1e3),
)
def test_norms_are_numpys(scale, p, g, max_norm):
    """Squares of large and small elements neither overflow nor vanish: the expected norm is
    that of the unscaled elements.
    """
    everything = np.concatenate([g.ravel(), [0.5, -0.25]])
    expected = np.linalg.norm(everything, p) * scale
    params = with_gradients(g * scale, np.array([0.5, -0.25]) * scale)
    np.testing.assert_allclose(clip_grad_norm(params, max_norm, norm_type=p), expected, rtol=1e-12)
    clipped = np.concatenate([q.grad.data.ravel() for q in params])
    np.testing.assert_allclose(clipped, everything * scale * min(1, max_norm / expected), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    "value", [200, 2.5]
)  # the square of 200 is beyond float16, and the sum of the others more than it can count
def test_gradients_keep_their_dtype(dtype, value):
    params = with_gradients(np.full(1000, value, dtype))
    np.testing.assert_allclose(clip_grad_norm(params, 1), value * math.sqrt(1000), rtol=1e-6)
    assert params[0].grad.dtype == dtype
    np.testing.assert_allclose(params[0].grad.data, np.full(1000, 1000**-0.5), rtol=1e-3)


def test_parameters_without_gradients_and_twice_the_same():
    (p,) = with_gradients([3.0, 4.0])
    bare = tg.Tensor([1.0], requires_grad=True)
    assert clip_grad_norm([p, bare, p], 10) == 5.0
    assert clip_grad_norm([bare], 10) == 0.0
    assert clip_grad_norm(p, math.inf) == 5.0
    np.testing.assert_array_equal(p.grad.data, [3, 4])
    assert bare.grad is None


def test_values_are_clipped_and_infinities_too():
    params = with_gradients([3.0, -0.5, -np.inf], [[0.25]])
    clip_grad_value(params, 1)
    np.testing.assert_array_equal(params[0].grad.data, [1, -0.5, -1])
    np.testing.assert_array_equal(params[1].grad.data, [[0.25]])
    params = with_gradients([3.0], [2.0, np.nan])
    with pytest.raises(
        errors.NonFiniteError, match=r"clip_grad_value: 1 of 2 elements of the gradient of parameter 1"
    ):
        clip_grad_value(params, 1)
    np.testing.assert_array_equal(params[0].grad.data, [3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: clip_grad_norm(p, 0), "max_norm is above 0"),
        (lambda p: clip_grad_norm(p, math.nan), "max_norm is above 0"),
        (lambda p: clip_grad_norm(p, 1, norm_type=0), "norm_type is above 0"),
        (lambda p: clip_grad_value(p, -1), "clip_value is above 0"),
        (lambda _: clip_grad_norm(iter([]), 1), "no parameters"),
        (lambda _: clip_grad_value([], 1), "no parameters"),
    ],
)
def test_settings_out_of_range(call, message):
    with pytest.raises(errors.ArgumentError, match=message):
        call(with_gradients([1.0]))


def test_a_graph_of_the_gradient_knows_that_it_was_changed():
    x = tg.Tensor([3.0, 4.0], requires_grad=True)
    np.sum(x**3).backward(create_graph=True)
    penalty = np.sum(x.grad**2)
    clip_grad_norm([x], 1)
    with pytest.raises(errors.InPlaceError):
        penalty.backward()
    x.grad = None


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_a_model_in_the_place_of_its_parameters_is_named(clip):
    model = tg.nn.Sequential(tg.nn.Linear(2, 1))
    with pytest.raises(
        errors.ArgumentError, match=rf"{clip.__name__}: .*; got Sequential. Give its parameters"
    ):
        clip(model, 1.0)
    with pytest.raises(
        errors.ArgumentError, match=rf"{clip.__name__}: .*; got method. Call it: model.parameters\(\)"
    ):
        clip(model.parameters, 1.0)
