"""A model as a program of whole operations: one run of it in use, in which convolutions stay convolutions.

The compiler's log opens what this package computes into NumPy's calls; this one notes those operations whole
that ONNX has, and the layer in which each call was made.
"""

import ast
import functools
import linecache
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from ..compiler.program import Call, Check, Input, Live, Ref, Step, refs_in
from ..compiler.state.before import Before
from ..compiler.state.layout import Layout
from ..compiler.state.state import State
from ..compiler.state.swap import Swap
from ..compiler.trace.lines import users_line
from ..compiler.trace.log import Log
from ..compiler.trace.traced import Traced, values_of
from ..compiler.tracing import tracing
from ..entry import Composite, Op
from ..errors import TraceError
from ..modes import no_grad
from ..nn.module import Module
from ..tensor import Tensor
from .table import CONVERTERS, OPENED, key_of

CONDITIONAL = (ast.If, ast.Assert, ast.While, ast.IfExp)


class WholeLog(Log):
    """The calls of one run, in order, with operations that have a converter as one call.

    Attributes
    ----------
    inside : list of (str, str)
        The paths and classes of the modules that run just now, the innermost last.
    layers : list of str
        The path of the layer of each step of the program.
    """

    def __init__(self) -> None:
        super().__init__(self._line)
        self.inside: list[tuple[str, str]] = []
        self.layers: list[str] = []

    def _line(self) -> str:
        """The user's line, and the layer."""
        layer = ", in ".join(f"{name} ({kind})" for name, kind in self.inside[-1:])
        return f"layer {layer}" if layer else users_line()

    def given(self, op: Any, arrays: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
        """What runs as the forward of an operation: it is noted whole if ONNX has it."""
        forward, arrays = super().given(op, arrays)
        if any(isinstance(a, Traced) for a in arrays) and (whole := self._whole(op)):
            return whole, arrays
        return forward, arrays

    def _whole(self, op: Op) -> Callable[..., Any] | None:
        """A function that notes a call of an operation, with the values kept for its rule left out."""
        if op.function not in CONVERTERS or isinstance(op.function, np.ufunc):
            return None
        if not is_ours(op.function):
            return None  # NumPy's own: the forward calls it, and it comes in by its protocol

        def whole(*values: Any) -> Any:
            opened = OPENED.get(op.function)
            if body := opened and opened(*values):
                out = plain(body(*map(tensors_in, values)))
            else:
                out = op.forward(*values_of(values))
                out = self.results(op.function, values, {}, out[0] if op.keep else out)
            return (out, *[None] * len(op.keep)) if op.keep else out

        return whole

    def ours(self, function: Any, args: Any, kwargs: Any) -> Any:
        """What a function of this package gives, noted whole if ONNX has it."""
        entry = function.entry
        if isinstance(entry, Op) and (whole := self._whole(entry)):
            out = whole(*map(self.lift, entry.bind(args, kwargs)))
            return out[0] if entry.keep else out
        if isinstance(entry, Composite):
            if key_of(function) not in CONVERTERS:
                return plain(entry.body(*map(tensors_in, args), **tensors_in(kwargs)))
            values = tuple(map(self.lift, args))
            return self.results(function, values, kwargs, function.__wrapped__(*values_of(values), **kwargs))
        return super().ours(function, args, kwargs)

    def note(self, *call: Any, **settings: Any) -> None:
        """Add a call to the program, and the layer it was made in."""
        super().note(*call, **settings)
        self._place()

    def check(self, traced: Traced, truth: Any) -> None:
        """Note a branch on values, and the layer; one that would raise otherwise is no way to compute."""
        last = self.program.steps[-1] if self.program.steps else None
        if not (keeps_shape(last) if isinstance(truth, tuple) else is_guard(sys._getframe(2))):
            super().check(traced, truth)
            self._place()

    def _place(self) -> None:
        self.layers.append(self.inside[-1][0] if self.inside else "")


def keeps_shape(call: Any) -> bool:
    """Whether the shape of what was just computed is no matter of values: in a whole operation integers are
    data, as labels, lengths and places are, and a number may say how often every element is repeated.
    """
    if isinstance(call, Check):  # of the result before, of the same call
        return False
    repeats = call.function in (np.repeat, "repeat") and not any(refs_in([call.args[1:], call.kwargs]))
    return repeats or is_ours(call.function)


def is_ours(function: Any) -> bool:
    """Whether a function is one of this package, not of NumPy, nor the name of a method."""
    return (getattr(function, "__module__", None) or "").startswith(__name__.partition(".")[0])


def is_guard(frame: FrameType) -> bool:
    """Whether what runs in a frame is the condition of ``if …: raise …``, or of an ``assert``."""
    found = False
    for node in ast.walk(syntax_of(frame.f_code.co_filename)):
        if isinstance(node, CONDITIONAL) and node.test.lineno <= frame.f_lineno <= end_of(node.test):
            raising = isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], ast.Raise)
            found = raising or isinstance(node, ast.Assert)
    return found


def end_of(node: ast.expr) -> int:
    """The last line of an expression."""
    return node.end_lineno or node.lineno


@functools.cache
def syntax_of(file: str) -> ast.AST:
    """The syntax of a file, as far as it is known."""
    return ast.parse("".join(linecache.getlines(file)))


def tensors_in(tree: Any) -> Any:
    """Tensors in the place of traced arrays."""
    if isinstance(tree, Traced):
        return Tensor._make(tree, None)
    if type(tree) in (list, tuple):
        return type(tree)(map(tensors_in, tree))
    return {k: tensors_in(v) for k, v in tree.items()} if type(tree) is dict else tree


def plain(tree: Any) -> Any:
    """Arrays in the place of tensors."""
    if isinstance(tree, Tensor):
        return tree._array
    return type(tree)(map(plain, tree)) if type(tree) in (list, tuple) else tree


class Trace:
    """One run of a function or module in use.

    Attributes
    ----------
    program : Program
    layers : list of str
        The path of the layer that each step belongs to.
    arguments : list of Ref
    outputs : list of (str, Ref)
        What was returned, with a name for each place in it.
    """

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], names: tuple[str, ...]) -> None:
        log = WholeLog()
        layout = Layout(args, {})
        state = State(function, layout.others)
        layout.take(log, state, names)
        self.program, self.layers, self.arguments = log.program, log.layers, layout.refs
        swap = Swap(state, log, layout)
        try:
            swap.begin()
            before = Before(log.program, state)
            try:
                with tracing(log, state), no_grad(), in_use(state, log):
                    result = function(*layout.args)
            finally:
                before.restore()
        finally:
            swap.undo()
        self._name_parameters(function, state)
        self.outputs: list[tuple[str, Ref]] = []
        self._collect(result, "output")

    def _name_parameters(self, function: Any, state: State) -> None:
        """Call what a model keeps by its paths, as its state_dict does."""
        if not isinstance(function, Module):
            return
        arrays = {id(t._array): path for path, t in (*function.named_parameters(), *function.named_buffers())}
        for ref, source in self.program.inputs.items():
            if source.kind == "state" and (path := arrays.get(id(self.program.values[ref.number]))):
                self.program.inputs[ref] = Input("state", path)

    def _collect(self, part: Any, name: str) -> None:
        array = part._array if isinstance(part, Tensor) else part
        if isinstance(array, Traced):
            self.outputs.append((name, array._ref))
        elif isinstance(part, (list, tuple)):
            for i, p in enumerate(part):
                self._collect(p, f"{name}.{getattr(type(part), '_fields', range(len(part)))[i]}")
        elif type(part) is dict:
            for key, p in part.items():
                self._collect(p, f"{name}.{key}")
        elif part is not None:
            raise TraceError(
                f"A {type(part).__name__} is returned, which depends on no input. Return arrays that do."
            )

    def needed(self) -> list[bool]:
        """Whether each step leads to a result, or to a branch on values."""
        wanted, needed = {ref for _, ref in self.outputs}, []
        for step in reversed(self.program.steps):
            takes = isinstance(step, (Check, Live)) or not wanted.isdisjoint((*step.outputs, *step.writes))
            if takes:
                wanted.update(refs_of(step))
            needed.append(takes)
        return needed[::-1]

    def depends(self) -> set[Ref]:
        """The arrays that depend on the arguments."""
        found = set(self.arguments)
        for step in self.program.steps:
            if isinstance(step, Call) and not found.isdisjoint(step.reads):
                found.update(step.outputs, step.writes)
        return found


def refs_of(step: Step) -> Iterable[Ref]:
    """The arrays that a step reads."""
    if isinstance(step, Live):
        return []
    return [step.ref] if isinstance(step, Check) else step.reads


@contextmanager
def in_use(state: State, log: WholeLog) -> Iterator[None]:
    """A block in which the modules are in use, not in training, and the log knows which one runs."""
    modules = [module for module, _ in state.modes]
    before = [dict(vars(module)) for module in modules]
    paths = {id(m): path for top in modules for path, m in top.named_modules() if top is modules[0]}

    def noting(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            log.inside.append((repr(paths.get(id(module), "") or "model"), type(module).__name__))
            try:
                return forward(*args, **kwargs)
            finally:
                log.inside.pop()

        return run

    try:
        for module in modules:
            vars(module)["training"] = False
            vars(module)["forward"] = noting(module, module.forward)
        yield
    finally:
        for module, attributes in zip(modules, before):
            for name in ("training", "forward"):
                if name in attributes:
                    vars(module)[name] = attributes[name]
                else:
                    vars(module).pop(name, None)
