"""Resizing and pixel shuffles: definitions element by element, special values, dtypes, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.ops.resize import MODES


def at(values, place):
    """The value between neighbours, read off a straight line; the ends stand for what is beyond."""
    return np.interp(place, np.arange(len(values)), values)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_linear_interpolation_is_numpys(count):
    x = generic(1, 1, 4)
    y = tg.interpolate(x, count, mode="linear")[0, 0]
    places = (np.arange(count) + 0.5) * 4 / count - 0.5
    np.testing.assert_allclose(y, at(x[0, 0], places), rtol=1e-13)
    y = tg.interpolate(x, count, mode="linear", align_corners=True)[0, 0]
    np.testing.assert_allclose(y, at(x[0, 0], np.linspace(0, 3, count) if count > 1 else [0]), rtol=1e-13)


def test_bicubic_interpolation_reproduces_straight_lines_and_the_elements_themselves():
    x = np.multiply.outer(np.arange(6.0), [1.0, 1, 1]) + np.arange(3)
    y = tg.interpolate(x[None, None], (11, 5), mode="bicubic", align_corners=True)[0, 0]
    np.testing.assert_allclose(y[2:-2, 2], np.arange(1, 4.5, 0.5) + 1, rtol=1e-13)
    np.testing.assert_allclose(y[::2, ::2], x, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("axes", [1, 2])
def test_every_mode_keeps_constants_and_dtypes_and_takes_tensors(axes):
    shape = (2, 1, 3, 4)[: axes + 2]
    for mode in MODES[axes]:
        for size in ({"size": 5}, {"scale_factor": 1.6}, {"scale_factor": 0.5}):
            y = tg.interpolate(np.full(shape, 7, np.float32), **size, mode=mode)
            assert y.dtype == np.float32
            np.testing.assert_allclose(y, 7, rtol=1e-6)
        x = generic(*shape)
        tg.gradcheck(lambda x, mode=mode: tg.interpolate(x, scale_factor=1.5, mode=mode), x)
        np.testing.assert_array_equal(
            tg.interpolate(tg.Tensor(x), 3, mode=mode).data, tg.interpolate(x, 3, mode=mode)
        )


def test_the_nearest_elements_may_be_infinite():
    x = np.array([[[np.inf, 1.0, np.nan]]])
    np.testing.assert_array_equal(tg.interpolate(x, scale_factor=2)[0, 0], np.repeat(x[0, 0], 2))
    np.testing.assert_array_equal(tg.interpolate(x, 2)[0, 0], [np.inf, 1.0])
    np.testing.assert_array_equal(tg.interpolate(x, 2, mode="nearest-exact")[0, 0], [np.inf, np.nan])


def test_nothing_but_the_axes_to_resize_is_never_empty():
    assert tg.interpolate(np.ones((0, 2, 3)), 5).shape == (0, 2, 5)
    assert nn.Upsample(2, mode="bicubic")(np.ones((2, 0, 3, 3))).shape == (2, 0, 2, 2)


def test_a_cubic_of_the_same_size_is_no_copy():
    x = generic(1, 1, 5, 5)
    y = tg.interpolate(x, scale_factor=1.1, mode="bicubic")
    assert y.shape == x.shape
    assert not np.allclose(y, x)
    np.testing.assert_allclose(tg.interpolate(x, 5, mode="bicubic"), x, rtol=1e-13)


def test_pixels_as_channels_and_back():
    x = generic(2, 8, 3, 2)
    y = tg.pixel_shuffle(x, 2)
    for c, i, j in np.ndindex(2, 2, 2):
        np.testing.assert_array_equal(y[:, c, i::2, j::2], x[:, 4 * c + 2 * i + j])
    np.testing.assert_array_equal(tg.pixel_unshuffle(y, 2), x)
    np.testing.assert_array_equal(tg.pixel_shuffle(x, 1), x)
    np.testing.assert_array_equal(nn.PixelUnshuffle(np.int64(1))(x), x)
    tg.gradcheck(lambda x: tg.pixel_unshuffle(tg.pixel_shuffle(x, 2) ** 2, 2), x[:1, :4])


def test_reprs():
    assert repr(nn.Upsample(scale_factor=2)) == "Upsample(scale_factor=2, mode=nearest)"
    assert repr(nn.Upsample((3, 4), mode="bicubic", align_corners=True)) == (
        "Upsample(size=(3, 4), mode=bicubic, align_corners=True)"
    )
    assert repr(nn.PixelShuffle(2)) == "PixelShuffle(upscale_factor=2)"
    assert repr(nn.PixelUnshuffle(2)) == "PixelUnshuffle(downscale_factor=2)"


IMAGES = np.ones((1, 2, 3, 4))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: tg.interpolate(IMAGES), ArgumentError, "interpolate: either size or scale_factor is given"),
        (lambda: nn.Upsample(2, 2.0), ArgumentError, "Upsample: either size or scale_factor"),
        (lambda: tg.interpolate(IMAGES, 2, mode="cubic"), ArgumentError, "mode is one of 'nearest'"),
        (lambda: tg.interpolate(IMAGES, 2, mode="linear"), ArgumentError, "the mode of images"),
        (lambda: nn.Upsample(2, mode="bilinear")(IMAGES[0]), ArgumentError, "one of 'nearest', 'nea"),
        (lambda: tg.interpolate(IMAGES, 2, align_corners=True), ArgumentError, "align_corners is for linear"),
        (lambda: tg.interpolate(IMAGES, 0), ArgumentError, "size is an int of at least 1 or a pair"),
        (lambda: tg.interpolate(IMAGES, scale_factor=-1), ArgumentError, "scale_factor is a positive number"),
        (lambda: tg.interpolate(IMAGES, scale_factor=(1, 2, 3)), ArgumentError, "or a pair of them; got"),
        (lambda: tg.interpolate(IMAGES, scale_factor=0.2), ArgumentError, "leaves nothing of x"),
        (lambda: tg.interpolate(IMAGES[0, 0], 2), ShapeError, "interpolate expects x of shape"),
        (lambda: nn.Upsample(2)(np.ones((1, 2, 0))), ShapeError, "Upsample expects x of shape"),
        (lambda: nn.PixelShuffle(2)(IMAGES), ShapeError, "PixelShuffle expects channels that are a"),
        (lambda: tg.pixel_unshuffle(IMAGES, 2), ShapeError, "pixel_unshuffle expects a height and a width"),
        (lambda: tg.pixel_shuffle(IMAGES[0, 0], 2), ShapeError, r"pixel_shuffle expects x of shape"),
        (lambda: tg.pixel_unshuffle(np.ones((1, 4, 3)), 2), ShapeError, "multiples of 2; got"),
        (lambda: tg.pixel_shuffle(IMAGES, 2.0), ArgumentError, r"the factor is an int .*; got 2\.0"),
        (lambda: tg.pixel_unshuffle(IMAGES, True), ArgumentError, "pixel_unshuffle: the factor is an int"),
        (lambda: nn.PixelUnshuffle(0), ArgumentError, "PixelUnshuffle: the factor is an int of at least 1"),
    ],
)  # fmt: skip
def test_errors(call, error, said):
    with pytest.raises(error, match=said):
        call()
