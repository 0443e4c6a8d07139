"""Gradients that accumulate at a leaf, where some of them have a graph and others have none."""

import numpy as np
import pytest

import tinygrad_edu as tg


def leaf(*values):
    return tg.Tensor(np.array(values), requires_grad=True)


@pytest.mark.parametrize("recording", [True, False])
def test_an_ordinary_gradient_is_added_to_one_that_has_a_graph(recording):
    """3x² with a graph, and 2x without: the sum is 3x² + 2x, and its derivative 6x."""
    x = leaf(2.0, -1.0)
    np.sum(x**3).backward(create_graph=True)
    kept = x.grad
    square = np.sum(x**2)
    if recording:
        square.backward()
    else:
        with tg.no_grad():
            square.backward()
    total, x.grad = x.grad, None
    np.testing.assert_array_equal(total.data, [16.0, 1.0])
    np.testing.assert_array_equal(kept.data, [12.0, 3.0])  # whoever took the first gradient has it still
    assert total.requires_grad
    np.sum(total * np.array([1.0, 10.0])).backward()
    np.testing.assert_array_equal(x.grad.data, [12.0, -60.0])


def test_a_gradient_with_a_graph_is_added_to_an_ordinary_one():
    x = leaf(2.0, -1.0)
    np.sum(x**2).backward()
    np.sum(x**3).backward(create_graph=True)
    total, x.grad = x.grad, None
    np.testing.assert_array_equal(total.data, [16.0, 1.0])
    np.sum(total).backward()
    np.testing.assert_array_equal(x.grad.data, [12.0, -6.0])


def test_two_with_graphs():
    x = leaf(2.0, -1.0)
    np.sum(x**3).backward(create_graph=True)
    np.sum(x**2).backward(create_graph=True)
    total, x.grad = x.grad, None
    np.testing.assert_array_equal(total.data, [16.0, 1.0])
    np.sum(total).backward()
    np.testing.assert_array_equal(x.grad.data, [14.0, -4.0])


def test_ordinary_ones_in_place_and_alone():
    """The array of the gradient stays the same one, and belongs to nobody else."""
    x, k = leaf(2.0, -1.0), np.array([1.0, 2.0])
    (x * 1).backward(k)
    memory = x.grad.data
    (x * 1).backward(k)
    np.sum(x**2).backward()
    assert x.grad.data is memory
    np.testing.assert_array_equal(memory, [6.0, 2.0])
    np.testing.assert_array_equal(k, [1.0, 2.0])


@pytest.mark.parametrize("shape", [(1,), (2,), (2, 3)], ids=str)
def test_number_that_broadcasts_in_several_places_gets_the_sum(shape):
    x = tg.Tensor(2.0, requires_grad=True)
    y = np.sum(x / np.full(shape, 2.0)) + np.sum(x / np.full(shape, 4.0)) + np.sum(x * np.full(shape, 3.0))
    y.backward()
    assert x.grad.item() == (0.5 + 0.25 + 3) * np.prod(shape)
