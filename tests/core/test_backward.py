"""Backward passes: what they compute, when they may run, in chains of any length and in threads."""

import threading
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn, optim

# ---- backward passes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [lambda x: x * x, lambda x: x + x, np.exp, lambda x: np.sum(x), lambda x: x.reshape(1)],
    ids=list("mases"),
)
def test_second_backward_raises_and_changes_nothing(function):  # E01
    x = leaf(3.0)
    y = function(x)
    y.backward()
    first = x.grad.data.copy()
    with pytest.raises(RuntimeError, match="released by an earlier backward pass"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, first)


def test_backward_through_a_released_part_changes_nothing():  # E01
    x = leaf([1.0, 2.0])
    shared = np.exp(x)
    one, two = np.sum(shared), np.sum(shared * x)
    one.backward()
    with pytest.raises(RuntimeError, match=r"np\.exp: its saved values were released"):
        two.backward()
    np.testing.assert_array_equal(x.grad.data, np.exp([1.0, 2.0]))


def test_leaves_accumulate_and_results_do_not():  # E02
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


def test_two_losses_may_share_a_subgraph():  # E03
    x = leaf([0.5, 2.0])
    shared = np.sin(x)
    one, two = np.sum(shared * 3), np.sum(shared * shared)
    one.backward(retain_graph=True)
    two.backward()
    np.testing.assert_allclose(x.grad.data, 3 * np.cos(x.data) + np.sin(2 * x.data), rtol=1e-12)


def test_a_long_chain_does_not_recurse():  # E04
    x, length = leaf(1.0), 300_000
    y = x
    for _ in range(length):
        y = y + 1.0
    node = weakref.ref(y._node.parents[0])
    y.backward()
    assert (y.item(), x.grad.item()) == (length + 1.0, 1.0)
    del y
    assert node() is None


def test_a_long_chain_that_is_never_differentiated_is_freed():  # E04
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = np.sin(y)
    node = weakref.ref(y._node)
    del y
    assert node() is None


def test_the_gradient_of_a_long_chain_is_a_long_chain():  # E04
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    y.backward(create_graph=True)
    assert x.grad.item() == 1.0
    x.grad = None


def test_a_cotangent_has_the_shape_of_its_result():  # E20
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
def test_one_element_needs_no_cotangent(shape):  # E20
    x = leaf(np.full(shape, 3.0))
    (x * x).backward()
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 6.0))


def test_backward_without_a_graph_raises():  # E21
    with pytest.raises(RuntimeError, match="requires_grad"):
        tg.Tensor(1.0).backward()
    with pytest.raises(RuntimeError, match="no_grad"), tg.no_grad():
        (leaf(1.0) * 2).backward()


def test_an_unused_input_has_no_gradient_or_zeros():  # E22
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
def test_rules_that_return_something_wrong_are_named(returned, message):  # E23
    @tg.primitive(x=returned)
    def cube(x):
        return x**3

    x = leaf([1.0, 2.0])
    with pytest.raises(errors.WrongRule, match=message):
        cube(x).backward(np.ones(2))
    assert x.grad is None


def test_rules_that_ask_for_what_nobody_has_are_refused():  # E23
    with pytest.raises(errors.WrongRule, match="asks for 'y'"):
        tg.primitive(x=lambda g, y: g)(lambda x: x)
    with pytest.raises(errors.WrongRule, match="a rule was given for 'z'"):
        tg.primitive(z=lambda g: g)(lambda x: x)
    with pytest.raises(errors.WrongRule, match="must take g first"):
        tg.primitive(x=lambda x: x)(lambda x: x)


def test_derivatives_of_any_order():  # E25
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


def test_models_in_threads_train_as_alone():  # E19
    expected, found = [train(seed) for seed in range(4)], {}
    threads = [
        threading.Thread(target=lambda seed=seed: found.update({seed: train(seed)})) for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.get(seed) for seed in range(4)] == expected
