"""The backward pass agrees with the plain one of the textbooks, on random graphs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.broadcast import unbroadcast
from tinygrad_edu.graph import Leaf, Node, Part


def plain_backward(root: Node, cotangent: np.ndarray) -> dict[Node, Any]:
    """The chain rule with a dictionary, and new arrays everywhere: nothing is owned, released, or added to in
    place.
    """
    gradients: dict[Node, Any] = {root: cotangent}
    for node in sorted(reached(root), key=lambda node: -node.order):
        g = gradients[node]
        if isinstance(node, Part):
            zeros = [np.zeros(shape) for shape in node.parents[0].shape]
            parts = gradients.setdefault(node.parents[0], zeros)
            parts[node.index] = parts[node.index] + g
        elif not isinstance(node, Leaf):
            saved = node.saved if node.plan.joint is None else node.plan.joint(g, *node.saved)
            g = tuple(g) if isinstance(g, list) else g
            for (rule, start, stop), parent in zip(node.plan.steps, node.parents):
                flowing = unbroadcast(np.asarray(rule(g, *saved[start:stop])), parent.shape)
                gradients[parent] = gradients.get(parent, 0.0) + flowing
    return gradients


def reached(root: Node) -> set[Node]:
    """A node and all that it depends on."""
    found, stack = {root}, [root]
    while stack:
        new = set(stack.pop().parents) - found
        found |= new
        stack += new
    return found


OPERATIONS: dict[str, Callable[..., list[Any]]] = {
    "add": lambda x, y, s: [x + y],
    "multiply": lambda x, y, s: [x * y],
    "the same twice": lambda x, y, s: [x * x + x],
    "broadcast": lambda x, y, s: [x * np.sum(y, axis=0)],
    "matrix product": lambda x, y, s: [x @ y.T @ x * 0.1],
    "elementwise": lambda x, y, s: [np.sin(x), np.tanh(y)],
    "concatenate": lambda x, y, s: [np.concatenate([x, y, x])[1:4]],
    "stack": lambda x, y, s: [np.stack([x, y]).mean(axis=0)],
    "parts": lambda x, y, s: [part * 2 for part in np.split(np.concatenate([x, y]), 2)],
    "one of several parts": lambda x, y, s: [np.split(np.concatenate([x, y]), 2)[1]],
    "softmax": lambda x, y, s: [tg.softmax(x), tg.logsumexp(y, axis=1, keepdims=True) + x],
    "view": lambda x, y, s: [x[::-1], y.reshape(-1)[2::-1].reshape(1, 3) + x],
    "number": lambda x, y, s: [x * s, y + s],
    "function of the number": lambda x, y, s: [np.exp(s) * x],
    "row": lambda x, y, s: [x * s[None] + y * s[None, None]],
    "constant": lambda x, y, s: [x * 3.0, y - np.ones(3)],
}


@st.composite
def graphs(draw: Any) -> tuple[list[tg.Tensor], tg.Tensor]:
    """Leaves of shape (3, 3) and one of (), and a number that is computed from them."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    count = draw(st.integers(1, 3))
    leaves = [tg.Tensor(rng.standard_normal((3, 3)), requires_grad=True) for _ in range(count)]
    number = tg.Tensor(rng.standard_normal(), requires_grad=True)
    values = list(leaves)
    for name in draw(st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=12)):
        x, y = (values[draw(st.integers(0, len(values) - 1))] for _ in range(2))
        values += OPERATIONS[name](x, y, number)
    return [*leaves, number], sum((np.sum(v * 0.5) for v in values), np.sum(values[-1]))


@given(graphs())
def test_backward_is_the_plain_chain_rule(graph):
    leaves, y = graph
    plain = plain_backward(y._node, np.ones(()))
    y.backward()
    for leaf in leaves:
        if leaf._node in plain:
            np.testing.assert_allclose(leaf.grad.data, plain[leaf._node], rtol=1e-12, atol=1e-12)
        else:
            assert leaf.grad is None


@given(graphs())
def test_recorded_backward_is_the_plain_chain_rule(graph):
    leaves, y = graph
    plain = plain_backward(y._node, np.ones(()))
    y.backward(create_graph=True)
    for leaf in leaves:
        if leaf._node in plain:
            np.testing.assert_allclose(leaf.grad.data, plain[leaf._node], rtol=1e-12, atol=1e-12)


def test_the_plain_chain_rule_can_tell_a_wrong_rule(monkeypatch):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = np.sum(x * x)
    plain = plain_backward(y._node, np.ones(()))
    monkeypatch.setattr(y._node.parents[0].plan, "steps", [(lambda g, x2: g, 0, 1), (lambda g, x1: g, 1, 2)])
    y.backward()
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x.grad.data, plain[x._node])
