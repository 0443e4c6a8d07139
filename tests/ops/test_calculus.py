"""Calculus on grids, and arrays built of others, against closed forms."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.errors import UnsupportedCall


def gradient(f, *arrays):
    tensors = [Tensor(np.asarray(a, float), requires_grad=True) for a in arrays]
    f(*tensors).sum().backward()
    return [x.grad.data.tolist() for x in tensors]


def test_table_is_read_between_its_entries_and_held_at_its_ends():
    x, xp, fp = [-1.0, 0.5, 2.5, 9.0], [0.0, 1.0, 3.0], [1.0, 3.0, 2.0]
    gx, gxp, gfp = gradient(np.interp, x, xp, fp)
    assert gx == [0, 2, -0.5, 0]
    assert gfp == [1.5, 0.5 + 0.25, 0.75 + 1]
    assert gxp == [-1, -1 + 0.125, 0.375]  # slope · (part - 1) and -slope · part
    _, _, gfp = gradient(lambda x, xp, fp: np.interp(x, xp, fp, left=0.0, right=0.0), x, xp, fp)
    assert gfp == [0.5, 0.75, 0.75]


def test_table_whose_places_do_not_rise_has_numpys_values_and_no_gradient():
    x, xp, fp = np.array([0.5, 3.0]), [1.0, 0.0, 2.0], [1.0, 2.0, 5.0]
    for i in range(3):
        args = [Tensor(a, requires_grad=i == j) for j, a in enumerate((x, xp, fp))]
        y = np.interp(*args)
        np.testing.assert_array_equal(y.data, np.interp(x, xp, fp))
        with pytest.raises(UnsupportedCall, match=r"rise.*np\.argsort\(xp\)"):
            np.sum(y).backward()


def test_table_with_a_jump_belongs_to_the_right_of_it():
    _, _, gfp = gradient(np.interp, [1.0, 2.0], [0.0, 1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    assert gfp == [0, 0, 1, 0, 1]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_differences_are_binomial(n):
    (g,) = gradient(lambda a: np.diff(a, n)[:1], np.arange(6.0))
    assert g == [(-1) ** (n - k) * math.comb(n, k) for k in range(n + 1)] + [0] * (5 - n)


def test_convolution_is_multiplication_by_a_polynomial():
    a, v = np.array([1.0, 2.0, -1.0]), np.array([3.0, 1.0])
    jacobian = tg.jacobian(lambda a: np.convolve(a, v))(a)
    np.testing.assert_array_equal(jacobian, [[3, 0, 0], [1, 3, 0], [0, 1, 3], [0, 0, 1]])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), [(5, 2), (5, 3), (2, 5), (3, 5), (4, 4), (4, 2), (2, 4), (1, 3)])
def test_gradients_of_convolutions_of_every_length(mode, n, m):
    a, v = np.arange(1.0, n + 1), np.arange(2.0, m + 2)
    for f in (np.convolve, np.correlate):
        assert tg.gradcheck(lambda a, v, f=f: f(a, v, mode), a, v)


def test_part_of_a_piecewise_function_sees_all_that_its_condition_chose():
    x = np.array([1.0, 2.0, 4.0, -1.0])
    (g,) = gradient(
        lambda x: np.piecewise(x, [x.data > 0, x.data > 3], [lambda v: v - v.mean(), lambda v: 5 * v]), x
    )
    np.testing.assert_allclose(g, [1 - 2 / 3, 1 - 2 / 3, 5 - 2 / 3, 0])


def test_least_squares_line_moves_by_its_normal_equations():
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0, 3.0])
    a = np.vander(x, 2)
    np.testing.assert_allclose(
        tg.jacobian(lambda y: np.polyfit(x, y, 1))(y), np.linalg.inv(a.T @ a) @ a.T, atol=1e-12
    )


def test_inserted_and_deleted_elements():
    arr, values = gradient(lambda a, v: np.insert(a, [0, 2], v) * np.arange(5.0), [1.0, 2.0, 3.0], [7.0, 8.0])
    assert (arr, values) == ([1, 2, 4], [0, 3])
    assert gradient(lambda a: np.delete(a, [-1, 0]), [1.0, 2.0, 3.0]) == [[0, 1, 0]]


def test_ends_of_a_grid_share_each_point():
    start, stop = gradient(lambda a, b: np.linspace(a, b, 5) * np.arange(5.0), 1.0, 2.0)
    assert (start, stop) == (2.5, 7.5)
