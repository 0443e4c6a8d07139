"""Cosine similarity and distance: closed forms, zeros, broadcasting, derivatives, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError


def test_cosines():
    x, y = generic(4, 3), generic(4, 3, seed=1)
    expected = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(x, y)]
    np.testing.assert_allclose(tg.cosine_similarity(x, y), expected, rtol=1e-13)
    all_pairs = tg.cosine_similarity(x[:, None], y[None], axis=-1)
    np.testing.assert_allclose(np.diag(all_pairs), expected, rtol=1e-13)
    np.testing.assert_allclose(nn.CosineSimilarity(axis=0)(x, x), 1, rtol=1e-13)
    np.testing.assert_allclose(tg.cosine_similarity(1e100 * x, 1e-100 * y, eps=0.0), expected, rtol=1e-12)
    tg.gradcheck(lambda x, y: tg.cosine_similarity(x, y, axis=0), x, y[:, :1])


def test_the_cosine_of_nothing_is_0_and_so_is_its_gradient():
    x, y = tg.Tensor(np.zeros((1, 3)), requires_grad=True), np.ones((1, 3))
    out = tg.cosine_similarity(x, y)
    assert out.tolist() == [0]
    np.sum(out).backward()
    assert np.all(np.isfinite(x.grad.data))
    small = tg.cosine_similarity([[1e-9, 0.0]], [[1.0, 0.0]])
    np.testing.assert_allclose(small, [0.1])


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, np.inf])
def test_distances(p):
    x, y = generic(4, 3), generic(3, seed=1)
    expected = np.linalg.norm(x - y + 1e-6, p, axis=-1)
    np.testing.assert_allclose(tg.pairwise_distance(x, y, p=p), expected, rtol=1e-13)
    np.testing.assert_allclose(nn.PairwiseDistance(p, keepdims=True)(x, y), expected[:, None], rtol=1e-13)
    tg.gradcheck(lambda x, y: tg.pairwise_distance(x, y, p=p), x, y)
    t = tg.Tensor(x, requires_grad=True)
    np.sum(tg.pairwise_distance(t, x, p=p, eps=0.0)).backward()
    np.testing.assert_array_equal(t.grad.data if p < np.inf else 0, 0 if p > 1 else t.grad.data)


def test_errors_and_reprs():
    x = np.ones((2, 3))
    with pytest.raises(
        ShapeError, match=r"cosine_similarity: vectors of shapes \(2, 3\) and \(2, 2\) do not fit"
    ):
        tg.cosine_similarity(x, x[:, :2])
    with pytest.raises(ShapeError, match=r"CosineSimilarity: there is no axis 1 in vectors of shape \(3,\)"):
        nn.CosineSimilarity()(x[0], x[0])
    with pytest.raises(ArgumentError, match=r"PairwiseDistance: p is at least 1; got 0\.5"):
        nn.PairwiseDistance(0.5)
    with pytest.raises(ShapeError, match=r"pairwise_distance expects vectors"):
        tg.pairwise_distance(1.0, 2.0)
    assert repr(nn.CosineSimilarity()) == "CosineSimilarity(axis=1, eps=1e-08)"
    assert repr(nn.PairwiseDistance(1)) == "PairwiseDistance(p=1, eps=1e-06, keepdims=False)"
