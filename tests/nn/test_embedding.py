"""Embedding: rows by their numbers, and the sum of gradients where a row is read several times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.ops.embedding import add_rows


@given(st.data())
def test_gradients_of_drawn_layers(data):
    n, d, seed = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3)), data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, n, data.draw(st.sampled_from([(), (3,), (2, 2), (0,)])))
    weight = rng.standard_normal((n, d))
    np.testing.assert_array_equal(tg.embedding(indices, weight), weight[indices])
    if indices.size:
        tg.gradcheck(lambda w: np.sin(tg.embedding(indices, w)), weight)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_that_is_read_several_times_gets_the_sum(dtype):
    layer = nn.Embedding(3, 2, dtype=dtype, rng=0)
    layer([0, 1, 1]).backward([[1, 2], [3, 4], [5, 6]])
    assert layer.weight.grad.dtype == dtype
    assert layer.weight.grad.tolist() == [[1, 2], [8, 10], [0, 0]]


def test_many_rows_against_an_addition_one_by_one():
    rng = np.random.default_rng(0)
    indices, g = rng.integers(0, 65, (16, 128)), rng.standard_normal((16, 128, 8))
    layer, expected = nn.Embedding(65, 8, dtype=np.float64), np.zeros((65, 8))
    layer(indices).backward(g)
    for i, row in zip(indices.ravel(), g.reshape(-1, 8)):
        expected[i] += row
    np.testing.assert_array_equal(layer.weight.grad.data, expected)


@pytest.mark.parametrize("d", [3, 4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_that_lie_in_columns_arrive(dtype, d):
    """As those of rows that are transposed do."""
    indices, g = np.array([0, 1, 1, 3, 2]), np.arange(5 * d, dtype=dtype).reshape(d, 5)
    layer, expected = nn.Embedding(4, d, dtype=dtype), np.zeros((4, d), dtype)
    layer(indices).T.backward(g)
    np.add.at(expected, indices, g.T)
    np.testing.assert_array_equal(layer.weight.grad.data, expected)


@pytest.mark.parametrize("padding_idx", [1, -3])
def test_padding_starts_as_zeros_and_gets_no_gradient(padding_idx):
    layer = nn.Embedding(4, 2, padding_idx)
    assert layer.padding_idx == 1
    assert not layer.weight.data[1].any()
    layer([0, 1, 1, 3]).backward(np.ones((4, 2)))
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [1, 1]]
    layer.weight.data[1] = 5  # as in PyTorch, it is read as it is
    assert layer([1]).tolist() == [[5, 5]]


def test_weights_are_standard_normal():
    weight = nn.Embedding(200, 100, rng=0).weight.data
    assert weight.dtype == np.float32
    assert abs(weight.mean()) < 0.03
    assert abs(weight.std() - 1) < 0.03
    np.testing.assert_array_equal(weight, nn.Embedding(200, 100, rng=0).weight.data)
    assert {k: v.shape for k, v in nn.Embedding(5, 3).state_dict().items()} == {"weight": (5, 3)}
    assert repr(nn.Embedding(5, 3, 0)) == "Embedding(5, 3, padding_idx=0)"
    own = lambda shape, rng, dtype: rng.random(shape, dtype)  # which is given a generator, and no seed
    assert 0 <= nn.Embedding(5, 3, init=own, rng=0).weight.data.min() < 1


def test_indices_are_lists_arrays_and_integer_tensors():
    layer = nn.Embedding(5, 3, rng=0)
    for indices in ([[1, 2]], np.array([[1, 2]], np.uint8), tg.Tensor([[1, 2]])):
        np.testing.assert_array_equal(layer(indices).data, layer.weight.data[[[1, 2]]])
    assert layer(4).shape == (3,)
    assert layer([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 7], errors.ArgumentError, r"mbedding expects indices in \[0, 5\).*got 7"),
        ([[0, -1]], errors.ArgumentError, r"mbedding expects indices in \[0, 5\).*got -1"),
        ([0.0, 1.0], errors.DTypeError, "mbedding expects integer indices, got float64"),
        ([True, False], errors.DTypeError, "mbedding expects integer indices, got bool"),
        (tg.Tensor([0.0]), errors.DTypeError, "mbedding expects integer indices, got float64"),
    ],
)
def test_wrong_indices_are_named(indices, error, message):
    with pytest.raises(error, match=message):
        nn.Embedding(5, 3)(indices)
    with pytest.raises(error, match=message):
        tg.embedding(indices, np.ones((5, 3)))


def test_wrong_settings_are_refused():
    with pytest.raises(errors.ArgumentError, match="at least 1; got 0 and 3"):
        nn.Embedding(0, 3)
    with pytest.raises(errors.ArgumentError, match="padding_idx 5 is none of the 5 embeddings"):
        nn.Embedding(5, 3, 5)
    with pytest.raises(
        errors.ShapeError, match=r"embedding expects a weight of shape \(n, d\).*got shape \(3,\)"
    ):
        tg.embedding([0], np.ones(3))


@pytest.mark.parametrize("kind", "efdF")
@pytest.mark.parametrize("d", [0, 1, 4, 5])
def test_rows_are_added_to_the_bits_of_numpys(kind, d):
    rng = np.random.default_rng(0)
    indices, spread = rng.integers(0, 6, (4, 5)), rng.standard_normal((4, 5, 2 * d)).astype(kind)
    for values in (spread[..., :d].copy(), spread[..., ::2], -np.zeros((4, 5, d), kind)):
        expected = np.zeros((6, d), kind)
        np.add.at(expected, indices, values)
        assert add_rows(values, indices, 6).tobytes() == expected.tobytes()
