"""sinc and i0, whose derivatives of all orders are sums and integrals of our own: against closed forms and
series.
"""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.ops.special import bessel_i, sinc_slope


def gradient(f, x):
    x = Tensor(x, requires_grad=True)
    f(x).sum().backward()
    return x.grad.data


def test_slope_of_sinc_is_0_at_0_and_its_second_is_minus_a_third_of_pi_squared():
    assert gradient(np.sinc, np.zeros(1)).tolist() == [0]
    np.testing.assert_allclose(sinc_slope(np.zeros(1), 2), [-(math.pi**2) / 3], rtol=1e-14)
    np.testing.assert_allclose(sinc_slope(np.zeros(1), 4), [math.pi**4 / 5], rtol=1e-14)


@pytest.mark.parametrize("x", [1e-300, 1e-8, 1e-4, 0.01, 0.5, 0.999, 1.0, 1.001, 2.5, -3.7, 40.25])
def test_slope_of_sinc_is_its_quotient(x):
    expected = (math.cos(math.pi * x) - np.sinc(x)) / x if abs(x) > 0.005 else -(math.pi**2) * x / 3
    np.testing.assert_allclose(
        gradient(np.sinc, np.array([x])), [expected], rtol=1e-7 if abs(x) < 0.005 else 1e-11, atol=0
    )


@pytest.mark.parametrize("x", [0.0, 0.5, 3.0, 7.9, 8.0, 8.1, 20.0, 300.0, 700.0])
def test_bessel_functions_satisfy_their_recurrence_and_equal_numpys_i0(x):
    x = np.array([x, -x])
    np.testing.assert_allclose(bessel_i(x, 0), np.i0(x), rtol=1e-13)
    for n in (1, 2, 3):  # Iₙ₋₁ - Iₙ₊₁ = (2n / x) Iₙ
        left = bessel_i(x, n - 1) - bessel_i(x, n + 1)
        np.testing.assert_allclose(left * x, 2 * n * bessel_i(x, n), rtol=1e-9)


def test_slope_of_i0_where_it_is_not_finite():
    np.testing.assert_array_equal(gradient(np.i0, np.array([np.nan, 0.0])), [np.nan, 0])
    np.testing.assert_array_equal(bessel_i(np.array([np.inf, -np.inf, 1e300]), 1), [np.inf, -np.inf, np.inf])
