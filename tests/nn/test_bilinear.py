"""The bilinear layer."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, nn


def by_hand(x1, x2, w, b):
    return np.array([[p @ m @ q + c for m, c in zip(w, b)] for p, q in zip(x1, x2)])


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in ((5, 2), (5, 3), (4, 2, 3), (4,))]


def test_it_is_the_sum_of_all_products(drawn):
    np.testing.assert_allclose(tg.bilinear(*drawn), by_hand(*drawn), rtol=1e-12)
    np.testing.assert_allclose(tg.bilinear(*drawn[:3]), by_hand(*drawn[:3], np.zeros(4)), rtol=1e-12)
    x1, x2, w, b = drawn
    np.testing.assert_allclose(tg.bilinear(x1[0], x2[0], w, b), by_hand(x1, x2, w, b)[0], rtol=1e-12)
    # The axes of a batch are broadcast.
    np.testing.assert_allclose(tg.bilinear(x1[:, None], x2, w, b)[3, 1], x1[3] @ w @ x2[1] + b, rtol=1e-12)


def test_it_is_that_of_pytorch():
    y = tg.bilinear(
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0, 0.5]]),
        np.arange(12.0).reshape(2, 2, 3),
        np.array([0.5, -0.5]),
    )
    assert y.tolist() == [[3.5, 11.5]]


def test_gradients_to_second_order(drawn):
    tg.gradcheck(tg.bilinear, *drawn)
    tg.gradcheck(tg.bilinear, *drawn[:3])
    x1, x2, w, b = drawn
    tg.gradcheck(tg.bilinear, x1[0], x2[0], w, b)
    tg.gradcheck(tg.bilinear, x1.reshape(5, 1, 2), x2.reshape(5, 1, 3), w, b)


def test_no_rows_give_no_rows(drawn):
    layer = nn.Bilinear(2, 3, 4, dtype=np.float64)
    y = layer(drawn[0][:0], drawn[1][:0])
    assert y.shape == (0, 4)
    y.sum().backward()
    assert not layer.weight.grad.data.any()


def test_the_layer_computes_its_equation_and_shows_its_settings(drawn):
    x1, x2, w, b = drawn
    layer = nn.Bilinear(2, 3, 4, dtype=np.float64)
    layer.load_state_dict({"weight": w, "bias": b})
    np.testing.assert_allclose(layer(x1, x2).data, by_hand(x1, x2, w, b), rtol=1e-12)
    assert [(name, p.shape) for name, p in layer.named_parameters()] == [
        ("weight", (4, 2, 3)),
        ("bias", (4,)),
    ]
    assert nn.Bilinear(2, 3, 4, False).bias is None
    assert nn.Bilinear(2, 3, 4)(x1, x2).dtype == np.float32
    assert repr(layer) == "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)"
    with pytest.raises(errors.DTypeError, match="float64"):
        nn.Bilinear(2, 3, 4)(tg.Tensor(x1, requires_grad=True), x2)


def test_default_weights_and_biases_are_uniform_by_the_first_number_of_features():
    layer = nn.Bilinear(100, 30, 50, rng=0)
    for p in layer.parameters():
        assert 0.09 < np.abs(p.data).max() <= 0.1
    np.testing.assert_allclose(layer.weight.data.std(), 0.1 / np.sqrt(3), rtol=0.01)
    assert np.array_equal(nn.Bilinear(3, 2, 2, rng=1).weight.data, nn.Bilinear(3, 2, 2, rng=1).weight.data)
    he = nn.Bilinear(100, 30, 50, rng=0, init=nn.init.lecun_normal)
    np.testing.assert_allclose(he.weight.data.std(), 1 / np.sqrt(3000), rtol=0.01)
    assert not he.bias.data.any()


@pytest.mark.parametrize(
    ("s1", "s2"), [((5, 3), (5, 3)), ((5, 2), (5, 2)), ((5, 2), (4, 3)), ((2,), (5, 3)), ((), (3,))]
)
def test_wrong_shapes_are_refused(s1, s2):
    with pytest.raises(
        errors.ShapeError, match=r"Bilinear expects x1 of shape \(\.\.\., 2\) and x2 of shape \(\.\.\., 3\)"
    ) as error:
        nn.Bilinear(2, 3, 4)(np.ones(s1), np.ones(s2))
    assert f"got {s1} and {s2}" in str(error.value)


def test_sizes_are_at_least_one():
    with pytest.raises(errors.ArgumentError, match="at least 1; got 2, 0 and 4"):
        nn.Bilinear(2, 0, 4)
