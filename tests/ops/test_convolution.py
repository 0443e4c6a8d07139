"""Convolution: values, derivatives of any order, settings and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

import tinygrad_edu as tg
from tests.helpers import message_of
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_edu.ops import convolution, patches
from tinygrad_edu.ops.window import Windows

RNG = np.random.default_rng(0)
half = settings(max_examples=settings.default.max_examples // 2)  # each checks many elements


def normal(*shape):
    return RNG.standard_normal(shape)


def definition(x, weight, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """The sum over windows, as NumPy says it: pad, look through windows, einsum."""
    (ph, pw), (dh, dw), (kh, kw) = padding, dilation, weight.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    seen = sliding_window_view(x, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))[
        :, :, :: stride[0], :: stride[1], ::dh, ::dw
    ]
    pairs = zip(np.split(seen, groups, 1), np.split(weight, groups, 0))
    return np.concatenate([np.einsum("ncrqij,ocij->norq", s, w) for s, w in pairs], 1)


@st.composite
def configurations(draw):
    """Shapes of images and weights, and settings that fit them."""
    pair = lambda low, high: draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    groups, per_group, outputs, n = (draw(st.integers(1, 2)) for _ in range(4))
    kernel, stride, padding, dilation, rest = pair(1, 3), pair(1, 3), pair(0, 2), pair(1, 2), pair(0, 4)
    sizes = (max(1, d * (k - 1) + 1 - 2 * p + r) for d, k, p, r in zip(dilation, kernel, padding, rest))
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return (n, groups * per_group, *sizes), (groups * outputs, per_group, *kernel), settings


# ---- values ------------------------------------------------------------------------------------------------


@given(configurations())
def test_conv2d_is_its_definition(configuration):
    x_shape, w_shape, settings = configuration
    x, weight, bias = normal(*x_shape), normal(*w_shape), normal(w_shape[0])
    expected = definition(x, weight, **settings)
    np.testing.assert_allclose(tg.conv2d(x, weight, **settings), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        tg.conv2d(x, weight, bias, **settings), expected + bias[:, None, None], rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("padding", [(1, 2), (0, 0)])
@pytest.mark.parametrize("channels", [1, 5])
def test_many_channels_by_themselves(channels, padding):
    """Each with a kernel of its own: values by definition, gradients as its adjoints."""
    x, weight = normal(20, channels, 31, 30), normal(channels, 1, 3, 2)
    settings = {"padding": padding, "dilation": (1, 2), "groups": channels}
    y, pullback = tg.vjp(lambda *a: tg.conv2d(*a, **settings), x, weight)
    np.testing.assert_allclose(y, definition(x, weight, **settings), rtol=1e-12, atol=1e-12)
    g, dx, dw = normal(*y.shape), normal(*x.shape), normal(*weight.shape)
    of_x, of_weight = pullback(g)
    np.testing.assert_allclose(np.sum(of_x * dx), np.sum(g * definition(dx, weight, **settings)), rtol=1e-9)
    np.testing.assert_allclose(np.sum(of_weight * dw), np.sum(g * definition(x, dw, **settings)), rtol=1e-9)


def test_conv1d_is_a_sum_of_correlations():
    x, weight = normal(2, 3, 9), normal(4, 3, 4)
    expected = [
        [sum(np.correlate(x[n, c], weight[o, c], "valid") for c in range(3)) for o in range(4)]
        for n in range(2)
    ]
    np.testing.assert_allclose(tg.conv1d(x, weight), expected, rtol=1e-12)
    np.testing.assert_allclose(
        tg.conv1d(x, weight, stride=2, padding=1)[:, :, 1:3], np.asarray(expected)[:, :, 1:5:2], rtol=1e-12
    )


def test_same_keeps_the_size_and_pads_more_behind():
    x = np.arange(1.0, 6.0).reshape(1, 1, 5)
    np.testing.assert_array_equal(tg.conv1d(x, np.ones((1, 1, 2)), padding="same"), [[[3, 5, 7, 9, 5]]])
    kernel = np.array([[[1.0, 0, 0, 1]]])  # of four: one is padded before, two behind
    np.testing.assert_array_equal(tg.conv1d(x, kernel, padding="same"), [[[3, 5, 7, 3, 4]]])
    image = normal(2, 3, 7, 6)
    assert tg.conv2d(image, normal(4, 3, 4, 3), padding="same", dilation=2).shape == (2, 4, 7, 6)
    np.testing.assert_array_equal(
        tg.conv2d(image, weight := normal(4, 3, 4, 3), padding="valid"), tg.conv2d(image, weight)
    )


def test_transposed_convolution_spreads_each_element():
    weight = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    x = np.array([[[1.0, 10.0]]])
    np.testing.assert_array_equal(tg.conv_transpose2d(x, weight), [[[1, 12, 20], [3, 34, 40]]])
    np.testing.assert_array_equal(
        tg.conv_transpose2d(x, weight, stride=2), [[[1, 2, 10, 20], [3, 4, 30, 40]]]
    )
    np.testing.assert_array_equal(
        tg.conv_transpose2d(x, weight, stride=2, padding=(0, 1)), [[[2, 10], [4, 30]]]
    )
    wider = tg.conv_transpose2d(x, weight, stride=2, output_padding=1)
    np.testing.assert_array_equal(wider, [[[1, 2, 10, 20, 0], [3, 4, 30, 40, 0], [0, 0, 0, 0, 0]]])
    np.testing.assert_array_equal(tg.conv_transpose2d(x, weight, dilation=2)[0, 0], [1, 10, 2, 20])
    np.testing.assert_array_equal(
        tg.conv_transpose2d(x, weight, np.array([0.5])), [[[1.5, 12.5, 20.5], [3.5, 34.5, 40.5]]]
    )


@given(configurations(), st.data())
def test_transposed_convolution_is_the_adjoint(configuration, data):
    """⟨conv(x), y⟩ = ⟨x, transposed(y)⟩, where output_padding says which of the sizes x has."""
    x_shape, w_shape, settings = configuration
    x, weight = normal(*x_shape), normal(*w_shape)
    y = normal(*definition(x, weight, **settings).shape)
    (sh, sw), (ph, pw), (dh, dw) = settings["stride"], settings["padding"], settings["dilation"]
    least = [
        (c - 1) * s - 2 * p + d * (k - 1) + 1
        for c, s, p, d, k in zip(y.shape[2:], (sh, sw), (ph, pw), (dh, dw), w_shape[2:])
    ]
    extra = tuple(n - m for n, m in zip(x_shape[2:], least))
    back = tg.conv_transpose2d(y, weight, output_padding=extra, **settings)
    assert back.shape == x.shape
    np.testing.assert_allclose(
        np.sum(back * x), np.sum(tg.conv2d(x, weight, **settings) * y), rtol=1e-9, atol=1e-9
    )


@given(configurations(), st.data())
def test_result_does_not_depend_on_how_much_is_computed_at_a_time(configuration, data):
    """Whatever fits the cache and is good for BLAS: several rows in a product, one, or a part of one."""
    x_shape, w_shape, settings = configuration
    n, repeats = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 3))
    x = normal(n, *x_shape[1:3], repeats * x_shape[3])
    weight, bias = normal(*w_shape), normal(w_shape[0])
    expected = definition(x, weight, **settings)
    g, dx, dw = normal(*expected.shape), normal(*x.shape), normal(*w_shape)
    of_dx, of_dw = (np.sum(g * definition(a, b, **settings)) for a, b in ((dx, weight), (x, dw)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "NARROW", data.draw(st.sampled_from((0, 64))))
        patch.setattr(patches, "CACHE", size := data.draw(st.sampled_from((1, 500, 2000, 10_000, 1 << 20))))
        patch.setattr(convolution, "CACHE", size)
        for limit in ("WIDE", "SMALL"):
            patch.setattr(patches, limit, data.draw(st.sampled_from((1, 4, 100, 10**6))))
        patch.setattr(patches, "LARGE", data.draw(st.sampled_from((0, 1 << 15))))
        y, pullback = tg.vjp(lambda *a: tg.conv2d(*a, bias, **settings), x, weight)
        of_x, of_weight = pullback(g)
    np.testing.assert_allclose(y, expected + bias[:, None, None], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.sum(of_x * dx), of_dx, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.sum(of_weight * dw), of_dw, rtol=1e-9, atol=1e-9)


# ---- derivatives -------------------------------------------------------------------------------------------


@half
@given(configurations())
def test_conv2d_has_derivatives_of_first_and_second_order(configuration):
    x_shape, w_shape, settings = configuration
    tg.gradcheck(lambda *a: tg.conv2d(*a, **settings), normal(*x_shape), normal(*w_shape), normal(w_shape[0]))


@half
@given(configurations())
def test_conv_transpose2d_has_derivatives_of_first_and_second_order(configuration):
    x_shape, w_shape, settings = configuration
    n, _, h, w = x_shape
    settings["padding"] = 0
    x, bias = normal(n, w_shape[0], min(h, 3), min(w, 3)), normal(w_shape[1] * settings["groups"])
    tg.gradcheck(lambda *a: tg.conv_transpose2d(*a, **settings), x, normal(*w_shape), bias)


def test_conv1d_has_derivatives_of_first_and_second_order():
    tg.gradcheck(
        lambda *a: tg.conv1d(*a, stride=2, padding=1, dilation=2), normal(2, 2, 7), normal(3, 2, 2), normal(3)
    )


@half
@given(configurations())
def test_fast_and_plain_convolution_agree_to_the_last_derivative(configuration):
    x_shape, w_shape, settings = configuration
    windows = Windows(
        w_shape[2:], settings["stride"], tuple((p, p) for p in settings["padding"]), settings["dilation"]
    )
    arguments = normal(*x_shape), normal(*w_shape), normal(w_shape[0])
    directions = [normal(*a.shape) for a in arguments]

    def derivatives(convolve):
        """The value, and the first to third derivatives of the sum of its squares along a direction."""
        along = lambda f: lambda *a: sum(np.sum(g * v) for g, v in zip(tg.grad(f, (0, 1, 2))(*a), directions))
        f = lambda *a: np.sum(convolve(*a, windows, settings["groups"]) ** 2)
        third = along(along(f))
        return [
            convolve(*arguments, windows, settings["groups"]),
            *(g.data for h in (f, along(f), third) for g in tg.grad(h, (0, 1, 2))(*arguments)),
        ]

    for fast, plain in zip(
        derivatives(convolution.convolve), derivatives(convolution.plain_convolve), strict=True
    ):
        np.testing.assert_allclose(fast, plain, rtol=1e-9, atol=1e-9 * np.abs(plain).max(initial=1))


@pytest.mark.parametrize("of_images", [True, False], ids=["images", "gradients"])
@pytest.mark.parametrize(
    ("x_shape", "w_shape", "settings"),
    [
        ((2, 3, 6, 5), (4, 3, 3, 3), {"padding": (1, 1)}),
        ((40, 2, 6, 5), (3, 2, 3, 3), {"padding": (1, 0)}),
        ((1, 4, 9, 8), (4, 2, 3, 2), {"groups": 2, "stride": (2, 1)}),
        ((2, 3, 6, 5), (3, 1, 3, 3), {"groups": 3, "padding": (1, 1)}),
        ((16, 3, 6, 5), (3, 1, 3, 3), {"groups": 3, "dilation": (1, 2)}),
    ],
)
def test_what_is_not_finite_reaches_only_what_it_is_part_of(x_shape, w_shape, settings, of_images):
    """One element of the images, or of the gradient of the output, is infinite or NaN."""
    settings = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1} | settings
    padding = tuple((p, p) for p in settings["padding"])
    windows = Windows(w_shape[2:], settings["stride"], padding, settings["dilation"])

    def values(convolve, x, weight, g):
        with np.errstate(all="ignore"):
            f = lambda x, weight: convolve(x, weight, None, windows, settings["groups"])
            y, pullback = tg.vjp(f, x, weight)
            return y, *pullback(g)

    for bad in (np.inf, -np.inf, np.nan):
        x, weight = normal(*x_shape), normal(*w_shape)
        g = normal(x_shape[0], w_shape[0], *windows.counts(x_shape))
        spoiled = x if of_images else g
        spoiled.flat[RNG.integers(spoiled.size, size=2)] = bad
        plain = values(convolution.plain_convolve, x, weight, g)
        for found, expected in zip(values(convolution.convolve, x, weight, g), plain, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_third_derivative_of_a_cube():
    """(a · x)³ through a 1×1 convolution: its third derivative in x is 6 a³."""
    a = np.full((1, 1, 1, 1), 0.5)
    f = lambda x: np.sum(tg.conv2d(x, a) ** 3)
    third = tg.grad(lambda x: np.sum(tg.grad(lambda x: np.sum(tg.grad(f)(x)))(x)))
    np.testing.assert_allclose(third(normal(1, 1, 2, 2)).data, 6 * 0.5**3, rtol=1e-12)


def test_gradient_of_the_images_is_computed_only_if_wanted(monkeypatch):
    def unwanted(*_):
        raise AssertionError("the images need no gradient")

    monkeypatch.setattr(convolution, "convolve_transposed", unwanted)
    layer = nn.Conv2d(1, 2, 3, rng=0)
    layer(normal(2, 1, 5, 5)).sum().backward()
    assert layer.weight.grad.shape == layer.weight.shape
    with pytest.raises(AssertionError, match="the images need no gradient"):
        layer(tg.Tensor(normal(2, 1, 5, 5).astype(np.float32), requires_grad=True)).sum().backward()


# ---- batches, layouts, dtypes ------------------------------------------------------------------------------


def test_one_image_without_a_batch_axis():
    x, weight, transposed = normal(3, 6, 5), normal(4, 3, 2, 2), normal(3, 4, 2, 2)
    np.testing.assert_array_equal(tg.conv2d(x, weight), tg.conv2d(x[None], weight)[0])
    np.testing.assert_array_equal(
        tg.conv_transpose2d(x, transposed), tg.conv_transpose2d(x[None], transposed)[0]
    )
    np.testing.assert_array_equal(tg.conv1d(x[0], normal(2, 6, 3)[:, :, :1]).shape, (2, 5))


def test_empty_batch():
    layer = nn.Conv2d(3, 4, 3, rng=0)
    x = tg.Tensor(np.zeros((0, 3, 8, 8), np.float32), requires_grad=True)
    y = layer(x)
    assert y.shape == (0, 4, 6, 6)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not layer.weight.grad.data.any()
    assert nn.ConvTranspose2d(3, 4, 3, rng=0)(x).shape == (0, 4, 10, 10)


def test_layout_of_images_does_not_matter():
    x, weight = normal(4, 3, 7, 6), normal(2, 3, 3, 3)
    expected = tg.conv2d(x, weight)
    batch_last = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    for odd in (
        np.asfortranarray(x),
        np.flip(x).copy()[::-1, ::-1, ::-1, ::-1],
        np.repeat(x, 2, 3)[..., ::2],
        batch_last,
    ):
        np.testing.assert_array_equal(tg.conv2d(odd, weight), expected)
    np.testing.assert_array_equal(tg.conv2d(x, np.asfortranarray(weight)), expected)


def test_batch_lies_last_in_memory():
    y = tg.conv2d(normal(4, 3, 7, 6), normal(2, 3, 3, 3))
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous


def test_float32_stays_float32():
    layer = nn.Conv2d(2, 3, 3, rng=0)
    x = tg.Tensor(normal(2, 2, 5, 5).astype(np.float32), requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32


def test_float64_image_under_float32_weights_is_computed_in_float64():
    x, weight = normal(1, 1, 3, 3), normal(1, 1, 2, 2).astype(np.float32)
    assert tg.conv2d(x, weight).dtype == np.float64
    assert tg.conv_transpose2d(x, weight).dtype == np.float64


# ---- errors ------------------------------------------------------------------------------------------------


def test_wrong_channels():
    layer = nn.Conv2d(3, 4, 5)
    message = message_of(ShapeError, layer, np.ones((8, 1, 28, 28)))
    assert message == "Conv2d expects 3 channels on axis 1, got (8, 1, 28, 28)."
    message = message_of(ShapeError, layer, np.ones((1, 28, 28)))
    assert message == "Conv2d expects 3 channels on axis 0, got (1, 28, 28)."
    message = message_of(ShapeError, tg.conv2d, np.ones((8, 1, 28, 28)), np.ones((4, 2, 3, 3)))
    assert message == "conv2d expects 2 channels on axis 1, got (8, 1, 28, 28)."
    assert message_of(ShapeError, nn.ConvTranspose2d(3, 4, 5), np.ones((8, 1, 28, 28))).startswith(
        "ConvTranspose2d expects 3 channels on axis 1"
    )
    message = message_of(ShapeError, nn.Conv1d(3, 4, 5), np.ones((8, 1, 28)))
    assert message == "Conv1d expects 3 channels on axis 1, got (8, 1, 28)."


def test_wrong_number_of_axes():
    message = message_of(ShapeError, nn.Conv2d(3, 4, 5), np.ones((3, 8)))
    assert message == "Conv2d expects an input of shape (N, C, H, W) or (C, H, W), got (3, 8)."
    message = message_of(ShapeError, nn.Conv1d(3, 4, 5), np.ones((2, 3, 8, 8)))
    assert message == "Conv1d expects an input of shape (N, C, L) or (C, L), got (2, 3, 8, 8)."


def test_image_smaller_than_the_kernel():
    message = message_of(ShapeError, nn.Conv2d(1, 2, 5, padding=1), np.ones((7, 1, 2, 9)))
    assert message.startswith(
        "Conv2d expects an input of at least (3, 3) on the last axes, got (7, 1, 2, 9): the kernel (5, 5) "
        "reaches over (5, 5)."
    )
    message = message_of(ShapeError, tg.conv1d, np.ones((1, 4)), np.ones((1, 1, 3)), dilation=2)
    assert message.startswith(
        "conv1d expects an input of at least length 5 on the last axis, got (1, 4): the kernel (3,) reaches "
        "over (5,)."
    )


def test_weights_and_biases_of_wrong_shapes():
    x = np.ones((1, 2, 5, 5))
    assert message_of(ShapeError, tg.conv2d, x, np.ones((3, 2, 3))).startswith(
        "conv2d expects a weight of 4 axes"
    )
    assert message_of(ShapeError, tg.conv2d, x, np.ones((3, 2, 3, 3)), np.ones(1)).startswith(
        "conv2d expects a bias of shape (3,)"
    )
    assert message_of(ShapeError, tg.conv_transpose2d, x, np.ones((2, 3, 3, 3)), np.ones(2)).startswith(
        "conv_transpose2d expects a bias of shape (3,)"
    )


@pytest.mark.parametrize(
    ("layer", "shape", "hint"),
    [
        (nn.Conv2d(1, 2, 3), (32, 28, 28), "x[:, None]"),
        (nn.Conv2d(3, 2, 3), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.Conv2d(1, 2, 3), (32, 28, 28, 1), "np.moveaxis(x, -1, 1)"),
        (nn.Conv2d(3, 2, 3), (28, 28, 3), "np.moveaxis(x, -1, 0)"),
        (nn.Conv2d(1, 2, 3), (28, 28), "x[None]"),
        (nn.Conv2d(1, 2, 3), (32, 784), "x.reshape(-1, 1, 28, 28)"),
        (nn.Conv2d(3, 2, 3), (32, 3072), "x.reshape(-1, 3, 32, 32)"),
        (nn.Conv1d(1, 2, 3), (32, 100), "x[:, None]"),
        (nn.Conv1d(4, 2, 3), (32, 100, 4), "np.moveaxis(x, -1, 1)"),
        (nn.Conv1d(1, 2, 3), (100,), "x[None]"),
        (nn.ConvTranspose2d(3, 2, 3), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.ConvTranspose2d(1, 2, 3), (32, 28, 28), "x[:, None]"),
        (nn.BatchNorm2d(3), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.BatchNorm2d(1), (32, 28, 28), "x[:, None]"),
        (nn.BatchNorm1d(4), (32, 100, 4), "np.moveaxis(x, -1, 1)"),
        (nn.GroupNorm(2, 4), (32, 28, 28, 4), "np.moveaxis(x, -1, 1)"),
        (nn.PReLU(3), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.MaxPool2d(4), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.AvgPool1d(4), (32, 28, 3), "np.moveaxis(x, -1, 1)"),
        (nn.MaxPool2d(2), (28, 28), "x[None]"),
        (lambda x: tg.conv2d(x, np.ones((2, 3, 3, 3))), (32, 28, 28, 3), "np.moveaxis(x, -1, 1)"),
    ],
)
def test_images_that_lie_otherwise_are_told_what_to_do(layer, shape, hint):
    x = np.ones(shape)
    with pytest.raises(ShapeError) as caught:
        layer(x)
    assert hint in str(caught.value)
    layer(eval(hint))  # noqa: S307  # what the message says does work


def test_no_channels():
    np.testing.assert_array_equal(
        tg.conv2d(np.ones((1, 0, 5, 5)), np.ones((2, 0, 3, 3)), np.array([1.0, 2.0]))[0, :, 0, 0], [1, 2]
    )
    assert tg.conv2d(np.ones((1, 2, 5, 5)), np.ones((0, 2, 3, 3))).shape == (1, 0, 3, 3)


def test_output_of_nothing():
    assert "whose output has rows and columns" in message_of(
        ShapeError, tg.conv_transpose2d, np.ones((1, 1, 1)), np.ones((1, 1, 1, 1)), padding=1
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stride": 0}, "Conv2d: stride is an int of at least 1 or a pair of them; got 0."),
        ({"stride": (1, 2, 3)}, "Conv2d: stride is an int of at least 1 or a pair of them; got (1, 2, 3)."),
        ({"dilation": 1.5}, "Conv2d: dilation is an int of at least 1 or a pair of them; got 1.5."),
        (
            {"padding": -1},
            "Conv2d: padding is an int of at least 0 or a pair of them, 'same' or 'valid'; got -1.",
        ),
        (
            {"padding": "full"},
            "Conv2d: padding is an int of at least 0 or a pair of them, 'same' or 'valid'; got 'full'.",
        ),
        (
            {"padding": "same", "stride": 2},
            "Conv2d: padding='same' keeps the size of images only with stride 1; got stride (2, 2).",
        ),
        ({"groups": 3}, "Conv2d: groups is a divisor of the number of channels; got 3 for 4 channels."),
        ({"groups": 4}, "Conv2d: groups is a divisor of the number of channels; got 4 for 6 channels."),
        ({"groups": 0}, "Conv2d: groups is a divisor of the number of channels; got 0 for 4 channels."),
    ],
    ids=str,
)
def test_settings_outside_their_range(settings, message):
    assert message_of(ArgumentError, nn.Conv2d, 4, 6, 3, **settings) == message


def test_sizes_that_are_not_positive():
    message = message_of(ArgumentError, nn.Conv2d, 0, 6, 3)
    assert message == "Conv2d: in_channels and out_channels are at least 1; got 0 and 6."
    message = message_of(ArgumentError, nn.Conv1d, 4, 6, 0)
    assert message == "Conv1d: kernel_size is an int of at least 1; got 0."
    assert message_of(ArgumentError, nn.ConvTranspose2d, 4, 6, 3, 2, output_padding=2).startswith(
        "ConvTranspose2d: output_padding is less than the stride"
    )


def test_tensor_of_another_dtype():
    assert "Conv2d has float32 parameters" in message_of(
        DTypeError, nn.Conv2d(1, 2, 3), tg.Tensor(np.ones((1, 1, 5, 5)), requires_grad=True)
    )
