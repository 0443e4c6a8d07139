"""Memory: what the graph keeps, what it frees and when."""

import gc
import math
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn, optim
from tinygrad_edu.graph import Node


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
def test_training_leaves_nothing_behind():  # E05
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
def test_graph_dies_with_its_last_reference(graph):  # E05
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    y = graph(x)
    assert y.requires_grad
    before, node = live_nodes(), weakref.ref(y._node)
    del y
    assert node() is None
    assert live_nodes() < before


@pytest.mark.usefixtures("no_collector")
def test_writes_leave_no_cycle():  # E05
    x = leaf([1.0, 2.0])
    y = x * 1.0
    y[0] = x[1]
    y += x
    node = weakref.ref(y._node)
    del y
    assert node() is None


def test_a_number_is_kept_without_its_graph():  # E06
    loss = np.sum(leaf([1.0, 2.0]) ** 2)
    assert type(loss.item()) is float
    assert loss.item() == 5.0
    for convert in (float, math.exp, int):
        with pytest.raises(errors.CoercionError, match=r"item\(\)"):
            convert(loss)
    with tg.no_grad():
        assert float(loss) == 5.0
    assert float(loss.detach()) == 5.0


def test_a_running_total_of_losses_keeps_their_graphs():  # E06
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


def test_saved_values_are_released_by_the_backward_pass():  # E07
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


def test_what_no_rule_names_is_not_kept():  # E07
    x = leaf(np.zeros(1000))
    y = x * 2.0  # its rule names the 2
    kept = weakref.ref(y.data.base)
    z = np.sum(y + 1)  # these name nothing but shapes
    del y
    assert kept() is None
    z.backward()
    np.testing.assert_array_equal(x.grad.data, np.full(1000, 2.0))


def test_only_wanted_gradients_keep_anything():  # E07
    x, constant = leaf(np.ones(1000)), np.full(1000, 3.0)
    product = np.sin(x) * constant  # only the constant is needed: sin(x) has no user after this
    assert all(value is constant for value in product._node.saved)
