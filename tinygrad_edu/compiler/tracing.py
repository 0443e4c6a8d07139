"""One run of a function that is traced: what it does becomes a program, and what it changes is found."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TraceError
from ..modes import mode
from ..random import DRAWS
from ..settings import Default
from ..tensor import Tensor
from .copies import without_copies
from .draws import TracedDraws
from .layout import Layout, flattened
from .order import checks_first
from .program import Live, Program, Ref, owner_of
from .state import State, Swap
from .traced import Log, Traced

PACKAGE = str(Path(__file__).parents[1])


class Run:
    """A function that has been run once, and what it has done.

    Attributes
    ----------
    program : Program
    layout : Layout
    state : State
    swap : Swap
    learned : list of Leaf
        The variables that have got a gradient.
    results : list of Ref
        The gradients of these, then the arrays that the function returned.
    returned : object
        What it returned.
    generators : list of numpy.random.Generator
        Those that it has drawn from.
    """

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        log = Log(users_line)
        self.program, self.layout = log.program, Layout(args, kwargs, log)
        self.state, drawn = State(function, self.layout.others), shared_draws()
        self.swap = Swap(self.state, log)
        saved = Saved(log.program)
        try:
            with tracing(log, self.state):
                result = function(*self.layout.args, **self.layout.kwargs)
        except TraceError:
            saved.restore()
            self.swap.undo()
            raise
        except BaseException:  # the function's own, which leaves behind what it has done so far
            self.swap.put_back()
            self.swap.made_gradients()
            raise
        rebound, changed = self.swap.rebound(), self.swap.changed()
        self.swap.put_back()
        gradients = self.swap.made_gradients()
        self.learned = [leaf for leaf, _ in gradients]
        self.generators = [traced.generator for traced in log.generators.values()]
        try:
            refuse(rebound, changed, shared_draws() != drawn)
            self._take_results([ref for _, ref in gradients], result)
        except TraceError:
            saved.restore()
            self.swap.undo()
            raise

    def _take_results(self, gradients: list[Ref], result: Any) -> None:
        leaves, self._build = flattened(result)
        self._made: list[
            tuple[type, int] | tuple[None, Any]
        ] = []  # of each leaf its class and number among results
        refs, values = list(gradients), []
        for leaf in leaves:
            array = leaf._array if isinstance(leaf, Tensor) else leaf
            if isinstance(array, Traced):
                self._made.append((type(leaf), len(refs) - len(gradients)))
                refs.append(array.ref)
                values.append(array.value)
            else:
                self._made.append((None, leaf))
        checks_first(self.program)
        self.results = without_copies(self.program, refs)
        there = {id(owner_of(self.program.values[r.number])) for r in self.program.inputs}
        after = self.results[len(gradients) :]
        self._shared = [id(owner_of(self.program.values[r.number])) in there for r in after]
        self.returned = self.built(values)

    def built(self, values: Any) -> Any:
        """What the function returns, of the arrays of a run; what is there after the step is copied."""
        parts = []
        for kind, what in self._made:
            if kind is None:
                parts.append(what)
                continue
            value = values[what].copy() if self._shared[what] else values[what]
            parts.append(Tensor._make(np.asarray(value), None) if issubclass(kind, Tensor) else value)
        return self._build(parts)


@contextmanager
def tracing(log: Log, state: State) -> Iterator[None]:
    """A block in which operations, random draws and the counting of optimizers are noted."""
    packs = [pack for optimizer in state.optimizers for pack in optimizer._packs]
    token = DRAWS.set(TracedDraws(log))  # type: ignore[arg-type]  # it gives generators too
    for pack in packs:
        pack.begin = functools.partial(noted_begin, log, pack)
    try:
        with mode(debug=Default(log)):
            yield
    finally:
        DRAWS.reset(token)
        for pack in packs:
            del pack.begin


def noted_begin(log: Log, pack: Any, optimizer: Any, i: int | None) -> int:
    """`Pack.begin`, which runs in every step."""
    begin = functools.partial(type(pack).begin, pack, optimizer, i)
    log.program.add(Live(begin, "begin"))
    return begin()


def refuse(rebound: list[str], changed: list[str], drawn: bool) -> None:
    """Raise if what a run has done cannot be done again by NumPy's calls alone."""
    if rebound:
        there = ", ".join(rebound)
        raise TraceError(
            f"The step puts another array in the place of {there}. Write into it: x[...] = values, under "
            "no_grad()."
        )
    if changed:
        what = ", ".join(map(repr, changed))
        raise TraceError(
            f"The step changes {what}, which the compiled step would not. Do that outside of it."
        )
    if drawn:
        raise TraceError(
            "The step draws from NumPy's or Python's global generator, whose numbers would be the first "
            "step's for ever.\n  Take a generator of your own, np.random.default_rng(), outside of the step."
        )


def shared_draws() -> Any:
    """The states of the generators that everyone shares."""
    legacy, plain = sys.modules.get("numpy.random"), sys.modules.get("random")
    return str(legacy.get_state()) if legacy else "", plain.getstate() if plain else None


class Saved:
    """Copies of what a run may write into, to go back if it fails."""

    def __init__(self, program: Program) -> None:
        self.copies: dict[int, tuple[Any, Any]] = {}
        for ref in program.inputs:
            owner = owner_of(program.values[ref.number])
            if isinstance(owner, np.ndarray) and owner.flags.writeable:
                self.copies.setdefault(id(owner), (owner, owner.copy()))

    def restore(self) -> None:
        """The values from before the run."""
        for array, copy in self.copies.values():
            array[...] = copy


def users_line() -> str:
    """The line of the user's program that runs just now."""
    frame: Any = sys._getframe(1)
    while frame is not None and (
        frame.f_code.co_filename.startswith(PACKAGE) or "numpy" in frame.f_code.co_filename
    ):
        frame = frame.f_back
    return (
        "an unknown line"
        if frame is None
        else f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
    )
