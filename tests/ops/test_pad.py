"""np.pad: constant padding, its gradient, and modes that are refused."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic, message_of
from tinygrad_edu.errors import UnsupportedCall


def test_pad_and_its_gradient():
    x = tg.Tensor([[1.0, 2.0]], requires_grad=True)
    y = np.pad(x, ((1, 0), (0, 2)), constant_values=7)
    np.testing.assert_array_equal(y.data, [[7, 7, 7, 7], [1, 2, 7, 7]])
    y.backward(np.arange(8.0).reshape(2, 4))
    np.testing.assert_array_equal(x.grad.data, [[4, 5]])


def test_pad_of_some_axes():
    if np.lib.NumpyVersion(np.__version__) < "2.3.0":
        pytest.skip("np.pad takes a dict since NumPy 2.3")
    tg.gradcheck(lambda x: np.pad(x, {-1: (1, 2), 0: 1}), generic(2, 1, 3))


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_pad_that_repeats_elements_is_refused(mode):
    assert f"mode={mode!r}) has no derivative rule" in message_of(
        UnsupportedCall, np.pad, tg.Tensor([1.0, 2.0], requires_grad=True), 1, mode
    )
