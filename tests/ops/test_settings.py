"""Settings and stacks of linear algebra, and of transposed convolutions, beside single calls and sums."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import errors


def gradient(f, *arrays):
    tensors = [tg.Tensor(np.asarray(a, float), requires_grad=True) for a in arrays]
    np.sum(f(*tensors)).backward()
    return [t.grad.data for t in tensors]


# ---- linear algebra ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, "fro", "nuc"])
def test_condition_numbers_of_a_stack_are_those_of_its_matrices(p):
    stack, w = generic(2, 1, 3, 3), np.array([[1.0], [-2.0]])
    (found,) = gradient(lambda a: np.linalg.cond(a, p) * w, stack)
    for i in range(2):
        (alone,) = gradient(lambda a, i=i: np.linalg.cond(a, p) * w[i, 0], stack[i, 0])
        np.testing.assert_allclose(found[i, 0], alone, rtol=1e-9, atol=1e-9)


def test_tensorsolve_along_axes_of_ones_choice():
    tg.gradcheck(lambda a, b: np.linalg.tensorsolve(a, b, axes=(0,)), generic(2, 4, 2), generic(4))


def test_cross_products_along_the_first_axis():
    a, b = generic(3, 2), generic(3, 2, seed=1)
    for cross in (lambda a, b: np.linalg.cross(a, b, axis=0), lambda a, b: np.cross(a, b, axis=0)):
        found = cross(tg.Tensor(a, requires_grad=True), b).data
        np.testing.assert_array_equal(found, np.cross(a, b, axis=0))
        tg.gradcheck(cross, a, b)


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
def test_a_cross_product_in_the_plane_is_a_number():
    try:
        np.cross([1.0, 2.0], [3.0, 4.0])
    except ValueError:
        pytest.skip("this NumPy has cross products in space only")
    assert np.cross(tg.Tensor([1.0, 2.0], requires_grad=True), [3.0, 4.0]).shape == ()
    a, b = gradient(np.cross, [1, 2], [3, 4])
    assert (a.tolist(), b.tolist()) == ([4, -3], [-2, 1])


@pytest.mark.parametrize(
    "settings", [{"aweights": [0.5, 0.5, 0.25, 0.25]}, {"fweights": [1, 0, 0, 1]}], ids=str
)
def test_a_covariance_of_little_weight(settings):
    """What is divided by is 1 or less."""
    tg.gradcheck(lambda x: np.cov(x, **settings), generic(2, 4))
    if "aweights" in settings:
        tg.gradcheck(lambda x, w: np.cov(x, aweights=w), generic(2, 4), np.array(settings["aweights"]))


def test_correlations_are_no_less_than_minus_1():
    for seed in range(40):
        x = generic(5, seed=seed)
        out = np.corrcoef(tg.Tensor(np.stack([x, -x / 3]), requires_grad=True)).data
        assert out.min() >= -1
        np.testing.assert_allclose(out, [[1, -1], [-1, 1]], rtol=1e-14)


def test_lengths_of_nothing_are_flat():
    x, initial = tg.Tensor([0.0, 0.0], requires_grad=True), tg.Tensor(0.0, requires_grad=True)
    np.hypot.reduce(x, initial=initial).backward()
    assert x.grad.tolist() == [0, 0]
    assert initial.grad.item() == 0


def test_gelu_by_tanh_far_out():
    with np.errstate(all="raise"):
        assert tg.gelu(np.array([1e200, -1e200]), "tanh").tolist() == [1e200, 0]


# ---- transposed convolutions -------------------------------------------------------------------------------


def test_what_a_transposed_convolution_refuses():
    x, w = np.ones((1, 4, 3, 3)), np.ones((4, 2, 2, 2))
    with pytest.raises(errors.ArgumentError, match="groups"):
        tg.conv_transpose2d(x, w, groups=3)
    with pytest.raises(errors.DTypeError, match="real numbers"):
        tg.conv_transpose2d(x * 1j, w)
    for shape, padding in (((1, 4, 0, 3), 0), ((1, 4, 3, 0), 0), ((1, 4, 1, 3), 1), ((1, 4, 1, 3), 2)):
        with pytest.raises(errors.ShapeError, match="rows and columns"):
            tg.conv_transpose2d(np.ones(shape), w, padding=padding)


def test_output_padding_is_less_than_the_stride_or_the_dilation():
    x, w = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    assert tg.conv_transpose2d(x, w, dilation=2, output_padding=1).shape == (1, 1, 5, 5)
    assert tg.conv_transpose2d(x, w, stride=2, output_padding=1).shape == (1, 1, 5, 5)
    with pytest.raises(errors.ArgumentError, match="output_padding is less than"):
        tg.conv_transpose2d(x, w, dilation=2, output_padding=2)


def test_whole_numbers_are_convolved_as_floating_ones():
    out = tg.conv_transpose2d(np.ones((1, 1, 2, 2), int), np.ones((1, 1, 2, 2)))
    assert out.dtype == np.float64
    assert out.tolist() == [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]
