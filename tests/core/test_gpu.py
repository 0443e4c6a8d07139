"""`python -m tests.gpu`, on the stand-ins that need no GPU."""

import re

import numpy as np
import pytest

from tests import gpu
from tests.helpers import generic
from tinygrad_edu import Tensor, no_grad
from tinygrad_edu.check.domains.domain import call
from tinygrad_edu.check.strict import StrictArray


@pytest.mark.parametrize("arrays", ["numpy", "strict", "separate"])
def test_the_script_finds_nothing_in_these_entries(arrays, capsys):
    assert gpu.main(["--arrays", arrays, "--examples", "2", "--only", "np.arc"]) == 0
    assert re.search(rf"^{arrays}: (\d+) entries: \1 same;", capsys.readouterr().out)


def test_a_perceptron_learns_on_other_arrays():
    assert gpu.train(gpu.library("separate")) == gpu.train(gpu.library("numpy")) < 0.1


def test_what_comes_out_wrong_is_found():
    wrong = gpu.Library(StrictArray, lambda a: StrictArray(a * 1.001), lambda a: a.array)
    with pytest.raises(AssertionError, match="Mismatched elements"):
        gpu.compare(np.sin, call(generic(3)), wrong, 1e-9)
    lost = gpu.Library(StrictArray, lambda a: a, np.asarray)
    with pytest.raises(AssertionError, match="a ndarray came out"):
        gpu.compare(np.sin, call(generic(3)), lost, 0)
    with pytest.raises(TypeError, match="an array of NumPy's, of shape"):
        gpu.Separate(np.ones(2)) + np.ones(2)


@pytest.mark.parametrize(
    "name",
    [
        "np.prod",
        "np.cumprod",
        "np.fft.irfft",
        "np.linalg.svd",
        "np.linspace",
        "np.tril",
        "np.einsum",
        "lstm",
        "likelihood_of_labels",
        "np.choose",
        "np.delete",
        "np.histogram",
        "np.interp",
        "np.nanstd",
        "np.repeat",
        "setitem",
        "taken",
    ],
)
def test_what_rules_make_of_numpys_is_put_where_the_other_arrays_lie(name, capsys):
    assert gpu.main(["--arrays", "separate", "--examples", "2", "--only", name]) == 0, capsys.readouterr().out


def test_a_tensor_is_asked_for_items_by_other_arrays_and_by_tensors_of_them():
    x = Tensor(gpu.Separate(np.arange(6.0).reshape(3, 2)), requires_grad=True)
    rows, mask = gpu.Separate(np.array([2, 0, 2])), gpu.Separate(np.array([True, False, True]))
    np.sum(x[rows] * 2 + x[Tensor(rows)] + np.sum(x[mask])).backward()
    np.testing.assert_array_equal(x.grad._array.array, [[9.0, 9.0], [0.0, 0.0], [12.0, 12.0]])


def test_constants_are_put_where_a_tensor_lies():
    x = Tensor(gpu.Separate(np.array([1.0, 2.0])), requires_grad=True)
    y = np.array([3.0, 4.0]) * x - [5.0, 6.0]
    np.sum(y * np.ones(2)).backward()
    assert isinstance(y._array, gpu.Separate)
    np.testing.assert_array_equal(x.grad._array.array, [3.0, 4.0])
    with pytest.raises(TypeError, match="takes from 2 to 3 positional arguments"):
        np.multiply(x)


def test_constants_over_other_arrays_stay_tensors():
    x = Tensor(StrictArray(np.array([1.0, 2.0])))
    for result in (np.sum(x, axis=0, keepdims=True), np.sort(x), np.multiply(x, x, dtype=np.float64)):
        assert isinstance(result, Tensor)
        assert isinstance(result._array, StrictArray)
    y = Tensor(StrictArray(np.array([1.0, 2.0])), requires_grad=True)
    with no_grad():
        assert isinstance(np.cumsum(y, axis=0), Tensor)


def test_the_gradient_of_a_constant_rule_is_a_tensor_where_a_graph_is_wanted():
    x = Tensor(StrictArray(np.ones((2, 3))), requires_grad=True)
    y = Tensor(StrictArray(np.ones(3)), requires_grad=True)
    np.sum(x + y).backward(create_graph=True)
    assert isinstance(y.grad, Tensor)
    assert isinstance(y.grad._array, StrictArray)
