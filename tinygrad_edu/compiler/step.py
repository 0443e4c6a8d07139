"""`tg.compile`: a function of tensors that is traced once, and from then on runs as straight-line NumPy."""

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TraceError
from ..modes import MODE, mode
from ..random import DRAWS
from ..settings import Default
from ..tensor import Tensor
from ..versions import SETTINGS, WRITES
from .copies import without_copies
from .draws import TracedDraws
from .numpy_source import Source
from .order import checks_first
from .program import Check, Input, Live, Ref, owner_of, refs_in
from .state import State, Swap
from .traced import Log, Traced

PACKAGE = str(Path(__file__).parents[1])
LIMIT = 8  # specializations of a function


class Compiled:
    """A function that was given to `compile`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.specializations: list[Specialization] = []
        self._lock = threading.RLock()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            for one in self.specializations:
                arrays = one.fits(args, kwargs)
                if arrays is not None:
                    done, result = one.run(arrays)
                    return result if done else self.function(*args, **kwargs)
            one, result = traced(self.function, args, kwargs)
            self.specializations = [one, *self.specializations][:LIMIT]
            return result

    @property
    def source(self) -> str:
        """The text of the function that runs, of the latest specialization."""
        if not self.specializations:
            raise TraceError("There is no source yet: the first call makes it.")
        return self.specializations[0].source.text


def compile(function: Callable[..., Any]) -> Compiled:
    """A function of tensors as straight-line NumPy, traced by its first call.

    Parameters
    ----------
    function : callable
        A training step, an inference function, a gradient: what it computes is NumPy's calls on its arguments, on
        the parameters of modules, and on what optimizers remember.

    Returns
    -------
    Compiled
        It is called as the function is, and gives the same numbers, to the bit.  ``source`` is what runs.

    Raises
    ------
    TraceError
        When called, if the function cannot be compiled as it is written: the message names the line.
    """
    return Compiled(function)


class Specialization:
    """One trace of a function: for certain shapes, dtypes, settings and Python values."""

    def __init__(
        self,
        state: State,
        swap: Swap,
        layout: "Layout",
        source: Source,
        grads: Any,
        rebound: Any,
        build: Any,
        generators: Any,
    ) -> None:
        self.state, self.layout, self.source = state, layout, source
        self.step = source.compiled()
        self.settings, self.mode = SETTINGS.count, MODE.get().recording
        self.grads, self.rebound, self.build = grads, rebound, build
        self.held = [(t, t._array, t._node) for t in state.tensors.values()]
        self.places = [
            (p.get, v)
            for p, v in state.places
            if not p.name.startswith("optimizer") and not isinstance(v, Tensor)
        ]
        self.sizes = [(container, size) for _, container, size in state.sizes]
        program = source.program
        read = {r for s in program.steps if not isinstance(s, Live) for r in refs_of(s)}
        self.phases = [
            (pack, o, o.phase(pack.group, before["counts"][0] + 1), len(set(before["counts"])) == 1)
            for o in state.optimizers for pack, before in swap.counts if any(pack is p for p in o._packs)
        ]  # fmt: skip
        checked = any(isinstance(s, Check) for s in program.steps)
        self.generators = list(generators) if checked else []
        self.absent = [leaf for _, t, _, leaf, grad in swap.tensors if leaf is not None and grad is None]
        self.present = [
            (r, leaf) for _, t, _, leaf, grad in swap.tensors if grad is not None
            for r, i in program.inputs.items() if i.kind == "grad" and program.values[r.number] is grad._array and r in read
        ]  # fmt: skip
        self.memories = sorted(
            {WRITES.memory(owner_of(program.values[w.number])) for s in program.steps if not isinstance(s, Live)
             for w in getattr(s, "writes", ()) if program.reaches_input(w)}
        )  # fmt: skip

    def fits(self, args: Any, kwargs: Any) -> Any:
        """The arrays of a call, if this trace holds for it; None if not."""
        mode = MODE.get()
        if SETTINGS.count != self.settings or mode.recording != self.mode or mode.debug.value is not None:
            return None
        for tensor, array, node in self.held:
            if tensor._array is not array or tensor._node is not node:
                return None
        for get, value in self.places:
            if not same(get(), value):
                return None
        for container, size in self.sizes:
            if len(container) != size:
                return None
        for pack, optimizer, phase, even in self.phases:
            counts = pack.counts
            if (counts.count(counts[0]) == len(counts)) is not even or optimizer.phase(
                pack.group, counts[0] + 1
            ) != phase:
                return None
        for leaf in self.absent:
            if leaf.grad is not None:
                return None
        for _, leaf in self.present:
            if leaf.grad is None:
                return None
        arrays = self.layout.arrays(args, kwargs)
        if arrays is None:
            return None
        return [*arrays, *(leaf.grad._array for _, leaf in self.present)]

    def run(self, arrays: list[Any]) -> tuple[bool, Any]:
        """Run the step; whether it held, and what the function returns."""
        states = [g.bit_generator.state for g in self.generators]
        found = self.step(*arrays)
        if found is None:  # the function will draw again
            for generator, before in zip(self.generators, states):
                generator.bit_generator.state = before
            return False, None
        if self.memories:
            WRITES.mark_all(self.memories)
        n = len(self.grads)
        for leaf, gradient in zip(self.grads, found):
            leaf.grad = None if leaf is None else Tensor._make(np.asarray(gradient), None)
        return True, self.build(found[n:])


class Layout:
    """How the arguments of a call are nested, and what is known of each leaf."""

    def __init__(self, args: Any, kwargs: Any, log: Log) -> None:
        leaves, self.build = flattened((args, kwargs))
        self.keys, self.kinds, self.refs, made = tuple(kwargs), [], [], []
        self.others = []
        for i, leaf in enumerate(leaves):
            array = leaf._array if isinstance(leaf, Tensor) else leaf
            if isinstance(leaf, Tensor) and leaf._node is not None:
                raise TraceError(
                    "An argument of a compiled function needs a gradient: differentiate inside of it."
                )
            if isinstance(array, np.ndarray) and array.dtype.kind in "fiubc":
                traced = log.argument(array, f"x{i}")
                self.kinds.append((type(leaf), array.shape, array.dtype, array.strides))
                self.refs.append(traced.ref)
                made.append(Tensor._make(traced, None) if isinstance(leaf, Tensor) else traced)
            else:
                self.kinds.append((None, leaf))
                self.others.append(leaf)
                made.append(leaf)
        self.args, self.kwargs = self.build(made)

    def arrays(self, args: Any, kwargs: Any) -> list[Any] | None:
        """The arrays of another call, if it is of the same kind."""
        if tuple(kwargs) != self.keys:
            return None
        leaves = [*args, *kwargs.values()]
        if any(type(leaf) in CONTAINERS for leaf in leaves) or len(leaves) != len(self.kinds):
            leaves, _ = flattened((args, kwargs))
            if len(leaves) != len(self.kinds):
                return None
        found = []
        for leaf, (kind, *known) in zip(leaves, self.kinds):
            if kind is None:
                if type(leaf) is not type(known[0]) or not same(leaf, known[0]):
                    return None
                continue
            if type(leaf) is not kind:
                return None
            array = leaf._array if isinstance(leaf, Tensor) else leaf
            if array.shape != known[0] or array.dtype != known[1] or array.strides != known[2]:
                return None
            if isinstance(leaf, Tensor) and leaf._node is not None:
                return None
            found.append(array)
        return found


CONTAINERS = (list, tuple, dict)


def same(a: Any, b: Any) -> bool:
    """Whether two Python values may stand for each other: the same object, or equal numbers and texts."""
    return a is b or (
        type(a) is type(b) and isinstance(a, (bool, int, float, complex, str, bytes)) and a == b
    )


def flattened(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts, and what builds the same of others; modules are leaves."""
    leaves: list[Any] = []

    def shape(part: Any) -> Any:
        if type(part) in (list, tuple):
            parts = [shape(p) for p in part]
            return lambda taken: type(part)(p(taken) for p in parts)
        if type(part) is dict:
            items = [(k, shape(v)) for k, v in part.items()]
            return lambda taken: {k: v(taken) for k, v in items}
        leaves.append(part)
        return next

    build = shape(tree)
    return leaves, lambda made: build(iter(made))


def traced(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Specialization, Any]:
    """Run a function once, and note what it does."""
    log = Log(line_of_the_user)
    layout = Layout(args, kwargs, log)
    state, before = State(function, layout.others), foreign_draws()
    swap = state.swapped(log)
    saved = Saved(log)
    try:
        for optimizer in state.optimizers:
            for pack in optimizer._packs:
                pack.begin = beginning(log, pack)
        with tracing(log):
            result = function(*layout.args, **layout.kwargs)
        leaves, build = flattened(result)
        results = [leaf for leaf in leaves]
    except TraceError:
        saved.restore()
        swap.undo()
        raise
    except BaseException:  # the function's own, which leaves behind what it has done so far
        swap.put_back()
        swap.plain_gradients()
        raise
    finally:
        for optimizer in state.optimizers:
            for pack in optimizer._packs:
                vars(pack).pop("begin", None)
    grads, refs = [], []
    for _, tensor, _, leaf, _ in swap.tensors:
        grad = leaf.grad if leaf is not None else None
        if grad is not None and isinstance(grad._array, Traced):
            grads.append(leaf)
            refs.append(grad._array.ref)
            grad._array = np.asarray(grad._array.value)
    rebound = [
        name
        for name, t, array, _, _ in swap.tensors
        if isinstance(t._array, Traced) and t._array.value is not array
    ]
    changed = state_changes(state, swap)
    swap.put_back()
    problem = problems(rebound, changed, before != foreign_draws())
    if problem:
        saved.restore()
        swap.undo()
        raise TraceError(problem)
    plan, returned = [], []
    for leaf in results:
        array = leaf._array if isinstance(leaf, Tensor) else leaf
        if isinstance(array, Traced):
            plan.append((isinstance(leaf, Tensor), len(refs)))
            refs.append(array.ref)
            returned.append(
                Tensor._make(np.asarray(array.value), None) if isinstance(leaf, Tensor) else array.value
            )
        else:
            plan.append((None, leaf))
            returned.append(leaf)
    checks_first(log.program)
    n, refs = len(grads), without_copies(log.program, refs)
    owners = {id(owner_of(log.program.values[r.number])) for r in log.program.inputs}
    copied = {r for r in refs[n:] if id(owner_of(log.program.values[r.number])) in owners}

    def rebuild(found: Any) -> Any:
        parts = []
        for (is_tensor, what), ref in zip(plan, [refs[w] if t is not None else None for t, w in plan]):
            if is_tensor is None:
                parts.append(what)
                continue
            value = found[what - n]
            value = value.copy() if ref in copied else value
            parts.append(Tensor._make(np.asarray(value), None) if is_tensor else value)
        return build(parts)

    present = [r for r, i in log.program.inputs.items() if i.kind == "grad"]
    read = {r for s in log.program.steps if not isinstance(s, Live) for r in refs_of(s)}
    names = {r: i.name for r, i in log.program.inputs.items()}
    source = Source(log.program, refs, names, [*layout.refs, *(r for r in present if r in read)])
    one = Specialization(
        state, swap, layout, source, grads, rebound, rebuild, [g.generator for g in log._generators.values()]
    )
    WRITES.mark_all(one.memories)
    return one, build(returned)


@contextmanager
def tracing(log: Log) -> Iterator[None]:
    """A block in which operations and random draws are noted."""
    token = DRAWS.set(TracedDraws(log))  # type: ignore[arg-type]  # it gives generators too
    try:
        with mode(debug=Default(log)):
            yield
    finally:
        DRAWS.reset(token)


def refs_of(step: Any) -> list[Ref]:
    """What a step reads."""
    return [step.ref] if isinstance(step, Check) else [*refs_in(step.args), *refs_in(step.kwargs)]


def beginning(log: Log, pack: Any) -> Callable[..., int]:
    """`Pack.begin`, which is noted as what runs in every step."""
    original = type(pack).begin

    def begin(optimizer: Any, i: int | None) -> int:
        log.program.add(Live(functools.partial(original, pack, optimizer, i), "begin"))
        return original(pack, optimizer, i)

    return begin


def is_free(value: Any) -> bool:
    """Whether what a place holds is compared in every call: Python's numbers and texts, functions and objects."""
    return not isinstance(value, (np.ndarray, Tensor))


def state_changes(state: State, swap: Swap) -> list[str]:
    """The names of places that the run has assigned to."""
    replaced = {id(place): True for place, _ in swap._replaced}
    found = [
        name
        for name, container, size in state.sizes
        if len(container) != size and not name.startswith("optimizer")
    ]
    for place, value in state.places:
        now = place.get()
        if id(place) not in replaced and now is not value and not place.name.startswith("optimizer"):
            found.append(place.name)
    return found


def problems(rebound: list[str], changed: list[str], drawn: bool) -> str:
    """What of a run cannot be done again by NumPy's calls alone."""
    if rebound:
        return f"The step puts another array in the place of {', '.join(rebound)}. Write into it: x[...] = values under no_grad()."
    if changed:
        return f"The step changes {', '.join(map(repr, changed))}, which the compiled step would not. Do that outside of it."
    if drawn:
        return (
            "The step draws from NumPy's or Python's global generator, whose numbers would be the first step's for ever.\n"
            "  Take a generator of your own, np.random.default_rng(), outside of the step."
        )
    return ""


def foreign_draws() -> Any:
    """The states of the generators that everyone shares."""
    legacy = sys.modules.get("numpy.random")
    plain = sys.modules.get("random")
    return str(legacy.get_state()) if legacy else "", plain.getstate() if plain else None


class Saved:
    """Copies of what a run writes into, to go back if it fails."""

    def __init__(self, log: Log) -> None:
        self.copies: dict[int, tuple[Any, Any]] = {}
        for ref in log.program.inputs:
            owner = owner_of(log.program.values[ref.number])
            if isinstance(owner, np.ndarray):
                self.copies.setdefault(
                    id(owner),
                    (owner, owner.copy() if owner.flags.writeable and owner.nbytes < 1 << 26 else None),
                )

    def restore(self) -> None:
        """The values from before the run."""
        for array, copy in self.copies.values():
            if copy is not None:
                array[...] = copy


def line_of_the_user() -> str:
    """Where the user's program is just now."""
    frame = sys._getframe(1)
    while frame is not None and (
        frame.f_code.co_filename.startswith(PACKAGE) or "numpy" in frame.f_code.co_filename
    ):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return "an unknown line"
    return f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
