"""Datasets: arrays with as many rows each, and maps over batches of them."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, errors


def test_samples_slices_and_choices():
    x, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 0, 1])
    both = data.ArrayDataset(x, y)
    assert len(both) == 4
    np.testing.assert_array_equal(both[1][0], [3, 4, 5])
    assert both[-1][1] == 1
    np.testing.assert_array_equal(both[[3, 0]][0], x[[3, 0]])
    np.testing.assert_array_equal(both[y == 1][0], x[[1, 3]])
    assert len(both[1:3][1]) == 2
    assert len(list(both)) == 4  # an IndexError ends the iteration
    with pytest.raises(IndexError, match="no sample 4; there are 4"):
        both[4]
    with pytest.raises(IndexError, match="no sample -5"):
        both[-5]
    with pytest.raises(TypeError):
        both[1.5]


def test_arrays_are_shared_and_read_only():
    x = np.zeros((3, 2))
    dataset = data.ArrayDataset(x)
    assert np.shares_memory(dataset[:2][0], x)
    with pytest.raises(ValueError, match="read-only"):
        dataset[:2][0][...] = 1
    x[0] = 7  # the user's own array stays as it was
    assert dataset[0][0].tolist() == [7, 7]


def test_tensors_and_lists_are_arrays():
    x = tg.Tensor([[1.0], [2.0]], requires_grad=True)
    dataset = data.ArrayDataset(x, [True, False])
    assert type(dataset.arrays[0]) is np.ndarray
    assert dataset.arrays[1].dtype == bool


def test_images_and_labels_of_different_count_are_refused():  # X11
    with pytest.raises(errors.ShapeError, match=r"one row a sample.*\(5, 28, 28\), \(4,\)"):
        data.ArrayDataset(np.zeros((5, 28, 28)), np.zeros(4, int))
    with pytest.raises(errors.ShapeError, match=r"\(5, 28, 28\), \(4,\)"):
        data.DataLoader((np.zeros((5, 28, 28)), np.zeros(4, int)))


def test_what_is_no_array_of_numbers_is_refused():
    with pytest.raises(errors.DTypeError, match=r"array 1 holds <U1.*LabelEncoder"):
        data.ArrayDataset([1, 2], ["a", "b"])
    with pytest.raises(errors.DTypeError, match="array 0 holds object"):
        data.ArrayDataset(np.array([None, 1]))
    with pytest.raises(errors.ShapeError, match="array 0 is a single number"):
        data.ArrayDataset(3.0)
    with pytest.raises(
        errors.ShapeError,
        match="array 0: an array has rows of one length; got a list with elements of lengths 1, 2",
    ):
        data.ArrayDataset([[1, 2], [3]])
    with pytest.raises(errors.ArgumentError, match="at least one array"):
        data.ArrayDataset()


def test_a_map_is_given_batches_when_they_are_taken():
    shapes = []

    def negative(x, y):
        shapes.append(x.shape)
        return -x, y

    mapped = data.ArrayDataset(np.arange(6.0).reshape(3, 2), [1, 2, 3]).map(negative)
    assert shapes == []
    assert len(mapped) == 3
    np.testing.assert_array_equal(mapped[1:][0], [[-2, -3], [-4, -5]])
    np.testing.assert_array_equal(mapped[0][0], [0, -1])
    assert shapes == [(2, 2), (1, 2)]
    assert repr(mapped) == "ArrayDataset(3 samples: float64 (2,), int64 ()).map(negative)"


def test_maps_are_chained_and_may_return_a_single_array():
    chained = data.ArrayDataset([1, 2], [3, 4]).map(lambda x, y: (x + 1, y)).map(lambda x, y: x * y)
    np.testing.assert_array_equal(chained[:][0], [6, 12])


def test_a_map_of_c_functions():
    np.testing.assert_array_equal(data.ArrayDataset([1.0, 4.0]).map(np.sqrt)[:][0], [1, 2])


def test_a_chain_of_random_maps_draws_each_number_once():
    def noise(x, rng):
        return x + rng.random(x.shape)

    once = data.ArrayDataset(np.zeros(3)).map(noise)
    twice = data.ArrayDataset(np.zeros(3)).map(noise).map(noise)
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(once.take(slice(3), 5)[0], np.random.default_rng(5).random(3))
    np.testing.assert_array_equal(twice.take(slice(3), 5)[0], rng.random(3) + rng.random(3))
    np.testing.assert_array_equal(
        once.map(np.negative).take(slice(3), 5)[0], -np.random.default_rng(5).random(3)
    )
    assert once.map(np.negative).random
    assert not data.ArrayDataset([1.0]).map(np.negative).random
    with tg.seed(5):
        np.testing.assert_array_equal(once[:][0], np.random.default_rng(5).random(3))


@pytest.mark.parametrize("wrong", [lambda x: x[:1], np.sum, lambda x: (x, 1)])
def test_a_map_keeps_the_number_of_rows(wrong):
    with pytest.raises(errors.ShapeError, match="given 2 rows"):
        data.ArrayDataset([1.0, 2.0]).map(wrong)[:]


def test_a_map_is_a_function():
    with pytest.raises(errors.ArgumentError, match="got 3"):
        data.ArrayDataset([1.0]).map(3)


def test_lists_and_datasets_meet_the_protocol():
    assert isinstance([1, 2], data.Dataset)
    assert isinstance(data.ArrayDataset([1]), data.Dataset)
    assert not isinstance(iter([1]), data.Dataset)
