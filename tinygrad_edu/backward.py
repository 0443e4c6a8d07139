"""The chain rule: gradients travel from the outputs back to the leaves, and this file is all of it.

Read `accumulate` first, which is ``backward()``, then `Pass.run`.  Nodes are visited in descending order of
their numbers, so that every node is visited once, after everything that used its output, and with the sum of
all that flowed into it.  What a rule may return, and what becomes of it, is in `gradients`.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from .aliases import Cotangent, DType, Saved, Shape, TensorClass
from .arrays import stands_for_array
from .errors import DTypeError, GraphError
from .foreign import beside
from .gradients import ALONE, Gradients, turned
from .graph import Leaf, Node, Part, ndarray
from .modes import MODE, recording_apart
from .versions import WRITES, check_unchanged

_new = object.__new__
UNRECORDED = nullcontext()  # rules on arrays are never recorded


def accumulate(
    cls: TensorClass, node: Node, cotangent: Cotangent, create_graph: bool, retain_graph: bool
) -> None:
    """Run backward from one node, and add what arrives at each leaf to its ``grad``: all of it, or none if a
    rule fails.
    """
    one = Pass(cls, create_graph, retain_graph)
    if create_graph:
        with recording_apart():
            one.add_to_leaves(one.run([(node, cotangent)]))
    else:
        one.add_to_leaves(one.run([(node, cotangent)]))


def run_backward(
    cls: TensorClass, roots: Iterable[tuple[Node, Cotangent]], sinks: frozenset[Node], *, create_graph: bool
) -> dict[Node, Cotangent]:
    """Carry cotangents from the roots back to the sinks, and leave everything else as it was: what the
    transforms do.

    Parameters
    ----------
    cls : type
        The class of tensors.
    roots : iterable of (Node, array)
        Where to start, each with the gradient of its output; tensors instead of arrays if a graph is wanted.
    sinks : frozenset of Node
        Where to stop.
    create_graph : bool
        Run the rules on tensors, so that the gradients can be differentiated again.

    Returns
    -------
    dict of Node to array (or tensor)
        The gradients of those sinks that the roots depend on.  They are writable, contiguous, and share
        memory with nothing.
    """
    one = Pass(cls, create_graph)
    one.stop_at(sinks)
    with recording_apart() if create_graph else UNRECORDED:
        found = one.run(roots)
        return {sink: one.given_away(found[sink]) for sink in sinks if sink in found}


class Pass(Gradients):
    """One backward pass: what does not change while it lasts, and the gradients that are on their way.

    Parameters
    ----------
    cls : type
        The class of tensors.
    create_graph : bool
        Whether the rules run on tensors, so that their work is recorded; on arrays otherwise.
    retain_graph : bool, default=True
        Whether the nodes keep their saved values.

    Attributes
    ----------
    sinks : frozenset of Node
        Where to stop; at the leaves, if there are none.
    gradients : dict of Node to array (or tensor)
        What has flowed into each node so far that was not visited: in the end, the gradients of the leaves
        and sinks.  An operation with several outputs waits with a list, a place for each, which its `Part`
        nodes fill.
    """

    sinks: frozenset[Node] = frozenset()
    floor = 0  # the number of the oldest sink: what is older cannot depend on one

    def __init__(self, cls: TensorClass, create_graph: bool, retain_graph: bool = True) -> None:
        self.cls, self.create_graph, self.retain_graph = cls, create_graph, retain_graph
        self.kind = cls if create_graph else ndarray
        self.debug = MODE.get().debug.value
        self.gradients: dict[Node, Cotangent] = {}
        self.turns: list[tuple[int, Node]] = []  # a heap: the latest node is the first

    def stop_at(self, sinks: frozenset[Node]) -> None:
        """Stop at these nodes, if there are any, and not at the leaves."""
        self.sinks, self.floor = sinks, min([sink.order for sink in sinks], default=0)

    @np.errstate(all="ignore")  # what is infinite or undefined shows in the gradient
    def run(self, roots: Iterable[tuple[Node, Cotangent]]) -> dict[Any, Cotangent]:
        """Carry gradients back from the roots; returns those of the sinks and leaves.

        This is the chain rule: the latest operation comes first; each argument's rule is given the gradient
        of the output, and what it returns flows on to the argument's node.
        """
        for node, g in roots:
            self.send(node, g if node.dtype.kind == "f" else turned(node, g))
        gradients, turns, sinks, floor = self.gradients, self.turns, self.sinks, self.floor
        kind, debug, retain_graph = self.kind, self.debug, self.retain_graph
        usual = None if self.create_graph else ndarray  # what a gradient is that needs no look
        while turns:
            node = heappop(turns)[1]
            if node.notes is not None:
                self.show_to_hooks(node)
            g, plan, saved = gradients.pop(node), node.plan, node.saved
            if plan is None:
                self.collect(node, g)
                continue
            if type(g) is not usual or saved is None or node.version != WRITES.count:
                g, saved = self.looked_over(node, g)
            if plan.joint is not None:  # one rule for all: what it returns is what the steps choose from
                found = plan.joint(g, *saved) if debug is None else debug.run(node, plan.joint, g, saved)
                saved = plan.op.checked_joint(found)
            for (rule, start, stop), parent in zip(plan.steps, node.parents):
                if floor and parent.order < floor:
                    continue
                if debug is not None:
                    found = debug.run(node, rule, g, saved[start:stop])
                elif stop - start == 1:  # as it is mostly
                    found = rule(g, saved[start])
                else:
                    found = rule(g, *saved[start:stop])
                # NumPy has one object for each native dtype: the comparison by identity is the faster one,
                # and what it lets through besides is settled as it should be.
                if type(found) is not kind or found.dtype is not parent.dtype or found.shape != parent.shape:
                    found = self.settled(node, parent, found)
                if parent in gradients:
                    self.send(parent, found)
                    continue
                gradients[parent] = found  # as `send` does, of a node that nothing flowed into before
                if parent.plan is not None:
                    if parent not in sinks:
                        heappush(turns, (-parent.order, parent))
                elif type(parent) is Part and parent not in sinks:
                    heappush(turns, (-parent.order, parent))
                    self.wait_for_parts(parent.parents[0])
            if not retain_graph:
                node.saved = None
        for node in gradients:
            if node.notes is not None or node.dtype.kind == "c":
                self.finish(node)
        return gradients

    def finish(self, node: Node) -> None:
        """Show the gradient of a sink or leaf to its hooks, and turn it, if it is complex."""
        if node.notes is not None:
            self.show_to_hooks(node)
        if node.dtype.kind == "c":
            self.gradients[node] = turned(node, self.gradients[node])

    def send(self, node: Node, gradient: Cotangent) -> None:
        """Add a gradient to what flows into a node, and see to it that the node gets its turn."""
        before = self.gradients.get(node)
        if before is None:
            self.gradients[node] = gradient
            if type(node) is not Leaf and node not in self.sinks:
                heappush(self.turns, (-node.order, node))
                if type(node) is Part:  # an output that is one of several: its operation waits too
                    self.wait_for_parts(node.parents[0])
        elif (
            getrefcount(before) == ALONE and type(before) is ndarray
            and before.base is None and before.flags.writeable
        ):  # fmt: skip
            before += gradient  # nobody else holds it, or a view of it
        else:
            total = before + gradient
            if stands_for_array(total):
                total = total.as_array()
            self.gradients[node] = np.asarray(total) if isinstance(total, np.generic) else total

    def wait_for_parts(self, whole: Node) -> None:
        """Let an operation of several outputs wait, with a list in which their gradients get a place."""
        if whole not in self.gradients:
            self.send(whole, [None] * len(whole.shape))

    def collect(self, part: Part, gradient: Cotangent) -> None:
        """Put the gradient of one output in its place, where another `Part` of it may have been before."""
        places = self.gradients[part.parents[0]]
        before = places[part.index]
        places[part.index] = gradient if before is None else before + gradient

    def looked_over(self, node: Node, g: Any) -> tuple[Cotangent, Saved]:
        """The gradient of a node's output, and what it saved for its rules, if that is unchanged; as tensors,
        if their work is recorded.
        """
        if type(g) is list:  # nothing flowed into some of the outputs
            some = next((one for one in g if one is not None), None)
            g = tuple(self.or_zeros(*of, some) for of in zip(g, node.shape, node.dtype))
        if node.saved is None:
            raise GraphError(
                f"{node.name}: its saved values were released by an earlier backward pass.\n"
                "  Pass retain_graph=True to every pass but the last, or compute the output again."
            )
        if node.version != WRITES.count:
            check_unchanged(node)
        if not self.create_graph:
            return g, node.saved
        return g, tuple(
            need.linked(value, node, self.cls) for need, value in zip(node.plan.needs, node.saved)
        )

    def or_zeros(
        self, gradient: Cotangent | None, shape: Shape, dtype: DType, other: Any = None
    ) -> Cotangent:
        """The gradient of one of several outputs; zeros beside that of another, if nothing flowed into it."""
        if gradient is not None:
            return gradient
        return self.as_kind(beside(np.zeros(shape, dtype), getattr(other, "_array", other)))

    def show_to_hooks(self, node: Node) -> None:
        """Show a finished gradient to the hooks of its node; a hook may return another one."""
        assert node.notes is not None
        for hook in tuple(node.notes.hooks.values()):
            answer = hook(self.as_tensor(np.copy(turned(node, self.gradients[node]))))
            if answer is None:
                continue
            if not isinstance(answer, self.cls):
                expected = f"expected None or a Tensor of shape {node.shape}: tinygrad_edu.Tensor(…)."
                raise GraphError(f"A hook returned {type(answer).__name__}; {expected}")
            if answer.shape != node.shape:
                expected = f"expected None or a Tensor of shape {node.shape}."
                raise GraphError(f"A hook returned a Tensor of shape {answer.shape}; {expected}")
            if answer.dtype.kind == "c" != node.dtype.kind:
                raise DTypeError(f"A hook on a real tensor returned {answer.dtype}: take its real part.")
            answer = np.astype(answer if self.create_graph else answer._array, node.dtype)
            self.gradients[node] = turned(node, answer)
        if node.notes.retains:
            node.notes.grad = self.as_tensor(turned(node, self.copied(self.gradients[node])))

    def add_to_leaves(self, found: dict[Any, Cotangent]) -> None:
        """Add the gradients of leaves to what they have."""
        cls = self.cls
        for leaf in found:
            if leaf.grad is None:
                g = found[leaf]
                if type(g) is not ndarray:
                    leaf.grad = self.as_tensor(self.copied(g))
                    continue
                if getrefcount(g) != ALONE or g.base is not None or not g.flags.carray:
                    g = self.copied(g)  # as `given_away` does, without the call
                leaf.grad = own = _new(cls)  # as `_make` does
                own._array, own._node, own._leaf = g, None, None
            elif self.create_graph or leaf.grad._node is not None:
                with recording_apart():
                    leaf.grad = leaf.grad + self.as_tensor(found[leaf])
            else:
                leaf.grad._array += found[leaf]
                WRITES.mark(leaf.grad._array)
