"""`explain`: the backward pass in words and numbers, each number checked by a finite difference."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ..errors import ArgumentError
from ..markup.elements import MONO
from ..nn.module import Module
from .known import UNKNOWN
from .numbers import short
from .picture import save, variables
from .player import player
from .reading import Graph
from .steps import Steps
from .words import paragraph


def explain(
    loss: Any, gradient: Any = None, *, names: Mapping[str, Any] | Module | None = None, most: int = 100
) -> "Explanation":
    """Walk the backward pass of a tensor in order, one operation a paragraph.

    Parameters
    ----------
    loss : Tensor
        The result; it needs a gradient.
    gradient : array_like, optional
        The gradient of ``loss`` to begin with, of its shape; a tensor of one element needs none: it is 1.
    names : mapping or Module, optional
        As for `draw`: by default the variables where `explain` is called.
    most : int, default=100
        How many operations are explained; older ones are counted.

    Returns
    -------
    Explanation
        Printed, it is a text; its ``save`` writes that, or a page with a slider that replays the forward and
        the backward pass.

    Raises
    ------
    GraphError
        If ``loss`` has no graph, or has several elements and ``gradient`` is missing.
    ArgumentError
        If ``most`` is no positive integer, or ``gradient`` has another shape than ``loss``.

    Notes
    -----
    Each paragraph has the source line of the operation's rule, the numbers put in, and what it sends to each
    argument; that is checked on the spot: the operation is computed again beside the point, and the
    difference compared.  Of each variable stand there all contributions and their sum, which is compared with
    a difference of the whole program.  Of arrays of more than a few elements, statistics stand in the place
    of the elements, and a random direction is checked.  No ``grad`` is touched, and hooks are not run.

    What was not kept is not shown: call it before ``backward()``, or after ``backward(retain_graph=True)``;
    constants that no rule needs are kept in a block of ``with tg.drawing.watch():``.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> w, b = tg.Tensor(2.0, requires_grad=True), tg.Tensor(-1.0, requires_grad=True)
    >>> y = np.tanh(w * b)
    >>> print(tg.explain(y))
    y = np.tanh(#2) is -0.964, and its own gradient is 1. Backwards from there:
    <BLANKLINE>
    ...
    #2  np.multiply(x1=w, x2=b) = -2
        gradient: 0.07065 from #1
        to w, its x1: g * x2 = 0.07065 * (-1) = -0.07065   ✓ finite difference -0.07065
          elementwise(np.multiply, x1=lambda g, x2: g * x2,   (tinygrad_edu/ops/elementwise.py:...)
    ...
    5 of 5 numbers agree with finite differences. backward() has not run: no variable has a .grad yet.
    """
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise ArgumentError(f"explain: most is an integer from 1 on; got {most!r:.60}.")
    names = variables(sys._getframe(1)) if names is None else names
    graph = Graph(loss, names, most, cotangent=_cotangent(loss, gradient))
    return Explanation(Steps(graph, most))


def _cotangent(loss: Any, gradient: Any) -> Any:
    """The gradient to begin with, as an array; None for what has no graph."""
    if getattr(loss, "_node", None) is None:
        return None
    return loss._cotangent(gradient)._array


class Explanation:
    """What `explain` returns.

    Attributes
    ----------
    steps : list of Step
        The operations in the order of the backward pass, then the variables.
    """

    def __init__(self, walk: Steps) -> None:
        self.walk, self.steps = walk, walk.steps

    @property
    def agrees(self) -> bool:
        """Whether no finite difference contradicts."""
        checks = [sent.check for step in self.steps for sent in step.sent]
        checks += [step.check for step in self.steps if step.check]
        return all(check.agrees is not False for check in checks)

    @property
    def title(self) -> str:
        """The first line."""
        first = self.steps[0]
        value, g = short(first.value), short(self.walk.flow.gradients[self.walk.graph.nodes[0]])
        title = f"{first.title} is {value}, and its own gradient is {g}. Backwards from there:"
        if any(step.node.dtype.kind == "c" for step in self.steps if not isinstance(step.node.dtype, tuple)):
            title += "\n(Rules compute with the conjugates of complex gradients: that is their g.)"
        return title

    def __str__(self) -> str:
        parts = [self.title, *("\n".join(paragraph(step, self.walk)) for step in self.steps)]
        if self.walk.left:
            parts.append(f"{self.walk.left:,} older operations are not explained (most={self.walk.shown}).")
        return "\n\n".join([*parts, self.conclusion])

    __repr__ = __str__

    @property
    def conclusion(self) -> str:
        """How many checks there were, and what came out."""
        checks = [sent.check for step in self.steps for sent in step.sent]
        checks += [step.check for step in self.steps if step.check]
        counts = {what: sum(check.agrees is what for check in checks) for what in (True, False, None)}
        said = f"{counts[True]} of {len(checks)} numbers agree with finite differences"
        said += f", {counts[False]} do not" * (counts[False] > 0)
        said += f", {counts[None]} could not be checked" * (counts[None] > 0)
        if not self.walk.graph.after:
            said += ". backward() has not run: no variable has a .grad yet"
        elif any(step.gradient is UNKNOWN for step in self.steps):
            said += ". backward() has let go of what the rest needs: explain before it, or retain_graph=True"
        return f"{said}."

    def _repr_html_(self) -> str:
        return f'<pre style="{MONO};line-height:1.4">{escape(str(self))}</pre>'

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the explanation to a file, whole or not at all; the suffix chooses the format.

        Parameters
        ----------
        path : str or path-like
            ``.txt`` for the text, ``.html`` for a page with a slider that replays both passes: it is one
            file, which loads nothing from anywhere.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            For another suffix, or a folder that is not there.
        """
        return save(
            path,
            {
                ".html": lambda: player(self.walk, self.title, self.conclusion),
                ".txt": lambda: str(self) + "\n",
            },
        )
