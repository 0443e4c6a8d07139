"""The engine: what the graph keeps and frees, who owns gradients, what may be changed when,
and how a Tensor behaves as an object.

Tests are named by the edge that they stand for, E01 to E34, and grouped as the design is: backward passes,
memory, ownership, changing values, tensors as Python objects, tensors and arrays.  The modes (E16 to E18) and
the debug mode (E24, E33) have files of their own.
"""

import copy
import gc
import math
import operator
import pickle
import threading
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf, printed
from tinygrad_edu import errors, nn, optim
from tinygrad_edu.graph import Node

# ---- backward passes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [lambda x: x * x, lambda x: x + x, np.exp, lambda x: np.sum(x), lambda x: x.reshape(1)],
    ids=list("mases"),
)
def test_E01_second_backward_raises_and_changes_nothing(function):
    x = leaf(3.0)
    y = function(x)
    y.backward()
    first = x.grad.data.copy()
    with pytest.raises(RuntimeError, match="released by an earlier backward pass"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, first)


def test_E01_backward_through_a_released_part_changes_nothing():
    x = leaf([1.0, 2.0])
    shared = np.exp(x)
    one, two = np.sum(shared), np.sum(shared * x)
    one.backward()
    with pytest.raises(RuntimeError, match=r"np\.exp: its saved values were released"):
        two.backward()
    np.testing.assert_array_equal(x.grad.data, np.exp([1.0, 2.0]))


def test_E02_leaves_accumulate_and_results_do_not():
    x = leaf(3.0)
    y = x * x
    y.retain_grad()
    z = y * 1.0
    z.backward(retain_graph=True)
    assert (x.grad.item(), y.grad.item()) == (6.0, 1.0)
    z.backward(retain_graph=True)
    assert (x.grad.item(), y.grad.item()) == (12.0, 1.0)
    z.backward()
    assert x.grad.item() == 18.0


def test_E03_two_losses_share_a_subgraph():
    x = leaf([0.5, 2.0])
    shared = np.sin(x)
    one, two = np.sum(shared * 3), np.sum(shared * shared)
    one.backward(retain_graph=True)
    two.backward()
    np.testing.assert_allclose(x.grad.data, 3 * np.cos(x.data) + np.sin(2 * x.data), rtol=1e-12)


@pytest.mark.parametrize("length", [100_000, 1_000_000])
def test_E04_long_chain(length):
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + 1.0
    node = weakref.ref(y._node.parents[0])
    y.backward()
    assert (y.item(), x.grad.item()) == (length + 1.0, 1.0)
    del y
    assert node() is None


def test_E04_long_chain_that_is_never_differentiated_is_freed():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = np.sin(y)
    node = weakref.ref(y._node)
    del y
    assert node() is None


def test_E04_long_chain_of_the_gradient():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    y.backward(create_graph=True)
    assert x.grad.item() == 1.0
    x.grad = None


def test_E20_cotangents():
    x = leaf([1.0, 2.0])
    y = x * 3
    with pytest.raises(RuntimeError, match=r"shape \(2,\) needs a gradient"):
        y.backward()
    with pytest.raises(ValueError, match=r"shape \(2,\) got a gradient of shape \(3,\)"):
        y.backward(np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(2,\) got a gradient of shape \(\)"):
        y.backward(1.0)
    y.backward(np.array([1, 10]))
    np.testing.assert_array_equal(x.grad.data, [3.0, 30.0])
    assert x.grad.dtype == np.float64


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_E20_one_element_needs_no_cotangent(shape):
    x = leaf(np.full(shape, 3.0))
    (x * x).backward()
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 6.0))


def test_E21_backward_without_a_graph_raises():
    with pytest.raises(RuntimeError, match="requires_grad"):
        tg.Tensor(1.0).backward()
    with pytest.raises(RuntimeError, match="no_grad"), tg.no_grad():
        (leaf(1.0) * 2).backward()


def test_E22_unused_input():
    x, unused = leaf(2.0), leaf([1.0, 2.0])
    (x * x).backward()
    assert unused.grad is None
    used, zeros = tg.grad(lambda a, b: a * a, argnums=(0, 1))(2.0, np.ones((2, 3), np.float32))
    assert used.item() == 4.0
    assert (zeros.shape, zeros.dtype, np.any(zeros.data)) == ((2, 3), np.float32, False)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            lambda g: np.ones(3),
            r"cube: the rule of x returned a gradient of shape \(3,\); its argument has shape \(2,\)",
        ),
        (
            lambda g: g[:, None],
            r"cube: the rule of x returned a gradient of shape \(2, 1\); its argument has shape \(2,\)",
        ),
        (
            lambda g: 1.0,
            r"cube: the rule of x returned a gradient of shape \(\); its argument has shape \(2,\)",
        ),
        (lambda g: None, r"cube: the rule of x returned None; expected an array of float64, of shape \(2,\)"),
        (
            lambda g: (g, g),
            r"cube: the rule of x returned \(array.*; expected an array of float64, of shape \(2,\)",
        ),
        (
            lambda g: g.astype(object),
            r"cube: the rule of x returned ndarray of dtype object; expected an array of float64",
        ),
        (
            lambda g: np.ma.array(g, mask=[0, 1]),
            r"cube: the rule of x returned MaskedArray of dtype float64; expected an array",
        ),
        (
            lambda g: g * 1j,
            r"cube: the rule of x returned ndarray of dtype complex128; expected an array of float64",
        ),
        (
            lambda g: np.array(["a", "b"]),
            r"cube: the rule of x returned ndarray of dtype <U1; expected an array of float64",
        ),
    ],
    ids=["shape", "axis", "scalar", "None", "count", "object", "masked", "complex", "text"],
)
def test_E23_rules_that_return_something_wrong(returned, message):
    @tg.primitive(x=returned)
    def cube(x):
        return x**3

    x = leaf([1.0, 2.0])
    with pytest.raises(errors.WrongRule, match=message):
        cube(x).backward(np.ones(2))
    assert x.grad is None


def test_E23_rules_that_ask_for_what_nobody_has():
    with pytest.raises(errors.WrongRule, match="asks for 'y'"):
        tg.primitive(x=lambda g, y: g)(lambda x: x)
    with pytest.raises(errors.WrongRule, match="a rule was given for 'z'"):
        tg.primitive(z=lambda g: g)(lambda x: x)
    with pytest.raises(errors.WrongRule, match="must take g first"):
        tg.primitive(x=lambda x: x)(lambda x: x)


def test_E25_derivatives_of_any_order():
    x = leaf(2.0)
    y, found = x**3, []
    for _ in range(3):
        x.grad = None
        y.backward(create_graph=True)
        y = x.grad
        found.append(y.item())
    assert found == [12.0, 12.0, 6.0]
    x.grad = None


def test_many_uses_give_the_sum():
    x, constant = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    y = x * x + x * constant + np.concatenate([x, x])[1:3] + x[0]
    y.backward([1.0, 10.0])
    # 2x·g + c·g, then x₁ + x₀ picked by the slice, then x₀ for both
    np.testing.assert_array_equal(x.grad.data, [2 + 3 + 10 + 11, 40 + 40 + 1])


def test_graph_above_the_sinks_only():
    """A transform differentiates its own variables: tensors that the function closes over get nothing."""
    w = leaf(3.0)
    assert tg.grad(lambda x: w * x * x)(2.0).item() == 12.0
    assert w.grad is None


# ---- memory ------------------------------------------------------------------------------------------------


def live_nodes():
    return sum(isinstance(thing, Node) for thing in gc.get_objects())


@pytest.fixture
def no_collector():
    """Freed here means freed with the last reference."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_E05_training_leaves_nothing_behind():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(3, 4, rng=rng), nn.ReLU(), nn.Dropout(0.5, rng=rng), nn.Linear(4, 2, rng=rng)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = rng.standard_normal((5, 3), np.float32), rng.integers(0, 2, 5)

    def step():
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(inputs), labels)
        node, tensor = weakref.ref(loss._node), weakref.ref(loss)
        loss.backward()
        optimizer.step()
        del loss
        assert node() is None
        assert tensor() is None

    step()
    before = live_nodes()
    for _ in range(1000):
        step()
    assert live_nodes() == before


GRAPHS = {
    "elementwise": lambda x: np.exp(x) * np.maximum(x, 0) ** 2,
    "softmax": lambda x: tg.softmax(x) * tg.log_softmax(x),
    "cross-entropy": lambda x: tg.softmax_cross_entropy(x, [0, 1]),
    "items": lambda x: x[0] * x[[0, 1, 1], 0],
    "several outputs": lambda x: np.split(x, 3, axis=1)[1],
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "reduction": lambda x: np.std(x, axis=0) + np.prod(x, axis=0),
    "gradient": lambda x: tg.grad(lambda z: np.sum(np.tanh(z * x)))(x),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_E05_graph_dies_with_its_last_reference(graph):
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    y = graph(x)
    assert y.requires_grad
    before, node = live_nodes(), weakref.ref(y._node)
    del y
    assert node() is None
    assert live_nodes() < before


@pytest.mark.usefixtures("no_collector")
def test_E05_writes_leave_no_cycle():
    x = leaf([1.0, 2.0])
    y = x * 1.0
    y[0] = x[1]
    y += x
    node = weakref.ref(y._node)
    del y
    assert node() is None


def test_E06_a_number_without_its_graph():
    loss = np.sum(leaf([1.0, 2.0]) ** 2)
    assert type(loss.item()) is float
    assert loss.item() == 5.0
    for convert in (float, math.exp, int):
        with pytest.raises(errors.CoercionError, match=r"item\(\)"):
            convert(loss)
    with tg.no_grad():
        assert float(loss) == 5.0
    assert float(loss.detach()) == 5.0


def test_E06_a_running_total_of_losses_keeps_their_graphs():
    """As everywhere, and what item() is for."""
    x, before = leaf(1.0), live_nodes()
    total, number = 0.0, 0.0
    for _ in range(1000):
        total = total + x * 2
        number += (x * 2).item()
    assert (total.item(), number) == (2000.0, 2000.0)
    assert live_nodes() - before >= 2000
    del total
    assert live_nodes() - before < 10


def test_E07_saved_values_are_released_by_the_backward_pass():
    x = leaf(np.zeros(1_250_000))
    y = np.exp(x)
    saved = weakref.ref(y.data.base)
    assert saved().nbytes == 10_000_000
    z = np.sum(y)
    del y
    assert saved() is not None
    z.backward()
    assert saved() is None
    assert z.requires_grad


def test_E07_what_no_rule_names_is_not_kept():
    x = leaf(np.zeros(1000))
    y = x * 2.0  # its rule names the 2
    kept = weakref.ref(y.data.base)
    z = np.sum(y + 1)  # these name nothing but shapes
    del y
    assert kept() is None
    z.backward()
    np.testing.assert_array_equal(x.grad.data, np.full(1000, 2.0))


def test_E07_only_wanted_gradients_keep_anything():
    x, constant = leaf(np.ones(1000)), np.full(1000, 3.0)
    product = np.sin(x) * constant  # only the constant is needed: sin(x) has no user after this
    assert all(value is constant for value in product._node.saved)


# ---- ownership of gradients --------------------------------------------------------------------------------


@tg.primitive(x1=lambda g: g, x2=lambda g: g[...])
def careless(x1, x2):
    """An op of a user, whose rules hand on the gradient that they got, and a view of it."""
    return x1 + x2


@tg.primitive(x1=lambda g, x1: x1, x2=lambda g, out: out)
def hoarding(x1, x2):
    """An op whose rules return what was saved for them."""
    return x1 * x2


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
}


@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
@pytest.mark.parametrize("function", ALIASING.values(), ids=ALIASING)
def test_E08_gradients_share_memory_with_nothing(function, create_graph):
    a, b, g = (
        leaf([[1.0, 2.0], [3.0, 4.0]]),
        leaf([[5.0, 6.0], [7.0, 8.0]]),
        np.array([[1.0, -2.0], [3.0, -4.0]]),
    )
    y = function(a, b)
    y.backward(g, create_graph=create_graph)
    arrays = {
        "g": g,
        "a": a.data,
        "b": b.data,
        "y": y._array,
        "a.grad": a.grad._array,
        "b.grad": b.grad._array,
    }
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


def test_E08_accumulating_changes_nobody_elses_gradient():
    x1, x2, g = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.array([1.0, 10.0])
    (x1 + x2).backward(g)
    (x1 * 2.0).backward(g)
    np.testing.assert_array_equal(g, [1.0, 10.0])
    np.testing.assert_array_equal(x1.grad.data, [3.0, 30.0])
    np.testing.assert_array_equal(x2.grad.data, [1.0, 10.0])


def test_E08_pullbacks_own_their_results():
    u = np.array([1.0, 10.0])
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    _, pullback = tg.vjp(np.add, a, b)
    arrays = [u, a, b, *pullback(u), *pullback(u)]
    assert not any(np.shares_memory(one, other) for i, one in enumerate(arrays) for other in arrays[:i])


def test_E09_gradient_of_a_sum():
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
def test_E10_zero_dimensional_gradients_are_arrays(function):
    x = leaf(2.0)
    y = function(x)
    y.backward()
    assert type(y.data) is np.ndarray
    assert type(x.grad.data) is np.ndarray
    assert (x.grad.data.shape, x.grad.data.dtype) == ((), np.float64)
    held, before = x.grad.data, x.grad.item()
    held += 1
    assert x.grad.item() == before + 1


def test_E14_a_cotangent_may_be_reused_by_its_owner():
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
def test_E15_training_does_not_change_the_users_array(make, optimizer):
    array = np.array([1.0, 2.0])
    p = make(array)
    np.sum(p * p).backward()
    optimizer([p], lr=0.1).step()
    np.testing.assert_array_equal(array, [1.0, 2.0])
    assert np.all(p.data < array)


# ---- changing values ---------------------------------------------------------------------------------------


def test_E11_a_leaf_owns_its_values():
    array = np.array([1.0, 2.0])
    a = tg.Tensor(array, requires_grad=True)
    y = np.sum(a * a)
    array[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def test_E11_so_does_one_that_becomes_a_leaf_later():
    array = np.array([1.0, 2.0])
    a = tg.Tensor(array).requires_grad_()
    y = np.sum(a * a)
    array[0] = 99
    y.backward()
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def replace(a):
    a.data = np.array([9.0, 9.0])


def update_data(a):
    a.data -= 0.1


def update(a):
    with tg.no_grad():
        a -= 0.1


def write_item(a):
    with tg.no_grad():
        a[0] = 9.0


def write_through_detached(a):
    with tg.no_grad():
        detached = a.detach()
        detached += 1.0


def write_through_view(a):
    with tg.no_grad():
        view = a[:1]
        view += 1.0


def write_out(a):
    with tg.no_grad():
        np.add(a, 1.0, out=a)


def write_plain_out(a):
    np.add(np.ones(2), 1.0, out=a.detach())


def optimizer_step(a):
    a.grad = tg.Tensor(np.ones(2))
    optim.SGD([a], lr=0.1).step()


WRITERS = [
    replace,
    update_data,
    update,
    write_item,
    write_through_detached,
    write_through_view,
    write_out,
    write_plain_out,
    optimizer_step,
]


@pytest.mark.parametrize("write", WRITERS)
def test_E11_a_write_to_a_saved_value_is_an_error(write):
    a = leaf([1.0, 2.0])
    y = a * a
    write(a)
    with pytest.raises(
        errors.InPlaceError, match=r"np\.multiply: a value of shape \(2,\) .* changed in place"
    ):
        y.backward(np.ones(2))


@pytest.mark.parametrize("write", WRITERS)
def test_E11_a_write_to_a_value_that_nobody_saved_is_none(write):
    a = leaf([1.0, 2.0])
    y = a * 3.0
    write(a)
    a.grad = None
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, [3.0, 3.0])


@pytest.mark.parametrize("write", WRITERS)
def test_E11_an_operation_after_a_write_sees_the_new_values(write):
    a = leaf([1.0, 2.0])
    write(a)
    a.grad = None
    y = a * a
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, 2 * a.data)


def test_E11_writes_elsewhere_do_not_matter():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    y = a * a
    update(b)
    y.backward(np.ones(2))
    np.testing.assert_array_equal(a.grad.data, [2.0, 4.0])


def test_E11_views_of_one_buffer_share_its_version():
    flat, a, b = np.array([1.0, 2.0, 3.0, 4.0]), leaf([0.0, 0.0]), leaf([0.0, 0.0])
    a.data, b.data = flat[:2], flat[2:]
    y = a * a
    update(b)
    with pytest.raises(errors.InPlaceError, match=r"np\.multiply"):
        y.backward(np.ones(2))


@pytest.mark.parametrize(
    "function", [np.exp, tg.sigmoid, tg.softmax, np.sqrt, lambda a: a[:1], lambda a: a + 1]
)
def test_E12_values_of_a_result_are_read_only(function):
    y = function(leaf([1.0, 2.0]))
    with pytest.raises(ValueError, match="read-only"):
        y.data[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        y.data += 1
    with pytest.raises(errors.InPlaceError, match="result cannot be replaced"):
        y.data = np.zeros(2)


@pytest.mark.parametrize("function", [np.exp, tg.sigmoid, tg.softmax])
def test_E12_an_output_that_is_changed_under_no_grad(function):
    y = function(leaf([1.0, 2.0]))
    z = np.sum(y)
    with tg.no_grad():
        y *= 0
    with pytest.raises(errors.InPlaceError, match=r"changed in place"):
        z.backward()


def test_E13_a_view_of_a_leaf_is_a_result():
    a = leaf([[1.0, 2.0], [3.0, 4.0]])
    v = a[0]
    with pytest.raises(ValueError, match="read-only"):
        v.data += 1
    np.testing.assert_array_equal(a.data, [[1.0, 2.0], [3.0, 4.0]])


def test_writing_an_item_is_differentiable():
    x, v = leaf([1.0, 2.0, 3.0]), leaf(5.0)
    y = x * 2
    y[1] = v
    y[2:] = x[0] * 7
    np.sum(y * [1.0, 10.0, 100.0]).backward()
    np.testing.assert_array_equal(y.data, [2.0, 5.0, 7.0])
    np.testing.assert_array_equal(x.grad.data, [702.0, 0.0, 0.0])
    assert v.grad.item() == 10.0


def test_writing_an_item_of_a_constant():
    array, v = np.zeros(3), leaf(5.0)
    x = tg.Tensor(array)
    x[1] = v
    np.sum(x * x).backward()
    assert v.grad.item() == 10.0
    np.testing.assert_array_equal(array, np.zeros(3))


def test_who_saved_the_old_value_keeps_it():
    x = leaf([1.0, 2.0])
    y = x * 1.0
    square, view = y * y, y[:1]
    y[0] = 100.0
    y += 1.0
    np.sum(square).backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])
    np.testing.assert_array_equal(view.data, [1.0])
    np.testing.assert_array_equal(y.data, [101.0, 3.0])


IN_PLACE = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ipow,
    operator.ifloordiv,
    operator.imod,
]


@pytest.mark.parametrize("in_place", IN_PLACE)
def test_in_place_operators_rebind_results_while_recording(in_place):
    leaf_, array = leaf([5.0, 7.0]), np.array([5.0, 7.0])
    for before in (leaf_ * 1.0, tg.Tensor(array)):
        after = in_place(before, 2.0)
        assert after is not before
        np.testing.assert_array_equal(after.data, in_place(np.array([5.0, 7.0]), 2.0))
        np.testing.assert_array_equal(before.data, [5.0, 7.0])
    np.testing.assert_array_equal(array, [5.0, 7.0])


@pytest.mark.parametrize("in_place", IN_PLACE)
def test_in_place_operators_write_under_no_grad(in_place):
    x = leaf([5.0, 7.0])
    memory = x.data
    with tg.no_grad():
        after = in_place(x, tg.Tensor([2.0, 2.0]))
    assert after is x
    assert x.data is memory
    np.testing.assert_array_equal(memory, in_place(np.array([5.0, 7.0]), 2.0))


@pytest.mark.parametrize("in_place", [*IN_PLACE, lambda x, y: operator.setitem(x, 0, y)])
def test_in_place_operators_on_a_leaf_raise_while_recording(in_place):
    x = leaf([5.0, 7.0])
    with pytest.raises(errors.InPlaceError, match="leaf"):
        in_place(x, 2.0)
    np.testing.assert_array_equal(x.data, [5.0, 7.0])


def test_a_model_is_updated_by_hand():
    p = nn.Parameter([1.0, 2.0])
    memory = p.data
    np.sum(p * p).backward()
    with tg.no_grad():
        p -= 0.5 * p.grad
    np.testing.assert_array_equal(p.data, [0.0, 0.0])
    p.data -= 1.0 * p.grad
    np.testing.assert_array_equal(p.data, [-2.0, -4.0])
    assert p.data is memory
    assert p.requires_grad


def test_out_only_where_nothing_needs_a_gradient():
    x, array, target = leaf([1.0, 2.0]), np.zeros(2), tg.Tensor(np.zeros(2))
    for call in (
        lambda: np.add(x, 1.0, out=array),
        lambda: np.sum(x, out=np.zeros(())),
        lambda: x.sum(out=np.zeros(())),
        lambda: np.add(1.0, 1.0, out=x),
        lambda: np.concatenate([x, x], out=np.zeros(4)),
    ):
        with pytest.raises(errors.UnsupportedCall, match="out="):
            call()
    np.testing.assert_array_equal(array, [0.0, 0.0])
    assert np.add(x.detach(), 1.0, out=target) is target
    np.testing.assert_array_equal(target.data, [2.0, 3.0])
    np.add(x.detach(), 1.0, out=array)
    np.testing.assert_array_equal(array, [2.0, 3.0])


# ---- tensors as Python objects -----------------------------------------------------------------------------


def test_E28_equality_is_elementwise_and_hashes_are_identities():
    a, b = tg.Tensor([1.0, 2.0]), tg.Tensor([1.0, 3.0])
    np.testing.assert_array_equal((a == b).data, [True, False])
    np.testing.assert_array_equal((a != b).data, [False, True])
    np.testing.assert_array_equal((a == 1.0).data, [True, False])
    assert (a == b).dtype == bool
    assert a in [a, b]
    assert {a: 1, b: 2}[b] == 2
    assert len({a, b, a, tg.Tensor([1.0, 2.0])}) == 3
    with pytest.raises(ValueError, match="ambiguous"):
        _ = b in [a]


def test_E28_equal_tensors_are_different_nodes():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    np.sum(a * b * b).backward()
    np.testing.assert_array_equal(a.grad.data, [1.0, 4.0])
    np.testing.assert_array_equal(b.grad.data, [2.0, 8.0])


def test_E29_truth():
    for empty_or_many in ([], [1.0, 2.0], [[0.0], [0.0]]):
        with pytest.raises(ValueError, match="truth value"):
            bool(tg.Tensor(empty_or_many))
    assert tg.Tensor([2.0])
    assert not tg.Tensor(0.0)
    assert leaf(2.0)  # a branch on a value is Python's business, not the graph's


def test_E30_numbers_lengths_and_iteration():
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    for wrong in (3, -4, (0, 2), 1.5, "a"):
        with pytest.raises(IndexError):
            x[wrong]
    for convert in (float, int, complex):
        with pytest.raises(TypeError):
            convert(x)
    scalar = tg.Tensor(2.5)
    assert (float(scalar), int(scalar), scalar.item()) == (2.5, 2, 2.5)
    with pytest.raises(TypeError, match="without axes"):
        len(scalar)
    with pytest.raises(TypeError, match="without axes"):
        list(scalar)
    assert [10, 20, 30][tg.Tensor(1)] == 20


def test_E30_iteration_is_differentiable():
    x = leaf([1.0, 2.0, 3.0])
    first, *rest = x
    (first * rest[1]).backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 0.0, 1.0])


@pytest.mark.parametrize("index", [1, [1, 1], [False, True, False], [], [[0], [2]]], ids=str)
def test_E30_tensors_as_indices(index):
    x, array = leaf([1.0, 3.0, 2.0]), np.array([1.0, 3.0, 2.0])
    index = np.array(index, dtype=int) if index == [] else np.array(index)
    np.testing.assert_array_equal(x[tg.Tensor(index)].data, array[index])
    assert x[np.argmax(x)].item() == 3.0


def test_E31_copies():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    np.sum(model(np.ones((4, 2), np.float32))).backward()
    twin = copy.deepcopy(model)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert type(q) is nn.Parameter
        assert q.requires_grad
        assert q.is_leaf
        np.testing.assert_array_equal(p.data, q.data)
        np.testing.assert_array_equal(p.grad.data, q.grad.data)
        assert not np.shares_memory(p.data, q.data)
        assert not np.shares_memory(p.grad.data, q.grad.data)
    before = [p.grad.data.copy() for p in model.parameters()]
    np.sum(twin(np.ones((4, 2), np.float32))).backward()
    for p, q, old in zip(model.parameters(), twin.parameters(), before):
        np.testing.assert_array_equal(p.grad.data, old)
        np.testing.assert_allclose(q.grad.data, 2 * old, rtol=1e-6)


def test_E31_copies_keep_ties_and_refuse_results():
    p = nn.Parameter([1.0])
    one, other = copy.deepcopy([p, p])
    assert one is other
    frozen = copy.deepcopy(leaf([1.0]).requires_grad_(False))
    assert not frozen.requires_grad
    with pytest.raises(RuntimeError, match=r"detach\(\)"):
        copy.deepcopy(p * 2)


def test_E31_tensors_are_not_pickled():
    for x in (tg.Tensor([1.0]), leaf([1.0]), nn.Parameter([1.0])):
        with pytest.raises(TypeError, match=r"savez"):
            pickle.dumps(x)


def test_E32_detach():
    x = leaf(3.0)
    (x.detach() * x).backward()
    assert x.grad.item() == 3.0
    y = x * 2
    d = y.detach()
    assert not d.requires_grad
    assert d.grad is None
    assert np.shares_memory(d.data, y.data)


def test_E34_importing_changes_no_global_state():
    program = """
import locale, signal, sys, threading, warnings
import numpy as np
def state():
    _, key, place, *_ = np.random.get_state()
    return (np.geterr(), np.get_printoptions(), np.getbufsize(), key.tolist(), place, list(warnings.filters),
            threading.active_count(), sys.getrecursionlimit(), sys.excepthook, sys.displayhook,
            signal.getsignal(signal.SIGINT), locale.setlocale(locale.LC_ALL))
before = state()
import tinygrad_edu
assert state() == before
optional = {"matplotlib", "scipy", "sklearn", "hypothesis", "pytest", "numba", "torch", "jax", "pandas",
            "safetensors", "tqdm"}
assert not optional & set(sys.modules), optional & set(sys.modules)
"""
    printed("-c", program)


# ---- tensors and arrays ------------------------------------------------------------------------------------


def test_construction_follows_numpy():
    for data in (
        [1, 2],
        [1.0, 2],
        True,
        np.float32(1),
        np.zeros((2, 0), np.float16),
        [[1], [2]],
        range(3),
        np.uint8(3),
    ):
        x = tg.Tensor(data)
        assert (x.shape, x.dtype) == (np.asarray(data).shape, np.asarray(data).dtype)
        assert type(x.data) is np.ndarray
        assert x.grad is None
        assert not x.requires_grad
    assert tg.Tensor([1, 2], dtype=np.float32).dtype == np.float32


def test_construction_copies_or_aliases():
    array = np.array([1.0, 2.0])
    assert tg.Tensor(array).data is array
    owner = tg.Tensor(array, requires_grad=True)
    assert not np.shares_memory(owner.data, array)
    assert not np.shares_memory(nn.Parameter(array).data, array)
    assert np.shares_memory(tg.Tensor(tg.Tensor(array)).data, array)
    assert not np.shares_memory(tg.Tensor(tg.Tensor(array), requires_grad=True).data, array)
    with pytest.raises(RuntimeError, match="cut the graph"):
        tg.Tensor(owner)


def test_freezing_and_thawing_keeps_memory_and_gradient():
    x = leaf([1.0, 2.0])
    memory = x.data
    np.sum(x * x).backward()
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    x.requires_grad = True
    np.sum(x * x).backward()
    assert x.data is memory
    np.testing.assert_array_equal(x.grad.data, [4.0, 8.0])
    with pytest.raises(RuntimeError, match=r"detach\(\)"):
        (x * 2).requires_grad_(False)


def test_attributes_are_numpys():
    array = np.arange(6.0).reshape(1, 2, 3)
    x = tg.Tensor(array)
    for name in ("shape", "dtype", "ndim", "size", "nbytes", "itemsize"):
        assert getattr(x, name) == getattr(array, name)


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.sum(0),
        lambda x: x.sum(axis=(0, 2), keepdims=True),
        lambda x: x.max(axis=1, keepdims=True),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, -1)),
        lambda x: x.transpose(2, 0, 1),
        lambda x: x.transpose((2, 0, 1)),
        lambda x: x.transpose(),
        lambda x: x.flatten(),
        lambda x: x.mean(),
        lambda x: x.astype(np.float32),
        lambda x: x.squeeze(0),
        lambda x: x.clip(1, 2),
        lambda x: x.cumsum(1),
        lambda x: x.argmax(axis=-1),
        lambda x: x.copy(),
    ],
)
def test_methods_are_numpys(method):
    array = np.arange(6.0).reshape(1, 2, 3)
    for x in (tg.Tensor(array), leaf(array)):
        found, expected = method(x), method(array)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(found.data, expected)


def test_E26_an_array_times_a_tensor():
    x = leaf([3.0, 4.0])
    for array in (np.array([1.0, 2.0]), np.array([1, 2]), [1.0, 2.0]):
        x.grad = None
        y = array * x
        assert type(y) is tg.Tensor
        assert y.dtype == np.float64
        np.sum(y).backward()
        np.testing.assert_array_equal(x.grad.data, [1.0, 2.0])
    assert type(np.array([[1.0, 2.0]]) + x) is tg.Tensor
    assert type(np.float64(2) * x) is tg.Tensor


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (lambda t: np.float64(2) * t, 8.0, 2.0),
        (lambda t: 2 - t, -2.0, -1.0),
        (lambda t: 1 / t, 0.25, -1 / 16),
        (lambda t: 2**t, 16.0, 16 * math.log(2)),
        (lambda t: [1.0, 2.0] + t, [5.0, 6.0], 2.0),  # noqa: RUF005  # a list plus a tensor is what is tested
        (lambda t: t - [1.0, 2.0], [3.0, 2.0], 2.0),
        (lambda t: np.eye(2) @ np.stack([t, t]), [4.0, 4.0], 2.0),
        (lambda t: 9 // t, 2.0, 0.0),
        (lambda t: 9 % t, 1.0, -2.0),
        (lambda t: abs(-t), 4.0, 1.0),
        (lambda t: divmod(9, t)[1], 1.0, -2.0),
    ],
)
def test_E27_operators_from_both_sides(function, value, slope):
    t = leaf(4.0)
    y = function(t)
    np.testing.assert_allclose(y.data, value, rtol=1e-15)
    y.backward(np.ones(y.shape))
    np.testing.assert_allclose(t.grad.data, slope, rtol=1e-15)


# ---- threads -----------------------------------------------------------------------------------------------


def train(seed):
    """A short training; returns the weights as bytes."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.ReLU(), nn.Linear(8, 3, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = rng.standard_normal((16, 4), np.float32), rng.integers(0, 3, 16)
    for _ in range(200):
        optimizer.zero_grad()
        tg.softmax_cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return b"".join(p.data.tobytes() for p in model.parameters())


def test_E19_models_in_threads_train_as_alone():
    expected, found = [train(seed) for seed in range(4)], {}
    threads = [
        threading.Thread(target=lambda seed=seed: found.update({seed: train(seed)})) for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.get(seed) for seed in range(4)] == expected
