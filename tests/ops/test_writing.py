"""np.put, np.copyto and their kin: assignments to a tensor, with NumPy's values and numerical gradients."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu.errors import DTypeError, InPlaceError, UnsupportedCall

A, MASK = generic(3, 4), generic(3, 4) > 0
LAST = np.argmax(A, 1, keepdims=True)
# fmt: off
WRITES = {
    "put":                    (generic(5), lambda a, v: np.put(a, [0, 5, 11, 5, 2], v)),  # the later of two wins
    "put fewer":              (generic(2), lambda a, v: np.put(a, [[0, -1], [3, 7]], v)),
    "put clipped":            (generic(5), lambda a, v: np.put(a, [0, 50, 11, 5, -60], v, mode="clip")),
    "place":                  (generic(3), lambda a, v: np.place(a, MASK, v)),
    "putmask":                (generic(5), lambda a, v: np.putmask(a, MASK, v)),
    "putmask of one shape":   (generic(3, 4, seed=1), lambda a, v: np.putmask(a, MASK, v)),
    "copyto":                 (generic(4), lambda a, v: np.copyto(a, v)),
    "copyto where":           (generic(4), lambda a, v: np.copyto(a, v, where=MASK)),
    "put_along_axis":         (generic(3, 1), lambda a, v: np.put_along_axis(a, LAST, v, 1)),
    "put_along_axis of all":  (generic(2), lambda a, v: np.put_along_axis(a, np.array([3, 5]), v, None)),
    "fill_diagonal":          (generic(), lambda a, v: np.fill_diagonal(a, v)),
    "fill_diagonal, wrapped": (generic(2), lambda a, v: np.fill_diagonal(a, v, wrap=True)),
    "add.at":                 (generic(5), lambda a, v: np.add.at(a, ([0, 1, 0, 2, 0], [1, 2, 1, 3, 1]), v)),
    "add.at of a slice":      (generic(), lambda a, v: np.add.at(a, (slice(None), [0, 0]), v)),
    "subtract.at":            (generic(2, 4), lambda a, v: np.subtract.at(a, [1, 1], v)),
}
# fmt: on


@pytest.mark.parametrize(("values", "write"), WRITES.values(), ids=WRITES)
def test_a_tensor_becomes_the_result(values, write):
    def f(a, v):
        a = np.copy(a)
        assert write(a, v) is None
        return a

    expected = f(A, values)
    found = f(tg.Tensor(A, requires_grad=True), tg.Tensor(values, requires_grad=True))
    np.testing.assert_allclose(found.data, expected, rtol=1e-14)
    tg.gradcheck(f, A, values)
    with tg.no_grad():
        x = tg.Tensor(A.copy())
        write(x, tg.Tensor(values))
    np.testing.assert_array_equal(x.data, expected)
    plain = A.copy()
    write(plain, tg.Tensor(values))  # of no graph
    np.testing.assert_array_equal(plain, expected)


def test_a_loop_of_writes_and_who_saved_the_old_values():
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    before = y**2
    np.put(y, [1], x[0] * 10)
    np.add.at(y, [0, 0], x[2])
    np.sum(before + y).backward()
    assert x.grad.tolist() == [2 + 1 + 10, 4 + 0, 6 + 1 + 2]


def test_a_write_under_no_grad_is_noticed_by_an_earlier_graph():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = np.sum(x**2)
    with tg.no_grad():
        np.put(x, [0], 5.0)
    with pytest.raises(InPlaceError):
        y.backward()


LEAF = tg.Tensor([1.0, 2.0], requires_grad=True)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: np.put(LEAF, [0], 1.0), InPlaceError, "leaf"),
        (lambda: np.put(np.zeros(2), [0], LEAF[0]), UnsupportedCall, "np.put writes into its argument"),
        (lambda: np.multiply.at(LEAF * 1, [0], 2.0), UnsupportedCall, "np.multiply.at writes"),
        (lambda: np.put(LEAF * 1, [9], 1.0), IndexError, "out of bounds"),
        (lambda: np.copyto(LEAF * 1, np.zeros(3)), ValueError, "broadcast"),
        (lambda: np.copyto(tg.Tensor([1, 2]), LEAF, casting="unsafe"), DTypeError, "make it floating"),
        (lambda: np.copyto(tg.Tensor([1, 2]), LEAF), TypeError, "same_kind"),
    ],
)
def test_mistakes_are_named(call, error, says):
    with pytest.raises(error, match=says):
        call()
