"""One run of a function that is traced: what it does becomes a program, and what it changes is found."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import TraceError
from ..graph import Leaf
from ..modes import mode
from ..random import DEFAULT, DRAWS
from ..settings import Default
from .asleep import Asleep
from .guards.conditions import Names, tensor_of
from .passes.checks_first import checks_first
from .passes.copies import without_axes, without_copies
from .passes.fold import folded
from .passes.share import shared
from .program import Ref
from .state import asking
from .state.assigned import Outside, find_read, refuse_graphs, refuse_new
from .state.before import Before
from .state.caches import Filled
from .state.changing import refuse_optimizer
from .state.layout import Layout
from .state.nested import identity_of, may_change, named
from .state.places import Attribute, Own, Place, Slot, packs_of
from .state.rates import Counting
from .state.refusals import refuse, refuse_settings
from .state.results import Results, copied, number_of, parts_of
from .state.state import State
from .state.swap import Swap
from .state.watch import Watch
from .trace.draws import TracedDraws
from .trace.fixed import refuse_fixed
from .trace.lines import users_line
from .trace.log import Log

# What of a run is asked for again only where the function is traced anew, explained or saved.
SLEEPING = {
    "ambient", "cleared", "drawn_from", "forgotten", "held", "layout", "modes", "refs", "results", "state",
    "swap",
}  # fmt: skip


class Untraceable(Exception):  # it is no error of the user's
    """A run that is traced raised an exception; everything is as it was before."""


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
    refs : list of Ref
        The gradients of these, then the arrays that the function returned.
    results : Results
        What it returned.
    cleared : list of Leaf
        The variables that have none any more.
    forgotten : set of int
        The variables, by identity, whose gradients from before are of no matter.
    generators : list of numpy.random.Generator
        Those that it has drawn from.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        free: Sequence[int] = (),
        outside: Outside | None = None,
    ) -> None:
        log = Log(users_line)
        self.ambient, self.program = log.ambient, log.program
        self.layout = Layout(args, kwargs, free)
        self.state = state_of(function, self.layout.others, outside)
        read = outside.read if outside else set[Any]()
        self.swap, before = Swap(self.state, log, self.layout), None
        try:
            self.layout.take(log, self.state, names_of_leaves(function, self.layout.form), read)
            self.swap.begin()
            log.known = {id(g) for g in self.state.seen.values()} | {id(DEFAULT.get().value)}
            before = Before(self.program, self.state)
            log.first = Leaf((), None).order  # type: ignore[arg-type]  # what is older was there before
            watch = Watch(self.state, self.swap.leaves)
            self._run(function, log, watch, before)
            rebound, changes = self.swap.rebound(), self.swap.changes()
            self.swap.put_back()
            gradients = self._take_effects(log, watch)
            watch.check()
            self.state.look_at_methods(watch.met.keys())
            log.refuse_texts()
            if log.raising.has_caught:
                raise Filled
            log.constants.refuse_changed(pack for o in self.state.optimizers for pack in packs_of(o))
            refuse_fixed(log.program, self.layout.free.values())
            self.layout.refuse_changes()
            find_read(self.layout.assigned, watch.met.values(), self.state, read)
            self.layout.refuse_identity(self.state)
            refuse(rebound, changes, before.has_drawn(), watch.codes)
            for optimizer in self.state.optimizers:
                refuse_optimizer(optimizer, self.state.names)
            refuse_settings(self.state, before, watch.codes)
            log.refuse_strangers({id(leaf) for _, _, _, leaf, _ in self.swap.tensors})
            self._take_results(gradients)
        except BaseException:  # also an interrupt, wherever it comes
            try:
                self._undo(before)
            except BaseException:
                self._undo(before)  # whatever has been done of it
                raise
            raise

    def _run(self, function: Callable[..., Any], log: Log, watch: Watch, before: Before) -> None:
        """Call the function with traced arrays."""
        try:
            with tracing(log, self.state), watch:
                result = function(*self.layout.args, **self.layout.kwargs)
            self._find_results(result)
        except (TraceError, Filled):
            refuse_settings(self.state, before, watch.codes)  # of which the message says more
            raise
        except Exception as error:  # its own, or because of the tracing: the function itself will show
            unknown = (one for one in self.swap.changes() if not (one.lists or one.places))
            changed = ", ".join(repr(one.name) for one in unknown)  # which may not be undone
            if changed := changed or "shared random state" * before.has_drawn():
                raise TraceError(
                    f"The step changes {changed}, and raised {type(error).__name__} "
                    "while it was traced. Do that outside of it."
                ) from error
            raise Untraceable from error

    def _undo(self, before: Before | None) -> None:
        """Leave everything as it was before the run."""
        if before is not None:
            before.restore()
        self.swap.undo()
        self.state.caches.restore()

    def _take_effects(self, log: Log, watch: Watch) -> list[Ref]:
        """What every call will do besides; returns the gradients, of the variables that have learned."""
        modes = self.state.modes
        self.modes = [(module, module.training) for module, was in modes if module.training is not was]
        gradients, self.cleared = self.swap.made_gradients(), self.swap.cleared(watch.cleared)
        self.forgotten = {id(leaf) for leaf in watch.cleared}
        self.learned = [leaf for leaf, _ in gradients]
        self.generators = [traced.generator for traced in log.generators.values()]
        self.drawn_from = (DEFAULT.get().value,) if log.asked else None  # the default generator
        return [ref for _, ref in gradients]

    def _find_results(self, result: Any) -> None:
        """What the function returns, what it has added to lists, and what it has assigned to places."""
        self.appended = [*self.swap.appended.values()]
        layout, seen, now = self.layout, self.state.seen, self.swap.assigned()
        pairs = [(one, value) for one, value in zip(layout.assigned, now) if value is not one.stands]
        for one, value in pairs:
            refuse_new(one, value, lambda part: id(part) in layout.stands_for or id(part) in seen)
        refuse_graphs(pairs)
        self.assigned = [one.place for one, _ in pairs]
        parts = [a.added for a in self.appended], [value for _, value in pairs]
        self.results = Results(result, layout.stands_for, seen, *parts, layout.containers)
        self.results.gradients = {id(leaf.grad): leaf for leaf in self.swap.leaves if leaf.grad is not None}
        if self.state.caches.filled():
            added = [a for a in self.appended if a.added]
            self.state.caches.refuse_filled([*self.swap.changes(), *self.assigned, *added])

    def _take_results(self, gradients: list[Ref]) -> None:
        checks_first(self.program)
        folded(self.program)
        refs = without_axes(self.program, [*gradients, *self.results.refs])
        refs = without_copies(self.program, refs)
        self.refs = shared(self.program, refs)
        self.results.settle(self.program, self.refs[len(gradients) :])

    def release(self) -> None:
        """Forget what the trace needed; the values that are returned stay until they are.

        Of places that held numbers and arrays it is kept in ``held`` which these were.
        """
        places = [(p, v) for p, v in self.state.places if not (p.of_optimizer or p.tells)]
        self.held = [(place, identity_of(value)) for place, value in places if may_change(value)]
        self.state.release()
        self.swap.release()
        self.layout.release()
        self.results.release()
        self.program.release()
        self.forgotten = set()

    def _sleep(self) -> None:
        """Have sleep what is asked for again where the function is traced anew, explained or saved."""
        results = (self.results.tree, self.results.added, self.results.assigned)
        same = [part for tree in results for part in parts_of(tree)]
        same += [item for items in self.state.alive for item in items]
        same += [place.container for place, _ in self.held]
        parts = {name: vars(self)[name] for name in SLEEPING}
        kinds = Layout, Results, State, Swap, Ref, Place, Attribute, Own, Slot
        self.__dict__ = {name: value for name, value in vars(self).items() if name not in SLEEPING}
        self._asleep = Asleep(parts, *kinds, same=same)

    def __getattr__(self, name: str) -> Any:
        if name not in SLEEPING or "_asleep" not in vars(self):
            raise AttributeError(name)
        return self._asleep.awake()[name]

    def returned(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the traced run returns, as the function would, once; given the arguments of the call."""
        name = Names()
        text = self.results.text(name)
        lines = self.results.lines(name, self.appended, self.assigned)
        leaves = [*(self.layout.leaves(args, kwargs) or ()), *(self.layout.leaves_outside() or ())]
        meaning = {"copied": copied, "number_of": number_of, "tensor_of": tensor_of, "tensor": tensor_of_two}
        meaning |= {f"r{i}": value for i, value in enumerate(self.results.values)}
        meaning |= {f"a{i}": leaf for i, leaf in enumerate(leaves)} | {"args": args, "kwargs": kwargs}
        meaning |= {f"p{k}": one.place.get() for k, one in enumerate(self.layout.assigned)} | name.meaning
        self.results.values = []
        exec("\n".join([f"result = {text}", *lines]), meaning)  # noqa: S102  # our own text
        self._sleep()
        return meaning["result"]


def tensor_of_two(array: Any, _: None) -> Any:
    """A result."""
    return tensor_of(array)


@contextmanager
def tracing(log: Log, state: State) -> Iterator[None]:
    """A block in which operations, random draws and the counting of optimizers are noted."""
    token = DRAWS.set(TracedDraws(log))  # type: ignore[arg-type]  # it gives generators too
    counting = Counting(log, state)
    asking.begin(state)
    try:
        with mode(debug=Default(log)):
            yield
    finally:
        asking.end(state)
        counting.end()
        log.running = None
        DRAWS.reset(token)


def state_of(function: Callable[..., Any], others: Any, outside: Outside | None) -> State:
    """What a function can reach.

    Raises
    ------
    TraceError
        Also if that is nested too deeply for the search.
    """
    try:
        return State(function, others, outside)
    except RecursionError:
        raise TraceError(
            "What the step can reach is nested too deeply to be looked into: lists in lists, or a library "
            "of many modules.\n  Take what it needs of that outside of the step, and pass it."
        ) from None


def names_of_arguments(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments by position, as far as they are known."""
    try:
        return [n for n, p in inspect.signature(function).parameters.items() if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        return []


def names_of_leaves(function: Callable[..., Any], form: Any) -> list[str]:
    """What a reader would call the leaves of a function's arguments, which are nested in a way."""
    (_, args), (_, kwargs) = form[1]
    names = names_of_arguments(function)[: len(args)]
    names += [f"x{i}" for i in range(len(names), len(args))]
    return [leaf for name, part in (*zip(names, args), *kwargs) for leaf in named(part, name)]
