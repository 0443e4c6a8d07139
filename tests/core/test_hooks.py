"""Hooks, and gradients of results."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors


def test_a_hook_sees_the_complete_gradient_once():
    x, seen = leaf([1.0, 2.0]), []
    y = x * 3
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * y + y * [1.0, 10.0]).backward([1.0, 1.0])
    assert seen == [[7.0, 22.0]]  # 2y + (1, 10)
    np.testing.assert_array_equal(x.grad.data, [21.0, 66.0])


def test_hooks_of_leaves():
    x, seen = leaf(2.0), []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * x + x).backward()
    (x * x).backward()
    assert seen == [5.0, 4.0]  # each pass its own, not the accumulated one
    assert x.grad.item() == 9.0


def test_what_a_hook_returns_replaces_the_gradient():
    x = leaf([1.0, -2.0])
    y = x * 3
    y.register_hook(lambda g: np.clip(g, -1, 1))
    y.register_hook(lambda g: g * 10)
    np.sum(y * y).backward()
    np.testing.assert_array_equal(x.grad.data, [30.0, -30.0])


def test_a_hook_of_a_leaf_replaces_what_is_accumulated():
    x = leaf([1.0, -2.0])
    x.register_hook(lambda g: g * 2)
    np.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, -8.0])


def test_hooks_can_be_removed():
    x, seen = leaf(2.0), []
    remove = x.register_hook(lambda g: seen.append("first"))
    x.register_hook(lambda g: seen.append("second"))
    (x * x).backward()
    remove()
    (x * x).backward()
    remove()
    assert seen == ["first", "second", "second"]


def test_a_hook_that_removes_itself_hides_no_other():
    x, seen = leaf(2.0), []

    def once(g):
        seen.append("once")
        remove()

    remove = x.register_hook(once)
    x.register_hook(lambda g: seen.append("always"))
    (x * x).backward()
    (x * x).backward()
    assert seen == ["once", "always", "always"]


@pytest.mark.parametrize(
    "function", [lambda x: x * x, lambda x: x + 1.0, lambda x: x], ids=["result", "g itself", "leaf"]
)
def test_a_gradient_that_a_hook_keeps_stays_as_it_was(function):
    x, kept = leaf([1.0, 2.0]), []
    x.register_hook(kept.append)
    function(x).backward([1.0, 1.0])
    first = kept[0].data.copy()
    function(x).backward([1.0, 1.0])
    x.grad.data[...] = 99
    np.testing.assert_array_equal(kept[0].data, first)
    np.testing.assert_array_equal(kept[1].data, first)


def test_hooks_are_part_of_the_graph_of_the_gradient():
    x = leaf(2.0)
    y = x * 1.0
    remove = y.register_hook(lambda g: g * x)
    (y * y).backward(create_graph=True)  # 2x · x
    remove()
    gradient, x.grad = x.grad, None
    gradient.backward()
    assert gradient.item() == 8.0
    assert x.grad.item() == 8.0  # 4x


@pytest.mark.parametrize(
    "wrong",
    [1.0, np.ones(2), tg.Tensor([1.0, 2.0, 3.0]), tg.Tensor(1.0)],
    ids=["number", "array", "shape", "0-d"],
)
def test_what_a_hook_may_not_return(wrong):
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: wrong)
    with pytest.raises(
        errors.GraphError, match=r"hook returned .* expected None or a Tensor of shape \(2,\)"
    ):
        np.sum(x * x).backward()
    assert x.grad is None


def test_a_hook_keeps_the_dtype():
    x = leaf([1.0, 2.0], np.float32)
    x.register_hook(lambda g: g.astype(np.float64))
    np.sum(x * x).backward()
    assert x.grad.dtype == np.float32


def test_a_hook_on_what_needs_no_gradient():
    with pytest.raises(errors.GraphError, match="requires_grad=True"):
        tg.Tensor(1.0).register_hook(print)
    with pytest.raises(errors.GraphError, match="retain_grad"):
        tg.Tensor(1.0).retain_grad()


def test_gradients_of_results_are_kept_on_request():
    x = leaf([1.0, 2.0])
    y = x * 3
    z = y * y
    y.retain_grad()
    np.sum(z).backward()
    np.testing.assert_array_equal(y.grad.data, [6.0, 12.0])
    assert type(y.grad) is tg.Tensor
    with pytest.warns(UserWarning, match="only leaves"):
        assert z.grad is None
    assert not np.shares_memory(y.grad.data, x.grad.data)


def test_retain_grad_after_a_hook_keeps_what_the_hook_made():
    x = leaf(1.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * 1.0).backward()
    assert (y.grad.item(), x.grad.item()) == (10.0, 30.0)


def test_retain_grad_of_a_leaf_changes_nothing():
    x = leaf(2.0)
    x.retain_grad()
    (x * x).backward()
    (x * x).backward()
    assert x.grad.item() == 8.0


def test_assigning_to_grad():
    x = leaf([1.0, 2.0])
    x.grad = tg.Tensor([5.0, 6.0])
    np.sum(x).backward()
    np.testing.assert_array_equal(x.grad.data, [6.0, 7.0])
    x.grad = None
    assert x.grad is None
    for wrong in (np.ones(2), tg.Tensor([1.0]), tg.Tensor(np.ones(2, np.float32)), 1.0):
        with pytest.raises(ValueError, match=r"must be a Tensor of shape \(2,\), float64"):
            x.grad = wrong
    with pytest.raises(errors.GraphError, match="Only a leaf"):
        (x * 2).grad = tg.Tensor([1.0, 2.0])


def test_a_remover_removes_its_own_registration_alone():
    x, seen = leaf([1.0, 2.0]), []
    hook = lambda g: seen.append(g.tolist())
    remove, _ = x.register_hook(hook), x.register_hook(hook)
    remove()
    remove()
    np.sum(x).backward()
    assert seen == [[1.0, 1.0]]
