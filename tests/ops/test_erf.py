"""The error function and its complement, to full precision."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu.ops.erf import normal_cdf


@pytest.mark.parametrize(("ours", "oracle"), [(tg.erf, math.erf), (tg.erfc, math.erfc)])
def test_error_functions_have_full_precision(ours, oracle):
    x = np.concatenate(
        [np.linspace(-26, 26, 5001), np.linspace(-1, 1, 1001), np.logspace(-300, -1, 100), [0.5, -0.5]]
    )
    # The C library's functions have errors of their own.
    np.testing.assert_allclose(ours(x), [oracle(v) for v in x], rtol=2e-15, atol=0)
    x = np.linspace(-9, 9, 2001, dtype=np.float32)
    assert ours(x).dtype == np.float32
    np.testing.assert_allclose(ours(x), [oracle(v) for v in x.astype(float)], rtol=1e-6, atol=0)


def test_error_functions_at_the_ends():
    with np.errstate(all="raise", under="ignore"):
        x = np.array([-np.inf, -1e300, 0.0, 1e300, np.inf])
        assert tg.erf(x).tolist() == [-1, -1, 0, 1, 1]
        assert tg.erfc(x).tolist() == [2, 2, 1, 0, 0]
        assert normal_cdf(x).tolist() == [0, 0, 0.5, 1, 1]
    assert math.copysign(1, tg.erf(-0.0)) == -1
    assert tg.erf([0, 1]).tolist() == [0, math.erf(1)]
    assert tg.erf(leaf(1.0)).shape == ()
