"""Products: what is faster than `matmul` gives its bits."""

from itertools import product

import numpy as np
import pytest

from tinygrad_edu.ops.contraction import times

SIZES = (1, 2, 3, 8, 17)
ORDERS = (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2])


@pytest.mark.parametrize("kind", "efdFDl")
def test_a_product_of_matrices_has_the_bits_of_matmul(kind):
    rng = np.random.default_rng(0)
    for n, k, m in product(SIZES, repeat=3):
        x, y = (rng.normal(0, 9, shape).astype(kind) for shape in ((n, k), (k, m)))
        for order, other in product(ORDERS, repeat=2):
            a, b = order(x), other(y)
            assert times(a, b).tobytes() == np.matmul(a, b).tobytes(), (n, k, m)


@pytest.mark.parametrize("kinds", ["fd", "df", "ef", "lf", "dD"])
def test_a_product_of_two_kinds_has_the_bits_of_matmul(kinds):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(0, 9, (8, 8)).astype(kind) for kind in kinds)
    found, expected = times(x, y), np.matmul(x, y)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()
