"""Frames of elements around an image: NumPy's are the oracle, and convolution as its definition has it."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.ops.frame import constant, framed

NUMPYS = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
WIDTHS = [((0, 0), (0, 0)), ((1, 0), (0, 2)), ((2, 2), (3, 1)), ((0, 1), (2, 0))]


@pytest.mark.parametrize("mode", NUMPYS)
@pytest.mark.parametrize("around", WIDTHS)
def test_frames_are_numpys(mode, around):
    x = generic(2, 1, 3, 4)
    expected = np.pad(x, ((0, 0), (0, 0), *around), mode=NUMPYS[mode])
    np.testing.assert_array_equal(framed("f", x, around, mode), expected)
    tg.gradcheck(lambda x: framed("f", x, around, mode), x)
    assert framed("f", x.astype(np.float32), around, mode).dtype == np.float32


@pytest.mark.parametrize("around", [*WIDTHS, ((-1, 0), (0, 2)), ((-1, -1), (-3, 4))])
def test_a_constant_around_and_what_is_cut_off(around):
    x = generic(2, 3, 4)
    (top, bottom), (left, right) = around
    big = np.full((2, 3 + 8, 4 + 8), 0.5)
    big[:, 4:7, 4:8] = x
    expected = big[:, 4 - top : 7 + bottom, 4 - left : 8 + right]
    np.testing.assert_array_equal(constant("f", x, around, 0.5)[:, : 3 + top, :], expected[:, : 3 + top, :])
    tg.gradcheck(lambda x: constant("f", x, around, 0.5), x)


@pytest.mark.parametrize(("mode", "most"), [("reflect", 2), ("circular", 3)])
def test_more_than_there_is_is_refused(mode, most):
    x = generic(1, 1, 3, 5)
    framed("f", x, ((most, most), (0, 0)), mode)
    with pytest.raises(
        ShapeError, match=rf"f: padding \(0, {most + 1}\) .* axis 2, .*at most {most} on a side"
    ):
        framed("f", x, ((0, most + 1), (0, 0)), mode)
    layer = nn.Conv2d(1, 1, 3, padding=(most + 1, 0), padding_mode=mode, dtype=np.float64)
    with pytest.raises(ShapeError, match="Conv2d: padding"):
        layer(x)


def test_nothing_can_be_repeated_of_nothing():
    with pytest.raises(ShapeError, match="at most 0 on a side"):
        framed("f", np.ones((2, 0)), ((1, 0),), "replicate")
    for around in ((-2, -2), (-5, 1), (1, -5)):
        with pytest.raises(ShapeError, match="cuts off more than there is"):
            constant("f", np.ones((2, 3)), (around,), 0.0)
    assert constant("f", np.ones((2, 3)), ((-1, -2),), 0.0).shape == (2, 0)
    np.testing.assert_array_equal(framed("f", np.ones((1, 1)), ((3, 2),), "replicate"), np.ones((1, 6)))


def test_padding_modes_of_layers():
    x = generic(2, 2, 5)
    for mode, numpys in NUMPYS.items():
        layer = nn.Conv1d(2, 3, 4, padding="same", padding_mode=mode, rng=0, dtype=np.float64)
        padded = np.pad(x, ((0, 0), (0, 0), (1, 2)), mode=numpys)
        np.testing.assert_allclose(
            layer(x).data, tg.conv1d(padded, layer.weight, layer.bias).data, rtol=1e-13
        )
        assert repr(layer).endswith(f"padding=same, padding_mode={mode})")
    with pytest.raises(
        ArgumentError, match=r"Conv1d: padding_mode is one of 'zeros', 'reflect', .*got 'mirror'"
    ):
        nn.Conv1d(2, 3, 4, padding_mode="mirror")
    for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d):
        with pytest.raises(ArgumentError, match=rf"{kind.__name__}: .*'zeros' only; got 'reflect'"):
            kind(2, 3, 4, padding_mode="reflect")


def test_transposed_convolution_of_sequences():
    x, w, b = generic(2, 4, 3), generic(4, 1, 3), generic(2)
    settings = {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}
    y = tg.conv_transpose1d(x, w, b, **settings)
    of_images = {"stride": (1, 2), "padding": (0, 1), "output_padding": (0, 1), "groups": 2}
    y2d = tg.conv_transpose2d(x[:, :, None], w[:, :, None], b, **of_images)
    np.testing.assert_array_equal(y, y2d[:, :, 0])
    by_hand = np.zeros((2, 2, 3 * 2 + 1 + 2)) + b[:, None]
    for i in range(3):
        for j in range(3):
            for c in range(4):
                by_hand[:, c // 2, 2 * i + j] += x[:, c, i] * w[c, 0, j]
    np.testing.assert_allclose(y, by_hand[:, :, 1:7], rtol=1e-12)
    tg.gradcheck(lambda *a: tg.conv_transpose1d(*a, **settings), x, w, b)
    with pytest.raises(
        ShapeError, match=r"conv_transpose1d expects an input whose output has a length.*size 0"
    ):
        tg.conv_transpose1d(np.ones((1, 1)), np.ones((1, 1, 2)), padding=1)
    np.testing.assert_array_equal(tg.conv_transpose1d([[1, 2]], [[[1, 1]]]), [[1.0, 3.0, 2.0]])
    with pytest.raises(ShapeError, match="whose output has a length"):
        tg.conv_transpose1d(np.ones((1, 0)), np.ones((1, 1, 4)))
    with pytest.raises(ArgumentError, match="conv_transpose1d: groups is a divisor"):
        tg.conv_transpose1d(x, w, groups=3)
    with pytest.raises(ArgumentError, match="conv_transpose1d: output_padding is less than the stride 1"):
        tg.conv_transpose1d(x, w, output_padding=1)
