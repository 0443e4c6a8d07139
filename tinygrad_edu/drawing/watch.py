"""What the graph itself forgets: constants, intermediate values, the lines of the program, the modules.

The graph keeps what its derivatives need, and lets go of that after ``backward()``.  Under `watch` all of it
is written down beside the graph, for as long as the graph lives, so that `draw` and `explain` can show it
whenever they are called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..debug import Inspector, users_line
from ..entry import Op
from ..errors import ArgumentError
from ..graph import Leaf, Node
from ..modes import MODE, leave
from ..nn.module import Module
from ..settings import Default


class Place(NamedTuple):
    """The path of a module, its class, and whether it is a layer, which has no modules inside."""

    path: str
    module: str
    layer: bool

    @classmethod
    def of(cls, path: str, module: Module) -> Place:
        """The place of a module at a path."""
        return cls(path, type(module).__name__, not any(True for _ in module.named_children()))


class Call(NamedTuple):
    """One call of a module: what was recorded between two numbers happened inside of it."""

    place: Place
    start: int
    stop: int


class Seen(NamedTuple):
    """What an operation was given and returned, the line that called it, and the calls of modules around."""

    arguments: tuple[Any, ...]
    out: Any
    saved: tuple[Any, ...]
    line: str
    calls: list[Call]


SEEN: WeakKeyDictionary[Node, Seen] = WeakKeyDictionary()  # an entry lives as long as its node does


def watch(model: Module | None = None) -> Watch:
    """Write down, beside the graph, all that a picture or an explanation of it can show.

    Parameters
    ----------
    model : Module, optional
        A model of which the calls are noted too, so that each operation is drawn in the module that called
        it; without it, operations are assigned to modules by the parameters that they use.

    Returns
    -------
    Watch
        A context manager.  Of operations that are recorded in its block, the constants, the results and the
        lines of the program are kept for as long as the graph lives, also after ``backward()``.  It costs
        memory and time: use it to look at a step, not to train.

    Raises
    ------
    ArgumentError
        If ``model`` is no Module.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.Tensor(3.0, requires_grad=True)
    >>> with tg.drawing.watch():
    ...     y = x * x + 1.0
    >>> y.backward()
    >>> print(tg.draw(y))  # doctest: +ELLIPSIS
    2 operations, 1 variable...
    """
    if model is not None and not isinstance(model, Module):
        raise ArgumentError(f"watch: model is a Module; got a {type(model).__name__}.")
    return Watch(model)


class Watch:
    """What `watch` returns."""

    def __init__(self, model: Module | None) -> None:
        self.model = model
        self.undo: list[Callable[[], Any]] = []

    def __enter__(self) -> None:
        calls: list[Call] = []
        for path, module in self.model.named_modules() if self.model else ():
            self.undo.append(_restoring(module))
            vars(module)["forward"] = _noting(Place.of(path or "model", module), module, calls)
        mode = MODE.get()
        MODE.set(mode._replace(debug=Default(Watching(mode.debug.value, calls)), outer=mode))

    def __exit__(self, *error: object) -> None:
        leave()
        while self.undo:
            self.undo.pop()()


class Watching(Inspector):
    """The inspector of `watch`; one that was there before, the debug mode's, goes on inspecting."""

    def __init__(self, before: Any, calls: list[Call]) -> None:
        self.before, self.calls = before, calls
        self.guards_forwards = getattr(before, "guards_forwards", False)

    def recorded(self, op: Op, node: Node | None, arrays: list[Any], out: Any) -> None:
        if self.before is not None:
            self.before.recorded(op, node, arrays, out)
        if node is None:
            return
        given = list(arrays)
        for position, parent in zip(node.plan.positions, node.parents):
            if isinstance(parent, Leaf):  # which an optimizer will write to
                given[position] = np.copy(given[position])
        saved = node.plan.save([out, *given]) if not op.keep else node.saved
        SEEN[node] = Seen(tuple(given), out, saved or (), users_line(), self.calls)

    def run(self, node: Node, rule: Any, g: Any, saved: tuple[Any, ...]) -> Any:
        return self.before.run(node, rule, g, saved) if self.before else super().run(node, rule, g, saved)


def now() -> int:
    """A number between those of the nodes recorded before and after."""
    return Leaf((), np.dtype(float), temporary=True).order


def _noting(place: Place, module: Module, calls: list[Call]) -> Callable[..., Any]:
    forward = module.forward

    def run(*args: Any, **kwargs: Any) -> Any:
        start = now()
        try:
            return forward(*args, **kwargs)
        finally:
            calls.append(Call(place, start, now()))

    return run


def _restoring(module: Module) -> Callable[[], None]:
    """What gives a module the attribute ``forward`` back that it has now, or takes it away."""
    own, missing = vars(module), "forward" not in vars(module)
    before = own.get("forward")

    def restore() -> None:
        if missing:
            del own["forward"]
        else:
            own["forward"] = before

    return restore
