"""`draw`: the graph of a computation, as text, as a still SVG, and as a page whose boxes open."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from ..io.atomic import atomic_write
from ..nn.module import Module
from .known import UNKNOWN
from .modules import chains
from .page import opened, page
from .reading import Graph
from .scene import Scene, counted
from .svg import svg
from .text import tree


def draw(
    loss: Any, *, names: Mapping[str, Any] | Module | None = None, modules: int | None = 1, most: int = 60
) -> "Picture":
    """Draw the graph that a tensor was computed by.

    Parameters
    ----------
    loss : Tensor
        The result; it needs a gradient.
    names : mapping or Module, optional
        What the variables are called: ``locals()``, a dict of tensors, modules and lists of them, or a model,
        whose parameters are called by their paths.  By default, the variables where `draw` is called; ``{}``
        for none.
    modules : int or None, default=1
        How many levels of modules are open.  What lies deeper, and a layer at any level, is one box a module,
        which opens in a page: at 1 the parts of a model, at 0 the whole model; None opens all.
    most : int, default=60
        How many boxes of operations there are; older operations share one box, and are counted.

    Returns
    -------
    Picture
        Printed, it is a text; as the last value of a notebook's cell, a picture; its ``save`` writes a file.

    Raises
    ------
    GraphError
        If ``loss`` has no graph.
    ArgumentError
        If a setting is none of the above.

    Notes
    -----
    On each edge stands what the chain rule multiplies by on the way back: a number, the elements of a small
    diagonal, or the formula of the rule, in which g is the gradient that comes in.  Gradients are shown after
    ``backward()``, those of variables as they hold them, those of results as one pass from a loss of one
    number gives them.  ``backward()`` lets go of what it used: what cannot be found or computed again is not
    shown.  All is shown of what was kept by ``backward(retain_graph=True)``, or recorded in a block of
    ``with tg.drawing.watch():``.  An operation lies in the module whose parameters it uses;
    ``watch(model)`` notes the calls themselves.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> w, b = tg.Tensor(2.0, requires_grad=True), tg.Tensor(-1.0, requires_grad=True)
    >>> y = np.square(w * 3.0 + b)
    >>> y.backward(retain_graph=True)
    >>> print(tg.draw(y))
    3 operations, 2 variables.
    Below each operation, its arguments: × is what the chain rule multiplies its gradient by.
    y = np.square                () float64  value 25  grad 1
    ↳ np.add               × 10  () float64  value 5   grad 10
    ├ b                    × 1   () float64  value -1  grad 10
    ↳ np.multiply, x2 = 3  × 1   () float64  value 6   grad 10
    └ w                    × 3   () float64  value 2   grad 30
    """
    for name, value, least in (("modules", modules, 0), ("most", most, 1)):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not ((value is None and name == "modules") or (whole and value is not None and value >= least)):
            raise ArgumentError(f"draw: {name} is an integer from {least} on; got {value!r:.60}.")
    if names is None:
        names = variables(sys._getframe(1))
    return Picture(Graph(loss, names, 3 * most), names, modules, most)


def variables(frame: Any) -> dict[str, Any]:
    """The variables that can be seen from a line of a program, the local ones last."""
    return {**frame.f_globals, **frame.f_locals}


class Picture:
    """What `draw` returns: a drawn graph."""

    def __init__(
        self, graph: Graph, names: Mapping[str, Any] | Module, modules: int | None, most: int
    ) -> None:
        self.graph, self.most = graph, most
        operations = [node for node in graph.boxes if node.plan is not None]
        self.chains = chains(operations, names)
        self.scene = Scene(graph, operations, self.chains, modules, most)

    @property
    def caption(self) -> str:
        """How many operations and variables there are, and what is not shown, and why."""
        leaves = len(self.graph.leaves)
        said = [f"{counted(self.graph.operations, 'operation')}, {counted(leaves, 'variable')}"]
        if not self.graph.after:
            said.append("backward() has not run: there are no gradients yet")
        elif lost := self._lost():
            said.append(
                f"backward() let go of what {lost:,} of them need{'s' * (lost == 1)}: "
                "backward(retain_graph=True) or tg.drawing.watch() keeps it"
            )
        if self.graph.after and any(node.notes and node.notes.hooks for node in self.graph.nodes):
            said.append("hooks are not run for it")
        for node, problem in self.graph.flow.failed.items():
            said.append(f"the rule of {node.name} raised {problem.splitlines()[0]}")
        return "; ".join(said)

    def _lost(self) -> int:
        """The operations in the picture of which nobody can say any more what was differentiated."""
        shown = (item.inside[0] for item in self.scene.items if item.kind == "operation")
        return sum(self.graph.known.saved(node) is UNKNOWN for node in shown)

    def __str__(self) -> str:
        how = "Below each operation, its arguments: × is what the chain rule multiplies its gradient by."
        return "\n".join([f"{self.caption}.", how, *tree(self.scene)])

    __repr__ = __str__

    def _repr_svg_(self) -> str:
        return svg(self.scene, self.caption)

    def _repr_html_(self) -> str:
        return opened(self.scene, self.chains, self.caption)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all; the suffix chooses the format.

        Parameters
        ----------
        path : str or path-like
            ``.svg`` for a still picture, ``.html`` for a page whose boxes open, ``.txt`` for a text.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            For another suffix, or a folder that is not there.
        """
        written: dict[str, Callable[[], str]] = {
            ".svg": self._repr_svg_,
            ".html": lambda: page(self.caption, self._repr_html_()),
            ".txt": lambda: str(self) + "\n",
        }
        return save(path, written)


def save(path: str | os.PathLike[str], written: Mapping[str, Callable[[], str]]) -> Path:
    """Write the text that belongs to the suffix of a path, whole or not at all."""
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(f"save: a path is expected, such as 'graph.svg'; got {path!r:.60}.")
    target = Path(path)
    if target.suffix.lower() not in written:
        hint = "" if ".svg" not in written else " A browser opens the .svg, and prints it as a .pdf."
        raise ArgumentError(
            f"{target}: the suffix is one of {', '.join(written)}; got {target.suffix!r}.{hint}"
        )
    content = written[target.suffix.lower()]().encode("utf-8", "replace")
    with atomic_write(target) as file:
        file.write(content)
    return target
