"""Layers of padding, Fold, Unfold and Unflatten: NumPy's values, adjoints, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError

KINDS = {"ReflectionPad": "reflect", "ReplicationPad": "edge", "CircularPad": "wrap", "ZeroPad": "constant"}


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_numpys(kind):
    images, sequences = generic(2, 3, 4, 5), generic(3, 5)
    of_images, of_sequences = getattr(nn, f"{kind}2d"), getattr(nn, f"{kind}1d")
    expected = np.pad(images, ((0, 0), (0, 0), (3, 0), (1, 2)), mode=KINDS[kind])
    np.testing.assert_array_equal(of_images((1, 2, 3, 0))(images), expected)
    np.testing.assert_array_equal(of_images([1, 2, 3, 0])(tg.Tensor(images[0])).data, expected[0])
    np.testing.assert_array_equal(
        of_sequences((2, 1))(sequences), np.pad(sequences, ((0, 0), (2, 1)), mode=KINDS[kind])
    )
    assert repr(of_images(2)) == f"{kind}2d(padding=(2, 2, 2, 2))"


def test_constants_and_what_is_cut_off():
    x = generic(2, 4)
    np.testing.assert_array_equal(
        nn.ConstantPad1d((1, -2), 7.0)(x), np.pad(x[:, :2], ((0, 0), (1, 0)), constant_values=7)
    )
    assert repr(nn.ConstantPad1d(1, 7.0)) == "ConstantPad1d(padding=(1, 1), value=7.0)"
    assert nn.ConstantPad1d(1, 7.0)(x.astype(np.float32)).dtype == np.float32


def test_columns_are_what_the_windows_see():
    x, w = generic(2, 3, 5, 4), generic(4, 3, 2, 3)
    settings = {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)}
    columns = tg.unfold(x, (2, 3), **settings)
    y = tg.conv2d(x, w, **settings)
    np.testing.assert_allclose(w.reshape(4, -1) @ columns, y.reshape(2, 4, -1), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(tg.unfold(x[0], (2, 3), **settings), columns[0])
    back = generic(*columns.shape, seed=1)
    images = tg.fold(back, (5, 4), (2, 3), **settings)
    np.testing.assert_allclose(np.sum(images * x), np.sum(back * columns), rtol=1e-12)
    np.testing.assert_array_equal(tg.fold(back[0], (5, 4), (2, 3), **settings), images[0])
    np.testing.assert_array_equal(nn.Fold((5, 4), (2, 3), (2, 1), (1, 2), (2, 1))(back), images)
    assert tg.fold(np.ones((0, 8, 6)), (3, 4), 2).shape == (0, 2, 3, 4)
    assert tg.unfold(x.astype(np.float32), 2).dtype == np.float32
    assert repr(nn.Unfold(2, stride=2)) == "Unfold(kernel_size=2, stride=2)"
    assert repr(nn.Fold((3, 4), 2, padding=1)) == "Fold(output_size=(3, 4), kernel_size=2, padding=1)"


def test_unflatten_is_the_inverse_of_flatten():
    x = generic(2, 3, 4, 5)
    np.testing.assert_array_equal(nn.Unflatten(1, (3, 4, 5))(nn.Flatten()(x)), x)
    np.testing.assert_array_equal(nn.Unflatten(-2, [3, -1])(x.reshape(2, 12, 5)), x)
    assert nn.Unflatten(0, (-1, 2))(np.ones((0, 3))).shape == (0, 2, 3)
    assert repr(nn.Unflatten(1, (3, -1))) == "Unflatten(axis=1, unflattened_size=(3, -1))"


X = np.ones((2, 3, 3))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.ZeroPad2d((1, 2)), ArgumentError, "padding is an int, or 4 of them"),
        (lambda: nn.ReflectionPad1d(-1), ArgumentError, r"or 2 of them \(left, right\); got -1"),
        (lambda: nn.ZeroPad1d(1.5), ArgumentError, r"ZeroPad1d: padding is an int"),
        (lambda: nn.ReflectionPad2d(3)(X), ShapeError, "ReflectionPad2d: padding"),
        (lambda: nn.CircularPad1d(4)(X), ShapeError, "CircularPad1d: padding .* at most 3 on a side"),
        (lambda: nn.ZeroPad2d(1)(X[0, 0]), ShapeError, r"ZeroPad2d expects x of shape \(\.\.\., h, w\)"),
        (lambda: nn.ZeroPad1d(-2)(X), ShapeError, "ZeroPad1d: padding .* cuts off more than there is"),
        (lambda: nn.Unfold(5)(X), ShapeError, "Unfold expects an input of at least"),
        (lambda: tg.fold(X, (3, 4), 2), ShapeError, r"\(…, c · 4, 6\).*size \(3, 4\); got"),
        (lambda: tg.fold(np.ones((5, 4)), 3, 2), ShapeError, r"\(…, c · 4, 4\).*got \(5, 4\)"),
        (lambda: tg.fold(np.ones((1, 1, 4, 4)), 3, 2), ShapeError, r"\(…, c · 4, 4\).*got \(1, 1, 4, 4\)"),
        (lambda: tg.fold(np.ones((4, 3)), 3, 2), ShapeError, r"\(…, c · 4, 4\).*got \(4, 3\)"),
        (lambda: tg.fold(np.ones((4, 0)), (1, 3), 2), ShapeError, r"\(…, c · 4, 0\).*got \(4, 0\)"),
        (lambda: tg.fold(np.ones((4, 0)), (3, 1), 2), ShapeError, r"\(…, c · 4, 0\).*got \(4, 0\)"),
        (lambda: nn.Fold(0, 2), ArgumentError, "Fold: output_size is an int of at least 1"),
        (lambda: nn.Unflatten(1, 3), ArgumentError, "Unflatten: unflattened_size is a tuple of lengths"),
        (lambda: nn.Unflatten(1, (-1, -1)), ArgumentError, "of which one may be -1"),
        (lambda: nn.Unflatten(1, (2, 2))(X), ShapeError, r"Unflatten expects the length \(2, 2\) on axis 1"),
        (lambda: nn.Unflatten(3, (1, 3))(X), ShapeError, "Unflatten expects an input with the axis 3"),
    ],
)  # fmt: skip
def test_errors(call, error, said):
    with pytest.raises(error, match=said):
        call()
