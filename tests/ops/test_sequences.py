"""Which steps of padded sequences are real."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors
from tinygrad_edu.ops.sequences import reverse_sequences


def test_the_mask_is_true_for_as_many_steps_as_the_lengths_say():
    mask = tg.sequence_mask([2, 0, 3])
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, [[1, 1, 0], [0, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(tg.sequence_mask([1, 2], 4), [[1, 0, 0, 0], [1, 1, 0, 0]])
    np.testing.assert_array_equal(tg.sequence_mask([[1], [0]], 1), [[[1]], [[0]]])
    np.testing.assert_array_equal(tg.sequence_mask(2, 3), [1, 1, 0])
    for lengths in (np.uint8([3, 1]), tg.Tensor([3, 1])):
        np.testing.assert_array_equal(tg.sequence_mask(lengths), [[1, 1, 1], [1, 0, 0]])
    assert tg.sequence_mask([]).shape == (0, 0)
    assert tg.sequence_mask([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tg.sequence_mask([1.0]), errors.DTypeError, "lengths are integers, .* got float64"),
        (lambda: tg.sequence_mask([True]), errors.DTypeError, "lengths are integers, .* got bool"),
        (lambda: tg.sequence_mask([2, -1]), errors.ArgumentError, "are 0 or more; got -1 to 2"),
        (lambda: tg.sequence_mask([2, 5], 4), errors.ArgumentError, "from 0 to 4, .* got 2 to 5"),
    ],
)
def test_what_are_no_lengths_is_refused(call, error, message):
    with pytest.raises(error, match=f"^sequence_mask: lengths .*{message.removeprefix('lengths ')}"):
        call()


def test_sequences_are_reversed_up_to_their_ends():
    x = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(reverse_sequences(x, np.array([3, 2])), [[4, 3], [2, 1], [0, 5]])
