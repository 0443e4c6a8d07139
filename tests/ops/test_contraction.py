"""Products: what is faster than `matmul` gives its bits."""

from itertools import product as every

import numpy as np
import pytest

from tinygrad_edu.ops.contraction import product

SIZES = (1, 2, 3, 8, 17)
ORDERS = (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2])


@pytest.mark.parametrize("kind", "efdFDl")
def test_a_product_of_matrices_has_the_bits_of_matmul(kind):
    rng = np.random.default_rng(0)
    for n, k, m in every(SIZES, repeat=3):
        x, y = (rng.normal(0, 9, shape).astype(kind) for shape in ((n, k), (k, m)))
        for order, other in every(ORDERS, repeat=2):
            a, b = order(x), other(y)
            assert product(a, b).tobytes() == np.matmul(a, b).tobytes(), (n, k, m)


def test_a_product_of_two_kinds_is_of_the_larger_one():
    x, y = np.ones((2, 3), np.float32), np.ones((3, 2))
    assert product(x, y).dtype == np.float64
    assert product(x, y.astype(np.float32)).dtype == np.float32


def test_vectors_are_multiplied_too():
    x = np.arange(3.0)
    assert product(x, np.eye(3)).tolist() == x.tolist()
    assert product(np.eye(3), x).tolist() == x.tolist()
