"""Who owns gradients and values: what shares memory with what, and what is changed by nobody else."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import nn, optim


@tg.primitive(x1=lambda g: g, x2=lambda g: g[...])
def careless(x1, x2):
    """An op of a user, whose rules hand on the gradient that they got, and a view of it."""
    return x1 + x2


@tg.primitive(x1=lambda g, x1: x1, x2=lambda g, out: out)
def hoarding(x1, x2):
    """An op whose rules return what was saved for them."""
    return x1 * x2


HELD = []


def held(array, view=False):
    """The array, of which somebody else keeps the array itself, or a view."""
    HELD.append(array[:] if view else array)
    return array


@tg.primitive(x1=lambda g: held(2 * g), x2=lambda g: held(3 * g, view=True))
def remembering(x1, x2):
    """An op of a user, whose rules make new arrays and keep a hold of them."""
    return 2 * x1 + 3 * x2


@tg.primitive(joint=(("x1", "x2"), lambda g: (2 * g,) * 2))
def joint_twice(x1, x2):
    """An op whose joint rule returns one array for two arguments."""
    return 2 * x1 + 2 * x2


@tg.primitive(joint=(("x1", "x2"), lambda g: (held(2 * g), held(3 * g, view=True))))
def joint_remembering(x1, x2):
    """An op whose joint rule keeps a hold of what it returns."""
    return 2 * x1 + 3 * x2


ALIASING = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "positive": lambda a, b: +a + +b,
    "copy": lambda a, b: np.copy(a) + b,
    "reshape": lambda a, b: (a.reshape(-1) + b.reshape(-1)).reshape(2, 2),
    "transpose": lambda a, b: (a.T + b.T).T,
    "transposed": lambda a, b: a + b.T,
    "flip": lambda a, b: np.flip(a) + np.flip(b),
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]),
    "stack": lambda a, b: np.stack([a[0], b[0]]),
    "split": lambda a, b: np.concatenate(np.split(a, 2)) + b,
    "where": lambda a, b: np.where([[True, False], [False, True]], a, b),
    "maximum": np.maximum,
    "broadcast": lambda a, b: np.broadcast_to(np.sum(a + b), (2, 2)),
    "same twice": lambda a, b: a + a + b + b,
    "astype": lambda a, b: np.astype(a + b, np.float64),
    "careless": careless,
    "hoarding": hoarding,
    "remembering": remembering,
    "joint, twice the same": joint_twice,
    "joint, remembering": joint_remembering,
}


@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
@pytest.mark.parametrize("function", ALIASING.values(), ids=ALIASING)
def test_gradients_share_memory_with_nothing(function, create_graph):  # E08
    a = leaf([[1.0, 2.0], [3.0, 4.0]])
    b = leaf([[5.0, 6.0], [7.0, 8.0]])
    g = np.array([[1.0, -2.0], [3.0, -4.0]])
    y = function(a, b)
    y.backward(g, create_graph=create_graph)
    arrays = {
        "g": g,
        "a": a.data,
        "b": b.data,
        "y": y._array,
        "a.grad": a.grad._array,
        "b.grad": b.grad._array,
        **{f"held {i}": array for i, array in enumerate(HELD) if isinstance(array, np.ndarray)},
    }
    HELD.clear()
    for name, array in arrays.items():
        assert not name.endswith("grad") or not any(
            np.shares_memory(array, other) for n, other in arrays.items() if n != name
        ), name
    if not create_graph:
        for gradient in (a.grad.data, b.grad.data):
            assert gradient.flags.writeable
            assert gradient.flags.c_contiguous
        before = [g.copy(), a.data.copy(), b.data.copy(), b.grad.data.copy()]
        a.grad.data[...] *= 2
        for array, old in zip([g, a.data, b.data, b.grad.data], before):
            np.testing.assert_array_equal(array, old)
    a.grad = b.grad = None  # gradients with a graph and their leaves keep each other alive


LOSSES = {
    "itself": lambda x: x,
    "add": lambda x: x + 0.0,
    "careless": lambda x: careless(x, 0.0),
    "reshape": lambda x: x.reshape(1).reshape(()),
    "part": lambda x: np.split(x.reshape(1), 1)[0].reshape(()),
    "twice": lambda x: x + x - x,
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("function", LOSSES.values(), ids=LOSSES)
def test_gradients_of_losses_are_their_leaves_own(function, dtype):  # where each began with a 1
    x, y = (tg.Tensor(np.array(3.0, dtype), requires_grad=True) for _ in range(2))
    for leaf_ in (x, y, y):
        function(leaf_).backward()
        assert leaf_.grad.data.flags.writeable
        leaf_.grad.data[...] += 1
    assert (x.grad.data, y.grad.data) == (2.0, 4.0)
    assert x.grad.dtype == y.grad.dtype == dtype


@pytest.mark.parametrize("joint", [False, True])
def test_new_arrays_of_rules_are_given_away_without_a_copy(joint):
    addresses = []

    def noted(array):
        addresses.append(array.ctypes.data)
        return array

    rules = {"joint": (("x", "y"), lambda g: (noted(2 * g), noted(3 * g)))}
    if not joint:
        rules = {"x": lambda g: noted(2 * g), "y": lambda g: noted(3 * g)}

    @tg.primitive(**rules)
    def noting(x, y):
        return 2 * x + 3 * y

    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    noting(x, y).backward(np.ones(2))
    assert [x.grad.data.ctypes.data, y.grad.data.ctypes.data] == addresses


def test_accumulating_changes_nobody_elses_gradient():  # E08
    x1, x2, g = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.array([1.0, 10.0])
    (x1 + x2).backward(g)
    (x1 * 2.0).backward(g)
    np.testing.assert_array_equal(g, [1.0, 10.0])
    np.testing.assert_array_equal(x1.grad.data, [3.0, 30.0])
    np.testing.assert_array_equal(x2.grad.data, [1.0, 10.0])


def test_pullbacks_own_their_results():  # E08
    u = np.array([1.0, 10.0])
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    _, pullback = tg.vjp(np.add, a, b)
    arrays = [u, a, b, *pullback(u), *pullback(u)]
    assert not any(np.shares_memory(one, other) for i, one in enumerate(arrays) for other in arrays[:i])


def test_the_gradient_of_a_sum_can_be_written_to():  # E09
    x = leaf(np.ones((3, 4)))
    x.sum().backward()
    flags = x.grad.data.flags
    assert flags.writeable
    assert flags.owndata
    assert flags.c_contiguous


@pytest.mark.parametrize(
    "function",
    [lambda x: x * x, lambda x: np.sin(x) + x, lambda x: x[()], np.sum, lambda x: x**2, lambda x: 1 / x],
)
def test_zero_dimensional_gradients_are_arrays(function):  # E10
    x = leaf(2.0)
    y = function(x)
    y.backward()
    assert type(y.data) is np.ndarray
    assert type(x.grad.data) is np.ndarray
    assert (x.grad.data.shape, x.grad.data.dtype) == ((), np.float64)
    held, before = x.grad.data, x.grad.item()
    held += 1
    assert x.grad.item() == before + 1


def test_a_cotangent_may_be_reused_by_its_owner():  # E14
    x1, x2, g = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.array([1.0, 10.0])

    def spoil(gradient):
        g[...] = 99

    y = x1 + x2 * 1.0
    y.register_hook(spoil)
    y.backward(g.copy())
    np.testing.assert_array_equal(x1.grad.data, [1.0, 10.0])
    np.testing.assert_array_equal(x2.grad.data, [1.0, 10.0])


@pytest.mark.parametrize(
    "make", [nn.Parameter, lambda a: tg.Tensor(a, requires_grad=True)], ids=["Parameter", "Tensor"]
)
@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_training_does_not_change_the_users_array(make, optimizer):  # E15
    array = np.array([1.0, 2.0])
    p = make(array)
    np.sum(p * p).backward()
    optimizer([p], lr=0.1).step()
    np.testing.assert_array_equal(array, [1.0, 2.0])
    assert np.all(p.data < array)


def read_only(array):
    array.flags.writeable = False
    return array


@tg.primitive(x=lambda g: read_only(2 * g))
def fixed_slope(x):
    """An op of a user, whose rule returns an array that nobody may write to."""
    return 2 * x


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_a_rule_may_return_an_array_that_is_read_only(terms):
    x = leaf([1.0, 2.0])
    sum(fixed_slope(x) for _ in range(terms)).backward([1.0, 10.0])
    x.grad.data += 1
    np.testing.assert_array_equal(x.grad.data, [2 * terms + 1, 20 * terms + 1])
