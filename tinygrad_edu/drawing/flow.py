"""The backward pass once more, with everything that flows kept: each gradient, and each contribution to it.

It runs the rules of the graph on what is `Known`, adds up as `backward` does, and touches nobody's ``grad``.
"""

from typing import Any

import numpy as np

from ..backward import Pass
from ..gradients import turned
from ..graph import Node, Part
from ..tensor import Tensor
from .known import UNKNOWN, Known

SMALL = 6  # outputs, and as many inputs: of these the derivative is computed as a matrix
MUCH = 100_000  # outputs: of more, nothing is tried


class Flow:
    """What flows back from a root.

    Attributes
    ----------
    gradients : dict of Node to array
        What arrived, as the rules are given it: of complex values the conjugate of what users see.
    contributions : dict of (Node, int) to array
        What an operation sends to the parent at a place.
    partial : set of Node
        Nodes of which the gradient is not known, as one of those that use them could not be differentiated,
        or is older than the pass goes.
    failed : dict of Node to str
        What the rules of an operation raised.
    """

    def __init__(self, known: Known, root: Node, cotangent: Any, last: int = 0, begun: bool = True) -> None:
        self.known, self.one = known, Pass(Tensor, False)
        self.gradients: dict[Node, Any] = {root: turned(root, cotangent)} if begun else {}
        self.contributions: dict[tuple[Node, int], Any] = {}
        self.partial: set[Node] = set()
        self.failed: dict[Node, str] = {}
        with np.errstate(all="ignore"):
            for node in known.nodes:
                if node.order < last:
                    self.partial.update(node.parents)
                elif isinstance(node, Part):
                    self._collect(node)
                elif node.plan is not None:
                    self._differentiate(node)

    def gradient(self, node: Node) -> Any:
        """The gradient of a node as users see it, or UNKNOWN."""
        if node in self.partial or node not in self.gradients:
            return UNKNOWN
        return turned(node, self.gradients[node])

    def _collect(self, part: Part) -> None:
        whole = part.parents[0]
        if part in self.partial or part not in self.gradients:
            self.partial.add(whole)
            return
        places = self.gradients.setdefault(whole, [None] * len(whole.shape))
        places[part.index] = self.gradients[part]

    def _differentiate(self, node: Node) -> None:
        known = node not in self.partial and node in self.gradients
        found = self.pulled(node, self.filled(node)) if known else None
        for k, parent in enumerate(node.parents):
            if found is None:
                self.partial.add(parent)
                continue
            self.contributions[node, k] = found[k]
            before = self.gradients.get(parent)
            self.gradients[parent] = found[k] if before is None else before + found[k]

    def filled(self, node: Node) -> Any:
        """The gradient of an operation's output, with zeros for outputs that nothing flowed into."""
        g = self.gradients[node]
        return tuple(map(self.one.or_zeros, g, node.shape, node.dtype)) if isinstance(g, list) else g

    def pulled(self, node: Node, g: Any) -> list[Any] | None:
        """What the rules of an operation make of a gradient of its output, one for each parent."""
        saved, plan = self.known.saved(node), node.plan
        if saved is UNKNOWN:
            return None
        try:
            given = saved if plan.joint is None else plan.op.checked_joint(plan.joint(g, *saved))
            steps = zip(plan.steps, node.parents)
            found = [(parent, rule(g, *given[start:stop])) for (rule, start, stop), parent in steps]
            return [self.one.settled(node, parent, value) for parent, value in found]
        except Exception as error:  # a wrong rule is a reason to draw a graph
            self.failed[node] = f"{type(error).__name__}: {error}"
            return None

    def factors(self, node: Node) -> list[Any]:
        """What an operation multiplies the gradient by on the way to each parent, where that is all it does,
        element by element, an array; of few elements otherwise its derivative, a matrix (outputs, inputs),
        and UNKNOWN of many.
        """
        unknown = [UNKNOWN] * len(node.parents)
        if isinstance(node.dtype, tuple) or node.dtype.kind != "f" or not 0 < (size := _size(node)) <= MUCH:
            return unknown
        probe = np.random.default_rng(0).uniform(1, 2, node.shape).astype(node.dtype)
        with np.errstate(all="ignore"):
            ones, probed = self.pulled(node, np.ones_like(probe)), self.pulled(node, probe)
            if ones is None or probed is None:
                return unknown
            units: Any = np.eye(size, dtype=node.dtype).reshape(size, *node.shape) if size <= SMALL else []
            rows = [self.pulled(node, np.array(unit)) or unknown for unit in units]
        return [
            factor
            if parent.shape == node.shape and np.allclose(factor * probe, sent, equal_nan=True)
            else np.stack([np.ravel(np.asarray(row[k])) for row in rows])
            if rows and _size(parent) <= SMALL
            else UNKNOWN
            for k, (parent, factor, sent) in enumerate(zip(node.parents, ones, probed))
        ]


def _size(node: Node) -> int:
    return int(np.prod(node.shape))
