"""A program with its guards: it takes the place of the function while what it depends on is the same."""

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..modes import MODE
from ..random import DEFAULT
from ..tensor import Tensor
from ..versions import SETTINGS, WRITES
from .guards.call import CallText
from .guards.conditions import Names, distance, is_same, made, tensor_of
from .guards.guards import guards
from .guards.quick import Quick
from .guards.settled import Settled
from .memory.random_functions import held
from .passes.keeping import Kept
from .program import Call, Check, owner_of
from .source.text import Source
from .state.caches import cached
from .state.layout import same
from .state.nested import alike
from .state.places import content_of
from .state.results import copied, number_of
from .tracing import Run
from .undoing import Undo

MISS, FAILED = object(), object()  # what `call_with` gives where a trace does not hold, or a check has failed


class Specialization:
    """One trace of a function, for certain shapes, dtypes, settings and Python values.

    Attributes
    ----------
    run : Run
        The run that was traced.
    source : Source
    call : callable
        Given the arguments, it makes the step and returns what the function does.  If the trace does not hold
        for them, the compiled function is told so, and looks further; if a check of values fails, before
        anything was written, another trace is asked, or the function itself runs.
    took : (float, float)
        Seconds of the trace and of what was made of it.
    many : Many or None
        Of how many steps are made in one call, if they can be; ``steps`` is what makes them.
    """

    def __init__(self, run: Run, title: str, reason: str, make: Callable[..., Source], compiled: Any) -> None:
        self.reason, self.took = reason, (0.0, 0.0)
        self.ways: Any = None  # this trace and those of the same arguments that go other ways
        self.run, program = run, run.program
        read = {ref for step in program.steps for ref in step.used}.union(run.refs)
        refs = {
            id(program.values[r.number]): r
            for r, i in program.inputs.items()
            if i.kind == "grad" and r in read
        }
        leaves = [
            (leaf, grad) for *_, leaf, grad in run.swap.tensors
            if leaf is not None and id(leaf) not in run.forgotten
        ]  # fmt: skip
        given = [(leaf, refs[id(g._array)]) for leaf, g in leaves if g is not None and id(g._array) in refs]
        names = {r: i.name for r, i in program.inputs.items()}
        arguments = [*run.layout.refs, *(ref for _, ref in given)]
        self.source = make(program, run.refs, names, arguments, title, *self._gradients())
        self.step, self.count = self.source.compiled(), SETTINGS.count
        self.many: Any = None if run.appended or run.layout.assigned else self.source.many
        self.steps: Any = self.source.defined.get("steps")
        checked = any(isinstance(step, Check) for step in program.steps) or hasattr(self.source, "language")
        self._is_checked = checked
        self._undo = Undo(run, self.source, run.generators if checked or self.source.safe.raises else [])
        shapes = [(check.where, check.truth) for check in self.checks if type(check.truth) is tuple]
        lines = [where for where, _ in shapes]
        self.shapes_of_values = {(w, lines[:k].count(w)): shape for k, (w, shape) in enumerate(shapes)}
        self._settled = Settled(self.run.state, [(optimizer, pack) for optimizer, pack, _ in run.swap.packs])
        self.kept = self._kept()
        self.call = self._made_call(leaves, [leaf for leaf, _ in given], title, compiled)
        run.release()
        self.source.release()

    def _gradients(self) -> tuple[dict[Any, str], list[Any]]:
        """The gradients that may be kept where they are, with names, and the vectors of optimizers."""
        run = self.run
        names = {id(leaf): name for name, _, _, leaf, _ in run.swap.tensors}
        found = zip(run.learned, run.refs)
        gradients = {g: f"d_{names[id(leaf)]}" for leaf, g in found if id(leaf) in run.forgotten}
        return gradients, [before["gradients"] for _, _, before in run.swap.packs]

    def _kept(self) -> Kept:
        """The gradients that stay where the step writes them."""
        places = self.source.places
        learned = {g: leaf for leaf, g in zip(self.run.learned, self.run.refs) if g in places}
        self._places = [self.source.name(places[g]) for g in learned]
        arrays = [self.source.defined[name] for name in self._places]
        return Kept(list(learned.values()), arrays, self._move)

    def _move(self) -> list[Any]:
        """Have the step write to other memory; returns the arrays of its gradients there."""
        self.step = self.source.moved()
        self.steps = self.source.defined.get("steps")
        self.call.__globals__["step"] = self._made_step()
        return [self.source.defined[name] for name in self._places]

    def call_with(self, step: Any, args: tuple[Any, ...]) -> Any:
        """What a call gives that has another function in the place of the step.

        It is `MISS` if the trace does not hold for the arguments, or another call is under way, and `FAILED`
        if the function returns None.
        """
        changes = {"step": step, "failed": lambda *_: FAILED}
        changes |= dict.fromkeys(("missed", "busy"), lambda *_: MISS)
        return types.FunctionType(self.call.__code__, self.call.__globals__ | changes)(*args)

    def why(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """Why this trace does not hold for a call, in words."""
        if not self.settled():
            return "other settings of modules or optimizers"
        leaves = self.run.layout.leaves(args, kwargs)
        there = self.run.layout.leaves_outside()
        if leaves is None or there is None:
            return "other arguments" if leaves is None else "what places hold that it assigns to"
        return self._asked.why(leaves + there) or "another mode"

    @property
    def checks(self) -> list[Check]:
        """What is asked of values in every step."""
        return [step for step in self.run.program.steps if isinstance(step, Check)]

    def _made_call(self, leaves: list[tuple[Any, Any]], read: list[Any], title: str, compiled: Any) -> Any:
        """The function that is called, as text."""
        run, name = self.run, Names()
        asked = [(place, value) for place, value in run.state.places if not place.of_optimizer]
        self.quick = quick = Quick(self, asked, name)
        asked = [(p, v) for p, v in asked if not p.tells or is_same(p.text(name), v, name) in quick.texts]
        constants = [tensor for tensor in run.state.tensors.values() if tensor._node is None]
        groups = guards(self, asked, self._array_names(), leaves, constants, name)
        words = self.source.words(len(self.kept.held) + 3 * len(self.kept.leaves))
        effects = [f"{name(leaf, 'n')}.grad = None" for leaf in run.cleared]
        effects += [f"{name(module, 'm')}.training = {training}" for module, training in run.modes]
        text = CallText(
            conditions=[condition for _, part in groups for condition in part],
            quick=quick,
            leaves=run.layout.given,
            is_simple=run.layout.is_simple,
            takes=run.layout.taking(name),
            arrays=self._array_names() + [f"{name(leaf, 'n')}.grad._array" for leaf in read],
            written=self._memories(),
            keeps=self.kept.condition(name, words),
            learned=self._learned(name),
            returned=len(run.refs) - len(run.learned),
            effects=effects,
            results=run.results.text(name, self.source.are_arrays),
            puts=run.results.lines(name, run.appended, run.assigned),
        ).text
        meaning = self._meaning(compiled) | name.meaning
        self._asked = quick.sleep(groups, run.layout.given, meaning)
        return made(text, f"{title} guards", meaning)

    def _learned(self, name: Names) -> list[tuple[str | None, bool]]:
        """The variables whose gradients the step gives, and whether these are numbers; see `CallText`."""
        program, places = self.run.program, self.source.places
        given = [(leaf, r) for leaf, r in zip(self.run.learned, self.run.refs) if r not in places]
        variables = [None if r in program.inputs else name(leaf, "n") for leaf, r in given]
        return [(v, isinstance(program.values[r.number], np.generic)) for v, (_, r) in zip(variables, given)]

    def _meaning(self, compiled: Any) -> dict[str, Any]:
        """What the words of the text mean, but for the objects that it depends on."""
        # fmt: off
        return {
            # what becomes of the call
            "one": self, "compiled": compiled, "missed": compiled.missed, "failed": compiled.failed, "busy": compiled.busy,
            "undone": self._undone,
            "pop": compiled.idle.pop, "append": compiled.idle.append, "step": self._made_step(),
            # what is asked
            "settings": SETTINGS, "settled": self.settled, "get_mode": MODE.get, "mode": MODE.get(), "debug": MODE.get().debug,
            "recording": MODE.get().recording, "slowly": self.quick.slowly, "same": same, "alike": alike, "cached": cached,
            "content_of": content_of, "apart": self._apart, "distance": distance, "geterr": np.geterr, "default": DEFAULT.get,
            "leaves_of": self.run.layout.leaves, "asarray": np.asarray, "ndarray": np.ndarray,
            # gradients, results, and the versions of memory
            "kept": self.kept, "counts": self.kept.counts, "references": sys.getrefcount, "new": object.__new__,
            "Tensor": Tensor, "tensor": Tensor._make, "tensor_of": tensor_of, "copied": copied, "number_of": number_of,
            "writes": WRITES, "last": WRITES._last,
        }
        # fmt: on

    def _array_names(self) -> list[str]:
        """What the arrays of the arguments are called in the guards."""
        kinds = enumerate(self.run.layout.kinds)
        return [f"a{i}" if k[0] is np.ndarray else f"x{i}" for i, k in kinds if k[0] is not None]

    def _apart(self, array: Any) -> bool:
        """Whether an argument shares no memory with what was there, and is written."""
        return not any(np.may_share_memory(array, owner) for owner in self.written)

    def _made_step(self) -> Any:
        """The step; where it may fail, what was there before is remembered, and its draws are given back."""
        undo, generators = self._undo, self._undo.generators
        if not (generators or undo.saves):
            return self.step
        owners = (getattr(value, "__self__", None) for value in self.source.defined.values())
        draws = any(isinstance(owner, np.random.Generator) for owner in owners)  # not in C alone

        def step(*arrays: Any) -> Any:
            undo.save()
            if self._is_checked:
                with held(generators, draws=draws):
                    found = self.step(*arrays)
            else:  # an exception is seldom: other threads may draw meanwhile
                found = self.step(*arrays)
            if found is None:
                undo.give_back()
            undo.saved = ()
            return found

        return step

    def _undone(self, error: Exception) -> bool:
        """Whether a step that has raised an exception could be undone, so that the function itself runs."""
        if not self._undo.undone(error, self.step.__code__):
            return False
        self.ways.rest()
        return True

    def _memories(self) -> list[int]:
        """What versions of memory change by the step: all but what optimizers alone know."""
        program = self.run.program
        own = {
            id(owner_of(value)) for place, value in self.run.state.places
            if place.of_optimizer and isinstance(value, np.ndarray)
        } - {id(owner_of(t._array)) for t in self.run.state.tensors.values()}  # fmt: skip
        inputs = program.owners(program.inputs)
        owners = {
            id(owner): owner for step in program.steps if isinstance(step, Call) for w in step.writes
            if program.owner(w) in inputs and id(owner := owner_of(program.values[w.number])) not in own
        }  # fmt: skip
        there = {
            id(owner_of(program.values[r.number])) for r, i in program.inputs.items() if i.kind != "argument"
        }
        self.written = [owner for key, owner in owners.items() if key in there]
        memories = [WRITES.memory(owner) for owner in owners.values()]
        WRITES.mark_all(memories)
        return memories

    def settled(self) -> bool:
        """Whether all is as it was that tells when it changes: modules, settings of optimizers, hooks."""
        count = SETTINGS.count
        if not self._settled.holds():
            return False
        self.count = count
        return True
