"""Parts of batches: together they are the batches of one process, in any data that a DataLoader takes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import message_of
from tinygrad_edu.data import ArrayDataset, DataLoader, pad_collate
from tinygrad_edu.errors import ArgumentError

X, Y = np.arange(26.0).reshape(13, 2), np.arange(13)


def noisy(x, y, rng):
    return x + rng.standard_normal(x.shape), y


# fmt: off
KINDS = {
    "arrays":   lambda part: DataLoader((X, Y), 5, shuffle=True, part=part),
    "in order": lambda part: DataLoader((X, Y), 5, drop_last=True, part=part),
    "mapped":   lambda part: DataLoader(ArrayDataset(X, Y).map(noisy), 5, shuffle=True, part=part),
    "samples":  lambda part: DataLoader(list(zip(X, Y)), 5, shuffle=True, part=part),
    "iterable": lambda part: DataLoader(lambda: zip(X, Y), 5, part=part),
    "several":  lambda part: DataLoader(({"a": X, "b": -X}, Y), 5, shuffle=True, part=part),
    "padded":   lambda part: DataLoader([(x, y) for x, y in zip(X, Y)], 5, collate_fn=pad_collate, part=part),
}
# fmt: on


def leaves(batch):
    parts = batch.values() if isinstance(batch, dict) else batch
    return [leaf for part in parts for leaf in ([part] if isinstance(part, np.ndarray) else leaves(part))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 7])
def test_all_parts_together_are_the_whole_batches(kind, size):
    whole = KINDS[kind]((0, 1))
    parts = [KINDS[kind]((rank, size)) for rank in range(size)]
    for _ in range(2):
        batches = [list(loader) for loader in (whole, *parts)]
        assert len({len(found) for found in batches}) == 1
        for one, *others in zip(*batches):
            for array, *shares in zip(leaves(one), *map(leaves, others)):
                np.testing.assert_array_equal(np.concatenate(shares), array)
                assert {share.dtype for share in shares} == {array.dtype}


@given(st.integers(1, 100), st.integers(1, 12), st.integers(1, 20))
def test_parts_differ_by_one_row_at_most(samples, batch_size, size):
    loaders = [DataLoader(np.zeros(samples), batch_size, part=(rank, size)) for rank in range(size)]
    for number in range(len(loaders[0])):
        rows = [loader.rows(number) for loader in loaders]
        counts = [part.stop - part.start for part in rows]
        assert max(counts) - min(counts) <= 1
        assert rows[0].start == number * batch_size
        assert rows[-1].stop == min((number + 1) * batch_size, samples)
        assert all(one.stop == next.start for one, next in pairwise(rows))


def test_the_place_of_one_part_is_that_of_all():
    one, other = (DataLoader((X, Y), 5, shuffle=True, seed=1, part=(0, size)) for size in (2, 1))
    next(iter(one))
    other.load_state_dict(one.state_dict())
    assert len(list(other)) == 2


@pytest.mark.parametrize("part", [(2, 2), (0, 0), (-1, 2), 1, (0, 1, 2)])
def test_what_is_no_part_is_refused(part):
    assert "part" in message_of(ArgumentError, DataLoader, (X, Y), part=part)
