"""The orders of epochs that C makes are NumPy's, number for number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache, orders
from tinygrad_edu.data import DataLoader

pytestmark = [
    pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here"),
    pytest.mark.usefixtures("quick_c"),
]


@pytest.fixture(scope="module")
def in_c(tmp_path_factory):
    made = orders.orders_in(tmp_path_factory.mktemp("c") / "new")
    assert made is not None
    return made


def by_numpy(seed, epoch, n):
    return np.random.default_rng([seed, epoch]).permutation(n)


SEEDS = st.one_of(
    st.integers(0, 100), st.integers(0, 1 << 400), st.integers(0, 12).map(lambda k: 1 << 32 * k)
)


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.one_of(st.integers(0, 1000), st.integers((1 << 32) - 9, (1 << 32) - 3)), st.integers(1, 3),
       st.integers(1, 400))  # fmt: skip
def test_all_numbers_are_numpys(in_c, seed, first, count, n):
    found = in_c(seed, range(first, first + count), n)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [by_numpy(seed, first + k, n) for k in range(count)])


@pytest.mark.parametrize("n", [255, 256, 257, 65536, 65537, 100_003])
def test_long_orders(in_c, n):
    np.testing.assert_array_equal(in_c(7, range(2, 3), n)[0], by_numpy(7, 2, n))


def test_another_numpy_is_believed(in_c, monkeypatch, tmp_path):
    monkeypatch.setattr(orders, "_by_numpy", lambda seed, epoch, n: np.arange(n))
    assert orders.orders_in(tmp_path / "new") is None


class Backwards(DataLoader):
    def order(self, epoch):
        return np.arange(self.samples)[::-1].copy()


@pytest.mark.parametrize(("kind", "drop_last"), [(DataLoader, False), (DataLoader, True), (Backwards, False)])
def test_a_training_goes_through_the_same_rows(kind, drop_last):
    def rows_of(compiled):
        x = np.arange(11.0)[:, None]
        step = tg.compile(lambda x: (x * [[1], [10], [100], [1000], [10000]][: len(x)]).sum(), backend="c")
        loader = kind((x,), 5, shuffle=True, seed=3, drop_last=drop_last, dtype=None)
        found = []
        for _ in range(4):
            losses = step.over(loader) if compiled else [step.function(*batch) for batch in loader]
            found.append(np.array(losses, float))
        return found

    np.testing.assert_array_equal(np.concatenate(rows_of(True)), np.concatenate(rows_of(False)))
