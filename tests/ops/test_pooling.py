"""Pooling and flattening: values, ties, padding, derivatives, errors, and the layers."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import message_of
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.ops import pooling
from tinygrad_edu.ops.window import Windows

RNG = np.random.default_rng(0)
half = settings(max_examples=settings.default.max_examples // 2)  # each checks many elements


def normal(*shape):
    return RNG.standard_normal(shape)


def count(n, kernel, stride, padding, dilation, ceil_mode):
    """How many windows there are on n elements: those that end within the padding; in ceil mode those
    that start before it.
    """
    reach = dilation * (kernel - 1) + 1
    starts = range(-padding, n + padding, stride)
    inside = [s for s in starts if s + reach <= n + padding]
    more = (
        [s for s in starts if s not in inside and s < n][:1]
        if ceil_mode and inside[-1] + reach < n + padding
        else []
    )
    return len(inside + more)


def by_hand(pool, x, kernel, stride, padding, dilation=(1, 1), ceil_mode=False):
    """Each window on its own: ``pool`` of the elements in the image,
    and of how many places are in it or its padding.
    """
    (kh, kw), (sh, sw), (ph, pw), (dh, dw), (h, w) = kernel, stride, padding, dilation, x.shape[2:]
    counts = [count(*along, ceil_mode) for along in zip((h, w), kernel, stride, padding, dilation)]
    out = np.empty((*x.shape[:2], *counts))
    for n, c, r, q in np.ndindex(*out.shape):
        rows, columns = [r * sh - ph + i * dh for i in range(kh)], [q * sw - pw + j * dw for j in range(kw)]
        elements = [x[n, c, a, b] for a, b in product(rows, columns) if 0 <= a < h and 0 <= b < w]
        padded = sum(a < h + ph and b < w + pw for a, b in product(rows, columns))
        out[n, c, r, q] = pool(elements, padded)
    return out


@st.composite
def configurations(draw, dilated=True):
    """The shape of images, and settings that fit them."""
    pair = lambda low, high: draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    kernel, stride, rest = pair(1, 3), pair(1, 3), pair(0, 4)
    dilation = pair(1, 2) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, k // 2 if d == 1 else 0)) for k, d in zip(kernel, dilation))
    sizes = (max(1, d * (k - 1) + 1 - p + r) for k, d, p, r in zip(kernel, dilation, padding, rest))
    return (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sizes), {
        "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation,
        "ceil_mode": draw(st.booleans()),
    }  # fmt: skip


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_ceil_mode_beside_padding_has_one_window_more_where_it_starts_in_the_image(kernel):
    for n, stride, padding in product(range(1, 8), range(1, 5), range(kernel // 2 + 1)):
        if n + 2 * padding < kernel:
            continue
        x = normal(1, 1, 1, n)
        settings = {"padding": (0, padding), "ceil_mode": True}
        along = [(1, kernel), (1, stride), (0, padding)]
        largest = by_hand(lambda elements, padded: max(elements), x, *along, ceil_mode=True)
        np.testing.assert_array_equal(tg.max_pool2d(x, (1, kernel), (1, stride), **settings), largest)
        np.testing.assert_array_equal(
            tg.max_pool1d(x[:, :, 0], kernel, stride, padding=padding, ceil_mode=True), largest[:, :, 0]
        )
        for counted in (True, False):
            mean = by_hand(
                lambda elements, padded, counted=counted: (
                    sum(elements) / (padded if counted else len(elements))
                ),
                x,
                *along,
                ceil_mode=True,
            )
            actual = tg.avg_pool2d(x, (1, kernel), (1, stride), count_include_pad=counted, **settings)
            np.testing.assert_allclose(actual, mean, rtol=1e-12)


def test_a_window_with_nan_is_nan_and_so_is_its_gradient_as_of_a_maximum():
    x = tg.Tensor([[1.0, np.nan, 3.0, 2.0, np.nan, np.nan]], requires_grad=True)
    y = tg.max_pool1d(x, 2)
    y.backward([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(y.data, [[np.nan, 3, np.nan]])
    np.testing.assert_array_equal(x.grad.data, [[np.nan, np.nan, 2, 0, np.nan, np.nan]])


# ---- values ------------------------------------------------------------------------------------------------


@given(configurations())
def test_max_pool2d_is_the_maximum_of_each_window(configuration):
    shape, settings = configuration
    x = normal(*shape)
    expected = by_hand(lambda elements, _: max(elements, default=-np.inf), x, *settings.values())
    np.testing.assert_array_equal(tg.max_pool2d(x, **settings), expected)


@given(configurations(dilated=False), st.booleans())
def test_avg_pool2d_is_the_mean_of_each_window(configuration, count_include_pad):
    shape, settings = configuration
    x = normal(*shape)
    mean = lambda elements, places: sum(elements) / (places if count_include_pad else len(elements))
    expected = by_hand(mean, x, *settings.values())
    del settings["dilation"]
    np.testing.assert_allclose(
        tg.avg_pool2d(x, **settings, count_include_pad=count_include_pad), expected, rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 9], ids=str)
def test_adaptive_avg_pool_takes_means_of_slices(size):
    x = normal(2, 3, 7)
    starts, stops = [i * 7 // size for i in range(size)], [-(-(i + 1) * 7 // size) for i in range(size)]
    expected = np.stack([x[..., a:b].mean(-1) for a, b in zip(starts, stops)], -1)
    np.testing.assert_allclose(tg.adaptive_avg_pool1d(x, size), expected, rtol=1e-12)
    image = normal(2, 3, 7, 4)
    rows = np.stack([image[..., a:b, :].mean(-2) for a, b in zip(starts, stops)], -2)
    np.testing.assert_allclose(tg.adaptive_avg_pool2d(image, (size, None)), rows, rtol=1e-12)
    np.testing.assert_allclose(
        tg.adaptive_avg_pool2d(image, (size, 1)), rows.mean(-1, keepdims=True), rtol=1e-12
    )


def test_pooling_of_sequences():
    x = np.array([[[1.0, 3, 2, 0, 5]]])
    np.testing.assert_array_equal(tg.max_pool1d(x, 2), [[[3, 2]]])
    np.testing.assert_array_equal(tg.max_pool1d(x, 2, ceil_mode=True), [[[3, 2, 5]]])
    np.testing.assert_array_equal(tg.max_pool1d(-x, 3, 2, padding=1), [[[-1, 0, 0]]])
    np.testing.assert_array_equal(tg.avg_pool1d(x, 2, 1), [[[2, 2.5, 1, 2.5]]])
    np.testing.assert_array_equal(tg.avg_pool1d(x, 3, 4, padding=1), [[[4 / 3, 5 / 3]]])
    np.testing.assert_array_equal(tg.avg_pool1d(x, 3, 4, padding=1, count_include_pad=False), [[[2, 2.5]]])


# ---- derivatives -------------------------------------------------------------------------------------------


def distinct(*shape):
    return RNG.permutation(np.prod(shape)).reshape(shape) / 8 - 1


@half
@given(configurations())
def test_max_pool2d_has_derivatives_of_first_and_second_order(configuration):
    shape, settings = configuration
    tg.gradcheck(lambda x: tg.max_pool2d(x, **settings) ** 2, distinct(*shape))


@given(configurations())
def test_fast_and_plain_maximum_agree_to_the_second_derivative(configuration):
    shape, settings = configuration
    along = [(p, p) for p in settings["padding"]]
    windows = Windows(settings["kernel_size"], settings["stride"], tuple(along), settings["dilation"])
    x, v = distinct(*shape), normal(*shape)
    fast, plain = (
        (lambda x, pool=pool: np.sum(np.sin(pool(x, windows))))
        for pool in (pooling.maximum_over, pooling.plain_maximum_over)
    )
    np.testing.assert_allclose(tg.grad(fast)(x).data, tg.grad(plain)(x).data, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        tg.hvp(fast, (x,), (v,))[0].data, tg.hvp(plain, (x,), (v,))[0].data, rtol=1e-12, atol=1e-12
    )


@half
@given(configurations(dilated=False))
def test_avg_pool2d_has_derivatives_of_first_and_second_order(configuration):
    shape, settings = configuration
    del settings["dilation"]
    tg.gradcheck(lambda x: tg.avg_pool2d(x, **settings, count_include_pad=False) ** 2, normal(*shape))


def test_adaptive_avg_pool2d_has_derivatives_of_first_and_second_order():
    tg.gradcheck(lambda x: tg.adaptive_avg_pool2d(x, (2, 3)) ** 2, normal(2, 1, 5, 4))


def gradient(function, x, g=None):
    x = tg.Tensor(x, requires_grad=True)
    y = function(x)
    y.backward(np.ones(y.shape) if g is None else g)
    return x.grad.data


def test_first_of_equal_elements_gets_the_gradient():
    pool = lambda x: tg.max_pool2d(x, 2, 1)
    np.testing.assert_array_equal(
        gradient(pool, np.zeros((1, 3, 3)), [[[1.0, 10.0], [100.0, 1000.0]]]),
        [[[1, 10, 0], [100, 1000, 0], [0, 0, 0]]],
    )
    np.testing.assert_array_equal(gradient(pool, [[[1.0, 2.0], [2.0, 2.0]]]), [[[0, 1, 0, 0][:2], [0, 0]]])


def test_gradient_of_overlapping_windows_adds_up():
    x = np.array([[[0.0, 1, 0], [0, 0, 0], [0, 0, 2]]])
    np.testing.assert_array_equal(
        gradient(lambda x: tg.max_pool2d(x, 2, 1), x), [[[0, 2, 0], [1, 0, 0], [0, 0, 1]]]
    )


def test_elements_that_no_window_sees_get_zero():
    np.testing.assert_array_equal(
        gradient(lambda x: tg.max_pool2d(x, 2), distinct(1, 3, 3))[0, 2], np.zeros(3)
    )
    np.testing.assert_array_equal(
        gradient(lambda x: tg.avg_pool2d(x, 1, 2), np.ones((1, 3, 3))), [[[1, 0, 1], [0, 0, 0], [1, 0, 1]]]
    )


def test_minus_infinity_wins_over_the_padding():
    np.testing.assert_array_equal(tg.max_pool1d(np.full((1, 2), -np.inf), 2, padding=1), [[-np.inf, -np.inf]])


def test_kernel_of_more_places_than_a_byte_counts():
    x = np.zeros((1, 20, 20))
    x[0, 19, 19] = 1.0
    np.testing.assert_array_equal(gradient(lambda x: tg.max_pool2d(x, 20), x), x)


# ---- batches, layouts, dtypes ------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2)], ids=repr)
def test_batches_of_all_kinds(layer):
    x = normal(3, 2, 4, 4)
    expected = layer(x)
    np.testing.assert_array_equal(layer(x[1]), expected[1])
    np.testing.assert_array_equal(layer(np.asfortranarray(x)), expected)
    assert layer(x[:0]).shape == (0, 2, 2, 2)
    assert gradient(layer, x[:0]).shape == (0, 2, 4, 4)
    assert layer(x.astype(np.float32)).dtype == np.float32
    x32 = tg.Tensor(x.astype(np.float32), requires_grad=True)
    layer(x32).sum().backward()
    assert x32.grad.dtype == np.float32
    np.testing.assert_array_equal(
        layer(np.arange(16).reshape(1, 4, 4)), layer(np.arange(16.0).reshape(1, 4, 4))
    )


# ---- layers ------------------------------------------------------------------------------------------------


def test_layers_compute_what_the_functions_compute():
    x = normal(2, 3, 7, 7)
    np.testing.assert_array_equal(
        nn.MaxPool2d(3, 2, 1, ceil_mode=True)(x), tg.max_pool2d(x, 3, 2, padding=1, ceil_mode=True)
    )
    np.testing.assert_array_equal(nn.MaxPool2d(2, dilation=2)(x), tg.max_pool2d(x, 2, dilation=2))
    np.testing.assert_array_equal(
        nn.AvgPool2d(3, 2, 1, count_include_pad=False)(x),
        tg.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False),
    )
    np.testing.assert_array_equal(nn.AdaptiveAvgPool2d((2, None))(x), tg.adaptive_avg_pool2d(x, (2, 7)))
    np.testing.assert_array_equal(nn.MaxPool1d(2)(x[0]), tg.max_pool1d(x[0], 2))
    np.testing.assert_array_equal(nn.AvgPool1d(2, 1)(x[0]), tg.avg_pool1d(x[0], 2, 1))
    np.testing.assert_array_equal(nn.AdaptiveAvgPool1d(3)(x[0]), tg.adaptive_avg_pool1d(x[0], 3))


def test_repr_says_what_is_unusual():
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2)"
    shown = repr(nn.MaxPool1d(3, 2, 1, ceil_mode=True))
    assert shown == "MaxPool1d(kernel_size=3, stride=2, padding=1, ceil_mode=True)"
    shown = repr(nn.AvgPool2d(2, count_include_pad=False))
    assert shown == "AvgPool2d(kernel_size=2, count_include_pad=False)"
    assert repr(nn.AdaptiveAvgPool2d((1, None))) == "AdaptiveAvgPool2d(output_size=(1, None))"


def test_flatten():
    x = normal(2, 3, 4, 5)
    np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(2, 60))
    np.testing.assert_array_equal(nn.Flatten(0)(x), x.reshape(120))
    np.testing.assert_array_equal(nn.Flatten(-3, 2)(x), x.reshape(2, 12, 5))
    assert nn.Flatten()(x[:0]).shape == (0, 60)
    assert nn.Flatten()(np.ones(3)[:, None]).shape == (3, 1)
    np.testing.assert_array_equal(gradient(nn.Flatten(), x, x.reshape(2, 60)), x)
    with pytest.raises(ShapeError, match="Flatten expects an input with the axes 1 to -1, got \\(3,\\)"):
        nn.Flatten()(np.ones(3))
    with pytest.raises(ShapeError, match="axes 2 to 1"):
        nn.Flatten(2, 1)(x)


# ---- errors ------------------------------------------------------------------------------------------------


def test_image_smaller_than_the_kernel():
    message = message_of(ShapeError, nn.MaxPool2d(3), np.ones((5, 1, 2, 9)))
    assert message.startswith(
        "MaxPool2d expects an input of at least (3, 3) on the last axes, got (5, 1, 2, 9)"
    )
    assert message_of(ShapeError, tg.avg_pool1d, np.ones((1, 2)), 3).startswith(
        "avg_pool1d expects an input of at least length 3 on the last axis, got (1, 2)"
    )


def test_wrong_number_of_axes():
    message = message_of(ShapeError, nn.AvgPool2d(2), np.ones((4, 4)))
    assert message.startswith("AvgPool2d expects an input of shape (N, C, H, W) or (C, H, W), got (4, 4).\n")
    message = message_of(ShapeError, nn.AdaptiveAvgPool1d(2), np.ones(4))
    assert message.startswith("AdaptiveAvgPool1d expects an input of shape (N, C, L) or (C, L), got (4,).\n")


def test_settings_outside_their_range():
    message = message_of(ArgumentError, nn.MaxPool2d, 0)
    assert message == "MaxPool2d: kernel_size is an int of at least 1 or a pair of them; got 0."
    message = message_of(ArgumentError, nn.AvgPool1d, 2, 0)
    assert message == "AvgPool1d: stride is an int of at least 1; got 0."
    message = message_of(ArgumentError, tg.max_pool2d, np.ones((1, 5, 5)), 3, padding=2)
    assert message == "max_pool2d: padding is at most half of what the kernel 3 reaches over; got 2."
    message = message_of(ArgumentError, tg.adaptive_avg_pool2d, np.ones((1, 5, 5)), (0, 2))
    assert (
        message == "adaptive_avg_pool2d: output_size is an int of at least 1 or a pair of them; got (0, 2)."
    )
    assert "got (1, 2, 3)" in message_of(ArgumentError, tg.adaptive_avg_pool2d, np.ones((1, 5, 5)), (1, 2, 3))


# ---- where the maxima are ----------------------------------------------------------------------------------


@given(configurations())
def test_indices_say_where_the_maxima_are(configuration):
    shape, settings = configuration
    x = normal(*shape)
    y, indices = tg.max_pool2d(x, return_indices=True, **settings)
    assert indices.dtype.kind == "i"
    assert indices.shape == y.shape
    flat = x.reshape(*shape[:2], -1)
    np.testing.assert_array_equal(
        np.take_along_axis(flat, indices.reshape(*shape[:2], -1), 2), y.reshape(*shape[:2], -1)
    )


def test_indices_of_a_tensor_are_a_constant_of_integers():
    x = tg.Tensor(normal(2, 6), requires_grad=True)
    y, indices = tg.max_pool1d(x, 2, return_indices=True)
    assert isinstance(indices, tg.Tensor)
    assert not indices.requires_grad
    assert indices.dtype.kind == "i"
    np.testing.assert_array_equal(np.take_along_axis(x.data, indices.data, 1), y.data)
    np.sum(y).backward()
    expected = np.zeros((2, 6))
    np.put_along_axis(expected, indices.data, 1.0, 1)
    np.testing.assert_array_equal(x.grad.data, expected)


def test_indices_of_ties_nans_and_infinities():
    at = lambda x: tg.max_pool1d(np.array([x]), 3, stride=2, padding=1, return_indices=True)[1].tolist()[0]
    assert at([5.0, 5.0, 5.0, 5.0]) == [0, 1]  # the first of equal ones
    assert at([1.0, np.nan, 2.0, np.nan]) == [1, 1]
    assert at([-np.inf] * 4) == [0, 1]  # and not the padding
    _y, indices = tg.max_pool2d(np.full((1, 3, 3), -np.inf), 3, 2, padding=1, return_indices=True)
    assert indices.tolist() == [[[0, 1], [3, 4]]]
    x = tg.Tensor([[1.0, 3.0]], requires_grad=True)
    assert nn.MaxPool1d(2, return_indices=True)(x)[1].tolist() == [[1]]
    assert repr(nn.MaxPool1d(2, return_indices=True)) == "MaxPool1d(kernel_size=2, return_indices=True)"


def test_a_divisor_of_ones_own():
    x = normal(1, 2, 5, 4)
    settings = {"padding": 1, "ceil_mode": True}
    sums = tg.avg_pool2d(x, 2, divisor_override=1, **settings)
    np.testing.assert_allclose(sums[0, 0, 1, 1], x[0, 0, 1:3, 1:3].sum(), rtol=1e-13)
    np.testing.assert_allclose(tg.avg_pool2d(x, 2, divisor_override=5, **settings), sums / 5)
    np.testing.assert_allclose(tg.avg_pool1d(x[0, 0], 2, divisor_override=4), tg.avg_pool1d(x[0, 0], 2) / 2)
    assert tg.avg_pool2d(x.astype(np.float32), 2, divisor_override=3).dtype == np.float32
    for wrong in (0, 1.5):
        with pytest.raises(ArgumentError, match="AvgPool2d: divisor_override is an int of at least 1; got"):
            nn.AvgPool2d(2, divisor_override=wrong)
        with pytest.raises(ArgumentError, match="avg_pool1d: divisor_override is an int of at least 1; got"):
            tg.avg_pool1d(x[0, 0], 2, divisor_override=wrong)


# ---- other windows, other means ----------------------------------------------------------------------------


def test_adaptive_maxima_are_those_of_their_windows():
    x = normal(2, 3, 5, 7)
    y, indices = tg.adaptive_max_pool2d(x, (2, 3), return_indices=True)
    for r, q in np.ndindex(2, 3):
        window = x[:, :, r * 5 // 2 : -(-(r + 1) * 5 // 2), q * 7 // 3 : -(-(q + 1) * 7 // 3)]
        np.testing.assert_array_equal(y[:, :, r, q], window.max((2, 3)))
    flat = np.take_along_axis(x.reshape(2, 3, -1), indices.reshape(2, 3, -1), 2)
    np.testing.assert_array_equal(flat.reshape(y.shape), y)
    np.testing.assert_array_equal(
        tg.adaptive_max_pool1d(x[0, 0], 3), tg.adaptive_max_pool2d(x[:1, 0], (None, 3))[0]
    )
    tied = tg.Tensor(np.ones((1, 1, 2, 3)), requires_grad=True)
    np.sum(nn.AdaptiveMaxPool2d(1)(tied)).backward()
    assert tied.grad.tolist() == [[[[1, 0, 0], [0, 0, 0]]]]
    assert (
        repr(nn.AdaptiveMaxPool1d(2, return_indices=True))
        == "AdaptiveMaxPool1d(output_size=2, return_indices=True)"
    )
    with pytest.raises(ShapeError, match="AdaptiveMaxPool1d expects an input that is not empty"):
        nn.AdaptiveMaxPool1d(2)(np.ones((1, 2, 0)))
    with pytest.raises(ShapeError, match="adaptive_max_pool2d expects an input that is not empty"):
        tg.adaptive_max_pool2d(np.ones((1, 0, 2)), 1)


def test_norms_over_windows():
    x = normal(2, 3, 4, 6)
    for p in (1.5, 2, 4):
        norms = np.linalg.norm(x.reshape(2, 3, 2, 2, 3, 2).swapaxes(3, 4).reshape(2, 3, 2, 3, 4), p, -1)
        np.testing.assert_allclose(tg.lp_pool2d(x, p, 2), norms, rtol=1e-12)
    sums = (x[0, :, 0, 0:3] ** 3).sum(-1)
    np.testing.assert_allclose(tg.lp_pool1d(x[0, :, 0], 3, 3)[:, 0], np.cbrt(sums), rtol=1e-12)
    assert tg.lp_pool1d(np.array([[60, 80]], np.int8), 2, 2).tolist() == [[100]]  # 60² is no int8
    zeros = tg.Tensor(np.zeros((1, 4)), requires_grad=True)
    y = nn.LPPool1d(2, 2)(zeros)
    np.sum(y).backward()
    assert y.tolist() == [[0, 0]]
    assert zeros.grad.tolist() == [[0, 0, 0, 0]]
    assert repr(nn.LPPool2d(2, 3, stride=1)) == "LPPool2d(norm_type=2, kernel_size=3, stride=1)"
    with pytest.raises(ArgumentError, match="lp_pool1d: norm_type is a number of at least 1; got 0"):
        tg.lp_pool1d(x[0, 0], 0, 2)
    for wrong in (0.5, np.inf, "2"):
        with pytest.raises(ArgumentError, match="LPPool2d: norm_type is a number of at least 1; got"):
            nn.LPPool2d(wrong, 2)
